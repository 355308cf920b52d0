// Reading runs and what hangs on them.
#include <algorithm>
#include <set>
#include <tuple>

#include "redis_storage.hpp"
#include "scripts.hpp"

namespace resultsdb::backends::redis {

using namespace storage;

namespace {

constexpr int kFewRuns = 4000;                // are read and sorted faster than found among all in order
constexpr std::size_t kManyFields = 100'000;  // from here on reading all changes is no more work

/// The sorted set that a query walks, and how members begin that are not the query's whole order.
struct Walk {
  std::string_view table;
  std::string prefix;
};

Walk walk_of(const RunQuery& query) {
  switch (query.order) {
    case RunQuery::Order::Position:
      if (query.timelines.size() == 1) return {suite::kRunsByTimeline, pack_id(query.timelines.front())};
      return {suite::kRunsByPosition, {}};
    case RunQuery::Order::Started:
      return {suite::kRunsByStart, {}};
    case RunQuery::Order::Received:
      break;
  }
  return {suite::kRunsByReceipt, {}};
}

/// How the member of the row at the cursor begins, in the set of the whole order.
template <class Cursor>
std::string order_key(const Cursor& row, RunQuery::Order order) {
  ByteWriter out;
  switch (order) {
    case RunQuery::Order::Position:
      return out.ordered(row.position).ordered(row.started).ended(row.variant).u32(row.timeline).text();
    case RunQuery::Order::Started:
      return out.ordered(row.started).ordered(row.position).ended(row.variant).u32(row.timeline).text();
    case RunQuery::Order::Received:
      break;
  }
  return out.ordered(row.received).u32(row.timeline).u32(row.serial).text();
}

template <class T>
std::string bound(const std::optional<T>& value) {
  return value ? ByteWriter().ordered(*value).text() : std::string();
}

/// The query's range of what its order begins with.
std::pair<std::string, std::string> leading_bounds(const RunQuery& query) {
  switch (query.order) {
    case RunQuery::Order::Position:
      return {bound(query.position.from), bound(query.position.to)};
    case RunQuery::Order::Started:
      return {bound(query.started.from), bound(query.started.to)};
    case RunQuery::Order::Received:
      break;
  }
  return {bound(query.received.from), bound(query.received.to)};
}

LexRange range_of(const RunQuery& query, const Walk& walk, const std::optional<std::string>& cursor) {
  auto range = LexRange::prefix(walk.prefix);
  const auto [from, to] = leading_bounds(query);
  if (!from.empty()) range.at_least(walk.prefix + from);
  if (!to.empty()) range.until(walk.prefix + to);
  if (cursor && query.ascending) range.after(walk.prefix + *cursor);
  if (cursor && !query.ascending) range.below(walk.prefix + *cursor);
  return range;
}

/// Whether a query asks no more than what one range of one sorted set answers.
bool is_range_only(const RunQuery& query) {
  auto rest = query;
  rest.order = RunQuery::Order::Position;
  rest.ascending = false;
  rest.position = {};
  if (rest.timelines.size() == 1) rest.timelines.clear();
  return query.order == RunQuery::Order::Position && rest == RunQuery{.suite = query.suite};
}

}  // namespace

Result<std::vector<Reply>> RedisStorage::run_query(const RunQuery& query, std::string_view mode,
                                                   const std::optional<RunCursor>& after,
                                                   std::uint32_t limit) {
  const auto keys = suite_keys(query.suite);
  const auto walk = walk_of(query);
  const auto cursor = after ? std::optional(order_key(*after, query.order)) : std::nullopt;
  const auto range = range_of(query, walk, cursor);
  std::string states, timelines;
  for (const auto state : query.states) states += static_cast<char>(state);
  for (const auto timeline : query.timelines) timelines += pack_id(timeline);
  std::vector<std::string> arguments{std::string(mode),
                                     std::to_string(limit),
                                     range.min(),
                                     range.max(),
                                     query.ascending ? "asc" : "desc",
                                     std::to_string(kFewRuns),
                                     query.id,
                                     query.digest,
                                     states,
                                     timelines,
                                     bound(query.position.from),
                                     bound(query.position.to),
                                     bound(query.started.from),
                                     bound(query.started.to),
                                     bound(query.received.from),
                                     bound(query.received.to)};
  for (const auto& [name, value] : query.attributes) arguments.push_back(pack_pair(name, value));
  // While a cluster moves a slot, scripts wait for keys that are not there yet: name none without need.
  const auto rows = keys[suite::kRuns];
  const std::string tables[] = {rows, keys[walk.table],
                                query.attributes.empty() ? rows : keys[suite::kRunAttributes],
                                query.id.empty() ? rows : keys[suite::kRunIds]};
  return client_->eval(Access::Repeatable, scripts::find_runs, tables, std::move(arguments));
}

Result<std::vector<RunRow>> RedisStorage::do_find_runs(const RunQuery& query,
                                                       const std::optional<RunCursor>& after,
                                                       std::uint32_t limit) {
  RESULTSDB_ASSIGN(const auto replies, run_query(query, "rows", after, limit));
  const auto& items = replies[0].items;
  std::vector<RunRow> rows;
  for (std::size_t i = 1; i + 1 < items.size(); i += 2) {
    RESULTSDB_ASSIGN(const auto ref, unpack_ref(items[i].text));
    RESULTSDB_ASSIGN(auto row, unpack_run(ref, seal_.open(items[i + 1].text)));
    rows.push_back(std::move(row));
  }
  if (items.front().integer == 1) return rows;  // in order, and no more than asked for

  std::map<std::string, RunRow*> sorted;
  for (auto& row : rows) {
    auto key = order_key(row, query.order);
    const auto at = after ? order_key(*after, query.order) : std::string();
    if (!after || (query.ascending ? key > at : key < at)) sorted.emplace(std::move(key), &row);
  }
  std::vector<RunRow> page;
  const auto take = [&](auto begin, auto end) {
    for (; begin != end && page.size() < limit; ++begin) page.push_back(std::move(*begin->second));
  };
  if (query.ascending)
    take(sorted.begin(), sorted.end());
  else
    take(sorted.rbegin(), sorted.rend());
  return page;
}

Result<std::uint64_t> RedisStorage::do_count_runs(const RunQuery& query) {
  if (is_range_only(query)) {
    const auto walk = walk_of(query);
    const auto range = range_of(query, walk, std::nullopt);
    const auto key = suite_keys(query.suite)[walk.table];
    RESULTSDB_ASSIGN(const auto reply, client_->run(key, Access::Repeatable,
                                                    Command{"ZLEXCOUNT", key, range.min(), range.max()}));
    return static_cast<std::uint64_t>(reply.integer);
  }
  RESULTSDB_ASSIGN(const auto replies, run_query(query, "count", std::nullopt, 1));
  return static_cast<std::uint64_t>(replies[0].integer);
}

Result<std::vector<std::optional<Bytes>>> RedisStorage::do_read_outcomes(std::string_view suite,
                                                                         std::span<const RunRef> runs) {
  const auto key = suite_keys(suite)[suite::kRunOutcomes];
  Command command{"HMGET", key};
  for (const auto& run : runs) command.push_back(pack_ref(run));
  RESULTSDB_ASSIGN(const auto reply, client_->run(key, Access::Repeatable, command));
  std::vector<std::optional<Bytes>> blobs;
  for (const auto& item : reply.items)
    blobs.push_back(item.is_nil() ? std::nullopt : std::optional(Bytes(seal_.open(item.text))));
  return blobs;
}

namespace {

template <class T>
LexRange range_of(std::string_view prefix, const Range<T>& numbers) {
  auto range = LexRange::prefix(prefix);
  if (numbers.from) range.at_least(std::string(prefix) + pack_id(*numbers.from));
  if (numbers.to) range.until(std::string(prefix) + pack_id(*numbers.to));
  return range;
}

Command read_range(const std::string& key, const LexRange& range) {
  return {"ZRANGEBYLEX", key, range.min(), range.max()};
}

void take_raw(const Reply& reply, Seal seal, std::map<std::string_view, DurationsRow>& rows) {
  for (const auto& member : reply.items) {
    ByteReader in(seal.open(member.text));
    DurationsRow row{in.u32(), in.u32(), in.u32(), {}};
    row.blob = in.rest();
    if (in.ok()) rows.emplace(std::string_view(member.text).substr(0, 12), std::move(row));
  }
}

void take_tiles(const Reply& reply, Seal seal, std::map<std::string_view, TileRow>& rows) {
  for (const auto& member : reply.items) {
    ByteReader in(seal.open(member.text));
    TileRow row{in.u32(), in.u32(), in.u32(), in.u32(), {}};
    row.blob = in.rest();
    if (in.ok()) rows.emplace(std::string_view(member.text).substr(0, 16), std::move(row));
  }
}

}  // namespace

Result<Durations> RedisStorage::do_read_durations(std::string_view suite,
                                                  std::span<const DurationQuery> queries) {
  const auto keys = suite_keys(suite);
  const auto raw_key = keys[suite::kRunDurations], tile_key = keys[suite::kTiles];
  std::vector<Command> commands;
  for (const auto& query : queries) {
    if (query.chunk)
      commands.push_back(read_range(
          raw_key, range_of(ByteWriter().u32(query.timeline).u32(*query.chunk).text(), query.serials)));
    for (std::uint32_t level = 0; query.block && level < 2; ++level)
      commands.push_back(
          read_range(tile_key, range_of(ByteWriter().u32(query.timeline).u32(*query.block).u32(level).text(),
                                        query.tiles[level])));
  }
  RESULTSDB_ASSIGN(const auto replies, client_->snapshot(raw_key, commands));
  std::map<std::string_view, DurationsRow> raw;  // by key; queries may overlap
  std::map<std::string_view, TileRow> tiles;
  for (std::size_t i = 0; i < commands.size(); ++i)
    commands[i][1] == raw_key ? take_raw(replies[i], seal_, raw) : take_tiles(replies[i], seal_, tiles);
  Durations answer;
  for (auto& [key, row] : raw) answer.raw.push_back(std::move(row));
  for (auto& [key, row] : tiles) answer.tiles.push_back(std::move(row));
  return answer;
}

Result<std::vector<TestSetRow>> RedisStorage::do_read_test_sets(std::string_view suite, TimelineId timeline,
                                                                TestSetId first) {
  const auto key = suite_keys(suite)[suite::kTestSets];
  RESULTSDB_ASSIGN(const auto reply,
                   client_->run(key, Access::Repeatable,
                                read_range(key, range_of(pack_id(timeline), Range<TestSetId>{first, {}}))));
  std::vector<TestSetRow> rows;
  for (const auto& member : reply.items) {
    RESULTSDB_ASSIGN(auto row, unpack_test_set(seal_.open(member.text)));
    rows.push_back(std::move(row));
  }
  return rows;
}

namespace {

/// The hash's fields that answer a query, by test and timeline.
class ChangeFields {
 public:
  explicit ChangeFields(const ChangeQuery& query)
      : tests_(query.tests.begin(), query.tests.end()),
        timelines_(query.timelines.begin(), query.timelines.end()) {}

  const std::set<TestId>& tests() const { return tests_; }
  bool all() const {
    return tests_.empty() || tests_.size() * std::max<std::size_t>(timelines_.size(), 1) > kManyFields;
  }
  bool named() const { return !all() && !timelines_.empty(); }
  Command read_named(const std::string& key) const {
    Command command{"HMGET", key};
    command.reserve(2 + tests_.size() * timelines_.size());
    for (const auto test : tests_)
      for (const auto timeline : timelines_) command.push_back(ByteWriter().u32(test).u32(timeline).text());
    return command;
  }
  Result<std::vector<ChangeRow>> take_named(Reply values) const {
    std::vector<ChangeRow> rows;
    std::size_t i = 0;
    for (const auto test : tests_)
      for (const auto timeline : timelines_)
        if (const auto& value = values.items[i++]; !value.is_nil())
          RESULTSDB_TRY(append(test, timeline, value.text, rows));
    return rows;
  }
  /// Of an answer of field, value, …
  Result<std::vector<ChangeRow>> take_pairs(Reply pairs) const {
    std::map<std::pair<TestId, TimelineId>, std::string> fields;
    for (std::size_t i = 0; i + 1 < pairs.items.size(); i += 2) {
      ByteReader in(pairs.items[i].text);
      const auto test = in.u32(), timeline = in.u32();
      if ((tests_.empty() || tests_.contains(test)) && (timelines_.empty() || timelines_.contains(timeline)))
        fields.emplace(std::pair(test, timeline), std::move(pairs.items[i + 1].text));
    }
    std::vector<ChangeRow> rows;
    for (const auto& [field, bytes] : fields) RESULTSDB_TRY(append(field.first, field.second, bytes, rows));
    return rows;
  }

 private:
  static Status append(TestId test, TimelineId timeline, std::string_view bytes,
                       std::vector<ChangeRow>& rows) {
    RESULTSDB_ASSIGN(auto changes, unpack_changes(bytes));
    for (const auto& [at, outcome] : changes)
      rows.push_back({{test, timeline, std::get<0>(at), std::get<1>(at), std::get<2>(at)}, outcome});
    return {};
  }

  const std::set<TestId> tests_;
  const std::set<TimelineId> timelines_;
};

}  // namespace

Result<std::vector<ChangeRow>> RedisStorage::do_find_changes(const ChangeQuery& query) {
  const auto keys = suite_keys(query.suite);
  const auto key = keys[suite::kChanges];
  const ChangeFields fields(query);
  if (fields.named()) {
    RESULTSDB_ASSIGN(auto values, client_->run(key, Access::Repeatable, fields.read_named(key)));
    return fields.take_named(std::move(values));
  }
  if (fields.all()) {
    RESULTSDB_ASSIGN(auto pairs, client_->run(key, Access::Repeatable, Command{"HGETALL", key}));
    return fields.take_pairs(std::move(pairs));
  }
  std::vector<std::string> arguments;
  for (const auto test : fields.tests()) arguments.push_back(pack_id(test));
  const std::string tables[] = {key, keys[suite::kTimelineIds]};
  RESULTSDB_ASSIGN(auto replies,
                   client_->eval(Access::Repeatable, scripts::find_changes, tables, std::move(arguments)));
  return fields.take_pairs(std::move(replies[0]));
}

Result<ChangesAndTimelines> RedisStorage::do_find_changes_and_timelines(const ChangeQuery& query) {
  const ChangeFields fields(query);
  if (!fields.named()) return Storage::do_find_changes_and_timelines(query);
  const auto keys = suite_keys(query.suite);
  const Command commands[] = {fields.read_named(keys[suite::kChanges]), {"HGETALL", keys[suite::kTimelines]}};
  RESULTSDB_ASSIGN(auto replies, client_->snapshot(commands[0][1], commands));
  ChangesAndTimelines found;
  RESULTSDB_ASSIGN(found.changes, fields.take_named(std::move(replies[0])));
  RESULTSDB_ASSIGN(found.timelines, take_timelines(std::move(replies[1])));
  return found;
}

Result<std::vector<DetailRow>> RedisStorage::do_read_details(std::string_view suite,
                                                             std::span<const RunRef> runs,
                                                             std::span<const TestId> tests) {
  const auto key = suite_keys(suite)[suite::kDetails];
  const std::set<TestId> wanted(tests.begin(), tests.end());
  std::vector<Command> commands;
  for (const auto& run : std::set<RunRef>(runs.begin(), runs.end())) {
    const auto prefix = pack_ref(run);
    if (wanted.empty()) commands.push_back(read_range(key, LexRange::prefix(prefix)));
    for (const auto test : wanted)
      commands.push_back(read_range(key, LexRange::prefix(prefix + pack_id(test))));
  }
  RESULTSDB_ASSIGN(const auto replies, client_->snapshot(key, commands));
  std::vector<DetailRow> rows;
  for (const auto& reply : replies) {
    for (const auto& member : reply.items) {
      ByteReader in(seal_.open(member.text));
      DetailRow row{in.u32(), in.u32(), in.u32(), {}};
      row.blob = in.rest();
      if (!in.ok()) return damaged(suite::kDetails);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace resultsdb::backends::redis
