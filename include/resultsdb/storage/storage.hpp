// The interface of a storage backend. Public functions check limits, UTF-8 and page tokens, so that all
// backends refuse alike; backends implement the do_ functions. `resultsdb/testing/conformance.hpp` defines
// what they must do.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/queries.hpp"
#include "resultsdb/storage/rows.hpp"
#include "resultsdb/storage/write_batch.hpp"

namespace resultsdb::testing {
class FaultyStorage;
}

namespace resultsdb::storage {

/// Differences between backends are declared here, never found by surprise.
struct Capabilities {
  bool durable = false;              ///< an acknowledged batch survives the end of the process
  bool shared_by_processes = false;  ///< several processes may have it open
  bool read_only = false;            ///< opened so: writes are PermissionDenied
  bool operator==(const Capabilities&) const = default;
};

struct StorageInfo {
  std::string backend;       ///< "memory", "sqlite", …
  std::string location;      ///< for people; without secrets
  int schema_version = 0;    ///< of the store
  int oldest_reader = 0;     ///< oldest schema version whose software may read it
  int software_version = 0;  ///< schema version this software writes
  Capabilities capabilities;
};

/// Bytes and rows of one table, for people and benchmarks.
struct TableSize {
  std::string table;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

/// Something stored that cannot be right.
struct Damage {
  std::string table;
  std::string key;    ///< of the row, as far as it is known, for people: any bytes are written as ASCII
  std::string what;   ///< what is wrong, for people
  std::string suite;  ///< of a row that belongs to one
  std::optional<TimelineId> timeline;  ///< of a row that belongs to one
};

/// Safe for concurrent calls. Calls block until done. Every read sees all batches acknowledged before it
/// began, and each answer is one consistent snapshot; several answers need the timeline versions to be
/// compared. Text order is byte order. Suites, repositories and collections that are unknown read as empty.
/// An empty list of names, keys, ids, runs or queries has an empty answer, except where it says "all".
class Storage {
 public:
  virtual ~Storage() = default;

  // --- life cycle
  Result<StorageInfo> info();
  /// Unavailable if the store cannot answer.
  Status ping();
  /// Differs from an earlier answer of this object if any batch was applied in between, by whichever process;
  /// far cheaper than a read. Nothing: this backend cannot say, or not now.
  std::optional<std::uint64_t> revision();
  /// The same from backends that must ask their server for it: one short round trip, for caches of answers that
  /// take many.
  std::optional<std::uint64_t> asked_revision();
  /// Brings the schema to this software's version; repeatable; refuses newer stores (SchemaMismatch). A fresh
  /// store is created with the current schema when opened and needs no call.
  Status migrate();
  Result<std::vector<TableSize>> sizes();
  /// Reads everything and tells which rows are not those that were written, as far as the backend can see:
  /// not in rows that are derived from others (changes, counters of runs and timelines, hashes of test sets),
  /// which the engine compares. A backend that keeps nothing on a medium finds nothing. Takes as long as
  /// reading the store.
  Result<std::vector<Damage>> find_damage();

  // --- writing
  /// All or nothing; durable (as far as the backend is) when it returns. Applying the same batch twice is
  /// Conflict.
  Status apply(const WriteBatch& batch);
  /// Ids for names, in the order asked, made where missing: append-only, repeatable, equal for equal names
  /// from any process. Not part of a batch; what no batch uses is never listed. Duplicates in one call are
  /// allowed.
  Result<std::vector<TestId>> intern_tests(std::string_view suite, std::span<const std::string_view> names);
  /// ResourceExhausted beyond limits::kOutcomesPerSuite (nothing is added then); (PASS, PASS, common) is
  /// always 0.
  Result<std::vector<OutcomeId>> intern_outcomes(std::string_view suite, std::span<const OutcomeKey> keys);
  Result<std::vector<ConfigurationId>> intern_configurations(std::string_view suite,
                                                             std::span<const std::string_view> keys);
  Result<std::vector<TimelineId>> intern_timelines(std::string_view suite, std::span<const TimelineKey> keys);

  // --- reading: names
  /// Suites with at least one listed timeline, in byte order.
  Result<std::vector<std::string>> find_suites();
  Result<Page<TestRow>> find_tests(const TestQuery& query, const Paging& paging);
  /// Number of listed tests.
  Result<std::uint64_t> count_tests(std::string_view suite);
  /// Ids of interned tests (listed or not); empty where unknown.
  Result<std::vector<std::optional<TestId>>> look_up_tests(std::string_view suite,
                                                           std::span<const std::string_view> names);
  /// Names by id, in the order asked; NotFound for an unknown id.
  Result<std::vector<std::string>> read_test_names(std::string_view suite, std::span<const TestId> ids);
  /// All tests that were ever interned in the suite with an id of at least `first`, by id: at most `limit`
  /// (1 to limits::kPageRows).
  Result<std::vector<TestRow>> scan_tests(std::string_view suite, TestId first, std::uint32_t limit);
  /// The dictionary entries with an id of at least `first`, by id.
  Result<std::vector<OutcomeRow>> find_outcomes(std::string_view suite, OutcomeId first = 1);
  Result<std::vector<ConfigurationRow>> find_configurations(std::string_view suite,
                                                            ConfigurationId first = 1);
  /// Listed timelines by id; `ids` empty: all. Versions are current.
  Result<std::vector<TimelineRow>> find_timelines(std::string_view suite,
                                                  std::span<const TimelineId> ids = {});

  // --- reading: runs
  Result<Page<RunRow>> find_runs(const RunQuery& query, const Paging& paging);
  Result<std::uint64_t> count_runs(const RunQuery& query);
  /// In the order asked; empty where there is none.
  Result<std::vector<std::optional<Bytes>>> read_outcomes(std::string_view suite,
                                                          std::span<const RunRef> runs);
  Result<Durations> read_durations(std::string_view suite, std::span<const DurationQuery> queries);
  /// All sets of the timeline with an id of at least `first`, by id.
  Result<std::vector<TestSetRow>> read_test_sets(std::string_view suite, TimelineId timeline,
                                                 TestSetId first = 1);
  Result<std::vector<ChangeRow>> find_changes(const ChangeQuery& query);
  /// The same, and the suite's listed timelines as they were then or later: their versions tell whether the
  /// changes belong to what the caller knows.
  Result<ChangesAndTimelines> find_changes_and_timelines(const ChangeQuery& query);
  /// Details of `tests` (empty: all) of these runs, by (timeline, serial, test).
  Result<std::vector<DetailRow>> read_details(std::string_view suite, std::span<const RunRef> runs,
                                              std::span<const TestId> tests = {});

  // --- reading: commits and documents
  Result<std::vector<RepositoryRow>> find_repositories();
  Result<Page<CommitRow>> find_commits(const CommitQuery& query, const Paging& paging);
  /// Branches with at least one commit, in byte order, that begin with `prefix`.
  Result<std::vector<std::string>> list_branches(std::string_view repository, std::string_view prefix = {});
  /// Collections with at least one document, in byte order.
  Result<std::vector<std::string>> list_collections();
  Result<std::optional<Document>> get_document(std::string_view collection, std::string_view key);
  Result<Page<Document>> find_documents(const DocumentQuery& query, const Paging& paging);
  Result<std::optional<Bytes>> read_chunk(std::string_view collection, std::string_view key,
                                          std::uint32_t number);

 protected:
  friend class testing::FaultyStorage;  // forwards each do_ function to that of another object

  /// Where a page begins: strictly after this row in the query's order. Members that the order does not use
  /// are at their defaults.
  struct RunCursor {
    Position position = 0;
    Time started{}, received{};
    std::string variant;
    TimelineId timeline = 0;
    RunSerial serial = 0;
  };
  struct CommitCursor {
    Position position = 0;
    std::string branch, id;
  };

  virtual Result<StorageInfo> do_info() = 0;
  virtual Status do_ping() = 0;
  virtual std::optional<std::uint64_t> do_revision() { return std::nullopt; }
  virtual std::optional<std::uint64_t> do_asked_revision() { return do_revision(); }
  virtual Status do_migrate() = 0;
  virtual Result<std::vector<TableSize>> do_sizes() = 0;
  virtual Result<std::vector<Damage>> do_find_damage() = 0;
  virtual Status do_apply(const SuiteBatch& batch) = 0;
  virtual Status do_apply(const RepositoryBatch& batch) = 0;
  virtual Status do_apply(const DocumentBatch& batch) = 0;
  virtual Result<std::vector<TestId>> do_intern_tests(std::string_view suite,
                                                      std::span<const std::string_view> names) = 0;
  virtual Result<std::vector<OutcomeId>> do_intern_outcomes(std::string_view suite,
                                                            std::span<const OutcomeKey> keys) = 0;
  virtual Result<std::vector<ConfigurationId>> do_intern_configurations(
      std::string_view suite, std::span<const std::string_view> keys) = 0;
  virtual Result<std::vector<TimelineId>> do_intern_timelines(std::string_view suite,
                                                              std::span<const TimelineKey> keys) = 0;
  virtual Result<std::vector<std::string>> do_find_suites() = 0;
  /// At most `limit` rows strictly after the cursor; likewise below.
  virtual Result<std::vector<TestRow>> do_find_tests(const TestQuery& query,
                                                     const std::optional<std::string>& after,
                                                     std::uint32_t limit) = 0;
  virtual Result<std::uint64_t> do_count_tests(std::string_view suite) = 0;
  virtual Result<std::vector<std::optional<TestId>>> do_look_up_tests(
      std::string_view suite, std::span<const std::string_view> names) = 0;
  virtual Result<std::vector<std::string>> do_read_test_names(std::string_view suite,
                                                              std::span<const TestId> ids) = 0;
  virtual Result<std::vector<TestRow>> do_scan_tests(std::string_view suite, TestId first,
                                                     std::uint32_t limit) = 0;
  virtual Result<std::vector<OutcomeRow>> do_find_outcomes(std::string_view suite, OutcomeId first) = 0;
  virtual Result<std::vector<ConfigurationRow>> do_find_configurations(std::string_view suite,
                                                                       ConfigurationId first) = 0;
  virtual Result<std::vector<TimelineRow>> do_find_timelines(std::string_view suite,
                                                             std::span<const TimelineId> ids) = 0;
  virtual Result<std::vector<RunRow>> do_find_runs(const RunQuery& query,
                                                   const std::optional<RunCursor>& after,
                                                   std::uint32_t limit) = 0;
  virtual Result<std::uint64_t> do_count_runs(const RunQuery& query) = 0;
  virtual Result<std::vector<std::optional<Bytes>>> do_read_outcomes(std::string_view suite,
                                                                     std::span<const RunRef> runs) = 0;
  virtual Result<Durations> do_read_durations(std::string_view suite,
                                              std::span<const DurationQuery> queries) = 0;
  virtual Result<std::vector<TestSetRow>> do_read_test_sets(std::string_view suite, TimelineId timeline,
                                                            TestSetId first) = 0;
  virtual Result<std::vector<ChangeRow>> do_find_changes(const ChangeQuery& query) = 0;
  /// Two calls unless the backend can do both in one.
  virtual Result<ChangesAndTimelines> do_find_changes_and_timelines(const ChangeQuery& query);
  virtual Result<std::vector<DetailRow>> do_read_details(std::string_view suite, std::span<const RunRef> runs,
                                                         std::span<const TestId> tests) = 0;
  virtual Result<std::vector<RepositoryRow>> do_find_repositories() = 0;
  virtual Result<std::vector<CommitRow>> do_find_commits(const CommitQuery& query,
                                                         const std::optional<CommitCursor>& after,
                                                         std::uint32_t limit) = 0;
  virtual Result<std::vector<std::string>> do_list_branches(std::string_view repository,
                                                            std::string_view prefix) = 0;
  virtual Result<std::vector<std::string>> do_list_collections() = 0;
  virtual Result<std::optional<Document>> do_get_document(std::string_view collection,
                                                          std::string_view key) = 0;
  virtual Result<std::vector<Document>> do_find_documents(const DocumentQuery& query,
                                                          const std::optional<std::string>& after,
                                                          std::uint32_t limit) = 0;
  virtual Result<std::optional<Bytes>> do_read_chunk(std::string_view collection, std::string_view key,
                                                     std::uint32_t number) = 0;
};

}  // namespace resultsdb::storage
