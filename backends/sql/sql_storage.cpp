#include "sql_storage.hpp"

#include <mutex>

#include "index_entries.hpp"
#include "migrations.hpp"
#include "tables.hpp"

namespace resultsdb::backends::sql {

using namespace storage;

namespace {

constexpr int kAttempts = 1000;  // each fails because another writer got through

}  // namespace

void Conditions::add_any(std::string_view column, const std::vector<Value>& values) {
  if (values.empty()) return;
  text_ += (text_.empty() ? " WHERE " : " AND ") + std::string(column) + " IN (";
  for (std::size_t i = 0; i < values.size(); ++i) text_ += (i > 0 ? ", " : "") + parameter(values[i]);
  text_ += ')';
}

void Conditions::add_after(std::string_view columns, bool ascending, const std::vector<Value>& cursor) {
  text_ += (text_.empty() ? " WHERE (" : " AND (") + std::string(columns) + (ascending ? ") > (" : ") < (");
  for (std::size_t i = 0; i < cursor.size(); ++i) text_ += (i > 0 ? ", " : "") + parameter(cursor[i]);
  text_ += ')';
}

std::string order_by(std::string_view columns, bool ascending) {
  if (ascending) return std::string(columns);
  std::string list;
  for (const char c : columns) {
    if (c == ',') list += " DESC";
    list += c;
  }
  return list + " DESC";
}

Result<StorageInfo> SqlStorage::do_info() {
  auto info = database_->info();
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_ASSIGN(const auto state, read_schema_state(*connection));
  info.schema_version = state.version;
  info.oldest_reader = state.oldest_reader;
  info.software_version = kSchemaVersion;
  return info;
}

Status SqlStorage::do_migrate() {
  RESULTSDB_ASSIGN(auto connection, database_->writer());
  RESULTSDB_TRY(connection->begin(Connection::Mode::Write));
  RESULTSDB_TRY(lock_documents_and_repositories(*connection));  // two that migrate come one after the other
  RESULTSDB_ASSIGN(const auto state, read_schema_state(*connection));
  RESULTSDB_TRY(check_schema(*connection, state));
  if (state.version < kSchemaVersion)
    RESULTSDB_TRY(run_migrations(*connection, database_->dialect(), state.version));
  return connection->commit();
}

Result<std::vector<TableSize>> SqlStorage::do_sizes() {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_TRY(connection->begin(Connection::Mode::Read));
  RESULTSDB_ASSIGN(const auto schema, read_schema_state(*connection));
  return connection->sizes(tables::of_version(schema.version));
}

SqlStorage::SuiteNumber SqlStorage::known_suite(std::string_view name) {
  std::shared_lock lock(suites_mutex_);
  const auto found = suites_.find(name);
  return found == suites_.end() ? kNoSuite : found->second;
}

Result<SqlStorage::SuiteNumber> SqlStorage::find_suite(Connection& connection, std::string_view name) {
  SuiteNumber number = known_suite(name);
  if (number != kNoSuite) return number;
  RESULTSDB_TRY(
      connection.run("SELECT id FROM suite WHERE " + text_equals(database_->dialect(), "name", "$1"), {name},
                     [&](const Row& row) { number = row.integer(0); }));
  remember_suite(name, number);
  return number;
}

Result<SqlStorage::SuiteNumber> SqlStorage::make_suite(Connection& connection, std::string_view name) {
  const std::string lock = database_->dialect().row_lock;
  const SuiteNumber known = known_suite(name);
  if (known != kNoSuite && lock.empty()) return known;
  if (known != kNoSuite) {  // without parameters it goes with BEGIN
    bool is_there = false;
    RESULTSDB_TRY(connection.run("SELECT name FROM suite WHERE id = " + std::to_string(known) + lock, {},
                                 [&](const Row& row) { is_there = row.text(0) == name; }));
    if (is_there) return known;
  }
  const auto select = "SELECT id FROM suite WHERE " + text_equals(database_->dialect(), "name", "$1") + lock;
  // Another writer may make this suite, or another of the same number, at the same time: look again.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    SuiteNumber number = kNoSuite;
    RESULTSDB_TRY(connection.run(select, {name}, [&](const Row& row) { number = row.integer(0); }));
    if (number != kNoSuite) return number;
    RESULTSDB_TRY(connection.run("SELECT coalesce(max(id), 0) + 1 FROM suite", {},
                                 [&](const Row& row) { number = row.integer(0); }));
    RESULTSDB_TRY(put_rows(connection, tables::kSuite, OnConflict::Ignore, {number, name}));
  }
  return make_error(ErrorCode::Unavailable, "others make suites all the time; try again", std::string(name));
}

Status SqlStorage::lock_documents_and_repositories(Connection& connection) {
  const std::string lock = database_->dialect().row_lock;
  if (lock.empty()) return {};
  return connection.run_ahead("SELECT value FROM meta WHERE name = 'schema_version'" + lock);
}

void SqlStorage::remember_suite(std::string_view name, SuiteNumber number) {
  if (number == kNoSuite) return;
  std::unique_lock lock(suites_mutex_);
  suites_.try_emplace(std::string(name), number);
}

}  // namespace resultsdb::backends::sql
