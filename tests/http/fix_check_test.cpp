// /v1/fix-check: whether what came in since a commit shows that it fixed a test.
#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class FixCheck : public JudgementFixture {
 protected:
  /// The one timeline's answer for test `a` fixed at a commit.
  json::value check(int fix, const std::string& test = "a", const std::string& more = "") const {
    const auto answer = get("/v1/fix-check?suite=unit&test=" + test + "&fix=ref:r:" + hash(fix) + more);
    const auto& all = answer.at("per_timeline").as_array();
    EXPECT_EQ(all.size(), 1u) << answer;
    return all.empty() ? json::value() : all.front();
  }
};

TEST_F(FixCheck, ABrokenTestNeedsFourGoodRuns) {
  register_commits(40);
  add_history({}, "a", "ppppppppppppppppFFFFFFFFFFFFppp");
  const auto early = check(28);
  EXPECT_EQ(early.at("state"), "too_early");
  EXPECT_EQ(k_of_n(early.at("before")), KofN(12, 12));
  EXPECT_EQ(k_of_n(early.at("after")), KofN(0, 3));
  EXPECT_EQ(early.at("runs_needed"), 4);
  add({.commit = 31}, "a=PASS");
  EXPECT_EQ(check(28).at("state"), "fixed");
  EXPECT_EQ(check(28, "a", "&range=..pos:" + std::to_string(position(27))).at("state"), "not_run");
  add({.commit = 32}, "a=FAIL");  // one of five: the chance of so few is 1.4 %
  EXPECT_EQ(check(28).at("state"), "not_fixed");
  EXPECT_EQ(check(26).at("state"), "not_fixed");  // two of the bad runs have that commit already
}

TEST_F(FixCheck, AFlakyTestNeedsMore) {
  register_commits(100);
  std::string letters;
  for (int i = 0; i < 10; ++i) letters += i == 2 || i == 5 || i == 9 ? 'F' : 'p';
  add_history({}, "a", letters + std::string(40, 'p'));
  EXPECT_EQ(k_of_n(check(10).at("before")), KofN(3, 10));
  EXPECT_EQ(check(10).at("runs_needed"), 41);
  EXPECT_EQ(check(10).at("state"), "too_early");
  add({.commit = 50}, "a=PASS");
  EXPECT_EQ(check(10).at("state"), "fixed");
  EXPECT_EQ(check(10, "a", "&range=..pos:" + std::to_string(position(20))).at("state"), "too_early");
}

TEST_F(FixCheck, RunsWithoutTheFixNeverCount) {
  register_commits(30);
  add_history({}, "a", "FFFFFFFFFFFF");
  // Later by another repository's commit, but built before the fix.
  const std::string later = std::to_string(kFirstSecond + 60 * 25);
  const auto stored = [&](const std::string& commits) {
    post("/v1/runs",
         R"({"suite":"unit","branch":"main","configuration":{"os":"linux","style":"release"},"commits":[)" +
             commits + R"({"repository":"tools","hash":")" + std::string(40, 'd') + R"(","timestamp":)" +
             later + R"(}],"started":)" + later + R"(,"variant":")" + std::to_string(commits.size()) +
             R"(","results":[{"test":"a"}]})",
         201);
  };
  stored(R"({"repository":"r","hash":")" + hash(5) + "\"},");
  stored("");
  EXPECT_EQ(check(12).at("state"), "not_run");
  EXPECT_EQ(k_of_n(check(12).at("before")), KofN(12, 13));
  stored(R"(  {"repository":"r","hash":")" + hash(12) + "\"},");
  EXPECT_EQ(k_of_n(check(12).at("after")), KofN(0, 1));
}

TEST_F(FixCheck, SkippedResultsShowNothing) {
  register_commits(40);
  add_history({}, "a", "ppppppppppppppppFFFFFFFFFFFFp");
  for (int i = 29; i < 40; ++i) add({.commit = i}, "a=SKIP");
  EXPECT_EQ(k_of_n(check(28).at("after")), KofN(0, 1));
  EXPECT_EQ(check(28).at("state"), "too_early");
}

TEST_F(FixCheck, ARegressionIsCheckedOnItsTimelines) {
  register_commits(60);
  for (int i = 0; i < 40; ++i) {
    const std::string word = i >= 15 && i < 30 ? "FAIL" : "PASS";
    add({.os = "linux", .commit = i}, "a=" + word + " b=" + word + " c=PASS");
    add({.os = "mac", .commit = i}, "a=PASS b=PASS c=PASS");
  }
  const auto list = get("/v1/regressions?suite=unit&state=fixed&kind=regression");
  ASSERT_EQ(items(list).size(), 1u);
  const std::string id(items(list)[0].at("id").as_string());
  const auto answer = get("/v1/fix-check?suite=unit&fix=ref:r:" + hash(30) + "&regression=" + id);
  EXPECT_EQ(answer.at("summary"), json::parse(R"({"fixed":2,"not_fixed":0,"too_early":0,"not_run":0})"));
  EXPECT_EQ(answer.at("per_timeline").at(0).at("test"), "a");
  EXPECT_EQ(answer.at("per_timeline").at(0).at("timeline"), items(list)[0].at("timelines").at(0));
  EXPECT_EQ(answer.at("basis").at("definition"), "fix-check/1");
  // What was never bad needs no fix.
  EXPECT_TRUE(
      get("/v1/fix-check?suite=unit&test=c&fix=ref:r:" + hash(30)).at("per_timeline").as_array().empty());
  expect_problems(
      {{("/v1/fix-check?suite=unit&regression=g_nothing&fix=ref:r:" + hash(30)).c_str(), "regression"}}, 404);
}

TEST_F(FixCheck, BoundsMayBeTimesAndPositions) {
  register_commits(40);
  add_history({}, "a", "ppppppppppppppppFFFFFFFFFFFFpppp");
  const std::string target = "/v1/fix-check?suite=unit&test=a&fix=";
  const auto by_position = get(target + "pos:" + std::to_string(position(28)));
  EXPECT_EQ(by_position.at("summary").at("fixed"), 1);
  const auto by_time = get(target + "time:" + format_rfc3339(from_seconds(kFirstSecond + 60 * 28)));
  EXPECT_EQ(by_time.at("per_timeline"), by_position.at("per_timeline"));
}

TEST_F(FixCheck, ProblemsNameTheParameter) {
  add({}, "a=PASS");
  expect_problems({{"/v1/fix-check?suite=unit&test=a", "fix"},
                   {"/v1/fix-check?suite=unit&test=a&fix=5", "fix"},
                   {"/v1/fix-check?suite=unit&test=a&fix=pos:-9223372036854775808", "fix"},
                   {"/v1/fix-check?suite=unit&fix=pos:5", "test"},
                   {"/v1/fix-check?test=a&fix=pos:5", "suite"},
                   {"/v1/fix-check?suite=unit&test=a&regression=g_1&fix=pos:5", "regression"},
                   {"/v1/fix-check?suite=unit&test=a&at=pos:1&fix=pos:5", "at"},
                   {"/v1/fix-check?suite=unit&test=a&range=last:0&fix=pos:5", "range"}});
  expect_problems({{"/v1/fix-check?suite=unit&test=nothing&fix=pos:5", "test"},
                   {"/v1/fix-check?suite=unit&test=a&fix=ref:nothing", "fix"}},
                  404);
  std::string many = "/v1/fix-check?suite=unit&fix=pos:5";
  for (int i = 0; i <= 100; ++i) many += "&test=" + std::to_string(i);
  EXPECT_EQ(get(many, 400).at("parameter"), "test");
}

}  // namespace
}  // namespace resultsdb::http
