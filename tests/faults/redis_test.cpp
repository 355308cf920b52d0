// A Redis server that dies, stalls, is full, is a replica, is too old or not ours; clients that die.
#include "resultsdb/backends/redis.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <random>
#include <thread>

#include "faults/versions.hpp"
#include "support/redis_server.hpp"
#include "support/waiting.hpp"

namespace resultsdb {
namespace {

using namespace storage;
using namespace faults;
using testing::RedisServer;
using testing::wait_until;

Result<std::shared_ptr<Storage>> open_at(const std::string& socket, backends::RedisOptions options = {}) {
  options.socket = socket;
  return backends::open_redis(options);
}

std::shared_ptr<Storage> open(const RedisServer& server, const backends::RedisOptions& options = {}) {
  auto storage = open_at(server.socket(), options);
  EXPECT_TRUE(storage.ok()) << (storage ? Error{} : storage.error());
  return storage ? *storage : nullptr;
}

Error refusal(const RedisServer& server, const backends::RedisOptions& options = {}) {
  const auto storage = open_at(server.socket(), options);
  EXPECT_FALSE(storage.ok());
  if (!storage) {
    EXPECT_EQ(storage.error().backend, "redis");
  }
  return storage ? Error{} : storage.error();
}

TEST(RedisFaults, PasswordsAreCheckedAndNeverTold) {
  const RedisServer server({"--requirepass", "right-secret"});
  server.run("-a right-secret --no-auth-warning ACL SETUSER ci on '>ci-secret' '~*' +@all");
  EXPECT_EQ(refusal(server).code, ErrorCode::PermissionDenied);
  const auto wrong = refusal(server, {.password = "wrong-secret"});
  EXPECT_EQ(wrong.code, ErrorCode::PermissionDenied);
  EXPECT_EQ(wrong.text().find("secret"), std::string::npos) << wrong;
  EXPECT_EQ(refusal(server, {.user = "ci", .password = "right-secret"}).code, ErrorCode::PermissionDenied);
  EXPECT_NE(open(server, {.password = "right-secret"}), nullptr);

  const auto storage = open(server, {.user = "ci", .password = "ci-secret"});
  ASSERT_NE(storage, nullptr);
  EXPECT_EQ(storage->info()->location.find("secret"), std::string::npos);
  server.run("-a right-secret --no-auth-warning CLIENT KILL TYPE normal");
  EXPECT_TRUE(storage->find_suites().ok()) << "logs in again";
}

TEST(RedisFaults, UsersWithoutTheRightAreToldSo) {
  const RedisServer server;
  server.run("ACL SETUSER reader on '>pw' '~*' +@read +@connection +script +info");
  const auto error = refusal(server, {.user = "reader", .password = "pw"});
  EXPECT_EQ(error.code, ErrorCode::PermissionDenied) << error;

  // What docs/backends.md says is enough.
  server.run(
      "ACL SETUSER writer on '>pw' '~resultsdb:*' +@read +@write +@connection +@transaction +@scripting "
      "+info "
      "+wait");
  const auto storage = open(server, {.user = "writer", .password = "pw", .batch_bytes = 1000});
  ASSERT_NE(storage, nullptr);
  const auto timeline = make_timeline(*storage, "main");
  ASSERT_TRUE(storage->apply(make_batch(timeline, 1, 3)).ok());
  expect_whole(*storage, timeline, 3);
  EXPECT_TRUE(storage->sizes().ok());
}

TEST(RedisFaults, AbsentServersAreUnavailable) {
  const auto storage = open_at("/nowhere/at/all");
  ASSERT_FALSE(storage.ok());
  EXPECT_EQ(storage.error().code, ErrorCode::Unavailable);
  EXPECT_NE(storage.error().text().find("/nowhere/at/all"), std::string::npos) << storage.error();
}

/// Answers the first request on a socket.
class OldServer {
 public:
  OldServer(const std::string& path, std::string answer) : listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    thread_ = std::thread([this, answer] {
      const int client = ::accept(listener_, nullptr, nullptr);
      char request[4096];
      EXPECT_GT(::read(client, request, sizeof(request)), 0);
      EXPECT_EQ(::write(client, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
      ::close(client);
    });
  }
  ~OldServer() {
    thread_.join();
    ::close(listener_);
  }

 private:
  int listener_;
  std::thread thread_;
};

TEST(RedisFaults, OldServersAreRefused) {
  for (const std::string answer : {"*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n6.2.7\r\n",
                                   "-ERR unknown command `HELLO`, with args beginning with: `2`, \r\n"}) {
    const auto path = "/tmp/resultsdb-old-redis-" + std::to_string(::getpid());
    const OldServer server(path, answer);
    const auto storage = open_at(path);
    ASSERT_FALSE(storage.ok());
    EXPECT_EQ(storage.error().code, ErrorCode::SchemaMismatch);
    EXPECT_NE(storage.error().text().find("7.0"), std::string::npos) << storage.error();
    ::unlink(path.c_str());
  }
}

TEST(RedisFaults, ServersThatEvictAreRefused) {
  const RedisServer server({"--maxmemory-policy", "allkeys-lru"});
  const auto error = refusal(server);
  EXPECT_EQ(error.code, ErrorCode::InvalidArgument);
  EXPECT_NE(error.text().find("noeviction"), std::string::npos) << error;
}

TEST(RedisFaults, KeysThatAreNotOursAreRefused) {
  const RedisServer server;
  server.run("SET resultsdb:schema theirs");
  EXPECT_EQ(refusal(server).code, ErrorCode::SchemaMismatch);
  EXPECT_EQ(server.run("GET resultsdb:schema"), "theirs");
  EXPECT_NE(open(server, {.prefix = "other:"}), nullptr);
  server.run("HSET other:schema version 99");
  EXPECT_NE(open(server, {.prefix = "other:"}), nullptr) << "a newer schema that older software may use";
  server.run("HSET other:schema oldest_reader 99");
  EXPECT_EQ(refusal(server, {.prefix = "other:"}).code, ErrorCode::SchemaMismatch);
}

TEST(RedisFaults, StoresAreMadeOnlyWhenAsked) {
  const RedisServer server;
  EXPECT_EQ(refusal(server, {.create = false}).code, ErrorCode::NotFound);
  EXPECT_EQ(refusal(server, {.read_only = true}).code, ErrorCode::NotFound);
  EXPECT_EQ(server.run("DBSIZE"), "0");
}

TEST(RedisFaults, ReadOnlyStoresRefuseWrites) {
  const RedisServer server;
  const auto writer = open(server);
  const auto timeline = make_timeline(*writer, "main");
  ASSERT_TRUE(writer->apply(make_batch(timeline, 1, 3)).ok());
  const auto reader = open(server, {.read_only = true});
  expect_whole(*reader, timeline, 3);
  EXPECT_EQ(reader->apply(make_batch(timeline, 2, 3)).error().code, ErrorCode::PermissionDenied);
  const std::string_view name = "new";
  EXPECT_EQ(reader->intern_tests("suite", std::span(&name, 1)).error().code, ErrorCode::PermissionDenied);
}

TEST(RedisFaults, ScriptsThatTheServerForgotAreSentAgain) {
  const RedisServer server;
  const auto storage = open(server);
  const auto timeline = make_timeline(*storage, "main");
  server.run("SCRIPT FLUSH");
  EXPECT_TRUE(storage->apply(make_batch(timeline, 1, 3)).ok());
  expect_whole(*storage, timeline, 3);
}

TEST(RedisFaults, ConnectionsKilledBetweenCallsAreReplaced) {
  const RedisServer server;
  const auto storage = open(server);
  const auto timeline = make_timeline(*storage, "main");
  for (std::uint64_t version = 1; version <= 5; ++version) {
    EXPECT_NE(server.run("CLIENT KILL TYPE normal"), "0");
    const auto status = storage->apply(make_batch(timeline, version, 3));
    ASSERT_TRUE(status.ok()) << status.error();
    server.run("CLIENT KILL TYPE normal");
    expect_whole(*storage, timeline, 3);
  }
}

/// A write that the server holds back is in flight.
void wait_for_blocked_write(const RedisServer& server) {
  wait_until([&] { return server.run("INFO clients").find("blocked_clients:1") != std::string::npos; });
}

TEST(RedisFaults, AWriteCutOffIsUnavailableAndCanBeRepeated) {
  const RedisServer server;
  const auto storage = open(server);
  const auto timeline = make_timeline(*storage, "main");
  ASSERT_TRUE(storage->apply(make_batch(timeline, 1, 3)).ok());
  server.run("CLIENT PAUSE 60000 WRITE");
  auto write = std::async(std::launch::async, [&] { return storage->apply(make_batch(timeline, 2, 3)); });
  wait_for_blocked_write(server);
  server.run("CLIENT KILL TYPE normal");
  const auto status = write.get();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::Unavailable) << status.error();
  server.run("CLIENT UNPAUSE");
  EXPECT_EQ(version_of(*storage, timeline), 1u);
  EXPECT_TRUE(storage->apply(make_batch(timeline, 2, 3)).ok());
  expect_whole(*storage, timeline, 3);
}

TEST(RedisFaults, AServerThatStallsIsUnavailable) {
  const RedisServer server;
  const auto storage = open(server, {.timeout = std::chrono::milliseconds(200)});
  const auto timeline = make_timeline(*storage, "main");
  server.send_signal(SIGSTOP);
  const auto read = storage->find_suites();
  const auto write = storage->apply(make_batch(timeline, 1, 3));
  server.send_signal(SIGCONT);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::Unavailable);
  EXPECT_NE(read.error().text().find("in time"), std::string::npos) << read.error();
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.error().code, ErrorCode::Unavailable);
  EXPECT_TRUE(storage->apply(make_batch(timeline, version_of(*storage, timeline) + 1, 3)).ok());
  expect_whole(*storage, timeline, 3);
}

TEST(RedisFaults, AFullServerKeepsWhatWasThere) {
  const RedisServer server;
  const auto storage = open(server);
  const auto timeline = make_timeline(*storage, "main");
  server.run("CONFIG SET maxmemory 2500kb");
  std::uint64_t version = 0;
  Status status;
  while (version < 10'000 && (status = storage->apply(make_batch(timeline, version + 1, 100))).ok())
    ++version;
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::ResourceExhausted) << status.error();
  EXPECT_NE(status.error().text().find("maxmemory"), std::string::npos) << status.error();
  EXPECT_GT(version, 3u);
  EXPECT_EQ(version_of(*storage, timeline), version);
  expect_whole(*storage, timeline, 100);
  server.run("CONFIG SET maxmemory 0");
  EXPECT_TRUE(storage->apply(make_batch(timeline, version + 1, 100)).ok());
  expect_whole(*storage, timeline, 100);
}

TEST(RedisFaults, AReplicaRefusesWritesUntilItIsMaster) {
  const RedisServer server;
  const auto storage = open(server);
  const auto timeline = make_timeline(*storage, "main");
  ASSERT_TRUE(storage->apply(make_batch(timeline, 1, 3)).ok());
  server.run("REPLICAOF 127.0.0.1 1");
  const auto status = storage->apply(make_batch(timeline, 2, 3));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::Unavailable) << status.error();
  EXPECT_NE(status.error().text().find("replica"), std::string::npos) << status.error();
  expect_whole(*storage, timeline, 3);
  server.run("REPLICAOF NO ONE");
  EXPECT_TRUE(storage->apply(make_batch(timeline, 2, 3)).ok());
}

TEST(RedisFaults, MissingReplicasAreToldAfterTheWrite) {
  const RedisServer server;
  const auto storage = open(server, {.timeout = std::chrono::milliseconds(400), .wait_replicas = 1});
  const auto timeline = make_timeline(*storage, "main");
  const auto status = storage->apply(make_batch(timeline, 1, 3));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::ResourceExhausted);
  EXPECT_NE(status.error().text().find("0 of 1"), std::string::npos) << status.error();
  EXPECT_EQ(version_of(*storage, timeline), 1u);
}

TEST(RedisFaults, LargeBatchesAreStagedAndLeaveNothingBehind) {
  const RedisServer server;
  const auto storage = open(server, {.batch_bytes = 4096});
  const auto timeline = make_timeline(*storage, "main");
  for (std::uint64_t version = 1; version <= 3; ++version) {
    const auto batch = make_batch(timeline, version, 2000);
    const auto status = storage->apply(batch);
    ASSERT_TRUE(status.ok()) << status.error();
    EXPECT_EQ(storage->apply(batch).error().code, ErrorCode::Conflict);
  }
  expect_whole(*storage, timeline, 2000);
  EXPECT_EQ(server.run("KEYS '*staged*'"), "");
}

TEST(RedisFaults, RestartsLoseNothingAcknowledged) {
  RedisServer server;
  const auto storage = open(server);
  const auto timeline = make_timeline(*storage, "main");
  std::atomic<std::uint64_t> acknowledged = 0;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    std::uint64_t version = 1;
    while (!stop) {
      const auto status = storage->apply(make_batch(timeline, version, 20));
      if (status.ok()) {
        acknowledged = version++;
      } else if (status.error().code == ErrorCode::Conflict) {
        ++version;  // the one of unknown fate before was done
      } else {
        EXPECT_EQ(status.error().code, ErrorCode::Unavailable) << status.error();
      }
    }
  });
  for (const int signal : {SIGKILL, SIGTERM, SIGKILL, SIGKILL}) {
    const auto before = acknowledged.load();
    wait_until([&] { return acknowledged > before + 5; });
    server.stop(signal);
    server.start();
  }
  const auto before = acknowledged.load();
  wait_until([&] { return acknowledged > before + 5; });
  stop = true;
  writer.join();
  EXPECT_GE(version_of(*storage, timeline), acknowledged.load());
  expect_whole(*storage, timeline, 20);
}

/// The child writes versions and tells each that was acknowledged; a few of its batches are staged.
[[noreturn]] void write_until_killed(const RedisServer& server, TimelineId timeline, std::uint64_t version,
                                     int acknowledgements) {
  const auto storage = open_at(server.socket(), {.batch_bytes = 3000});
  for (; storage.ok(); ++version) {
    if (!(*storage)->apply(make_batch(timeline, version, version % 2 == 0 ? 20 : 500)).ok()) break;
    if (::write(acknowledgements, &version, sizeof(version)) != sizeof(version)) break;
  }
  ::_exit(1);
}

std::uint64_t changes_up_to(std::uint64_t version) { return version / 2 * 20 + (version + 1) / 2 * 500; }

TEST(RedisFaults, KilledClientsLeaveAllOrNothing) {
  const RedisServer server;
  const auto timeline = make_timeline(*open(server), "main");
  const char* const given = std::getenv("RESULTSDB_SEED");
  const auto seed = given ? std::strtoul(given, nullptr, 10) : std::random_device()();
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed));
  std::mt19937 random(static_cast<unsigned>(seed));
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 30; ++round) {
    const auto stored = version_of(*open(server), timeline);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) write_until_killed(server, timeline, stored + 1, ends[1]);
    ::close(ends[1]);
    std::uint64_t version = 0;
    ASSERT_EQ(::read(ends[0], &version, sizeof(version)), static_cast<ssize_t>(sizeof(version)));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 5000));  // somewhere within a write
    ::kill(child, SIGKILL);
    do acknowledged = std::max(acknowledged, version);
    while (::read(ends[0], &version, sizeof(version)) == sizeof(version));
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    const auto storage = open(server);
    const auto now = version_of(*storage, timeline);
    EXPECT_GE(now, acknowledged);
    EXPECT_LE(now, acknowledged + 1);
    EXPECT_EQ(storage->count_runs({.suite = "suite", .timelines = {timeline}}).value(), now);
    EXPECT_EQ(storage->find_changes({.suite = "suite"}).value().size(), changes_up_to(now));
  }
}

}  // namespace
}  // namespace resultsdb
