#include "resultsdb/testing/faulty_storage.hpp"

#include <utility>

namespace resultsdb::testing {

using namespace storage;

FaultyStorage::FaultyStorage(std::shared_ptr<Storage> inner, Hook hook)
    : inner_(std::move(inner)), hook_(std::make_shared<const Hook>(std::move(hook))) {}

void FaultyStorage::set_hook(Hook hook) {
  auto fresh = std::make_shared<const Hook>(std::move(hook));
  const std::lock_guard lock(mutex_);
  hook_ = std::move(fresh);
}

std::uint64_t FaultyStorage::calls() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

std::uint64_t FaultyStorage::calls(std::string_view operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(operation);
  return found == counts_.end() ? 0 : found->second;
}

template <class Operation>
auto FaultyStorage::around(std::string_view name, Operation operation) -> decltype(operation()) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<const Hook> hook = hook_;
  Call call{name, ++count_};
  ++counts_.try_emplace(std::string(name)).first->second;
  lock.unlock();

  if (*hook) RESULTSDB_TRY((*hook)(call));
  auto answer = operation();
  call.when = When::After;
  if (answer.ok() && *hook) RESULTSDB_TRY((*hook)(call));
  return answer;
}

Result<StorageInfo> FaultyStorage::do_info() {
  return around("info", [&] { return inner_->do_info(); });
}

Status FaultyStorage::do_ping() {
  return around("ping", [&] { return inner_->do_ping(); });
}

std::optional<std::uint64_t> FaultyStorage::do_revision() {
  std::optional<std::uint64_t> revision;
  const Status status = around("revision", [&] {
    revision = inner_->do_revision();
    return Status();
  });
  return status ? revision : std::nullopt;
}

std::optional<std::uint64_t> FaultyStorage::do_asked_revision() {
  std::optional<std::uint64_t> revision;
  const Status status = around("asked_revision", [&] {
    revision = inner_->do_asked_revision();
    return Status();
  });
  return status ? revision : std::nullopt;
}

Status FaultyStorage::do_migrate() {
  return around("migrate", [&] { return inner_->do_migrate(); });
}

Result<std::vector<TableSize>> FaultyStorage::do_sizes() {
  return around("sizes", [&] { return inner_->do_sizes(); });
}

Result<std::vector<Damage>> FaultyStorage::do_find_damage() {
  return around("find_damage", [&] { return inner_->do_find_damage(); });
}

Status FaultyStorage::do_apply(const SuiteBatch& batch) {
  return around("apply", [&] { return inner_->do_apply(batch); });
}

Status FaultyStorage::do_apply(const RepositoryBatch& batch) {
  return around("apply", [&] { return inner_->do_apply(batch); });
}

Status FaultyStorage::do_apply(const DocumentBatch& batch) {
  return around("apply", [&] { return inner_->do_apply(batch); });
}

Result<std::vector<TestId>> FaultyStorage::do_intern_tests(std::string_view suite,
                                                           std::span<const std::string_view> names) {
  return around("intern_tests", [&] { return inner_->do_intern_tests(suite, names); });
}

Result<std::vector<OutcomeId>> FaultyStorage::do_intern_outcomes(std::string_view suite,
                                                                 std::span<const OutcomeKey> keys) {
  return around("intern_outcomes", [&] { return inner_->do_intern_outcomes(suite, keys); });
}

Result<std::vector<ConfigurationId>> FaultyStorage::do_intern_configurations(
    std::string_view suite, std::span<const std::string_view> keys) {
  return around("intern_configurations", [&] { return inner_->do_intern_configurations(suite, keys); });
}

Result<std::vector<TimelineId>> FaultyStorage::do_intern_timelines(std::string_view suite,
                                                                   std::span<const TimelineKey> keys) {
  return around("intern_timelines", [&] { return inner_->do_intern_timelines(suite, keys); });
}

Result<std::vector<std::string>> FaultyStorage::do_find_suites() {
  return around("find_suites", [&] { return inner_->do_find_suites(); });
}

Result<std::vector<TestRow>> FaultyStorage::do_find_tests(const TestQuery& query,
                                                          const std::optional<std::string>& after,
                                                          std::uint32_t limit) {
  return around("find_tests", [&] { return inner_->do_find_tests(query, after, limit); });
}

Result<std::uint64_t> FaultyStorage::do_count_tests(std::string_view suite) {
  return around("count_tests", [&] { return inner_->do_count_tests(suite); });
}

Result<std::vector<std::optional<TestId>>> FaultyStorage::do_look_up_tests(
    std::string_view suite, std::span<const std::string_view> names) {
  return around("look_up_tests", [&] { return inner_->do_look_up_tests(suite, names); });
}

Result<std::vector<std::string>> FaultyStorage::do_read_test_names(std::string_view suite,
                                                                   std::span<const TestId> ids) {
  return around("read_test_names", [&] { return inner_->do_read_test_names(suite, ids); });
}

Result<std::vector<TestRow>> FaultyStorage::do_scan_tests(std::string_view suite, TestId first,
                                                          std::uint32_t limit) {
  return around("scan_tests", [&] { return inner_->do_scan_tests(suite, first, limit); });
}

Result<std::vector<OutcomeRow>> FaultyStorage::do_find_outcomes(std::string_view suite, OutcomeId first) {
  return around("find_outcomes", [&] { return inner_->do_find_outcomes(suite, first); });
}

Result<std::vector<ConfigurationRow>> FaultyStorage::do_find_configurations(std::string_view suite,
                                                                            ConfigurationId first) {
  return around("find_configurations", [&] { return inner_->do_find_configurations(suite, first); });
}

Result<std::vector<TimelineRow>> FaultyStorage::do_find_timelines(std::string_view suite,
                                                                  std::span<const TimelineId> ids) {
  return around("find_timelines", [&] { return inner_->do_find_timelines(suite, ids); });
}

Result<std::vector<RunRow>> FaultyStorage::do_find_runs(const RunQuery& query,
                                                        const std::optional<RunCursor>& after,
                                                        std::uint32_t limit) {
  return around("find_runs", [&] { return inner_->do_find_runs(query, after, limit); });
}

Result<std::uint64_t> FaultyStorage::do_count_runs(const RunQuery& query) {
  return around("count_runs", [&] { return inner_->do_count_runs(query); });
}

Result<std::vector<std::optional<Bytes>>> FaultyStorage::do_read_outcomes(std::string_view suite,
                                                                          std::span<const RunRef> runs) {
  return around("read_outcomes", [&] { return inner_->do_read_outcomes(suite, runs); });
}

Result<Durations> FaultyStorage::do_read_durations(std::string_view suite,
                                                   std::span<const DurationQuery> queries) {
  return around("read_durations", [&] { return inner_->do_read_durations(suite, queries); });
}

Result<std::vector<TestSetRow>> FaultyStorage::do_read_test_sets(std::string_view suite, TimelineId timeline,
                                                                 TestSetId first) {
  return around("read_test_sets", [&] { return inner_->do_read_test_sets(suite, timeline, first); });
}

Result<std::vector<ChangeRow>> FaultyStorage::do_find_changes(const ChangeQuery& query) {
  return around("find_changes", [&] { return inner_->do_find_changes(query); });
}

Result<ChangesAndTimelines> FaultyStorage::do_find_changes_and_timelines(const ChangeQuery& query) {
  return around("find_changes_and_timelines", [&] { return inner_->do_find_changes_and_timelines(query); });
}

Result<std::vector<DetailRow>> FaultyStorage::do_read_details(std::string_view suite,
                                                              std::span<const RunRef> runs,
                                                              std::span<const TestId> tests) {
  return around("read_details", [&] { return inner_->do_read_details(suite, runs, tests); });
}

Result<std::vector<RepositoryRow>> FaultyStorage::do_find_repositories() {
  return around("find_repositories", [&] { return inner_->do_find_repositories(); });
}

Result<std::vector<CommitRow>> FaultyStorage::do_find_commits(const CommitQuery& query,
                                                              const std::optional<CommitCursor>& after,
                                                              std::uint32_t limit) {
  return around("find_commits", [&] { return inner_->do_find_commits(query, after, limit); });
}

Result<std::vector<std::string>> FaultyStorage::do_list_branches(std::string_view repository,
                                                                 std::string_view prefix) {
  return around("list_branches", [&] { return inner_->do_list_branches(repository, prefix); });
}

Result<std::vector<std::string>> FaultyStorage::do_list_collections() {
  return around("list_collections", [&] { return inner_->do_list_collections(); });
}

Result<std::optional<Document>> FaultyStorage::do_get_document(std::string_view collection,
                                                               std::string_view key) {
  return around("get_document", [&] { return inner_->do_get_document(collection, key); });
}

Result<std::vector<Document>> FaultyStorage::do_find_documents(const DocumentQuery& query,
                                                               const std::optional<std::string>& after,
                                                               std::uint32_t limit) {
  return around("find_documents", [&] { return inner_->do_find_documents(query, after, limit); });
}

Result<std::optional<Bytes>> FaultyStorage::do_read_chunk(std::string_view collection, std::string_view key,
                                                          std::uint32_t number) {
  return around("read_chunk", [&] { return inner_->do_read_chunk(collection, key, number); });
}

}  // namespace resultsdb::testing
