// Finding damage: every row against its checksum.
#include <deque>

#include "migrations.hpp"
#include "sql_storage.hpp"
#include "tables.hpp"

namespace resultsdb::backends::sql {

using namespace storage;

namespace {

Value value_of(const Row& row, int column, Column::Type type) {
  if (row.is_null(column)) return Null{};
  switch (type) {
    case Column::Type::Integer:
      return row.integer(column);
    case Column::Type::Text:
      return row.text(column);
    case Column::Type::Bytes:
      break;
  }
  return Blob{row.bytes(column)};
}

/// The same value, its text or bytes among `texts`.
Value keep(const Value& value, std::deque<std::string>& texts) {
  if (const auto* text = std::get_if<std::string_view>(&value))
    return std::string_view(texts.emplace_back(*text));
  if (const auto* blob = std::get_if<Blob>(&value)) return Blob{texts.emplace_back(blob->bytes)};
  return value;
}

std::string key_list(const Table& table) {
  std::string list;
  for (std::size_t i = 0; i < table.keys; ++i)
    list += (i > 0 ? ", " : "") + std::string(table.columns[i].name);
  return list;
}

constexpr std::int64_t kAtOnce = 256;  // rows; blobs among them may be large

class DamageFinder {
 public:
  explicit DamageFinder(Connection& connection) : connection_(connection) {}

  Status read_suites() {
    return as_damage("suite", connection_.run("SELECT id, name FROM suite", {}, [&](const Row& row) {
      suites_.emplace(row.integer(0), row.text(1));
    }));
  }

  /// In pages, in the order of keys: an engine may hold an answer whole. A page begins behind a sound row, as
  /// a damaged key may be anywhere in the order.
  Status check(const Table& table) {
    if (!has_checksum(table)) return {};
    const auto& columns = table.columns;
    const std::string keys = key_list(table);
    const std::string select = "SELECT " + column_list(table) + ", checksum FROM " + table.name;
    std::vector<Value> values(columns.size() - 1), last;
    std::deque<std::string> texts;  // of `last`
    for (std::int64_t seen = kAtOnce; seen == kAtOnce;) {
      Conditions where;
      if (!last.empty()) where.add_after(keys, true, last);
      const auto limit = where.parameter(kAtOnce);
      std::vector<Value> sound;  // key of the last sound row
      std::deque<std::string> kept;
      std::size_t found_before_sound = found.size();
      seen = 0;
      const auto look_at = [&](const Row& row) {
        ++seen;
        for (std::size_t i = 0; i < values.size(); ++i)
          values[i] = value_of(row, static_cast<int>(i), columns[i].type);
        if (checksum(table, values) != row.integer(static_cast<int>(values.size()))) {
          found.push_back(describe(table, values));
          return;
        }
        kept.clear();
        sound.clear();
        for (std::size_t i = 0; i < table.keys; ++i) sound.push_back(keep(values[i], kept));
        found_before_sound = found.size();
      };
      const auto answer = connection_.run(select + where.text() + " ORDER BY " + keys + " LIMIT " + limit,
                                          where.values(), look_at);
      RESULTSDB_TRY(as_damage(table.name, answer));
      if (!answer) break;
      if (seen < kAtOnce) break;
      if (sound.empty() || (!last.empty() && sound <= last)) {
        found.push_back({.table = table.name, .what = "too many damaged rows: the rest was not looked at"});
        break;
      }
      found.resize(found_before_sound);  // the rows behind come again
      last = std::move(sound);
      texts = std::move(kept);
    }
    return {};
  }

  std::vector<Damage> found;

 private:
  /// What cannot be read is one more damage.
  Status as_damage(const char* table, const Result<std::uint64_t>& answer) {
    if (answer) return {};
    if (answer.error().code != ErrorCode::Corrupt) return answer.error();
    found.push_back({.table = table, .what = answer.error().text()});
    return {};
  }

  Damage describe(const Table& table, const std::vector<Value>& values) const {
    Damage damage{.table = table.name, .what = "the checksum is wrong: this is not what was written"};
    for (std::size_t i = 0; i < table.keys; ++i) {
      const std::string_view name = table.columns[i].name;
      if (i > 0) damage.key += ", ";
      damage.key.append(name) += ' ';
      if (const auto* text = std::get_if<std::string_view>(&values[i])) {
        damage.key += *text;
      } else if (const auto* blob = std::get_if<Blob>(&values[i])) {
        damage.key += blob->bytes;
      } else if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
        const auto suite = name == "suite" ? suites_.find(*number) : suites_.end();
        damage.key += suite == suites_.end() ? std::to_string(*number) : suite->second;
        if (suite != suites_.end()) damage.suite = suite->second;
        if (name == "timeline" || (&table == &tables::kTimeline && name == "id"))
          damage.timeline = static_cast<TimelineId>(*number);
      }
    }
    return damage;
  }

  Connection& connection_;
  std::map<std::int64_t, std::string> suites_;
};

}  // namespace

Result<std::vector<Damage>> SqlStorage::do_find_damage() {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_TRY(connection->begin(Connection::Mode::Read));
  DamageFinder finder(*connection);
  RESULTSDB_ASSIGN(const auto whats, connection->find_damage());
  const auto info = database_->info();
  for (const auto& what : whats)
    finder.found.push_back({.table = info.backend, .key = info.location, .what = what});
  RESULTSDB_TRY(finder.read_suites());
  RESULTSDB_ASSIGN(const auto schema, read_schema_state(*connection));
  for (const Table* table : tables::of_version(schema.version)) RESULTSDB_TRY(finder.check(*table));
  return std::move(finder.found);
}

}  // namespace resultsdb::backends::sql
