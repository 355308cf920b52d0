// /v1/overview and /v1/badge.svg on histories whose state is known.
#include <map>
#include <set>

#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class Overview : public JudgementFixture {
 protected:
  static const json::value& tile(const json::value& answer) { return answer.at("tiles").at(0); }
  static const json::value& line(const json::value& answer, std::size_t index) {
    return tile(answer).at("lines").at(index);
  }
};

TEST_F(Overview, LinesAreTheWorstFirstAndSaySinceWhen) {
  register_commits(20);
  register_commits(20, "other");  // a commit of two branches is one
  add_history({.os = "linux"}, "t", "pppppppFFF");
  add_history({.os = "mac"}, "t", "pppppppppp");
  for (int i = 0; i < 6; ++i) {
    add({.os = "win", .variant = i < 3 ? "sdk1" : "sdk2", .commit = 3 * i},
        i < 3 ? "t=PASS u=PASS v=FAIL/FAIL" : "t=CRASH u=FAIL v=FAIL/FAIL");
  }
  add({.os = "new"}, "t=FAIL");
  add({.suite = "fine"}, "t=PASS");
  const auto answer = get("/v1/overview?suite=unit");
  ASSERT_EQ(answer.at("tiles").as_array().size(), 1);
  EXPECT_EQ(tile(answer).at("suite"), "unit");
  EXPECT_EQ(tile(answer).at("healthy"), 1);
  const auto& outcomes = answer.at("outcomes").as_array();
  EXPECT_EQ(outcomes.at(tile(answer).at("worst").to_number<std::size_t>()).at("actual"), "CRASH");
  ASSERT_EQ(tile(answer).at("lines").as_array().size(), 3);
  const auto& win = line(answer, 0);
  EXPECT_EQ(win.at("configuration").at("facets").at("os"), "win");
  EXPECT_EQ(win.at("unexpected"), 2);
  EXPECT_EQ(win.at("trend"), json::parse("[3,2,3,0]"));
  EXPECT_EQ(win.at("first_bad").at("position"), position(9));
  EXPECT_EQ(win.at("last_good").at("position"), position(6));
  EXPECT_EQ(win.at("commits_between"), json::parse(R"({"r":3})"));
  EXPECT_EQ(win.at("facet_change"), json::parse(R"({"variant":["sdk1","sdk2"]})"));
  EXPECT_EQ(win.at("newest").at("position"), position(15));
  std::map<std::string, json::value> by_os;
  for (const auto& one : tile(answer).at("lines").as_array())
    by_os[std::string(one.at("configuration").at("facets").at("os").as_string())] = one;
  EXPECT_EQ(by_os.at("linux").at("first_bad").at("position"), position(7));
  EXPECT_EQ(by_os.at("linux").at("commits_between"), json::parse(R"({"r":1})"));
  EXPECT_EQ(by_os.at("linux").at("facet_change"), json::parse("{}"));
  EXPECT_TRUE(by_os.at("new").at("last_good").is_null());
  EXPECT_EQ(by_os.at("new").at("first_bad").at("position"), position(0));
  EXPECT_EQ(get("/v1/overview").at("tiles").as_array().size(), 2);
  const auto mac = get("/v1/overview?suite=unit&where=os:mac");
  EXPECT_EQ(tile(mac).at("healthy"), 1);
  EXPECT_EQ(tile(mac).at("worst"), 0);
  EXPECT_TRUE(get("/v1/overview?suite=unit&where=os:none").at("tiles").as_array().empty());
  EXPECT_TRUE(get("/v1/overview?suite=none").at("tiles").as_array().empty());
  expect_problems({{"/v1/badge.svg?range=last:3", "range"}});
}

TEST_F(Overview, RunsThatGoOnThatDoNotCountAndSilence) {
  register_commits(10);
  add({.os = "silent", .commit = 0}, "t=PASS");
  clock_.advance(std::chrono::hours(5 * 24));
  add({.os = "stale", .commit = 1}, "t=FAIL");
  clock_.advance(std::chrono::hours(5 * 24));
  add({.os = "linux", .commit = 2}, "t=PASS");
  add({.os = "linux", .commit = 3}, "t=FAIL");
  add({.os = "linux", .state = "failed", .commit = 4}, "t=PASS");
  RunHeader header;
  header.suite = "unit";
  header.branch = "main";
  header.configuration.set("os", "linux");
  header.configuration.set("style", "release");
  header.commits = {{"r", hash(5), position(5)}};
  header.started = from_seconds(kFirstSecond + 310);
  auto writer = model_->start_run(header, clock_.now());
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->add({.test = "t"}));
  ASSERT_TRUE(writer->checkpoint(clock_.now()));
  const auto answer = get("/v1/overview?suite=unit");
  ASSERT_EQ(answer.at("running").as_array().size(), 1);
  EXPECT_EQ(answer.at("running").at(0).at("state"), "running");
  EXPECT_EQ(answer.at("running").at(0).at("progress").at("done"), 1);
  ASSERT_EQ(answer.at("stale").as_array().size(), 1);
  EXPECT_EQ(answer.at("stale").at(0).at("configuration").at("facets").at("os"), "stale");
  ASSERT_EQ(tile(answer).at("lines").as_array().size(), 2) << "silent has expired";
  std::set<std::int64_t> newest;
  for (const auto& one : tile(answer).at("lines").as_array())
    newest.insert(one.at("newest").at("position").as_int64());
  EXPECT_EQ(newest, (std::set<std::int64_t>{position(1), position(3)}));
  clock_.advance(std::chrono::hours(1));  // past the lease it is a run that was cut off
  const auto later = get("/v1/overview?suite=unit&where=os:linux");
  EXPECT_TRUE(later.at("running").as_array().empty());
  EXPECT_EQ(tile(later).at("healthy"), 1);
}

TEST_F(Overview, ARunInWhichEverythingFailsIsHowItStands) {
  register_commits(3);
  std::string good, bad;
  for (int i = 0; i < 25; ++i) {
    good += "t" + std::to_string(i) + "=PASS ";
    bad += "t" + std::to_string(i) + "=FAIL ";
  }
  add({.os = "linux", .commit = 0}, good);
  add({.os = "linux", .commit = 1}, bad);
  const auto answer = get("/v1/overview?suite=unit");
  EXPECT_EQ(tile(answer).at("healthy"), 0);
  ASSERT_EQ(tile(answer).at("lines").as_array().size(), 1);
  EXPECT_EQ(line(answer, 0).at("unexpected"), 25);
  EXPECT_EQ(line(answer, 0).at("first_bad").at("position"), position(1));
  EXPECT_EQ(line(answer, 0).at("last_good").at("position"), position(0));
  EXPECT_NE(send("GET", "/v1/badge.svg?suite=unit").body.find("25 unexpected"), std::string::npos);
  add({.os = "linux", .commit = 2}, good);
  EXPECT_EQ(tile(get("/v1/overview?suite=unit")).at("healthy"), 1);
}

TEST_F(Overview, RunsThatWereDeclaredFailedAreToldAndNotHealthy) {
  register_commits(6);
  add({.os = "linux", .state = "failed", .commit = 0}, "t=PASS");
  add({.os = "linux", .commit = 1}, "t=PASS");
  EXPECT_EQ(tile(get("/v1/overview?suite=unit")).at("healthy"), 1);
  add({.os = "linux", .state = "failed", .commit = 2}, "t=PASS");
  add({.os = "linux", .state = "failed", .commit = 3}, "t=PASS");
  add({.os = "mac", .state = "failed", .commit = 1}, "t=PASS");
  const auto answer = get("/v1/overview?suite=unit");
  EXPECT_EQ(tile(answer).at("healthy"), 0);
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> failed;
  for (const auto& one : tile(answer).at("lines").as_array())
    failed[std::string(one.at("configuration").at("facets").at("os").as_string())] = {
        one.at("failed_runs").as_int64(), one.at("newest").at("position").as_int64()};
  EXPECT_EQ(failed.at("linux"), std::pair(std::int64_t{2}, position(1)));
  EXPECT_EQ(failed.at("mac"), std::pair(std::int64_t{1}, position(1)));
  EXPECT_NE(send("GET", "/v1/badge.svg?suite=unit").body.find("3 runs failed"), std::string::npos);
}

TEST_F(Overview, BadgesSayHowItStands) {
  const auto badge = [&](const std::string& query) {
    const Response response = send("GET", "/v1/badge.svg" + query);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.header("Content-Type"), "image/svg+xml");
    const auto begin = response.body.find("<title>") + 7;
    return response.body.substr(begin, response.body.find("</title>") - begin);
  };
  EXPECT_EQ(badge(""), "tests: no runs");
  add({.os = "linux"}, "t=PASS");
  add({.os = "mac"}, "t=FAIL u=CRASH v=FAIL/FAIL");
  EXPECT_EQ(badge("?suite=unit"), "unit: 2 unexpected");
  EXPECT_EQ(badge("?suite=unit&where=os:linux&where=style:release"), "linux release: as expected");
  EXPECT_EQ(badge("?suite=unit&where=os:none"), "none: no runs");
  EXPECT_EQ(badge("?suite=unit&label=%3Cb%3E%26%22%01"), "&lt;b&gt;&amp;&quot; : 2 unexpected");
  post(
      "/v1/runs",
      R"({"suite":"cut","branch":"main","configuration":{},"started":1600000300,"results":[{"test":"a"}],"lost":["b"]})",
      201);
  EXPECT_EQ(badge("?suite=cut"), "cut: 1 lost");
  const Response again = send("GET", "/v1/badge.svg");
  EXPECT_TRUE(again.header("ETag"));
  EXPECT_EQ(get("/v1/badge.svg?label=" + std::string(121, 'a'), 400).at("parameter"), "label");
}

}  // namespace
}  // namespace resultsdb::http
