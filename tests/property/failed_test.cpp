// What failed in many runs is what failed in each.
#include <gtest/gtest.h>

#include <string>

#include "resultsdb/answers.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/testing/faulty_storage.hpp"

namespace resultsdb {
namespace {

const std::string kOutcomes[] = {"PASS", "FAIL", "TIMEOUT", "SKIP", "CRASH PASS"};

/// 60 runs on three timelines, some without failures.
void ingest_all(Model& model) {
  for (int i = 0; i < 60; ++i) {
    Run run{.header = {.suite = "s", .branch = "main"}};
    run.header.configuration.set("os", std::to_string(i % 3));
    run.header.position = 100 * i;
    run.header.started = from_seconds(i);
    for (int test = 0; test < 8; ++test) {
      const std::string name = "test " + std::to_string(7 - test);
      run.results.add({.test = name,
                       .expected = test == 3 ? "FAIL" : "PASS",
                       .actual = i % 4 == 0 ? "PASS" : kOutcomes[static_cast<std::size_t>(i + test) % 5]});
    }
    const auto stored = model.ingest(run, {.received = from_seconds(i)});
    ASSERT_TRUE(stored) << stored.error();
  }
}

TEST(Failed, EqualsTheFailuresOfEachRun) {
  const auto storage = std::make_shared<testing::FaultyStorage>(backends::open_memory());
  ingest_all(*Model::create(storage).value());
  const auto model = Model::create(storage).value();
  const auto runs = model->runs({.suite = "s"}).value();
  ASSERT_EQ(runs.size(), 60u);
  const std::uint64_t before = storage->calls("read_outcomes");
  const auto failed = Answers(model).failed("s", runs);
  ASSERT_TRUE(failed) << failed.error();
  EXPECT_EQ(storage->calls("read_outcomes"), before + 1);
  ASSERT_EQ(failed->size(), runs.size());
  std::size_t failures = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    RunResultsQuery query{.run = runs[i]->id, .suite = "s"};
    query.which = RunResultsQuery::Which::Failing;
    std::vector<FailedTest> expected;
    const auto results = model->results(query, from_seconds(100));
    ASSERT_TRUE(results) << results.error();
    for (const auto& row : results->rows) expected.push_back({row.test, row.outcome});
    EXPECT_EQ((*failed)[i], expected) << i;
    failures += expected.size();
  }
  EXPECT_GT(failures, 100u);
}

TEST(Failed, HasNothingForARunThatIsGone) {
  const auto model = Model::create(backends::open_memory()).value();
  ingest_all(*model);
  const auto runs = model->runs({.suite = "s", .ascending = true}).value();
  ASSERT_EQ(model->purge({.suite = "s", .run = runs[1]->id}).value(), 1u);
  const auto failed = Answers(model).failed("s", runs);
  ASSERT_TRUE(failed) << failed.error();
  EXPECT_TRUE((*failed)[0].empty());
  EXPECT_TRUE((*failed)[1].empty());
  EXPECT_FALSE((*failed)[2].empty());
  EXPECT_TRUE(Answers(model).failed("other", runs).value()[2].empty());
}

}  // namespace
}  // namespace resultsdb
