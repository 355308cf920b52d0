#include "engine/run_selection.hpp"

#include <algorithm>
#include <tuple>

namespace resultsdb::engine {
namespace {

/// Appends what the filter accepts of [first, last) until the limit is met.
template <class Iterator>
Status select(Iterator first, Iterator last, const RunFilter& filter, SelectedRuns& selected) {
  for (; first != last; ++first) {
    const RunEntryPtr& entry = *first;
    const RunEntry& run = *entry;
    if (!in_range(*run.info, filter.range)) continue;
    if (!filter.states.empty() && std::find(filter.states.begin(), filter.states.end(),
                                            state_as_of(*run.info, filter.now)) == filter.states.end())
      continue;
    if (filter.accept) {
      RESULTSDB_ASSIGN(const bool accepted, filter.accept(run));
      if (!accepted) continue;
    }
    if (filter.limit != 0 && selected.runs.size() == filter.limit) {
      selected.more = true;
      return {};
    }
    selected.runs.push_back(&entry);
  }
  return {};
}

template <class Runs>
Status select_in_order(const Runs& runs, const RunFilter& filter, SelectedRuns& selected) {
  return filter.ascending ? select(runs.begin(), runs.end(), filter, selected)
                          : select(runs.rbegin(), runs.rend(), filter, selected);
}

}  // namespace

bool in_range(const RunInfo& run, const RunRange& range) {
  return (!range.from_position || *range.from_position <= run.position) &&
         (!range.to_position || run.position <= *range.to_position) &&
         (!range.from_started || *range.from_started <= run.started) &&
         (!range.to_started || run.started <= *range.to_started);
}

RunState state_as_of(const RunInfo& run, Time now) {
  const bool over = run.state == RunState::Running && run.lease_until && *run.lease_until <= now;
  return over ? RunState::Incomplete : run.state;
}

RunInfoPtr as_of(const RunInfoPtr& run, Time now) {
  const RunState state = state_as_of(*run, now);
  if (state == run->state) return run;
  auto copy = std::make_shared<RunInfo>(*run);
  copy->state = state;
  return copy;
}

bool run_before(const RunInfo& a, const RunInfo& b, RunOrder order) {
  const auto rest = [](const RunInfo& run) {
    return std::tie(run.position, run.started, run.variant, run.timeline);
  };
  if (order == RunOrder::Started && a.started != b.started) return a.started < b.started;
  if (order == RunOrder::Received && a.received != b.received) return a.received < b.received;
  return rest(a) < rest(b);
}

Result<SelectedRuns> select_runs(const TimelineContents& contents, const RunFilter& filter) {
  SelectedRuns selected;
  const auto& runs = filter.order == RunOrder::Position  ? contents.runs
                     : filter.order == RunOrder::Started ? contents.by_start
                                                         : contents.by_receipt;
  RESULTSDB_TRY(select_in_order(runs, filter, selected));
  return selected;
}

}  // namespace resultsdb::engine
