// What to run next: why, at what cost, and in the words of the programs that run tests.
#include <gtest/gtest.h>

#include "aggregate/answers_fixture.hpp"
#include "resultsdb/rerun_plan.hpp"

namespace resultsdb {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Plan : public AnswersTest {
 protected:
  Plan() {
    query_ = ask<PlanQuery>();
    query_.stale_after = std::chrono::hours(24 * 365);
  }
  PlanAnswer plan() { return value_of(answers_.plan(query_)); }
  static std::string shown(const PlanAnswer& answer) {
    std::string text;
    for (const PlanItem& item : answer.items)
      text += (text.empty() ? "" : ", ") + item.test + " on " +
              answer.timelines[item.timeline].configuration.label() + ": " +
              std::string(to_string(item.reason));
    return text;
  }
  std::string shown() { return shown(plan()); }

  /// All tests of the run pass, in these times.
  resultsdb::Run timed(int commit, const std::vector<std::pair<std::string, microseconds>>& tests,
                       std::string_view actual = "PASS") const {
    resultsdb::Run run = header("gtk", commit);
    for (const auto& [test, duration] : tests)
      run.results.add({.test = test, .actual = actual, .duration = duration});
    return run;
  }

  PlanQuery query_;
};

TEST_F(Plan, NothingToDo) {
  add("gtk", {repeat(30, "P"), repeat(30, "F"), repeat(30, "x")});
  const PlanAnswer answer = plan();
  EXPECT_TRUE(answer.items.empty());
  EXPECT_EQ(answer.candidates, 0u);
  EXPECT_EQ(answer.total, microseconds(0));
  EXPECT_EQ(answer.basis.definition, "plan/1");
}

TEST_F(Plan, FreshFailuresAreConfirmedUntilAChangePointSaysIt) {
  add("gtk", {repeat(30, "P") + "F", repeat(31, "P"), repeat(11, "P") + repeat(20, "F")});
  query_.reasons = {PlanReason::Confirm, PlanReason::Flaky};
  const PlanAnswer answer = plan();
  EXPECT_EQ(shown(answer), "a on gtk: confirm");
  ASSERT_EQ(answer.items.size(), 1u);
  EXPECT_EQ(answer.items[0].position, place(30));
  EXPECT_GT(answer.items[0].value, 0.5);  // nearly a bit: a flake here would be a rare one
  EXPECT_LT(answer.items[0].value, 1.0);
  query_.confirm_runs = 0;
  EXPECT_EQ(shown(), "a on gtk: flaky");
}

TEST_F(Plan, ALessKnownFlakeIsWorthMore) {
  add("gtk", {repeat(10, "PPPF") + "P", repeat(30, ".") + "PPPFPPPFPPP"});
  query_.reasons = {PlanReason::Flaky};
  const PlanAnswer answer = plan();
  EXPECT_EQ(shown(answer), "b on gtk: flaky, a on gtk: flaky");
  EXPECT_GT(answer.items[0].value, answer.items[1].value);
}

TEST_F(Plan, GapsOfOpenRegressionsAreNarrowed) {
  register_commits(200);
  add("gtk", {repeat(20, "P") + repeat(20, "F"), repeat(20, "P") + repeat(20, "F")}, 5);
  add("mac", {repeat(40, "P")}, 5);
  const PlanAnswer answer = plan();
  ASSERT_EQ(shown(answer), "a on gtk: culprit_gap");  // one cause, one item
  EXPECT_GT(*answer.items[0].position, place(95));
  EXPECT_LT(*answer.items[0].position, place(100));
  auto culprit = ask<CulpritQuery>();
  culprit.test = "a";
  const auto next = value_of(answers_.culprit(culprit)).next_test;
  ASSERT_TRUE(next);
  EXPECT_EQ(answer.items[0].position, next->position);
  EXPECT_EQ(answer.items[0].repeats, next->repeats);
  EXPECT_DOUBLE_EQ(answer.items[0].value, next->gain_bits);
  query_.tests = {"nothing"};
  EXPECT_EQ(shown(), "");
}

TEST_F(Plan, TheFastestTestOfACauseStandsForAll) {
  register_commits(300);
  for (int i = 0; i < 40; ++i)
    ingest(timed(i * 5, {{"a", seconds(4)}, {"b", milliseconds(200)}, {"c", seconds(2)}},
                 i < 20 ? "PASS" : "FAIL"));
  const PlanAnswer answer = plan();
  ASSERT_EQ(shown(answer), "b on gtk: culprit_gap");
  EXPECT_EQ(answer.items[0].estimate, microseconds(200'000) * answer.items[0].repeats);
  EXPECT_FALSE(answer.items[0].guessed);
  query_.name_contains = "c";
  EXPECT_EQ(shown(), "c on gtk: culprit_gap");
}

TEST_F(Plan, LostTests) {
  add("gtk",
      {repeat(30, "P"), repeat(29, "P") + "L", repeat(15, "PF").substr(0, 29) + "L", "L" + repeat(29, "P")});
  query_.reasons = {PlanReason::Lost};
  EXPECT_EQ(shown(), "c on gtk: lost, b on gtk: lost");
  query_.reasons = {PlanReason::Stale};
  EXPECT_EQ(shown(), "");
}

TEST_F(Plan, LostTestsThatNeverRanAreFoundByTheirNames) {
  add("gtk", {"PP", "LL"});
  query_.reasons = {PlanReason::Lost};
  EXPECT_EQ(shown(), "b on gtk: lost");
  query_.name_contains = "b";
  EXPECT_EQ(shown(), "b on gtk: lost");
  query_.name_contains = "a";
  EXPECT_EQ(shown(), "");
}

TEST_F(Plan, StaleTestsStillExist) {
  // a: run lately only on mac; b: gone everywhere; c: only on win, where nothing has run for long.
  query_.stale_after = seconds(600 * 5);
  add("gtk", {repeat(10, "P") + repeat(20, "."), repeat(10, "P"), repeat(20, "."), repeat(30, "P")});
  add("mac", {repeat(30, "P"), repeat(10, "P") + repeat(20, ".")});
  add("win", {repeat(5, "."), repeat(5, "."), repeat(5, "P")});
  query_.reasons = {PlanReason::Stale};
  const PlanAnswer answer = plan();
  EXPECT_EQ(shown(answer), "a on gtk: stale, c on win: stale");
  EXPECT_FALSE(answer.items[0].position);
}

TEST_F(Plan, TheBudgetTakesWhatTellsMostPerSecond) {
  for (int i = 0; i < 20; ++i) {
    resultsdb::Run run = header("gtk", i);
    const bool odd = i % 3 == 1;
    for (const auto& [test, time] : {std::pair{"quick", 100}, {"slow", 9000}, {"medium", 1000}})
      run.results.add({.test = test, .actual = odd ? "FAIL" : "PASS", .duration = milliseconds(time)});
    run.results.add({.test = "untimed", .actual = odd ? "FAIL" : "PASS"});
    ingest(run);
  }
  PlanAnswer answer = plan();
  EXPECT_EQ(answer.candidates, 4u);
  EXPECT_EQ(answer.total, milliseconds(100 + 9000 + 1000 + 1000));
  ASSERT_EQ(answer.items.size(), 4u);
  EXPECT_EQ(answer.items[0].test, "quick");
  EXPECT_EQ(answer.items[3].test, "slow");
  for (const PlanItem& item : answer.items) EXPECT_EQ(item.guessed, item.test == "untimed");
  query_.budget = milliseconds(2099);
  answer = plan();
  EXPECT_EQ(answer.items.size(), 2u);
  EXPECT_EQ(answer.total, milliseconds(1100));
  query_.limit = 1;
  answer = plan();
  EXPECT_EQ(answer.items.size(), 1u);
  EXPECT_EQ(answer.total, milliseconds(100));
  query_.budget = microseconds(-1);
  EXPECT_EQ(answers_.plan(query_).error().code, ErrorCode::InvalidArgument);
}

TEST_F(Plan, WithoutAnyDurationATestTakesASecond) {
  add("gtk", {repeat(7, "PPF"), repeat(7, "PPF")});
  query_.budget = milliseconds(1999);
  const PlanAnswer answer = plan();
  EXPECT_EQ(answer.items.size(), 1u);
  EXPECT_EQ(answer.total, seconds(1));
  EXPECT_TRUE(answer.items[0].guessed);
}

TEST(PlanText, Formats) {
  const PlanItem a{.test = "Suite.a/0",
                   .configuration = "c_1",
                   .position = 12,
                   .reason = PlanReason::Lost,
                   .value = 0.5,
                   .estimate = microseconds(7)};
  PlanItem b = a;
  b.test = "x.py::T::test_b[1-\"q\"]";
  b.position.reset();
  b.guessed = true;
  const std::vector<PlanItem> items{a, b, a};
  EXPECT_EQ(to_text(items, PlanFormat::Names), "Suite.a/0\nx.py::T::test_b[1-\"q\"]\n");
  EXPECT_EQ(to_text(items, PlanFormat::Pytest), "Suite.a/0\nx.py::T::test_b[1-\"q\"]\n");
  EXPECT_EQ(to_text(items, PlanFormat::Gtest), "Suite.a/0:x.py??T??test_b[1??q?]");
  EXPECT_EQ(to_text(items, PlanFormat::Ctest), "^(Suite\\.a/0|x\\.py::T::test_b\\[1-\"q\"\\])$");
  EXPECT_EQ(
      to_text(std::span(items).first(2), PlanFormat::Json),
      R"([{"test":"Suite.a/0","configuration":"c_1","position":12,"reason":"lost","repeats":1,"value":0.5,)"
      R"("estimate_us":7,"guessed":false},{"test":"x.py::T::test_b[1-\"q\"]","configuration":"c_1",)"
      R"("position":null,"reason":"lost","repeats":1,"value":0.5,"estimate_us":7,"guessed":true}])");
}

TEST(PlanText, HostileNames) {
  PlanItem option, lines;
  option.test = "--collect-only";
  lines.test = "a\nb;rm *";
  const std::vector<PlanItem> items{option, lines};
  EXPECT_EQ(to_text(items, PlanFormat::Pytest), "a\\nb;rm *\n");
  EXPECT_EQ(to_text(items, PlanFormat::Names), "--collect-only\na\\nb;rm *\n");
  EXPECT_EQ(to_text(items, PlanFormat::Gtest), "??collect?only:a?b;rm??");
  EXPECT_EQ(to_text(items, PlanFormat::Ctest), "^(--collect-only|a.b;rm \\*)$");
  for (const auto format : {PlanFormat::Names, PlanFormat::Pytest, PlanFormat::Gtest, PlanFormat::Ctest})
    EXPECT_EQ(to_text({}, format), "");
  EXPECT_EQ(to_text({}, PlanFormat::Json), "[]");
  EXPECT_EQ(parse_plan_format("ctest"), PlanFormat::Ctest);
  EXPECT_FALSE(parse_plan_format("make"));
}

}  // namespace
}  // namespace resultsdb
