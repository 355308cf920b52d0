// Deleting runs, and ending those that nobody writes any more.
#include <algorithm>
#include <charconv>
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

/// Of a run that is about to be deleted. They are read before it goes and deleted after it went, if nobody
/// put them again meanwhile: whoever writes the run at the same time loses neither it nor its documents.
/// Where this is cut off in between, some are left without a run.
class DocumentsOfRun {
 public:
  static Result<DocumentsOfRun> read(storage::Storage& storage, const RunInfo& run,
                                     std::optional<Time> received_before) {
    const RunDocuments place = run_documents(run.suite, run.id);
    DocumentsOfRun found(place.collection);
    storage::Paging paging{.limit = kPage};
    do {
      RESULTSDB_ASSIGN(
          auto page,
          storage.find_documents({.collection = place.collection, .key_prefix = place.key_prefix}, paging));
      for (Document& document : page.rows)
        if (!received_before || !came_in_since(document, *received_before))
          found.deletes_.push_back({.key = std::move(document.key), .expected_version = document.version});
      paging.token = std::move(page.next);
    } while (!paging.token.empty());
    return found;
  }

  Status remove(storage::Storage& storage) {
    for (storage::DocumentDelete& one : deletes_) {
      const Status status = storage.apply(
          storage::DocumentBatch{.collection = collection_, .deletes = {std::move(one)}, .puts = {}});
      if (!status && status.error().code != ErrorCode::Conflict) return status;
    }
    return {};
  }

 private:
  static constexpr std::uint32_t kPage = 10;  // they may be large

  explicit DocumentsOfRun(std::string collection) : collection_(std::move(collection)) {}

  static bool came_in_since(const Document& document, Time time) {
    return std::any_of(document.attributes.begin(), document.attributes.end(), [&](const auto& attribute) {
      std::int64_t received = 0;
      const auto& [name, value] = attribute;
      return name == kDocumentReceived &&
             std::from_chars(value.data(), value.data() + value.size(), received).ec == std::errc() &&
             received >= to_micros(time);
    });
  }

  std::string collection_;
  std::vector<storage::DocumentDelete> deletes_;
};

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
    RESULTSDB_ASSIGN(auto documents, DocumentsOfRun::read(storage(), *run, options.received_before));
    RESULTSDB_ASSIGN(const bool gone, writer.erase(run->id, options.received_before));
    if (!gone) continue;
    ++deleted;
    RESULTSDB_TRY(documents.remove(storage()));
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
