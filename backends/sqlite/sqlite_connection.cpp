#include "sqlite_connection.hpp"

#include <algorithm>

#include "sql/tables.hpp"

namespace resultsdb::backends::sqlite {

namespace {

constexpr std::size_t kMostStatements =
    256;  // kept prepared; queries with long lists have texts of their own

class SqliteRow final : public sql::Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) const override {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  std::string_view bytes(int column) const override {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int at, const sql::Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, at, *number);
  if (const auto* text = std::get_if<std::string_view>(&value))
    return sqlite3_bind_text64(statement, at, text->data() ? text->data() : "", text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  if (const auto* blob = std::get_if<sql::Blob>(&value))
    return blob->bytes.empty()
               ? sqlite3_bind_zeroblob(statement, at, 0)
               : sqlite3_bind_blob64(statement, at, blob->bytes.data(), blob->bytes.size(), SQLITE_STATIC);
  return sqlite3_bind_null(statement, at);
}

std::string placeholders(std::size_t count) {
  std::string list;
  for (std::size_t i = 1; i <= count; ++i) list += (i > 1 ? ", $" : "$") + std::to_string(i);
  return list;
}

std::string key_condition(const sql::Table& table) {
  std::string condition;
  for (std::size_t i = 0; i < table.keys; ++i)
    condition +=
        (i > 0 ? " AND " : " WHERE ") + std::string(table.columns[i].name) + " = $" + std::to_string(i + 1);
  return condition;
}

std::string insert_statement(const sql::Table& table, sql::OnConflict rule) {
  std::string columns, keys, updates;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string name = table.columns[i].name;
    columns += (i > 0 ? ", " : "") + name;
    if (i < table.keys) {
      keys += (i > 0 ? ", " : "") + name;
    } else {
      updates += (i > table.keys ? ", " : "") + name + " = excluded." + name;
    }
  }
  std::string statement = std::string("INSERT INTO ") + table.name + " (" + columns + ") VALUES (" +
                          placeholders(table.columns.size()) + ")";
  if (rule == sql::OnConflict::Ignore) statement += " ON CONFLICT DO NOTHING";
  if (rule == sql::OnConflict::Replace) statement += " ON CONFLICT (" + keys + ") DO UPDATE SET " + updates;
  return statement;
}

std::string update_statement(const sql::Table& table) {
  std::string statement = std::string("UPDATE ") + table.name;
  std::string checksum = ", checksum = checksum";
  for (std::size_t i = table.keys; i < table.columns.size(); ++i) {
    const std::string name = table.columns[i].name, value = "$" + std::to_string(i + 1);
    statement += (i > table.keys ? ", " : " SET ") + name + " = " + value;
    checksum += " - " + name + " + " + value;
  }
  return statement + checksum + key_condition(table);
}

struct Kind {
  ErrorCode code;
  const char* advice;
};

Kind kind_of(int code) {
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
    return {ErrorCode::AlreadyExists, "a unique key is taken"};
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::Unavailable, "another process holds the file for too long; try again"};
    case SQLITE_FULL:
      return {ErrorCode::ResourceExhausted,
              "the disk or the file's page limit is full; nothing of this write was stored"};
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return {ErrorCode::ResourceExhausted, "too large"};
    case SQLITE_READONLY:
      return {ErrorCode::PermissionDenied, "the file is read-only"};
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return {ErrorCode::PermissionDenied,
              "the file cannot be opened; check that it and its folder may be read and written"};
    case SQLITE_NOTADB:
      return {ErrorCode::SchemaMismatch, "this is no SQLite database; nothing was changed"};
    case SQLITE_CORRUPT:
      return {ErrorCode::Corrupt, "the file is damaged; restore a copy, or export what can be read"};
    case SQLITE_IOERR:
      return {ErrorCode::Unavailable, "reading or writing the file failed"};
    default:
      return {ErrorCode::Internal, "unexpected answer of SQLite"};
  }
}

}  // namespace

Error make_sqlite_error(sqlite3* database, int code, const std::string& path) {
  const int extended = database ? sqlite3_extended_errcode(database) : code;
  const auto kind = kind_of(extended != SQLITE_OK ? extended : code);
  auto error = make_error(
      kind.code,
      std::string(kind.advice) + " (" + (database ? sqlite3_errmsg(database) : sqlite3_errstr(code)) + ")",
      path);
  error.backend = "sqlite";
  error.native_code = extended;
  return error;
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, int flags,
                                                                 int busy_timeout_ms) {
  sqlite3* database = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &database, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(database, path));
  if (code != SQLITE_OK) return make_sqlite_error(database, code, path);
  sqlite3_busy_timeout(database, busy_timeout_ms);
  return connection;
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  rollback_.reset();
  sqlite3_close_v2(database_);
}

Status SqliteConnection::begin(Mode mode) {
  RESULTSDB_TRY(run(mode == Mode::Write ? "BEGIN IMMEDIATE" : "BEGIN", {}, {}));
  return {};
}

Status SqliteConnection::commit() {
  RESULTSDB_TRY(run("COMMIT", {}, {}));
  return {};
}

// Every read ends here, so the statement is kept prepared; `run` itself may throw.
void SqliteConnection::rollback() noexcept {
  if (!in_transaction()) return;
  if (!rollback_) {
    sqlite3_stmt* prepared = nullptr;
    sqlite3_prepare_v3(database_, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    rollback_.reset(prepared);
  }
  sqlite3_step(rollback_.get());
  sqlite3_reset(rollback_.get());
}

Result<sqlite3_stmt*> SqliteConnection::prepare(std::string_view statement) {
  if (const auto found = statements_.find(statement); found != statements_.end()) return found->second.get();
  // `$1` would be a parameter named so, numbered by its first use; `?1` is the first parameter.
  std::string numbered(statement);
  std::replace(numbered.begin(), numbered.end(), '$', '?');
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(database_, numbered.data(), static_cast<int>(numbered.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (code != SQLITE_OK) return error(code);
  if (statements_.size() >= kMostStatements) statements_.clear();
  statements_.emplace(statement, prepared);
  return prepared;
}

Status SqliteConnection::finish(sqlite3_stmt* statement, const sql::RowHandler& handle) {
  // A statement that is left standing would hold its snapshot for ever: reset it even if `handle` throws.
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> reset(statement, sqlite3_reset);
  const SqliteRow row(statement);
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW)
    if (handle) handle(row);
  return code == SQLITE_DONE ? Status() : Status(error(code));
}

Result<std::uint64_t> SqliteConnection::run(std::string_view statement,
                                            std::span<const sql::Value> parameters,
                                            const sql::RowHandler& handle) {
  RESULTSDB_ASSIGN(auto* const prepared, prepare(statement));
  int at = 0;
  for (const auto& value : parameters)
    if (const int code = bind(prepared, ++at, value); code != SQLITE_OK) return error(code);
  RESULTSDB_TRY(finish(prepared, handle));
  return static_cast<std::uint64_t>(sqlite3_changes64(database_));
}

Status SqliteConnection::run_script(std::string_view statements) {
  const int code = sqlite3_exec(database_, std::string(statements).c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : Status(error(code));
}

Status SqliteConnection::for_each(const std::string& statement, std::size_t width, const sql::Rows& rows,
                                  const std::function<Status(std::size_t, sqlite3_stmt*)>& step) {
  if (rows.empty()) return {};
  RESULTSDB_ASSIGN(auto* const prepared, prepare(statement));
  for (std::size_t row = 0; row * width < rows.size(); ++row) {
    for (std::size_t i = 0; i < width; ++i) {
      const int code = bind(prepared, static_cast<int>(i + 1), rows[row * width + i]);
      if (code != SQLITE_OK) return error(code);
    }
    RESULTSDB_TRY(step(row, prepared));
  }
  return {};
}

const std::string& SqliteConnection::text_of(const sql::Table& table, Bulk call) {
  auto& text = texts_[{&table, call}];
  if (!text.empty()) return text;
  switch (call) {
    case Bulk::Insert:
      return text = insert_statement(table, sql::OnConflict::Fail);
    case Bulk::InsertMissing:
      return text = insert_statement(table, sql::OnConflict::Ignore);
    case Bulk::InsertOrReplace:
      return text = insert_statement(table, sql::OnConflict::Replace);
    case Bulk::Update:
      return text = update_statement(table);
    case Bulk::Remove:
      return text = std::string("DELETE FROM ") + table.name + key_condition(table);
    case Bulk::LookUp:
      break;
  }
  return text = "SELECT " + sql::column_list(table) + " FROM " + table.name + key_condition(table);
}

Status SqliteConnection::put(const sql::Table& table, sql::OnConflict rule, const sql::Rows& rows) {
  const auto call = rule == sql::OnConflict::Fail     ? Bulk::Insert
                    : rule == sql::OnConflict::Ignore ? Bulk::InsertMissing
                                                      : Bulk::InsertOrReplace;
  return for_each(text_of(table, call), table.columns.size(), rows,
                  [&](std::size_t, sqlite3_stmt* statement) { return finish(statement, {}); });
}

Status SqliteConnection::update(const sql::Table& table, const sql::Rows& rows) {
  return for_each(text_of(table, Bulk::Update), table.columns.size(), rows,
                  [&](std::size_t, sqlite3_stmt* statement) { return finish(statement, {}); });
}

Status SqliteConnection::remove(const sql::Table& table, const sql::Rows& keys) {
  return for_each(text_of(table, Bulk::Remove), table.keys, keys,
                  [&](std::size_t, sqlite3_stmt* statement) { return finish(statement, {}); });
}

Status SqliteConnection::look_up(const sql::Table& table, const sql::Rows& keys,
                                 const std::function<void(std::size_t, const sql::Row&)>& handle) {
  std::size_t key = 0;
  const sql::RowHandler take = [&](const sql::Row& row) { handle(key, row); };
  const bool needs_snapshot = !in_transaction() && keys.size() > table.keys;
  if (needs_snapshot) RESULTSDB_TRY(begin(Mode::Read));
  auto status =
      for_each(text_of(table, Bulk::LookUp), table.keys, keys, [&](std::size_t i, sqlite3_stmt* statement) {
        key = i;
        return finish(statement, take);
      });
  if (needs_snapshot) rollback();
  return status;
}

Result<std::int64_t> SqliteConnection::pragma(const std::string& name) {
  std::int64_t value = 0;
  RESULTSDB_TRY(run("PRAGMA " + name, {}, [&](const sql::Row& row) { value = row.integer(0); }));
  return value;
}

// dbstat counts pages; where SQLite was built without it there are rows alone.
Result<std::vector<storage::TableSize>> SqliteConnection::sizes(std::span<const sql::Table* const> tables) {
  std::vector<storage::TableSize> sizes;
  for (const auto* table : tables) {
    storage::TableSize size{.table = table->name};
    RESULTSDB_TRY(run("SELECT count(*) FROM " + std::string(table->name), {},
                      [&](const sql::Row& row) { size.rows = row.number<std::uint64_t>(0); }));
    (void)run(
        "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE aggregate = TRUE AND name IN (SELECT name FROM "
        "sqlite_schema WHERE tbl_name = $1)",
        {std::string_view(table->name)},
        [&](const sql::Row& row) { size.bytes = row.number<std::uint64_t>(0); });
    sizes.push_back(std::move(size));
  }
  return sizes;
}

// Not quick_check: it does not compare the indexes with their tables.
Result<std::vector<std::string>> SqliteConnection::find_damage() {
  std::vector<std::string> found;
  RESULTSDB_TRY(run("PRAGMA integrity_check", {}, [&](const sql::Row& row) {
    if (row.text(0) != "ok") found.emplace_back(row.text(0));
  }));
  return found;
}

}  // namespace resultsdb::backends::sqlite
