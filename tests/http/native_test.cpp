#include <set>

#include "http/native_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

using Native = NativeFixture;

TEST_F(Native, StoresARunAndAnswersIt) {
  const Response created = send("POST", "/v1/runs", run_body());
  ASSERT_EQ(created.status, 201) << created.body;
  const json::value run = json::parse(created.body);
  EXPECT_EQ(run.at("stored"), "added");
  EXPECT_EQ(run.at("configuration").at("facets").at("bits"), "64");
  EXPECT_EQ(run.at("order_key"), "time");
  EXPECT_EQ(run.at("counts").at("covered"), 3);
  EXPECT_EQ(run.at("counts").at("fail"), 2);
  EXPECT_EQ(run.at("counts").at("unexpected").at("fail"), 1);
  EXPECT_EQ(run.at("counts").at("lost"), 1);
  const std::string location(created.header("Location").value());
  EXPECT_EQ(get(location).at("id"), run.at("id"));
  EXPECT_EQ(post("/v1/runs", run_body(), 200).at("stored"), "unchanged");
  EXPECT_EQ(stored_runs(), 1u);
}

TEST_F(Native, DetailsComeBackByteForByte) {
  const std::string id(post("/v1/runs", run_body(), 201).at("id").as_string());
  const Response result = send("GET", "/v1/runs/" + id + "/result?test=b/three");
  EXPECT_NE(result.body.find(R"("detail":{"log":"x\ud800","big":12345678901234567890,"f":1.0})"),
            std::string::npos)
      << result.body;
  const auto lost = get("/v1/runs/" + id + "/result?test=b/four");
  EXPECT_EQ(lost.at("covered"), false);
  EXPECT_EQ(lost.at("lost"), true);
  EXPECT_TRUE(lost.at("detail").is_null());
}

TEST_F(Native, FailuresAreGrouped) {
  const std::string id(post("/v1/runs", run_body(), 201).at("id").as_string());
  const auto all = get("/v1/runs/" + id + "/failures");
  EXPECT_EQ(all.at("total"), 2);
  EXPECT_EQ(all.at("groups").as_array().size(), 1u);
  const auto folders = get("/v1/runs/" + id + "/failures?group=folder");
  ASSERT_EQ(folders.at("groups").as_array().size(), 2u);
  EXPECT_EQ(folders.at("groups").at(0).at("key"), "a");
  EXPECT_EQ(folders.at("groups").at(1).at("items").at(0).at("test"), "b/three");
  EXPECT_EQ(folders.at("groups").at(1).at("items").at(0).at("tries"), 3);
  EXPECT_EQ(get("/v1/runs/" + id + "/failures?outcomes=unexpected").at("total"), 1);
  const auto first = get("/v1/runs/" + id + "/failures?group=folder&limit=1");
  const std::string next(first.at("next").as_string());
  const auto second = get("/v1/runs/" + id + "/failures?group=folder&limit=1&page=" + next);
  EXPECT_EQ(second.at("groups").at(0).at("items").at(0).at("test"), "b/three");
  EXPECT_TRUE(second.at("next").is_null());
  EXPECT_EQ(get("/v1/runs/" + id + "/failures?group=class&limit=1&page=" + next, 400).at("parameter"),
            "page");
}

TEST_F(Native, ProblemsNameTheParameter) {
  post("/v1/runs", run_body(), 201);
  const std::pair<const char*, const char*> cases[] = {
      {"/v1/runs?limit=0", "limit"},
      {"/v1/runs?limit=1001", "limit"},
      {"/v1/runs?colour=red", "colour"},
      {"/v1/runs?limit=1&limit=2", "limit"},
      {"/v1/runs?where=os", "where"},
      {"/v1/runs?range=last:0", "range"},
      {"/v1/runs?range=..", "range"},
      {"/v1/runs?range=time:yesterday..", "range"},
      {"/v1/runs?range=ago:5y", "range"},
      {"/v1/runs?range=pos:9007199254740992..", "range"},
      {"/v1/runs?at=pos:-9223372036854775808", "at"},
      {"/v1/runs?page=6b31.2", "page"},
      {"/v1/runs?sort=colour", "sort"},
      {"/v1/runs?state=gone", "state"},
      {"/v1/runs?recent=perhaps", "recent"},
      {"/v1/history?suite=unit", "test"},
      {"/v1/history?test=a/one", "suite"},
      {"/v1/history?suite=unit&test=a&level=3", "level"},
      {"/v1/suite-history", "suite"},
      {"/v1/runs?suite=%ff", "suite"},
      {"/v1/runs?suite=a%00b", "suite"},
      {"/v1/runs?at=pos:1&range=last:2", "at"},
      {"/v1/history?suite=unit&test=a&include=gold", "include"}};
  for (const auto& [target, parameter] : cases) {
    const Response response = send("GET", target);
    EXPECT_EQ(response.status, 400) << target << response.body;
    EXPECT_EQ(response.header("Content-Type"), "application/problem+json");
    const auto problem = json::parse(response.body);
    EXPECT_EQ(problem.at("parameter").as_string(), parameter) << target;
    EXPECT_EQ(problem.at("code"), "InvalidArgument");
    EXPECT_EQ(problem.at("status"), 400);
  }
  EXPECT_EQ(get("/v1/runs/r_nothing", 404).at("code"), "NotFound");
  EXPECT_EQ(get("/v1/nothing", 404).at("code"), "NotFound");
  EXPECT_EQ(send("DELETE", "/v1/runs").status, 405);
}

TEST_F(Native, AnswersAreNotSentTwice) {
  post("/v1/runs", run_body(), 201);
  const std::string target = "/v1/history?suite=unit&test=a/two";
  const Response first = send("GET", target);
  ASSERT_TRUE(first.header("ETag"));
  Request again = request("GET", target);
  again.headers = {{"If-None-Match", "\"other\", W/" + std::string(*first.header("ETag"))}};
  const Response unchanged = router_.dispatch(again);
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_TRUE(unchanged.body.empty());
  EXPECT_EQ(unchanged.header("ETag"), first.header("ETag"));
  post("/v1/runs", run_body(R"("variant":"2",)"), 201);
  EXPECT_EQ(router_.dispatch(again).status, 200);
  Request asked = request("POST", "/v1/history", R"({"suite":"unit","test":"a/two"})");
  asked.headers = {{"If-None-Match", "*"}};
  const Response told = router_.dispatch(asked);
  EXPECT_EQ(told.status, 200);
  EXPECT_FALSE(told.body.empty());
}

TEST_F(Native, HistoryTakesABodyAsWell) {
  post("/v1/runs", run_body(), 201);
  const auto by_query = get("/v1/history?suite=unit&test=a/two&test=b/four&include=durations&include=tries");
  const auto by_body = post(
      "/v1/history", R"({"suite":"unit","test":["a/two","b/four"],"include":["durations","tries"]})", 200);
  EXPECT_EQ(by_query, by_body);
  EXPECT_EQ(by_query.at("series").as_array().size(), 2u);
  EXPECT_EQ(by_query.at("series").at(1).at("outcomes"), json::parse("[1,-2]"));
  EXPECT_EQ(by_query.at("axis").at("columns"), 1);
  EXPECT_EQ(post("/v1/history", R"({"suite":["unit"],"test":{"a":1}})", 400).at("parameter"), "test");
  EXPECT_EQ(post("/v1/history", R"({"suite":)", 400).at("code"), "InvalidArgument");
}

TEST_F(Native, RecentCountsFromTheNewestReceivedRun) {
  post("/v1/runs", run_body(), 201);
  clock_.advance(std::chrono::hours(24 * 400));
  EXPECT_EQ(get("/v1/runs?suite=unit").at("items").as_array().size(), 1u);
  post("/v1/runs", R"({"suite":"unit","branch":"next","started":"2024-01-01T00:00:00Z"})", 201);
  const auto recent = get("/v1/runs?suite=unit");
  EXPECT_EQ(recent.at("items").as_array().size(), 1u);
  EXPECT_EQ(recent.at("recent_since"), "2024-12-04T22:13:20Z");
  EXPECT_EQ(get("/v1/runs?suite=unit&recent=false").at("items").as_array().size(), 2u);
  EXPECT_EQ(get("/v1/branches?suite=unit").at("total"), 2);
}

TEST_F(Native, SelectsByFacets) {
  post("/v1/runs", run_body(), 201);
  post("/v1/runs", R"({"suite":"unit","branch":"main","configuration":{"os":"mac"},"started":5})", 201);
  const auto count = [&](const std::string& where) {
    return get("/v1/runs?suite=unit&where=" + where).at("items").as_array().size();
  };
  EXPECT_EQ(count("os:mac"), 1u);
  EXPECT_EQ(count("os:mac&where=os:linux"), 2u);
  EXPECT_EQ(count("!os:mac"), 1u);
  EXPECT_EQ(count("bits:"), 1u);
  const auto configurations = get("/v1/configurations?suite=unit&where=os:mac");
  EXPECT_EQ(configurations.at("configurations").as_array().size(), 1u);
  EXPECT_EQ(configurations.at("facets").as_array().size(), 2u);
  EXPECT_EQ(configurations.at("facets").at(1).at("values").as_array().size(), 2u)
      << "without its own restriction";
}

TEST_F(Native, PagesOfRunsAreCompleteWhileRunsArrive) {
  const auto add = [&](int start, const std::string& branch) {
    post("/v1/runs",
         R"({"suite":"unit","branch":")" + branch + R"(","started":)" + std::to_string(start) + "}", 201);
  };
  for (int i = 0; i < 5; ++i) {
    for (const char* branch : {"a", "b", "c"}) add(1000 + i, branch);  // three of each position
  }
  std::set<std::string> seen;
  std::string page;
  int requests = 0;
  do {
    const auto answer = get("/v1/runs?suite=unit&limit=2" + (page.empty() ? "" : "&page=" + page));
    for (const auto& run : answer.at("items").as_array()) {
      EXPECT_TRUE(seen.insert(std::string(run.at("id").as_string())).second);
    }
    add(5000 + requests, "new");  // before the page that was read
    page = answer.at("next").is_null() ? "" : std::string(answer.at("next").as_string());
    ASSERT_LT(++requests, 20);
  } while (!page.empty());
  EXPECT_EQ(seen.size(), 15u);
}

TEST_F(Native, CommitsOfRunsAreRegisteredAndResolved) {
  const std::string hash(40, 'a');
  const auto commit =
      R"({"repository":"r","branch":"main","hash":")" + hash +
      R"(","timestamp":1600000000,"message":"Fix\n\nall","author":{"name":"A","email":"a@x"}})";
  const auto run = post("/v1/runs", run_body("\"commits\":[" + commit + "],"), 201);
  EXPECT_EQ(run.at("position"), 160'000'000'000);
  EXPECT_EQ(run.at("commits").at(0).at("subject"), "Fix");
  post("/v1/runs", run_body(R"("commits":["r@)" + std::string(40, 'b') + R"("],)"), 201);
  EXPECT_EQ(get("/v1/commits?range=last:500").at("items").as_array().size(), 2u);
  const auto found = get("/v1/commits/resolve?ref=aaaaaaaa");
  EXPECT_EQ(found.at("commit").at("hash").as_string(), hash);
  EXPECT_EQ(get("/v1/commits/resolve?ref=cccccccc", 404).at("parameter"), "ref");
  const auto at = get("/v1/runs?suite=unit&at=ref:r:aaaaaaaa");
  ASSERT_EQ(at.at("items").as_array().size(), 1u);
  EXPECT_EQ(at.at("items").at(0).at("id"), run.at("id"));
  EXPECT_EQ(post("/v1/runs", run_body(R"("commits":["r@HEAD"],)"), 400).at("parameter"), "commits[0]");
}

TEST_F(Native, AttributesThatRepeatComeBackAsLists) {
  const auto run = post("/v1/runs", run_body(R"("attributes":{"host":"a","label":["x","y"]},)"), 201);
  EXPECT_EQ(run.at("attributes"), json::parse(R"({"host":"a","label":["x","y"]})"));
}

TEST_F(Native, PagesOfRefusedTokens) {
  post("/v1/runs", run_body(), 201);
  post("/v1/runs", run_body(R"("variant":"2",)"), 201);
  const std::string next(get("/v1/runs?suite=unit&limit=1").at("next").as_string());
  EXPECT_EQ(next.find_first_not_of("0123456789abcdef."), std::string::npos) << "needs no escapes";
  EXPECT_EQ(get("/v1/runs?suite=unit&limit=5&page=" + next).at("items").as_array().size(), 1u);
  for (std::size_t i = 0; i < next.size(); ++i) {
    std::string forged = next;
    forged[i] = forged[i] == '3' ? '4' : '3';
    EXPECT_EQ(get("/v1/runs?suite=unit&page=" + forged, 400).at("parameter"), "page") << forged;
    EXPECT_EQ(get("/v1/runs?suite=unit&page=" + next.substr(0, i), 400).at("parameter"), "page");
  }
  EXPECT_EQ(get("/v1/runs?suite=other&page=" + next, 400).at("parameter"), "page");
}

TEST_F(Native, NamesAndTests) {
  post("/v1/runs", run_body(), 201);
  EXPECT_EQ(send("GET", "/v1/tests/names?suite=unit").body, "a/one\na/two\nb/four\nb/three\n");
  const auto tests = get("/v1/tests?suite=unit&prefix=a/&group=os");
  ASSERT_EQ(tests.at("items").as_array().size(), 2u);
  EXPECT_EQ(tests.at("items").at(1).at("states").at(0).at("where").at("os"), "linux");
  EXPECT_NE(tests.at("items").at(1).at("states").at(0).at("worst"), 0);
  const auto first = get("/v1/tests?suite=unit&limit=3");
  const std::string next(first.at("next").as_string());
  EXPECT_EQ(get("/v1/tests?suite=unit&limit=3&page=" + next).at("items").as_array().size(), 1u);
  EXPECT_EQ(get("/v1/tests?suite=unit&page=forged", 400).at("parameter"), "page");
}

TEST_F(Native, TestsByQuery) {
  post("/v1/runs", run_body(), 201);
  const auto names_of = [](const boost::json::value& answer) {
    std::string names;
    for (const auto& item : answer.at("items").as_array())
      names += std::string(item.at("test").as_string()) + ' ';
    return names;
  };
  const auto failing = get("/v1/tests?suite=unit&q=failing+unexpected");
  EXPECT_EQ(names_of(failing), "a/two ");
  EXPECT_EQ(failing.at("total"), 1);
  EXPECT_NE(failing.at("items").at(0).at("states").at(0).at("worst"), 0);
  EXPECT_EQ(names_of(get("/v1/tests?suite=unit&q=%7B%22name%22:%22a/*%22%7D")), "a/one a/two ");
  EXPECT_EQ(names_of(get("/v1/tests?suite=unit&name=b/&q=not+failing")),
            names_of(get("/v1/tests?suite=unit&q=-failing+name:b/*")));
  const auto first = get("/v1/tests?suite=unit&q=runs%3E0&limit=2");
  EXPECT_EQ(names_of(first), "a/one a/two ");
  const std::string next(first.at("next").as_string());
  const auto second = get("/v1/tests?suite=unit&q=runs%3E0&limit=2&page=" + next);
  EXPECT_EQ(names_of(second).substr(0, 2), "b/");
  EXPECT_TRUE(second.at("next").is_null());
  EXPECT_EQ(second.at("total"), first.at("total"));
  EXPECT_EQ(get("/v1/tests?suite=unit&q=failing&limit=2&page=" + next, 400).at("parameter"), "page");
  const auto refused = get("/v1/tests?suite=unit&q=passing+fial", 400);
  EXPECT_EQ(refused.at("parameter"), "q");
  EXPECT_NE(refused.at("detail").as_string().find("column 9"), std::string::npos) << refused;
  EXPECT_EQ(get("/v1/tests?suite=unit&q=failing&prefix=a/").at("total"), 1);
}

TEST_F(Native, OnlyThisMachineWrites) {
  Request other = request("POST", "/v1/runs", run_body());
  other.remote_is_loopback = false;
  EXPECT_EQ(router_.dispatch(other).status, 403);
  Request page = request("POST", "/v1/runs", run_body());
  page.headers = {{"Origin", "http://elsewhere.example"}, {"Host", "127.0.0.1:8080"}};
  EXPECT_EQ(router_.dispatch(page).status, 403);
  EXPECT_EQ(stored_runs(), 0u);
  page.headers[0].second = "http://127.0.0.1:8080";
  EXPECT_EQ(router_.dispatch(page).status, 201);
  Router open;
  NativeOptions options;
  options.clock = clock_.clock();
  options.allow_anonymous_writes = true;
  mount_native(open, model_, options);
  EXPECT_EQ(open.dispatch(other).status, 200);
}

TEST_F(Native, KeysGuardAllWrites) {
  Router guarded;
  NativeOptions options;
  options.clock = clock_.clock();
  options.api_keys = std::make_shared<const ApiKeys>(
      ApiKeys::parse("# who KEY until\nbot 0123456789abcdef\nold fedcba9876543210 2001-01-01T00:00:00Z\n")
          .value());
  options.allow_anonymous_writes = true;  // counts only where there are no keys
  mount_native(guarded, model_, options);
  Request write = request("POST", "/v1/runs", run_body());
  EXPECT_EQ(guarded.dispatch(write).status, 403) << "not even from this machine";
  for (const char* wrong : {"Bearer fedcba9876543210", "Bearer 0123456789abcde", "Basic 0123456789abcdef",
                            "Bearer 0123456789abcdef0", "Bearer ", "0123456789abcdef"}) {
    write.headers = {{"Authorization", wrong}};
    EXPECT_EQ(guarded.dispatch(write).status, 403) << wrong;
  }
  EXPECT_EQ(stored_runs(), 0u);
  write.headers = {{"Authorization", "bearer 0123456789abcdef"}};
  write.remote_is_loopback = false;
  EXPECT_EQ(guarded.dispatch(write).status, 201);
  EXPECT_EQ(guarded.dispatch(request("GET", "/v1/suites")).status, 200) << "reading needs none";
}

TEST(ApiKeysFile, RefusesWhatItCannotReadWithoutQuotingIt) {
  for (const char* text : {"", "# nothing\n", "bot\n", "bot short\n", "bot 0123456789abcdef tomorrow\n",
                           "bot 0123456789abcdef 2030-01-01T00:00:00Z more\n",
                           "bot 0123456789\xC3\xA9"
                           "bcdef\n"}) {
    const auto keys = ApiKeys::parse(text);
    ASSERT_FALSE(keys.ok()) << text;
    EXPECT_EQ(keys.error().text().find("0123456789"), std::string::npos) << keys.error();
  }
  EXPECT_EQ(ApiKeys::read_file("/nowhere/keys").error().code, ErrorCode::NotFound);
  const auto keys = ApiKeys::parse("\n a 0123456789abcdef\r\nb fedcba9876543210 100\n").value();
  EXPECT_EQ(keys.find("0123456789abcdef", from_seconds(1)), "a");
  EXPECT_EQ(keys.find("fedcba9876543210", from_seconds(99)), "b");
  EXPECT_EQ(keys.find("fedcba9876543210", from_seconds(100)), std::nullopt) << "expired";
}

TEST_F(Native, RefusesInsteadOfReplacingWhenAsked) {
  post("/v1/runs", run_body(), 201);
  const std::string other = R"({"suite":"unit","branch":"main","configuration":{"os":"linux","bits":64},)"
                            R"("started":"2023-11-14T10:00:00Z","results":[{"test":"x"}]})";
  EXPECT_EQ(post("/v1/runs?if_exists=refuse", other, 409).at("code"), "AlreadyExists");
  EXPECT_EQ(post("/v1/runs", other, 200).at("stored"), "replaced");
}

TEST_F(Native, ThePageNeedsNothingFromElsewhere) {
  const Response page = send("GET", "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.header("Content-Security-Policy").value_or("").find("default-src 'none'"),
            std::string::npos);
  EXPECT_EQ(page.body.find("http"), std::string::npos) << "no address of another host";
  EXPECT_EQ(send("GET", "/page.js").body.find("innerHTML"), std::string::npos);
  EXPECT_EQ(send("GET", "/page.css").status, 200);
  EXPECT_EQ(send("GET", "/healthz").body, "ok\n");
  EXPECT_EQ(get("/v1/health").at("status"), "ok");
  EXPECT_EQ(get("/v1/server").at("version"), "1.2.3");
}

}  // namespace
}  // namespace resultsdb::http
