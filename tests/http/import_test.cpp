// POST /v1/import.
#include "http/native_fixture.hpp"

namespace resultsdb::http {
namespace {

using Import = NativeFixture;

const std::string kJUnit =
    R"(<testsuite name="x"><testcase classname="c" name="good" time="0.25"/>)"
    R"(<testcase classname="c" name="bad"><failure message="no">trace</failure></testcase></testsuite>)";

TEST_F(Import, StoresAResultFile) {
  const auto run = post(
      "/v1/import?suite=junit&branch=main&configuration=os=linux&started=1600000000&id=build-7"
      "&attribute=host=a&commit=r@" +
          std::string(40, 'a'),
      kJUnit, 201);
  EXPECT_EQ(run.at("id"), "build-7");
  EXPECT_EQ(run.at("started"), "2020-09-13T12:26:40Z");
  EXPECT_EQ(run.at("configuration").at("facets").at("os"), "linux");
  EXPECT_EQ(run.at("counts").at("covered"), 2);
  EXPECT_EQ(run.at("counts").at("fail"), 1);
  EXPECT_EQ(run.at("commits").as_array().size(), 1u);
  EXPECT_EQ(get("/v1/runs/build-7/failures").at("total"), 1);
}

TEST_F(Import, TheSameFileWithoutAStartIsTheSameRun) {
  post("/v1/import?suite=junit", kJUnit, 201);
  clock_.advance(std::chrono::hours(1));
  const std::string hash(40, 'a');
  EXPECT_EQ(post("/v1/import?suite=other&commit=r@" + hash, kJUnit, 201).at("stored"), "added");
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(post("/v1/import?suite=other&commit=r@" + hash, kJUnit, 200).at("stored"), "unchanged");
}

TEST_F(Import, ACutFileIsAnIncompleteRun) {
  const auto run = post("/v1/import?suite=junit", kJUnit.substr(0, kJUnit.size() - 30), 201);
  EXPECT_EQ(run.at("state"), "incomplete");
}

TEST_F(Import, TheRequestAndTheFileTogetherHaveAsManyAttributesAsARunMayHave) {
  std::string query = "/v1/import?suite=s&started=1600000000&commit=r@" + std::string(40, 'a'), file;
  for (int i = 0; i < 200; ++i) query += "&attribute=request" + std::to_string(i) + "=x";
  const auto file_with = [](int properties) {
    std::string text = R"(<testsuite name="x"><properties>)";
    for (int i = 0; i < properties; ++i)
      text += "<property name=\"file" + std::to_string(i) + R"(" value="y"/>)";
    return text + R"(</properties><testcase classname="c" name="t"/></testsuite>)";
  };
  post(query, file_with(10), 201);
  const auto refused = post(query, file_with(100), 400);
  EXPECT_EQ(refused.at("parameter").as_string(), "attribute");
  EXPECT_NE(boost::json::serialize(refused).find("here are 200, and 100 in the file"), std::string::npos)
      << boost::json::serialize(refused);
  EXPECT_EQ(stored_runs(), 1u);
}

TEST_F(Import, RefusesByName) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"", kJUnit, "suite"},
      {"?suite=", kJUnit, "suite"},
      {"?suite=s&configuration=os", kJUnit, "configuration"},
      {"?suite=s&configuration=os=a&configuration=os=b", kJUnit, "configuration"},
      {"?suite=s&commit=r", kJUnit, "commit"},
      {"?suite=s&commit=r@abcdef1", kJUnit, "commits[0]"},
      {"?suite=s&started=now", kJUnit, "started"},
      {"?suite=s&attempt=0", kJUnit, "attempt"},
      {"?suite=s&state=running", kJUnit, "state"},
      {"?suite=s&colour=red", kJUnit, "colour"},
      {"?suite=" + std::string(5000, 's'), kJUnit, "suite"},
      {"?suite=s", "", ""},
      {"?suite=s", "rubbish", ""},
  };
  for (const auto& [query, body, parameter] : cases) {
    SCOPED_TRACE(query.substr(0, 100) + ' ' + body.substr(0, 20));
    const Response response = send("POST", "/v1/import" + query, body);
    const auto problem = parse(response, response.status == 201 ? 400 : response.status, query);
    EXPECT_EQ(response.status, 400);
    if (!parameter.empty()) {
      EXPECT_EQ(problem.at("parameter").as_string(), parameter);
    }
  }
  EXPECT_EQ(stored_runs(), 0u);
}

}  // namespace
}  // namespace resultsdb::http
