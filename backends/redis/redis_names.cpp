// Interned names: tests, outcomes, configurations, timelines.
#include <algorithm>
#include <set>

#include "redis_storage.hpp"
#include "scripts.hpp"

namespace resultsdb::backends::redis {

using namespace storage;

namespace {

constexpr std::size_t kNamesAtOnce = 10'000;
constexpr std::uint32_t kGap = 32;  // ids this near to each other are read in one go

}  // namespace

Result<std::optional<std::vector<std::uint32_t>>> RedisStorage::intern(const Keys& keys, std::string_view ids,
                                                                       std::string_view list,
                                                                       std::uint32_t first, std::size_t limit,
                                                                       std::vector<std::string> names) {
  RESULTSDB_TRY(check_writable());
  std::vector<std::string> tables{keys[ids]};
  if (!list.empty()) tables.push_back(keys[list]);
  std::vector<std::uint32_t> found;
  for (std::size_t begin = 0; begin < names.size(); begin += kNamesAtOnce) {
    const auto end = std::min(begin + kNamesAtOnce, names.size());
    std::vector<std::string> arguments{std::to_string(first), std::to_string(limit)};
    for (auto i = begin; i < end; ++i) arguments.push_back(std::move(names[i]));
    RESULTSDB_ASSIGN(const auto replies,
                     client_->eval(Access::Repeatable, scripts::intern, tables, arguments));
    if (replies[0].kind == Reply::Kind::Integer) return std::optional<std::vector<std::uint32_t>>();
    for (const auto& item : replies[0].items) found.push_back(static_cast<std::uint32_t>(item.integer));
  }
  return std::optional(std::move(found));
}

Result<std::vector<std::int64_t>> RedisStorage::test_ids(std::string_view suite, const char* mode,
                                                         std::span<const std::string_view> names) {
  const auto keys = suite_keys(suite);
  const std::string tables[] = {keys[suite::kTestIds], keys[suite::kTestNames]};
  std::vector<std::int64_t> ids;
  for (std::size_t begin = 0; begin < names.size(); begin += kNamesAtOnce) {  // names are never taken back
    const auto part = names.subspan(begin, std::min(kNamesAtOnce, names.size() - begin));
    std::vector<std::string> arguments{mode};
    arguments.insert(arguments.end(), part.begin(), part.end());
    RESULTSDB_ASSIGN(const auto replies,
                     client_->eval(Access::Repeatable, scripts::intern_tests, tables, std::move(arguments)));
    for (const auto& item : replies[0].items) ids.push_back(item.integer);
  }
  return ids;
}

Result<std::vector<TestId>> RedisStorage::do_intern_tests(std::string_view suite,
                                                          std::span<const std::string_view> names) {
  RESULTSDB_TRY(check_writable());
  RESULTSDB_ASSIGN(const auto ids, test_ids(suite, "make", names));
  return std::vector<TestId>(ids.begin(), ids.end());
}

Result<std::vector<OutcomeId>> RedisStorage::do_intern_outcomes(std::string_view suite,
                                                                std::span<const OutcomeKey> keys) {
  const OutcomeKey plain{.expected = "PASS", .actual = "PASS", .attributes = std::nullopt};
  std::map<OutcomeKey, std::size_t> places;  // each once, in one step, so that nothing is added in vain
  std::vector<std::string> packed;
  for (const auto& key : keys)
    if (key != plain && places.emplace(key, packed.size()).second) packed.push_back(pack_key(key));
  const auto full = [&] {
    return redis_error(ErrorCode::ResourceExhausted, "the suite's outcome dictionary is full",
                       std::string(suite));
  };
  if (packed.size() > limits::kOutcomesPerSuite) return full();
  RESULTSDB_ASSIGN(const auto ids, intern(suite_keys(suite), suite::kOutcomeIds, suite::kOutcomeKeys, 1,
                                          limits::kOutcomesPerSuite, std::move(packed)));
  if (!ids) return full();
  std::vector<OutcomeId> answer;
  for (const auto& key : keys) answer.push_back(key == plain ? 0 : (*ids)[places[key]]);
  return answer;
}

Result<std::vector<ConfigurationId>> RedisStorage::do_intern_configurations(
    std::string_view suite, std::span<const std::string_view> keys) {
  RESULTSDB_ASSIGN(auto ids, intern(suite_keys(suite), suite::kConfigurationIds, suite::kConfigurationKeys, 1,
                                    ~ConfigurationId{0}, {keys.begin(), keys.end()}));
  if (!ids) return redis_error(ErrorCode::ResourceExhausted, "the suite has too many configurations");
  return std::move(*ids);
}

Result<std::vector<TimelineId>> RedisStorage::do_intern_timelines(std::string_view suite,
                                                                  std::span<const TimelineKey> keys) {
  std::vector<std::string> packed;
  for (const auto& key : keys) packed.push_back(pack_key(key));
  RESULTSDB_ASSIGN(auto ids,
                   intern(suite_keys(suite), suite::kTimelineIds, {}, 1, ~TimelineId{0}, std::move(packed)));
  if (!ids) return redis_error(ErrorCode::ResourceExhausted, "the suite has too many timelines");
  return std::move(*ids);
}

// --- reading

Result<std::vector<TestRow>> RedisStorage::do_find_tests(const TestQuery& query,
                                                         const std::optional<std::string>& after,
                                                         std::uint32_t limit) {
  const auto keys = suite_keys(query.suite);
  auto range = LexRange::prefix(query.prefix);
  if (after) range.after(*after + '\0');
  const std::string tables[] = {keys[suite::kTestIds], keys[suite::kListedTests]};
  RESULTSDB_ASSIGN(auto replies,
                   client_->eval(Access::Repeatable, scripts::find_tests, tables,
                                 {range.min(), range.max(), query.contains, std::to_string(limit)}));
  auto& items = replies[0].items;
  std::vector<TestRow> rows;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    rows.push_back({static_cast<TestId>(items[i + 1].integer), std::move(items[i].text)});
  return rows;
}

Result<std::uint64_t> RedisStorage::do_count_tests(std::string_view suite) {
  const auto key = suite_keys(suite)[suite::kListedTests];
  RESULTSDB_ASSIGN(const auto reply, client_->run(key, Access::Repeatable, Command{"BITCOUNT", key}));
  return static_cast<std::uint64_t>(reply.integer);
}

Result<std::vector<std::optional<TestId>>> RedisStorage::do_look_up_tests(
    std::string_view suite, std::span<const std::string_view> names) {
  RESULTSDB_ASSIGN(const auto ids, test_ids(suite, "find", names));
  std::vector<std::optional<TestId>> found;
  for (const auto id : ids) found.push_back(id < 0 ? std::nullopt : std::optional(static_cast<TestId>(id)));
  return found;
}

Result<std::vector<std::string>> RedisStorage::do_read_test_names(std::string_view suite,
                                                                  std::span<const TestId> ids) {
  const auto key = suite_keys(suite)[suite::kTestNames];
  const std::set<TestId> distinct(ids.begin(), ids.end());
  struct Piece {
    TestId first, last;
  };
  std::vector<Piece> pieces;
  for (const auto id : distinct) {
    if (pieces.empty() || id - pieces.back().last > kGap || id - pieces.back().first >= kNamesAtOnce)
      pieces.push_back({id, id});
    pieces.back().last = id;
  }
  std::vector<Command> commands;
  for (const auto& piece : pieces)
    commands.push_back({"LRANGE", key, std::to_string(piece.first), std::to_string(piece.last)});
  RESULTSDB_ASSIGN(auto replies, client_->run(key, Access::Repeatable, commands));
  std::map<TestId, std::string> found;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    for (std::size_t k = 0; k < replies[i].items.size(); ++k)
      found.emplace(pieces[i].first + static_cast<TestId>(k), std::move(replies[i].items[k].text));
  std::vector<std::string> names;
  for (const auto id : ids) {
    const auto name = found.find(id);
    if (name == found.end())
      return redis_error(ErrorCode::NotFound, "no test has this id", std::to_string(id));
    names.push_back(name->second);
  }
  return names;
}

namespace {

Result<std::vector<std::string>> read_list(Client& client, const std::string& key, std::int64_t first,
                                           std::int64_t last) {
  RESULTSDB_ASSIGN(auto reply,
                   client.run(key, Access::Repeatable,
                              Command{"LRANGE", key, std::to_string(first), std::to_string(last)}));
  std::vector<std::string> texts;
  for (auto& item : reply.items) texts.push_back(std::move(item.text));
  return texts;
}

}  // namespace

Result<std::vector<TestRow>> RedisStorage::do_scan_tests(std::string_view suite, TestId first,
                                                         std::uint32_t limit) {
  RESULTSDB_ASSIGN(auto names, read_list(*client_, suite_keys(suite)[suite::kTestNames], first,
                                         std::int64_t{first} + limit - 1));
  std::vector<TestRow> rows;
  for (auto& name : names) rows.push_back({first++, std::move(name)});
  return rows;
}

Result<std::vector<OutcomeRow>> RedisStorage::do_find_outcomes(std::string_view suite, OutcomeId first) {
  first = std::max(first, OutcomeId{1});
  RESULTSDB_ASSIGN(const auto keys,
                   read_list(*client_, suite_keys(suite)[suite::kOutcomeKeys], first - 1, -1));
  std::vector<OutcomeRow> rows;
  for (const auto& packed : keys) {
    RESULTSDB_ASSIGN(auto key, unpack_outcome_key(packed));
    rows.push_back({first++, std::move(key)});
  }
  return rows;
}

Result<std::vector<ConfigurationRow>> RedisStorage::do_find_configurations(std::string_view suite,
                                                                           ConfigurationId first) {
  first = std::max(first, ConfigurationId{1});
  RESULTSDB_ASSIGN(auto keys,
                   read_list(*client_, suite_keys(suite)[suite::kConfigurationKeys], first - 1, -1));
  std::vector<ConfigurationRow> rows;
  for (auto& key : keys) rows.push_back({first++, std::move(key)});
  return rows;
}

Result<std::vector<TimelineRow>> RedisStorage::do_find_timelines(std::string_view suite,
                                                                 std::span<const TimelineId> ids) {
  const auto key = suite_keys(suite)[suite::kTimelines];
  if (ids.empty()) {
    RESULTSDB_ASSIGN(auto reply, client_->run(key, Access::Repeatable, Command{"HGETALL", key}));
    return take_timelines(std::move(reply));
  }
  const std::set<TimelineId> wanted(ids.begin(), ids.end());
  Command command{"HMGET", key};
  for (const auto id : wanted) command.push_back(pack_id(id));
  RESULTSDB_ASSIGN(const auto reply, client_->run(key, Access::Repeatable, command));
  std::vector<TimelineRow> rows;
  auto value = reply.items.begin();
  for (const auto id : wanted) {
    const auto& bytes = *value++;
    if (bytes.is_nil()) continue;
    RESULTSDB_ASSIGN(rows.emplace_back(), unpack_timeline(id, seal_.open(bytes.text)));
  }
  return rows;
}

Result<std::vector<TimelineRow>> RedisStorage::take_timelines(Reply pairs) const {
  std::vector<TimelineRow> rows;
  for (std::size_t i = 0; i + 1 < pairs.items.size(); i += 2) {
    const auto id = ByteReader(pairs.items[i].text).u32();
    RESULTSDB_ASSIGN(rows.emplace_back(), unpack_timeline(id, seal_.open(pairs.items[i + 1].text)));
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return rows;
}

}  // namespace resultsdb::backends::redis
