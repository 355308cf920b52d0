// What the SQL layer needs of an engine: a connection of a dozen calls, and a source of connections. The same
// statement text, with parameters $1, $2, …, serves every engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::backends::sql {

struct Null {
  auto operator<=>(const Null&) const = default;
};
struct Blob {
  std::string_view bytes;
  auto operator<=>(const Blob&) const = default;
};
/// A parameter; texts and bytes belong to the caller and live until the call returns.
using Value = std::variant<Null, std::int64_t, std::string_view, Blob>;

/// The current row of an answer; views live until the callback returns. Columns count from 0.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual std::string_view bytes(int column) const = 0;

  template <class T>
  T number(int column) const {
    return static_cast<T>(integer(column));
  }
};

using RowHandler = std::function<void(const Row&)>;

struct Column {
  enum class Type { Integer, Text, Bytes };
  enum class Check {
    Summed,   ///< the row's checksum covers it
    Added,    ///< a number that is added to the checksum: a statement can change both without reading the row
    Derived,  ///< not covered: the engine derives it from other rows and compares
    Checksum,  ///< is the checksum; the last column of its table
  };
  const char* name;
  Type type = Type::Integer;
  Check check = Check::Summed;
};

/// A table as bulk calls see it: the first `keys` columns are its primary key. Lives as long as the program:
/// connections remember its statements by its address. Rows of a table with a checksum are written by
/// put_rows().
struct Table {
  const char* name;
  std::size_t keys;
  std::vector<Column> columns;
  int since = 1;  ///< schema version that has it
  /// Where index entries are small: texts among the keys are in the index as index_entries.hpp has them.
  bool long_keys = false;
};

enum class OnConflict { Fail, Ignore, Replace };

/// Rows one after another, `columns.size()` values each (`keys` values each for remove and look_up).
using Rows = std::vector<Value>;

/// Not safe for concurrent use.
class Connection {
 public:
  virtual ~Connection() = default;

  enum class Mode { Read, Write };
  virtual Status begin(Mode mode) = 0;
  /// Right after begin(): a statement without parameters, of which only the effect counts. It may wait for
  /// the next one.
  virtual Status run_ahead(std::string_view statement) {
    RESULTSDB_TRY(run(statement, std::span<const Value>()));
    return {};
  }
  virtual Status commit() = 0;
  virtual void rollback() noexcept = 0;
  /// One statement, prepared once per text. Returns the number of rows it changed.
  virtual Result<std::uint64_t> run(std::string_view statement, std::span<const Value> parameters,
                                    const RowHandler& handle = {}) = 0;
  /// Several statements without parameters: the schema.
  virtual Status run_script(std::string_view statements) = 0;
  /// Writes may wait for the next statement or for commit(), which then says how they failed.
  virtual Status put(const Table& table, OnConflict rule, const Rows& rows) = 0;
  /// Sets the columns after the keys; rows that are not there stay so. All of them are Column::Check::Added:
  /// the row's checksum changes by as much as they do.
  virtual Status update(const Table& table, const Rows& rows) = 0;
  virtual Status remove(const Table& table, const Rows& keys) = 0;
  /// Rows by the table's keys, in the order of `keys` and all of one state; `handle` gets the number of the
  /// key. Missing rows are left out.
  virtual Status look_up(const Table& table, const Rows& keys,
                         const std::function<void(std::size_t, const Row&)>& handle) = 0;
  /// Rows of which all keys but the last are equal to those of a range (`table.keys + 1` values each) and the
  /// last one is between its two: in any order, all of one state if a transaction was begun.
  virtual Status look_up_ranges(const Table& table, const Rows& ranges,
                                const std::function<void(std::size_t, const Row&)>& handle);
  /// Bytes and rows by table.
  virtual Result<std::vector<storage::TableSize>> sizes(std::span<const Table* const> tables) = 0;
  /// What the engine itself finds wrong with its files and indexes.
  virtual Result<std::vector<std::string>> find_damage() { return std::vector<std::string>(); }

  Result<std::uint64_t> run(std::string_view statement, std::initializer_list<Value> parameters,
                            const RowHandler& handle = {}) {
    return run(statement, std::span(parameters.begin(), parameters.size()), handle);
  }
};

/// Gives a connection back when it ends; a transaction that was not committed is rolled back.
class Lease {
 public:
  Lease(Connection* connection, std::function<void(Connection*)> give_back)
      : connection_(connection, std::move(give_back)) {}
  Connection* operator->() const { return connection_.get(); }
  Connection& operator*() const { return *connection_; }

 private:
  std::unique_ptr<Connection, std::function<void(Connection*)>> connection_;
};

/// What engines spell differently.
struct Dialect {
  const char* integer = "INTEGER";
  const char* text = "TEXT";
  const char* bytes = "BLOB";
  const char* table_end = "";      ///< after the closing bracket of a table
  const char* clustered_end = "";  ///< … of one whose rows lie in key order
  /// After a SELECT: other writers of the rows wait until the transaction ends. Empty where there is one
  /// writer at a time.
  const char* row_lock = "";
  bool small_index_entries = false;  ///< smaller than the longest name
  int oldest_reader = 1;  ///< oldest schema version whose software may use a store of kSchemaVersion
};

/// Safe for concurrent calls.
class Database {
 public:
  virtual ~Database() = default;
  virtual Result<Lease> reader() = 0;
  virtual Result<Lease> writer() = 0;
  virtual Status ping() = 0;
  /// See Storage::revision() and Storage::asked_revision().
  virtual std::optional<std::uint64_t> revision() { return std::nullopt; }
  virtual std::optional<std::uint64_t> asked_revision() { return revision(); }
  virtual const Dialect& dialect() const = 0;
  virtual storage::StorageInfo info() const = 0;  ///< schema version 0: not yet known to the engine
};

}  // namespace resultsdb::backends::sql
