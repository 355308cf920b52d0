// A Storage in front of another one, for tests: sees every operation, may let it fail.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "resultsdb/storage/storage.hpp"

namespace resultsdb::testing {

/// Forwards all operations. Arguments that Storage refuses by itself never come here and are not counted.
/// Safe for concurrent calls. Derive from it to change answers: overriding functions call these.
class FaultyStorage : public storage::Storage {
 public:
  enum class When { Before, After };
  struct Call {
    std::string_view operation;  ///< name of the public function: "apply", "find_runs", …
    std::uint64_t number = 0;    ///< of all operations on this object, from 1
    When when = When::Before;
  };
  /// An error takes the place of the operation's answer. Given *before*, the operation never happens; given
  /// *after* (and only a successful operation has an after), its effect stays and only the answer is lost.
  /// May use inner() and other stores, also to write; must be as safe for concurrent calls as its user needs.
  using Hook = std::function<Status(const Call& call)>;

  explicit FaultyStorage(std::shared_ptr<storage::Storage> inner, Hook hook = {});

  /// Operations that run already may still call the earlier hook. Empty: none.
  void set_hook(Hook hook);
  const std::shared_ptr<storage::Storage>& inner() const noexcept { return inner_; }

  /// Operations so far, with those that were made to fail.
  std::uint64_t calls() const;
  std::uint64_t calls(std::string_view operation) const;

 protected:
  Result<storage::StorageInfo> do_info() override;
  Status do_ping() override;
  std::optional<std::uint64_t> do_revision() override;
  std::optional<std::uint64_t> do_asked_revision() override;
  Status do_migrate() override;
  Result<std::vector<storage::TableSize>> do_sizes() override;
  Result<std::vector<storage::Damage>> do_find_damage() override;
  Status do_apply(const storage::SuiteBatch& batch) override;
  Status do_apply(const storage::RepositoryBatch& batch) override;
  Status do_apply(const storage::DocumentBatch& batch) override;
  Result<std::vector<storage::TestId>> do_intern_tests(std::string_view suite,
                                                       std::span<const std::string_view> names) override;
  Result<std::vector<storage::OutcomeId>> do_intern_outcomes(
      std::string_view suite, std::span<const storage::OutcomeKey> keys) override;
  Result<std::vector<storage::ConfigurationId>> do_intern_configurations(
      std::string_view suite, std::span<const std::string_view> keys) override;
  Result<std::vector<storage::TimelineId>> do_intern_timelines(
      std::string_view suite, std::span<const storage::TimelineKey> keys) override;
  Result<std::vector<std::string>> do_find_suites() override;
  Result<std::vector<storage::TestRow>> do_find_tests(const storage::TestQuery& query,
                                                      const std::optional<std::string>& after,
                                                      std::uint32_t limit) override;
  Result<std::uint64_t> do_count_tests(std::string_view suite) override;
  Result<std::vector<std::optional<storage::TestId>>> do_look_up_tests(
      std::string_view suite, std::span<const std::string_view> names) override;
  Result<std::vector<std::string>> do_read_test_names(std::string_view suite,
                                                      std::span<const storage::TestId> ids) override;
  Result<std::vector<storage::TestRow>> do_scan_tests(std::string_view suite, storage::TestId first,
                                                      std::uint32_t limit) override;
  Result<std::vector<storage::OutcomeRow>> do_find_outcomes(std::string_view suite,
                                                            storage::OutcomeId first) override;
  Result<std::vector<storage::ConfigurationRow>> do_find_configurations(
      std::string_view suite, storage::ConfigurationId first) override;
  Result<std::vector<storage::TimelineRow>> do_find_timelines(
      std::string_view suite, std::span<const storage::TimelineId> ids) override;
  Result<std::vector<storage::RunRow>> do_find_runs(const storage::RunQuery& query,
                                                    const std::optional<RunCursor>& after,
                                                    std::uint32_t limit) override;
  Result<std::uint64_t> do_count_runs(const storage::RunQuery& query) override;
  Result<std::vector<std::optional<storage::Bytes>>> do_read_outcomes(
      std::string_view suite, std::span<const storage::RunRef> runs) override;
  Result<storage::Durations> do_read_durations(std::string_view suite,
                                               std::span<const storage::DurationQuery> queries) override;
  Result<std::vector<storage::TestSetRow>> do_read_test_sets(std::string_view suite,
                                                             storage::TimelineId timeline,
                                                             storage::TestSetId first) override;
  Result<std::vector<storage::ChangeRow>> do_find_changes(const storage::ChangeQuery& query) override;
  Result<storage::ChangesAndTimelines> do_find_changes_and_timelines(
      const storage::ChangeQuery& query) override;
  Result<std::vector<storage::DetailRow>> do_read_details(std::string_view suite,
                                                          std::span<const storage::RunRef> runs,
                                                          std::span<const storage::TestId> tests) override;
  Result<std::vector<storage::RepositoryRow>> do_find_repositories() override;
  Result<std::vector<storage::CommitRow>> do_find_commits(const storage::CommitQuery& query,
                                                          const std::optional<CommitCursor>& after,
                                                          std::uint32_t limit) override;
  Result<std::vector<std::string>> do_list_branches(std::string_view repository,
                                                    std::string_view prefix) override;
  Result<std::vector<std::string>> do_list_collections() override;
  Result<std::optional<storage::Document>> do_get_document(std::string_view collection,
                                                           std::string_view key) override;
  Result<std::vector<storage::Document>> do_find_documents(const storage::DocumentQuery& query,
                                                           const std::optional<std::string>& after,
                                                           std::uint32_t limit) override;
  Result<std::optional<storage::Bytes>> do_read_chunk(std::string_view collection, std::string_view key,
                                                      std::uint32_t number) override;

 private:
  /// The hook before, `operation`, the hook after.
  template <class Operation>
  auto around(std::string_view name, Operation operation) -> decltype(operation());

  const std::shared_ptr<storage::Storage> inner_;
  mutable std::mutex mutex_;  ///< of what follows; not held while hooks and operations run
  std::shared_ptr<const Hook> hook_;
  std::uint64_t count_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace resultsdb::testing
