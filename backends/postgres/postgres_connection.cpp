#include "postgres_connection.hpp"

#include <algorithm>

namespace resultsdb::backends::postgres {

namespace {

constexpr std::size_t kMostPrepared = 256;          // queries with long lists have texts of their own
constexpr std::size_t kMostGroupBytes = 64u << 20;  // of a message; the protocol ends at 1 GB

Error error(ErrorCode code, std::string message) {
  auto error = make_error(code, std::move(message));
  error.backend = "postgres";
  return error;
}

}  // namespace

Status PostgresConnection::connect() {
  prepared_.clear();
  session_.reset();
  RESULTSDB_ASSIGN(session_, connect_());
  return {};
}

Result<std::uint64_t> PostgresConnection::send_once(const std::string& statement,
                                                    const Parameters& parameters,
                                                    const sql::RowHandler& handle) {
  const auto known = prepared_.find(statement);
  if (known == prepared_.end()) {  // what is asked only once is not worth a second round trip
    if (prepared_.size() >= kMostPrepared)
      std::erase_if(prepared_, [](const auto& each) { return each.second.empty(); });
    if (prepared_.size() < kMostPrepared) prepared_.emplace(statement, "");
    return session_->execute(statement, parameters, handle);
  }
  if (known->second.empty()) {
    auto name = "s" + std::to_string(next_name_++);
    RESULTSDB_TRY(session_->prepare(name, statement));
    known->second = std::move(name);
  }
  return session_->execute_prepared(known->second, parameters, handle);
}

Result<std::uint64_t> PostgresConnection::send(const std::string& statement, const Parameters& parameters,
                                               const sql::RowHandler& handle) {
  if (!begin_.empty() && !parameters.empty()) RESULTSDB_TRY(send_begin({}, {}));
  if (!begin_.empty()) return send_begin(statement, handle);
  return repeated_once([&] { return send_once(statement, parameters, handle); });
}

Result<std::uint64_t> PostgresConnection::repeated_once(
    const std::function<Result<std::uint64_t>()>& attempt) {
  const bool was_open = is_open();
  if (!was_open && !in_transaction_) RESULTSDB_TRY(connect());
  auto result = attempt();
  if (!result) doomed_ = in_transaction_;
  // Outside a transaction there are reads and BEGIN alone.
  if (result || session_->is_open() || in_transaction_ || !was_open) return result;
  RESULTSDB_TRY(connect());
  return attempt();
}

Status PostgresConnection::begin(Mode mode) {
  // Writers of one suite wait for each other at its row, so that each statement sees what came before.
  begin_ = mode == Mode::Write ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
                               : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
  doomed_ = false;
  return {};
}

Status PostgresConnection::run_ahead(std::string_view statement) {
  if (begin_.empty()) {
    RESULTSDB_TRY(run(statement, {}, {}));
  } else {
    begin_.append("; ").append(statement);
  }
  return {};
}

Result<std::uint64_t> PostgresConnection::send_begin(const std::string& statement,
                                                     const sql::RowHandler& handle) {
  const auto statements = statement.empty() ? begin_ : begin_ + "; " + statement;
  auto result = repeated_once([&] { return session_->execute_script(statements, handle); });
  if (!result && !is_open()) return result;
  begin_.clear();
  in_transaction_ = true;  // also if the statement failed
  doomed_ = !result;
  return result;
}

Status PostgresConnection::commit() {
  RESULTSDB_TRY(send_group());
  if (!begin_.empty()) {  // nothing was done
    begin_.clear();
    return {};
  }
  if (doomed_)
    return error(ErrorCode::Internal, "a statement of this transaction failed: it cannot be committed");
  auto done = send("COMMIT", {});
  if (done) {
    in_transaction_ = false;
    return {};
  }
  auto failed = std::move(done).error();
  if (!is_open())
    failed.message =
        "the connection broke while this was committed: it may be stored or not; read again, then repeat (" +
        failed.message + ")";
  return failed;
}

void PostgresConnection::rollback() noexcept {
  group_.clear();
  group_parameters_.clear();
  group_bytes_ = 0;
  begin_.clear();
  if (!in_transaction_) return;
  in_transaction_ = false;
  if (!is_open()) return;
  try {
    if (!session_->execute_script("ROLLBACK")) session_.reset();
  } catch (...) {  // no memory
    session_.reset();
  }
}

Result<std::uint64_t> PostgresConnection::run(std::string_view statement,
                                              std::span<const sql::Value> parameters,
                                              const sql::RowHandler& handle) {
  RESULTSDB_TRY(send_group());
  Parameters encoded;
  encoded.reserve(parameters.size());
  for (const auto& parameter : parameters) {
    if (std::holds_alternative<sql::Null>(parameter))
      return error(ErrorCode::Internal, "NULL is no parameter of a single statement");
    encoded.push_back(encode(parameter));
  }
  return send(std::string(statement), encoded, handle);
}

Status PostgresConnection::run_script(std::string_view statements) {
  RESULTSDB_TRY(send_group());
  if (!begin_.empty()) RESULTSDB_TRY(send_begin({}, {}));
  if (!is_open() && !in_transaction_) RESULTSDB_TRY(connect());
  RESULTSDB_TRY(session_->execute_script(std::string(statements)));
  return {};
}

Status PostgresConnection::queue(const sql::Table& table, const sql::Rows& rows, std::size_t width,
                                 const std::function<std::string(std::size_t)>& spell) {
  if (rows.empty()) return {};
  // The parts of one statement do not see each other, so each is about a table of its own.
  const auto same = [&](const Write& write) { return write.table == table.name; };
  if (group_bytes_ > kMostGroupBytes || std::any_of(group_.begin(), group_.end(), same))
    RESULTSDB_TRY(send_group());
  group_.push_back({table.name, spell(group_parameters_.size() + 1)});
  for (std::size_t column = 0; column < width; ++column) {
    group_parameters_.push_back(encode_column(rows, width, column, table.columns[column].type));
    group_bytes_ += group_parameters_.back().size();
  }
  return {};
}

Status PostgresConnection::send_group() {
  if (group_.empty()) return {};
  std::string statement;
  for (std::size_t i = 0; i + 1 < group_.size(); ++i)
    statement += (i == 0 ? "WITH w" : ", w") + std::to_string(i) + " AS (" + group_[i].statement + ")";
  if (!statement.empty()) statement += ' ';
  statement += group_.back().statement;
  const auto parameters = std::move(group_parameters_);
  group_.clear();
  group_parameters_.clear();
  group_bytes_ = 0;
  RESULTSDB_TRY(send(statement, parameters));
  return {};
}

Status PostgresConnection::put(const sql::Table& table, sql::OnConflict rule, const sql::Rows& rows) {
  // Which index a conflict is in depends on the schema: rows that are there are overwritten beside. Neither
  // of the two parts of the statement sees what the other does.
  if (rule == sql::OnConflict::Replace && table.long_keys && !rows.empty()) {
    std::string overwrite;
    RESULTSDB_TRY(queue(table, rows, table.columns.size(), [&](std::size_t first) {
      overwrite = overwrite_statement(table, first);
      return insert_statement(table, sql::OnConflict::Ignore, first);
    }));
    group_.push_back({table.name, std::move(overwrite)});
    return {};
  }
  return queue(table, rows, table.columns.size(),
               [&](std::size_t first) { return insert_statement(table, rule, first); });
}

Status PostgresConnection::update(const sql::Table& table, const sql::Rows& rows) {
  return queue(table, rows, table.columns.size(),
               [&](std::size_t first) { return update_statement(table, first); });
}

Status PostgresConnection::remove(const sql::Table& table, const sql::Rows& keys) {
  return queue(table, keys, table.keys, [&](std::size_t first) { return delete_statement(table, first); });
}

Status PostgresConnection::look_up(const sql::Table& table, const sql::Rows& keys,
                                   const std::function<void(std::size_t, const sql::Row&)>& handle) {
  RESULTSDB_TRY(send_group());
  if (keys.empty()) return {};
  if (keys.size() == table.keys) {  // the server plans this once, the other for each call
    Parameters values;
    for (const auto& key : keys) values.push_back(encode(key));
    RESULTSDB_TRY(send(select_one_statement(table), values, [&](const sql::Row& row) { handle(0, row); }));
    return {};
  }
  return send_keys(select_statement(table), table, keys, table.keys, handle);
}

Status PostgresConnection::look_up_ranges(const sql::Table& table, const sql::Rows& ranges,
                                          const std::function<void(std::size_t, const sql::Row&)>& handle) {
  RESULTSDB_TRY(send_group());
  if (ranges.empty()) return {};
  return send_keys(select_ranges_statement(table), table, ranges, table.keys + 1, handle);
}

Status PostgresConnection::send_keys(const std::string& statement, const sql::Table& table,
                                     const sql::Rows& keys, std::size_t width,
                                     const std::function<void(std::size_t, const sql::Row&)>& handle) {
  Parameters arrays;
  for (std::size_t column = 0; column < width; ++column)
    arrays.push_back(
        encode_column(keys, width, column, table.columns[std::min(column, table.keys - 1)].type));
  const int number = static_cast<int>(table.columns.size());
  RESULTSDB_TRY(send(statement, arrays, [&](const sql::Row& row) {
    handle(static_cast<std::size_t>(row.integer(number) - 1), row);
  }));
  return {};
}

Result<std::vector<storage::TableSize>> PostgresConnection::sizes(std::span<const sql::Table* const> tables) {
  std::vector<storage::TableSize> sizes;
  for (const auto* table : tables) {
    storage::TableSize size{.table = table->name};
    RESULTSDB_TRY(run("SELECT count(*), pg_total_relation_size(to_regclass($1)) FROM " + size.table,
                      {std::string_view(table->name)}, [&](const sql::Row& row) {
                        size.rows = row.number<std::uint64_t>(0);
                        size.bytes = row.number<std::uint64_t>(1);
                      }));
    sizes.push_back(std::move(size));
  }
  return sizes;
}

}  // namespace resultsdb::backends::postgres
