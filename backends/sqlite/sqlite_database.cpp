// The file: how it is opened and checked, one writer and a few readers.
#include <sqlite3.h>

#include <charconv>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "resultsdb/backends/sqlite.hpp"
#include "sql/migrations.hpp"
#include "sql/sql_storage.hpp"
#include "sqlite_connection.hpp"

namespace resultsdb::backends {

namespace {

using sqlite::SqliteConnection;

constexpr std::int64_t kApplicationId = 0x72736462;  // "rsdb"
constexpr int kPageSize = 2048;                      // larger pages waste more behind blobs (adr 5)
// 32 MB of log. Every time it is folded costs its synchronisation: with 16 MB an upload of 60,000 tests took
// half as long again on average, at the same p99; with 64 MB a little less, at a p99 a third higher.
constexpr int kCheckpointPages = 16000;
constexpr int kCheckpointWaitMs = 50, kCheckpointWaits = 20;
constexpr int kMostLogPages = 2 * kCheckpointPages;  // beyond it the log must begin again

std::string synchronous(const SqliteOptions& options) {
  static constexpr const char* kWords[] = {"OFF", "NORMAL", "FULL"};
  return std::string("PRAGMA synchronous = ") + kWords[static_cast<int>(options.synchronous)];
}

/// One writer and up to `readers` reader connections, opened when first needed. The log is folded into the
/// file by whoever committed last, on a connection of its own after its commit is done: no other writer waits
/// for that. Readers that always overlap would keep the log from ever beginning again; when it is twice as
/// long, the committing thread waits for those that are at it, a second at most, and other writers wait for
/// that.
class SqliteDatabase final : public sql::Database {
 public:
  SqliteDatabase(SqliteOptions options, std::unique_ptr<SqliteConnection> writer)
      : options_(std::move(options)), writer_(std::move(writer)) {
    if (!options_.read_only) {
      sqlite3_wal_autocheckpoint(writer_->handle(), 0);
      sqlite3_wal_hook(writer_->handle(), note_log_size, this);
    }
  }

  Result<sql::Lease> reader() override {
    std::unique_lock lock(mutex_);
    reader_is_free_.wait(lock, [&] { return !idle_.empty() || opened_ < std::max(1, options_.readers); });
    if (idle_.empty()) {
      auto opened = open_reader();
      if (!opened) return opened.error();
      ++opened_;
      idle_.push_back(std::move(*opened));
    }
    auto* connection = idle_.back().release();
    idle_.pop_back();
    return sql::Lease(connection, [this](sql::Connection* given) {
      give_back_reader(static_cast<SqliteConnection*>(given));
    });
  }

  Result<sql::Lease> writer() override {
    if (options_.read_only) {
      auto error =
          make_error(ErrorCode::PermissionDenied, "the store was opened for reading alone", options_.path);
      error.backend = "sqlite";
      return error;
    }
    writer_mutex_.lock();
    return sql::Lease(writer_.get(), [this](sql::Connection* given) {
      given->rollback();
      if (log_pages_ < folded_at_) folded_at_ = 0;  // the log began again
      const bool fold = log_pages_ >= folded_at_ + kCheckpointPages;
      if (fold) folded_at_ = log_pages_;
      const bool must_begin_again = log_pages_ >= kMostLogPages;
      writer_mutex_.unlock();
      if (fold) fold_log(must_begin_again);
    });
  }

  Status ping() override {
    RESULTSDB_ASSIGN(auto connection, reader());
    RESULTSDB_TRY(connection->run("SELECT count(*) FROM meta", {}));
    return {};
  }

  // `data_version` compares within one connection alone, and counts what others committed.
  std::optional<std::uint64_t> revision() override {
    std::lock_guard lock(watcher_mutex_);
    if (!watcher_) {
      auto opened = open_reader();
      if (!opened) return std::nullopt;
      watcher_ = std::move(*opened);
    }
    const auto version = watcher_->pragma("data_version");
    if (!version) return std::nullopt;
    return static_cast<std::uint64_t>(*version);
  }

  const sql::Dialect& dialect() const override {
    static const sql::Dialect kDialect{.table_end = " STRICT", .clustered_end = " STRICT, WITHOUT ROWID"};
    return kDialect;
  }

  storage::StorageInfo info() const override {
    storage::StorageInfo info{.backend = "sqlite", .location = options_.path};
    info.capabilities = {.durable = true, .shared_by_processes = true, .read_only = options_.read_only};
    return info;
  }

 private:
  static int note_log_size(void* self, sqlite3*, const char*, int pages) {
    static_cast<SqliteDatabase*>(self)->log_pages_ = pages;
    return SQLITE_OK;
  }

  /// What fails here is done again after a later commit.
  void fold_log(bool must_begin_again) {
    std::unique_lock lock(checkpoint_mutex_, std::try_to_lock);
    if (!lock) return;  // somebody is at it
    if (!checkpointer_) {
      auto opened = SqliteConnection::open(options_.path, SQLITE_OPEN_READWRITE, kCheckpointWaitMs);
      // A connection that never read does not know of the log, and its checkpoints do nothing.
      if (!opened || !(*opened)->run_script(synchronous(options_)) || !(*opened)->pragma("schema_version"))
        return;
      checkpointer_ = std::move(*opened);
    }
    // SQLite waits for the places of readers that were behind when it began, although others, up to date, may
    // take a place over and over: short waits, each with a new look, come to an end.
    const int mode = must_begin_again ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    int code = SQLITE_BUSY;
    for (int waits = must_begin_again ? kCheckpointWaits : 1; code == SQLITE_BUSY && waits > 0; --waits)
      code = sqlite3_wal_checkpoint_v2(checkpointer_->handle(), nullptr, mode, nullptr, nullptr);
  }

  Result<std::unique_ptr<SqliteConnection>> open_reader() {
    RESULTSDB_ASSIGN(auto connection,
                     SqliteConnection::open(options_.path, SQLITE_OPEN_READONLY,
                                            static_cast<int>(options_.busy_timeout.count())));
    RESULTSDB_TRY(
        connection->run_script("PRAGMA cache_size = -" + std::to_string(options_.cache_bytes / 1024)));
    return connection;
  }

  void give_back_reader(SqliteConnection* connection) {
    connection->rollback();
    {
      std::lock_guard lock(mutex_);
      idle_.emplace_back(connection);
    }
    reader_is_free_.notify_one();
  }

  const SqliteOptions options_;
  std::mutex writer_mutex_;
  std::unique_ptr<SqliteConnection> writer_;
  int log_pages_ = 0;  // this and the next are written and read by the holder of the writer
  int folded_at_ = 0;  // pages of the log when it was last folded, since it began
  std::mutex checkpoint_mutex_;
  std::unique_ptr<SqliteConnection> checkpointer_;
  std::mutex watcher_mutex_;
  std::unique_ptr<SqliteConnection> watcher_;
  std::mutex mutex_;
  std::condition_variable reader_is_free_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  int opened_ = 0;
};

Error mismatch(const std::string& path, std::string message) {
  auto error = make_error(ErrorCode::SchemaMismatch, std::move(message), path);
  error.backend = "sqlite";
  return error;
}

Status create_schema(SqliteConnection& connection, const sql::Dialect& dialect) {
  RESULTSDB_TRY(connection.begin(sql::Connection::Mode::Write));
  RESULTSDB_ASSIGN(const auto application, connection.pragma("application_id"));
  if (application == kApplicationId) return connection.commit();  // another process was first
  RESULTSDB_TRY(sql::run_migrations(connection, dialect, 0));
  RESULTSDB_TRY(connection.run_script("PRAGMA application_id = " + std::to_string(kApplicationId)));
  RESULTSDB_TRY(connection.run_script("PRAGMA user_version = " + std::to_string(sql::kSchemaVersion)));
  return connection.commit();
}

/// Makes the schema in an empty file; refuses files that are not ours or too new, leaving them as they are.
Status check_file(SqliteConnection& connection, const SqliteOptions& options, const sql::Dialect& dialect) {
  RESULTSDB_ASSIGN(const auto application, connection.pragma("application_id"));
  std::int64_t objects = 0;
  RESULTSDB_TRY(connection.run("SELECT count(*) FROM sqlite_schema", {},
                               [&](const sql::Row& row) { objects = row.integer(0); }));
  if (application != kApplicationId && (objects > 0 || application != 0))
    return mismatch(options.path, "this SQLite database is no results store; nothing was changed");
  if (application != kApplicationId) {
    if (options.read_only || !options.create)
      return mismatch(options.path, "this file is empty: no results store yet");
    RESULTSDB_TRY(connection.run_script("PRAGMA page_size = " + std::to_string(kPageSize)));
    RESULTSDB_TRY(connection.run_script("PRAGMA journal_mode = WAL"));
    RESULTSDB_TRY(create_schema(connection, dialect));
  }
  RESULTSDB_ASSIGN(const auto state, sql::read_schema_state(connection));
  return sql::check_schema(connection, state);
}

Status configure_writer(SqliteConnection& connection, const SqliteOptions& options) {
  RESULTSDB_TRY(connection.run_script("PRAGMA journal_mode = WAL"));
  RESULTSDB_TRY(connection.run_script(synchronous(options)));
  RESULTSDB_TRY(connection.run_script("PRAGMA cache_size = -" + std::to_string(options.cache_bytes / 1024)));
  // SQLite's own default. Some distributions let it write zeros over all that is deleted, which every fold of
  // durations would pay with the pages of what it replaces.
  RESULTSDB_TRY(connection.run_script("PRAGMA secure_delete = OFF"));
  if (options.max_pages > 0)
    RESULTSDB_TRY(connection.run_script("PRAGMA max_page_count = " + std::to_string(options.max_pages)));
  return {};
}

template <class Number>
Result<Number> parse_number(const StoreUrl& url, const std::string& name, const std::string& text) {
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size() && value >= 0) return value;
  return invalid_argument(name + ": '" + text + "' is no number of at least 0", url.redacted());
}

Result<SqliteOptions> parse_options(const StoreUrl& url, const OpenOptions& open) {
  SqliteOptions options;
  options.path = url.path;
  options.read_only = open.read_only;
  options.create = open.create;
  if (url.path.empty()) return invalid_argument("the URL names no file; write sqlite:PATH", url.redacted());
  for (const auto& [name, text] : url.options) {
    if (name == "synchronous") {
      if (text == "off")
        options.synchronous = SqliteOptions::Synchronous::Off;
      else if (text == "normal")
        options.synchronous = SqliteOptions::Synchronous::Normal;
      else if (text == "full")
        options.synchronous = SqliteOptions::Synchronous::Full;
      else
        return invalid_argument("synchronous: '" + text + "' is none of off, normal, full", url.redacted());
      continue;
    }
    RESULTSDB_ASSIGN(const auto value, parse_number<std::int64_t>(url, name, text));
    if (name == "readers")
      options.readers = static_cast<int>(std::min<std::int64_t>(value, 256));
    else if (name == "busy_timeout_ms")
      options.busy_timeout = std::chrono::milliseconds(value);
    else if (name == "cache_mb")
      options.cache_bytes = value << 20;
    else if (name == "max_pages")
      options.max_pages = value;
    else
      return invalid_argument("'" + name + "' is no option of SQLite stores", url.redacted());
  }
  return options;
}

}  // namespace

Result<std::shared_ptr<storage::Storage>> open_sqlite(const SqliteOptions& options) {
  std::error_code ignored;
  const bool there = std::filesystem::exists(options.path, ignored);
  if (!there && (!options.create || options.read_only)) {
    auto error = make_error(ErrorCode::NotFound, "there is no such store; 'import' makes one", options.path);
    error.backend = "sqlite";
    return error;
  }
  const int flags = options.read_only ? SQLITE_OPEN_READONLY
                                      : SQLITE_OPEN_READWRITE | (options.create ? SQLITE_OPEN_CREATE : 0);
  RESULTSDB_ASSIGN(auto connection, SqliteConnection::open(options.path, flags,
                                                           static_cast<int>(options.busy_timeout.count())));
  auto& opened = *connection;
  auto database = std::make_unique<SqliteDatabase>(options, std::move(connection));
  if (auto status = check_file(opened, options, database->dialect()); !status) {
    auto error = std::move(status).error();
    if (error.context.empty()) error.context = options.path;
    error.backend = "sqlite";
    return error;
  }
  if (!options.read_only) RESULTSDB_TRY(configure_writer(opened, options));
  return std::shared_ptr<storage::Storage>(std::make_shared<sql::SqlStorage>(std::move(database)));
}

void register_sqlite(BackendRegistry& registry) {
  registry.add("sqlite",
               [](const StoreUrl& url, const OpenOptions& open) -> Result<std::shared_ptr<storage::Storage>> {
                 RESULTSDB_ASSIGN(const auto options, parse_options(url, open));
                 return open_sqlite(options);
               });
}

}  // namespace resultsdb::backends
