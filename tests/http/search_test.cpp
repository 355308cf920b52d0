// /v1/search, /v1/tests/resolve, and what /v1/tests and /v1/history say of how tests stand.
#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class SearchRoutes : public JudgementFixture {
 protected:
  /// The items of one kind.
  json::array found(const std::string& kind, const std::string& query) const {
    const auto groups = get("/v1/search?kind=" + kind + "&q=" + query).at("groups").as_array();
    EXPECT_EQ(groups.size(), 1);
    EXPECT_EQ(groups.at(0).at("kind").as_string(), kind);
    return groups.at(0).at("items").as_array();
  }
  std::string resolved(const std::string& name, const std::string& more = "") const {
    const auto answer = post("/v1/tests/resolve",
                             R"({"names":[)" + json::serialize(json::string(name)) + "]" + more + "}", 200);
    const auto& item = items(answer).at(0);
    EXPECT_EQ(item.at("input").as_string(), name);
    std::string text = std::string(item.at("match").as_string()) + " " + json::serialize(item.at("count"));
    for (const auto& test : item.at("tests").as_array())
      text +=
          " " + std::string(test.at("suite").as_string()) + ":" + std::string(test.at("test").as_string());
    return text;
  }
};

TEST_F(SearchRoutes, FindsEachKind) {
  register_commits(12);
  const std::string run = add({.commit = 1}, "fast/grid/a.html=PASS fast/b.html=PASS slow/a.html=PASS");
  add({.suite = "units", .commit = 2}, "a::b=PASS");
  auto tests = found("test", "a.html");
  ASSERT_EQ(tests.size(), 2);
  EXPECT_EQ(tests[0].at("test"), "fast/grid/a.html");
  EXPECT_EQ(json::serialize(tests[0].at("match")), "[[10,6]]");
  tests = found("test", "html+fast");
  EXPECT_EQ(tests.size(), 2);
  EXPECT_EQ(json::serialize(tests[0].at("match")), "[[7,4],[0,4]]");
  EXPECT_EQ(found("test", "html&suite=units").size(), 0);
  EXPECT_EQ(found("suite", "unit").size(), 2);
  EXPECT_EQ(found("commit", hash(7))[0].at("hash").as_string(), hash(7));
  EXPECT_EQ(found("commit", "cccc&limit=3").size(), 3);
  EXPECT_EQ(found("commit", "Change+11")[0].at("hash").as_string(), hash(11));
  EXPECT_EQ(found("run", run)[0].at("id").as_string(), run);
  EXPECT_EQ(found("view", "a").size(), 0);
  const auto all = get("/v1/search?q=a&limit=1").at("groups").as_array();
  ASSERT_EQ(all.size(), 5);
  EXPECT_EQ(all[0].at("more"), true);
  EXPECT_EQ(all[0].at("items").as_array().size(), 1);
  expect_problems({{"/v1/search", "q"},
                   {"/v1/search?q=+", "q"},
                   {"/v1/search?q=a&kind=odd", "kind"},
                   {"/v1/search?q=a&limit=0", "limit"}});
}

TEST_F(SearchRoutes, ResolvesNames) {
  add({}, "fast/grid/a.html=PASS fast/grid/b.html=PASS slow/a.html=PASS one=PASS slow/grid=PASS");
  add({.suite = "py", .branch = "other"}, "tests/t.py::Case::run=PASS one=PASS org.Case.go=PASS");
  EXPECT_EQ(resolved("one"), "exact 2 py:one unit:one");
  EXPECT_EQ(resolved("one", R"(,"suites":["unit"])"), "exact 1 unit:one");
  EXPECT_EQ(resolved("one", R"(,"branch":"other")"), "exact 1 py:one");
  EXPECT_EQ(resolved("b.html"), "suffix 1 unit:fast/grid/b.html");
  EXPECT_EQ(resolved("grid"), "suffix 1 unit:slow/grid");  // a test rather than a folder
  EXPECT_EQ(resolved("a.html"), "ambiguous 2 unit:fast/grid/a.html unit:slow/a.html");
  EXPECT_EQ(resolved("fast"), "folder 2 unit:fast/grid/a.html unit:fast/grid/b.html");
  EXPECT_EQ(resolved("fast/grid/"), "folder 2 unit:fast/grid/a.html unit:fast/grid/b.html");
  EXPECT_EQ(resolved("Case::run"), "suffix 1 py:tests/t.py::Case::run");
  EXPECT_EQ(resolved("tests/t.py"), "folder 1 py:tests/t.py::Case::run");
  EXPECT_EQ(resolved("go"), "suffix 1 py:org.Case.go");
  EXPECT_EQ(resolved("html"), "unknown 0");
  EXPECT_EQ(resolved(""), "unknown 0");
  EXPECT_EQ(post("/v1/tests/resolve", "{}", 400).at("parameter"), "names");
  EXPECT_EQ(post("/v1/tests/resolve", R"({"names":["a"],"odd":1})", 400).at("parameter"), "odd");
  std::string many = R"({"names":["a")";
  for (int i = 0; i < 5000; ++i) many += R"(,"a")";
  EXPECT_EQ(post("/v1/tests/resolve", many + "]}", 400).at("parameter"), "names");
  EXPECT_EQ(send("GET", "/v1/tests/resolve?names=a").status, 405);
}

TEST_F(SearchRoutes, HowTestsStand) {
  register_commits(31);
  add_history({}, "t", "pppppppppppppppppppppppppFFFFF");
  add_history({.os = "mac"}, "t", "pppppppppp");
  const std::string select = "suite=unit&recent=false";
  const auto series = get("/v1/history?test=t&test=other&include=verdicts&" + select).at("series").as_array();
  const auto plain = get("/v1/history?test=t&" + select).at("series").as_array();
  EXPECT_FALSE(plain.at(0).as_object().contains("verdict"));
  ASSERT_EQ(series.size(), 4);
  const auto& broken = series[0];
  EXPECT_EQ(broken.at("verdict"), "regressed");
  EXPECT_EQ(broken.at("streak").at("runs"), 5);
  EXPECT_EQ(broken.at("streak").at("first_bad").at("position"), position(25));
  EXPECT_EQ(broken.at("streak").at("last_good").at("position"), position(24));
  EXPECT_EQ(broken.at("streak").at("outcome"), broken.at("outcomes").at(1));
  EXPECT_EQ(series[1].at("verdict"), "healthy");
  EXPECT_FALSE(series[1].as_object().contains("streak"));
  const auto tests = get("/v1/tests?name=t&" + select);
  const auto& row = items(tests).at(1);
  EXPECT_EQ(row.at("test"), "t");
  EXPECT_EQ(row.at("verdict"), "regressed");
  EXPECT_EQ(row.at("streak").at("runs"), 5);
  const auto only = [&](const std::string& what) {
    std::string names;
    const auto found = get("/v1/tests?only=" + what + "&" + select);
    for (const auto& item : items(found)) names += std::string(item.at("test").as_string()) + " ";
    return names;
  };
  add({.os = "mac", .commit = 30}, "skips=SKIP");
  EXPECT_EQ(only("failing"), "t ");
  EXPECT_EQ(only("unexpected"), "t ");
  EXPECT_EQ(only("flaky"), "");
  EXPECT_EQ(only("skipped"), "skips ");
  EXPECT_EQ(only("never_failing"), "other skips ");
  EXPECT_EQ(only("not_run"), "skips ");
  EXPECT_EQ(only("failing&q=name:other"), "");
  EXPECT_EQ(only("failing&q=passing+or+failing"), "t ");
  expect_problems(
      {{"/v1/tests?suite=unit&only=odd", "only"}, {"/v1/tests?suite=unit&only=failing&prefix=a&q=(", "q"}});
}

TEST_F(SearchRoutes, TestsByClassNameAndFolder) {
  register_commits(3);
  add({.commit = 0}, "css/grid/a=FAIL css/grid/b=PASS css/c=CRASH js/d=PASS one=PASS");
  add({.commit = 1}, "css/grid/a=PASS css/grid/b=PASS css/c=CRASH js/d=FAIL/TIMEOUT one=SKIP");
  add({.os = "mac", .commit = 1}, "css/grid/a=IMAGE css/c=PASS");
  const std::string select = "suite=unit&recent=false";
  const auto listed = [&](const std::string& what) {
    std::string names;
    const auto found = get("/v1/tests?" + select + "&" + what);
    for (const auto& item : items(found)) {
      const bool folder = item.as_object().contains("prefix");
      names += std::string(item.at(folder ? "prefix" : "test").as_string());
      names += folder ? ":" + std::to_string(item.at("tests").to_number<int>()) + " " : " ";
    }
    EXPECT_EQ(found.at("total").to_number<std::ptrdiff_t>(), std::ranges::count(names, ' '));
    return names;
  };
  EXPECT_EQ(listed("class=crash"), "css/c ");
  EXPECT_EQ(listed("class=image&class=skip"), "css/grid/a one ");
  EXPECT_EQ(listed("class=pass"), "css/c css/grid/a css/grid/b ");
  EXPECT_EQ(listed("class=warn"), "");
  EXPECT_EQ(listed("name=css&name=a"), "css/grid/a ");
  EXPECT_EQ(listed("name=r&name=css&only=failing"), "css/grid/a ");
  EXPECT_EQ(listed("only=failing&prefix=css/"), "css/c css/grid/a ");
  EXPECT_EQ(listed("depth=1"), "css/:3 js/:1 one ");
  EXPECT_EQ(listed("depth=1&sort=-name"), "one js/:1 css/:3 ");
  EXPECT_EQ(listed("depth=2"), "css/c css/grid/:2 js/d one ");
  EXPECT_EQ(listed("depth=1&prefix=css/"), "css/c css/grid/:2 ");
  EXPECT_EQ(listed("depth=1&only=failing"), "css/:2 js/:1 ");
  EXPECT_EQ(listed("depth=1&class=skip"), "one ");
  const auto css = items(get("/v1/tests?depth=1&" + select))[0].at("counts");
  EXPECT_EQ(css.at("covered"), 5);  // of three tests on linux, of two on mac
  EXPECT_EQ(css.at("pass"), 3);
  EXPECT_EQ(css.at("image"), 1);
  EXPECT_EQ(css.at("crash"), 1);
  EXPECT_EQ(css.at("unexpected").at("crash"), 1);
  EXPECT_EQ(css.at("lost"), 0);
  const auto first = get("/v1/tests?depth=1&limit=1&" + select);
  const std::string next(first.at("next").as_string());
  EXPECT_EQ(items(get("/v1/tests?depth=1&limit=1&page=" + next + "&" + select))[0].at("prefix"), "js/");
  const auto rows = get("/v1/tests?group=os&prefix=css/c&" + select);
  EXPECT_EQ(items(rows)[0].at("states").as_array().size(), 2);
  EXPECT_EQ(items(rows)[0].at("last_run"), format_rfc3339(from_seconds(kFirstSecond + 70)).c_str());
  EXPECT_EQ(rows.at("basis").at("runs"), 3);
  post("/v1/runs",
       R"({"suite":"unit","branch":"main","configuration":{"os":"win"},"started":1600000300,)"
       R"("results":[{"test":"js/e"}],"lost":["css/c","css/gone"]})",
       201);
  const auto with_lost = items(get("/v1/tests?depth=1&" + select))[0];
  EXPECT_EQ(with_lost.at("tests"), 4);
  EXPECT_EQ(with_lost.at("counts").at("lost"), 2);
  EXPECT_EQ(with_lost.at("counts").at("covered"), 5);
  expect_problems({{"/v1/tests?suite=unit&class=odd", "class"},
                   {"/v1/tests?suite=unit&sort=odd", "sort"},
                   {"/v1/tests?suite=unit&sort=-", "sort"},
                   {"/v1/tests?suite=unit&depth=21", "depth"},
                   {"/v1/tests?suite=unit&depth=1&sort=-p50", "sort"}});
}

TEST_F(SearchRoutes, SlowTestsAreOutliers) {
  std::string results;
  for (int i = 0; i < 20; ++i) results += " t" + std::to_string(i) + "=PASS@" + std::to_string(1000 + 10 * i);
  add({}, "quick=PASS@1 none=PASS slow=PASS@90000" + results);
  const auto found = get("/v1/tests?suite=unit&recent=false&only=slow");
  ASSERT_EQ(items(found).size(), 1);
  EXPECT_EQ(items(found)[0].at("test"), "slow");
  EXPECT_EQ(items(found)[0].at("p50_us"), 90'000);
  EXPECT_EQ(get("/v1/tests?suite=unit&recent=false&only=slow&q=failing").at("total"), 0);
}

}  // namespace
}  // namespace resultsdb::http
