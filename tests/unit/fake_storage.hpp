// A Storage without a backend: it notes what passed the shared checks and answers from what the test put in.
#pragma once

#include <string>
#include <vector>

#include "resultsdb/storage/storage.hpp"

namespace resultsdb::storage {

class FakeStorage final : public Storage {
 public:
  int calls = 0;            ///< how often a do_ function was reached
  std::uint32_t limit = 0;  ///< of the last paged call
  std::vector<TestRow> tests;
  std::vector<RunRow> runs;
  std::vector<CommitRow> commits;
  std::vector<Document> documents;
  std::optional<std::string> after_text;
  std::optional<RunCursor> after_run;
  std::optional<CommitCursor> after_commit;

 protected:
  template <class T>
  Result<T> reached() {
    ++calls;
    return T();
  }
  Status reached() { return ++calls, Status(); }
  template <class Row>
  Result<std::vector<Row>> page(const std::vector<Row>& rows, std::uint32_t wanted) {
    ++calls;
    limit = wanted;
    return std::vector<Row>(rows.begin(), rows.begin() + std::min<std::size_t>(wanted, rows.size()));
  }

  Result<StorageInfo> do_info() override { return reached<StorageInfo>(); }
  Status do_ping() override { return reached(); }
  Status do_migrate() override { return reached(); }
  Result<std::vector<TableSize>> do_sizes() override { return reached<std::vector<TableSize>>(); }
  Result<std::vector<Damage>> do_find_damage() override { return reached<std::vector<Damage>>(); }
  Status do_apply(const SuiteBatch&) override { return reached(); }
  Status do_apply(const RepositoryBatch&) override { return reached(); }
  Status do_apply(const DocumentBatch&) override { return reached(); }
  Result<std::vector<TestId>> do_intern_tests(std::string_view, std::span<const std::string_view>) override {
    return reached<std::vector<TestId>>();
  }
  Result<std::vector<OutcomeId>> do_intern_outcomes(std::string_view, std::span<const OutcomeKey>) override {
    return reached<std::vector<OutcomeId>>();
  }
  Result<std::vector<ConfigurationId>> do_intern_configurations(std::string_view,
                                                                std::span<const std::string_view>) override {
    return reached<std::vector<ConfigurationId>>();
  }
  Result<std::vector<TimelineId>> do_intern_timelines(std::string_view,
                                                      std::span<const TimelineKey>) override {
    return reached<std::vector<TimelineId>>();
  }
  Result<std::vector<std::string>> do_find_suites() override { return reached<std::vector<std::string>>(); }
  Result<std::vector<TestRow>> do_find_tests(const TestQuery&, const std::optional<std::string>& after,
                                             std::uint32_t wanted) override {
    after_text = after;
    return page(tests, wanted);
  }
  Result<std::uint64_t> do_count_tests(std::string_view) override { return reached<std::uint64_t>(); }
  Result<std::vector<std::optional<TestId>>> do_look_up_tests(std::string_view,
                                                              std::span<const std::string_view>) override {
    return reached<std::vector<std::optional<TestId>>>();
  }
  Result<std::vector<std::string>> do_read_test_names(std::string_view, std::span<const TestId>) override {
    return reached<std::vector<std::string>>();
  }
  Result<std::vector<TestRow>> do_scan_tests(std::string_view, TestId, std::uint32_t) override {
    return reached<std::vector<TestRow>>();
  }
  Result<std::vector<OutcomeRow>> do_find_outcomes(std::string_view, OutcomeId) override {
    return reached<std::vector<OutcomeRow>>();
  }
  Result<std::vector<ConfigurationRow>> do_find_configurations(std::string_view, ConfigurationId) override {
    return reached<std::vector<ConfigurationRow>>();
  }
  Result<std::vector<TimelineRow>> do_find_timelines(std::string_view, std::span<const TimelineId>) override {
    return reached<std::vector<TimelineRow>>();
  }
  Result<std::vector<RunRow>> do_find_runs(const RunQuery&, const std::optional<RunCursor>& after,
                                           std::uint32_t wanted) override {
    after_run = after;
    return page(runs, wanted);
  }
  Result<std::uint64_t> do_count_runs(const RunQuery&) override { return reached<std::uint64_t>(); }
  Result<std::vector<std::optional<Bytes>>> do_read_outcomes(std::string_view,
                                                             std::span<const RunRef>) override {
    return reached<std::vector<std::optional<Bytes>>>();
  }
  Result<Durations> do_read_durations(std::string_view, std::span<const DurationQuery>) override {
    return reached<Durations>();
  }
  Result<std::vector<TestSetRow>> do_read_test_sets(std::string_view, TimelineId, TestSetId) override {
    return reached<std::vector<TestSetRow>>();
  }
  Result<std::vector<ChangeRow>> do_find_changes(const ChangeQuery&) override {
    return reached<std::vector<ChangeRow>>();
  }
  Result<std::vector<DetailRow>> do_read_details(std::string_view, std::span<const RunRef>,
                                                 std::span<const TestId>) override {
    return reached<std::vector<DetailRow>>();
  }
  Result<std::vector<RepositoryRow>> do_find_repositories() override {
    return reached<std::vector<RepositoryRow>>();
  }
  Result<std::vector<CommitRow>> do_find_commits(const CommitQuery&, const std::optional<CommitCursor>& after,
                                                 std::uint32_t wanted) override {
    after_commit = after;
    return page(commits, wanted);
  }
  Result<std::vector<std::string>> do_list_branches(std::string_view, std::string_view) override {
    return reached<std::vector<std::string>>();
  }
  Result<std::vector<std::string>> do_list_collections() override {
    return reached<std::vector<std::string>>();
  }
  Result<std::optional<Document>> do_get_document(std::string_view, std::string_view) override {
    return reached<std::optional<Document>>();
  }
  Result<std::vector<Document>> do_find_documents(const DocumentQuery&,
                                                  const std::optional<std::string>& after,
                                                  std::uint32_t wanted) override {
    after_text = after;
    return page(documents, wanted);
  }
  Result<std::optional<Bytes>> do_read_chunk(std::string_view, std::string_view, std::uint32_t) override {
    return reached<std::optional<Bytes>>();
  }
};

}  // namespace resultsdb::storage
