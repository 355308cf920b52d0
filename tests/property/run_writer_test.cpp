// Runs that are written while they go.
#include <gtest/gtest.h>

#include "property/matrix_oracle.hpp"
#include "property/soundness.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb {
namespace {

Time at(std::int64_t seconds) { return from_seconds(1'000'000 + seconds); }

RunHeader header(Position position = 10) {
  RunHeader header{.suite = "live", .branch = "main"};
  header.position = position;
  header.started = at(position);
  return header;
}

class LiveRuns : public ::testing::Test {
 protected:
  RunResults results(const std::string& id, Time now) {
    auto results = model_->results({.run = id, .details = true}, now);
    if (!results) {
      ADD_FAILURE() << results.error();
      return {};
    }
    return std::move(results).value();
  }
  void expect_sound() { property::expect_sound(*Model::create(storage_).value()); }

  std::shared_ptr<storage::Storage> storage_ = backends::open_memory();
  std::shared_ptr<Model> model_ = Model::create(storage_, {.lease = std::chrono::seconds(60)}).value();
};

TEST_F(LiveRuns, ShowWhatWasCheckpointedAndNothingElse) {
  auto writer = model_->start_run(header(), at(0));
  ASSERT_TRUE(writer) << writer.error();
  ASSERT_TRUE(writer->plan("c"));
  ASSERT_TRUE(writer->add({.test = "a", .duration = Duration(5)}));
  ASSERT_TRUE(writer->checkpoint(at(1)));
  ASSERT_TRUE(writer->add({.test = "b", .actual = "FAIL", .detail = "{\"why\":1}"}));
  RunResults seen = results(writer->id(), at(2));
  EXPECT_EQ(seen.run->state, RunState::Running);
  ASSERT_EQ(seen.rows.size(), 1u);
  EXPECT_EQ(seen.rows[0].test, "a");
  ASSERT_TRUE(writer->finish(at(3)));
  seen = results(writer->id(), at(4));
  EXPECT_EQ(seen.run->state, RunState::Final);
  EXPECT_EQ(seen.run->finished, at(3));
  ASSERT_EQ(seen.rows.size(), 2u);
  EXPECT_EQ(seen.rows[0].duration, Duration(5));
  EXPECT_EQ(seen.rows[1].outcome.actual, "FAIL");
  EXPECT_EQ(seen.rows[1].detail, "{\"why\":1}");
  EXPECT_EQ(seen.lost, std::vector<std::string>{"c"});
  expect_sound();
}

TEST_F(LiveRuns, EqualTheSameRunWrittenAtOnce) {
  resultsdb::Run whole{.header = header(), .results = {}};
  whole.header.finished = at(99);
  auto writer = model_->start_run(whole.header, at(0));
  ASSERT_TRUE(writer) << writer.error();
  for (int i = 0; i < 300; ++i) {
    const std::string test = "test-" + std::to_string(i * 37 % 300),
                      detail = "{\"n\":" + std::to_string(i) + "}";
    const TestResult result{.test = test,
                            .actual = i % 7 == 0 ? "FAIL" : "PASS",
                            .duration = Duration(i * 1000),
                            .tries = i % 11 == 0 ? 3u : 0u,
                            .attributes = i % 5 == 0 ? "{\"slow\":1}" : "",
                            .detail = i % 13 == 0 ? std::string_view(detail) : std::string_view()};
    ASSERT_TRUE(writer->add(result));
    whole.results.add(result);
    if (i % 17 == 0) {
      ASSERT_TRUE(writer->checkpoint(at(i)));
    }
  }
  ASSERT_TRUE(writer->finish(at(400)));
  const auto other = Model::create(backends::open_memory()).value();
  const auto at_once = other->ingest(whole, {.received = at(400)});
  ASSERT_TRUE(at_once) << at_once.error();
  EXPECT_EQ(property::describe(results(writer->id(), at(500))),
            property::describe(other->results({.run = at_once->run->id, .details = true}, at(500)).value()));
  EXPECT_EQ(results(writer->id(), at(500)).run->digest, at_once->run->digest);
  expect_sound();
}

TEST_F(LiveRuns, AreIncompleteWhenTheirLeaseIsOver) {
  {
    auto writer = model_->start_run(header(), at(0));
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->add({.test = "a", .actual = "FAIL"}));
    ASSERT_TRUE(writer->checkpoint(at(10)));
    ASSERT_TRUE(writer->add({.test = "b"}));
  }
  const RunInfoPtr run = model_->runs({.suite = "live", .now = at(69)}).value().front();
  EXPECT_EQ(run->state, RunState::Running);
  EXPECT_EQ(model_->find_run("live", run->id, at(70)).value().value()->state, RunState::Incomplete);
  EXPECT_EQ(model_->runs({.suite = "live", .states = {RunState::Incomplete}, .now = at(70)}).value().size(),
            1u);
  EXPECT_EQ(model_->expire_runs(at(69)).value(), 0u);
  EXPECT_EQ(model_->expire_runs(at(70)).value(), 1u);
  EXPECT_EQ(model_->expire_runs(at(70)).value(), 0u);
  const RunResults seen = results(run->id, at(0));
  EXPECT_EQ(seen.run->state, RunState::Incomplete);
  ASSERT_EQ(seen.rows.size(), 1u);
  expect_sound();
}

TEST_F(LiveRuns, RenewTheirLeaseWithEveryCheckpoint) {
  auto writer = model_->start_run(header(), at(0));
  ASSERT_TRUE(writer);
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(writer->checkpoint(at(50 * i)));
  EXPECT_EQ(model_->expire_runs(at(300)).value(), 0u);
  EXPECT_EQ(model_->runs({.suite = "live", .now = at(300)}).value().front()->received, at(250));
}

TEST_F(LiveRuns, RefuseWhatMakesNoSense) {
  auto writer = model_->start_run(header(), at(0));
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->add({.test = "a"}));
  EXPECT_EQ(writer->add({.test = "a"}).error().code, ErrorCode::AlreadyExists);
  EXPECT_EQ(writer->add({.test = ""}).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(writer->add({.test = "b", .detail = "{"}).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(writer->finish(at(1), RunState::Running).error().code, ErrorCode::InvalidArgument);
  ASSERT_TRUE(writer->finish(at(1)));
  EXPECT_EQ(writer->add({.test = "c"}).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(model_->start_run(header(), at(2)).error().code, ErrorCode::AlreadyExists);
  EXPECT_EQ(results(writer->id(), at(3)).rows.size(), 1u);
}

TEST_F(LiveRuns, LeaveNoDurationsBehindWhenAllArePurged) {
  for (int i = 0; i < 150; ++i) {
    resultsdb::Run run{.header = header(i), .results = {}};
    for (int test = 0; test < 5; ++test) {
      const std::string name = "t" + std::to_string(test);
      run.results.add({.test = name, .duration = Duration(1000 * i + test)});
    }
    ASSERT_TRUE(model_->ingest(run, {.received = at(i)}));
  }
  const auto purged = model_->purge({.suite = "live", .range = {.to_position = 1000}});
  ASSERT_TRUE(purged) << purged.error();
  EXPECT_EQ(*purged, 150u);
  const storage::TimelineId timeline = storage_->find_timelines("live").value().front().id;
  const storage::DurationQuery query{.timeline = timeline, .chunk = 0, .block = 0};
  const auto left = storage_->read_durations("live", {&query, 1});
  ASSERT_TRUE(left) << left.error();
  EXPECT_TRUE(left->raw.empty());
  EXPECT_TRUE(left->tiles.empty());
  EXPECT_TRUE(storage_->read_test_sets("live", timeline).value().empty());
  EXPECT_TRUE(storage_->find_changes({.suite = "live"}).value().empty());
  expect_sound();
}

TEST_F(LiveRuns, MayOverlapOnOneTimeline) {
  auto first = model_->start_run(header(10), at(0));
  auto second = model_->start_run(header(20), at(0));
  ASSERT_TRUE(first && second);
  for (int i = 0; i < 40; ++i) {
    const std::string test = "t" + std::to_string(i);
    ASSERT_TRUE(first->add({.test = test, .actual = i % 3 == 0 ? "FAIL" : "PASS", .duration = Duration(i)}));
    ASSERT_TRUE(
        second->add({.test = test, .actual = i % 5 == 0 ? "FAIL" : "PASS", .duration = Duration(2 * i)}));
    ASSERT_TRUE((i % 2 == 0 ? *first : *second).checkpoint(at(i)));
  }
  ASSERT_TRUE(second->finish(at(50)));
  ASSERT_TRUE(first->finish(at(51), RunState::Incomplete));
  const auto history = model_->history({.suite = "live", .tests = {"t15"}, .durations = true});
  ASSERT_TRUE(history) << history.error();
  EXPECT_EQ(history->series.front().duration_us, (std::vector<std::int64_t>{30, 15}));
  EXPECT_EQ(history->series.front().outcomes.size(), 1u);
  expect_sound();
}

TEST_F(LiveRuns, TakeNegativeDurationsAsUnknown) {
  auto writer = model_->start_run(header(), at(0));
  ASSERT_TRUE(writer) << writer.error();
  ASSERT_TRUE(writer->add({.test = "a", .duration = Duration(-5)}));
  ASSERT_TRUE(writer->finish(at(1)));
  EXPECT_EQ(results(writer->id(), at(2)).rows.at(0).duration, std::nullopt);
}

TEST_F(LiveRuns, ThatAnotherWriterEndedAreNotTakenUpAgain) {
  auto one = model_->start_run(header(), at(0)), other = model_->start_run(header(), at(1));
  ASSERT_TRUE(one && other);
  ASSERT_TRUE(one->add({.test = "a"}));
  ASSERT_TRUE(one->finish(at(2)));
  EXPECT_EQ(other->checkpoint(at(3)).error().code, ErrorCode::AlreadyExists);
  const RunResults seen = results(one->id(), at(4));
  EXPECT_EQ(seen.run->state, RunState::Final);
  EXPECT_EQ(seen.rows.size(), 1u);
}

// What came in anew between the listing and the deletion is not old any more.
TEST_F(LiveRuns, StoredAgainWhileOldOnesAreDeletedStay) {
  resultsdb::Run run{.header = header()};
  run.results.add({.test = "a"});
  ASSERT_TRUE(model_->ingest(run, {.received = at(0)}));
  const auto again = [&](const Progress&) {
    run.results.add({.test = "b"});
    return model_->ingest(run, {.received = at(100)}).ok();
  };
  const auto purged = model_->purge({.suite = "live", .received_before = at(50)}, again);
  ASSERT_TRUE(purged) << purged.error();
  EXPECT_EQ(*purged, 0u);
  EXPECT_EQ(model_->runs({.suite = "live"})->size(), 1u);
}

}  // namespace
}  // namespace resultsdb
