// What the recordings do not show, through the router on the memory backend.
#include <sstream>

#include "compat/webkit/endpoint_fixture.hpp"
#include "compat/webkit/service.hpp"

namespace resultsdb::webkit {
namespace {

class Endpoints : public testing::EndpointFixture {};
using testing::kAllOk;
using testing::kNow;

TEST_F(Endpoints, AnswersAreByteForByte) {
  ASSERT_EQ(upload({.results = R"({"a":{"x#1?y":{"actual":"TEXT","time":1.50,"log":"x\u00e9"}}})"}), kAllOk);
  const auto reply = get("/api/results/s/a/x$231$3Fy");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  EXPECT_EQ(reply.body,
            R"([{"configuration":{"architecture":"x86_64","is_simulator":false,"platform":"mac","sdk":"A",)"
            R"("version":10014000},"results":[{"actual":"TEXT","expected":"PASS","log":"x\u00e9",)"
            R"("start_time":1601990000,"time":1.5,"uuid":160190000000}]}])"
            "\n");
}

TEST_F(Endpoints, RunsAreKeptForTheirTimeFromTheCommit) {
  const auto rule = retention_rule(options_);
  ASSERT_TRUE(rule && *rule);
  Retention retention(model_, **rule);
  const auto tidy = [&] {
    const auto step = retention.step(clock_.now());
    ASSERT_TRUE(step) << step.error();
    EXPECT_TRUE(step->done);
  };
  ASSERT_EQ(upload({.started = 1'601'990'001}), kAllOk);
  ASSERT_EQ(upload({.commit = 1'601'900'001, .started = 1'601'990'002}), kAllOk);
  resultsdb::Run other{.header = {.suite = "s", .branch = "default"}};  // did not come in here
  other.header.position = 5;
  ASSERT_TRUE(model_->ingest(other, {.received = clock_.now()}));

  clock_.set(from_seconds(1'601'900'000 + options_.default_ttl_seconds));
  tidy();
  EXPECT_EQ(model_->runs({.suite = "s"})->size(), 3u);
  clock_.set(from_seconds(1'601'900'001 + options_.default_ttl_seconds));
  tidy();
  EXPECT_EQ(model_->runs({.suite = "s"})->size(), 2u);
  EXPECT_EQ(upload({.started = 1'601'990'003}), kAllOk) << "over already: not written, without a word";
  EXPECT_EQ(model_->runs({.suite = "s"})->size(), 2u);

  options_.default_ttl_seconds = 4 * 7 * 86'400 - 1;
  EXPECT_EQ(retention_rule(options_).error().message, "TTL must be at least 4 weeks");
  options_.default_ttl_seconds = 0;
  EXPECT_FALSE(retention_rule(options_)->has_value());
}

TEST_F(Endpoints, UploadsAreKeptAsLongAsTheirRunWithoutTheKey) {
  const auto kept = [&] {
    std::ostringstream text;
    EXPECT_TRUE(model_->export_to(text, {}));
    return text.str().find("/webkit-upload") != std::string::npos;
  };
  ASSERT_EQ(upload({.results = R"({"a":{"time":1.50}}},"api_key":"not to be kept","more":{"x":{})"}), kAllOk);
  EXPECT_TRUE(kept());
  const std::string answer = get("/api/upload").body;
  EXPECT_NE(answer.find(R"("results":{"a":{"time":1.5}})"), std::string::npos) << answer;
  ASSERT_TRUE(model_->purge({.suite = "s", .range = {.from_position = 0}}));
  EXPECT_FALSE(kept());
  EXPECT_EQ(get("/api/upload").body, "[]\n");
}

TEST_F(Endpoints, TwoSpellingsOfATestAreCountedTwiceAndStoredOnce) {
  ASSERT_EQ(upload({.results = R"({"a/b":{"c":{"actual":"FAIL"}},"a":{"b":{"c":{"actual":"CRASH"}}}})"}),
            kAllOk);
  EXPECT_NE(get("/api/results/s").body.find(R"("tests_run":2)"), std::string::npos);
  EXPECT_NE(get("/api/results/s/a/b/c").body.find(R"("actual":"CRASH")"), std::string::npos);
  EXPECT_EQ(get("/api/s/tests").body, "[\"a/b/c\"]\n");
}

TEST_F(Endpoints, LimitCountsAfterSdksAreFiltered) {
  for (int i = 0; i < 4; ++i) {
    const std::int64_t place = 100 * i;
    EXPECT_EQ(
        upload({.commit = 1'601'900'000 + place, .started = 1'601'990'000 + i, .sdk = i % 2 ? "A" : "B"}),
        kAllOk);
  }
  EXPECT_EQ(runs_of("/api/results/s?limit=2"), "A 3\nB 2\n");
  EXPECT_EQ(runs_of("/api/results/s?limit=2&sdk=B"), "B 0 2\n");
  EXPECT_EQ(runs_of("/api/results/s/t?limit=1&sdk=A"), "A 3\n");
  EXPECT_EQ(runs_of("/api/results/s/t?limit=1&sdk=C"), "");
}

TEST_F(Endpoints, RunsOfOneCommitAreCutFromTheirEnd) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(upload({.started = 1'601'990'000 + i}), kAllOk);
  EXPECT_EQ(runs_of("/api/results/s"), "A 0 1 2\n");
  EXPECT_EQ(runs_of("/api/results/s?limit=2"), "A 0 1\n");
  EXPECT_EQ(runs_of("/api/results/s?limit=2&after_time=1601990000"), "A 1 2\n");
  EXPECT_EQ(runs_of("/api/results/s/t?limit=2"), "A 0 1\n");
}

TEST_F(Endpoints, UploadAgainKeepsTestsThatItLacks) {
  ASSERT_EQ(upload({.results = R"({"a":{"actual":"FAIL","time":3},"b":{}})"}), kAllOk);
  ASSERT_EQ(upload({.results = R"({"b":{"actual":"CRASH"}})"}), kAllOk);
  EXPECT_NE(get("/api/results/s/a")
                .body.find(R"("actual":"FAIL","expected":"PASS","start_time":1601990000,"time":3)"),
            std::string::npos);
  EXPECT_NE(get("/api/results/s/b").body.find(R"("actual":"CRASH")"), std::string::npos);
  EXPECT_NE(get("/api/results/s").body.find(R"("tests_run":1)"), std::string::npos);
}

TEST_F(Endpoints, MalformedResultsLeaveTheSuiteAndNothingElse) {
  const std::string steps = upload({.results = R"({"a":{"b":{},"c":1}})"});
  EXPECT_NE(steps.find(R"("test-results":{"description":"Incorrectly formatted nested)"), std::string::npos);
  EXPECT_EQ(get("/api/results/s").body, "[]\n");
  EXPECT_EQ(get("/api/s/tests").body, "[]\n");
  EXPECT_NE(get("/api/suites").body.find(R"(["s"])"), std::string::npos);
}

TEST_F(Endpoints, WritesAreForThisMachine) {
  const auto refused = post("/api/upload", "{}", /*loopback=*/false);
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(refused.body.starts_with("{\"description\":"));
  EXPECT_EQ(post("/api/commits/register", "{}", /*loopback=*/false).status, 403);
}

TEST_F(Endpoints, TheKeyIsAMemberOrAField) {
  Options options;
  options.clock = clock_.clock();
  options.api_keys =
      std::make_shared<const http::ApiKeys>(http::ApiKeys::parse("bot 0123456789abcdef").value());
  http::Router guarded;
  mount(guarded, Model::create(backends::open_memory()).value(), options);
  http::Request request;
  request.method = "POST";
  http::set_target(request, "/api/commits");
  const std::string commit =
      R"("repository_id":"tools","branch":"main","hash":"abc123","timestamp":1601900000)";
  const auto status = [&](std::string body, const char* type = "application/json") {
    request.headers = {{"Content-Type", type}};
    request.body = std::move(body);
    return guarded.dispatch(request).status;
  };
  EXPECT_EQ(status("{" + commit + "}"), 403);
  EXPECT_EQ(status("{" + commit + R"(,"api_key":"0123456789abcdeX"})"), 403);
  EXPECT_EQ(status("{" + commit + R"(,"more":{"api_key":"0123456789abcdef"}})"), 403)
      << "not the document's own";
  EXPECT_EQ(status(R"({"api_key":)"), 403);
  EXPECT_EQ(status("{" + commit + R"(,"api_key":"0123456789abcdef"})"), 200);
  EXPECT_EQ(
      status("repository_id=tools&branch=main&hash=abc124&timestamp=1601900001&api_key=0123456789abcdeX",
             "application/x-www-form-urlencoded"),
      403);
  request.headers = {{"Authorization", "Bearer 0123456789abcdef"}};
  request.body = "{" + commit + "}";
  EXPECT_EQ(guarded.dispatch(request).status, 200);
}

TEST_F(Endpoints, HostileBodiesAreRefused) {
  for (const std::string& results :
       {std::string(600, '{'),
        std::string("{\"a\":{\"b\":") + std::string(600, '[') + std::string(600, ']') + "}}",
        std::string(R"({"a\u0000b":{}})"), "{\"" + std::string(5000, 'n') + "\":{}}"}) {
    const auto reply = upload({.results = results});
    EXPECT_EQ(reply.find("\"status\":\"ok\"}}"), std::string::npos) << reply.substr(0, 200);
  }
  EXPECT_EQ(get("/api/results/s").body, "[]\n");
  EXPECT_EQ(get("/api/results/s?uuid=9223372036854775807").status, 400);
  EXPECT_EQ(get("/api/commits?timestamp=1e300").status, 400);
  EXPECT_EQ(get("/api/results/s?before_time=1e15").status, 200);
}

TEST_F(Endpoints, RoutingFollowsTheOriginal) {
  EXPECT_EQ(get("/api/results//t?limit=1").header("Location"), "/api/results/t?limit=1");
  EXPECT_EQ(get("/api/results//t").status, 308);
  EXPECT_EQ(get("/api/A/B/tests").body, "[]\n");
  EXPECT_EQ(get("/api/process").status, 404);
  EXPECT_EQ(post("/api/process", "").status, 404);
  const auto refused = post("/api/suites", "");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(
      get("/api/nothing").body,
      "{\"description\":\"The requested URL was not found on the server. If you entered the URL manually "
      "please check your spelling and try again.\",\"error\":\"Not Found\",\"status\":\"error\"}\n");
}

TEST_F(Endpoints, WhatWentWrongInTheStoreIsLoggedAndNotAnswered) {
  for (const ErrorCode code : {ErrorCode::Unavailable, ErrorCode::Conflict, ErrorCode::ResourceExhausted,
                               ErrorCode::Internal, ErrorCode::Corrupt, ErrorCode::SchemaMismatch}) {
    ::testing::internal::CaptureStderr();
    const Error error = make_error(code, "host db7: disk /var full");
    const std::string told = error_response(error).body + page_error(error).body;
    const std::string logged = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(told.find("db7"), std::string::npos) << told;
    EXPECT_NE(logged.find("host db7: disk /var full"), std::string::npos) << logged;
    EXPECT_EQ(told.find("resultsdb migrate") != std::string::npos, code == ErrorCode::SchemaMismatch);
  }
  EXPECT_NE(error_response(invalid_argument("what is wrong")).body.find("what is wrong"), std::string::npos);
}

}  // namespace
}  // namespace resultsdb::webkit
