// The connection that the SQL layer sees.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bulk.hpp"
#include "session.hpp"

namespace resultsdb::backends::postgres {

/// Bulk writes wait for the next statement or the commit, and go out together: one statement changes as many
/// tables as possible, so that a batch takes a few round trips. Outside a transaction a broken session is
/// replaced, and the statement repeated once: nothing was changed there.
class PostgresConnection final : public sql::Connection {
 public:
  using Connect = std::function<Result<std::unique_ptr<Session>>()>;
  explicit PostgresConnection(Connect connect) : connect_(std::move(connect)) {}

  Status begin(Mode mode) override;
  Status run_ahead(std::string_view statement) override;
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
  Status look_up_ranges(const sql::Table& table, const sql::Rows& ranges,
                        const std::function<void(std::size_t, const sql::Row&)>& handle) override;
  Result<std::vector<storage::TableSize>> sizes(std::span<const sql::Table* const> tables) override;

  bool is_open() const { return session_ && session_->is_open(); }

 private:
  Status connect();
  /// Sends one statement, whatever waits.
  Result<std::uint64_t> send(const std::string& statement, const Parameters& parameters,
                             const sql::RowHandler& handle = {});
  /// Sends the BEGIN that waits, and with it a statement without parameters.
  Result<std::uint64_t> send_begin(const std::string& statement, const sql::RowHandler& handle);
  /// Connects if need be, and again if an idle session turns out to be broken.
  Result<std::uint64_t> repeated_once(const std::function<Result<std::uint64_t>()>& attempt);
  /// A statement over arrays of keys, whose last column is the key's number.
  Status send_keys(const std::string& statement, const sql::Table& table, const sql::Rows& keys,
                   std::size_t width, const std::function<void(std::size_t, const sql::Row&)>& handle);
  Result<std::uint64_t> send_once(const std::string& statement, const Parameters& parameters,
                                  const sql::RowHandler& handle);
  /// Adds a write of `width` columns to the group; `spell` gives it with the number of its first parameter.
  Status queue(const sql::Table& table, const sql::Rows& rows, std::size_t width,
               const std::function<std::string(std::size_t first)>& spell);
  Status send_group();

  const Connect connect_;
  std::unique_ptr<Session> session_;
  std::string begin_;  // waits for the first statement: both are one round trip, if that has no parameters
  bool in_transaction_ = false;
  bool doomed_ =
      false;  // a statement of the transaction failed: the server would answer COMMIT by rolling back
  std::unordered_map<std::string, std::string> prepared_;  // names by statement; "": seen once
  std::size_t next_name_ = 0;

  struct Write {
    std::string_view table;
    std::string statement;
  };
  std::vector<Write> group_;  // each on another table
  Parameters group_parameters_;
  std::size_t group_bytes_ = 0;
};

}  // namespace resultsdb::backends::postgres
