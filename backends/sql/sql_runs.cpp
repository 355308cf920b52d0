// Reading runs and what hangs on them.
#include <algorithm>
#include <set>

#include "sql_storage.hpp"
#include "tables.hpp"

namespace resultsdb::backends::sql {

using namespace storage;

namespace {

constexpr std::int64_t kFewRuns = 4000;  // are read and sorted faster than found among all in order

constexpr std::string_view order_columns(RunQuery::Order order) {
  switch (order) {
    case RunQuery::Order::Position:
      return "run.position, run.started, run.variant, run.timeline";
    case RunQuery::Order::Started:
      return "run.started, run.position, run.variant, run.timeline";
    case RunQuery::Order::Received:
      break;
  }
  return "run.received, run.timeline, run.serial";
}

using Pair = Attributes::value_type;

/// What follows SELECT … of a query: FROM and WHERE.
struct RunSelection {
  std::string from;
  Conditions where;
};

/// How many runs have each attribute, counted to kFewRuns + 1; gives the one that the fewest have.
Result<std::pair<const Pair*, std::int64_t>> find_rarest(Connection& connection, std::int64_t suite,
                                                         const Attributes& attributes) {
  std::pair<const Pair*, std::int64_t> rarest{nullptr, 0};
  for (const auto& pair : attributes) {
    std::int64_t count = 0;
    RESULTSDB_TRY(connection.run(
        "SELECT count(*) FROM (SELECT 1 FROM run_attribute WHERE suite = $1 AND name = $2 AND value = $3 "
        "LIMIT $4) AS counted",
        {suite, std::string_view(pair.first), std::string_view(pair.second), kFewRuns + 1},
        [&](const Row& row) { count = row.integer(0); }));
    if (!rarest.first || count < rarest.second) rarest = {&pair, count};
  }
  return rarest;
}

/// The query's conditions on columns of `run`; false if there are none.
bool add_run_conditions(const RunQuery& query, Conditions& where) {
  const auto before = where.values().size();
  std::vector<Value> timelines, states;
  for (const auto timeline : query.timelines) timelines.push_back(number(timeline));
  for (const auto state : query.states) states.push_back(number(static_cast<std::uint64_t>(state)));
  where.add_any("run.timeline", timelines);
  where.add_any("run.state", states);
  if (!query.id.empty()) where.add("run.id = ", std::string_view(query.id));
  if (!query.digest.empty()) where.add("run.digest = ", Blob{query.digest});
  where.add_range<Position>("run.position", query.position, [](Position value) -> Value { return value; });
  where.add_range<Time>("run.started", query.started, time);
  where.add_range<Time>("run.received", query.received, time);
  return where.values().size() != before;
}

/// Begins with the runs that have `first`, or with all runs of the suite. `columns`: columns of `run` are
/// read.
RunSelection select_runs(std::int64_t suite, const RunQuery& query, const Pair* first, bool columns) {
  RunSelection selection{"run", {}};
  auto& where = selection.where;
  std::string owner = "run";
  if (first) {
    where.add("chosen.suite = ", suite);
    where.add("chosen.name = ", std::string_view(first->first));
    where.add("chosen.value = ", std::string_view(first->second));
    if (add_run_conditions(query, where) || columns) {
      // CROSS JOIN: SQLite keeps the order of the two, whatever it thinks of the sorting afterwards.
      selection.from = "run_attribute AS chosen CROSS JOIN run";
      where.add_text(
          "run.suite = chosen.suite AND run.timeline = chosen.timeline AND run.serial = chosen.serial");
    } else {
      selection.from = "run_attribute AS chosen";
      owner = "chosen";
    }
  } else {
    where.add("run.suite = ", suite);
    add_run_conditions(query, where);
  }
  for (const auto& pair : query.attributes) {
    if (&pair == first) continue;
    where.add_text("EXISTS (SELECT 1 FROM run_attribute AS held WHERE held.suite = " + owner +
                   ".suite AND held.name = " + where.parameter(std::string_view(pair.first)) +
                   " AND held.value = " + where.parameter(std::string_view(pair.second)) +
                   " AND held.timeline = " + owner + ".timeline AND held.serial = " + owner + ".serial)");
  }
  return selection;
}

/// The page begins after this run.
void add_cursor(const RunQuery& query, Conditions& where, const std::vector<Value>& cursor) {
  where.add_after(order_columns(query.order), query.ascending, cursor);
}

}  // namespace

Result<std::vector<RunRow>> SqlStorage::do_find_runs(const RunQuery& query,
                                                     const std::optional<RunCursor>& after,
                                                     std::uint32_t limit) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  if (!query.attributes.empty()) RESULTSDB_TRY(connection->begin(Connection::Mode::Read));
  RESULTSDB_ASSIGN(const auto suite, find_suite(*connection, query.suite));
  RESULTSDB_ASSIGN(const auto rarest, find_rarest(*connection, suite, query.attributes));
  auto [from, where] =
      select_runs(suite, query, rarest.second <= kFewRuns ? rarest.first : nullptr, /*columns=*/true);
  if (after) {
    const std::string_view variant = after->variant;
    switch (query.order) {
      case RunQuery::Order::Position:
        add_cursor(query, where, {after->position, time(after->started), variant, number(after->timeline)});
        break;
      case RunQuery::Order::Started:
        add_cursor(query, where, {time(after->started), after->position, variant, number(after->timeline)});
        break;
      case RunQuery::Order::Received:
        add_cursor(query, where, {time(after->received), number(after->timeline), number(after->serial)});
        break;
    }
  }
  const auto last = where.parameter(number(limit));
  static const auto kColumns = "SELECT " + column_list(tables::kRun, "run.") + " FROM ";
  const auto statement = kColumns + from + where.text() + " ORDER BY " +
                         order_by(order_columns(query.order), query.ascending) + " LIMIT " + last;
  std::vector<RunRow> rows;
  RESULTSDB_TRY(
      connection->run(statement, where.values(), [&](const Row& row) { rows.push_back(to_run(row)); }));
  return rows;
}

Result<std::uint64_t> SqlStorage::do_count_runs(const RunQuery& query) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  if (!query.attributes.empty()) RESULTSDB_TRY(connection->begin(Connection::Mode::Read));
  RESULTSDB_ASSIGN(const auto suite, find_suite(*connection, query.suite));
  RESULTSDB_ASSIGN(const auto rarest, find_rarest(*connection, suite, query.attributes));
  const auto [from, where] = select_runs(suite, query, rarest.first, /*columns=*/false);
  std::uint64_t count = 0;
  RESULTSDB_TRY(connection->run("SELECT count(*) FROM " + from + where.text(), where.values(),
                                [&](const Row& row) { count = row.number<std::uint64_t>(0); }));
  return count;
}

Result<std::vector<std::optional<Bytes>>> SqlStorage::do_read_outcomes(std::string_view suite,
                                                                       std::span<const RunRef> runs) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite_number, find_suite(*connection, suite));
  Rows keys;
  for (const auto& run : runs)
    keys.insert(keys.end(), {suite_number, number(run.timeline), number(run.serial)});
  std::vector<std::optional<Bytes>> blobs(runs.size());
  RESULTSDB_TRY(connection->look_up(tables::kRunOutcomes, keys,
                                    [&](std::size_t i, const Row& row) { blobs[i] = Bytes(row.bytes(3)); }));
  return blobs;
}

Result<Durations> SqlStorage::do_read_durations(std::string_view suite,
                                                std::span<const DurationQuery> queries) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite_number, find_suite(*connection, suite));
  Rows raw_ranges, tile_ranges;
  for (const auto& query : queries) {
    const auto timeline = number(query.timeline);
    if (query.chunk)
      raw_ranges.insert(raw_ranges.end(),
                        {suite_number, timeline, number(*query.chunk), number(query.serials.from.value_or(0)),
                         number(query.serials.to.value_or(~RunSerial{0}))});
    for (std::uint32_t level = 0; query.block && level < 2; ++level) {
      const auto& range = query.tiles[level];
      if (range.from && range.to && *range.from > *range.to) continue;  // of this level none
      tile_ranges.insert(tile_ranges.end(),
                         {suite_number, timeline, number(*query.block), number(level),
                          number(range.from.value_or(0)), number(range.to.value_or(~std::uint32_t{0}))});
    }
  }
  std::map<std::tuple<TimelineId, std::uint32_t, RunSerial>, DurationsRow> raw;  // queries may overlap
  std::map<std::tuple<TimelineId, std::uint32_t, std::uint32_t, std::uint32_t>, TileRow> tiles;
  if (!raw_ranges.empty() && !tile_ranges.empty()) RESULTSDB_TRY(connection->begin(Connection::Mode::Read));
  RESULTSDB_TRY(
      connection->look_up_ranges(tables::kRunDurations, raw_ranges, [&](std::size_t, const Row& row) {
        const DurationsRow key{
            row.number<TimelineId>(1), row.number<std::uint32_t>(2), row.number<RunSerial>(3), {}};
        const auto [place, is_new] = raw.try_emplace({key.timeline, key.chunk, key.serial}, key);
        if (is_new) place->second.blob = row.bytes(4);
      }));
  RESULTSDB_TRY(
      connection->look_up_ranges(tables::kDurationTile, tile_ranges, [&](std::size_t, const Row& row) {
        const TileRow key{row.number<TimelineId>(1),
                          row.number<std::uint32_t>(2),
                          row.number<std::uint32_t>(3),
                          row.number<std::uint32_t>(4),
                          {}};
        const auto [place, is_new] = tiles.try_emplace({key.timeline, key.block, key.level, key.tile}, key);
        if (is_new) place->second.blob = row.bytes(5);
      }));
  Durations answer;
  for (auto& [key, row] : raw) answer.raw.push_back(std::move(row));
  for (auto& [key, row] : tiles) answer.tiles.push_back(std::move(row));
  return answer;
}

Result<std::vector<TestSetRow>> SqlStorage::do_read_test_sets(std::string_view suite, TimelineId timeline,
                                                              TestSetId first) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite_number, find_suite(*connection, suite));
  std::vector<TestSetRow> rows;
  RESULTSDB_TRY(connection->run(
      "SELECT id, base, blob, hash FROM test_set WHERE suite = $1 AND timeline = $2 AND id >= $3 ORDER BY id",
      {suite_number, number(timeline), number(first)}, [&](const Row& row) {
        rows.push_back({timeline, row.number<TestSetId>(0), row.number<TestSetId>(1), Bytes(row.bytes(2)),
                        Bytes(row.bytes(3))});
      }));
  return rows;
}

Result<std::vector<ChangeRow>> SqlStorage::do_find_changes(const ChangeQuery& query) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite, find_suite(*connection, query.suite));
  auto timelines = query.timelines;
  std::sort(timelines.begin(), timelines.end());
  std::vector<ChangeRow> rows;
  const auto take = [&](const Row& row) {
    const auto timeline = row.number<TimelineId>(2);
    if (!timelines.empty() && !std::binary_search(timelines.begin(), timelines.end(), timeline)) return;
    rows.push_back({{row.number<TestId>(1), timeline, row.integer(3), from_micros(row.integer(4)),
                     std::string(row.text(5))},
                    row.number<OutcomeId>(6)});
  };
  if (query.tests.empty()) {
    RESULTSDB_TRY(
        connection->run("SELECT suite, test, timeline, position, started, variant, outcome FROM change_point "
                        "WHERE suite = $1 "
                        "ORDER BY test, timeline, position, started, variant",
                        {suite}, take));
  }
  static const Table kOfTest{"change_point",
                             2,
                             {{"suite"},
                              {"test"},
                              {"timeline"},
                              {"position"},
                              {"started"},
                              {"variant", Column::Type::Text},
                              {"outcome"}}};
  Rows keys;
  for (const auto test : std::set<TestId>(query.tests.begin(), query.tests.end()))
    keys.insert(keys.end(), {suite, number(test)});
  RESULTSDB_TRY(connection->look_up(kOfTest, keys, [&](std::size_t, const Row& row) { take(row); }));
  const auto before = [](const ChangeRow& a, const ChangeRow& b) { return a.key < b.key; };
  if (!std::is_sorted(rows.begin(), rows.end(), before)) std::sort(rows.begin(), rows.end(), before);
  return rows;
}

/// Of one test, which is what histories mostly ask for: rows of two kinds in one answer.
Result<ChangesAndTimelines> SqlStorage::do_find_changes_and_timelines(const ChangeQuery& query) {
  if (query.tests.size() != 1) return Storage::do_find_changes_and_timelines(query);
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite, find_suite(*connection, query.suite));
  const std::set<TimelineId> wanted(query.timelines.begin(), query.timelines.end());
  ChangesAndTimelines found;
  RESULTSDB_TRY(connection->run(
      "SELECT suite, timeline, variant, 0, outcome, 0, 0, position, started, 0, 0, CAST(NULL AS BYTEA), 0 AS "
      "kind FROM change_point WHERE suite = $1 AND test = $2 "
      "UNION ALL SELECT suite, id, branch, configuration, order_key, version, runs, first_position, "
      "last_position, last_received, next_serial, state, 1 FROM timeline WHERE suite = $1 "
      "ORDER BY 13, 2, 8, 9, 3",
      {suite, number(query.tests.front())}, [&](const Row& row) {
        const auto timeline = row.number<TimelineId>(1);
        if (row.integer(12) == 1) {
          found.timelines.push_back(to_timeline(row));
        } else if (wanted.empty() || wanted.contains(timeline)) {
          found.changes.push_back({{query.tests.front(), timeline, row.integer(7),
                                    from_micros(row.integer(8)), std::string(row.text(2))},
                                   row.number<OutcomeId>(4)});
        }
      }));
  return found;
}

Result<std::vector<DetailRow>> SqlStorage::do_read_details(std::string_view suite,
                                                           std::span<const RunRef> runs,
                                                           std::span<const TestId> tests) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite_number, find_suite(*connection, suite));
  const std::set<TestId> wanted(tests.begin(), tests.end());
  Rows keys;
  for (const auto& run : std::set<RunRef>(runs.begin(), runs.end())) {
    const Rows key{suite_number, number(run.timeline), number(run.serial)};
    if (wanted.empty()) keys.insert(keys.end(), key.begin(), key.end());
    for (const auto test : wanted) {
      keys.insert(keys.end(), key.begin(), key.end());
      keys.push_back(number(test));
    }
  }
  static const Table kOfRun{
      "detail", 3, {{"suite"}, {"timeline"}, {"serial"}, {"test"}, {"blob", Column::Type::Bytes}}};
  std::vector<DetailRow> rows;
  RESULTSDB_TRY(
      connection->look_up(wanted.empty() ? kOfRun : tables::kDetail, keys, [&](std::size_t, const Row& row) {
        rows.push_back({row.number<TimelineId>(1), row.number<RunSerial>(2), row.number<TestId>(3),
                        Bytes(row.bytes(4))});
      }));
  const auto before = [](const DetailRow& a, const DetailRow& b) {
    return std::tie(a.timeline, a.serial, a.test) < std::tie(b.timeline, b.serial, b.test);
  };
  if (!std::is_sorted(rows.begin(), rows.end(), before)) std::sort(rows.begin(), rows.end(), before);
  return rows;
}

}  // namespace resultsdb::backends::sql
