// Storage on any SQL engine that offers a Database.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "connection.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::backends::sql {

class SqlStorage final : public storage::Storage {
 public:
  /// The schema is there, or migrate() will be called.
  explicit SqlStorage(std::unique_ptr<Database> database) : database_(std::move(database)) {}

 protected:
  Result<storage::StorageInfo> do_info() override;
  Status do_ping() override { return database_->ping(); }
  std::optional<std::uint64_t> do_revision() override { return database_->revision(); }
  std::optional<std::uint64_t> do_asked_revision() override { return database_->asked_revision(); }
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
  using SuiteNumber = std::int64_t;
  static constexpr SuiteNumber kNoSuite = 0;  ///< matches no row

  SuiteNumber known_suite(std::string_view name);
  /// The suite's number in this store; kNoSuite if it is unknown. Known numbers never change. Not in a
  /// transaction that may have made the suite: what is not committed is not remembered.
  Result<SuiteNumber> find_suite(Connection& connection, std::string_view name);
  /// Within a write transaction, which is the only one on this suite from now on. The number is remembered by
  /// remember_suite(), after the commit.
  Result<SuiteNumber> make_suite(Connection& connection, std::string_view name);
  /// Within a write transaction, which is from now on the only one of those that call this.
  Status lock_documents_and_repositories(Connection& connection);
  void remember_suite(std::string_view name, SuiteNumber number);

  /// Ids for primary keys without their suite (`table.keys - 1` values each); `more` gives the columns after
  /// the id.
  Result<std::vector<std::uint32_t>> intern(std::string_view suite, const Table& table, const Rows& keys,
                                            std::uint32_t first_id, std::uint64_t most,
                                            const std::function<void(std::size_t, Rows&)>& more);

  std::unique_ptr<Database> database_;
  std::atomic<bool> has_chunks_ = false;  // known to have their table
  std::shared_mutex suites_mutex_;
  std::map<std::string, SuiteNumber, std::less<>> suites_;
};

/// Conditions of a WHERE clause with their parameters.
class Conditions {
 public:
  void add(std::string_view column_and_operator, Value value) {
    text_ += text_.empty() ? " WHERE " : " AND ";
    text_ += column_and_operator;
    text_ += parameter(std::move(value));
  }
  template <class T>
  void add_range(const std::string& column, const storage::Range<T>& range, Value (*to_value)(T)) {
    if (range.from) add(column + " >= ", to_value(*range.from));
    if (range.to) add(column + " <= ", to_value(*range.to));
  }
  /// `column IN (…)` unless there are no values.
  void add_any(std::string_view column, const std::vector<Value>& values);
  /// The row comes after the cursor: `(a, b) > ($1, $2)`.
  void add_after(std::string_view columns, bool ascending, const std::vector<Value>& cursor);
  void add_text(std::string_view condition) {
    text_ += (text_.empty() ? " WHERE " : " AND ") + std::string(condition);
  }
  std::string parameter(Value value) {
    values_.push_back(std::move(value));
    return "$" + std::to_string(values_.size());
  }
  const std::string& text() const { return text_; }
  std::span<const Value> values() const { return values_; }

 private:
  std::string text_;
  std::vector<Value> values_;
};

/// "a DESC, b DESC" for "a, b".
std::string order_by(std::string_view columns, bool ascending);

}  // namespace resultsdb::backends::sql
