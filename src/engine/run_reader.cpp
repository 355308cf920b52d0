#include "engine/run_reader.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/run_selection.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::engine {
namespace {

bool has_all(const Attributes& attributes, const Attributes& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    return std::find(attributes.begin(), attributes.end(), pair) != attributes.end();
  });
}

bool accepts(const RunsQuery& query, const RunInfo& run) {
  if (!query.id.empty() && run.id != query.id) return false;
  if (!has_all(run.attributes, query.attributes)) return false;
  if (!query.commit) return true;
  return std::any_of(run.commits.begin(), run.commits.end(), [&](const RunCommit& commit) {
    return commit.repository == query.commit->repository && commit.id == query.commit->id;
  });
}

}  // namespace

Result<std::vector<RunInfoPtr>> read_runs(Suite& suite, const RunsQuery& query) {
  RunFilter filter{.range = query.range,
                   .states = query.states,
                   .order = query.order,
                   .ascending = query.ascending,
                   .limit = query.limit_per_timeline,
                   .now = query.now};
  if (query.limit != 0 && (filter.limit == 0 || filter.limit > query.limit)) filter.limit = query.limit;
  if (!query.id.empty() || query.commit || !query.attributes.empty())
    filter.accept = [&](const RunEntry& run) -> Result<bool> { return accepts(query, *run.info); };
  const auto body = [&](Snapshot& snapshot) -> Result<std::vector<RunInfoPtr>> {
    std::vector<RunInfoPtr> runs;
    for (const TimelinePtr& timeline : snapshot.timelines()) {
      if (!matches(query.selection, timeline->identity())) continue;
      RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(*timeline));
      if (query.selection.received_since && reader->row.last_received < *query.selection.received_since)
        continue;
      RESULTSDB_ASSIGN(const SelectedRuns selected, select_runs(*reader, filter));
      for (const RunEntryPtr* run : selected.runs) runs.push_back(as_of((*run)->info, query.now));
    }
    std::sort(runs.begin(), runs.end(), [&](const RunInfoPtr& a, const RunInfoPtr& b) {
      return query.ascending ? run_before(*a, *b, query.order) : run_before(*b, *a, query.order);
    });
    if (query.limit != 0 && runs.size() > query.limit) runs.resize(query.limit);
    return runs;
  };
  return read_consistently(suite, Growth::Spoils, body);
}

Result<std::optional<RunInfoPtr>> find_run(Suite& suite, std::string_view id) {
  const storage::RunQuery query{.suite = suite.name(), .id = std::string(id)};
  RESULTSDB_ASSIGN(const auto page, suite.storage().find_runs(query, {.limit = 1}));
  if (page.rows.empty()) return std::optional<RunInfoPtr>();
  const storage::RunRow& row = page.rows.front();
  RESULTSDB_ASSIGN(const TimelinePtr timeline, suite.find_timeline(row.timeline));
  if (!timeline)
    return make_error(ErrorCode::Corrupt, "the timeline of a run is missing; run a check", "run " + row.id);
  OrderKey order_key;
  {
    RESULTSDB_ASSIGN(const Timeline::Reader reader, timeline->read());
    order_key = reader->row.order_key;
  }
  RESULTSDB_ASSIGN(const RunEntryPtr entry,
                   make_entry(row, timeline->identity(), order_key, suite.outcomes()));
  return std::optional(entry->info);
}

}  // namespace resultsdb::engine
