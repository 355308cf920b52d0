// Storage on Redis: what each operation reads and writes. Client knows the servers, rows.hpp the keys.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "client.hpp"
#include "resultsdb/backends/redis.hpp"
#include "resultsdb/storage/storage.hpp"
#include "rows.hpp"
#include "transaction.hpp"

namespace resultsdb::backends::redis {

using storage::RunRef;

inline constexpr int kSchemaVersion = 2;
inline constexpr int kFirstWithChecksums = 2;

class RedisStorage final : public storage::Storage {
 public:
  RedisStorage(std::unique_ptr<Client> client, const RedisOptions& options, int schema_version,
               int oldest_reader)
      : client_(std::move(client)),
        prefix_(options.prefix),
        limits_{options.batch_bytes, options.wait_replicas, options.timeout / 2},
        seal_(schema_version >= kFirstWithChecksums),
        read_only_(options.read_only),
        schema_version_(schema_version),
        oldest_reader_(oldest_reader) {}

 protected:
  Result<storage::StorageInfo> do_info() override;
  Status do_ping() override;
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
  Result<std::vector<std::optional<storage::Bytes>>> do_read_outcomes(std::string_view suite,
                                                                      std::span<const RunRef> runs) override;
  Result<storage::Durations> do_read_durations(std::string_view suite,
                                               std::span<const storage::DurationQuery> queries) override;
  Result<std::vector<storage::TestSetRow>> do_read_test_sets(std::string_view suite,
                                                             storage::TimelineId timeline,
                                                             storage::TestSetId first) override;
  Result<std::vector<storage::ChangeRow>> do_find_changes(const storage::ChangeQuery& query) override;
  Result<storage::ChangesAndTimelines> do_find_changes_and_timelines(
      const storage::ChangeQuery& query) override;
  Result<std::vector<storage::DetailRow>> do_read_details(std::string_view suite,
                                                          std::span<const RunRef> runs,
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
  Keys suite_keys(std::string_view name) const { return Keys(prefix_, Keys::Kind::Suite, name); }
  Status check_writable() const;
  /// Makes the name findable; before the first row of its data, so that no data are ever without it. Names
  /// and data may be on different nodes, of which one may forget its last writes: so every process registers
  /// each name that it writes to, and again after any trouble with the servers; `first` says that there are
  /// no data yet.
  Status register_name(Keys::Kind kind, std::string_view name, bool first);
  Result<std::vector<std::string>> registered_names(Keys::Kind kind);
  /// Of the registered names those whose `table` is there.
  Result<std::vector<std::string>> names_with(Keys::Kind kind, std::string_view table);
  /// Dense ids from `first` on, made where missing; empty if there would be more than `limit`.
  Result<std::optional<std::vector<std::uint32_t>>> intern(const Keys& keys, std::string_view ids,
                                                           std::string_view list, std::uint32_t first,
                                                           std::size_t limit, std::vector<std::string> names);
  /// Of each name; `mode` is that of intern_tests.lua.
  Result<std::vector<std::int64_t>> test_ids(std::string_view suite, const char* mode,
                                             std::span<const std::string_view> names);
  /// All rows of the hash of timelines.
  Result<std::vector<storage::TimelineRow>> take_timelines(Reply pairs) const;
  Result<std::vector<Reply>> run_query(const storage::RunQuery& query, std::string_view mode,
                                       const std::optional<RunCursor>& after, std::uint32_t limit);
  /// False: the rows that the write was made from changed meanwhile.
  Result<bool> apply_once(const Keys& keys, const storage::SuiteBatch& batch);
  Result<bool> apply_once(const Keys& keys, const storage::RepositoryBatch& batch);
  Result<bool> apply_once(const Keys& keys, const storage::DocumentBatch& batch);
  template <class Batch>
  Status apply_to(const Keys& keys, const Batch& batch);

  const std::unique_ptr<Client> client_;
  const std::string prefix_;
  const WriteLimits limits_;
  const Seal seal_;
  const bool read_only_;
  std::mutex registered_mutex_;  // guards what follows
  std::set<std::pair<Keys::Kind, std::string>> registered_;
  std::uint64_t registered_since_ = 0;  // the client's disturbances
  const int schema_version_, oldest_reader_;
};

}  // namespace resultsdb::backends::redis
