// One connection to a SQLite file.
#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "sql/connection.hpp"

namespace resultsdb::backends::sqlite {

/// What went wrong, by the database's last error.
Error make_sqlite_error(sqlite3* database, int code, const std::string& path);

class SqliteConnection final : public sql::Connection {
 public:
  /// `flags` as for sqlite3_open_v2.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, int flags,
                                                        int busy_timeout_ms);
  ~SqliteConnection() override;

  Status begin(Mode mode) override;
  Status commit() override;
  void rollback() noexcept override;
  Result<std::uint64_t> run(std::string_view statement, std::span<const sql::Value> parameters,
                            const sql::RowHandler& handle) override;
  using sql::Connection::run;
  Status run_script(std::string_view statements) override;
  Status put(const sql::Table& table, sql::OnConflict rule, const sql::Rows& rows) override;
  Status update(const sql::Table& table, const sql::Rows& rows) override;
  Status remove(const sql::Table& table, const sql::Rows& keys) override;
  Status look_up(const sql::Table& table, const sql::Rows& keys,
                 const std::function<void(std::size_t, const sql::Row&)>& handle) override;
  Result<std::vector<storage::TableSize>> sizes(std::span<const sql::Table* const> tables) override;
  Result<std::vector<std::string>> find_damage() override;

  Result<std::int64_t> pragma(const std::string& name);
  sqlite3* handle() const { return database_; }
  bool in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

 private:
  SqliteConnection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}
  Result<sqlite3_stmt*> prepare(std::string_view statement);
  Error error(int code) const { return make_sqlite_error(database_, code, path_); }
  /// Steps a bound statement to its end and resets it.
  Status finish(sqlite3_stmt* statement, const sql::RowHandler& handle);
  enum class Bulk { Insert, InsertMissing, InsertOrReplace, Update, Remove, LookUp };
  /// The statement of a bulk call, spelled once.
  const std::string& text_of(const sql::Table& table, Bulk call);
  Status for_each(const std::string& statement, std::size_t width, const sql::Rows& rows,
                  const std::function<Status(std::size_t, sqlite3_stmt*)>& step);

  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  sqlite3* database_;
  std::string path_;
  std::map<std::pair<const sql::Table*, Bulk>, std::string> texts_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalizer>, TextHash, std::equal_to<>>
      statements_;
  std::unique_ptr<sqlite3_stmt, Finalizer> rollback_;
};

}  // namespace resultsdb::backends::sqlite
