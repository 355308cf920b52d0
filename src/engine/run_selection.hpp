// Which runs of a timeline a query asks for.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/timeline.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

struct RunFilter {
  RunRange range;
  std::vector<RunState> states;  ///< as answered; empty: all
  RunOrder order = RunOrder::Position;
  bool ascending = false;
  std::uint32_t limit = 0;  ///< 0: no limit
  Time now{};
  std::function<Result<bool>(const RunEntry&)> accept;  ///< empty: all
};

struct SelectedRuns {
  std::vector<const RunEntryPtr*> runs;  ///< in the order asked; point into the contents
  bool more = false;                     ///< the limit left out runs
};

Result<SelectedRuns> select_runs(const TimelineContents& contents, const RunFilter& filter);

bool in_range(const RunInfo& run, const RunRange& range);

/// The run as it is answered at `now`: a running run whose lease is over is incomplete.
RunInfoPtr as_of(const RunInfoPtr& run, Time now);
RunState state_as_of(const RunInfo& run, Time now);

/// Order of runs in answers: by `order`, then by what is left of (position, start, variant), timeline.
bool run_before(const RunInfo& a, const RunInfo& b, RunOrder order);

}  // namespace resultsdb::engine
