// /v1/culprit, /v1/verdict and /v1/facet-split on histories whose answers are known.
#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class Judgements : public JudgementFixture {};

TEST_F(Judgements, CulpritsHaveCommitsAndTimelinesNarrowThem) {
  register_commits(80);
  register_commits(80, "other");  // a commit of two branches is one candidate
  // Linux tests every fourth commit, mac the one before each of these.
  for (int i = 0; i < 80; ++i) {
    const std::string result = i < 42 ? "a=PASS" : "a=FAIL";
    if (i % 4 == 0) add({.os = "linux", .commit = i}, result);
    if (i % 4 == 3) add({.os = "mac", .commit = i}, result);
  }
  const auto answer = get("/v1/culprit?suite=unit&test=a");
  EXPECT_EQ(answer.at("status"), "found");
  ASSERT_EQ(answer.at("per_timeline").as_array().size(), 2u);
  const auto& linux = answer.at("per_timeline").at(0);
  EXPECT_EQ(linux.at("kind"), "regression");
  EXPECT_EQ(linux.at("range").at("after"), position(40));
  EXPECT_EQ(linux.at("range").at("to"), position(44));
  EXPECT_EQ(k_of_n(linux.at("before")), KofN(0, 11));
  EXPECT_EQ(k_of_n(linux.at("after")), KofN(9, 9));
  EXPECT_EQ(linux.at("last_good").at("position"), position(40));
  EXPECT_EQ(linux.at("first_bad").at("position"), position(44));
  const auto& combined = answer.at("combined");
  EXPECT_EQ(combined.at("after"), position(40));
  EXPECT_EQ(combined.at("to"), position(43));
  ASSERT_EQ(combined.at("commits").as_array().size(), 3u);
  EXPECT_EQ(combined.at("commits").at(1).at("hash").as_string(), hash(42));
  EXPECT_EQ(combined.at("commits").at(1).at("subject"), "Change 42");
  const auto& best = answer.at("posterior").at(0);
  EXPECT_EQ(best.at("after"), position(40));
  EXPECT_EQ(best.at("to"), position(43));
  EXPECT_GT(best.at("mass").as_double(), 0.9);
  EXPECT_EQ(answer.at("credible").at("0.5").at("to"), position(43));
  EXPECT_TRUE(answer.at("credible").as_object().contains("0.99"));
  const auto& next = answer.at("next_test");
  EXPECT_GE(next.at("position").as_int64(), position(41));
  EXPECT_LE(next.at("position").as_int64(), position(42));
  EXPECT_EQ(next.at("repeats"), 1);
  EXPECT_EQ(next.at("configuration"), linux.at("configuration"));

  const std::string timeline(answer.at("per_timeline").at(1).at("timeline").as_string());
  const auto mac = get("/v1/culprit?test=a&timeline=" + timeline);
  ASSERT_EQ(mac.at("per_timeline").as_array().size(), 1u);
  EXPECT_EQ(mac.at("combined").at("after"), position(39));
}

TEST_F(Judgements, TheChangeNearAPosition) {
  register_commits(60);
  add_history({}, "a", "ppppppppppppppppFFFFFFFFFFFFFFFFppppppppppppppppFFFFFFFFFFFF");
  EXPECT_EQ(get("/v1/culprit?suite=unit&test=a").at("combined").at("to"), position(48));
  const std::string near = "/v1/culprit?suite=unit&test=a&near=" + std::to_string(position(18));
  EXPECT_EQ(get(near).at("combined").at("to"), position(16));
}

TEST_F(Judgements, WithoutACulpritTheStatusSaysWhy) {
  register_commits(40);
  add_history({}, "good", "pppppppppppppppp");
  add_history({.os = "expected"}, "changed", "EEEEEEEEEEEEEEEEEEEEpppppppppppppppppppp");
  add_history({.os = "short"}, "short", "pF");
  const auto none = get("/v1/culprit?suite=unit&test=good");
  EXPECT_EQ(none.at("status"), "none");
  EXPECT_TRUE(none.at("combined").is_null());
  EXPECT_TRUE(none.at("next_test").is_null());
  EXPECT_EQ(get("/v1/culprit?suite=unit&test=changed&outcomes=failing").at("status"), "expectation_change");
  EXPECT_EQ(get("/v1/culprit?suite=unit&test=short").at("status"), "not_enough_data");
}

TEST_F(Judgements, VerdictsComeWithTheirMeasures) {
  register_commits(40);
  add_history({.os = "linux"}, "a", "ppppppppppppppppppppFFFFFFFFFFFFFFFFFFFF");
  add_history({.os = "mac"}, "a", "pppppppppppppppppppppppppppppppppppppppp");
  add_history({.os = "windows"}, "b", "ppFppppFpppppFppppppFpppppppppFppppppppp");
  const auto answer = get("/v1/verdict?suite=unit&test=a");
  EXPECT_EQ(answer.at("verdict"), "regressed");
  EXPECT_EQ(k_of_n(answer.at("across_configurations")), KofN(20, 40));
  EXPECT_EQ(answer.at("flips"), json::parse(R"({"flips":1,"inside_segment":0,"n":58})"));
  EXPECT_EQ(k_of_n(answer.at("retries")), KofN(0, 80));
  EXPECT_TRUE(answer.at("segment").at("from").is_null());
  ASSERT_EQ(answer.at("per_timeline").as_array().size(), 3u);
  const auto& linux = answer.at("per_timeline").at(0);
  EXPECT_EQ(linux.at("verdict"), "regressed");
  EXPECT_EQ(linux.at("runs"), 40);
  EXPECT_EQ(linux.at("segment").at("from").at("position"), position(20));
  EXPECT_EQ(linux.at("last_good").at("position"), position(19));
  EXPECT_EQ(linux.at("first_bad").at("position"), position(20));
  ASSERT_EQ(linux.at("events").as_array().size(), 1u);
  EXPECT_EQ(linux.at("events").at(0).at("kind"), "regression");
  EXPECT_EQ(answer.at("per_timeline").at(1).at("verdict"), "healthy");
  EXPECT_TRUE(answer.at("per_timeline").at(2).at("verdict").is_null());

  const auto flaky = get("/v1/verdict?suite=unit&test=b");
  EXPECT_EQ(flaky.at("verdict"), "flaky");
  EXPECT_EQ(k_of_n(flaky.at("segment").at("minority")), KofN(5, 40));
  EXPECT_EQ(flaky.at("segment").at("from").at("position"), position(0));
  EXPECT_DOUBLE_EQ(flaky.at("score").as_double(), flaky.at("segment").at("minority").at("low").as_double());
  EXPECT_EQ(get("/v1/verdict?suite=unit&test=a&range=pos:" + std::to_string(position(21)) + "..")
                .at("per_timeline")
                .at(0)
                .at("verdict"),
            "broken");
}

TEST_F(Judgements, RunsOfOneCommitThatDisagree) {
  register_commits(12);
  for (int i = 0; i < 12; ++i) {
    add({.variant = "1", .commit = i}, "a=PASS");
    add({.variant = "2", .commit = i}, i == 4 || i == 9 ? "a=FAIL" : "a=PASS");
  }
  const auto answer = get("/v1/verdict?suite=unit&test=a");
  EXPECT_EQ(k_of_n(answer.at("same_revision")), KofN(2, 12));
  const auto at = get("/v1/facet-split?suite=unit&test=a&at=ref:r:" + hash(4));
  EXPECT_EQ(at.at("flaky").as_array().size(), 1u) << at;
  EXPECT_EQ(get("/v1/facet-split?suite=unit&test=a&at=ref:r:" + hash(5)).at("passing").as_array().size(), 1u);
}

TEST_F(Judgements, FacetsTellWhereItFails) {
  register_commits(12);
  for (const char* const os : {"gtk", "mac", "win"}) {
    for (const char* const style : {"debug", "release"}) {
      for (int i = 0; i < 12; ++i) {
        const bool gtk = os == std::string("gtk"), debug = style == std::string("debug");
        std::string results = std::string("gtk=") + (gtk ? "FAIL" : "PASS");
        results += std::string(" gtk-debug=") + (gtk && debug ? "FAIL" : "PASS");
        results += std::string(" everywhere=FAIL nowhere=PASS");
        results += std::string(" two=") + (gtk == debug ? "FAIL" : "PASS");
        if (os != std::string("win")) results += std::string(" partly=") + (gtk ? "FAIL" : "PASS");
        results += std::string(" flaky=") + (gtk && i % 3 == 0 ? "FAIL" : "PASS");
        add({.os = os, .style = style, .commit = i}, results);
      }
    }
  }
  const auto rules = [this](const std::string& test) {
    const auto answer = get("/v1/facet-split?suite=unit&test=" + test);
    json::array where;
    for (const auto& rule : answer.at("rules").as_array()) {
      EXPECT_EQ(rule.at("exact"), true) << test;
      EXPECT_EQ(rule.at("passing"), 0) << test;
      where.push_back(rule.at("where"));
    }
    return json::value(where);
  };
  EXPECT_EQ(rules("gtk"), json::parse(R"([{"os":["gtk"]}])"));
  EXPECT_EQ(rules("gtk-debug"), json::parse(R"([{"os":["gtk"],"style":["debug"]}])"));
  EXPECT_EQ(rules("everywhere"), json::parse("[{}]"));
  EXPECT_EQ(rules("nowhere"), json::parse("[]"));
  EXPECT_EQ(rules("two"),
            json::parse(R"([{"os":["gtk"],"style":["debug"]},{"os":["mac","win"],"style":["release"]}])"));
  const auto partly = get("/v1/facet-split?suite=unit&test=partly");
  EXPECT_EQ(partly.at("failing").as_array().size(), 2u);
  EXPECT_EQ(partly.at("passing").as_array().size(), 2u);
  EXPECT_EQ(partly.at("not_run").as_array().size(), 2u);
  EXPECT_EQ(partly.at("rules").at(0).at("where"), json::parse(R"({"os":["gtk"]})"));
  EXPECT_EQ(partly.at("rules").at(0).at("failing"), 2);
  EXPECT_EQ(partly.at("facets").at(0).at("name"), "os");
  EXPECT_EQ(partly.at("facets").at(0).at("values").at(2),
            json::parse(R"({"value":"win","failing":0,"passing":0,"not_run":2,"flaky":0})"));
  const auto flaky = get("/v1/facet-split?suite=unit&test=flaky");
  EXPECT_EQ(flaky.at("flaky").as_array().size(), 2u) << flaky;
  EXPECT_EQ(flaky.at("passing").as_array().size(), 4u);
  EXPECT_TRUE(flaky.at("rules").as_array().empty());
}

TEST_F(Judgements, ProblemsNameTheParameter) {
  add({}, "a=PASS");
  for (const std::string operation : {"culprit", "verdict", "facet-split"}) {
    const std::string path = "/v1/" + operation;
    EXPECT_EQ(get(path + "?suite=unit", 400).at("parameter"), "test");
    EXPECT_EQ(get(path + "?test=a", 400).at("parameter"), "suite");
    EXPECT_EQ(get(path + "?suite=unit&suite=other&test=a", 400).at("parameter"), "suite");
    EXPECT_EQ(get(path + "?suite=unit&test=a&test=b", 400).at("parameter"), "test");
    EXPECT_EQ(get(path + "?suite=unit&test=nothing", 404).at("parameter"), "test");
    EXPECT_EQ(get(path + "?suite=unit&test=a&outcomes=bad", 400).at("parameter"), "outcomes");
    EXPECT_EQ(get(path + "?suite=unit&test=a&where=os", 400).at("parameter"), "where");
    EXPECT_EQ(get(path + "?suite=unit&test=a&at=5", 400).at("parameter"), "at");
    EXPECT_EQ(get(path + "?suite=unit&test=a&limit=5", 400).at("parameter"), "limit");
  }
  expect_problems({{"/v1/culprit?suite=unit&test=a&near=here", "near"},
                   {"/v1/culprit?suite=unit&test=a&near=9007199254740992", "near"},
                   {"/v1/facet-split?suite=unit&test=a&range=last:5", "range"}});
}

}  // namespace
}  // namespace resultsdb::http
