// SQLite files that are not ours, too new, read-only, full, shared by processes, or cut off by kill -9.
#include "resultsdb/backends/sqlite.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "faults/versions.hpp"
#include "resultsdb/registry.hpp"

namespace resultsdb {
namespace {

namespace fs = std::filesystem;
using namespace storage;
using namespace faults;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class SqliteFaults : public ::testing::Test {
 protected:
  SqliteFaults() {
    auto pattern = (fs::temp_directory_path() / "resultsdb-faults-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = (folder_ / "store.db").string();
  }
  ~SqliteFaults() override { fs::remove_all(folder_); }

  std::shared_ptr<Storage> open(backends::SqliteOptions options = {}) {
    options.path = path_;
    auto storage = backends::open_sqlite(options);
    EXPECT_TRUE(storage.ok()) << (storage ? Error{} : storage.error());
    return storage ? *storage : nullptr;
  }
  ErrorCode refusal() {
    auto storage = backends::open_sqlite({.path = path_});
    EXPECT_FALSE(storage.ok());
    if (!storage) {
      EXPECT_NE(storage.error().text().find(path_), std::string::npos) << storage.error();
    }
    return storage ? ErrorCode::Internal : storage.error().code;
  }
  /// Statements by the client program's library, through a store's own connection options.
  void change_meta(const std::string& name, const std::string& value) {
    const auto command =
        "sqlite3 '" + path_ + "' \"UPDATE meta SET value = '" + value + "' WHERE name = '" + name + "'\"";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(SqliteFaults, FilesThatAreNoStoreAreRefusedAndUntouched) {
  std::ofstream(path_) << std::string(5000, 'n');
  const auto text = read_file(path_);
  EXPECT_EQ(refusal(), ErrorCode::SchemaMismatch);
  EXPECT_EQ(read_file(path_), text);

  fs::remove(path_);
  ASSERT_EQ(std::system(("sqlite3 '" + path_ + "' 'CREATE TABLE theirs (a)'").c_str()), 0);
  const auto database = read_file(path_);
  EXPECT_EQ(refusal(), ErrorCode::SchemaMismatch);
  EXPECT_EQ(read_file(path_), database);

  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_EQ(refusal(), ErrorCode::PermissionDenied);
}

TEST_F(SqliteFaults, NewerSchemaIsRefused) {
  open();
  change_meta("schema_version", "99");
  EXPECT_TRUE(open() != nullptr) << "a newer schema that older software may use";
  change_meta("oldest_reader", "99");
  EXPECT_EQ(refusal(), ErrorCode::SchemaMismatch);
}

TEST_F(SqliteFaults, AlteredMigrationIsRefused) {
  open();
  change_meta("migration_1", "1");
  EXPECT_EQ(refusal(), ErrorCode::SchemaMismatch);
}

/// A store of the first schema: everything but the table of chunks works, and migrating brings that.
TEST_F(SqliteFaults, StoreOfTheFirstSchemaIsMigrated) {
  open();
  ASSERT_EQ(std::system(("sqlite3 '" + path_ +
                         "' \"DROP TABLE document_chunk; "
                         "DELETE FROM meta WHERE name IN ('migration_2', 'migration_3')\"")
                            .c_str()),
            0);
  change_meta("schema_version", "1");
  const auto storage = open();
  const storage::DocumentBatch chunk{.collection = "files",
                                     .deletes = {},
                                     .puts = {},
                                     .delete_chunks = {},
                                     .put_chunks = {{"key", 0, "bytes"}}};
  EXPECT_EQ(storage->info().value().schema_version, 1);
  EXPECT_EQ(storage->apply(chunk).error().code, ErrorCode::SchemaMismatch);
  EXPECT_EQ(storage->read_chunk("files", "key", 0).error().code, ErrorCode::SchemaMismatch);
  storage::DocumentBatch document{.collection = "files", .deletes = {}, .puts = {}};
  document.puts.push_back({.document = {.key = "key", .text = "{}"}, .expected_version = {}});
  EXPECT_TRUE(storage->apply(document));
  EXPECT_TRUE(storage->sizes());
  EXPECT_EQ(storage->find_damage().value().size(), 1u) << "only the version, which was changed here";
  ASSERT_TRUE(storage->migrate());
  EXPECT_EQ(storage->info().value().schema_version, 3);
  EXPECT_TRUE(storage->apply(chunk));
  EXPECT_EQ(storage->read_chunk("files", "key", 0).value(), "bytes");
  EXPECT_TRUE(storage->get_document("files", "key").value());
  EXPECT_TRUE(storage->find_damage().value().empty());
}

TEST_F(SqliteFaults, MissingFileIsNotMadeUnlessAsked) {
  for (const auto& options : {backends::SqliteOptions{.path = path_, .create = false},
                              backends::SqliteOptions{.path = path_, .read_only = true}}) {
    const auto storage = backends::open_sqlite(options);
    ASSERT_FALSE(storage.ok());
    EXPECT_EQ(storage.error().code, ErrorCode::NotFound);
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SqliteFaults, ReadOnlyStoreReadsAndRefusesWrites) {
  TimelineId timeline = 0;
  {
    auto writer = open();
    timeline = make_timeline(*writer, "main");
    ASSERT_TRUE(writer->apply(make_batch(timeline, 1, 3)).ok());
  }
  auto reader = open({.read_only = true});
  expect_whole(*reader, timeline, 3);
  EXPECT_EQ(reader->apply(make_batch(timeline, 2, 3)).error().code, ErrorCode::PermissionDenied);
  const std::string_view name = "new";
  EXPECT_EQ(reader->intern_tests("suite", std::span(&name, 1)).error().code, ErrorCode::PermissionDenied);
  EXPECT_TRUE(reader->info().value().capabilities.read_only);
}

TEST_F(SqliteFaults, FullFileKeepsWhatWasThere) {
  auto storage = open({.max_pages = 240});
  const auto timeline = make_timeline(*storage, "main");
  std::uint64_t version = 0;
  Status status;
  while ((status = storage->apply(make_batch(timeline, version + 1, 100))).ok()) ++version;
  EXPECT_EQ(status.error().code, ErrorCode::ResourceExhausted) << status.error();
  EXPECT_GT(version, 3U);
  EXPECT_EQ(version_of(*storage, timeline), version);
  expect_whole(*storage, timeline, 100);
  storage.reset();
  storage = open();  // with room again
  expect_whole(*storage, timeline, 100);
  EXPECT_TRUE(storage->apply(make_batch(timeline, version + 1, 100)).ok());
}

TEST_F(SqliteFaults, OptionsOfTheUrl) {
  BackendRegistry registry;
  backends::register_sqlite(registry);
  EXPECT_TRUE(registry
                  .open("sqlite:" + path_ +
                        "?synchronous=full&readers=2&busy_timeout_ms=10&cache_mb=1&max_pages=1000")
                  .ok());
  for (const char* wrong : {"?synchronous=maybe", "?readers=-1", "?readers=x", "?colour=red"}) {
    const auto storage = registry.open("sqlite:" + path_ + wrong);
    ASSERT_FALSE(storage.ok()) << wrong;
    EXPECT_EQ(storage.error().code, ErrorCode::InvalidArgument);
  }
  EXPECT_FALSE(registry.open("sqlite:").ok());
}

/// Runs `work` in a child process; returns its process id.
template <class Work>
pid_t in_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  return child;
}

bool ended_well(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(SqliteFaults, ProcessesInternTheSameNames) {
  open();
  constexpr int kProcesses = 4, kNames = 200;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    children.push_back(in_child([&] {
      auto storage = open();
      for (int i = 0; i < kNames; ++i) {
        const auto text = "test " + std::to_string((i * (process + 1)) % kNames);
        const std::string_view name = text;
        if (!storage->intern_tests("suite", std::span(&name, 1)).ok()) return false;
      }
      return true;
    }));
  }
  for (const auto child : children) EXPECT_TRUE(ended_well(child));
  const auto names = open()->scan_tests("suite", 0, 10'000).value();
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(names[i].id, i);
  EXPECT_EQ(names.size(), std::size_t{kNames});
}

TEST_F(SqliteFaults, ProcessesWriteOneTimelineAndLoseNothing) {
  constexpr int kProcesses = 2, kBatches = 40;
  const auto timeline = make_timeline(*open(), "main");
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    children.push_back(in_child([&] {
      auto storage = open();
      for (int written = 0; written < kBatches;) {
        const auto status = storage->apply(make_batch(timeline, version_of(*storage, timeline) + 1, 5));
        if (!status && status.error().code != ErrorCode::Conflict) return false;
        if (status) ++written;
      }
      return true;
    }));
  }
  for (const auto child : children) EXPECT_TRUE(ended_well(child));
  auto storage = open();
  EXPECT_EQ(version_of(*storage, timeline), std::uint64_t{kProcesses * kBatches});
  expect_whole(*storage, timeline, 5);
}

TEST_F(SqliteFaults, KilledWritersLeaveWholeBatches) {
  const char* given = std::getenv("RESULTSDB_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto timeline = make_timeline(*open(), "main");
  for (int round = 0; round < 30; ++round) {
    const pid_t child = in_child([&] {
      auto storage = open();
      for (;;)
        if (!storage->apply(make_batch(timeline, version_of(*storage, timeline) + 1, 50)).ok()) return false;
    });
    ::usleep(static_cast<useconds_t>(random() %
                                     20'000));  // a random moment: what is found there must not depend on it
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    expect_whole(*open(), timeline, 50);
  }
}

/// Writes one large blob over and over: the log grows, the file does not.
void write_large_blobs(Storage& storage, TimelineId timeline, int times) {
  for (int i = 0; i < times; ++i) {
    SuiteBatch batch{.suite = "suite"};
    batch.timelines.push_back(
        {.id = timeline, .key = {"main", 1}, .version = version_of(storage, timeline) + 1});
    batch.put_outcomes.push_back({timeline, 1, Bytes(1 << 20, static_cast<char>('a' + i % 26))});
    const auto status = storage.apply(batch);
    ASSERT_TRUE(status.ok()) << status.error();
  }
}

TEST_F(SqliteFaults, LogIsFoldedIntoTheFile) {
  auto storage = open();
  const auto timeline = make_timeline(*storage, "main");
  write_large_blobs(*storage, timeline, 50);
  EXPECT_LT(fs::file_size(path_ + "-wal"), 36U << 20);
  storage.reset();
  EXPECT_FALSE(fs::exists(path_ + "-wal")) << "folded when the last connection closed";
}

TEST_F(SqliteFaults, LogStaysBoundedWhileReadersOverlap) {
  TimelineId timeline = 0;
  {
    auto storage = open();
    timeline = make_timeline(*storage, "main");
    write_large_blobs(*storage, timeline, 1);
  }
  std::vector<pid_t> readers;  // begun while nothing is open here: connections do not survive a fork
  for (int i = 0; i < 3; ++i) {
    readers.push_back(in_child([&] {
      auto reader = open({.read_only = true});
      const RunRef run{timeline, 1};
      while (reader->read_outcomes("suite", std::span(&run, 1)).ok()) {
      }
      return false;
    }));
  }
  auto storage = open();
  write_large_blobs(*storage, timeline, 100);
  EXPECT_LT(fs::file_size(path_ + "-wal"), 70U << 20);
  for (const pid_t reader : readers) {
    EXPECT_EQ(::waitpid(reader, nullptr, WNOHANG), 0) << "a reader failed";
    ::kill(reader, SIGKILL);
    ::waitpid(reader, nullptr, 0);
  }
}

TEST_F(SqliteFaults, AnotherProcessWriterMakesThisOneUnavailable) {
  auto storage = open({.busy_timeout = std::chrono::milliseconds(0)});
  const auto timeline = make_timeline(*storage, "main");
  const auto fifo = (folder_ / "begun").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::FILE* other = ::popen(("sqlite3 '" + path_ + "'").c_str(), "w");
  ASSERT_NE(other, nullptr);
  std::fprintf(other, "BEGIN IMMEDIATE;\n.shell echo > '%s'\n", fifo.c_str());
  std::fflush(other);
  EXPECT_EQ(read_file(fifo), "\n");  // returns when the other process holds the lock
  const auto status = storage->apply(make_batch(timeline, 1, 3));
  EXPECT_EQ(status.error().code, ErrorCode::Unavailable) << status.error();
  EXPECT_TRUE(status.error().retryable());
  EXPECT_EQ(version_of(*storage, timeline), 0U) << "reading goes on";
  EXPECT_EQ(::pclose(other), 0);
  EXPECT_TRUE(storage->apply(make_batch(timeline, 1, 3)).ok());
  expect_whole(*storage, timeline, 3);
}

TEST_F(SqliteFaults, DamagedPagesAreCorrupt) {
  TimelineId timeline = 0;
  {
    auto storage = open();
    timeline = make_timeline(*storage, "main");
    for (std::uint64_t version = 1; version <= 20; ++version)
      ASSERT_TRUE(storage->apply(make_batch(timeline, version, 200)).ok());
  }
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    constexpr std::streamoff kSchema = std::streamoff{4096} * 8;  // stays readable
    file.seekp(kSchema);
    file << std::string(fs::file_size(path_) - kSchema, 'x');
  }
  auto storage = backends::open_sqlite({.path = path_});
  const auto error = storage ? (*storage)->find_changes({.suite = "suite"}).error() : storage.error();
  EXPECT_EQ(error.code, ErrorCode::Corrupt) << error;
  EXPECT_NE(error.text().find(path_), std::string::npos) << error;
}

}  // namespace
}  // namespace resultsdb
