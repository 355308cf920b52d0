// What goes wrong between a store and its PostgreSQL server. This program has a server of its own: it stops
// it.
#include "resultsdb/backends/postgres.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <latch>
#include <random>
#include <thread>

#include "property/soundness.hpp"
#include "resultsdb/attachments.hpp"
#include "resultsdb/model.hpp"
#include "support/postgres.hpp"
#include "support/waiting.hpp"

namespace resultsdb {
namespace {

using testing::administer;
using testing::comes_true;

using StoragePtr = std::shared_ptr<storage::Storage>;

Result<StoragePtr> open(const std::string& url) {
  BackendRegistry registry;
  backends::register_postgres(registry);
  return registry.open(url);
}

Time at(int seconds) { return from_seconds(1'000'000 + seconds); }

Run run_of(int writer, int number, int tests = 50) {
  Run run{.header = {.suite = "suite", .branch = "branch-" + std::to_string(writer)}};
  run.header.id = std::to_string(writer) + "-" + std::to_string(number);
  run.header.position = number;
  run.header.variant = std::to_string(writer);
  run.header.started = at(number);
  for (int test = 0; test < tests; ++test)
    run.results.add(
        {.test = "test-" + std::to_string(test), .actual = (number + test) % 7 ? "PASS" : "FAIL"});
  return run;
}

class Postgres : public ::testing::Test {
 protected:
  std::string url(const std::string& options = {}) const {
    return testing::postgres_url() + "?schema=" + schema_ + options;
  }
  StoragePtr open_store(const std::string& options = {}) {
    auto storage = open(url(options));
    EXPECT_TRUE(storage) << storage.error();
    return storage ? *storage : nullptr;
  }
  /// Ends the sessions of all stores; how many there were.
  static int terminate_sessions() {
    return std::stoi(
        administer("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                   "application_name = 'resultsdb'"));
  }
  static bool a_session_waits_for_a_lock() {
    return administer(
               "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'resultsdb' AND "
               "wait_event_type = 'Lock'") == "t";
  }
  static void expect_code(ErrorCode code, const std::string& words, const Error& error) {
    EXPECT_EQ(error.code, code) << error;
    EXPECT_EQ(error.backend, "postgres");
    EXPECT_NE(error.text().find(words), std::string::npos) << error;
    EXPECT_EQ(error.text().find("secret"), std::string::npos) << error;
    EXPECT_EQ(error.text().find('\n'), std::string::npos) << error;
  }
  /// Stops the server with that signal; servers.sh starts it again.
  static void stop_server(int signal) {
    pid_t server = 0;
    std::ifstream(servers_ + "/postgres/pid") >> server;
    ASSERT_GT(server, 1);
    ::kill(server, signal);
    ASSERT_TRUE(comes_true([&] { return ::kill(server, 0) != 0; }));
  }
  static Status add(Model& model, int writer, int number) {
    auto stored = model.ingest(run_of(writer, number), {.received = at(number)});
    return stored ? Status() : Status(std::move(stored).error());
  }

  /// A write of one call to the server's store; the model repeats what was Unavailable.
  static Status intern(storage::Storage& storage, std::string_view test) {
    auto ids = storage.intern_tests("suite", {&test, 1});
    return ids ? Status() : Status(std::move(ids).error());
  }

  static inline const std::string servers_ = testing::exported("RESULTSDB_TEST_SERVERS");
  const std::string schema_ = testing::schema_name();
};

TEST_F(Postgres, AnUploadTakesSixRoundTripsWhateverItsSize) {
  administer("ALTER ROLE tester SET log_statement = 'all'");
  const auto model = Model::create(open_store()).value();
  administer("ALTER ROLE tester RESET log_statement");
  std::ifstream log(servers_ + "/postgres/log");
  const auto statements_since_last_time = [&] {
    int count = 0;
    log.clear();
    for (std::string line; std::getline(log, line);)
      count += line.find("LOG:  execute") != line.npos || line.find("LOG:  statement") != line.npos;
    return count;
  };
  for (const int tests : {50, 5000}) {
    for (int number = 0; number < 3; ++number) {  // the first one brings names, the second prepares
      statements_since_last_time();
      const auto run = run_of(0, 10 * tests + number, tests);
      const auto stored = model->ingest(run, {.received = at(number)});
      ASSERT_TRUE(stored) << stored.error();
    }
    const int statements = statements_since_last_time();
    EXPECT_LE(statements, 6) << tests << " tests";
    EXPECT_EQ(statements, 3) << "lock with version, rows, commit";
  }
  Attachments files(model, "files");
  for (const char* name : {"a", "b", "c"}) {
    statements_since_last_time();
    auto writer = files.write(at(0));
    ASSERT_TRUE(writer.append(std::string("bytes of ") + name));
    ASSERT_TRUE(writer.finish({.name = name}));
  }
  EXPECT_EQ(statements_since_last_time(), 6) << "content, name; then lock, versions, rows, commit";
}

TEST_F(Postgres, SessionsThatEndedBetweenCallsAreReplaced) {
  const auto model = Model::create(open_store()).value();
  ASSERT_TRUE(add(*model, 0, 1));
  for (int number = 2; number < 6; ++number) {
    EXPECT_GE(terminate_sessions(), 1);
    const auto runs = model->runs({.suite = "suite", .now = at(5000)});
    ASSERT_TRUE(runs) << runs.error();
    EXPECT_EQ(runs->size(), static_cast<std::size_t>(number - 1));
    EXPECT_GE(terminate_sessions(), 1);
    const auto added = add(*model, 0, number);
    EXPECT_TRUE(added) << added.error();
  }
  property::expect_sound(*model);
}

TEST_F(Postgres, ASessionThatEndsWithinAWriteIsUnavailableAndTheNextOneWorks) {
  const auto storage = open_store();
  ASSERT_TRUE(intern(*storage, "one"));
  Status status;
  {
    const testing::LockHolder holder("SELECT * FROM " + schema_ + ".suite FOR UPDATE");
    std::thread writer([&] { status = intern(*storage, "two"); });
    EXPECT_TRUE(comes_true(a_session_waits_for_a_lock));
    EXPECT_GE(terminate_sessions(), 1);
    writer.join();
  }
  ASSERT_FALSE(status);
  expect_code(ErrorCode::Unavailable, "try again", status.error());
  EXPECT_EQ(storage->scan_tests("suite", 0, 10).value().size(), 1u);
  status = intern(*storage, "two");
  EXPECT_TRUE(status) << status.error();
}

TEST_F(Postgres, AStatementThatTakesTooLongIsUnavailable) {
  ASSERT_TRUE(add(*Model::create(open_store()).value(), 0, 1));
  const auto storage = open_store("&statement_timeout_ms=2000");  // long enough for what nothing holds up
  const auto model = Model::create(storage).value();
  {
    const testing::LockHolder holder("SELECT * FROM " + schema_ + ".suite FOR UPDATE");
    const auto status = add(*model, 0, 2);
    ASSERT_FALSE(status);
    expect_code(ErrorCode::Unavailable, "statement_timeout_ms", status.error());
    EXPECT_TRUE(model->runs({.suite = "suite", .now = at(5000)})) << "readers do not wait for writers";
  }
  const auto added = add(*model, 0, 2);
  EXPECT_TRUE(added) << added.error();
}

TEST_F(Postgres, ACallWaitsForAFreeConnectionAsLongAsItWasTold) {
  const auto storage = open_store("&connections=1&pool_timeout_ms=200");
  ASSERT_TRUE(intern(*storage, "one"));
  Status status;
  {
    const testing::LockHolder holder("SELECT * FROM " + schema_ + ".suite FOR UPDATE");
    std::thread writer([&] { status = intern(*storage, "two"); });
    EXPECT_TRUE(comes_true(a_session_waits_for_a_lock));
    const auto count = storage->count_runs({.suite = "suite"});
    ASSERT_FALSE(count);
    expect_code(ErrorCode::Unavailable, "connections", count.error());
    ASSERT_EQ(
        administer("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE application_name = "
                   "'resultsdb' AND wait_event_type = 'Lock'"),
        "1");
    writer.join();
  }
  EXPECT_FALSE(status) << "it was cancelled";
  EXPECT_EQ(storage->count_tests("suite").value(), 0u);  // interned, not listed
}

TEST_F(Postgres, OpeningSaysInOneLineWhatIsWrong) {
  const auto refused = [&](std::string from, const std::string& to) {
    auto text = url();
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    const auto storage = open(text.replace(at, from.size(), to));
    EXPECT_FALSE(storage);
    return storage ? Error() : storage.error();
  };
  const auto port = std::to_string(testing::postgres_port());
  expect_code(ErrorCode::PermissionDenied, "user or password", refused("tester:secret", "tester:secre"));
  expect_code(ErrorCode::PermissionDenied, "user or password", refused("tester:secret", "nobody:secret"));
  expect_code(ErrorCode::NotFound, "no such database", refused("/results", "/other"));
  expect_code(ErrorCode::Unavailable, "cannot be reached", refused(":" + port + "/", ":1/"));
  expect_code(ErrorCode::PermissionDenied, "sslmode", refused("?", "?sslmode=require&"));
}

/// Greets one client as a PostgreSQL of that version does, and says no more.
class GreetingServer {
 public:
  explicit GreetingServer(std::string version) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 1) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("no port on loopback");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, version = std::move(version)] { greet(version); });
  }
  ~GreetingServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  int port() const { return port_; }

 private:
  static std::string message(char kind, const std::string& content) {
    const auto size = static_cast<std::uint32_t>(content.size() + 4);
    std::string out(1, kind);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
    return out + content;
  }
  void greet(const std::string& version) const {
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    char startup[4096];
    if (::recv(client, startup, sizeof startup, 0) > 0) {
      const auto greeting = message('R', std::string(4, '\0')) +
                            message('S', "server_version" + std::string(1, '\0') + version + '\0') +
                            message('K', std::string(8, '\1')) + message('Z', "I");
      if (::send(client, greeting.data(), greeting.size(), MSG_NOSIGNAL) > 0)
        while (::recv(client, startup, sizeof startup, 0) > 0) {
        }
    }
    ::close(client);
  }

  const int listener_;
  int port_ = 0;
  std::thread thread_;
};

TEST_F(Postgres, AServerThatIsTooOldIsRefused) {
  const GreetingServer old("11.22");
  const auto opened =
      open("postgresql://tester@127.0.0.1:" + std::to_string(old.port()) + "/x?sslmode=disable");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::SchemaMismatch);
  EXPECT_EQ(opened.error().backend, "postgres");
  EXPECT_NE(opened.error().message.find("version 11; 12 or newer is needed"), std::string::npos)
      << opened.error();
}

TEST_F(Postgres, ADatabaseThatCannotHoldAllTextsIsRefused) {
  administer("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  auto text = url();
  const auto storage = open(text.replace(text.find("/results"), 8, "/latin"));
  administer("DROP DATABASE latin WITH (FORCE)");
  ASSERT_FALSE(storage);
  expect_code(ErrorCode::SchemaMismatch, "UTF8", storage.error());
}

TEST_F(Postgres, OptionsThatMakeNoSenseAreRefused) {
  for (const char* options : {"&connections=0", "&connections=x", "&statement_timeout_ms=-1", "&shema=x"}) {
    const auto storage = open(url(options));
    ASSERT_FALSE(storage) << options;
    EXPECT_EQ(storage.error().code, ErrorCode::InvalidArgument) << storage.error();
    EXPECT_EQ(storage.error().text().find("secret"), std::string::npos) << storage.error();
  }
}

TEST_F(Postgres, AStoreThatIsNotThereIsMadeOnlyWhenAsked) {
  BackendRegistry registry;
  backends::register_postgres(registry);
  for (const auto& options : {OpenOptions{.create = false}, OpenOptions{.read_only = true}}) {
    const auto storage = registry.open(url(), options);
    ASSERT_FALSE(storage);
    expect_code(ErrorCode::NotFound, "no such store", storage.error());
  }
  const auto model = Model::create(open_store()).value();
  ASSERT_TRUE(add(*model, 0, 1));
  const auto reader = registry.open(url(), {.read_only = true});
  ASSERT_TRUE(reader) << reader.error();
  EXPECT_EQ((*reader)->count_runs({.suite = "suite"}).value(), 1u);
  const auto status = add(*Model::create(*reader).value(), 0, 2);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::PermissionDenied) << status.error();
}

TEST_F(Postgres, ARoleThatOwnsNothingButItsSchemaIsEnough) {
  administer("CREATE ROLE " + schema_ + " LOGIN PASSWORD 'secret'; CREATE SCHEMA " + schema_ +
             " AUTHORIZATION " + schema_);
  auto text = url();
  text.replace(text.find("tester"), 6, schema_);
  const auto storage = open(text);
  ASSERT_TRUE(storage) << storage.error();
  const auto model = Model::create(*storage).value();
  const auto added = add(*model, 0, 1);
  EXPECT_TRUE(added) << added.error();
  EXPECT_TRUE((*storage)->migrate());
  // Somebody else may read nothing of it.
  const auto other = open(url());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::PermissionDenied) << other.error();
}

/// A store of the schema whose indexes held whole texts: it works as it did, and migrating, by several at
/// once, brings room for names of any length.
TEST_F(Postgres, AStoreOfTheSecondSchemaTakesLongNamesWhenMigrated) {
  std::string longest;
  for (std::minstd_rand random(1); longest.size() < limits::kNameBytes;)
    longest += static_cast<char>('!' + random() % 90);
  ASSERT_TRUE(add(*Model::create(open_store()).value(), 0, 1));
  std::string statements = "SET search_path = " + schema_ + ';';
  const std::pair<const char*, const char*> tables[] = {
      {"test", "suite, name"},
      {"configuration", "suite, canonical"},
      {"timeline_key", "suite, branch, configuration"},
      {"document", "collection, name"},
      {"document_attribute", "collection, name, value, document"},
      {"document_unique", "collection, name, value"},
      {"document_chunk", "collection, name, chunk"}};
  for (const auto& [table, columns] : tables)
    statements += std::string("ALTER TABLE ") + table + " ADD PRIMARY KEY (" + columns + ");";
  administer(
      statements +
      "ALTER TABLE suite ADD UNIQUE (name); DROP INDEX suite_by_name, test_by_name, configuration_by_key, "
      "timeline_key_by_key, document_by_name, document_attribute_by_value, document_unique_by_value, "
      "document_chunk_by_name; DELETE FROM meta WHERE name = 'migration_3'; "
      "UPDATE meta SET value = '2' WHERE name = 'schema_version'");
  {
    const auto storage = open_store();
    const auto model = Model::create(storage).value();
    EXPECT_EQ(storage->info().value().schema_version, 2);
    EXPECT_TRUE(add(*model, 0, 2));
    storage::DocumentBatch batch{.collection = "files"};
    batch.puts.push_back({.document = {.key = "key", .text = "{}", .unique = {{"name", "value"}}}});
    batch.put_chunks = {{"key", 0, "bytes"}};
    EXPECT_TRUE(storage->apply(batch));
    batch.puts.clear();
    batch.put_chunks[0].bytes = "others";
    EXPECT_TRUE(storage->apply(batch));
    EXPECT_EQ(storage->read_chunk("files", "key", 0).value(), "others");
    EXPECT_EQ(storage->list_collections().value(), std::vector<std::string>{"files"});
    const auto refused = intern(*storage, longest);
    ASSERT_FALSE(refused);
    expect_code(ErrorCode::ResourceExhausted, "resultsdb migrate", refused.error());
  }
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) ::_exit(open(url()).value()->migrate() ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const auto storage = open_store();
  const auto info = storage->info().value();
  EXPECT_EQ(info.schema_version, 3);
  EXPECT_EQ(info.oldest_reader, 3);
  EXPECT_TRUE(intern(*storage, longest));
  EXPECT_TRUE(storage->get_document("files", "key").value());
  const auto model = Model::create(storage).value();
  EXPECT_TRUE(add(*model, 0, 3));
  property::expect_sound(*model);
}

TEST_F(Postgres, ProcessesThatMakeTheStoreAtTheSameTimeAgree) {
  constexpr int kProcesses = 6;
  int start[2];
  ASSERT_EQ(::pipe(start), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    ::close(start[1]);
    char end = 0;
    while (::read(start[0], &end, 1) > 0) continue;  // until all may begin
    const auto storage = open(url());
    if (!storage) std::fprintf(stderr, "%s\n", storage.error().text().c_str());
    ::_exit(storage && (*storage)->migrate() && add(*Model::create(*storage).value(), i, 1) ? 0 : 1);
  }
  ::close(start[0]);
  ::close(start[1]);
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  const auto storage = open_store();
  EXPECT_EQ(storage->count_runs({.suite = "suite"}).value(), static_cast<std::uint64_t>(kProcesses));
  property::expect_sound(*Model::create(storage).value());
}

/// A file system of 2 MB in which the server may keep tables.
class SmallDisk {
 public:
  SmallDisk(std::string folder, uid_t owner) : folder_(std::move(folder)) {
    std::filesystem::create_directory(folder_);
    mounted_ = shell("mount -t tmpfs -o size=2m,mode=700,uid=" + std::to_string(owner) + " tmpfs " + folder_ +
                     " 2>/dev/null");
  }
  ~SmallDisk() {
    if (mounted_) shell("umount -l " + folder_);
    std::error_code ignored;
    std::filesystem::remove(folder_, ignored);
  }
  bool is_mounted() const { return mounted_; }
  bool grow() const { return shell("mount -o remount,size=64m " + folder_); }
  const std::string& folder() const { return folder_; }

 private:
  static bool shell(const std::string& command) { return std::system(command.c_str()) == 0; }

  const std::string folder_;
  bool mounted_ = false;
};

TEST_F(Postgres, AFullDiskRefusesTheUploadAlone) {
  struct stat server{};
  ASSERT_EQ(::stat((servers_ + "/postgres/data").c_str(), &server), 0);
  const SmallDisk disk(std::filesystem::temp_directory_path() / ("resultsdb-full-" + schema_), server.st_uid);
  if (!disk.is_mounted()) GTEST_SKIP() << "a small file system cannot be mounted here (that takes root)";
  administer("CREATE TABLESPACE " + schema_ + " LOCATION '" + disk.folder() + "'");
  administer("GRANT CREATE ON TABLESPACE " + schema_ +
             " TO tester; ALTER ROLE tester SET default_tablespace = " + schema_);
  const auto storage = open_store();
  administer("ALTER ROLE tester RESET default_tablespace");
  const auto model = Model::create(storage).value();
  int number = 0;
  auto status = add(*model, 0, number);
  while (status && ++number < 5000) status = add(*model, 0, number);
  ASSERT_FALSE(status);
  expect_code(ErrorCode::ResourceExhausted, "disk is full", status.error());
  EXPECT_EQ(storage->count_runs({.suite = "suite"}).value(), static_cast<std::uint64_t>(number));
  ASSERT_TRUE(disk.grow());
  status = add(*model, 0, number);
  EXPECT_TRUE(status) << status.error();
  property::expect_sound(*model);
  administer("DROP SCHEMA " + schema_ + " CASCADE");
  administer("CHECKPOINT");  // gives the files up
  administer("DROP TABLESPACE " + schema_);
}

/// Writers that repeat what was Unavailable, while the server is stopped again and again.
TEST_F(Postgres, AServerThatRestartsDuringUploadsLosesNothingAcknowledged) {
  constexpr int kWriters = 4, kLeast = 5;
  std::atomic<bool> done = false;
  std::atomic<int> unavailable = 0;
  std::vector<std::atomic<int>> acknowledged(kWriters);
  open_store();
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const auto model = Model::create(open_store()).value();
      for (int number = 0; !done; ++number) {
        Status status = add(*model, writer, number);
        for (; !status; status = add(*model, writer, number)) {
          if (status.error().code != ErrorCode::Unavailable && status.error().code != ErrorCode::Conflict) {
            ADD_FAILURE() << status.error();
            return;
          }
          ++unavailable;
          std::this_thread::sleep_for(std::chrono::milliseconds(20));  // as a client should
        }
        ++acknowledged[static_cast<std::size_t>(writer)];
      }
    });
  }
  const auto all_go_on = [&] {
    std::vector<int> before;
    for (const auto& count : acknowledged) before.push_back(count);
    return comes_true([&] {
      for (std::size_t i = 0; i < before.size(); ++i)
        if (acknowledged[i] < before[i] + kLeast) return HasFailure();
      return true;
    });
  };
  for (const int signal : {SIGINT, SIGQUIT, SIGINT, SIGQUIT}) {  // asked to stop; stopped like in a crash
    EXPECT_TRUE(all_go_on());
    stop_server(signal);
  }
  EXPECT_TRUE(all_go_on());
  done = true;
  for (auto& writer : writers) writer.join();
  EXPECT_GT(unavailable, 0);

  const auto storage = open_store();
  std::uint64_t all = 0;
  for (int writer = 0; writer < kWriters; ++writer) {
    const int count = acknowledged[static_cast<std::size_t>(writer)];
    all += static_cast<std::uint64_t>(count);
    for (int number = 0; number < count; ++number) {
      const auto id = std::to_string(writer) + "-" + std::to_string(number);
      EXPECT_EQ(storage->count_runs({.suite = "suite", .id = id}).value(), 1u) << id;
    }
  }
  EXPECT_EQ(storage->count_runs({.suite = "suite"}).value(), all);
  property::expect_sound(*Model::create(storage).value());
}

TEST_F(Postgres, AServerThatStaysAwayIsUnavailableUntilItIsBack) {
  const auto model = Model::create(open_store("&connect_timeout_s=2")).value();
  ASSERT_TRUE(add(*model, 0, 1));
  const std::string down = servers_ + "/postgres/down";
  std::ofstream(down) << "";
  stop_server(SIGINT);
  for (int i = 0; i < 2; ++i) {
    const auto status = add(*model, 0, 2);
    ASSERT_FALSE(status);
    expect_code(ErrorCode::Unavailable, "cannot be reached", status.error());
  }
  std::filesystem::remove(down);
  EXPECT_TRUE(comes_true([&] { return add(*model, 0, 2).ok(); }));
  property::expect_sound(*model);
}

}  // namespace
}  // namespace resultsdb
