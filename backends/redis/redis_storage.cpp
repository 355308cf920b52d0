// Life cycle, the registries of names, and what all writes share.
#include "redis_storage.hpp"

#include <algorithm>

namespace resultsdb::backends::redis {

using namespace storage;

namespace {

constexpr std::size_t kRememberedNames = 10'000;

}  // namespace

Result<StorageInfo> RedisStorage::do_info() {
  return StorageInfo{.backend = "redis",
                     .location = client_->location() +
                                 (client_->is_cluster() ? " (cluster), keys " : ", keys ") + prefix_ + '*',
                     .schema_version = schema_version_,
                     .oldest_reader = oldest_reader_,
                     .software_version = kSchemaVersion,
                     .capabilities = {.durable = true, .shared_by_processes = true, .read_only = read_only_}};
}

Status RedisStorage::do_ping() {
  RESULTSDB_ASSIGN(const auto reply, client_->run(prefix_, Access::Repeatable, Command{"PING"}));
  return {};
}

Status RedisStorage::do_migrate() { return check_writable(); }

Status RedisStorage::check_writable() const {
  if (!read_only_) return {};
  return redis_error(ErrorCode::PermissionDenied, "the store is opened for reading only",
                     client_->location());
}

// --- names of suites, repositories and collections

Status RedisStorage::register_name(Keys::Kind kind, std::string_view name, bool first) {
  const std::uint64_t disturbances = client_->disturbances();
  std::pair entry(kind, std::string(name));
  {
    std::lock_guard lock(registered_mutex_);
    if (registered_since_ != disturbances) registered_.clear();
    registered_since_ = disturbances;
    if (!first && registered_.contains(entry)) return {};
  }
  const auto key = registry_key(prefix_, kind);
  RESULTSDB_ASSIGN(const auto reply,
                   client_->run(key, Access::Repeatable, Command{"ZADD", key, "0", entry.second}));
  std::lock_guard lock(registered_mutex_);
  if (registered_since_ == disturbances && registered_.size() < kRememberedNames)
    registered_.insert(std::move(entry));
  return {};
}

Result<std::vector<std::string>> RedisStorage::registered_names(Keys::Kind kind) {
  const auto key = registry_key(prefix_, kind);
  RESULTSDB_ASSIGN(auto reply, client_->run(key, Access::Repeatable, Command{"ZRANGE", key, "0", "-1"}));
  std::vector<std::string> names;
  for (auto& item : reply.items) names.push_back(std::move(item.text));
  return names;
}

Result<std::vector<std::string>> RedisStorage::names_with(Keys::Kind kind, std::string_view table) {
  RESULTSDB_ASSIGN(auto names, registered_names(kind));
  std::vector<std::pair<std::string, Command>> questions;
  for (const auto& name : names) {
    auto key = Keys(prefix_, kind, name)[table];
    Command command{"EXISTS", key};
    questions.emplace_back(std::move(key), std::move(command));
  }
  RESULTSDB_ASSIGN(const auto answers, client_->scatter(questions));
  std::vector<std::string> there;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (answers[i].integer > 0) there.push_back(std::move(names[i]));
  return there;
}

Result<std::vector<std::string>> RedisStorage::do_find_suites() {
  return names_with(Keys::Kind::Suite, suite::kTimelines);
}

Result<std::vector<std::string>> RedisStorage::do_list_collections() {
  return names_with(Keys::Kind::Collection, collection::kDocuments);
}

// --- sizes

namespace {

struct Table {
  std::string_view key;
  const char* name;
  const char* count;  // the command that counts its rows
};
constexpr Table kSuiteTables[] = {
    {suite::kTestNames, "test", "LLEN"},
    {suite::kTestIds, "test_id", "ZCARD"},
    {suite::kListedTests, "test_listed", "BITCOUNT"},
    {suite::kTimelines, "timeline", "HLEN"},
    {suite::kRuns, "run", "HLEN"},
    {suite::kRunIds, "run_id", "HLEN"},
    {suite::kRunsByTimeline, "run_order", "ZCARD"},
    {suite::kRunsByPosition, "run_order", "ZCARD"},
    {suite::kRunsByStart, "run_order", "ZCARD"},
    {suite::kRunsByReceipt, "run_order", "ZCARD"},
    {suite::kRunAttributes, "run_attribute", "ZCARD"},
    {suite::kRunOutcomes, "run_outcomes", "HLEN"},
    {suite::kRunDurations, "run_durations", "ZCARD"},
    {suite::kTiles, "duration_tile", "ZCARD"},
    {suite::kTestSets, "test_set", "ZCARD"},
    {suite::kChanges, "change", "HLEN"},
    {suite::kDetails, "detail", "ZCARD"},
};

}  // namespace

/// Bytes are Redis' own estimate; a change counts as one row per test and timeline.
Result<std::vector<TableSize>> RedisStorage::do_sizes() {
  RESULTSDB_ASSIGN(const auto suites, registered_names(Keys::Kind::Suite));
  std::vector<std::pair<std::string, Command>> questions;
  for (const auto& name : suites) {
    const auto keys = suite_keys(name);
    for (const auto& table : kSuiteTables) {
      const auto key = keys[table.key];
      questions.emplace_back(key, Command{table.count, key});
      questions.emplace_back(key, Command{"MEMORY", "USAGE", key});
    }
  }
  RESULTSDB_ASSIGN(const auto answers, client_->scatter(questions));
  std::map<std::string, TableSize> tables;
  for (std::size_t i = 0; i < answers.size(); i += 2) {
    auto& size = tables[kSuiteTables[i / 2 % std::size(kSuiteTables)].name];
    size.rows += static_cast<std::uint64_t>(answers[i].integer);
    size.bytes += static_cast<std::uint64_t>(answers[i + 1].integer);
  }
  std::vector<TableSize> sizes;
  for (auto& [name, size] : tables) {
    size.table = name;
    sizes.push_back(std::move(size));
  }
  return sizes;
}

}  // namespace resultsdb::backends::redis
