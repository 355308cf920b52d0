// The outcomes of all tests of a suite along its timelines, as change points in memory: what statistics over
// whole suites read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/suite.hpp"
#include "engine/track_changes.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

/// One timeline at one version. Immutable; safe to share between threads.
struct SuiteTrack {
  /// Runs from `first` up to the next span's cover the same tests.
  struct Covered {
    std::uint32_t first = 0;
    TestSetPtr tests;
  };
  struct Standing {
    storage::TestId test = 0;
    storage::OutcomeId outcome = 0;
    bool operator==(const Standing&) const = default;
  };

  TimelineInfo info;
  storage::TimelineId number = 0;
  std::vector<RunEntryPtr> runs;  ///< oldest first; states as stored
  std::vector<Covered> covered;
  TestSetPtr always;  ///< tests that every run covers; empty without runs
  TrackChanges changes;
  std::vector<Standing> standing;  ///< tests that ended otherwise than with a plain expected pass, ascending

  /// Tests that some run covers.
  TestSet ever() const;
  /// In memory, without the runs themselves and the test sets, which others have as well.
  std::size_t bytes() const;
};
using SuiteTrackPtr = std::shared_ptr<const SuiteTrack>;

struct SuiteTracks {
  std::vector<SuiteTrackPtr> tracks;  ///< by (branch, configuration key)
  OutcomeTablePtr outcomes;           ///< of all that occur
  /// Of how many tracks nothing that was kept could be used, and of how many all: only the runs behind were
  /// read.
  std::size_t read_anew = 0, extended = 0;
};

/// For each selection its timelines, all at one version, the newest. What was read is kept with its timeline:
/// the next call reads only what was written meanwhile (of a run behind all others, its outcomes alone).
/// `visit` is called, perhaps several times, with what may become the answer: what it reads of the runs there
/// (the tests they lost) is of the same versions.
using SuiteTracksVisitor = std::function<Status(std::span<const SuiteTracks>)>;
Result<std::vector<SuiteTracks>> read_suite_tracks(Suite& suite, std::span<const Selection> selections,
                                                   const SuiteTracksVisitor& visit = {});

}  // namespace resultsdb::engine
