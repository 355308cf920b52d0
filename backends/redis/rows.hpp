// Names of keys, and rows as the bytes that stand in them.
//
// All keys of a suite share a hash tag, so they lie in one slot of a cluster; likewise those of a repository
// and of a collection. Tables that are read by ranges are sorted sets with all scores 0, whose members begin
// with the row's key and end with the row itself. Where a script looks into a row, a comment says so.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "bytes.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::backends::redis {

/// The keys of one suite, repository or collection.
class Keys {
 public:
  enum class Kind { Suite, Repository, Collection };
  Keys(std::string_view prefix, Kind kind, std::string_view name);
  std::string operator[](std::string_view table) const { return base_ + std::string(table); }

 private:
  std::string base_;
};

/// Sorted set of all names of a kind. A suite is in it before its first row is written, and may be in it
/// without ever being written.
std::string registry_key(std::string_view prefix, Keys::Kind kind);

namespace suite {                                                     // tables of a suite
inline constexpr std::string_view kTestIds = "test:id";               // sorted: name, id
inline constexpr std::string_view kTestNames = "test:name";           // list: names by id
inline constexpr std::string_view kListedTests = "test:listed";       // bits by id
inline constexpr std::string_view kOutcomeIds = "outcome:id";         // hash: key -> id
inline constexpr std::string_view kOutcomeKeys = "outcome:key";       // list: keys by id - 1
inline constexpr std::string_view kConfigurationIds = "config:id";    // hash: key -> id
inline constexpr std::string_view kConfigurationKeys = "config:key";  // list: keys by id - 1
inline constexpr std::string_view kTimelineIds = "timeline:id";       // hash: key -> id
inline constexpr std::string_view kTimelines = "timeline";            // hash: id -> row
inline constexpr std::string_view kRuns = "run";                      // hash: reference -> row
inline constexpr std::string_view kRunIds = "run:id";                 // hash: public id -> reference
inline constexpr std::string_view kRunsByTimeline = "run:timeline";   // sorted, as the next four
inline constexpr std::string_view kRunsByPosition = "run:position";
inline constexpr std::string_view kRunsByStart = "run:started";
inline constexpr std::string_view kRunsByReceipt = "run:received";
inline constexpr std::string_view kRunAttributes = "run:attribute";
inline constexpr std::string_view kRunOutcomes = "outcomes";    // hash: reference -> blob
inline constexpr std::string_view kRunDurations = "durations";  // sorted: timeline, chunk, serial; blob
inline constexpr std::string_view kTiles = "tile";              // sorted: timeline, block, level, tile; blob
inline constexpr std::string_view kTestSets = "testset";        // sorted: timeline, id; row
inline constexpr std::string_view kChanges = "change";          // hash: test, timeline -> changes in order
inline constexpr std::string_view kDetails = "detail";          // sorted: timeline, serial, test; blob
}  // namespace suite

namespace repository {
inline constexpr std::string_view kRow = "row";          // hash: "row" -> version, text
inline constexpr std::string_view kCommits = "commit";   // sorted: position, branch, id; row
inline constexpr std::string_view kNames = "name";       // sorted: a name of a commit; its key
inline constexpr std::string_view kBranches = "branch";  // sorted: branch, position, id
}  // namespace repository

namespace collection {
inline constexpr std::string_view kDocuments = "document";    // hash: key -> row
inline constexpr std::string_view kOrder = "key";             // sorted: key
inline constexpr std::string_view kUnique = "unique";         // hash: pair -> key
inline constexpr std::string_view kAttributes = "attribute";  // sorted: pair, key
inline constexpr std::string_view kChunks = "chunk";          // hash: number (4 bytes), key -> bytes
}  // namespace collection

/// A range of a sorted set: members from `low` on and below `high`, by bytes.
class LexRange {
 public:
  /// All that begin with `prefix`.
  static LexRange prefix(std::string_view prefix);
  LexRange& at_least(std::string_view low);
  LexRange& below(std::string_view high);
  /// Cuts off what begins with `text`, and all before or behind it.
  LexRange& after(std::string_view text);
  LexRange& until(std::string_view text);

  std::string min() const { return "[" + low_; }
  std::string max() const { return high_.empty() ? "+" : "(" + high_; }
  const std::string& low() const { return low_; }
  const std::string& high() const { return high_; }  ///< empty: no bound
  bool contains(std::string_view text) const { return text >= low_ && (high_.empty() || text < high_); }

 private:
  std::string low_, high_;  // empty: no bound
};

std::string pack_pair(std::string_view name, std::string_view value);
std::string pack_key(const storage::OutcomeKey& key);
std::string pack_key(const storage::TimelineKey& key);
std::string pack_ref(storage::RunRef ref);
std::string pack_id(std::uint32_t id);
Result<storage::RunRef> unpack_ref(std::string_view bytes);
Result<storage::OutcomeKey> unpack_outcome_key(std::string_view bytes);

/// Begins with the version, in eight bytes.
std::string pack(const storage::TimelineRow& row);
Result<storage::TimelineRow> unpack_timeline(storage::TimelineId id, std::string_view bytes);

/// find_runs.lua reads: position, start, receipt (8 bytes each), state (1), size of digest (1), digest.
std::string pack(const storage::RunRow& row);
Result<storage::RunRow> unpack_run(storage::RunRef ref, std::string_view bytes);
/// Members of the sorted sets; each ends with the reference.
std::string natural_key(const storage::RunRow& row);  ///< how the member in kRunsByTimeline begins
std::string member_by_timeline(const storage::RunRow& row);
std::string member_by_position(const storage::RunRow& row);
std::string member_by_start(const storage::RunRow& row);
std::string member_by_receipt(const storage::RunRow& row);

/// All entries of sorted sets that lead to a run: `act` gets table and member.
template <class Act>
void for_each_entry(const storage::RunRow& run, Act act) {
  act(suite::kRunsByTimeline, member_by_timeline(run));
  act(suite::kRunsByPosition, member_by_position(run));
  act(suite::kRunsByStart, member_by_start(run));
  act(suite::kRunsByReceipt, member_by_receipt(run));
  for (const auto& [name, value] : run.indexed)
    act(suite::kRunAttributes, pack_pair(name, value) + pack_ref(run.ref()));
}

/// Changes of one test on one timeline: order key -> outcome.
using ChangeList = std::map<std::tuple<Position, Time, std::string>, storage::OutcomeId>;
std::string pack(const ChangeList& changes);
Result<ChangeList> unpack_changes(std::string_view bytes);

/// Without key; the key stands in front.
std::string pack(const storage::TestSetRow& row);
Result<storage::TestSetRow> unpack_test_set(std::string_view member);

/// How the member of a commit begins.
std::string pack_key(const storage::CommitKey& key);
/// Key and row. find_commits.lua reads, after the key, the texts that are searched: each its size (4 bytes)
/// and itself: message, author, hash, identifier.
std::string pack(const storage::CommitRow& row);
Result<storage::CommitRow> unpack_commit(std::string_view repository, std::string_view member);
/// Its member in kBranches.
std::string branch_member(const storage::CommitKey& key);
/// What a commit is found by, in kNames: a letter and the name; ends so that only equal names begin so.
std::vector<std::string> commit_names(const storage::CommitRow& row);
std::string hash_name(std::string_view prefix);
std::string revision_name(std::int64_t revision);
std::string identifier_name(std::string_view identifier);

/// Begins with the version, in eight bytes.
std::string pack(const storage::Document& document);
Result<storage::Document> unpack_document(std::string_view collection, std::string_view key,
                                          std::string_view bytes);

Error damaged(std::string_view table);

}  // namespace resultsdb::backends::redis
