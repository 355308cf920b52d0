// The store behind a URL: options, the pool of connections, the schema's first making.
#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>

#include "postgres_connection.hpp"
#include "resultsdb/backends/postgres.hpp"
#include "sql/migrations.hpp"
#include "sql/sql_storage.hpp"

namespace resultsdb::backends {

namespace {

using postgres::PostgresConnection;
using postgres::Session;

Error failure(ErrorCode code, std::string message, std::string place) {
  auto error = make_error(code, std::move(message), std::move(place));
  error.backend = "postgres";
  return error;
}

/// For messages: no password.
std::string place_of(const PostgresOptions& options) {
  const auto get = [&](const char* name) {
    const auto found = options.connection.find(name);
    return found == options.connection.end() ? std::string() : found->second;
  };
  std::string place = "postgresql://";
  if (!get("user").empty()) place += get("user") + '@';
  place += get("host");
  if (!get("port").empty()) place += ':' + get("port");
  return place + '/' + get("dbname") + " schema " + options.schema;
}

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

/// As libpq reads them: name='value'.
std::string connection_parameters(const PostgresOptions& options) {
  auto all = options.connection;
  all.try_emplace("connect_timeout", std::to_string(options.connect_timeout.count()));
  all.try_emplace("application_name", "resultsdb");
  all.try_emplace("client_encoding", "UTF8");
  all.try_emplace("keepalives_idle", "30");
  all.try_emplace("tcp_user_timeout", "30000");
  std::string text;
  for (const auto& [name, value] : all) {
    text += name + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += "' ";
  }
  return text;
}

Result<std::unique_ptr<Session>> connect(const PostgresOptions& options) {
  RESULTSDB_ASSIGN(auto session, Session::connect(connection_parameters(options), place_of(options)));
  const std::pair<const char*, std::string> settings[] = {
      {"search_path", quoted(options.schema, '"')},
      {"statement_timeout", std::to_string(options.statement_timeout.count())},
      {"default_transaction_read_only", options.read_only ? "on" : "off"},
      {"client_min_messages", "error"},
      {"bytea_output", "hex"},
      {"standard_conforming_strings", "on"},
  };
  std::string statement;
  postgres::Parameters values;
  for (const auto& [name, value] : settings) {
    values.push_back(value);
    statement += (statement.empty() ? "SELECT set_config('" : ", set_config('") + std::string(name) + "', $" +
                 std::to_string(values.size()) + ", false)";
  }
  RESULTSDB_TRY(session->execute(statement, values));
  return session;
}

/// Reads and writes share the connections, made when first needed.
class PostgresDatabase final : public sql::Database {
 public:
  explicit PostgresDatabase(PostgresOptions options) : options_(std::move(options)) {}

  Result<sql::Lease> reader() override {
    std::unique_lock lock(mutex_);
    const auto is_free = [&] { return !idle_.empty() || made_ < std::max(1, options_.connections); };
    if (!one_is_free_.wait_for(lock, options_.pool_timeout, is_free))
      return failure(
          ErrorCode::Unavailable,
          "all " + std::to_string(made_) + " connections are busy; try again, or raise 'connections'",
          place_of(options_));
    std::unique_ptr<PostgresConnection> connection;
    if (idle_.empty()) {
      connection = std::make_unique<PostgresConnection>([this] { return connect(options_); });
      ++made_;
    } else {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    return sql::Lease(connection.release(), [this](sql::Connection* given) {
      give_back(std::unique_ptr<PostgresConnection>(static_cast<PostgresConnection*>(given)));
    });
  }

  Result<sql::Lease> writer() override {
    if (options_.read_only)
      return failure(ErrorCode::PermissionDenied, "the store was opened for reading alone",
                     place_of(options_));
    return reader();
  }

  Status ping() override {
    RESULTSDB_ASSIGN(auto connection, reader());
    RESULTSDB_TRY(connection->run("SELECT 1 FROM meta LIMIT 1", {}));
    return {};
  }

  // Two equal snapshots see the same rows: whatever is committed between them changes one of their numbers.
  std::optional<std::uint64_t> asked_revision() override {
    auto connection = reader();
    if (!connection) return std::nullopt;
    std::optional<std::uint64_t> revision;
    const auto done = (*connection)->run("SELECT pg_current_snapshot()::text", {}, [&](const sql::Row& row) {
      revision = std::hash<std::string_view>()(row.text(0));
    });
    return done ? revision : std::nullopt;
  }

  const sql::Dialect& dialect() const override {
    static const sql::Dialect kDialect{.integer = "BIGINT",
                                       .text = "TEXT COLLATE \"C\"",
                                       .bytes = "BYTEA",
                                       .row_lock = " FOR UPDATE",
                                       .small_index_entries = true,
                                       .oldest_reader = 3};  // older ones name indexes that are gone
    return kDialect;
  }

  storage::StorageInfo info() const override {
    storage::StorageInfo info{.backend = "postgres", .location = place_of(options_)};
    info.capabilities = {.durable = true, .shared_by_processes = true, .read_only = options_.read_only};
    return info;
  }

 private:
  void give_back(std::unique_ptr<PostgresConnection> connection) {
    connection->rollback();
    {
      std::lock_guard lock(mutex_);
      idle_.push_back(std::move(connection));
    }
    one_is_free_.notify_one();
  }

  const PostgresOptions options_;
  std::mutex mutex_;
  std::condition_variable one_is_free_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  int made_ = 0;
};

Result<bool> has_tables(sql::Connection& connection) {
  bool found = false;
  std::string encoding;
  RESULTSDB_TRY(connection.run("SELECT to_regclass('meta') IS NOT NULL, current_setting('server_encoding')",
                               {}, [&](const sql::Row& row) {
                                 found = row.text(0) == "t";
                                 encoding = row.text(1);
                               }));
  if (encoding == "UTF8") return found;
  return make_error(ErrorCode::SchemaMismatch,
                    "the database keeps texts in " + encoding + "; make one with ENCODING 'UTF8'");
}

/// One process makes the tables while others that came at the same time wait.
Status create_schema(sql::Database& database, const PostgresOptions& options) {
  RESULTSDB_ASSIGN(auto connection, database.writer());
  RESULTSDB_TRY(connection->begin(sql::Connection::Mode::Write));
  RESULTSDB_TRY(connection->run("SELECT pg_advisory_xact_lock(hashtext($1))",
                                {std::string_view("resultsdb " + options.schema)}));
  bool there = false;
  RESULTSDB_TRY(connection->run("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)",
                                {std::string_view(options.schema)},
                                [&](const sql::Row& row) { there = row.text(0) == "t"; }));
  if (!there) RESULTSDB_TRY(connection->run_script("CREATE SCHEMA " + quoted(options.schema, '"')));
  RESULTSDB_ASSIGN(const bool made, has_tables(*connection));
  if (!made) RESULTSDB_TRY(sql::run_migrations(*connection, database.dialect(), 0));
  return connection->commit();
}

Status check_store(sql::Database& database, const PostgresOptions& options) {
  bool made = false;
  {
    RESULTSDB_ASSIGN(auto connection, database.reader());
    RESULTSDB_ASSIGN(made, has_tables(*connection));
  }
  if (!made && (!options.create || options.read_only))
    return failure(ErrorCode::NotFound, "there is no such store; 'import' makes one", place_of(options));
  if (!made) RESULTSDB_TRY(create_schema(database, options));
  RESULTSDB_ASSIGN(auto connection, database.reader());
  RESULTSDB_ASSIGN(const auto state, sql::read_schema_state(*connection));
  return sql::check_schema(*connection, state);
}

// --- the URL

/// Splits `//[user[:password]@][host[:port]]/database`, percent-decoded: user and password end at the last
/// '@'.
Result<std::map<std::string, std::string>> parse_place(const StoreUrl& url) {
  std::map<std::string, std::string> found;
  const auto keep = [&](const char* name, std::string_view value) {
    if (!value.empty()) found[name] = value;
  };
  std::string_view rest = url.path;
  if (!rest.starts_with("//"))
    return invalid_argument("write postgresql://USER@HOST:PORT/DATABASE", url.redacted());
  rest.remove_prefix(2);
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    const auto who = rest.substr(0, at);
    const auto colon = std::min(who.find(':'), who.size());
    keep("user", who.substr(0, colon));
    keep("password", who.substr(std::min(colon + 1, who.size())));
    rest.remove_prefix(at + 1);
  }
  if (const auto slash = rest.rfind('/'); slash != rest.npos) {
    keep("dbname", rest.substr(slash + 1));
    rest = rest.substr(0, slash);
  }
  const auto bracket = rest.rfind(']');  // of an IPv6 address
  if (const auto colon = rest.rfind(':'); colon != rest.npos && (bracket == rest.npos || colon > bracket)) {
    keep("port", rest.substr(colon + 1));
    rest = rest.substr(0, colon);
  }
  if (rest.size() >= 2 && rest.front() == '[' && rest.back() == ']') rest = rest.substr(1, rest.size() - 2);
  keep("host", rest);
  return found;
}

Result<int> parse_number(const StoreUrl& url, const std::string& name, const std::string& text, int least) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size() && value >= least) return value;
  return invalid_argument(name + ": '" + text + "' is no number of at least " + std::to_string(least),
                          url.redacted());
}

bool is_connection_parameter(std::string_view name) {
  static constexpr std::string_view kNames[] = {"host",
                                                "port",
                                                "dbname",
                                                "user",
                                                "password",
                                                "passfile",
                                                "service",
                                                "application_name",
                                                "target_session_attrs"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) || name.starts_with("ssl");
}

Result<PostgresOptions> parse_options(const StoreUrl& url, const OpenOptions& open) {
  PostgresOptions options;
  options.read_only = open.read_only;
  options.create = open.create;
  RESULTSDB_ASSIGN(options.connection, parse_place(url));
  for (const auto& [name, text] : url.options) {
    if (name == "schema") {
      if (text.empty() || text.size() > 63)
        return invalid_argument("schema: a name of 1 to 63 bytes is needed", url.redacted());
      options.schema = text;
    } else if (is_connection_parameter(name)) {
      options.connection[name] = text;
    } else if (name == "connections") {
      RESULTSDB_ASSIGN(options.connections, parse_number(url, name, text, 1));
    } else if (name == "pool_timeout_ms" || name == "statement_timeout_ms") {
      RESULTSDB_ASSIGN(const int value, parse_number(url, name, text, 0));
      (name == "pool_timeout_ms" ? options.pool_timeout : options.statement_timeout) =
          std::chrono::milliseconds(value);
    } else if (name == "connect_timeout_s") {
      RESULTSDB_ASSIGN(const int value, parse_number(url, name, text, 1));
      options.connect_timeout = std::chrono::seconds(value);
    } else {
      return invalid_argument("'" + name + "' is no option of PostgreSQL stores", url.redacted());
    }
  }
  return options;
}

}  // namespace

Result<std::shared_ptr<storage::Storage>> open_postgres(const PostgresOptions& options) {
  auto database = std::make_unique<PostgresDatabase>(options);
  if (auto status = check_store(*database, options); !status) {
    auto error = std::move(status).error();
    if (error.context.empty()) error.context = place_of(options);
    error.backend = "postgres";
    return error;
  }
  return std::shared_ptr<storage::Storage>(std::make_shared<sql::SqlStorage>(std::move(database)));
}

void register_postgres(BackendRegistry& registry) {
  const auto open = [](const StoreUrl& url,
                       const OpenOptions& open) -> Result<std::shared_ptr<storage::Storage>> {
    RESULTSDB_ASSIGN(const auto options, parse_options(url, open));
    return open_postgres(options);
  };
  registry.add("postgresql", open);
  registry.add("postgres", open);
}

}  // namespace resultsdb::backends
