#include "domain/check_batch.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "domain/check.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::domain {
namespace {

using namespace storage;

constexpr std::size_t kMaxDigest = 64;

/// InvalidArgument if two rows have one key. `key_of` gives something ordered that may refer into the row.
/// Rows in key order, the usual case, cost one comparison each.
template <class Rows, class KeyOf>
Status check_unique(std::string_view member, const Rows& rows, KeyOf key_of) {
  const auto not_ascending = [&](const auto& a, const auto& b) { return !(key_of(a) < key_of(b)); };
  if (std::adjacent_find(rows.begin(), rows.end(), not_ascending) == rows.end()) return {};
  std::vector<const typename Rows::value_type*> sorted;
  sorted.reserve(rows.size());
  for (const auto& row : rows) sorted.push_back(&row);
  const auto before = [&](const auto* a, const auto* b) { return key_of(*a) < key_of(*b); };
  std::sort(sorted.begin(), sorted.end(), before);
  const auto same = [&](const auto* a, const auto* b) { return !before(a, b); };
  if (std::adjacent_find(sorted.begin(), sorted.end(), same) == sorted.end()) return {};
  return invalid_argument("has two rows with the same key", std::string(member));
}

/// The timelines a batch has an entry for.
class Timelines {
 public:
  explicit Timelines(const std::vector<TimelineRow>& rows) {
    for (const TimelineRow& row : rows) ids_.push_back(row.id);
    std::sort(ids_.begin(), ids_.end());
  }

  template <class Rows>
  Status cover(std::string_view member, const Rows& rows) const {
    const TimelineId* last = nullptr;  // neighbours mostly share their timeline
    for (const auto& row : rows) {
      const TimelineId& id = timeline_of(row);
      if (last != nullptr && *last == id) continue;
      if (!std::binary_search(ids_.begin(), ids_.end(), id)) {
        return invalid_argument("names timeline " + std::to_string(id) + ", which has no entry in the batch",
                                std::string(member));
      }
      last = &id;
    }
    return {};
  }

 private:
  template <class Row>
  static const TimelineId& timeline_of(const Row& row) {
    return row.timeline;
  }
  static const TimelineId& timeline_of(const ChangeKey& key) { return key.timeline; }
  static const TimelineId& timeline_of(const ChangeRow& row) { return row.key.timeline; }

  std::vector<TimelineId> ids_;
};

Status check_blob(std::string_view member, const Bytes& blob) {
  if (blob.size() <= limits::kDocumentBytes) return {};
  return invalid_argument("has " + std::to_string(blob.size()) + " bytes; at most " +
                              std::to_string(limits::kDocumentBytes) + " are allowed",
                          std::string(member));
}

Status check_timeline(const TimelineRow& row) {
  RESULTSDB_TRY(check_name("timelines.branch", row.key.branch));
  if (row.version == 0) return invalid_argument("must be at least 1", "timelines.version");
  RESULTSDB_TRY(check_position("timelines.first_position", row.first_position));
  RESULTSDB_TRY(check_position("timelines.last_position", row.last_position));
  RESULTSDB_TRY(check_time("timelines.last_received", row.last_received));
  return check_blob("timelines.state", row.state);
}

Status check_run(const RunRow& row) {
  RESULTSDB_TRY(check_position("put_runs.position", row.position));
  RESULTSDB_TRY(check_time("put_runs.started", row.started));
  RESULTSDB_TRY(check_name("put_runs.variant", row.variant));
  RESULTSDB_TRY(check_public_id("put_runs.id", row.id));
  RESULTSDB_TRY(check_time("put_runs.received", row.received));
  if (row.lease_until) RESULTSDB_TRY(check_time("put_runs.lease_until", *row.lease_until));
  if (row.digest.size() > kMaxDigest) return invalid_argument("has more than 64 bytes", "put_runs.digest");
  RESULTSDB_TRY(check_blob("put_runs.counters", row.counters));
  RESULTSDB_TRY(check_text("put_runs.header", row.header, limits::kDocumentBytes));
  return check_pairs("put_runs.indexed", row.indexed);
}

Status check_change(std::string_view member, const ChangeKey& key) {
  RESULTSDB_TRY(check_position(member, key.position));
  RESULTSDB_TRY(check_time(member, key.started));
  return check_name(member, key.variant);
}

template <class Rows>
Status check_blobs(std::string_view member, const Rows& rows) {
  for (const auto& row : rows) RESULTSDB_TRY(check_blob(member, row.blob));
  return {};
}

bool is_empty(const SuiteBatch& b) {
  return b.timelines.empty() && b.listed_tests.empty() && b.delete_runs.empty() &&
         b.delete_durations.empty() && b.delete_tiles.empty() && b.delete_test_sets.empty() &&
         b.delete_changes.empty() && b.delete_details.empty() && b.put_runs.empty() &&
         b.put_outcomes.empty() && b.put_durations.empty() && b.put_tiles.empty() &&
         b.put_test_sets.empty() && b.put_changes.empty() && b.put_details.empty();
}

Status check_covered(const SuiteBatch& batch) {
  const Timelines timelines(batch.timelines);
  RESULTSDB_TRY(timelines.cover("delete_runs", batch.delete_runs));
  RESULTSDB_TRY(timelines.cover("delete_durations", batch.delete_durations));
  RESULTSDB_TRY(timelines.cover("delete_tiles", batch.delete_tiles));
  RESULTSDB_TRY(timelines.cover("delete_test_sets", batch.delete_test_sets));
  RESULTSDB_TRY(timelines.cover("delete_changes", batch.delete_changes));
  RESULTSDB_TRY(timelines.cover("delete_details", batch.delete_details));
  RESULTSDB_TRY(timelines.cover("put_runs", batch.put_runs));
  RESULTSDB_TRY(timelines.cover("put_outcomes", batch.put_outcomes));
  RESULTSDB_TRY(timelines.cover("put_durations", batch.put_durations));
  RESULTSDB_TRY(timelines.cover("put_tiles", batch.put_tiles));
  RESULTSDB_TRY(timelines.cover("put_test_sets", batch.put_test_sets));
  RESULTSDB_TRY(timelines.cover("put_changes", batch.put_changes));
  return timelines.cover("put_details", batch.put_details);
}

Status check_keys(const SuiteBatch& batch) {
  RESULTSDB_TRY(check_unique("timelines", batch.timelines, [](const TimelineRow& r) { return r.id; }));
  RESULTSDB_TRY(check_unique("timelines", batch.timelines, [](const TimelineRow& r) {
    return std::tie(r.key.branch, r.key.configuration);
  }));
  const auto run = [](const auto& row) { return std::tie(row.timeline, row.serial); };
  RESULTSDB_TRY(check_unique("put_runs", batch.put_runs, run));
  RESULTSDB_TRY(check_unique("put_runs", batch.put_runs, [](const RunRow& r) {
    return std::tie(r.timeline, r.position, r.started, r.variant);
  }));
  RESULTSDB_TRY(check_unique("put_runs.id", batch.put_runs, [](const RunRow& r) { return std::tie(r.id); }));
  RESULTSDB_TRY(check_unique("put_outcomes", batch.put_outcomes, run));
  RESULTSDB_TRY(check_unique("put_durations", batch.put_durations,
                             [](const DurationsRow& r) { return std::tie(r.timeline, r.chunk, r.serial); }));
  RESULTSDB_TRY(check_unique("put_tiles", batch.put_tiles, [](const TileRow& r) {
    return std::tie(r.timeline, r.block, r.level, r.tile);
  }));
  RESULTSDB_TRY(check_unique("put_test_sets", batch.put_test_sets,
                             [](const TestSetRow& r) { return std::tie(r.timeline, r.id); }));
  RESULTSDB_TRY(check_unique("put_changes", batch.put_changes, [](const ChangeRow& r) {
    return std::tie(r.key.test, r.key.timeline, r.key.position, r.key.started, r.key.variant);
  }));
  return check_unique("put_details", batch.put_details,
                      [](const DetailRow& r) { return std::tie(r.timeline, r.serial, r.test); });
}

Status check_document(const DocumentPut& put) {
  const Document& document = put.document;
  RESULTSDB_TRY(check_name("puts.key", document.key, Presence::Required));
  if (document.text.size() > limits::kDocumentBytes) {
    return invalid_argument("has more than " + std::to_string(limits::kDocumentBytes) + " bytes",
                            "puts.text");
  }
  if (Status json = json::validate(document.text); !json) {
    return invalid_argument(std::move(json.error().message), "puts.text");
  }
  RESULTSDB_TRY(check_pairs("puts.attributes", document.attributes));
  return check_pairs("puts.unique", document.unique);
}

Status check_chunks(const DocumentBatch& batch) {
  const auto key = [](const ChunkRow& row) { return std::tie(row.key, row.number); };
  for (const ChunkRow& row : batch.delete_chunks)
    RESULTSDB_TRY(check_name("delete_chunks.key", row.key, Presence::Required));
  for (const ChunkRow& row : batch.put_chunks) {
    RESULTSDB_TRY(check_name("put_chunks.key", row.key, Presence::Required));
    if (row.bytes.empty() || row.bytes.size() > limits::kChunkBytes) {
      return invalid_argument("must have 1 to " + std::to_string(limits::kChunkBytes) + " bytes",
                              "put_chunks.bytes");
    }
  }
  RESULTSDB_TRY(check_unique("delete_chunks", batch.delete_chunks, key));
  return check_unique("put_chunks", batch.put_chunks, key);
}

}  // namespace

Status check_pairs(std::string_view member, const Attributes& pairs) {
  if (pairs.size() > limits::kAttributes) {
    return invalid_argument("has more than " + std::to_string(limits::kAttributes) + " pairs",
                            std::string(member));
  }
  for (const auto& [name, value] : pairs) {
    RESULTSDB_TRY(check_name(member, name, Presence::Required));
    RESULTSDB_TRY(check_name(member, value));
  }
  return check_unique(member, pairs, [](const auto& pair) { return std::tie(pair.first, pair.second); });
}

Status check_batch(const SuiteBatch& batch) {
  RESULTSDB_TRY(check_name("suite", batch.suite, Presence::Required));
  if (is_empty(batch)) return invalid_argument("the batch is empty", "suite " + batch.suite);
  for (const TimelineRow& row : batch.timelines) RESULTSDB_TRY(check_timeline(row));
  for (const RunRow& row : batch.put_runs) RESULTSDB_TRY(check_run(row));
  for (const ChangeKey& key : batch.delete_changes) RESULTSDB_TRY(check_change("delete_changes", key));
  for (const ChangeRow& row : batch.put_changes) RESULTSDB_TRY(check_change("put_changes", row.key));
  RESULTSDB_TRY(check_blobs("put_outcomes.blob", batch.put_outcomes));
  RESULTSDB_TRY(check_blobs("put_durations.blob", batch.put_durations));
  RESULTSDB_TRY(check_blobs("put_tiles.blob", batch.put_tiles));
  RESULTSDB_TRY(check_blobs("put_test_sets.blob", batch.put_test_sets));
  RESULTSDB_TRY(check_blobs("put_details.blob", batch.put_details));
  RESULTSDB_TRY(check_covered(batch));
  return check_keys(batch);
}

Status check_batch(const RepositoryBatch& batch) {
  RESULTSDB_TRY(check_name("row.name", batch.row.name, Presence::Required));
  if (batch.row.version == 0) return invalid_argument("must be at least 1", "row.version");
  RESULTSDB_TRY(check_text("row.text", batch.row.text, limits::kDocumentBytes));
  for (const CommitKey& key : batch.delete_commits) {
    RESULTSDB_TRY(check_name("delete_commits.branch", key.branch));
    RESULTSDB_TRY(check_position("delete_commits.position", key.position));
    RESULTSDB_TRY(check_name("delete_commits.id", key.id, Presence::Required));
  }
  std::vector<CommitKey> keys;
  for (const CommitRow& commit : batch.put_commits) {
    RESULTSDB_TRY(validate_commit(commit));
    if (commit.repository != batch.row.name) {
      return invalid_argument("\"" + commit.repository + "\" is not the batch's repository",
                              "put_commits.repository");
    }
    if (!commit.position) return invalid_argument("must be set", "put_commits.position");
    keys.push_back({commit.branch, *commit.position, commit.id()});
  }
  return check_unique("put_commits", keys, [](const CommitKey& key) -> const CommitKey& { return key; });
}

Status check_batch(const DocumentBatch& batch) {
  RESULTSDB_TRY(check_name("collection", batch.collection, Presence::Required));
  if (batch.deletes.empty() && batch.puts.empty() && batch.delete_chunks.empty() &&
      batch.put_chunks.empty()) {
    return invalid_argument("the batch is empty", "collection " + batch.collection);
  }
  std::vector<std::pair<std::string_view, std::string_view>> unique;
  for (const DocumentDelete& row : batch.deletes) {
    RESULTSDB_TRY(check_name("deletes.key", row.key, Presence::Required));
    if (row.expected_version == 0u) {
      return invalid_argument("0 makes no sense: what is not there cannot be deleted",
                              "deletes.expected_version");
    }
  }
  for (const DocumentPut& put : batch.puts) {
    RESULTSDB_TRY(check_document(put));
    unique.insert(unique.end(), put.document.unique.begin(), put.document.unique.end());
  }
  RESULTSDB_TRY(check_chunks(batch));
  RESULTSDB_TRY(
      check_unique("deletes", batch.deletes, [](const DocumentDelete& d) { return std::tie(d.key); }));
  RESULTSDB_TRY(
      check_unique("puts", batch.puts, [](const DocumentPut& p) { return std::tie(p.document.key); }));
  if (check_unique("puts.unique", unique, [](const auto& pair) { return pair; })) return {};
  return make_error(ErrorCode::AlreadyExists, "two documents of the batch have the same unique pair",
                    "puts.unique");
}

}  // namespace resultsdb::domain
