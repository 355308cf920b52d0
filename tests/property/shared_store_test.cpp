// Two models on one store, as two processes have them: each keeps what it knows, and the other one writes.
#include <gtest/gtest.h>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb {
namespace {

Time at(std::int64_t seconds) { return from_seconds(1'000'000 + seconds); }

Run run_of(Position position, const std::vector<std::string>& tests, const std::string& suite = "shared") {
  Run run{.header = {.suite = suite, .branch = "main"}};
  run.header.id = "run-" + std::to_string(position);
  run.header.position = position;
  run.header.started = at(position);
  for (const std::string& test : tests) run.results.add({.test = test});
  return run;
}

class SharedStore : public ::testing::Test {
 protected:
  void ingest(Model& model, Position position, const std::vector<std::string>& tests) {
    const auto stored = model.ingest(run_of(position, tests), {.received = at(position)});
    ASSERT_TRUE(stored) << stored.error();
  }
  void expect_results(Model& model, Position position, std::size_t count) {
    const auto results =
        model.results({.run = "run-" + std::to_string(position), .suite = "shared"}, at(1000));
    ASSERT_TRUE(results) << results.error();
    EXPECT_EQ(results->rows.size(), count);
  }
  void expect_sound() {
    const auto report = Model::create(storage_).value()->check(false);
    ASSERT_TRUE(report) << report.error();
    for (const Problem& problem : report->problems)
      ADD_FAILURE() << problem.table << ' ' << problem.key << ": " << problem.what;
  }

  std::shared_ptr<storage::Storage> storage_ = backends::open_memory();
  std::shared_ptr<Model> one_ = Model::create(storage_).value(), other_ = Model::create(storage_).value();
};

TEST_F(SharedStore, ATestSetThatTheOtherOneBuiltUponStays) {
  ingest(*one_, 10, {"a", "b", "c"});
  ingest(*other_, 20, {"a", "b", "c", "d"});
  const auto deleted = one_->purge({.suite = "shared", .run = "run-10"});
  ASSERT_TRUE(deleted) << deleted.error();
  EXPECT_EQ(*deleted, 1u);
  expect_sound();
  for (const auto& model : {one_, other_, Model::create(storage_).value()}) expect_results(*model, 20, 4);
}

TEST_F(SharedStore, ATestSetBetweenOwnOnesIsFound) {
  ingest(*one_, 10, {"a", "b", "c"});
  ingest(*other_, 20, {"a", "b", "c", "d"});
  ingest(*one_, 5, {"a", "b"});  // before all others: needs none of their sets
  expect_results(*one_, 20, 4);
  expect_sound();
}

TEST_F(SharedStore, AnIdAloneDeletesNoRunsOfSeveralSuites) {
  for (const char* suite : {"shared", "second"})
    ASSERT_TRUE(one_->ingest(run_of(10, {"a"}, suite), {.received = at(10)}));
  const auto refused = one_->purge({.run = "run-10"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::AlreadyExists);
  EXPECT_EQ(one_->runs({})->size(), 2u);
  EXPECT_EQ(*one_->purge({.suite = "second", .run = "run-10"}), 1u);
  EXPECT_EQ(*one_->purge({.run = "run-10"}), 1u);
}

// Attributes that never repeat go to the details before they take the places that outcomes need.
TEST_F(SharedStore, TheDictionaryKeepsRoomForOutcomes) {
  constexpr int kRuns = 140;
  for (int i = 1; i <= kRuns; ++i) {
    resultsdb::Run run = run_of(i, {});
    for (int j = 0; j < (i <= 16 ? 250 : 2); ++j) {
      const std::string test = "t" + std::to_string(j), n = std::to_string(i * 1000 + j);
      const std::string attributes = "{\"difference\":" + n + "}";
      run.results.add({.test = test, .actual = "IMAGE", .attributes = attributes});
    }
    ASSERT_TRUE(one_->ingest(run, {.received = at(i)})) << i;
  }
  resultsdb::Run run = run_of(1000, {});
  run.results.add({.test = "t0", .actual = "NEVER SEEN BEFORE"});
  run.results.add({.test = "t1", .actual = "NOR THIS", .attributes = "{\"difference\":-1}"});
  const auto stored = other_->ingest(run, {.received = at(1000)});
  ASSERT_TRUE(stored) << stored.error();
  const auto results = one_->results({.run = "run-140", .suite = "shared", .details = true}, at(1000));
  ASSERT_TRUE(results) << results.error();
  EXPECT_EQ(results->rows.front().attributes, "{\"difference\":140000}");
}

}  // namespace
}  // namespace resultsdb
