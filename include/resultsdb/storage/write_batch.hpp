// All writes: one atomic batch, within one partition (a suite, a repository, or a collection of documents).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "resultsdb/storage/rows.hpp"

namespace resultsdb::storage {

/// Order within a batch: preconditions are checked, then all deletes, then all puts. A put replaces the row
/// of the same key. Deleting what is not there is no error. Deleting a run deletes its outcomes, raw
/// durations and details; tiles, test sets and changes are the engine's to name.
struct SuiteBatch {
  std::string suite;

  /// The new row of a timeline (its id interned before). Precondition: the stored version equals
  /// `row.version - 1`, else Conflict. Every row of the batch that names a timeline needs its entry here.
  std::vector<TimelineRow> timelines;
  std::vector<TestId> listed_tests;  ///< interned tests that are used from now on

  std::vector<RunRef> delete_runs;
  std::vector<DurationsRow> delete_durations;  ///< blobs ignored
  std::vector<TileRow> delete_tiles;           ///< blobs ignored
  std::vector<TestSetRow> delete_test_sets;    ///< base, blob and hash ignored
  std::vector<ChangeKey> delete_changes;
  std::vector<DetailRow> delete_details;  ///< blobs ignored

  /// AlreadyExists if another run (not deleted here) holds the natural key or the public id.
  std::vector<RunRow> put_runs;
  std::vector<OutcomesRow> put_outcomes;
  std::vector<DurationsRow> put_durations;
  std::vector<TileRow> put_tiles;
  std::vector<TestSetRow> put_test_sets;
  std::vector<ChangeRow> put_changes;
  std::vector<DetailRow> put_details;
};

struct RepositoryBatch {
  /// Precondition: the stored version equals `row.version - 1` (0: not there yet), else Conflict.
  RepositoryRow row;
  std::vector<CommitKey> delete_commits;
  std::vector<CommitRow> put_commits;
};

struct DocumentPut {
  Document document;  ///< collection and version ignored
  /// Empty: whatever is there; 0: the key must be free; n: the stored version must be n. Else Conflict.
  std::optional<std::uint64_t> expected_version;
};
struct DocumentDelete {
  std::string key;
  std::optional<std::uint64_t> expected_version;  ///< as above; 0 makes no sense
};
struct DocumentBatch {
  std::string collection;
  std::vector<DocumentDelete> deletes;
  std::vector<DocumentPut> puts;  ///< AlreadyExists if a unique pair belongs to another document afterwards
  std::vector<ChunkRow> delete_chunks;  ///< bytes ignored
  std::vector<ChunkRow> put_chunks;
};

using WriteBatch = std::variant<SuiteBatch, RepositoryBatch, DocumentBatch>;

}  // namespace resultsdb::storage
