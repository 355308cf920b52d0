// /v1/gate and /v1/rerun-plan on histories whose answers are known.
#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

class Gate : public JudgementFixture {
 protected:
  void fill() {
    register_commits(4);
    add({.os = "linux", .commit = 0}, "a=PASS b=PASS");
    candidate_ = add({.os = "linux", .commit = 1}, "a=FAIL b=PASS");
  }
  std::string candidate_;
};

TEST_F(Gate, ANewFailureClosesIt) {
  fill();
  const std::string sides = "/v1/gate?suite=unit&base=branch%3Dmain&candidate=run%3D" + candidate_;
  const auto closed = get(sides);
  EXPECT_FALSE(closed.at("open").as_bool());
  EXPECT_EQ(closed.at("counted"), 1);
  EXPECT_EQ(closed.at("new_failures").at(0).at("test"), "a");
  EXPECT_NE(closed.at("markdown").as_string().find("`a`"), std::string::npos);
  EXPECT_TRUE(get(sides + "&new_failures=1").at("open").as_bool());
  EXPECT_TRUE(get(sides + "&q=b").at("open").as_bool());
  EXPECT_FALSE(get(sides + "&new_failures=1&require=os%3Amac").at("open").as_bool());
  EXPECT_TRUE(get(sides + "&new_failures=1&require=os%3Alinux").at("open").as_bool());
  EXPECT_FALSE(get(sides + "&new_failures=1&forbid=failing").at("open").as_bool());
  expect_problems({{(sides + "&forbid=count(").c_str(), "forbid"},
                   {(sides + "&require=").c_str(), "require"},
                   {(sides + "&new_failures=-1").c_str(), "new_failures"},
                   {"/v1/gate?suite=unit&base=branch%3Dmain", "candidate"}});
}

TEST_F(Gate, APlanStaysWithinItsBudget) {
  fill();
  const auto plan = get("/v1/rerun-plan?suite=unit&recent=false&budget_us=60000000");
  ASSERT_FALSE(plan.at("items").as_array().empty());
  EXPECT_EQ(plan.at("items").at(0).at("test"), "a");
  EXPECT_EQ(plan.at("items").at(0).at("reason"), "confirm");
  EXPECT_LE(plan.at("total_us").as_int64(), 60'000'000);
  EXPECT_TRUE(get("/v1/rerun-plan?suite=unit&recent=false&budget_us=0").at("items").as_array().empty());
  const Response text = send("GET", "/v1/rerun-plan?suite=unit&recent=false&format=ctest");
  EXPECT_EQ(text.body, "^(a)$");
  EXPECT_EQ(text.header("Content-Type"), "text/plain; charset=utf-8");
  expect_problems({{"/v1/rerun-plan?suite=unit&budget_us=-1", "budget_us"},
                   {"/v1/rerun-plan?suite=unit&reason=odd", "reason"},
                   {"/v1/rerun-plan?suite=unit&format=odd", "format"}});
}

}  // namespace
}  // namespace resultsdb::http
