// The outcomes of all tests of a suite along its timelines, as change points in memory: what statistics over
// whole suites read.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/suite.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

/// One timeline at one version. Immutable; safe to share between threads.
struct SuiteTrack {
  /// A test takes another (expected, actual) at this run than at the last one before it that covers it; a
  /// plain expected pass before the first.
  struct Change {
    std::uint32_t run = 0;           ///< index into `runs`
    storage::OutcomeId outcome = 0;  ///< DictionaryEntry::shown
    bool operator==(const Change&) const = default;
  };
  /// Runs from `first` up to the next span's cover the same tests.
  struct Covered {
    std::uint32_t first = 0;
    TestSetPtr tests;
  };

  TimelineInfo info;
  storage::TimelineId number = 0;
  std::vector<RunEntryPtr> runs;  ///< oldest first; states as stored
  std::vector<Covered> covered;
  TestSet always;  ///< tests that every run covers
  // Tests with changes, ascending, and where their changes begin; one more at the end.
  std::vector<storage::TestId> tests;
  std::vector<std::uint32_t> begins;
  std::vector<Change> changes;

  std::span<const Change> changes_of(std::size_t i) const {
    return std::span(changes).subspan(begins[i], begins[i + 1] - begins[i]);
  }
  /// Empty for a test without changes.
  std::span<const Change> find_changes(storage::TestId test) const;
};
using SuiteTrackPtr = std::shared_ptr<const SuiteTrack>;

struct SuiteTracks {
  std::vector<SuiteTrackPtr> tracks;  ///< by (branch, configuration key)
  OutcomeTablePtr outcomes;           ///< of all that occur
};

/// The selected timelines, each at its newest version. What was read is kept with its timeline: the next call
/// reads only what was written meanwhile (of a run behind all others, its outcomes alone).
Result<SuiteTracks> read_suite_tracks(Suite& suite, const Selection& selection);

}  // namespace resultsdb::engine
