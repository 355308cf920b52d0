// /v1/slow, /v1/durations, /v1/shards and /v1/clusters on histories whose answers are known.
#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

class DurationRoutes : public JudgementFixture {
 protected:
  std::string upload(int commit, const std::string& results) {
    const std::string second = std::to_string(kFirstSecond + 60 * commit);
    const auto stored = post("/v1/runs",
                             R"({"suite":"unit","branch":"main","configuration":{"os":"linux"},)"
                             R"("commits":[{"repository":"r","branch":"main","hash":")" +
                                 hash(commit) + R"(","timestamp":)" + second + R"(}],"started":)" + second +
                                 R"(,"results":[)" + results + "]}",
                             201);
    return std::string(stored.at("id").as_string());
  }
  static std::string timed(const std::string& test, int us) {
    return R"({"test":")" + test + R"(","duration_us":)" + std::to_string(us) + "}";
  }
};

TEST_F(DurationRoutes, SlowTestsAndOneOfThem) {
  register_commits(30);
  for (int i = 0; i < 30; ++i)
    upload(i, timed("a", (i < 20 ? 1000 : 2000) * (100 + i % 3)) + "," + timed("b", 500'000));
  const std::string select = "suite=unit&recent=false";
  const auto slow = get("/v1/slow?" + select);
  EXPECT_EQ(slow.at("total"), 2);
  EXPECT_EQ(slow.at("items").at(0).at("test"), "b");
  EXPECT_EQ(slow.at("items").at(0).at("n"), 10);
  EXPECT_EQ(slow.at("items").at(0).at("p50_us"), 500'000);
  EXPECT_EQ(slow.at("basis").at("runs"), 10);
  const auto growing = get("/v1/slow?sort=-growth&" + select);
  EXPECT_EQ(growing.at("items").at(0).at("test"), "a");
  EXPECT_GT(growing.at("items").at(0).at("growth").at("low").as_double(), 1.9);
  EXPECT_EQ(get("/v1/slow?q=a&" + select).at("total"), 1);
  for (const std::string sort : {"-p50", "-spent", "-growth"}) {
    const std::string target = "/v1/slow?sort=" + sort + "&" + select;
    const auto whole = get(target), first = get(target + "&limit=1");
    EXPECT_TRUE(whole.at("next").is_null());
    const auto rest = get(target + "&limit=1&page=" + std::string(first.at("next").as_string()));
    EXPECT_TRUE(rest.at("next").is_null());
    EXPECT_EQ(first.at("items").at(0), whole.at("items").at(0)) << sort;
    EXPECT_EQ(rest.at("items").at(0), whole.at("items").at(1)) << sort;
  }
  const auto one = get("/v1/durations?test=a&" + select);
  EXPECT_EQ(one.at("series").at(0).at("points").as_array().size(), 30);
  ASSERT_EQ(one.at("change_points").as_array().size(), 1);
  EXPECT_EQ(one.at("change_points").at(0).at("position"), position(20));
  expect_problems({{"/v1/slow?suite=unit&sort=odd", "sort"},
                   {"/v1/slow?suite=unit&limit=0", "limit"},
                   {"/v1/durations?suite=unit", "test"}});
  EXPECT_EQ(get("/v1/durations?test=none&" + select, 404).at("parameter"), "test");
}

TEST_F(DurationRoutes, DaysAndWeeksShareAnAxis) {
  const auto run = [&](const std::string& os, const std::string& started, const std::string& results) {
    post("/v1/runs",
         R"({"suite":"unit","branch":"main","configuration":{"os":")" + os + R"("},"started":")" + started +
             R"(","results":[)" + results + "]}",
         201);
  };
  run("linux", "2026-11-22T23:00:00Z", timed("t", 100));
  run("linux", "2026-11-24T01:00:00Z", timed("t", 300));
  run("linux", "2026-11-24T02:00:00Z", timed("t", 500));
  run("mac", "2026-11-23T00:00:00Z", R"({"test":"t","actual":"TIMEOUT","duration_us":9000})");
  const auto days = get("/v1/durations?suite=unit&recent=false&test=t&bucket=day");
  constexpr int kDay = 86'400;
  EXPECT_EQ(days.at("time_s"), boost::json::parse("[1795305600,86400,86400]"));
  const auto& linux_days = days.at("series").at(0).at("buckets");
  EXPECT_EQ(linux_days.at("n"), boost::json::parse("[1,0,2]"));
  EXPECT_EQ(linux_days.at("p50_us"), boost::json::parse("[100,null,400]"));
  EXPECT_EQ(linux_days.at("max_us"), boost::json::parse("[100,null,500]"));
  const auto& mac_days = days.at("series").at(1).at("buckets");
  EXPECT_EQ(mac_days.at("n"), boost::json::parse("[0,0,0]"));
  EXPECT_EQ(mac_days.at("timeouts"), boost::json::parse("[0,1,0]"));
  EXPECT_FALSE(days.at("series").at(0).as_object().contains("points"));
  const auto weeks = get("/v1/durations?suite=unit&recent=false&test=t&bucket=week");
  EXPECT_EQ(weeks.at("time_s"), boost::json::parse("[" + std::to_string(1795305600 - 6 * kDay) + ",604800]"));
  EXPECT_EQ(weeks.at("series").at(0).at("buckets").at("n"), boost::json::parse("[1,2]"));
  const auto runs = get("/v1/durations?suite=unit&recent=false&test=t&bucket=run");
  EXPECT_EQ(runs, get("/v1/durations?suite=unit&recent=false&test=t"));
  EXPECT_FALSE(runs.as_object().contains("time_s"));
  expect_problems({{"/v1/durations?suite=unit&test=t&bucket=month", "bucket"}});
}

TEST_F(DurationRoutes, ShardsTakeAboutAsLong) {
  register_commits(3);
  for (int i = 0; i < 3; ++i)
    upload(i, timed("a", 600) + "," + timed("b", 500) + "," + timed("c", 400) + "," + timed("d", 300) + "," +
                  timed("other", 9000) + R"(,{"test":"new","actual":"FAIL"})");
  const std::string target = "/v1/shards?suite=unit&recent=false&";
  const auto two = get(target + "shards=2");
  ASSERT_EQ(two.at("shards").as_array().size(), 2u);
  EXPECT_EQ(two.at("tests"), 6);
  EXPECT_EQ(two.at("unknown"), 1);
  EXPECT_EQ(two.at("shards").at(0).at("tests").at(0), "other");
  EXPECT_EQ(two.at("basis").at("runs"), 3);
  std::int64_t sum = 0;
  std::size_t tests = 0;
  for (const auto& shard : two.at("shards").as_array()) {
    sum += shard.at("predicted_us").as_int64();
    tests += shard.at("tests").as_array().size();
  }
  EXPECT_EQ(two.at("total_us"), sum);
  EXPECT_EQ(tests, 6u);
  EXPECT_EQ(get(target + "shards=3&q=a").at("tests"), 1);
  expect_problems({{"/v1/shards?suite=unit", "shards"},
                   {"/v1/shards?suite=unit&shards=0", "shards"},
                   {"/v1/shards?suite=unit&shards=10001", "shards"},
                   {"/v1/shards?shards=2", "suite"}});
}

TEST_F(DurationRoutes, TheTreeOfASuiteAndOfARun) {
  register_commits(3);
  const auto results = [](int us) {
    return timed("css/grid/a", us) + "," + timed("css/grid/b", 100) + "," + timed("css/c", 200) + "," +
           timed("js/d", 5000) + R"(,{"test":"js/e","actual":"FAIL"})";
  };
  for (int i = 0; i < 2; ++i) upload(i, results(1000));
  const std::string run = upload(2, results(9000));
  const std::string select = "suite=unit&recent=false";
  const auto tree = get("/v1/durations/tree?" + select);
  EXPECT_EQ(tree.at("name"), "");
  EXPECT_EQ(tree.at("total_us"), 6300);
  EXPECT_EQ(tree.at("tests"), 5);
  EXPECT_EQ(tree.at("untimed"), 1);
  EXPECT_EQ(tree.at("failing"), 1);
  EXPECT_EQ(tree.at("basis").at("runs"), 3);
  EXPECT_EQ(tree.at("children").at(0).at("name"), "js/");
  EXPECT_EQ(tree.at("children").at(1).at("children").at(0).at("name"), "css/grid/");
  EXPECT_TRUE(tree.at("children").at(1).at("children").at(0).at("children").as_array().empty());
  EXPECT_EQ(get("/v1/durations/tree?run=" + run + "&" + select).at("total_us"), 14300);
  const auto inside = get("/v1/durations/tree?prefix=css/&depth=1&" + select);
  EXPECT_EQ(inside.at("total_us"), 1300);
  EXPECT_EQ(inside.at("children").at(1).at("test"), true);
  const auto cut = get("/v1/durations/tree?max=2&" + select);
  EXPECT_EQ(cut.at("children").as_array().size(), 1);  // js/ and the test in it take longer than css/
  EXPECT_EQ(cut.at("rest").at("tests"), 3);
  EXPECT_EQ(cut.at("rest").at("total_us"), 1300);
  EXPECT_EQ(get("/v1/durations/tree?run=none&" + select, 404).at("parameter"), "run");
  expect_problems({{"/v1/durations/tree?suite=unit&depth=0", "depth"},
                   {"/v1/durations/tree?suite=unit&max=0", "max"},
                   {"/v1/durations/tree?suite=unit&run=a&range=last:3", "run"}});
}

TEST_F(DurationRoutes, ClustersOfAWindowAndOfARun) {
  register_commits(3);
  const auto failed = [](const std::string& test, const std::string& message) {
    return R"({"test":")" + test + R"(","actual":"FAIL","detail":{"message":")" + message + R"("}})";
  };
  const std::string first = upload(0, failed("a", "got 1 of 2") + "," + failed("b", "got 7 of 8"));
  upload(1, failed("a", "got 3 of 4") + "," + failed("b", "other"));
  const std::string select = "suite=unit&recent=false";
  const auto all = get("/v1/clusters?" + select);
  EXPECT_EQ(all.at("total"), 2);
  EXPECT_EQ(all.at("results"), 4);
  EXPECT_EQ(all.at("items").at(0).at("pattern"), "got % of %");
  EXPECT_EQ(all.at("items").at(0).at("count"), 3);
  EXPECT_EQ(all.at("items").at(0).at("example_tests").as_array().size(), 2);
  EXPECT_EQ(std::string(all.at("items").at(0).at("first").at("run").as_string()), first);
  const auto page = get("/v1/clusters?limit=1&" + select);
  EXPECT_EQ(page.at("items").at(0), all.at("items").at(0));
  EXPECT_EQ(get("/v1/clusters?limit=1&" + select + "&page=" + std::string(page.at("next").as_string()))
                .at("items")
                .at(0),
            all.at("items").at(1));

  // The same of the failures of one run.
  const std::string failures = "/v1/runs/" + first + "/failures?suite=unit&group=cluster";
  const auto groups = get(failures).at("groups").as_array();
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].at("key"), all.at("items").at(0).at("id"));
  EXPECT_EQ(groups[0].at("title"), "got % of %");
  EXPECT_EQ(groups[0].at("count"), 2);
  const std::string third =
      upload(2, failed("a", "lone") + "," + failed("b", "got 1 of 2") + "," + failed("c", "got 2 of 3"));
  const auto cut = get("/v1/runs/" + third + "/failures?suite=unit&group=cluster&limit=1");
  EXPECT_EQ(cut.at("groups").at(0).at("title"), "got % of %") << "the largest first";
  EXPECT_EQ(cut.at("groups").at(0).at("more"), 1);
  const auto rest = get(
      "/v1/runs/" + third + "/failures?suite=unit&group=cluster&limit=2&page=" +
      std::string(
          get("/v1/runs/" + third + "/failures?suite=unit&group=cluster&limit=2").at("next").as_string()));
  EXPECT_EQ(rest.at("groups").at(0).at("title"), "lone");
  EXPECT_TRUE(rest.at("next").is_null());
  EXPECT_EQ(get("/v1/clusters?run=" + first + "&" + select).at("results"), 2);
  EXPECT_EQ(get("/v1/clusters?test=b&" + select).at("total"), 2);
  EXPECT_EQ(get("/v1/clusters?test=none&" + select, 404).at("parameter"), "test");
  expect_problems({{"/v1/clusters?suite=unit&limit=0", "limit"}, {"/v1/clusters?limit=1", "suite"}});
}

}  // namespace
}  // namespace resultsdb::http
