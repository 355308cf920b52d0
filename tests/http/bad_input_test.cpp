// What POST /v1/runs refuses: with the member's name, without a trace, and ready for the next request.
#include "http/native_fixture.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::http {
namespace {

struct Case {
  std::string name, body, member;
};

std::string with(const std::string& members) { return R"({"suite":"s","started":1,)" + members + "}"; }
std::string result(const std::string& members) {
  return with(R"("results":[{"test":"a"},{)" + members + "}]");
}

std::vector<Case> cases() {
  const std::string long_name(limits::kNameBytes + 1, 'x');
  const std::string deep = std::string(600, '[') + std::string(600, ']');
  return {
      {"empty body", "", ""},
      {"no JSON", "{", ""},
      {"an array", "[]", ""},
      {"two values", "{} {}", ""},
      {"bad UTF-8", with("\"branch\":\"\xff\""), ""},
      {"nesting", result(R"("test":"b","detail":)" + deep), ""},
      {"unknown member", with(R"("colour":1)"), "colour"},
      {"repeated member", with(R"("suite":"t")"), "suite"},
      {"no suite", R"({"started":1})", "suite"},
      {"empty suite", R"({"suite":"","started":1})", "suite"},
      {"suite is no text", R"({"suite":5,"started":1})", "suite"},
      {"suite with U+0000", R"({"suite":"a\u0000b","started":1})", "suite"},
      {"long suite", R"({"suite":")" + long_name + R"(","started":1})", "suite"},
      {"no start", R"({"suite":"s"})", "started"},
      {"start without zone", R"({"suite":"s","started":"2023-01-01T00:00:00"})", "started"},
      {"impossible day", R"({"suite":"s","started":"2023-02-30T00:00:00Z"})", "started"},
      {"year 100000", R"({"suite":"s","started":99999999999999})", "started"},
      {"start is an object", R"({"suite":"s","started":{}})", "started"},
      {"end before start", with(R"("finished":0)"), "finished"},
      {"running", with(R"("state":"running")"), "state"},
      {"unknown state", with(R"("state":"done")"), "state"},
      {"attempt 0", with(R"("attempt":0)"), "attempt"},
      {"attempt 1.5", with(R"("attempt":1.5)"), "attempt"},
      {"odd id", with(R"("id":"a b")"), "id"},
      {"long id", with("\"id\":\"" + std::string(129, 'x') + '"'), "id"},
      {"position beyond 2^53", with(R"("position":9007199254740992)"), "position"},
      {"configuration is a text", with(R"("configuration":"os=linux")"), "configuration"},
      {"facet is null", with(R"("configuration":{"os":null})"), "configuration.os"},
      {"facet twice", with(R"("configuration":{"os":"a","os":"b"})"), "configuration.os"},
      {"empty facet name", with(R"("configuration":{"":"a"})"), "configuration"},
      {"attributes hold a number", with(R"("attributes":{"a":1})"), "attributes.a"},
      {"link without href", with(R"("links":[{"rel":"ci"}])"), "links[0].href"},
      {"link with another member", with(R"("links":[{"href":"x","to":"y"}])"), "links[0].to"},
      {"commit without reference", with(R"("commits":["r@"])"), "commits[0]"},
      {"commit is a number", with(R"("commits":[1])"), "commits[0]"},
      {"commit without a name", with(R"("commits":[{"repository":"r"}])"), "commits[0]"},
      {"commit with bad hash", with(R"("commits":[{"repository":"r","hash":"xyz"}])"), "commits[0]"},
      {"commit with another member", with(R"("commits":[{"repository":"r","sha":"ab"}])"), "commits[0].sha"},
      {"unknown short commit", with(R"("commits":["r@abcdef1"])"), "commits[0]"},
      {"results are an object", with(R"("results":{})"), "results"},
      {"result is a text", with(R"("results":["a"])"), "results[0]"},
      {"no test", result(R"("actual":"PASS")"), "results[1].test"},
      {"empty test", result(R"("test":"")"), "results[1].test"},
      {"test is null", result(R"("test":null)"), "results[1].test"},
      {"long test", result("\"test\":\"" + long_name + '"'), "results[1].test"},
      {"test with U+0000", result(R"("test":"a\u0000")"), "results[1].test"},
      {"test twice", result(R"("test":"a")"), "results[1].test"},
      {"actual is a list", result(R"("test":"b","actual":["FAIL"])"), "results[1].actual"},
      {"long actual", result("\"test\":\"b\",\"actual\":\"" + std::string(257, 'F') + '"'),
       "results[1].actual"},
      {"expected is a number", result(R"("test":"b","expected":0)"), "results[1].expected"},
      {"negative duration", result(R"("test":"b","duration_us":-1)"), "results[1].duration_us"},
      {"duration is a text", result(R"("test":"b","duration_us":"1")"), "results[1].duration_us"},
      {"huge duration", result(R"("test":"b","duration_us":1e300)"), "results[1].duration_us"},
      {"more passes than tries", result(R"("test":"b","tries":1,"passes":2)"), "results[1].passes"},
      {"attributes of a result are a text", result(R"("test":"b","attributes":"x")"),
       "results[1].attributes"},
      {"unknown member of a result", result(R"("test":"b","outcome":"x")"), "results[1].outcome"},
      {"repeated member of a result", result(R"("test":"b","test":"c")"), "results[1].test"},
      {"lost is a text", with(R"("lost":"a")"), "lost"},
      {"lost twice", with(R"("lost":["a","a"])"), "lost[1]"},
      {"lost and run", with(R"("results":[{"test":"a"}],"lost":["a"])"), "lost[0]"},
  };
}

using BadInput = NativeFixture;

TEST_F(BadInput, IsRefusedByNameAndLeavesNothing) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.name);
    const Response response = send("POST", "/v1/runs", one.body);
    EXPECT_EQ(response.status, 400) << response.body;
    const auto problem = parse(response, 400, one.name);
    if (!one.member.empty()) {
      ASSERT_TRUE(problem.as_object().contains("parameter")) << response.body;
      EXPECT_EQ(problem.at("parameter").as_string(), one.member);
    }
    EXPECT_EQ(stored_runs(), 0u);
    EXPECT_EQ(model_->repositories().value().size(), 0u);
    EXPECT_EQ(send("GET", "/v1/suites").status, 200);
  }
  EXPECT_EQ(send("POST", "/v1/runs", with(R"("results":[])")).status, 201);
}

TEST_F(BadInput, CutBodiesAreRefused) {
  const std::string whole = run_body();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(send("POST", "/v1/runs", whole.substr(0, size)).status, 400) << size;
  }
  EXPECT_EQ(stored_runs(), 0u);
}

TEST_F(BadInput, LoneSurrogatesInNamesAreReplaced) {
  post("/v1/runs", with(R"("results":[{"test":"a\ud800b"},{"test":"\ud83d\ude00"}])"), 201);
  EXPECT_EQ(send("GET", "/v1/tests/names?suite=s").body,
            "a\xEF\xBF\xBD"
            "b\n\xF0\x9F\x98\x80\n");
}

}  // namespace
}  // namespace resultsdb::http
