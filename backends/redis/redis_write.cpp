// Writing a suite: reads what the batch replaces, then one transaction that holds only if that is unchanged.
// All rows of a timeline change only together with its version, so the versions guard nearly all of it.
#include <algorithm>
#include <set>

#include "redis_storage.hpp"

namespace resultsdb::backends::redis {

using namespace storage;

namespace {

constexpr int kMaxRounds = 20;

using ChangeField = std::pair<TestId, TimelineId>;

/// What is there before the batch.
struct Before {
  std::map<RunRef, RunRow> runs;                  // of those that the batch deletes or puts
  std::vector<std::optional<RunRef>> id_holders;  // of each put_runs' id
  std::map<ChangeField, ChangeList> changes;      // of those that the batch changes
};

std::string pack_field(const ChangeField& field) {
  return ByteWriter().u32(field.first).u32(field.second).text();
}

Error conflict(std::uint64_t version, TimelineId timeline) {
  return redis_error(ErrorCode::Conflict, "the timeline is at version " + std::to_string(version),
                     "timeline " + std::to_string(timeline));
}

std::vector<RunRef> touched_runs(const SuiteBatch& batch) {
  std::set<RunRef> refs(batch.delete_runs.begin(), batch.delete_runs.end());
  for (const auto& run : batch.put_runs) refs.insert(run.ref());
  return {refs.begin(), refs.end()};
}

std::vector<ChangeField> touched_changes(const SuiteBatch& batch) {
  std::set<ChangeField> fields;
  for (const auto& key : batch.delete_changes) fields.emplace(key.test, key.timeline);
  for (const auto& row : batch.put_changes) fields.emplace(row.key.test, row.key.timeline);
  return {fields.begin(), fields.end()};
}

template <class Items, class Pack>
Command multi_get(std::string key, const Items& items, Pack pack) {
  Command command{"HMGET", std::move(key)};
  for (const auto& item : items) command.push_back(pack(item));
  return command;
}

Status check_versions(const SuiteBatch& batch, const Reply& rows) {
  for (std::size_t i = 0; i < batch.timelines.size(); ++i) {
    const auto version = rows.items[i].is_nil() ? 0 : ByteReader(rows.items[i].text).u64();
    if (version + 1 != batch.timelines[i].version) return conflict(version, batch.timelines[i].id);
  }
  return {};
}

/// AlreadyExists if a run that stays holds what a new one needs. `naturals`: the holder of each natural key.
Status check_unique(const SuiteBatch& batch, const Before& before, std::span<const Reply> naturals) {
  const std::set<RunRef> deleted(batch.delete_runs.begin(), batch.delete_runs.end());
  for (std::size_t i = 0; i < batch.put_runs.size(); ++i) {
    const auto& run = batch.put_runs[i];
    const auto taken = [&](RunRef holder) { return holder != run.ref() && !deleted.contains(holder); };
    const auto& members = naturals[i].items;
    if (!members.empty()) {
      const std::string_view member = members.front().text;
      RESULTSDB_ASSIGN(const auto holder,
                       unpack_ref(member.substr(member.size() - std::min<std::size_t>(member.size(), 8))));
      if (taken(holder))
        return redis_error(ErrorCode::AlreadyExists, "a run with this position, start and variant is there",
                           run.id);
    }
    if (before.id_holders[i] && taken(*before.id_holders[i]))
      return redis_error(ErrorCode::AlreadyExists, "another run has this id", run.id);
  }
  return {};
}

Result<Before> read_before(Client& client, const Keys& keys, Seal seal, const SuiteBatch& batch) {
  const auto refs = touched_runs(batch);
  const auto fields = touched_changes(batch);
  std::vector<Command> commands;
  const auto ask = [&](bool needed, Command command) {
    if (needed) commands.push_back(std::move(command));
    return needed ? commands.size() - 1 : 0;
  };
  ask(!batch.timelines.empty(), multi_get(keys[suite::kTimelines], batch.timelines,
                                          [](const TimelineRow& row) { return pack_id(row.id); }));
  const auto runs = ask(!refs.empty(), multi_get(keys[suite::kRuns], refs, pack_ref));
  const auto ids = ask(!batch.put_runs.empty(), multi_get(keys[suite::kRunIds], batch.put_runs,
                                                          [](const RunRow& run) { return run.id; }));
  const auto changes = ask(!fields.empty(), multi_get(keys[suite::kChanges], fields, pack_field));
  const auto naturals = commands.size();
  for (const auto& run : batch.put_runs) {
    const auto range = LexRange::prefix(natural_key(run));
    commands.push_back(
        {"ZRANGEBYLEX", keys[suite::kRunsByTimeline], range.min(), range.max(), "LIMIT", "0", "1"});
  }
  RESULTSDB_ASSIGN(const auto replies, client.snapshot(keys[suite::kRuns], commands));

  Before before;
  if (!batch.timelines.empty()) RESULTSDB_TRY(check_versions(batch, replies[0]));
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const auto& item = replies[runs].items[i];
    if (item.is_nil()) continue;
    RESULTSDB_ASSIGN(auto run, unpack_run(refs[i], seal.open(item.text)));
    before.runs.emplace(refs[i], std::move(run));
  }
  for (std::size_t i = 0; i < batch.put_runs.size(); ++i) {
    const auto& item = replies[ids].items[i];
    before.id_holders.emplace_back();
    if (item.is_nil()) continue;
    RESULTSDB_ASSIGN(before.id_holders.back(), unpack_ref(item.text));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    RESULTSDB_ASSIGN(before.changes[fields[i]], unpack_changes(replies[changes].items[i].text));
  }
  RESULTSDB_TRY(check_unique(batch, before, std::span(replies).subspan(naturals)));
  return before;
}

void expect(Transaction& transaction, const SuiteBatch& batch, const Before& before) {
  for (const auto& row : batch.timelines)
    transaction.expect_version(suite::kTimelines, pack_id(row.id), row.version - 1);
  for (std::size_t i = 0; i < batch.put_runs.size(); ++i) {
    const auto& holder = before.id_holders[i];
    transaction.expect(suite::kRunIds, batch.put_runs[i].id, holder ? pack_ref(*holder) : "");
  }
}

void delete_entries(Transaction& transaction, const RunRow& run) {
  transaction.hash_delete(suite::kRunIds, run.id);
  for_each_entry(run, [&](std::string_view table, const std::string& member) {
    transaction.sorted_delete(table, member);
  });
}

std::string key_of(const DurationsRow& row) {
  return ByteWriter().u32(row.timeline).u32(row.chunk).u32(row.serial).text();
}
std::string key_of(const TileRow& row) {
  return ByteWriter().u32(row.timeline).u32(row.block).u32(row.level).u32(row.tile).text();
}
std::string key_of(const TestSetRow& row) { return ByteWriter().u32(row.timeline).u32(row.id).text(); }
std::string key_of(const DetailRow& row) {
  return ByteWriter().u32(row.timeline).u32(row.serial).u32(row.test).text();
}

template <class Rows>
void delete_members(Transaction& transaction, std::string_view table, const Rows& rows) {
  for (const auto& row : rows) transaction.sorted_delete(table, LexRange::prefix(key_of(row)));
}

template <class Rows>
void put_members(Transaction& transaction, std::string_view table, const Rows& rows) {
  delete_members(transaction, table, rows);
  for (const auto& row : rows) transaction.sorted_add(table, key_of(row) + row.blob);
}

void delete_rows(Transaction& transaction, const SuiteBatch& batch, const Before& before) {
  for (const auto& [ref, run] : before.runs) delete_entries(transaction, run);
  for (const auto& ref : batch.delete_runs) {
    const auto key = pack_ref(ref);
    transaction.hash_delete(suite::kRuns, key);
    transaction.hash_delete(suite::kRunOutcomes, key);
    transaction.delete_durations(suite::kRunDurations, ref);
    transaction.sorted_delete(suite::kDetails, LexRange::prefix(key));
  }
  delete_members(transaction, suite::kRunDurations, batch.delete_durations);
  delete_members(transaction, suite::kTiles, batch.delete_tiles);
  delete_members(transaction, suite::kTestSets, batch.delete_test_sets);
  delete_members(transaction, suite::kDetails, batch.delete_details);
}

void put_rows(Transaction& transaction, const SuiteBatch& batch) {
  for (const auto& run : batch.put_runs) {
    transaction.hash_set(suite::kRuns, pack_ref(run.ref()), pack(run));
    transaction.hash_set(suite::kRunIds, run.id, pack_ref(run.ref()));
    for_each_entry(run, [&](std::string_view table, const std::string& member) {
      transaction.sorted_add(table, member);
    });
  }
  for (const auto& row : batch.put_outcomes)
    transaction.hash_set(suite::kRunOutcomes, pack_ref({row.timeline, row.serial}), row.blob);
  put_members(transaction, suite::kRunDurations, batch.put_durations);
  put_members(transaction, suite::kTiles, batch.put_tiles);
  delete_members(transaction, suite::kTestSets, batch.put_test_sets);
  for (const auto& row : batch.put_test_sets) transaction.sorted_add(suite::kTestSets, pack(row));
  put_members(transaction, suite::kDetails, batch.put_details);
}

void write_changes(Transaction& transaction, const SuiteBatch& batch,
                   std::map<ChangeField, ChangeList> lists) {
  for (const auto& key : batch.delete_changes)
    lists[{key.test, key.timeline}].erase({key.position, key.started, key.variant});
  for (const auto& [key, outcome] : batch.put_changes)
    lists[{key.test, key.timeline}][{key.position, key.started, key.variant}] = outcome;
  for (const auto& [field, list] : lists)
    if (list.empty()) transaction.hash_delete(suite::kChanges, pack_field(field));
  for (const auto& [field, list] : lists)
    if (!list.empty()) transaction.hash_set(suite::kChanges, pack_field(field), pack(list));
}

}  // namespace

template <class Batch>
Status RedisStorage::apply_to(const Keys& keys, const Batch& batch) {
  RESULTSDB_TRY(check_writable());
  for (int round = 0; round < kMaxRounds; ++round) {
    RESULTSDB_ASSIGN(const bool done, apply_once(keys, batch));
    if (done) return {};
  }
  return redis_error(ErrorCode::Conflict, "others change the same rows all the time; repeat later");
}

Result<bool> RedisStorage::apply_once(const Keys& keys, const SuiteBatch& batch) {
  RESULTSDB_ASSIGN(auto before, read_before(*client_, keys, seal_, batch));
  Transaction transaction(keys, seal_);
  expect(transaction, batch, before);
  delete_rows(transaction, batch, before);
  put_rows(transaction, batch);
  write_changes(transaction, batch, std::move(before.changes));
  transaction.list_tests(suite::kTestNames, suite::kListedTests, batch.listed_tests);
  for (const auto& row : batch.timelines) transaction.hash_set(suite::kTimelines, pack_id(row.id), pack(row));
  return std::move(transaction).commit(*client_, limits_);
}

Status RedisStorage::do_apply(const SuiteBatch& batch) {
  const bool is_new = std::any_of(batch.timelines.begin(), batch.timelines.end(),
                                  [](const TimelineRow& row) { return row.version == 1; });
  RESULTSDB_TRY(check_writable());
  RESULTSDB_TRY(register_name(Keys::Kind::Suite, batch.suite, is_new));
  return apply_to(suite_keys(batch.suite), batch);
}

Status RedisStorage::do_apply(const RepositoryBatch& batch) {
  RESULTSDB_TRY(check_writable());
  RESULTSDB_TRY(register_name(Keys::Kind::Repository, batch.row.name, batch.row.version == 1));
  return apply_to(Keys(prefix_, Keys::Kind::Repository, batch.row.name), batch);
}

Status RedisStorage::do_apply(const DocumentBatch& batch) {
  RESULTSDB_TRY(check_writable());
  if (!batch.puts.empty()) RESULTSDB_TRY(register_name(Keys::Kind::Collection, batch.collection, true));
  return apply_to(Keys(prefix_, Keys::Kind::Collection, batch.collection), batch);
}

}  // namespace resultsdb::backends::redis
