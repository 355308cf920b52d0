// /v1/compare on histories whose answers are known.
#include <map>

#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class Compare : public JudgementFixture {
 protected:
  /// Commits 0 and 1 on two configurations; branch `next` has a third one.
  void fill() {
    register_commits(4);
    old_ = add({.os = "linux", .commit = 0},
               "broke=PASS fixed=FAIL still=FAIL kind=FAIL gone=PASS same=PASS skip=PASS");
    new_ = add({.os = "linux", .commit = 1},
               "broke=FAIL fixed=PASS still=FAIL kind=CRASH came=PASS same=PASS skip=SKIP");
    add({.os = "mac", .commit = 0}, "broke=PASS same=PASS");
    add({.os = "mac", .commit = 1}, "broke=PASS same=PASS");
    add({.branch = "next", .os = "linux", .commit = 2}, "broke=FAIL same=PASS");
    add({.branch = "next", .os = "windows", .commit = 2}, "broke=FAIL same=PASS");
  }
  json::value compare(const std::string& a, const std::string& b, const std::string& more = "") const {
    return get("/v1/compare?suite=unit&a=" + escape(a) + "&b=" + escape(b) + more);
  }
  static std::string escape(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
      if (c == '=')
        escaped += "%3D";
      else if (c == ';')
        escaped += "%3B";
      else if (c == '%')
        escaped += "%25";
      else
        escaped += c;
    }
    return escaped;
  }
  static std::map<std::string, std::string> changes(const json::value& answer) {
    std::map<std::string, std::string> all;
    for (const auto& item : items(answer)) {
      all[std::string(item.at("test").as_string())] = item.at("change").as_string();
    }
    return all;
  }
  std::string old_, new_;
};

using Changes = std::map<std::string, std::string>;
const Changes kLinux{{"broke", "new_failure"}, {"fixed", "fixed"}, {"still", "still_failing"},
                     {"kind", "changed_kind"}, {"gone", "only_a"}, {"came", "only_b"},
                     {"skip", "not_run_b"}};

TEST_F(Compare, TwoRuns) {
  fill();
  const auto answer = compare("run=" + old_, "run=" + new_);
  EXPECT_EQ(answer.at("mode"), "sets");
  EXPECT_EQ(changes(answer), kLinux);
  EXPECT_EQ(items(answer)[0].at("test"), "broke");
  EXPECT_EQ(
      answer.at("counts"),
      json::parse(R"({"new_failure":1,"fixed":1,"still_failing":1,"changed_kind":1,"only_a":1,"only_b":1,)"
                  R"("not_run_a":0,"not_run_b":1,"same":1})"));
  EXPECT_EQ(answer.at("total"), 7);
  EXPECT_EQ(answer.at("a").at("text").as_string(), hash(0).substr(0, 12));
  EXPECT_EQ(answer.at("a").at("runs"), 1);
  EXPECT_EQ(answer.at("a").at("results"), 7);
  EXPECT_EQ(answer.at("a").at("where"), json::parse(R"({"os":"linux","style":"release"})"));
  const auto& broke = items(answer)[0];
  const auto actual = [&](const json::value& side) {
    return answer.at("outcomes").at(side.at("outcome").to_number<std::size_t>()).at("actual");
  };
  EXPECT_EQ(actual(broke.at("a")), "PASS");
  EXPECT_EQ(actual(broke.at("b")), "FAIL");
  EXPECT_EQ(k_of_n(broke.at("b").at("p")), KofN(1, 1));
  EXPECT_EQ(broke.at("configuration").as_string().subview(0, 2), "c_");
  EXPECT_EQ(answer.at("basis").at("definition"), "compare.fisher/1");
  EXPECT_TRUE(answer.at("warnings").as_array().empty());
  for (const auto& item : items(answer)) {
    if (item.at("test") == "gone") {
      EXPECT_TRUE(item.at("b").is_null());
    }
  }
}

TEST_F(Compare, TwoCommitsOverConfigurations) {
  fill();
  const auto answer = compare("at=ref:r:" + hash(0), "at=ref:r:" + hash(1));
  EXPECT_EQ(changes(answer), kLinux);
  EXPECT_EQ(answer.at("a").at("runs"), 2);
  EXPECT_EQ(answer.at("counts").at("same"), 3);
  EXPECT_EQ(answer.at("a").at("where"), json::parse(R"({"style":"release"})"));
  EXPECT_TRUE(answer.at("facet_differences").as_array().empty());
  EXPECT_EQ(changes(compare("at=ref:r:" + hash(0) + ";where=os:mac", "at=ref:r:" + hash(1))), Changes{});
}

TEST_F(Compare, TwoBranches) {
  fill();
  const auto answer = compare("branch=main", "branch=next");
  EXPECT_EQ(answer.at("counts").at("still_failing"), 1);
  EXPECT_EQ(answer.at("counts").at("not_run_b"), 2);  // mac
  EXPECT_EQ(answer.at("counts").at("not_run_a"), 2);  // windows
  EXPECT_EQ(answer.at("configurations_only_in_a").at(0).at("facets").at("os"), "mac");
  EXPECT_EQ(answer.at("configurations_only_in_b").at(0).at("facets").at("os"), "windows");
  EXPECT_EQ(answer.at("facet_differences"),
            json::parse(R"([{"facet":"os","a":["linux","mac"],"b":["linux","windows"]}])"));
  EXPECT_EQ(answer.at("a").at("branches"), json::parse(R"(["main"])"));
}

TEST_F(Compare, RangesAreComparedByRates) {
  register_commits(40);
  for (int i = 0; i < 40; ++i) {
    const std::string worse = i >= 20 && i % 4 != 0 ? "FAIL" : "PASS", little = i == 30 ? "FAIL" : "PASS";
    add({.commit = i}, "worse=" + worse + " little=" + little + " same=PASS");
  }
  const auto p = [](int i) { return "pos:" + std::to_string(position(i)); };
  const auto answer = compare("range=" + p(0) + ".." + p(19), "range=" + p(20) + "..");
  EXPECT_EQ(answer.at("mode"), "rates");
  EXPECT_EQ(changes(answer), (Changes{{"worse", "new_failure"}}));
  const auto& item = items(answer).at(0);
  EXPECT_EQ(k_of_n(item.at("a").at("p")), KofN(0, 20));
  EXPECT_EQ(k_of_n(item.at("b").at("p")), KofN(15, 20));
  EXPECT_LT(item.at("p_value").as_double(), 1e-6);
  EXPECT_LE(item.at("p_value").as_double(), item.at("q_value").as_double());
  EXPECT_EQ(answer.at("a").at("runs"), 20);
  EXPECT_EQ(compare("range=last:5", "range=last:3").at("a").at("runs"), 5);
}

TEST_F(Compare, WithoutPairsAndInPages) {
  fill();
  const auto unpaired =
      compare("where=os:mac;at=ref:r:" + hash(1), "where=os:linux;at=ref:r:" + hash(1), "&pair=none");
  EXPECT_EQ(changes(unpaired).at("broke"), "new_failure");
  EXPECT_TRUE(items(unpaired)[0].at("configuration").is_null());
  EXPECT_EQ(unpaired.at("facet_differences").at(0).at("facet"), "os");

  const auto only = compare("run=" + old_, "run=" + new_, "&change=fixed&change=only_b");
  EXPECT_EQ(changes(only), (Changes{{"fixed", "fixed"}, {"came", "only_b"}}));
  EXPECT_EQ(only.at("total"), 2);
  EXPECT_EQ(only.at("counts").at("new_failure"), 1);
  EXPECT_EQ(changes(compare("run=" + old_, "run=" + new_, "&q=ix")), (Changes{{"fixed", "fixed"}}));

  const std::string target = "/v1/compare?suite=unit&sort=test&limit=3&a=run%3D" + old_ + "&b=run%3D" + new_;
  std::string page;
  std::vector<std::string> tests;
  for (int pages = 0; pages < 5; ++pages) {
    const auto answer = get(target + page);
    EXPECT_EQ(answer.at("total"), 7);
    for (const auto& item : items(answer)) tests.emplace_back(item.at("test").as_string());
    if (answer.at("next").is_null()) break;
    page = "&page=" + std::string(answer.at("next").as_string());
  }
  EXPECT_EQ(tests, (std::vector<std::string>{"broke", "came", "fixed", "gone", "kind", "skip", "still"}));
}

TEST_F(Compare, ABodyAsksTheSame) {
  fill();
  const auto by_body =
      post("/v1/compare",
           R"({"suite":"unit","a":"branch=main;where=os%3Alinux","b":"branch=next","limit":2})", 200);
  EXPECT_EQ(by_body, compare("branch=main;where=os%3Alinux", "branch=next", "&limit=2"));
  EXPECT_EQ(items(by_body).size(), 2u);
}

TEST_F(Compare, ASideWithoutRunsIsAWarning) {
  fill();
  const auto answer = compare("branch=main", "branch=nothing");
  ASSERT_EQ(answer.at("warnings").as_array().size(), 1u);
  EXPECT_EQ(answer.at("warnings").at(0).at("code"), "no_runs");
  EXPECT_EQ(answer.at("b").at("runs"), 0);
  EXPECT_EQ(answer.at("b").at("text"), "branch=nothing");
  EXPECT_TRUE(answer.at("facet_differences").as_array().empty());
}

TEST_F(Compare, ProblemsNameTheParameter) {
  fill();
  expect_problems({{"/v1/compare?a=branch%3Dmain&b=branch%3Dmain", "suite"},
                   {"/v1/compare?suite=unit&b=branch%3Dmain", "a"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain", "b"},
                   {"/v1/compare?suite=unit&a=main&b=branch%3Dmain", "a"},
                   {"/v1/compare?suite=unit&a=branch%3D&b=branch%3Dmain", "a"},
                   {"/v1/compare?suite=unit&a=view%3Dv_1&b=branch%3Dmain", "a"},
                   {"/v1/compare?suite=unit&a=suite%3Dunit&b=branch%3Dmain", "a"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=where%3Dos", "b"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=range%3Dlast:0", "b"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=at%3Dpos:1;range%3Dlast:1", "b"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=branch%3D%2500", "b"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=branch%3Dmain&pair=all", "pair"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=branch%3Dmain&change=same", "change"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=branch%3Dmain&sort=p", "sort"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=branch%3Dmain&page=x", "page"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=branch%3Dmain&where=os:mac", "where"}});
  expect_problems({{"/v1/compare?suite=unit&a=run%3Dr_nothing&b=branch%3Dmain", "a"},
                   {"/v1/compare?suite=unit&a=branch%3Dmain&b=at%3Dref:nothing", "b"}},
                  404);
  EXPECT_EQ(
      post("/v1/compare", R"({"suite":"unit","a":{"branch":"main"},"b":"branch=main"})", 400).at("parameter"),
      "a");
}

}  // namespace
}  // namespace resultsdb::http
