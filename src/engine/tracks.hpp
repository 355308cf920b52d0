// The outcomes of tests along the timelines of a suite, in numbers: what histories and statistics are made
// of.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/run_selection.hpp"
#include "engine/suite.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

struct TrackQuery {
  std::span<const storage::TestId> tests;  ///< all different
  Selection selection;
  RunFilter runs;              ///< of each timeline
  bool only_covering = false;  ///< only runs that cover one of the tests
};

/// One timeline; several, if nothing else is said, come in the order of Snapshot::timelines().
struct Track {
  TimelinePtr timeline;
  TimelineState state;                      ///< tells where its durations are
  std::vector<storage::RunSerial> serials;  ///< of the runs, in the filter's order
  /// By test: along the runs, adjacent entries differ. RunLength::outcome is an id of the suite's dictionary
  /// (not the one shown), kNotCovered or kLost.
  std::vector<std::vector<RunLength>> outcomes;
};

/// Is called with the runs of each track while they stay as they are.
using TrackVisitor = std::function<void(const Track&, const TimelineContents&, const SelectedRuns&)>;

/// Part of a consistent read; also timelines of which no run is selected.
Result<std::vector<Track>> read_tracks(Suite& suite, Snapshot& snapshot, const TrackQuery& query,
                                       const TrackVisitor& visit = {});
/// A consistent read of its own.
Result<std::vector<Track>> read_tracks(Suite& suite, const TrackQuery& query);

/// Durations in microseconds of one test, -1 = none: by track, one per run.
Result<std::vector<std::vector<std::int64_t>>> read_durations(Suite& suite, storage::TestId test,
                                                              std::span<const Track* const> tracks);

}  // namespace resultsdb::engine
