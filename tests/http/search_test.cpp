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
      {{"/v1/tests?suite=unit&only=odd", "only"}, {"/v1/tests?suite=unit&only=new&prefix=a", "prefix"}});
}

}  // namespace
}  // namespace resultsdb::http
