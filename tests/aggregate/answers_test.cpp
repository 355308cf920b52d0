// Answers on small histories whose truth is plain to see.
#include <gtest/gtest.h>

#include "aggregate/answers_fixture.hpp"
#include "resultsdb/flaky_details.hpp"
#include "resultsdb/test_durations.hpp"

namespace resultsdb {
namespace {

TEST_F(AnswersTest, VerdictsOfOneTimeline) {
  const std::string good = repeat(40, "P");
  add("gtk", {good, repeat(28, "P") + repeat(12, "F"), repeat(40, "F"), repeat(20, "PF"),
              repeat(10, "P") + repeat(15, "F") + repeat(15, "P"), repeat(36, ".") + "PFPF",
              repeat(20, "P") + repeat(20, "x")});
  EXPECT_EQ(verdict("a", 0), Verdict::Healthy);
  EXPECT_EQ(verdict("b", 0), Verdict::Regressed);
  EXPECT_EQ(verdict("c", 0), Verdict::Broken);
  EXPECT_EQ(verdict("d", 0), Verdict::Flaky);
  EXPECT_EQ(verdict("e", 0), Verdict::Fixed);
  EXPECT_EQ(verdict("f", 0), Verdict::Unknown);
  EXPECT_EQ(verdict("g", 0), Verdict::Healthy);  // what is expected is good
  auto query = ask<VerdictQuery>();
  query.test = "b";
  const auto answer = value_of(answers_.verdict(query));
  EXPECT_EQ(answer.per_timeline[0].last_good->position, place(27));
  EXPECT_EQ(answer.per_timeline[0].first_bad->position, place(28));
  query.test = "none";
  EXPECT_EQ(answers_.verdict(query).error().code, ErrorCode::NotFound);
}

TEST_F(AnswersTest, VerdictsOverTimelines) {
  add("gtk", {repeat(28, "P") + repeat(12, "F"), "F" + repeat(39, "P")});
  add("mac", {repeat(40, "P"), repeat(40, "P")});
  add("win", {repeat(40, "."), repeat(40, "P")});
  auto query = ask<VerdictQuery>();
  query.test = "a";
  query.stale_after = std::chrono::hours(1);
  auto answer = value_of(answers_.verdict(query));
  EXPECT_EQ(answer.verdict, Verdict::Regressed);
  EXPECT_EQ(answer.per_timeline[1].verdict, Verdict::Healthy);
  EXPECT_EQ(answer.per_timeline[2].verdict, std::nullopt);  // never a pass
  EXPECT_EQ(answer.across_configurations.k, 12);
  EXPECT_EQ(answer.across_configurations.n, 40);
  ingest([&] {
    resultsdb::Run later = header("mac", 60);
    add(later, "b", 'P');
    return later;
  }());
  answer = value_of(answers_.verdict(query));
  EXPECT_EQ(answer.per_timeline[0].verdict, Verdict::Stale);
  query.bad = Question::Bad::Failing;
  query.test = "b";
  query.last = 5;
  EXPECT_EQ(value_of(answers_.verdict(query)).verdict, Verdict::Healthy);
}

TEST_F(AnswersTest, RegressionsAreGroupedByCause) {
  const std::string good = repeat(40, "P");
  const auto broken = [&](int at) {
    return good.substr(0, static_cast<std::size_t>(at)) + repeat(40 - at, "F");
  };
  // a and b break together on both; c elsewhere on gtk alone; d breaks and is mended; e is expected to fail.
  add("gtk", {broken(20), broken(20), broken(30), repeat(15, "P") + repeat(12, "F") + repeat(13, "P"),
              repeat(20, "F") + repeat(20, "x")});
  add("mac", {broken(20), broken(20), good, good, good});
  auto query = ask<RegressionsQuery>();
  auto answer = value_of(answers_.regressions(query));
  ASSERT_EQ(answer.total, 2);
  const Regression& newest = answer.regressions[0];
  EXPECT_EQ(newest.tests, std::vector<std::string>{"c"});
  EXPECT_EQ(newest.after, place(29));
  EXPECT_EQ(newest.to, place(30));
  EXPECT_EQ(newest.last_good->position, place(29));
  EXPECT_EQ(newest.first_bad->position, place(30));
  const Regression& both = answer.regressions[1];
  EXPECT_EQ(both.tests, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(both.timelines, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_TRUE(both.open);
  EXPECT_EQ(both.before.k, 0);
  EXPECT_EQ(both.before.n, 80);
  EXPECT_EQ(both.after_rate.k, 80);
  EXPECT_EQ(both.id, regression_id(ChangeKind::Regression, "a", *both.last_good, *both.first_bad));
  query.state = RegressionsQuery::State::All;
  answer = value_of(answers_.regressions(query));
  std::string kinds;
  for (const Regression& each : answer.regressions)
    kinds += std::string(to_string(each.kind)) + (each.open ? "! " : " ") + each.tests.front() + " ";
  EXPECT_EQ(kinds, "regression! c fix d regression! a expectation e regression d ");
  query.containing = place(20);
  EXPECT_EQ(value_of(answers_.regressions(query)).total, 2);
  query.containing = place(19);
  EXPECT_EQ(value_of(answers_.regressions(query)).total, 0);
  query.containing.reset();
  query.name_contains = "d";
  EXPECT_EQ(value_of(answers_.regressions(query)).total, 2);
  query.change = 0;
  EXPECT_EQ(answers_.regressions(query).error().context, "change");
}

TEST_F(AnswersTest, BadRunsAreExcludedAndNamed) {
  std::vector<std::string> lines(25, repeat(30, "P"));
  for (std::size_t t = 0; t < 21; ++t) lines[t][10] = 'F';  // 84 % of one run
  for (std::size_t t = 0; t < 20; ++t) lines[t][12] = 'F';  // 80 % of another: counted
  add("gtk", lines);
  resultsdb::Run failed = header("gtk", 31);
  failed.header.state = RunState::Failed;
  ingest(failed);
  resultsdb::Run declared = header("gtk", 32);
  declared.header.attributes = {{"infrastructure_failure", "true"}};
  add(declared, "a", 'F');
  ingest(declared);
  const auto answer = value_of(answers_.flaky(ask<FlakyQuery>()));
  EXPECT_EQ(answer.basis.runs, 29);
  ASSERT_EQ(answer.basis.excluded.size(), 3);
  EXPECT_EQ(answer.basis.excluded[0].why, ExcludedRun::Why::Declared);
  EXPECT_EQ(answer.basis.excluded[2].why, ExcludedRun::Why::MostFailed);
  EXPECT_EQ(answer.basis.excluded[2].run->position, place(10));
  ASSERT_EQ(answer.total, 20);
  EXPECT_EQ(answer.tests[0].flakiness.minority.k, 1);
  EXPECT_EQ(answer.tests[0].flakiness.minority.n, 29);
}

TEST_F(AnswersTest, ExcludedRunsCountInNoDetailOfFlakyTests) {
  const auto ingest_one = [&](int commit, const char* actual, const char* detail, bool broken) {
    resultsdb::Run run = header("gtk", commit);
    if (broken) run.header.attributes = {{"infrastructure_failure", "true"}};
    run.results.add(
        {.test = "a", .actual = actual, .duration = std::chrono::seconds(broken ? 1000 : 1), .detail = detail});
    return ingest(run)->timeline;
  };
  auto query = ask<FlakyDetailsQuery>();
  for (int i = 0; i < 20; ++i)
    query.items = {{"a", {ingest_one(i, i % 4 == 0 ? "FAIL PASS" : "PASS", R"({"message":"boom"})", false)}}};
  const auto before = value_of(answers_.flaky_details(query)).front();
  EXPECT_EQ(before.wasted, std::chrono::seconds(5));
  EXPECT_EQ(before.messages, 1U);
  ingest_one(20, "FAIL FAIL FAIL", R"({"message":"no disk"})", true);
  const auto after = value_of(answers_.flaky_details(query)).front();
  EXPECT_EQ(after.wasted, before.wasted);
  EXPECT_EQ(after.messages, before.messages);
  EXPECT_EQ(after.trend, before.trend);
}

TEST_F(AnswersTest, TheFlakiestFirst) {
  add("gtk", {repeat(20, "PF"), repeat(39, "P") + "F", repeat(20, "P") + repeat(20, "F"),
              repeat(5, "PPPPPPFP"), repeat(40, "F")});
  add("mac", {repeat(40, "P"), repeat(40, "P"), repeat(40, "P"), repeat(5, "PPFPPPPP"), repeat(40, "P")});
  auto query = ask<FlakyQuery>();
  auto answer = value_of(answers_.flaky(query));
  ASSERT_EQ(answer.total, 3);  // neither the regression nor what always fails
  EXPECT_EQ(answer.tests[0].test, "a");
  EXPECT_EQ(answer.tests[0].flakiness.minority.k, 20);
  EXPECT_EQ(answer.tests[0].flakiness.flips.k, 39);
  EXPECT_EQ(answer.tests[1].test, "d");
  EXPECT_EQ(answer.tests[1].flakiness.minority.n, 80);  // both timelines
  EXPECT_EQ(answer.tests[2].test, "b");
  EXPECT_EQ(answer.tests[2].last_bad->position, place(39));
  query.by_timeline = true;
  EXPECT_EQ(value_of(answers_.flaky(query)).total, 4);
  query.limit = 1;
  EXPECT_EQ(value_of(answers_.flaky(query)).tests.size(), 1);
}

TEST_F(AnswersTest, RunsOfOneCommitDisagree) {
  for (int commit = 0; commit < 12; ++commit)
    for (int again = 0; again < 3; ++again) {
      resultsdb::Run run = header("gtk", commit);
      run.header.started = from_seconds(commit * 600 + again);
      add(run, "a", commit % 4 == 0 && again == 1 ? 'F' : 'P');
      ingest(run);
    }
  const auto answer = value_of(answers_.flaky(ask<FlakyQuery>()));
  ASSERT_EQ(answer.total, 1);
  EXPECT_EQ(answer.tests[0].flakiness.disagreement.k, 3);
  EXPECT_EQ(answer.tests[0].flakiness.disagreement.n, 12);
}

TEST_F(AnswersTest, CulpritIsTheIntersection) {
  register_commits(60);
  // The cause is commit 31; gtk tests every third commit, mac every fourth.
  add("gtk", {repeat(11, "P") + repeat(9, "F")}, 3);  // 30 good, 33 bad
  add("mac", {repeat(8, "P") + repeat(7, "F")}, 4);   // 28 good, 32 bad
  add("win", {repeat(15, "P")}, 4);
  auto query = ask<CulpritQuery>();
  query.test = "a";
  const auto answer = value_of(answers_.culprit(query));
  EXPECT_EQ(answer.status, CulpritAnswer::Status::Found);
  ASSERT_EQ(answer.per_timeline.size(), 2);
  ASSERT_TRUE(answer.combined);
  EXPECT_EQ(answer.combined->after, place(30));
  EXPECT_EQ(answer.combined->to, place(32));
  ASSERT_EQ(answer.combined->commits.size(), 2);
  EXPECT_EQ(answer.combined->commits[0].id(), "r32");
  EXPECT_EQ(answer.posterior[0].after, place(30));
  EXPECT_GT(answer.posterior[0].mass, 0.9);
  double sum = 0;
  for (const auto& range : answer.posterior) sum += range.mass;
  EXPECT_NEAR(sum, 1, 0.01);
  ASSERT_EQ(answer.credible.size(), 3);
  EXPECT_EQ(answer.credible[1].range.to, place(32));
  EXPECT_LE(answer.credible[0].range.to - answer.credible[0].range.after,
            answer.credible[2].range.to - answer.credible[2].range.after);
  ASSERT_TRUE(answer.next_test);
  EXPECT_EQ(answer.next_test->position, place(31));  // halves what is left
  EXPECT_GT(answer.next_test->gain_bits, 0.5);
}

TEST_F(AnswersTest, CulpritOfWhatIsNone) {
  add("gtk", {repeat(40, "P"), repeat(39, "P") + "F", repeat(20, "F") + repeat(20, "x"),
              repeat(10, "P") + repeat(10, "F") + repeat(10, "P") + repeat(10, "F")});
  auto query = ask<CulpritQuery>();
  const auto status = [&](const std::string& test) {
    query.test = test;
    return value_of(answers_.culprit(query)).status;
  };
  EXPECT_EQ(status("a"), CulpritAnswer::Status::None);
  EXPECT_EQ(status("b"), CulpritAnswer::Status::NotEnoughData);
  EXPECT_EQ(status("c"), CulpritAnswer::Status::ExpectationChange);
  query.test = "d";
  EXPECT_EQ(value_of(answers_.culprit(query)).combined->to, place(30));
  query.near = place(12);
  EXPECT_EQ(value_of(answers_.culprit(query)).combined->to, place(10));
  query.test = "e";
  EXPECT_EQ(answers_.culprit(query).error().code, ErrorCode::NotFound);
}

TEST_F(AnswersTest, AChangeBetweenTwoRunsOfOneCommit) {
  for (int again = 0; again < 60; ++again) {
    resultsdb::Run run = header("gtk", 5);
    run.header.started = from_seconds(3000 + again);
    add(run, "a", again < 30 ? 'P' : 'F');
    ingest(run);
  }
  auto query = ask<CulpritQuery>();
  query.test = "a";
  const auto answer = value_of(answers_.culprit(query));
  EXPECT_EQ(answer.status, CulpritAnswer::Status::Found);
  ASSERT_EQ(answer.per_timeline.size(), 1);
  ASSERT_TRUE(answer.combined);  // that commit, if it was the code at all
  EXPECT_EQ(answer.combined->to, place(5));
}

TEST_F(AnswersTest, CommitsOfOtherBranchesAreNoSuspects) {
  register_commits(40);
  std::vector<Commit> others;
  for (int i = 0; i < 40; ++i)
    others.push_back(
        {.repository = "code", .branch = "release", .revision = 1000 + i, .position = place(i) + 50});
  value_of(model_->register_commits(others, true));
  add("gtk", {repeat(10, "P") + repeat(10, "F")}, 2);  // 18 good, 20 bad
  auto query = ask<CulpritQuery>();
  query.test = "a";
  const auto answer = value_of(answers_.culprit(query));
  ASSERT_TRUE(answer.combined);
  ASSERT_EQ(answer.combined->commits.size(), 2);
  for (const Commit& commit : answer.combined->commits) EXPECT_EQ(commit.branch, "main");
}

TEST_F(AnswersTest, SkippedResultsSayNothing) {
  add("gtk", {repeat(50, "P") + repeat(20, "F") + repeat(20, "S"),
              repeat(50, "P") + repeat(20, "S") + repeat(20, "F"), repeat(90, "S")});
  EXPECT_EQ(verdict("a", 0), Verdict::Regressed);
  EXPECT_EQ(verdict("c", 0), std::nullopt);
  auto query = ask<CulpritQuery>();
  query.test = "b";
  const auto answer = value_of(answers_.culprit(query));
  EXPECT_EQ(answer.combined->after, place(49));
  EXPECT_EQ(answer.combined->to, place(70));
}

TEST_F(AnswersTest, ATestThatIsPartlyMendedStaysOpen) {
  add("gtk", {repeat(60, "P") + repeat(40, "F") + repeat(40, "FP")});
  const auto answer = value_of(answers_.regressions(ask<RegressionsQuery>()));
  ASSERT_EQ(answer.total, 1);
  EXPECT_EQ(answer.regressions[0].kind, ChangeKind::Flaky);
  EXPECT_EQ(verdict("a", 0), Verdict::Flaky);
}

TEST_F(AnswersTest, StaleCountsFromTheSuiteOrTheEndOfTheRange) {
  add("gtk", {repeat(20, "P") + repeat(200, ".")});
  add("mac", {repeat(220, "P")});
  auto query = ask<VerdictQuery>();
  query.test = "a";
  query.selection.where = {{"platform", {"gtk"}}};
  EXPECT_EQ(value_of(answers_.verdict(query)).verdict, Verdict::Stale);  // though nothing else was asked for
  query.range.to_position = place(20);
  EXPECT_EQ(value_of(answers_.verdict(query)).verdict, Verdict::Healthy);  // as of then
}

TEST_F(AnswersTest, ComparisonOfSomeTestsIsThatOfTheWhole) {
  add("gtk", {"PF", "P.", "PP"});
  CompareQuery query{.suite = "suite"};
  query.a.range.to_position = place(0);
  query.b.range.from_position = place(1);
  const auto count = [&](std::string contains, Difference difference) {
    query.name_contains = std::move(contains);
    return value_of(answers_.compare(query)).counts[static_cast<std::size_t>(difference)];
  };
  EXPECT_EQ(count("a", Difference::NewFailure), 1);
  EXPECT_EQ(count("b", Difference::OnlyA), 1);
  EXPECT_EQ(count("b", Difference::Same), 0);
  EXPECT_EQ(count("c", Difference::Same), 1);
}

TEST_F(AnswersTest, OnlyResultsOfTheTestsAskedForAreCounted) {
  add("gtk", {"PF", "P.", "PP"});
  for (const auto& [contains, results] : {std::pair("", 5U), std::pair("a", 2U), std::pair("b", 1U)}) {
    auto flaky = ask<FlakyQuery>();
    flaky.name_contains = contains;
    EXPECT_EQ(value_of(answers_.flaky(flaky)).basis.results, results) << contains;
    auto slow = ask<SlowQuery>();
    slow.name_contains = contains;
    EXPECT_EQ(value_of(answers_.slow(slow)).basis.results, results) << contains;
  }
}

TEST_F(AnswersTest, TestsOfOneSideDoNotHideADifference) {
  std::vector<std::string> lines(210, repeat(20, ".") + repeat(20, "P"));
  for (std::size_t t = 0; t < 10; ++t) lines[t] = repeat(40, "P");
  lines[0] = repeat(20, "P") + repeat(10, "FP");
  for (int run = 0; run < 40; ++run) {
    resultsdb::Run stored = header("gtk", run);
    for (std::size_t t = 0; t < lines.size(); ++t)
      add(stored, "t" + std::to_string(t), lines[t][static_cast<std::size_t>(run)]);
    ingest(stored);
  }
  CompareQuery query{.suite = "suite"};
  query.a.last = query.b.last = 0;
  query.a.range.to_position = place(19);
  query.b.range.from_position = place(20);
  const auto answer = value_of(answers_.compare(query));
  EXPECT_EQ(answer.counts[static_cast<std::size_t>(Difference::NewFailure)], 1);
  EXPECT_LT(answer.tests.front().q_value, 0.01);
}

TEST_F(AnswersTest, ComparisonOfTwoRuns) {
  //           a: both good  b: new  c: fixed  d: still  e: kind  f: only A  g: only B  h: lost  i: skipped
  resultsdb::Run a = header("gtk", 1), b = header("gtk", 2);
  const std::string left = "PPFFFP.PP", right = "PFPFC.PLS";
  for (std::size_t i = 0; i < left.size(); ++i) {
    add(a, std::string(1, static_cast<char>('a' + i)), left[i]);
    add(b, std::string(1, static_cast<char>('a' + i)), right[i]);
  }
  CompareQuery query{.suite = "suite"};
  query.a.run = ingest(a)->id;
  query.b.run = ingest(b)->id;
  const auto answer = value_of(answers_.compare(query));
  const auto count = [&](Difference difference) {
    return answer.counts[static_cast<std::size_t>(difference)];
  };
  for (const Difference once :
       {Difference::NewFailure, Difference::Fixed, Difference::StillFailing, Difference::ChangedKind,
        Difference::OnlyA, Difference::OnlyB, Difference::Same})
    EXPECT_EQ(count(once), 1) << to_string(once);
  EXPECT_EQ(count(Difference::NotRunB), 2);
  std::string found;
  for (const ComparedTest& test : answer.tests)
    found += test.test + ":" + std::string(to_string(test.difference)) + " ";
  EXPECT_EQ(
      found,
      "b:new_failure c:fixed d:still_failing e:changed_kind f:only_a g:only_b h:not_run_b i:not_run_b ");
  EXPECT_EQ(answer.runs_a.size(), 1);
}

TEST_F(AnswersTest, ComparisonOfBranchesPairsConfigurations) {
  add("gtk", {"PPPPPPPPPPPPFFFFFFFFFFFF"});
  add("mac", {"PPPPPPPPPPPP............"});
  CompareQuery query{.suite = "suite"};
  query.a.range.to_position = place(11);
  query.b.range.from_position = place(12);
  query.a.last = query.b.last = 0;
  const auto answer = value_of(answers_.compare(query));
  ASSERT_EQ(answer.tests.size(), 1);
  EXPECT_EQ(answer.tests[0].difference, Difference::NewFailure);
  EXPECT_EQ(answer.tests[0].rate_b.k, 12);
  EXPECT_LT(answer.tests[0].q_value, 1e-5);
  ASSERT_EQ(answer.only_in_a.size(), 1);
  EXPECT_EQ(answer.only_in_a[0].get("platform"), "mac");
  EXPECT_EQ(answer.counts[static_cast<std::size_t>(Difference::NotRunB)], 1);
}

TEST_F(AnswersTest, SummaryCountsWhatRan) {
  add("gtk", {"PPPF", "PSLP"});
  add("mac", {"PP..", "PP.."});
  auto query = ask<SummaryQuery>();
  query.range.from_position = place(2);
  const auto answer = value_of(answers_.summary(query));
  EXPECT_EQ(answer.rows[0].runs, 2);
  EXPECT_EQ(answer.rows[0].passing.k, 2);
  EXPECT_EQ(answer.rows[0].passing.n, 3);
  EXPECT_EQ(answer.rows[0].lost, 1);
  EXPECT_EQ(answer.rows[1].state, SummaryRow::State::NotRun);
  EXPECT_EQ(answer.rows[1].passing.n, 0);
  EXPECT_EQ(answer.total.unexpected, 1);
  query.name_contains = "a";
  EXPECT_EQ(answers_.summary(query).error().context, "name_contains");
  query.name_contains.clear();
  query.range = {};
  query.stale_after = std::chrono::minutes(15);
  const auto whole = value_of(answers_.summary(query));
  EXPECT_EQ(whole.rows[0].skipped, 1);
  EXPECT_EQ(whole.rows[1].state, SummaryRow::State::Stale);
}

}  // namespace
}  // namespace resultsdb
