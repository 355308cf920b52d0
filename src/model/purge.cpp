// Deleting runs, and ending those that nobody writes any more.
#include <utility>

#include "engine/run_reader.hpp"
#include "engine/timeline_writer.hpp"
#include "model/model_implementation.hpp"

namespace resultsdb {
namespace {

Status report(const ProgressCallback& progress, std::string_view step, std::uint64_t done,
              std::uint64_t total) {
  if (!progress || progress({std::string(step), done, total})) return {};
  return make_error(ErrorCode::Unavailable, "stopped");
}

bool has_bound(const PurgeOptions& options) {
  const RunRange& range = options.range;
  return range.from_position || range.to_position || range.from_started || range.to_started ||
         options.received_before || !options.run.empty();
}

// An id alone must not delete what somebody else calls by the same id.
Status check_one_suite(const PurgeOptions& options, const std::vector<RunInfoPtr>& runs) {
  if (options.run.empty()) return {};
  for (const RunInfoPtr& run : runs)
    if (run->suite != runs.front()->suite)
      return make_error(ErrorCode::AlreadyExists,
                        "the suites " + runs.front()->suite + " and " + run->suite +
                            " both have a run of this id; name the suite",
                        "run " + options.run);
  return {};
}

/// Before the run itself goes: what is left after a crash is deleted with the run another time.
Status delete_documents(Model& model, const std::string& run) {
  DocumentsQuery query{.collection = run_documents(run), .key_prefix = run + '/'};
  do {
    RESULTSDB_ASSIGN(const auto page, model.documents(query));
    DocumentChanges changes{.collection = query.collection, .puts = {}, .deletes = {}};
    for (const Document& document : page.items) changes.deletes.push_back(document.key);
    if (!changes.deletes.empty()) RESULTSDB_TRY(model.change_documents(changes));
    query.page = page.next;
  } while (!query.page.empty());
  return {};
}

}  // namespace

Result<std::uint64_t> Model::purge(const PurgeOptions& options, const ProgressCallback& progress) {
  if (!has_bound(options))
    return invalid_argument("say which runs: a bound of position, start or receipt, or one run", "range");
  RunsQuery query{.suite = options.suite,
                  .selection = options.selection,
                  .range = options.range,
                  .id = options.run,
                  .ascending = true};
  RESULTSDB_ASSIGN(std::vector<RunInfoPtr> runs, this->runs(query));
  std::erase_if(runs, [&](const RunInfoPtr& run) {
    return options.received_before && run->received >= *options.received_before;
  });
  RESULTSDB_TRY(check_one_suite(options, runs));
  if (options.dry_run) return static_cast<std::uint64_t>(runs.size());
  std::uint64_t deleted = 0;
  for (const RunInfoPtr& run : runs) {
    RESULTSDB_TRY(report(progress, "purge", deleted, runs.size()));
    const engine::SuitePtr suite = implementation_->suite(run->suite);
    RESULTSDB_ASSIGN(const engine::TimelinePtr timeline,
                     suite->open_timeline(run->branch, run->configuration));
    engine::TimelineWriter writer(*suite, *timeline, implementation_->options().conflict_retries);
    RESULTSDB_TRY(delete_documents(*this, run->id));
    RESULTSDB_ASSIGN(const bool gone, writer.erase(run->id, options.received_before));
    if (gone) ++deleted;
  }
  return deleted;
}

Result<std::uint64_t> Model::expire_runs(Time now) {
  RESULTSDB_ASSIGN(const auto names, implementation_->suite_names({}));
  std::uint64_t expired = 0;
  for (const std::string& name : names) {
    const engine::SuitePtr suite = implementation_->suite(name);
    storage::RunQuery query{.suite = name, .states = {RunState::Running}};
    std::vector<storage::RunRow> rows;
    storage::Paging paging;
    do {
      RESULTSDB_ASSIGN(auto page, suite->storage().find_runs(query, paging));
      for (storage::RunRow& row : page.rows)
        if (row.lease_until && *row.lease_until <= now) rows.push_back(std::move(row));
      paging.token = std::move(page.next);
    } while (!paging.token.empty());
    for (const storage::RunRow& row : rows) {
      RESULTSDB_ASSIGN(const engine::TimelinePtr timeline, suite->find_timeline(row.timeline));
      if (!timeline) continue;
      engine::TimelineWriter writer(*suite, *timeline, implementation_->options().conflict_retries);
      RESULTSDB_ASSIGN(const bool done, writer.expire(row.id, now));
      if (done) ++expired;
    }
  }
  return expired;
}

}  // namespace resultsdb
