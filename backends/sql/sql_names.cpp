// Names and dictionaries: suites, tests, outcomes, configurations, timelines.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "index_entries.hpp"
#include "sql_storage.hpp"
#include "tables.hpp"

namespace resultsdb::backends::sql {

using namespace storage;

namespace {

/// Keys without suite, with it.
Rows with_suite(std::int64_t suite, const Rows& keys, std::size_t width) {
  Rows rows;
  rows.reserve(keys.size() / width * (width + 1));
  for (std::size_t at = 0; at < keys.size(); at += width) {
    rows.emplace_back(suite);
    rows.insert(rows.end(), keys.begin() + static_cast<std::ptrdiff_t>(at),
                keys.begin() + static_cast<std::ptrdiff_t>(at + width));
  }
  return rows;
}

using Ids = std::vector<std::optional<std::uint32_t>>;

constexpr std::size_t kFewNames = 1000;    // are looked up one by one
constexpr std::int64_t kNamesPerSeek = 6;  // read in order in the time of one look-up

/// One pass over all names of the suite.
Result<Ids> find_in_all_tests(Connection& connection, std::int64_t suite, const Rows& names) {
  std::unordered_map<std::string_view, std::size_t> places;  // of each name, where it is asked first
  places.reserve(names.size());
  std::vector<std::size_t> first(names.size());
  for (std::size_t i = 0; i < names.size(); ++i)
    first[i] = places.try_emplace(std::get<std::string_view>(names[i]), i).first->second;
  Ids ids(names.size());
  RESULTSDB_TRY(connection.run("SELECT name, id FROM test WHERE suite = $1", {suite}, [&](const Row& row) {
    if (const auto found = places.find(row.text(0)); found != places.end())
      ids[found->second] = row.number<std::uint32_t>(1);
  }));
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = ids[first[i]];
  return ids;
}

/// Ids of keys without their suite; empty where there is none.
Result<Ids> find_ids(Connection& connection, const Table& table, std::int64_t suite, const Rows& keys) {
  const std::size_t width = table.keys - 1;
  if (&table == &tables::kTest && keys.size() > kFewNames) {
    std::int64_t known = 0;
    RESULTSDB_TRY(connection.run("SELECT coalesce(max(id), 0) FROM test WHERE suite = $1", {suite},
                                 [&](const Row& row) { known = row.integer(0); }));
    if (known < kNamesPerSeek * static_cast<std::int64_t>(keys.size()))
      return find_in_all_tests(connection, suite, keys);
  }
  Ids ids(keys.size() / width);
  RESULTSDB_TRY(connection.look_up(table, with_suite(suite, keys, width), [&](std::size_t i, const Row& row) {
    ids[i] = row.number<std::uint32_t>(static_cast<int>(table.keys));
  }));
  return ids;
}

Rows as_keys(std::span<const std::string_view> names) { return Rows(names.begin(), names.end()); }

std::vector<std::uint32_t> all_of(const Ids& ids) {
  std::vector<std::uint32_t> known;
  known.reserve(ids.size());
  for (const auto& id : ids) known.push_back(id.value_or(0));
  return known;
}

bool complete(const Ids& ids) {
  return std::all_of(ids.begin(), ids.end(), [](const auto& id) { return id.has_value(); });
}

}  // namespace

Result<std::vector<std::uint32_t>> SqlStorage::intern(std::string_view suite, const Table& table,
                                                      const Rows& keys, std::uint32_t first_id,
                                                      std::uint64_t most,
                                                      const std::function<void(std::size_t, Rows&)>& more) {
  const std::size_t width = table.keys - 1;
  {  // Most names are known: that takes no write lock.
    RESULTSDB_ASSIGN(auto reader, database_->reader());
    RESULTSDB_ASSIGN(const auto number, find_suite(*reader, suite));
    RESULTSDB_ASSIGN(const auto ids, find_ids(*reader, table, number, keys));
    if (complete(ids)) return all_of(ids);
  }
  RESULTSDB_ASSIGN(auto connection, database_->writer());
  RESULTSDB_TRY(connection->begin(Connection::Mode::Write));
  RESULTSDB_ASSIGN(const auto number, make_suite(*connection, suite));
  RESULTSDB_ASSIGN(auto ids, find_ids(*connection, table, number, keys));
  std::int64_t next = first_id;
  RESULTSDB_TRY(connection->run(
      std::string("SELECT coalesce(max(id) + 1, $2) FROM ") + table.name + " WHERE suite = $1",
      {number, std::int64_t{first_id}}, [&](const Row& row) { next = row.integer(0); }));
  std::map<Rows, std::uint32_t> added;
  Rows rows;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i]) continue;
    const Rows key(keys.begin() + static_cast<std::ptrdiff_t>(i * width),
                   keys.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
    const auto [entry, is_new] = added.emplace(key, static_cast<std::uint32_t>(next));
    ids[i] = entry->second;
    if (!is_new) continue;
    rows.emplace_back(number);
    rows.insert(rows.end(), key.begin(), key.end());
    rows.emplace_back(next++);
    more(i, rows);
  }
  if (static_cast<std::uint64_t>(next - first_id) > most)
    return make_error(ErrorCode::ResourceExhausted,
                      "the suite's " + std::string(table.name) + " dictionary is full", std::string(suite));
  RESULTSDB_TRY(put_rows(*connection, table, OnConflict::Fail, rows));
  RESULTSDB_TRY(connection->commit());
  remember_suite(suite, number);
  return all_of(ids);
}

Result<std::vector<TestId>> SqlStorage::do_intern_tests(std::string_view suite,
                                                        std::span<const std::string_view> names) {
  return intern(suite, tables::kTest, as_keys(names), 0, ~TestId{0},
                [](std::size_t, Rows& row) { row.emplace_back(std::int64_t{0}); });
}

Result<std::vector<OutcomeId>> SqlStorage::do_intern_outcomes(std::string_view suite,
                                                              std::span<const OutcomeKey> keys) {
  const OutcomeKey plain{.expected = "PASS", .actual = "PASS", .attributes = std::nullopt};
  std::vector<std::string> texts;
  std::vector<std::size_t> asked;  // those that are no plain pass
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == plain) continue;
    asked.push_back(i);
    texts.push_back(dictionary_key(keys[i]));
  }
  Rows rows;
  for (const auto& text : texts) rows.emplace_back(Blob{text});
  std::vector<OutcomeId> ids(keys.size(), 0);
  if (asked.empty()) return ids;
  RESULTSDB_ASSIGN(
      const auto found,
      intern(suite, tables::kOutcome, rows, 1, limits::kOutcomesPerSuite, [&](std::size_t i, Rows& row) {
        const auto& key = keys[asked[i]];
        row.emplace_back(std::string_view(key.expected));
        row.emplace_back(std::string_view(key.actual));
        row.emplace_back(key.attributes ? Value(std::string_view(*key.attributes)) : Value(Null{}));
        row.emplace_back(std::int64_t{key.in_detail});
      }));
  for (std::size_t i = 0; i < asked.size(); ++i) ids[asked[i]] = found[i];
  return ids;
}

Result<std::vector<ConfigurationId>> SqlStorage::do_intern_configurations(
    std::string_view suite, std::span<const std::string_view> keys) {
  return intern(suite, tables::kConfiguration, as_keys(keys), 1, ~ConfigurationId{0} - 1,
                [](std::size_t, Rows&) {});
}

Result<std::vector<TimelineId>> SqlStorage::do_intern_timelines(std::string_view suite,
                                                                std::span<const TimelineKey> keys) {
  Rows rows;
  for (const auto& key : keys) {
    rows.emplace_back(std::string_view(key.branch));
    rows.push_back(number(key.configuration));
  }
  return intern(suite, tables::kTimelineKey, rows, 1, ~TimelineId{0} - 1, [](std::size_t, Rows&) {});
}

Result<std::vector<std::string>> SqlStorage::do_find_suites() {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  std::vector<std::string> names;
  RESULTSDB_TRY(
      connection->run("SELECT name FROM suite WHERE EXISTS (SELECT 1 FROM timeline WHERE timeline.suite = "
                      "suite.id) ORDER BY name",
                      {}, [&](const Row& row) { names.emplace_back(row.text(0)); }));
  return names;
}

Result<std::vector<TestRow>> SqlStorage::do_find_tests(const TestQuery& query,
                                                       const std::optional<std::string>& after,
                                                       std::uint32_t limit) {
  constexpr std::int64_t kAtOnce = 4096;  // looked through for `contains`
  const auto& dialect = database_->dialect();
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  if (!query.contains.empty()) RESULTSDB_TRY(connection->begin(Connection::Mode::Read));
  RESULTSDB_ASSIGN(const auto suite, find_suite(*connection, query.suite));
  std::vector<TestRow> rows;
  std::string from = after && *after > query.prefix ? *after : query.prefix;
  bool inclusive = from == query.prefix && !(after && *after == query.prefix);
  for (bool more = true; more && rows.size() < limit;) {
    std::int64_t seen = 0;
    const auto want = query.contains.empty() ? static_cast<std::int64_t>(limit - rows.size()) : kAtOnce;
    std::string last;
    RESULTSDB_TRY(connection->run("SELECT id, name FROM test WHERE suite = $1 AND " +
                                      text_compares(dialect, "name", inclusive ? ">=" : ">", "$2") +
                                      " AND listed = 1 ORDER BY " + text_order(dialect, "name") + " LIMIT $3",
                                  {suite, std::string_view(from), want}, [&](const Row& row) {
                                    ++seen;
                                    last = row.text(1);
                                    if (rows.size() < limit && last.starts_with(query.prefix) &&
                                        last.find(query.contains) != std::string::npos)
                                      rows.push_back({row.number<TestId>(0), last});
                                  }));
    more = seen == want && last.starts_with(query.prefix);
    from = last;
    inclusive = false;
  }
  return rows;
}

Result<std::uint64_t> SqlStorage::do_count_tests(std::string_view suite) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto number, find_suite(*connection, suite));
  std::uint64_t count = 0;
  RESULTSDB_TRY(connection->run("SELECT count(*) FROM test WHERE suite = $1 AND listed = 1", {number},
                                [&](const Row& row) { count = row.number<std::uint64_t>(0); }));
  return count;
}

Result<std::vector<std::optional<TestId>>> SqlStorage::do_look_up_tests(
    std::string_view suite, std::span<const std::string_view> names) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto number, find_suite(*connection, suite));
  return find_ids(*connection, tables::kTest, number, as_keys(names));
}

Result<std::vector<std::string>> SqlStorage::do_read_test_names(std::string_view suite,
                                                                std::span<const TestId> ids) {
  static const Table kById{"test", 2, {{"suite"}, {"id"}, {"name", Column::Type::Text}}};
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite_number, find_suite(*connection, suite));
  Rows keys;
  for (const auto id : ids) {
    keys.emplace_back(suite_number);
    keys.push_back(number(id));
  }
  std::vector<std::string> names(ids.size());
  std::size_t found = 0;
  RESULTSDB_TRY(connection->look_up(kById, keys, [&](std::size_t i, const Row& row) {
    names[i] = row.text(2);
    ++found;
  }));
  if (found != ids.size())
    return make_error(ErrorCode::NotFound, "a test id is unknown in this suite", std::string(suite));
  return names;
}

Result<std::vector<TestRow>> SqlStorage::do_scan_tests(std::string_view suite, TestId first,
                                                       std::uint32_t limit) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite_number, find_suite(*connection, suite));
  std::vector<TestRow> rows;
  RESULTSDB_TRY(connection->run(
      "SELECT id, name FROM test WHERE suite = $1 AND id >= $2 ORDER BY id LIMIT $3",
      {suite_number, number(first), number(limit)},
      [&](const Row& row) { rows.push_back({row.number<TestId>(0), std::string(row.text(1))}); }));
  return rows;
}

Result<std::vector<OutcomeRow>> SqlStorage::do_find_outcomes(std::string_view suite, OutcomeId first) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite_number, find_suite(*connection, suite));
  std::vector<OutcomeRow> rows;
  static const auto kStatement =
      "SELECT " + column_list(tables::kOutcome) + " FROM outcome WHERE suite = $1 AND id >= $2 ORDER BY id";
  RESULTSDB_TRY(connection->run(kStatement, {suite_number, number(first)},
                                [&](const Row& row) { rows.push_back(to_outcome(row)); }));
  return rows;
}

Result<std::vector<ConfigurationRow>> SqlStorage::do_find_configurations(std::string_view suite,
                                                                         ConfigurationId first) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite_number, find_suite(*connection, suite));
  std::vector<ConfigurationRow> rows;
  RESULTSDB_TRY(connection->run(
      "SELECT id, canonical FROM configuration WHERE suite = $1 AND id >= $2 ORDER BY id",
      {suite_number, number(first)},
      [&](const Row& row) { rows.push_back({row.number<ConfigurationId>(0), std::string(row.text(1))}); }));
  return rows;
}

Result<std::vector<TimelineRow>> SqlStorage::do_find_timelines(std::string_view suite,
                                                               std::span<const TimelineId> ids) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto suite_number, find_suite(*connection, suite));
  std::vector<TimelineRow> rows;
  std::vector<TimelineId> wanted(ids.begin(), ids.end());
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  // Timelines that lie close together are read as one range: a row is cheaper than a look-up.
  if (wanted.empty() || wanted.back() - wanted.front() < 4 * wanted.size()) {
    static const auto kStatement = "SELECT " + column_list(tables::kTimeline) +
                                   " FROM timeline WHERE suite = $1 AND id BETWEEN $2 AND $3 ORDER BY id";
    const auto first = wanted.empty() ? TimelineId{0} : wanted.front();
    const auto last = wanted.empty() ? ~TimelineId{0} : wanted.back();
    RESULTSDB_TRY(
        connection->run(kStatement, {suite_number, number(first), number(last)}, [&](const Row& row) {
          if (wanted.empty() || std::binary_search(wanted.begin(), wanted.end(), row.number<TimelineId>(1)))
            rows.push_back(to_timeline(row));
        }));
    return rows;
  }
  Rows keys;
  for (const auto id : wanted) {
    keys.emplace_back(suite_number);
    keys.push_back(number(id));
  }
  RESULTSDB_TRY(connection->look_up(tables::kTimeline, keys,
                                    [&](std::size_t, const Row& row) { rows.push_back(to_timeline(row)); }));
  return rows;
}

}  // namespace resultsdb::backends::sql
