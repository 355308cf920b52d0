// /v1/regressions, /v1/flaky and /v1/summary on histories whose answers are known.
#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class Regressions : public JudgementFixture {};

TEST_F(Regressions, OneConfigurationGetsWorse) {
  register_commits(20);
  register_commits(20, "other");  // a commit of two branches is one
  add_history({.os = "linux"}, "a", "ppppppppppFFFFFFFFFF");
  add_history({.os = "mac"}, "a", "pppppppppppppppppppp");
  const auto answer = get("/v1/regressions?suite=unit");
  ASSERT_EQ(items(answer).size(), 1u) << answer;
  const auto& item = items(answer).front();
  EXPECT_EQ(item.at("kind"), "regression");
  EXPECT_EQ(item.at("open"), true);
  EXPECT_EQ(item.at("suite"), "unit");
  EXPECT_EQ(item.at("tests"), 1);
  EXPECT_EQ(item.at("example_tests"), json::parse(R"(["a"])"));
  EXPECT_EQ(item.at("where"), json::parse(R"([{"os":["linux"]}])"));
  EXPECT_EQ(item.at("configurations").as_array().size(), 1u);
  EXPECT_EQ(item.at("range").at("after"), position(9));
  EXPECT_EQ(item.at("range").at("to"), position(10));
  EXPECT_EQ(item.at("range").at("commits"), 1);
  EXPECT_EQ(item.at("authors"), json::parse(R"(["A"])"));
  EXPECT_EQ(item.at("last_good").at("position"), position(9));
  EXPECT_EQ(item.at("first_bad").at("position"), position(10));
  EXPECT_EQ(item.at("first_bad").at("label").as_string(), hash(10).substr(0, 12));
  EXPECT_EQ(item.at("failing_runs"), 10);
  EXPECT_EQ(k_of_n(item.at("before")), KofN(0, 10));
  EXPECT_EQ(k_of_n(item.at("after")), KofN(10, 10));
  EXPECT_NEAR(item.at("after").at("low").as_double(), 0.7225, 1e-4);
  EXPECT_EQ(answer.at("outcomes").at(item.at("worst").to_number<std::size_t>()).at("actual"), "FAIL");
  EXPECT_EQ(answer.at("total"), 1);
  EXPECT_TRUE(answer.at("next").is_null());
  const auto& basis = answer.at("basis");
  EXPECT_EQ(basis.at("definition"), "regression.segments/1");
  EXPECT_EQ(basis.at("runs"), 40);
  EXPECT_EQ(basis.at("results"), 80);
  EXPECT_EQ(basis.at("range"), json::parse(R"({"last":500})"));
  EXPECT_EQ(get("/v1/regressions?suite=unit&where=os:mac").at("total"), 0);
  EXPECT_EQ(get("/v1/regressions?suite=unit&range=last:10").at("total"), 0);
}

TEST_F(Regressions, CommitsOfOtherBranchesAreNoSuspects) {
  register_commits(20);
  for (int i = 0; i < 20; ++i) {  // one beside each
    Commit beside;
    beside.repository = "r";
    beside.branch = "change/7";
    beside.hash = std::string(36, 'f') + std::to_string(1000 + i);
    beside.timestamp = from_seconds(kFirstSecond + 60 * i);
    beside.author.name = "Somebody else";
    ASSERT_TRUE(model_->register_commits(std::vector{beside}));
  }
  add_history({.os = "linux"}, "a", "ppppppppppFFFFFFFFFF");
  const auto answer = get("/v1/regressions?suite=unit");
  ASSERT_EQ(items(answer).size(), 1u) << answer;
  EXPECT_EQ(items(answer).front().at("range").at("commits"), 1);
  EXPECT_EQ(items(answer).front().at("authors"), json::parse(R"(["A"])"));
}

TEST_F(Regressions, BuildsHaveTheCommitsBetweenTheirRuns) {
  register_commits(60);
  for (int build = 0; build < 20; ++build)  // three commits each; broken since build 10
    post("/v1/runs",
         R"({"suite":"unit","branch":"main","configuration":{},"order_key":"build","position":)" +
             std::to_string(500 + build) + R"(,"started":)" + std::to_string(kFirstSecond + 600 * build) +
             R"(,"commits":[{"repository":"r","branch":"main","hash":")" + hash(3 * build) +
             R"(","timestamp":)" + std::to_string(kFirstSecond + 180 * build) +
             R"(}],"results":[{"test":"a","actual":")" + (build < 10 ? "PASS" : "FAIL") + R"("}]})",
         201);
  const auto answer = get("/v1/regressions?suite=unit");
  ASSERT_EQ(items(answer).size(), 1u) << answer;
  const auto& item = items(answer).front();
  EXPECT_EQ(item.at("range"), json::parse(R"({"after":509,"to":510,"commits":3})"));
  EXPECT_EQ(item.at("authors"), json::parse(R"(["A","B"])"));
}

TEST_F(Regressions, AFixIsOfItsOwnKindAndNeverOpen) {
  register_commits(40);
  add_history({}, "a", "ppppppppppFFFFFFFFFFFFFFFppppppppppppppp");
  EXPECT_EQ(get("/v1/regressions?suite=unit").at("total"), 0);
  const auto closed = get("/v1/regressions?suite=unit&state=fixed&kind=regression");
  ASSERT_EQ(items(closed).size(), 1u);
  EXPECT_EQ(items(closed)[0].at("open"), false);
  const auto fixes = get("/v1/regressions?suite=unit&kind=fix");
  ASSERT_EQ(items(fixes).size(), 1u);
  EXPECT_EQ(items(fixes)[0].at("range").at("to"), position(25));
  EXPECT_EQ(get("/v1/regressions?suite=unit&state=all").at("total"), 2);
}

TEST_F(Regressions, AChangeOfExpectationsIsNoRegression) {
  register_commits(30);
  add_history({}, "a", "EEEEEEEEEEEEEEEpppppppppppppppp");
  const auto unexpected = get("/v1/regressions?suite=unit&state=all");
  EXPECT_EQ(unexpected.at("total"), 0);
  const auto failing = get("/v1/regressions?suite=unit&state=all&outcomes=failing");
  ASSERT_EQ(items(failing).size(), 1u);
  EXPECT_EQ(items(failing)[0].at("kind"), "expectation");
  EXPECT_EQ(get("/v1/regressions?suite=unit&kind=expectation&outcomes=failing").at("total"), 1);
}

TEST_F(Regressions, ListsOverSuitesArePagedByTheSortKey) {
  register_commits(40);
  add_history({.suite = "one"}, "a", "ppppppppppFFFFFFFFFF");
  add_history({.suite = "one", .os = "mac"}, "b", "ppppppppppppppppppppFFFFFFFFFFFF");
  add_history({.suite = "two"}, "c", "pppppppppppppppFFFFFFFFFFFF");
  const auto all = get("/v1/regressions");
  ASSERT_EQ(items(all).size(), 3u) << all;
  std::vector<std::string> expected{"b", "c", "a"}, paged;
  std::string page;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(items(all)[static_cast<std::size_t>(i)].at("example_tests").at(0),
              expected[static_cast<std::size_t>(i)].c_str());
    const auto one = get("/v1/regressions?limit=1" + page);
    EXPECT_EQ(one.at("total"), 3);
    ASSERT_EQ(items(one).size(), 1u);
    paged.emplace_back(items(one)[0].at("example_tests").at(0).as_string());
    if (i == 0) {  // what comes in meanwhile before the place of the token repeats nothing
      add_history({.suite = "two", .os = "mac"}, "d", "pppppppppppppppppppppppppppFFFFFFFFF");
      const std::string next(one.at("next").as_string());
      const auto second = get("/v1/regressions?limit=1&page=" + next);
      EXPECT_EQ(items(second).at(0).at("example_tests").at(0), "c");
      EXPECT_EQ(get("/v1/regressions?limit=1&sort=-tests&page=" + next, 400).at("parameter"), "page");
      ASSERT_TRUE(model_->purge(
          {.suite = "two",
           .selection = {.where = parse_facet_filters(std::vector<std::string>{"os:mac"}).value()},
           .range = {.from_position = 0}}));
    }
    page = one.at("next").is_null() ? "" : "&page=" + std::string(one.at("next").as_string());
  }
  EXPECT_EQ(paged, expected);
  EXPECT_EQ(page, "");
  EXPECT_EQ(get("/v1/regressions?suite=two").at("total"), 1);
}

TEST_F(Regressions, ChangesWithACommonStartAreOneItem) {
  register_commits(20);
  for (int i = 0; i < 20; ++i) {
    const std::string word = i < 12 ? "PASS" : "FAIL", crash = i < 12 ? "PASS" : "CRASH";
    add({.os = "linux", .commit = i}, "a=" + word + " b=" + word);
    add({.os = "mac", .commit = i}, "a=" + word + " b=" + crash);
    add({.os = "windows", .commit = i}, "a=PASS b=PASS");
  }
  const auto answer = get("/v1/regressions?suite=unit&sort=-tests");
  ASSERT_EQ(items(answer).size(), 1u) << answer;
  const auto& item = items(answer)[0];
  EXPECT_EQ(item.at("tests"), 2);
  EXPECT_EQ(item.at("timelines").as_array().size(), 2u);
  EXPECT_EQ(item.at("where"), json::parse(R"([{"os":["linux","mac"]}])"));
  EXPECT_EQ(answer.at("outcomes").at(item.at("worst").to_number<std::size_t>()).at("actual"), "CRASH");
  EXPECT_EQ(get("/v1/regressions?suite=unit&group=none").at("total"), 4);
  EXPECT_EQ(get("/v1/regressions?suite=unit&group=none&test=a").at("total"), 2);
  EXPECT_EQ(get("/v1/regressions?suite=unit&test=c").at("total"), 0);
  EXPECT_EQ(get("/v1/regressions?suite=unit&q=b&group=none").at("total"), 2);
  const auto containing = [&](int commit) {
    return get("/v1/regressions?suite=unit&containing=ref:r:" + hash(commit)).at("total").as_int64();
  };
  EXPECT_EQ(containing(12), 1);
  EXPECT_EQ(containing(11), 0);
  EXPECT_EQ(containing(13), 0);
}

TEST_F(Regressions, FlakyTestsAreRanked) {
  register_commits(40);
  for (int i = 0; i < 40; ++i) {
    const std::string often = i % 3 == 0 ? "FAIL" : "PASS", rarely = i % 10 == 4 ? "CRASH" : "PASS";
    const std::string broken = i < 20 ? "PASS" : "FAIL";
    add({.os = "linux", .commit = i}, "often=" + often + " rarely=" + rarely + " broken=" + broken);
    add({.os = "mac", .commit = i}, "often=PASS rarely=PASS broken=PASS");
  }
  const auto answer = get("/v1/flaky?suite=unit");
  ASSERT_EQ(items(answer).size(), 2u) << answer;
  EXPECT_EQ(answer.at("total"), 2);
  EXPECT_EQ(answer.at("basis").at("definition"), "flaky.minority/1");
  const auto& first = items(answer)[0];
  EXPECT_EQ(first.at("test"), "often");
  EXPECT_EQ(k_of_n(first.at("rate")), KofN(14, 40));
  EXPECT_DOUBLE_EQ(first.at("score").as_double(), first.at("rate").at("low").as_double());
  EXPECT_EQ(first.at("flips"), 26);
  EXPECT_EQ(k_of_n(first.at("flip_rate")), KofN(26, 39));
  EXPECT_EQ(first.at("timelines").as_array().size(), 1u);
  EXPECT_EQ(first.at("last_fail").at("position"), position(39));
  EXPECT_EQ(first.at("last_pass").at("position"), position(38));
  const auto& second = items(answer)[1];
  EXPECT_EQ(second.at("test"), "rarely");
  const auto& strip = second.at("strip").as_array();  // newest first: 5 passes, a crash, 9 passes, a crash …
  ASSERT_GE(strip.size(), 4u);
  EXPECT_EQ(strip[0], 5);
  EXPECT_EQ(strip[1], 0);
  EXPECT_EQ(strip[2], 1);
  EXPECT_EQ(answer.at("outcomes").at(strip[3].to_number<std::size_t>()).at("actual"), "CRASH");
  std::int64_t runs = 0;
  for (std::size_t i = 0; i < strip.size(); i += 2) runs += strip[i].as_int64();
  EXPECT_EQ(runs, 40);

  const auto page = get("/v1/flaky?limit=1");
  const auto rest = get("/v1/flaky?limit=1&page=" + std::string(page.at("next").as_string()));
  EXPECT_EQ(items(page)[0], first);
  EXPECT_EQ(items(rest).at(0).at("test"), "rarely");
  EXPECT_TRUE(rest.at("next").is_null());
  EXPECT_EQ(items(get("/v1/flaky?sort=test&q=rare")).at(0).at("test"), "rarely");
  EXPECT_EQ(get("/v1/flaky?suite=unit&min_n=41").at("total"), 0);
  EXPECT_EQ(get("/v1/flaky?suite=unit&by=timeline").at("total"), 2);
}

TEST_F(Regressions, FlakyTestsHaveATrendACostAndMessages) {
  register_commits(40);
  const auto run = [&](int i, const std::string& results) {
    post("/v1/runs",
         R"({"suite":"unit","branch":"main","configuration":{"os":"linux"},"commits":["r@)" + hash(i) +
             R"("],"started":)" + std::to_string(kFirstSecond + 60 * i + 10) + R"(,"results":[)" + results +
             "]}",
         201);
  };
  // Fails in no, one, three and five of ten runs; every failure was tried three times, and so was a pass.
  for (int i = 0; i < 40; ++i) {
    const bool bad = i == 12 || (i >= 20 && i < 30 && i % 3 == 0) || (i >= 30 && i % 2 == 1);
    const std::string message = i == 12      ? "old"
                                : i % 3 == 0 ? "took 5 s"
                                             : "took " + std::to_string(i) + " s";
    const std::string again = bad || i == 2 ? R"(,"tries":3,"passes":)" + std::string(bad ? "0" : "1") : "";
    run(i, R"({"test":"t","actual":")" + std::string(bad ? "FAIL" : "PASS") + R"(","duration_us":1000)" +
               again + (bad ? R"(,"detail":{"message":")" + message + R"("})" : "") +
               R"(},{"test":"words","actual":")" + (i % 2 == 0 ? "FAIL PASS" : "PASS") +
               R"(","duration_us":500},{"test":"other"})");
  }
  const auto answer = get("/v1/flaky?suite=unit&sort=test");
  ASSERT_EQ(items(answer).size(), 2u) << answer;
  const auto& item = items(answer)[0];
  EXPECT_EQ(item.at("test"), "t");
  EXPECT_EQ(item.at("trend"), json::parse("[0.0,0.1,0.3,0.5]"));
  EXPECT_EQ(item.at("wasted_us"), (9 + 1) * 2 * 1000);
  EXPECT_EQ(item.at("messages"), 2) << "numbers are no difference";
  const auto& words = items(answer)[1];
  EXPECT_EQ(words.at("wasted_us"), 20 * 500);
  EXPECT_EQ(words.at("messages"), 0);
  const auto newest = items(get("/v1/flaky?suite=unit&range=last:20&min_n=5&q=t"))[0];
  EXPECT_EQ(newest.at("trend"), json::parse("[0.4,0.2,0.4,0.6]"));
  EXPECT_EQ(newest.at("messages"), 1);
}

TEST_F(Regressions, SummaryTellsStatesApart) {
  register_commits(3);
  clock_.set(from_seconds(1'700'000'000));
  add({.os = "mac", .commit = 0}, "a=FAIL b=PASS");
  clock_.set(from_seconds(1'700'000'000 + 24 * 3600));
  add({.os = "linux", .commit = 1}, "a=PASS b=FAIL c=FAIL/FAIL d=SKIP/SKIP");
  add({.os = "linux", .commit = 2}, "a=PASS");
  add({.suite = "failed", .state = "failed"}, "");
  const auto answer = get("/v1/summary?suite=unit");
  ASSERT_EQ(answer.at("suites").as_array().size(), 1u);
  const auto& suite = answer.at("suites").at(0);
  EXPECT_EQ(suite.at("total").at("runs"), 3);
  EXPECT_EQ(k_of_n(suite.at("total").at("passing")), KofN(3, 7));
  EXPECT_EQ(k_of_n(suite.at("total").at("expected")), KofN(5, 7));
  EXPECT_EQ(suite.at("total").at("failing"), 3);
  EXPECT_EQ(suite.at("total").at("unexpected"), 2);
  EXPECT_EQ(suite.at("total").at("skipped"), 1);
  ASSERT_EQ(suite.at("timelines").as_array().size(), 2u);
  const auto& linux = suite.at("timelines").at(0);
  EXPECT_EQ(linux.at("configuration").at("facets").at("os"), "linux");
  EXPECT_EQ(linux.at("state"), "current");
  EXPECT_EQ(linux.at("newest").at("position"), position(2));
  EXPECT_EQ(suite.at("timelines").at(1).at("state"), "stale");
  EXPECT_EQ(
      get("/v1/summary?suite=unit&stale_after_s=86400").at("suites").at(0).at("timelines").at(1).at("state"),
      "current");
  const auto late = get("/v1/summary?suite=unit&at=ref:r:" + hash(2)).at("suites").at(0);
  EXPECT_EQ(late.at("timelines").at(1).at("state"), "not_run");
  EXPECT_TRUE(late.at("timelines").at(1).at("newest").is_null());
  EXPECT_EQ(k_of_n(late.at("total").at("passing")), KofN(1, 1));
  const auto all = get("/v1/summary");
  ASSERT_EQ(all.at("suites").as_array().size(), 2u);
  const auto& failed = all.at("suites").at(0);
  EXPECT_EQ(failed.at("suite"), "failed");
  EXPECT_EQ(failed.at("total").at("state"), "not_run");
  EXPECT_EQ(failed.at("basis").at("excluded"), json::parse(R"([{"why":"infrastructure","n":1}])"));
}

TEST_F(Regressions, ProblemsNameTheParameter) {
  add({}, "a=PASS");
  expect_problems({{"/v1/regressions?kind=infrastructure", "kind"},
                   {"/v1/regressions?state=closed", "state"},
                   {"/v1/regressions?sort=tests", "sort"},
                   {"/v1/regressions?group=tests", "group"},
                   {"/v1/regressions?containing=5", "containing"},
                   {"/v1/regressions?limit=0", "limit"},
                   {"/v1/regressions?page=x", "page"},
                   {"/v1/regressions?outcomes=bad", "outcomes"},
                   {"/v1/regressions?where=os", "where"},
                   {"/v1/regressions?colour=red", "colour"},
                   {"/v1/flaky?method=flips", "method"},
                   {"/v1/flaky?min_n=0", "min_n"},
                   {"/v1/flaky?by=suite", "by"},
                   {"/v1/flaky?sort=score", "sort"},
                   {"/v1/flaky?range=last:0", "range"},
                   {"/v1/flaky?outcomes=bad", "outcomes"},
                   {"/v1/summary?stale_after_s=-1", "stale_after_s"},
                   {"/v1/summary?recent=perhaps", "recent"},
                   {"/v1/summary?outcomes=bad", "outcomes"},
                   {"/v1/summary?q=a", "q"}});
  expect_problems(
      {{"/v1/regressions?containing=ref:nothing", "containing"}, {"/v1/flaky?timeline=t_x", "timeline"}},
      404);
  EXPECT_EQ(get("/v1/regressions?suite=nothing").at("total"), 0);
}

}  // namespace
}  // namespace resultsdb::http
