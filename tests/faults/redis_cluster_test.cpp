// A Redis cluster of its own, whose slots move and whose masters die.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "faults/versions.hpp"
#include "support/redis.hpp"
#include "support/redis_server.hpp"
#include "support/stores.hpp"
#include "support/waiting.hpp"

namespace resultsdb {
namespace {

using namespace storage;
using namespace faults;

const std::string& cluster_url() {
  static const std::string url = testing::redis_url("RESULTSDB_TEST_REDIS_CLUSTER");
  return url;
}

std::shared_ptr<Storage> open(const std::string& prefix, const std::string& options = {}) {
  auto storage = testing::open_store(cluster_url() + "?prefix=" + prefix + options);
  EXPECT_TRUE(storage.ok()) << (storage ? Error{} : storage.error());
  return storage ? *storage : nullptr;
}

std::string run(int port, const std::string& command) {
  return testing::output_of("redis-cli -p " + std::to_string(port) + ' ' + command + " 2>&1");
}

/// Ports of the nodes that the URL names.
std::vector<int> known_ports() {
  std::vector<int> ports;
  for (auto colon = cluster_url().find(':', 6); colon != std::string::npos;
       colon = cluster_url().find(':', colon + 1))
    ports.push_back(std::atoi(cluster_url().c_str() + colon + 1));
  return ports;
}

struct Node {
  std::string id;
  int port = 0;
  std::vector<std::pair<int, int>> slots;  ///< first and last of each range
  bool owns(int slot) const {
    return std::any_of(slots.begin(), slots.end(),
                       [&](const auto& range) { return range.first <= slot && slot <= range.second; });
  }
};

/// As one of the nodes that answer sees them.
std::vector<Node> masters() {
  std::vector<Node> nodes;
  for (const int port : known_ports()) {
    std::istringstream lines(run(port, "CLUSTER NODES"));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      Node node;
      std::string address, flags, skipped, range;
      words >> node.id >> address >> flags;
      for (int i = 0; i < 5; ++i) words >> skipped;
      while (words >> range) {
        int first = 0, last = 0;
        const int numbers = std::sscanf(range.c_str(), "%d-%d", &first, &last);
        if (numbers > 0) node.slots.emplace_back(first, numbers == 2 ? last : first);
      }
      if (flags.find("master") == std::string::npos || flags.find("fail") != std::string::npos) continue;
      node.port = std::atoi(address.c_str() + address.find(':') + 1);
      nodes.push_back(node);
    }
    if (!nodes.empty()) break;
  }
  return nodes;
}

int slot_of(const std::string& prefix) {
  return std::atoi(run(known_ports().front(), "CLUSTER KEYSLOT '" + prefix + "{suite/suite}:run'").c_str());
}

/// A cluster takes its time to agree.
template <class Condition>
void wait_until(Condition done) {
  testing::wait_until(done, std::chrono::seconds(90));
}

TEST(RedisCluster, SuitesLandOnAllMasters) {
  const auto storage = open(testing::key_prefix(1));
  std::vector<std::string> names;
  for (char letter = 'a'; letter < 'm'; ++letter) {
    names.emplace_back(1, letter);
    const auto timeline = make_timeline(*storage, "main", names.back());
    auto batch = make_batch(timeline, 1, 3);
    batch.suite = names.back();
    const auto status = storage->apply(batch);
    ASSERT_TRUE(status.ok()) << status.error();
  }
  const auto nodes = masters();
  ASSERT_EQ(nodes.size(), 3u);
  for (const auto& node : nodes)
    EXPECT_NE(run(node.port, "KEYS '" + testing::key_prefix(1) + "*:run'"), "")
        << "no suite on the master at " << node.port;
  EXPECT_EQ(storage->find_suites().value(), names);
}

/// One slot on its way from one master to another.
class Migration {
 public:
  explicit Migration(int slot) : slot_(std::to_string(slot)) {
    for (const auto& node : masters()) (node.owns(slot) ? from_ : to_) = node;
    EXPECT_EQ(run(to_.port, "CLUSTER SETSLOT " + slot_ + " IMPORTING " + from_.id), "OK");
    EXPECT_EQ(run(from_.port, "CLUSTER SETSLOT " + slot_ + " MIGRATING " + to_.id), "OK");
  }
  void move_keys(int count) {
    std::istringstream keys(run(from_.port, "CLUSTER GETKEYSINSLOT " + slot_ + ' ' + std::to_string(count)));
    std::string all;
    for (std::string key; std::getline(keys, key);) all += " '" + key + '\'';
    EXPECT_EQ(run(from_.port, "MIGRATE 127.0.0.1 " + std::to_string(to_.port) + " '' 0 10000 KEYS" + all),
              "OK");
  }
  void finish() {
    for (const auto& node : {to_, from_})
      EXPECT_EQ(run(node.port, "CLUSTER SETSLOT " + slot_ + " NODE " + to_.id), "OK");
  }

 private:
  std::string slot_;
  Node from_, to_;
};

TEST(RedisCluster, ASlotThatMovesIsFollowed) {
  const auto storage = open(testing::key_prefix(2), "&connect_timeout_ms=300");
  const auto timeline = make_timeline(*storage, "main");
  std::uint64_t version = 0;
  for (; version < 3; ++version) ASSERT_TRUE(storage->apply(make_batch(timeline, version + 1, 3)).ok());
  Migration migration(slot_of(testing::key_prefix(2)));
  ASSERT_TRUE(storage->apply(make_batch(timeline, ++version, 3)).ok());
  expect_whole(*storage, timeline, 3);

  migration.move_keys(3);  // now some are here and some there
  const auto status = storage->apply(make_batch(timeline, version + 1, 3));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::Unavailable) << status.error();
  expect_whole(*storage, timeline, 3);

  migration.move_keys(1000);  // all are there, and we are sent there with ASK
  EXPECT_EQ(version_of(*storage, timeline), version);
  expect_whole(*storage, timeline, 3);
  const auto asked = storage->apply(make_batch(timeline, ++version, 3));
  ASSERT_TRUE(asked.ok()) << asked.error();

  migration.finish();  // with MOVED
  expect_whole(*storage, timeline, 3);
  ASSERT_TRUE(storage->apply(make_batch(timeline, ++version, 3)).ok());
  EXPECT_EQ(version_of(*open(testing::key_prefix(2)), timeline), version);
}

/// A node of servers.sh that dies and stays away until it may come back.
class DeadNode {
 public:
  explicit DeadNode(int port) {
    const auto servers = std::getenv("RESULTSDB_TEST_SERVERS");
    const auto process = run(port, "INFO server | grep -o 'process_id:[0-9]*' | cut -d: -f2");
    for (const auto& entry : std::filesystem::directory_iterator(servers != nullptr ? servers : "")) {
      std::string id;
      std::ifstream(entry.path() / "pid") >> id;
      if (id == process) down_ = entry.path() / "down";
    }
    if (down_.empty()) {
      ADD_FAILURE() << "no server of this test has the process '" << process << '\'';
      return;
    }
    std::ofstream{down_};
    ::kill(std::atoi(process.c_str()), SIGKILL);
  }
  ~DeadNode() { come_back(); }
  void come_back() {
    std::error_code ignored;
    std::filesystem::remove(down_, ignored);
  }

 private:
  std::filesystem::path down_;
};

TEST(RedisCluster, AFailOverLosesNothingThatAReplicaConfirmed) {
  const auto storage =
      open(testing::key_prefix(3), "&wait_replicas=1&timeout_ms=2000&connect_timeout_ms=500");
  TimelineId timeline = make_timeline(*storage, "main");
  std::atomic<std::uint64_t> acknowledged = 0;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    std::uint64_t version = 1;
    while (!stop) {
      const auto status = storage->apply(make_batch(timeline, version, 20));
      if (status.ok()) {
        acknowledged = version++;
      } else if (status.error().code == ErrorCode::Conflict) {
        ++version;  // the one before was written, but not confirmed
      } else {
        const auto code = status.error().code;  // the second: written, but no replica was there to confirm it
        EXPECT_TRUE(code == ErrorCode::Unavailable || code == ErrorCode::ResourceExhausted) << status.error();
      }
    }
  });
  wait_until([&] { return acknowledged > 5; });
  const int slot = slot_of(testing::key_prefix(3));
  const auto owner = [&] {
    for (const auto& node : masters())
      if (node.owns(slot)) return node.port;
    return 0;
  };
  const int before = owner();
  DeadNode dead(before);
  wait_until([&] { return owner() != 0 && owner() != before; });
  dead.come_back();  // as a replica, so that writes are confirmed again
  const auto confirmed = acknowledged.load();
  wait_until([&] { return acknowledged > confirmed + 5; });
  stop = true;
  writer.join();
  EXPECT_GE(version_of(*storage, timeline), acknowledged.load());
  expect_whole(*storage, timeline, 20);
}

}  // namespace
}  // namespace resultsdb
