// /v1/failures, /v1/coverage-gaps and /v1/coverage on histories whose answers are known.
#include <map>
#include <set>

#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class CoverageRoutes : public JudgementFixture {
 protected:
  static std::string text(const json::value& value) { return std::string(value.as_string()); }
  /// Items of all pages of `limit` items; `label` tells them apart.
  std::vector<json::value> all_pages(const std::string& target, int limit) const {
    std::vector<json::value> all;
    std::string page;
    do {
      const auto answer = get(target + "&limit=" + std::to_string(limit) + page);
      all.insert(all.end(), items(answer).begin(), items(answer).end());
      page = answer.at("next").is_null() ? "" : "&page=" + text(answer.at("next"));
      EXPECT_EQ(page.empty(), all.size() == answer.at("total").to_number<std::size_t>());
    } while (!page.empty() && all.size() < 1000);
    return all;
  }
};

TEST_F(CoverageRoutes, Failures) {
  register_commits(4);
  for (int i = 0; i < 3; ++i) {
    add({.os = "linux", .commit = i}, "a=FAIL b=PASS c=TIMEOUT expected=FAIL/FAIL");
    add({.os = "mac", .commit = i}, i == 1 ? "a=PASS b=CRASH" : "a=PASS b=PASS");
  }
  const std::string select = "suite=unit&recent=false";
  const auto answer = get("/v1/failures?" + select);
  EXPECT_EQ(answer.at("total"), 3);
  EXPECT_EQ(answer.at("composition").at("runs"), 6);
  EXPECT_EQ(answer.at("composition").at("commits"), 3);
  EXPECT_EQ(answer.at("composition").at("run_list").as_array().size(), 6);
  EXPECT_EQ(answer.at("counts").at("covered"), 18);
  EXPECT_EQ(answer.at("counts").at("lost"), 0);
  std::string order;
  for (const auto& item : items(answer)) order += text(item.at("test"));
  EXPECT_EQ(order, "bca");  // the worst first
  const auto& b = items(answer)[0];
  EXPECT_EQ(b.at("count"), 1);
  EXPECT_EQ(b.at("runs"), 6);
  EXPECT_EQ(b.at("first").at("position"), position(1));
  EXPECT_EQ(b.at("configurations").as_array().size(), 1);
  const auto& outcomes = answer.at("outcomes").as_array();
  const auto outcome = [&](const json::value& id) {
    return text(outcomes.at(id.to_number<std::size_t>()).at("actual"));
  };
  EXPECT_EQ(outcome(b.at("worst")), "CRASH");
  std::multiset<std::int64_t> matrix;
  for (const auto& cell : items(answer)[1].at("matrix").as_array()) matrix.insert(cell.at(1).as_int64());
  EXPECT_EQ(matrix.size(), 2);
  EXPECT_TRUE(matrix.contains(-1));  // mac did not run it
  EXPECT_EQ(items(get("/v1/failures?outcomes=failing&sort=-count&" + select))[0].at("count"), 3);
  EXPECT_EQ(get("/v1/failures?outcomes=failing&" + select).at("total"), 4);
  EXPECT_EQ(get("/v1/failures?test=a&" + select).at("total"), 1);
  EXPECT_EQ(get("/v1/failures?where=os:mac&" + select).at("total"), 1);
  EXPECT_EQ(get("/v1/failures?at=ref:r:" + hash(1) + "&" + select).at("composition").at("runs"), 2);
  const auto nothing = get("/v1/failures?at=ref:r:" + hash(3) + "&" + select);
  EXPECT_EQ(nothing.at("total"), 0);  // and says that nothing was run
  EXPECT_EQ(nothing.at("composition").at("runs"), 0);
  EXPECT_EQ(all_pages("/v1/failures?sort=test&" + select, 1).size(), 3);
  EXPECT_EQ(get("/v1/failures?test=none&" + select, 404).at("parameter"), "test");
  expect_problems({{"/v1/failures?sort=odd", "sort"},
                   {"/v1/failures?group=odd", "group"},
                   {"/v1/failures?suite=unit&page=x", "page"},
                   {"/v1/failures?odd=1", "odd"}});
}

TEST_F(CoverageRoutes, FailuresThatSayTheSame) {
  const auto upload = [&](const std::string& os, const std::string& results) {
    post("/v1/runs",
         R"({"suite":"unit","configuration":{"os":")" + os + R"("},"started":1600000000,"results":[)" +
             results + "]}",
         201);
  };
  const auto failed = [](const std::string& test, const std::string& message) {
    return R"({"test":")" + test + R"(","actual":"FAIL","detail":{"message":")" + message + R"("}})";
  };
  upload("linux",
         failed("a", "got 1 of 2") + "," + failed("b", "got 7 of 8") + R"(,{"test":"c","actual":"CRASH"})");
  upload("mac", failed("a", "got 3 of 4"));
  const std::string select = "suite=unit&recent=false";
  const auto tests = get("/v1/failures?" + select);
  EXPECT_FALSE(items(tests)[0].as_object().contains("cluster"));  // c says nothing
  EXPECT_EQ(items(tests)[1].at("cluster"), items(tests)[2].at("cluster"));
  EXPECT_EQ(items(tests)[1].at("pattern"), "got % of %");
  const auto groups = get("/v1/failures?group=cluster&" + select);
  ASSERT_EQ(groups.at("total"), 2);
  EXPECT_EQ(items(groups)[0].at("cluster"), items(tests)[1].at("cluster"));
  EXPECT_EQ(items(groups)[0].at("tests"), 2);
  EXPECT_EQ(items(groups)[0].at("count"), 3);
  EXPECT_EQ(items(groups)[0].at("configurations").as_array().size(), 2);
  EXPECT_TRUE(items(groups)[1].at("cluster").is_null());
  EXPECT_EQ(items(get("/v1/failures?group=cluster&test=b&" + select))[0].at("count"), 1);
  EXPECT_EQ(all_pages("/v1/failures?group=cluster&" + select, 1).size(), 2);
  expect_problems({{"/v1/failures?group=cluster&sort=test", "sort"}});
}

TEST_F(CoverageRoutes, FailuresNameTheRunsThatDoNotCount) {
  add({.commit = 0}, "a=FAIL");
  add({.state = "failed", .commit = 1}, "b=FAIL");
  const auto answer = get("/v1/failures?suite=unit&recent=false");
  EXPECT_EQ(answer.at("total"), 1);
  EXPECT_EQ(answer.at("composition").at("excluded"), 1);
  EXPECT_EQ(answer.at("composition").at("excluded_list").at(0).at("state"), "failed");
}

TEST_F(CoverageRoutes, GapsAndCoverageAtACommit) {
  register_commits(3);
  add({.os = "linux", .commit = 0}, "css/a=PASS css/b=PASS js/c=PASS d=FAIL");
  const std::string newest = add({.os = "linux", .commit = 1}, "css/a=PASS js/c=SKIP d=PASS");
  add({.os = "mac", .commit = 0}, "css/a=PASS css/b=PASS js/c=PASS");
  const std::string select = "suite=unit&recent=false";
  const auto answer = get("/v1/coverage-gaps?" + select);
  std::map<std::string, std::string> reasons;
  for (const auto& item : items(answer)) reasons[text(item.at("test"))] += text(item.at("reason"));
  EXPECT_EQ(reasons,
            (std::map<std::string, std::string>{{"css/b", "dropped"}, {"js/c", "skipped"}, {"d", "never"}}));
  EXPECT_EQ(answer.at("by_reason").at("dropped"), 1);
  EXPECT_EQ(answer.at("by_reason").at("stale"), 0);
  EXPECT_EQ(items(answer)[0].at("last").at("position"), position(0));
  const auto& matrix = answer.at("matrix");
  EXPECT_EQ(json::serialize(matrix.at("folders")), R"(["","css/","js/"])");
  EXPECT_EQ(json::serialize(matrix.at("of")), "[1,2,1]");
  EXPECT_EQ(json::serialize(matrix.at("covered")), "[[1,0],[1,2],[0,1]]");
  EXPECT_EQ(get("/v1/coverage-gaps?reason=never&reason=skipped&" + select).at("total"), 2);
  EXPECT_EQ(json::serialize(get("/v1/coverage-gaps?prefix=css/&" + select).at("matrix").at("folders")),
            R"([""])");
  EXPECT_EQ(all_pages("/v1/coverage-gaps?" + select, 1).size(), 3);

  const auto at = get("/v1/coverage?at=ref:r:" + hash(1) + "&" + select).at("configurations");
  EXPECT_EQ(at.at(0).at("run").as_string(), newest);
  EXPECT_EQ(at.at(0).at("covered"), 3);
  EXPECT_EQ(at.at(0).at("skipped"), 1);
  EXPECT_EQ(at.at(0).at("of"), 4);
  EXPECT_TRUE(at.at(1).at("run").is_null());
  EXPECT_EQ(at.at(1).at("covered"), 0);
  EXPECT_EQ(at.at(1).at("of"), 3);
  expect_problems({{"/v1/coverage-gaps?suite=unit&reason=odd", "reason"},
                   {"/v1/coverage-gaps?limit=1", "suite"},
                   {"/v1/coverage-gaps?suite=unit&page=x", "page"},
                   {"/v1/coverage?suite=unit", "at"},
                   {"/v1/coverage?suite=unit&at=odd", "at"}});
}

}  // namespace
}  // namespace resultsdb::http
