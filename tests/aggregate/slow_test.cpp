// Durations on small histories whose truth is plain to see.
#include <algorithm>

#include "aggregate/answers_fixture.hpp"
#include "resultsdb/test_durations.hpp"

namespace resultsdb {
namespace {

using std::chrono::milliseconds;

class SlowTestsTest : public AnswersTest {
 protected:
  static void took(resultsdb::Run& run, const std::string& test, int ms, const std::string& actual = "PASS") {
    run.results.add({.test = test, .actual = actual, .duration = milliseconds(ms)});
  }

  /// 40 runs on gtk, 20 on mac. `grows` takes twice as long since run 30 of gtk.
  void add_history() {
    for (int i = 0; i < 40; ++i) {
      resultsdb::Run run = header("gtk", i);
      took(run, "quick", 10 + i % 3);
      took(run, "slow", 1000 + i);
      took(run, "grows", (i < 30 ? 100 : 200) + i % 5);
      took(run, "hangs", i % 2 == 0 ? 30'000 : 50, i % 2 == 0 ? "TIMEOUT" : "PASS");
      run.results.add({.test = "untimed"});
      ingest(run);
    }
    for (int i = 0; i < 20; ++i) {
      resultsdb::Run run = header("mac", i);
      took(run, "grows", 400 + i % 5);
      took(run, "only mac", 5000);
      if (i == 5) run.results.add({.test = "gone", .duration = milliseconds(900'000)});
      ingest(run);
    }
  }
};

TEST_F(SlowTestsTest, TheSlowestFirst) {
  add_history();
  auto query = ask<SlowQuery>();
  SlowAnswer answer = value_of(answers_.slow(query));
  ASSERT_EQ(answer.total, 5);  // neither what was not timed nor what is gone
  EXPECT_EQ(answer.basis.runs, 20);
  std::string names;
  for (const SlowTest& test : answer.tests) names += test.test + ' ';
  EXPECT_EQ(names, "only mac slow grows hangs quick ");
  const SlowTest& slow = answer.tests[1];
  EXPECT_EQ(slow.durations.n, 10);
  EXPECT_EQ(slow.durations.p50, Duration(1'034'500));
  EXPECT_EQ(slow.durations.max, milliseconds(1039));
  EXPECT_EQ(slow.spent, milliseconds(10'345));
  const SlowTest& hangs = answer.tests[3];
  EXPECT_EQ(hangs.results, 10);
  EXPECT_EQ(hangs.timeouts, 5);
  EXPECT_EQ(hangs.durations.p50, milliseconds(50));
  EXPECT_EQ(hangs.spent, milliseconds(150'250));
  double shares = 0;
  for (const SlowTest& test : answer.tests) shares += test.share;
  EXPECT_NEAR(shares, 1, 1e-9);
  ASSERT_EQ(answer.suite.size(), 2);
  EXPECT_EQ(answer.suite[0].wall.n, 10);
  EXPECT_EQ(answer.suite[0].wall.p50, std::chrono::seconds(120));
  EXPECT_EQ(answer.suite[0].spent + answer.suite[1].spent, answer.spent);

  query.order = SlowQuery::Order::Spent;
  EXPECT_EQ(value_of(answers_.slow(query)).tests[0].test, "hangs");
  query.limit = 1;
  EXPECT_EQ(value_of(answers_.slow(query)).tests.size(), 1);
  query.name_contains = "i";
  query.order = SlowQuery::Order::P50;
  answer = value_of(answers_.slow(query));
  EXPECT_EQ(answer.total, 1);
  EXPECT_EQ(answer.tests[0].test, "quick");
  EXPECT_EQ(answer.tests[0].share, 1);
}

TEST_F(SlowTestsTest, GrowthIsThatOfEachTimeline) {
  add_history();
  auto query = ask<SlowQuery>();
  query.order = SlowQuery::Order::Growth;
  query.by_timeline = true;
  SlowAnswer answer = value_of(answers_.slow(query));
  ASSERT_GE(answer.tests.size(), 2);
  EXPECT_EQ(answer.tests[0].test, "grows");
  EXPECT_EQ(answer.tests[0].timeline, 0);
  ASSERT_TRUE(answer.tests[0].growth);
  EXPECT_GT(answer.tests[0].growth->low, 1.9);
  EXPECT_LT(answer.tests[0].growth->high, 2.1);
  for (const SlowTest& test : answer.tests) {
    if (test.timeline != 1) continue;
    EXPECT_NEAR(test.growth->ratio, 1, 0.02) << test.test;
  }
  query.last = 0;  // nothing is before all
  for (const SlowTest& test : value_of(answers_.slow(query)).tests) EXPECT_FALSE(test.growth);
  query.last = 10;
  query.by_timeline = false;
  answer = value_of(answers_.slow(query));
  const auto grows =
      std::ranges::find_if(answer.tests, [](const SlowTest& test) { return test.test == "grows"; });
  ASSERT_NE(grows, answer.tests.end());
  EXPECT_GT(grows->growth->high, 1.9);  // one timeline of two: the interval holds both
  EXPECT_LT(grows->growth->low, 1.1);
}

TEST_F(SlowTestsTest, OneTest) {
  add_history();
  auto query = ask<DurationsQuery>();
  query.test = "grows";
  DurationsAnswer answer = value_of(answers_.durations(query));
  ASSERT_EQ(answer.per_timeline.size(), 2);
  EXPECT_EQ(answer.per_timeline[0].points.size(), 40);
  ASSERT_EQ(answer.per_timeline[0].changes.size(), 1);
  EXPECT_EQ(answer.per_timeline[0].changes[0].run->position, place(30));
  EXPECT_NEAR(answer.per_timeline[0].changes[0].ratio, 2, 0.05);
  EXPECT_TRUE(answer.per_timeline[1].changes.empty());
  query.test = "hangs";
  query.last = 4;
  answer = value_of(answers_.durations(query));
  ASSERT_EQ(answer.per_timeline.size(), 1);
  ASSERT_EQ(answer.per_timeline[0].points.size(), 4);
  EXPECT_TRUE(answer.per_timeline[0].points[0].timed_out);
  EXPECT_EQ(answer.per_timeline[0].points[0].duration, milliseconds(30'000));
  EXPECT_FALSE(answer.per_timeline[0].points[1].timed_out);
  EXPECT_EQ(answer.per_timeline[0].durations.n, 2);
  query.test = "none";
  EXPECT_EQ(answers_.durations(query).error().code, ErrorCode::NotFound);
}

TEST_F(SlowTestsTest, DaysAndWeeksOfOneTest) {
  const auto at = [](std::string_view time) { return value_of(parse_rfc3339(time)); };
  // A Sunday's last second, the Monday after it, the Sunday of that week, and a run whose start is not known.
  const std::vector<std::tuple<std::string, std::string, int, std::string>> runs = {
      {"2026-11-22T23:59:59Z", "2026-11-25T00:00:00Z", 10, "PASS"},
      {"2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z", 20, "PASS"},
      {"2026-11-23T23:00:00Z", "2026-11-25T00:00:00Z", 40, "PASS"},
      {"2026-11-29T12:00:00Z", "2026-12-25T00:00:00Z", 30'000, "TIMEOUT"},
      {"1970-01-01T00:00:00Z", "2026-11-24T10:00:00Z", 80, "PASS"}};
  for (int i = 0; i < static_cast<int>(runs.size()); ++i) {
    const auto& [started, received, ms, actual] = runs[static_cast<std::size_t>(i)];
    resultsdb::Run run = header("gtk", i);
    run.header.started = at(started);
    run.header.finished.reset();
    took(run, "t", ms, actual);
    value_of(model_->ingest(run, {.received = at(received)}));
  }
  auto query = ask<DurationsQuery>();
  query.test = "t";
  EXPECT_TRUE(value_of(answers_.durations(query)).per_timeline.at(0).buckets.empty());
  const auto text = [&](TimeBucket size) {
    query.bucket = size;
    std::string all;
    const auto answer = value_of(answers_.durations(query));
    EXPECT_EQ(answer.per_timeline.at(0).points.size(), 5u);
    for (const auto& bucket : answer.per_timeline.at(0).buckets)
      all += format_rfc3339(bucket.begin).substr(5, 5) + ":" + std::to_string(bucket.durations.n) + "/" +
             std::to_string(bucket.durations.p50.count() / 1000) + "+" + std::to_string(bucket.timeouts) +
             " ";
    return all;
  };
  EXPECT_EQ(text(TimeBucket::Day), "11-22:1/10+0 11-23:2/30+0 11-24:1/80+0 11-29:0/0+1 ");
  EXPECT_EQ(text(TimeBucket::Week), "11-16:1/10+0 11-23:3/40+1 ");
}

TEST_F(SlowTestsTest, SharesTestsByTheirTime) {
  add_history();
  auto query = ask<ShardsQuery>();
  ShardsAnswer answer = value_of(answers_.shards(query));
  EXPECT_EQ(answer.tests, 6);
  EXPECT_EQ(answer.unknown, 1);
  ASSERT_EQ(answer.shards.size(), 2);
  EXPECT_EQ(answer.shards[0].tests, std::vector<std::string>{"hangs"});  // 15 s, more than all others
  EXPECT_EQ(answer.shards[0].predicted, milliseconds(15'025));
  EXPECT_EQ(answer.shards[1].tests.size(), 5);
  EXPECT_EQ(answer.shards[1].tests[0], "only mac");
  EXPECT_EQ(answer.total, answer.shards[0].predicted + answer.shards[1].predicted);
  query.shards = 0;
  EXPECT_EQ(answers_.shards(query).error().context, "shards");
}

}  // namespace
}  // namespace resultsdb
