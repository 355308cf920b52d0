// Damages the keys of a store within Redis, each table and each way in turn: check must find it and say
// where.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <sstream>
#include <thread>

#include "property/random_history.hpp"
#include "resultsdb/model.hpp"
#include "support/redis.hpp"
#include "support/redis_server.hpp"
#include "support/stores.hpp"

namespace resultsdb {
namespace {

constexpr const char* kSuite = "{suite/random}:";
constexpr const char* kRepository = "{repository/project}:";
constexpr const char* kCollection = "{collection/collection}:";

/// What a damaging script begins with; KEYS[1] is the table.
constexpr const char* kPrelude =
    "local key = KEYS[1]; "
    "local function flip(text, byte) "
    "  return text:sub(1, byte - 1) .. string.char(bit.bxor(text:byte(byte), 4)) .. text:sub(byte + 1) end; "
    "local function fields() local all = redis.call(\"HKEYS\", key); table.sort(all); return all end; "
    "local function nth(all, n) return all[(n - 1) % #all + 1] end; ";

/// On the server, or on the cluster, that servers.sh names in this variable.
class RedisDamage : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    static int number = 0;
    prefix_ = testing::key_prefix(++number);
    url_ = testing::redis_url(GetParam()) + "?prefix=" + prefix_;
  }

  void fill() {
    storage_ = testing::open_store(url_).value();
    const auto model = Model::create(storage_, {.indexed_attributes = {"build"}}).value();
    property::RandomRuns runs(4711, {.timelines = 2, .late_percent = 20});
    for (int i = 0; i < 40; ++i) {
      auto run = runs.next();
      run.header.attributes = {{"build", std::to_string(i)}};
      const auto stored = model->ingest(run, {.received = from_seconds(1'000'000 + i)});
      ASSERT_TRUE(stored) << stored.error();
    }
    std::vector<Commit> commits(3);
    for (int i = 0; i < 3; ++i)
      commits[static_cast<std::size_t>(i)] = {.repository = "project",
                                              .branch = "main",
                                              .hash = std::string(40, static_cast<char>('a' + i)),
                                              .revision = i + 1,
                                              .timestamp = from_seconds(i)};
    ASSERT_TRUE(model->register_commits(commits));
    storage::DocumentBatch batch{.collection = "collection"};
    for (const std::string key : {"one", "two"})
      batch.puts.push_back({.document = {.key = key,
                                         .text = R"({"a":1.0})",
                                         .attributes = {{"name", "value"}},
                                         .unique = {{"id", key}}}});
    batch.put_chunks = {{"one", 0, "some bytes"}, {"one", 1, std::string("\0more", 5)}};
    ASSERT_TRUE(storage_->apply(batch));
    ASSERT_TRUE(problems().empty());
  }

  std::string run(const std::string& command) const {
    auto place = testing::redis_url(GetParam());
    place = place.substr(0, place.find(','));
    return testing::output_of("redis-cli -c -u " + place + ' ' + command + " 2>&1");
  }
  void script(const std::string& lua, const std::string& key) const {
    const auto answer = run("EVAL '" + (kPrelude + lua) + "' 1 '" + prefix_ + key + "'");
    ASSERT_EQ(answer.find("ERR"), std::string::npos) << answer << " of " << lua;
  }

  std::vector<Problem> problems() const {
    const auto report = Model::create(storage_).value()->check(false);
    EXPECT_TRUE(report) << report.error();
    return report ? report->problems : std::vector<Problem>();
  }

  /// Damages a table with a script, expects a problem of `where` whose text has `what`, and mends it again.
  void damage(const std::string& key, const std::string& lua, const std::string& where,
              const std::string& what) {
    SCOPED_TRACE(key + ": " + lua);
    const auto saved = "'" + prefix_ + key + "' '" + prefix_ + key + ":saved'";
    ASSERT_EQ(run("COPY " + saved + " REPLACE"), "1") << "there is nothing to damage";
    script(lua, key);
    const auto found = problems();
    EXPECT_TRUE(std::any_of(found.begin(), found.end(),
                            [&](const Problem& problem) {
                              return problem.table == where && !problem.key.empty() &&
                                     problem.what.find(what) != std::string::npos;
                            }))
        << [&] {
             std::string all = std::to_string(found.size()) + " problems, none of them this one:";
             for (const auto& each : found) all += "\n" + each.table + " | " + each.key + " | " + each.what;
             return all;
           }();
    for (const auto& each : found)
      for (const char c : each.key + each.what) EXPECT_TRUE(c >= ' ' && c <= '~') << each.key << each.what;
    run("RENAME '" + prefix_ + key + ":saved' '" + prefix_ + key + "'");
  }

  /// A bit of some bytes of some rows; those of a key's own bytes may show elsewhere, too.
  void flip_rows(const std::string& partition, const std::string& table, bool is_hash) {
    for (const int row : {1, 7}) {
      for (const char* byte :
           {"1", "5", "9", "13", "math.floor(#text / 2)", "#text - 5", "#text - 4", "#text"}) {
        const std::string place = "(" + std::string(byte) + " - 1) % #text + 1";
        const auto lua =
            is_hash ? "local field = nth(fields(), " + std::to_string(row) +
                          "); local text = redis.call(\"HGET\", key, field); "
                          "redis.call(\"HSET\", key, field, flip(text, " +
                          place + "))"
                    : "local text = nth(redis.call(\"ZRANGE\", key, 0, -1), " + std::to_string(row) +
                          "); redis.call(\"ZREM\", key, text); redis.call(\"ZADD\", key, 0, flip(text, " +
                          place + "))";
        damage(partition + table, lua, table, "checksum");
      }
    }
  }

  std::string prefix_, url_;
  std::shared_ptr<storage::Storage> storage_;
};

TEST_P(RedisDamage, BitsOfRowsAreFound) {
  fill();
  for (const char* hash : {"timeline", "run", "outcomes"}) flip_rows(kSuite, hash, true);
  for (const char* sorted : {"durations", "tile", "testset", "detail"}) flip_rows(kSuite, sorted, false);
  flip_rows(kRepository, "row", true);
  flip_rows(kRepository, "commit", false);
  flip_rows(kCollection, "document", true);
  flip_rows(kCollection, "chunk", true);
  EXPECT_TRUE(problems().empty());
}

constexpr const char* kRemoveMember = "redis.call(\"ZREM\", key, redis.call(\"ZRANGE\", key, 1, 1)[1])";
constexpr const char* kMoveMember = "redis.call(\"ZADD\", key, 1, redis.call(\"ZRANGE\", key, 0, 0)[1])";
constexpr const char* kAddMember = "redis.call(\"ZADD\", key, 0, \"stray member\")";
constexpr const char* kRemoveField = "redis.call(\"HDEL\", key, fields()[1])";
constexpr const char* kAddField = "redis.call(\"HSET\", key, \"stray field\", \"1\")";
constexpr const char* kSwapValues =
    "local all = fields(); local one = redis.call(\"HGET\", key, all[1]); "
    "redis.call(\"HSET\", key, all[1], redis.call(\"HGET\", key, all[2]), all[2], one)";
constexpr const char* kOtherKind = "redis.call(\"DEL\", key); redis.call(\"SET\", key, \"text\")";

TEST_P(RedisDamage, EntriesThatDoNotFitTheirRowsAreFound) {
  fill();
  const auto sorted = [&](const std::string& partition, const std::string& table) {
    damage(partition + table, kRemoveMember, table, "missing");
    damage(partition + table, kMoveMember, table, "out of order");
    damage(partition + table, kAddMember, table, "belongs to nothing");
    damage(partition + table, kOtherKind, table, "another kind");
  };
  for (const char* table :
       {"test:id", "run:timeline", "run:position", "run:started", "run:received", "run:attribute"})
    sorted(kSuite, table);
  for (const char* table : {"branch", "name"}) sorted(kRepository, table);
  for (const char* table : {"key", "attribute"}) sorted(kCollection, table);
  for (const char* table : {"run:id", "outcome:id", "config:id"})
    damage(std::string(kSuite) + table, kAddField, table, "belongs to nothing");
  damage(kSuite + std::string("run:id"), kSwapValues, "run:id", "does not lead to it");
  damage(kSuite + std::string("run:id"), kRemoveField, "run:id", "does not lead to it");
  damage(kSuite + std::string("timeline:id"), kSwapValues, "timeline:id", "do not lead to it");
  damage(kSuite + std::string("timeline:id"), kRemoveField, "timeline:id", "do not lead to it");
  damage(kSuite + std::string("outcome:id"), kSwapValues, "outcome:key", "another number");
  damage(kSuite + std::string("config:id"), kRemoveField, "config:key", "another number");
  damage(kSuite + std::string("outcome:key"), "redis.call(\"LSET\", key, 0, \"\\255\")", "outcome:key",
         "read");
  damage(kSuite + std::string("config:key"), "redis.call(\"LSET\", key, 0, \"a=b\")", "config:key",
         "another number");
  damage(kSuite + std::string("test:name"), "redis.call(\"LSET\", key, 3, \"another\")", "test:id",
         "missing");
  damage(kSuite + std::string("test:name"), "redis.call(\"RPUSH\", key, \"another\")", "test:id", "missing");
  damage(kSuite + std::string("test:listed"), "redis.call(\"SETBIT\", key, 4000, 1)", "test:listed",
         "no name");
  damage(kCollection + std::string("unique"), kSwapValues, "unique", "does not lead to it");
  damage(kCollection + std::string("unique"), kAddField, "unique", "belongs to nothing");
  EXPECT_TRUE(problems().empty());
}

TEST_P(RedisDamage, RowsThatAreGoneAreFound) {
  fill();
  const std::string suite = kSuite;
  damage(suite + "run", kRemoveField, "run:id", "belongs to nothing");
  damage(suite + "timeline", kRemoveField, "timeline", "timeline is missing");
  damage(suite + "testset", kRemoveMember, "run", "test set");
  damage(suite + "outcomes", kRemoveField, "run", "outcomes is missing");
  damage(suite + "change", kRemoveField, "change_point", "missing");
  damage(suite + "change", "redis.call(\"HSET\", key, fields()[1], \"\\255\")", "change", "read");
  damage(kRepository + std::string("commit"), kRemoveMember, "branch", "belongs to nothing");
  damage(kCollection + std::string("document"), kRemoveField, "key", "belongs to nothing");
  for (const char* table : {"run", "timeline", "outcomes", "durations", "detail"})
    damage(suite + table, kOtherKind, table, "another kind");
  EXPECT_TRUE(problems().empty());
}

/// Writers in between do not look like damage.
TEST_P(RedisDamage, WritersMeanwhileAreNone) {
  fill();
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    const auto model =
        Model::create(testing::open_store(url_).value(), {.indexed_attributes = {"build"}}).value();
    property::RandomRuns runs(815, {.timelines = 2, .late_percent = 50});
    std::vector<RunHeader> written;
    for (int i = 0; !stop && i < 100'000; ++i) {
      auto run = i % 2 == 0 ? runs.next() : runs.again(written.back());
      written.push_back(run.header);
      run.header.attributes = {{"build", std::to_string(i)}};
      const auto stored = model->ingest(run, {.received = from_seconds(2'000'000 + i)});
      EXPECT_TRUE(stored) << stored.error();
      if (i % 10 != 9) continue;
      EXPECT_TRUE(model->purge({.suite = "random", .run = stored->run->id}));
    }
  });
  for (int i = 0; i < 30; ++i) {
    const auto damages = storage_->find_damage().value();
    for (const auto& each : damages) ADD_FAILURE() << each.table << " | " << each.key << " | " << each.what;
  }
  stop = true;
  writer.join();
  EXPECT_TRUE(problems().empty());
}

/// Stores of the first schema have no checksums of rows; all else is as it was.
TEST_P(RedisDamage, StoresWithoutChecksumsGoOnWithoutThem) {
  ASSERT_TRUE(testing::open_store(url_));
  run("HSET '" + prefix_ + "schema' version 1 oldest_reader 1");
  fill();
  EXPECT_EQ(storage_->info().value().schema_version, 1);
  ASSERT_TRUE(storage_->migrate());
  damage(kSuite + std::string("run:position"), kRemoveMember, "run:position", "missing");
  std::ostringstream old_form, new_form;
  ASSERT_TRUE(Model::create(storage_).value()->export_to(old_form, {.with_received = true}).ok());
  const auto again = testing::open_store(url_ + "again").value();
  const auto model = Model::create(again).value();
  std::istringstream in(old_form.str());
  ASSERT_TRUE(model->import_from(in, [] { return from_seconds(1); }));
  ASSERT_TRUE(model->export_to(new_form, {.with_received = true}).ok());
  EXPECT_EQ(new_form.str(), old_form.str());
  EXPECT_EQ(again->info().value().schema_version, 2);
  EXPECT_TRUE(model->check(false).value().problems.empty());
}

INSTANTIATE_TEST_SUITE_P(Redis, RedisDamage,
                         ::testing::Values("RESULTSDB_TEST_REDIS", "RESULTSDB_TEST_REDIS_CLUSTER"),
                         [](const auto& each) { return std::string(each.index == 0 ? "One" : "Cluster"); });

}  // namespace
}  // namespace resultsdb
