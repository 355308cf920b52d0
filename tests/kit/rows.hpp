// Rows and batches that the cases are made of, and the whole content of a store's partitions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/storage/storage.hpp"

namespace resultsdb::testing {

/// `seconds` after a fixed time.
Time at(std::int64_t seconds);
Time first_time();  ///< of the year 1
Time last_time();   ///< of the year 9999

/// All 256 byte values, then as many again in the other direction.
storage::Bytes all_bytes();
/// Valid names, all different, that stores like to mix up: by case, normalisation, blanks, prefixes,
/// wildcards, quotes, length, planes of Unicode.
std::vector<std::string> hard_names();

std::vector<std::string_view> views(const std::vector<std::string>& texts);

/// A run whose other members follow from these; all runs made so can be in one suite together.
storage::RunRow make_run(storage::TimelineId timeline, storage::RunSerial serial, Position position = 100);
/// To `batch`: the run and one row of every kind that belongs to it, for the test `test`; its change, tile
/// and test set have the serial in their keys.
void put_whole_run(storage::SuiteBatch& batch, const storage::RunRow& run, storage::TestId test);

/// Writes to one suite, and keeps count of its timelines' versions. Nobody else may write there meanwhile.
class SuiteWriter {
 public:
  SuiteWriter(storage::Storage& storage, std::string suite) : storage_(&storage), suite_(std::move(suite)) {}

  const std::string& suite() const { return suite_; }
  /// Interned; 0 after an error, which fails the case.
  storage::TimelineId timeline(std::string_view branch = "main", std::string_view configuration = "os=linux");
  std::vector<storage::TestId> tests(const std::vector<std::string>& names);
  storage::TestId test(const std::string& name);

  /// An otherwise empty batch with the next version of all timelines that timeline() gave out.
  storage::SuiteBatch batch() const;
  /// Applies; after success the next batch() has the next versions.
  Status apply(const storage::SuiteBatch& batch);
  /// The batch was applied in another way.
  void remember(const storage::SuiteBatch& batch);

 private:
  storage::Storage* storage_;
  std::string suite_;
  std::map<storage::TimelineId, storage::TimelineRow> timelines_;
};

/// A commit with this place; the other members follow from it.
storage::CommitRow make_commit(std::string branch, Position position, std::string hash);
storage::RepositoryBatch repository_batch(std::string name, std::uint64_t version,
                                          std::vector<storage::CommitRow> commits = {});
storage::DocumentPut put_document(std::string key, std::string text = "{}", Attributes unique = {},
                                  std::optional<std::uint64_t> expected_version = {});

/// All rows of a query, over as many pages as there are. Errors fail the case.
std::vector<storage::RunRow> all_runs(storage::Storage& storage, const storage::RunQuery& query);
std::vector<storage::TestRow> all_tests(storage::Storage& storage, const storage::TestQuery& query);
std::vector<storage::CommitRow> all_commits(storage::Storage& storage, const storage::CommitQuery& query);
std::vector<storage::Document> all_documents(storage::Storage& storage, const storage::DocumentQuery& query);

/// What a row is called in messages.
std::string name_of(const storage::RunRow& row);
std::string name_of(const storage::TestRow& row);
std::string name_of(const storage::CommitRow& row);
std::string name_of(const storage::Document& row);
template <class Row>
std::vector<std::string> names_of(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.push_back(name_of(row));
  return names;
}

/// Everything that a suite has: of chunks and blocks those below 4.
struct SuiteImage {
  std::vector<storage::TimelineRow> timelines;
  std::vector<storage::TestRow> interned, listed;
  std::vector<storage::OutcomeRow> dictionary;
  std::vector<storage::ConfigurationRow> configurations;
  std::vector<storage::RunRow> runs;
  std::vector<std::optional<storage::Bytes>> outcomes;
  std::vector<storage::DurationsRow> durations;
  std::vector<storage::TileRow> tiles;
  std::vector<storage::TestSetRow> test_sets;
  std::vector<storage::ChangeRow> changes;
  std::vector<storage::DetailRow> details;
  bool operator==(const SuiteImage&) const = default;
};
SuiteImage read_suite(storage::Storage& storage, std::string_view suite);

}  // namespace resultsdb::testing
