#include "resultsdb/model.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "domain/check.hpp"
#include "engine/history_reader.hpp"
#include "engine/run_reader.hpp"
#include "engine/run_selection.hpp"
#include "model/model_implementation.hpp"

namespace resultsdb {
namespace {
constexpr std::size_t kKnownSuites = 1000;
}

engine::SuitePtr ModelCore::suite(std::string_view name) {
  std::lock_guard lock(mutex_);
  const auto found = suites_.find(name);
  if (found != suites_.end()) return found->second;
  // Readers may ask for any name; what turned out to be no suite is not kept for ever.
  if (suites_.size() >= kKnownSuites)
    std::erase_if(suites_, [](const auto& entry) {
      const auto timelines = entry.second->known();
      return entry.second.use_count() == 1 && (!timelines || timelines->empty());
    });
  return suites_.emplace(name, std::make_shared<engine::Suite>(*storage_, std::string(name))).first->second;
}

std::shared_ptr<Repository> ModelCore::repository(std::string_view key) const {
  for (const auto& repository : options_.repositories)
    if (repository && repository->key() == key) return repository;
  return nullptr;
}

Result<std::vector<std::string>> ModelCore::suite_names(std::string_view name) {
  if (!name.empty()) return std::vector<std::string>{std::string(name)};
  return storage_->find_suites();
}

Result<Ingested> ModelCore::put(const RunHeader& header, const ResultTable& results,
                                engine::PutOptions options, const std::optional<Checkpoint>& earlier) {
  RESULTSDB_TRY(engine::validate_header(header));
  const engine::SuitePtr suite = this->suite(header.suite);
  RESULTSDB_ASSIGN(const engine::PreparedRun run,
                   engine::prepare_run(*suite, header, results, options_.indexed_attributes));
  if (earlier) {
    std::vector<std::string> names;
    for (std::size_t i = earlier->results; i < results.size(); ++i) names.emplace_back(results.name(i));
    RESULTSDB_ASSIGN(const auto ids, suite->names().look_up(names));
    options.extends = {.digest = earlier->digest, .fresh = {}};
    for (const auto& id : ids) options.extends->fresh.push_back(*id);
    std::sort(options.extends->fresh.begin(), options.extends->fresh.end());
  }
  RESULTSDB_ASSIGN(const engine::TimelinePtr timeline,
                   suite->open_timeline(header.branch, header.configuration));
  suite->used(*timeline);
  return engine::TimelineWriter(*suite, *timeline, options_.conflict_retries).put(run, options);
}

Model::Model(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Model::~Model() = default;

Result<std::shared_ptr<Model>> Model::create(std::shared_ptr<storage::Storage> storage,
                                             ModelOptions options) {
  if (!storage) return invalid_argument("no storage was given");
  if (options.lease <= std::chrono::seconds(0)) return invalid_argument("must be positive", "lease");
  std::set<std::string> keys;
  for (const auto& repository : options.repositories) {
    if (!repository) return invalid_argument("must not contain null", "repositories");
    if (!keys.insert(repository->key()).second)
      return invalid_argument("two repositories have this key", "repositories." + repository->key());
  }
  auto implementation = std::make_unique<Implementation>(std::move(storage), std::move(options));
  return std::shared_ptr<Model>(new Model(std::move(implementation)));
}

storage::Storage& Model::storage() { return implementation_->storage(); }

Result<Ingested> Model::ingest(const Run& run, const IngestOptions& options) {
  if (run.header.state == RunState::Running)
    return invalid_argument("a finished run is wanted; use start_run() for one that is still going", "state");
  return implementation_->put(run.header, run.results, {.ingest = options});
}

Result<std::vector<SuiteInfo>> Model::suites() {
  RESULTSDB_ASSIGN(const auto names, implementation_->suite_names({}));
  std::vector<SuiteInfo> suites;
  for (const std::string& name : names) {
    SuiteInfo info{.name = name};
    RESULTSDB_ASSIGN(const auto rows, implementation_->storage().find_timelines(name));
    for (const storage::TimelineRow& row : rows) {
      if (row.runs == 0) continue;
      info.last_received =
          info.timelines == 0 ? row.last_received : std::max(info.last_received, row.last_received);
      info.runs += row.runs;
      ++info.timelines;
    }
    if (info.runs == 0) continue;  // all were purged
    RESULTSDB_ASSIGN(info.tests, count_tests(name));
    suites.push_back(std::move(info));
  }
  return suites;
}

Result<ItemPage<std::string>> Model::tests(const TestsQuery& query) {
  RESULTSDB_ASSIGN(auto page, implementation_->storage().find_tests(
                                  {.suite = query.suite, .prefix = query.prefix, .contains = query.contains},
                                  {.limit = query.limit, .token = query.page}));
  ItemPage<std::string> names;
  for (storage::TestRow& row : page.rows) names.items.push_back(std::move(row.name));
  names.next = std::move(page.next);
  return names;
}

Result<std::uint64_t> Model::count_tests(std::string_view suite) {
  return implementation_->storage().count_tests(suite);
}

Result<std::vector<TimelineInfo>> Model::timelines(std::string_view suite, const Selection& selection) {
  RESULTSDB_TRY(domain::check_name("suite", suite, domain::Presence::Required));
  RESULTSDB_ASSIGN(const auto list, implementation_->suite(suite)->refresh());
  std::vector<TimelineInfo> infos;
  for (const engine::TimelinePtr& timeline : *list) {
    if (!engine::matches(selection, timeline->identity())) continue;
    const storage::TimelineRow row = timeline->announced();
    if (selection.received_since && row.last_received < *selection.received_since) continue;
    infos.push_back(engine::to_info(timeline->identity(), row));
  }
  return infos;
}

Result<std::vector<RunInfoPtr>> Model::runs(const RunsQuery& query) {
  RESULTSDB_ASSIGN(const auto names, implementation_->suite_names(query.suite));
  std::vector<RunInfoPtr> runs;
  for (const std::string& name : names) {
    RESULTSDB_TRY(domain::check_name("suite", name, domain::Presence::Required));
    RESULTSDB_ASSIGN(auto some, engine::read_runs(*implementation_->suite(name), query));
    runs.insert(runs.end(), some.begin(), some.end());
  }
  if (query.limit != 0 && runs.size() > query.limit) runs.resize(query.limit);
  return runs;
}

Result<std::optional<RunInfoPtr>> Model::find_run(std::string_view suite, std::string_view id, Time now) {
  RESULTSDB_ASSIGN(const auto names, implementation_->suite_names(suite));
  std::optional<RunInfoPtr> found;
  for (const std::string& name : names) {
    RESULTSDB_ASSIGN(const auto run, engine::find_run(*implementation_->suite(name), id));
    if (!run) continue;
    if (found)
      return make_error(
          ErrorCode::AlreadyExists,
          "the suites " + (*found)->suite + " and " + name + " both have a run of this id; name the suite",
          "run " + std::string(id));
    found = engine::as_of(*run, now);
  }
  return found;
}

Result<History> Model::history(const HistoryQuery& query) {
  RESULTSDB_TRY(domain::check_name("suite", query.suite, domain::Presence::Required));
  if (query.order == RunOrder::Received)
    return invalid_argument("history is read by position or by start", "order");
  const engine::SuitePtr suite = implementation_->suite(query.suite);
  RESULTSDB_ASSIGN(const auto ids, suite->names().look_up(query.tests));
  std::vector<storage::TestId> tests;
  std::vector<std::uint32_t> places;  // by known test: its first index in the query
  std::vector<std::string> unknown;
  std::set<std::string_view> seen;
  for (std::uint32_t i = 0; i < query.tests.size(); ++i) {
    if (!seen.insert(query.tests[i]).second) continue;
    if (!ids[i]) {
      unknown.push_back(query.tests[i]);
      continue;
    }
    tests.push_back(*ids[i]);
    places.push_back(i);
  }
  RESULTSDB_ASSIGN(History history, engine::read_history(*suite, tests, query));
  for (History::Series& series : history.series) series.test = places[series.test];
  history.unknown_tests = std::move(unknown);
  return history;
}

Result<RunResults> Model::results(const RunResultsQuery& query, Time now) {
  RESULTSDB_ASSIGN(const auto names, implementation_->suite_names(query.suite));
  std::optional<RunResults> found;
  for (const std::string& name : names) {
    RESULTSDB_ASSIGN(auto results, engine::read_results(*implementation_->suite(name), query, now));
    if (!results) continue;
    if (found)
      return make_error(
          ErrorCode::AlreadyExists,
          "the suites " + found->run->suite + " and " + name + " both have a run of this id; name the suite",
          "run " + query.run);
    found = std::move(results);
  }
  if (!found) return make_error(ErrorCode::NotFound, "there is no run of this id", "run " + query.run);
  return std::move(*found);
}

Result<std::vector<std::string>> Model::repositories() {
  RESULTSDB_ASSIGN(const auto rows, implementation_->storage().find_repositories());
  std::set<std::string> keys;
  for (const storage::RepositoryRow& row : rows) keys.insert(row.name);
  for (const auto& repository : implementation_->options().repositories) keys.insert(repository->key());
  return std::vector<std::string>(keys.begin(), keys.end());
}

std::shared_ptr<Repository> Model::repository(std::string_view key) const {
  return implementation_->repository(key);
}

}  // namespace resultsdb
