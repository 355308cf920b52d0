// One session with a server: statements with parameters, answers, failures as values. Its source is the only
// file that knows libpqxx.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sql/connection.hpp"

namespace resultsdb::backends::postgres {

/// Not safe for concurrent use.
class Session {
 public:
  /// `parameters` as libpq reads them: "host='…' port='…'". `place`: for messages, without secrets.
  static Result<std::unique_ptr<Session>> connect(const std::string& parameters, std::string place);
  ~Session();

  /// Statement and parameters ($1, …, in binary format); returns how many rows it changed.
  Result<std::uint64_t> execute(const std::string& statement, std::span<const std::string> parameters,
                                const sql::RowHandler& handle = {});
  /// The same for a statement that prepare() named.
  Result<std::uint64_t> execute_prepared(const std::string& name, std::span<const std::string> parameters,
                                         const sql::RowHandler& handle = {});
  Status prepare(const std::string& name, const std::string& statement);
  /// Several statements without parameters; the rows are those of the last one.
  Result<std::uint64_t> execute_script(const std::string& statements, const sql::RowHandler& handle = {});

  /// False after the connection broke; it stays so.
  bool is_open() const noexcept { return open_; }

 private:
  class Library;  // what libpqxx has of it
  Session(std::unique_ptr<Library> library, std::string place);
  template <class Call>
  auto guarded(const Call& call) -> Result<decltype(call())>;

  std::unique_ptr<Library> library_;
  const std::string place_;
  bool open_ = true;
};

}  // namespace resultsdb::backends::postgres
