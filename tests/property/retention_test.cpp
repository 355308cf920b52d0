// Runs whose time is over go, a few with each step; all others stay.
#include "resultsdb/retention.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/testing/faulty_storage.hpp"

namespace resultsdb {
namespace {

constexpr std::int64_t kNow = 1'000'000;
constexpr std::chrono::seconds kKeep{1000};

/// Some documents cannot be read.
class Refusing : public testing::FaultyStorage {
 public:
  using FaultyStorage::FaultyStorage;
  std::function<Status(const storage::DocumentQuery& query)> refuse;

 protected:
  Result<std::vector<storage::Document>> do_find_documents(const storage::DocumentQuery& query,
                                                           const std::optional<std::string>& after,
                                                           std::uint32_t limit) override {
    if (refuse) RESULTSDB_TRY(refuse(query));
    return FaultyStorage::do_find_documents(query, after, limit);
  }
};

class RetentionOfRuns : public ::testing::Test {
 protected:
  void ingest(std::int64_t commit, const std::string& mount, const std::string& suite = "s", int order = 0) {
    resultsdb::Run run{.header = {.suite = suite, .branch = "main"}};
    run.header.position = commit * 100 + order;
    run.header.started = from_seconds(commit);
    if (!mount.empty()) run.header.attributes.emplace_back("mount", mount);
    run.results.add({.test = "t", .actual = commit % 2 ? "FAIL" : "PASS"});
    const auto stored = model_->ingest(run, {.received = from_seconds(kNow)});
    ASSERT_TRUE(stored) << stored.error();
  }

  /// A whole round; how many steps it took, or 0 after an error.
  int round(Retention& retention, std::int64_t now = kNow) {
    for (int steps = 1;; ++steps) {
      const auto step = retention.step(from_seconds(now));
      EXPECT_TRUE(step) << step.error();
      if (!step) return 0;
      deleted_ += step->deleted;
      if (step->done) return steps;
    }
  }

  std::vector<Position> positions(const std::string& suite = "s") {
    std::vector<Position> all;
    const auto runs = model_->runs({.suite = suite, .ascending = true});
    EXPECT_TRUE(runs) << runs.error();
    for (const RunInfoPtr& run : *runs) all.push_back(run->position);
    return all;
  }
  void expect_sound() {
    const auto report = model_->check(false);
    ASSERT_TRUE(report) << report.error();
    for (const Problem& problem : report->problems)
      ADD_FAILURE() << problem.table << ' ' << problem.key << ": " << problem.what;
  }

  const RetentionRule rule_{.attribute = {"mount", "one"}, .keep = kKeep};
  std::shared_ptr<Refusing> storage_ = std::make_shared<Refusing>(backends::open_memory());
  std::shared_ptr<Model> model_ = Model::create(storage_).value();
  Retention retention_{model_, rule_};
  std::uint64_t deleted_ = 0;
};

TEST_F(RetentionOfRuns, TheLastSecondIsKept) {
  EXPECT_TRUE(is_over(rule_, (kNow - 1001) * 100 + 99, from_seconds(kNow)));
  EXPECT_FALSE(is_over(rule_, (kNow - 1000) * 100, from_seconds(kNow)));
  ingest(kNow - 1001, "one", "s", 99);
  ingest(kNow - 1000, "one");
  ingest(kNow, "one");
  round(retention_);
  EXPECT_EQ(positions(), (std::vector<Position>{(kNow - 1000) * 100, kNow * 100}));
  round(retention_, kNow + 1);
  EXPECT_EQ(positions(), (std::vector<Position>{kNow * 100}));
  EXPECT_EQ(deleted_, 2u);
  expect_sound();
}

TEST_F(RetentionOfRuns, OnlyRunsWithTheAttributeGo) {
  for (const std::string suite : {"s", "other"}) {
    ingest(10, "one", suite);
    ingest(11, "", suite);
    ingest(12, "two", suite);
    ingest(13, "one", suite);
  }
  round(retention_);
  for (const std::string suite : {"s", "other"}) {
    EXPECT_EQ(positions(suite), (std::vector<Position>{1100, 1200}));
  }
  EXPECT_EQ(deleted_, 4u);
  expect_sound();
}

TEST_F(RetentionOfRuns, StepsAreSmall) {
  for (std::int64_t i = 0; i < 240; ++i) ingest(i, i % 3 ? "one" : "");
  EXPECT_GE(round(retention_), 4);
  EXPECT_EQ(deleted_, 160u);
  EXPECT_EQ(positions().size(), 80u);
  EXPECT_EQ(round(retention_), 1) << "what was looked at is not looked at again";
  expect_sound();
}

TEST_F(RetentionOfRuns, OldRunsThatCameLaterGoWithinADay) {
  ingest(kNow, "one");
  round(retention_);
  ingest(5, "one");
  round(retention_, kNow + 3600);
  EXPECT_EQ(deleted_, 1u) << "only what became over";
  EXPECT_EQ(positions(), (std::vector<Position>{500}));
  round(retention_, kNow + 86'400);
  EXPECT_EQ(positions(), std::vector<Position>());
}

TEST_F(RetentionOfRuns, WritersGoOnMeanwhile) {
  for (std::int64_t i = 0; i < 150; ++i) ingest(i, "one");
  std::thread writer([this] {
    for (std::int64_t i = 0; i < 100; ++i) ingest(kNow + i, "one");
  });
  round(retention_);
  writer.join();
  EXPECT_EQ(deleted_, 150u);
  EXPECT_EQ(positions().size(), 100u);
  expect_sound();
}

TEST_F(RetentionOfRuns, OneThatCannotBeDeletedKeepsNoOtherOne) {
  for (std::int64_t i = 0; i < 120; ++i) ingest(i, "one");
  for (std::int64_t i = 0; i < 3; ++i) ingest(i, "one", "other");
  const std::string stuck = model_->runs({.suite = "s", .ascending = true}).value()[10]->id;
  const std::string prefix = run_documents("s", stuck).key_prefix;
  storage_->refuse = [&](const storage::DocumentQuery& query) {
    return query.key_prefix == prefix ? Status(make_error(ErrorCode::Corrupt, "this stays")) : Status();
  };
  const auto whole_round = [&](std::int64_t now) {
    for (;;) {
      const auto step = retention_.step(from_seconds(now));
      if (!step) return Status(step.error());
      if (step->done) return Status();
    }
  };
  const Status status = whole_round(kNow);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "this stays");
  EXPECT_EQ(positions(), (std::vector<Position>{1000}));
  EXPECT_EQ(positions("other"), std::vector<Position>());
  EXPECT_FALSE(whole_round(kNow + 1)) << "it is tried again";
  storage_->refuse = {};
  EXPECT_TRUE(whole_round(kNow + 2));
  EXPECT_EQ(positions(), std::vector<Position>());
  expect_sound();
}

TEST_F(RetentionOfRuns, ARuleWithoutATimeIsRefused) {
  Retention retention(model_, {.attribute = {"mount", "one"}});
  const auto step = retention.step(from_seconds(kNow));
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace resultsdb
