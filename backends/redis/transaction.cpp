#include "transaction.hpp"

#include <algorithm>
#include <random>

#include "scripts.hpp"

namespace resultsdb::backends::redis {

namespace {

constexpr std::size_t kMaxArguments = 1000;  // of one operation: they stand on the script's stack
constexpr std::string_view kStagedSeconds = "3600";

std::string random_name() {
  std::random_device random;
  std::string name = "staged:";
  for (int i = 0; i < 4; ++i) name += std::to_string(random()) + '.';
  return name;
}

std::size_t size_of(const std::vector<std::string>& texts) {
  std::size_t size = 0;
  for (const auto& text : texts) size += text.size() + 16;
  return size;
}

}  // namespace

std::string Transaction::key(std::string_view table) {
  auto name = keys_[table];
  auto found = std::find(key_names_.begin(), key_names_.end(), name);
  if (found == key_names_.end()) found = key_names_.insert(found, std::move(name));
  return std::to_string(found - key_names_.begin() + 1);
}

void Transaction::expect(std::string_view table, std::string_view field, std::string_view value) {
  ++expected_;
  expectations_.insert(expectations_.end(), {key(table), std::string(field), "-1", std::string(value)});
}

void Transaction::expect_version(std::string_view table, std::string_view field, std::uint64_t version) {
  ++expected_;
  expectations_.insert(expectations_.end(), {key(table), std::string(field), "8",
                                             version == 0 ? "" : ByteWriter().u64(version).text()});
}

void Transaction::add(std::string_view command, std::string_view table,
                      std::initializer_list<std::string_view> arguments) {
  const auto index = key(table);
  const auto held = arguments_.empty() ? 0 : arguments_.size() - open_ - 1;
  if (held == 0 || held + arguments.size() > kMaxArguments || arguments_[open_ - 2] != command ||
      arguments_[open_ - 1] != index || command == "ZREMRANGEBYLEX" || command == "delete_durations") {
    arguments_.insert(arguments_.end(), {std::string(command), index, "0"});
    open_ = arguments_.size() - 1;
  }
  for (const auto argument : arguments) arguments_.emplace_back(argument);
  arguments_[open_] = std::to_string(arguments_.size() - open_ - 1);
}

void Transaction::hash_set(std::string_view table, std::string_view field, std::string_view value) {
  add("HSET", table, {field, seal_.close(table, field, value)});
}
void Transaction::hash_delete(std::string_view table, std::string_view field) { add("HDEL", table, {field}); }
void Transaction::sorted_add(std::string_view table, std::string_view member) {
  add("ZADD", table, {"0", seal_.close(table, {}, member)});
}
void Transaction::sorted_delete(std::string_view table, std::string_view member) {
  add("ZREM", table, {member});
}
void Transaction::sorted_delete(std::string_view table, const LexRange& range) {
  add("ZREMRANGEBYLEX", table, {range.min(), range.max()});
}

void Transaction::list_tests(std::string_view names, std::string_view listed,
                             const std::vector<storage::TestId>& ids) {
  if (ids.empty()) return;
  const auto names_key = key(names);
  arguments_.insert(arguments_.end(), {"list_tests", key(listed), std::to_string(ids.size() + 1), names_key});
  open_ = arguments_.size() - 2;
  for (const auto id : ids) arguments_.push_back(std::to_string(id));
}

void Transaction::delete_durations(std::string_view table, storage::RunRef run) {
  const auto range = LexRange::prefix(pack_id(run.timeline));
  add("delete_durations", table, {range.min(), range.max(), pack_id(run.serial)});
}

Result<std::size_t> Transaction::stage(Client& client, std::size_t piece_bytes) {
  const auto name = keys_[random_name()];
  Command piece;
  std::size_t bytes = 0;
  const auto send = [&]() -> Status {
    const std::vector<Command> commands{std::move(piece), {"EXPIRE", name, std::string(kStagedSeconds)}};
    piece.clear();
    bytes = 0;
    RESULTSDB_ASSIGN(const auto replies, client.run(name, Access::Once, commands));
    return {};
  };
  for (auto& argument : arguments_) {
    if (piece.empty()) piece = {"RPUSH", name};
    bytes += argument.size() + 16;
    piece.push_back(std::move(argument));
    if (bytes >= piece_bytes) RESULTSDB_TRY(send());
  }
  if (!piece.empty()) RESULTSDB_TRY(send());
  key_names_.push_back(name);
  return arguments_.size();
}

Result<bool> Transaction::commit(Client& client, const WriteLimits& limits) && {
  std::vector<std::string> arguments = std::move(expectations_);
  arguments.insert(arguments.begin(), std::to_string(expected_));
  arguments.insert(arguments.end(), std::make_move_iterator(arguments_.begin()),
                   std::make_move_iterator(arguments_.end()));
  arguments_ = std::move(arguments);
  std::size_t staged = 0;
  if (size_of(arguments_) > limits.batch_bytes) {
    RESULTSDB_ASSIGN(staged, stage(client, limits.batch_bytes));
    arguments_.clear();
  }
  arguments_.insert(arguments_.begin(), std::to_string(staged));

  std::vector<Command> wait;
  if (limits.wait_replicas > 0)
    wait.push_back({"WAIT", std::to_string(limits.wait_replicas), std::to_string(limits.wait.count())});
  RESULTSDB_ASSIGN(const auto replies,
                   client.eval(Access::Once, scripts::apply, key_names_, std::move(arguments_), wait));
  if (replies[0].integer < 0)
    return redis_error(
        ErrorCode::Unavailable,
        "the staged part of a large write is gone (an hour passed, or the server evicts keys); "
        "nothing was written; repeat it");
  if (replies[0].integer > 0) return false;
  if (!wait.empty() && replies[1].integer < limits.wait_replicas)
    // Not Unavailable: a repeat would find everything written, and nobody would have confirmed it.
    return redis_error(
        ErrorCode::ResourceExhausted,
        "written, but only " + std::to_string(replies[1].integer) + " of " +
            std::to_string(limits.wait_replicas) +
            " replicas confirmed it in time: a fail-over now may lose it; see to the replicas");
  return true;
}

}  // namespace resultsdb::backends::redis
