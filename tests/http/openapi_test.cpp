// docs/openapi.json, the routes and the answers say the same.
#include <algorithm>
#include <map>

#include "http/native_fixture.hpp"
#include "resultsdb/annotations.hpp"
#include "resultsdb/views.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class OpenApi : public NativeFixture {
 protected:
  OpenApi() : document_(json::parse(send("GET", "/v1/openapi.json").body)) {}

  const json::value& resolve(const json::value& schema) const {
    const auto* reference = schema.is_object() ? schema.as_object().if_contains("$ref") : nullptr;
    if (!reference) return schema;
    std::string pointer(reference->as_string());
    boost::system::error_code error;
    const auto* target = document_.find_pointer(pointer.substr(1), error);
    if (!target) throw std::runtime_error(pointer + " leads nowhere");
    return *target;
  }

  bool documents(const json::value& schema_or_reference, std::string_view name) const {
    const auto& schema = resolve(schema_or_reference).as_object();
    if (const auto* parts = schema.if_contains("allOf")) {
      return std::ranges::any_of(parts->as_array(), [&](const auto& part) { return documents(part, name); });
    }
    const auto* properties = schema.if_contains("properties");
    return !properties || properties->as_object().contains(name) || schema.contains("additionalProperties");
  }

  /// Required members are there and have the types that the schema names, and it names all that are there.
  void check(const json::value& schema_or_reference, const json::value& value,
             const std::string& where) const {
    if (const auto* alternatives = resolve(schema_or_reference).as_object().if_contains("oneOf")) {
      const auto fits = [&](const json::value& schema) {  // told apart by their first required member
        return value.as_object().contains(resolve(schema).at("required").at(0).as_string());
      };
      const auto one = std::ranges::find_if(alternatives->as_array(), fits);
      ASSERT_NE(one, alternatives->as_array().end()) << where;
      return check(*one, value, where);
    }
    check_types(schema_or_reference, value, where);
    if (!value.is_object() || resolve(schema_or_reference).as_object().contains("anyOf")) return;
    for (const auto& [name, member] : value.as_object()) {
      EXPECT_TRUE(documents(schema_or_reference, name)) << where << '.' << name;
    }
  }
  void check_types(const json::value& schema_or_reference, const json::value& value,
                   const std::string& where) const {
    const auto& schema = resolve(schema_or_reference).as_object();
    if (const auto* parts = schema.if_contains("allOf")) {
      for (const auto& part : parts->as_array()) check_types(part, value, where);
    }
    if (const auto* any = schema.if_contains("anyOf")) {
      if (!value.is_null()) check(any->at(0), value, where);
      return;
    }
    const auto* type = schema.if_contains("type");
    if (!type || !type->is_string()) return;
    if (*type == "object") {
      ASSERT_TRUE(value.is_object()) << where;
      check_object(schema, value.as_object(), where);
    } else if (*type == "array") {
      ASSERT_TRUE(value.is_array()) << where;
      for (std::size_t i = 0; i < value.as_array().size(); ++i) {
        check(schema.at("items"), value.at(i), where + '[' + std::to_string(i) + ']');
      }
    } else if (*type == "string") {
      ASSERT_TRUE(value.is_string()) << where;
    } else if (*type == "integer") {
      ASSERT_TRUE(value.is_int64()) << where;
    } else if (*type == "number") {
      ASSERT_TRUE(value.is_number()) << where;
    } else if (*type == "boolean") {
      ASSERT_TRUE(value.is_bool()) << where;
    }
  }
  void check_object(const json::object& schema, const json::object& value, const std::string& where) const {
    if (const auto* required = schema.if_contains("required")) {
      for (const auto& name : required->as_array()) {
        EXPECT_TRUE(value.contains(name.as_string())) << where << '.' << name.as_string();
      }
    }
    const auto* properties = schema.if_contains("properties");
    if (!properties) return;
    for (const auto& [name, member] : value) {
      const auto* known = properties->as_object().if_contains(name);
      if (known) check(*known, member, where + '.' + std::string(name));
    }
  }

  /// On two configurations, so that judgements have items.
  void add_flaky_and_broken_tests() const {
    for (const char* const os : {"linux", "mac"}) {
      for (int i = 0; i < 20; ++i) {
        const std::string flaky = i % 3 == 0 ? "FAIL" : "PASS", broken = i < 10 ? "PASS" : "CRASH";
        post("/v1/runs",
             R"({"suite":"judged","branch":"main","configuration":{"os":")" + std::string(os) +
                 R"("},"commits":[{"repository":"r","hash":")" + std::string(38, 'b') +
                 std::to_string(10 + i) + R"(","timestamp":)" + std::to_string(1'650'000'000 + i) +
                 R"(}],"started":)" + std::to_string(1'650'000'000 + i) +
                 R"(,"results":[{"test":"flaky","actual":")" + flaky + R"("},{"test":"broken","actual":")" +
                 broken + R"("}]})",
             201);
      }
    }
  }
  const json::value& answer_schema(const std::string& path) const {
    const auto& answers = document_.at("paths").at(path).at("get").at("responses");
    return answers.at("200").at("content").at("application/json").at("schema");
  }

  json::value document_;
};

TEST_F(OpenApi, NamesEveryRouteAndNoOther) {
  std::map<std::string, std::string> documented, routed;
  for (const auto& [path, operations] : document_.at("paths").as_object()) {
    for (const auto& [method, operation] : operations.as_object()) {
      documented[std::string(method) + ' ' + std::string(path)] = operation.at("operationId").as_string();
    }
  }
  for (const Route& route : router_.routes()) {
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    routed[method + ' ' + route.pattern] = route.operation;
  }
  EXPECT_EQ(documented, routed);
}

TEST_F(OpenApi, EveryDocumentedParameterIsKnownAndReferencesLeadSomewhere) {
  post("/v1/runs", run_body(), 201);
  for (const auto& [path, operations] : document_.at("paths").as_object()) {
    if (!operations.as_object().contains("get")) continue;
    for (const auto& reference : operations.at("get").at("parameters").as_array()) {
      const auto& parameter = resolve(reference).as_object();
      if (parameter.at("in") != "query") continue;
      const std::string name(parameter.at("name").as_string());
      std::string target(path);
      if (const auto brace = target.find("{run}"); brace != target.npos) target.replace(brace, 5, "r_x");
      const Response response = send("GET", target + '?' + name + "=1");
      EXPECT_EQ(response.body.find("is no parameter"), std::string::npos) << target << ' ' << name;
    }
  }
}

TEST_F(OpenApi, AnswersHaveTheirRequiredMembers) {
  const std::string commit = R"("commits":[{"repository":"r","hash":")" + std::string(40, 'a') +
                             R"(","timestamp":1600000000,"author":{"name":"A"}}],)";
  const std::string id(post("/v1/runs", run_body(commit), 201).at("id").as_string());
  add_flaky_and_broken_tests();
  const Response stored = send("PUT", "/v1/expectations?suite=judged",
                               R"({"test":"gone","expected":["FAIL"],"from":1,"to":170000000000,"owner":"A",)"
                               R"("bug":"b/1","expires":"2030-01-01T00:00:00Z"})");
  const std::string expectation(parse(stored, 201, "put").at("id").as_string());
  ASSERT_TRUE(Views(model_).put({.id = "v_12345", .name = "A", .url = "/"}, clock_.now(), 0));
  ASSERT_TRUE(Annotations(model_).put({.id = "a_12345", .text = "A", .url = "https://a"}, 0));
  const std::pair<std::string, std::string> answers[] = {
      {"/v1/history", "?suite=unit&test=a/one&include=labels&include=run_ids&include=durations"},
      {"/v1/suite-history", "?suite=unit&axis=commit"},
      {"/v1/suites", ""},
      {"/v1/configurations", "?suite=unit"},
      {"/v1/branches", "?suite=unit"},
      {"/v1/tests", "?suite=unit"},
      {"/v1/runs", ""},
      {"/v1/runs/{run}", ""},
      {"/v1/runs/{run}/failures", "?group=class"},
      {"/v1/runs/{run}/results", ""},
      {"/v1/runs/{run}/result", "?test=a/two"},
      {"/v1/commits", ""},
      {"/v1/commits/resolve", "?ref=aaaaaaa"},
      {"/v1/summary", ""},
      {"/v1/regressions", "?group=none"},
      {"/v1/flaky", ""},
      {"/v1/slow", "?suite=unit"},
      {"/v1/durations", "?suite=unit&test=a/two"},
      {"/v1/clusters", "?suite=judged"},
      {"/v1/shards", "?suite=unit&shards=2"},
      {"/v1/expectations", "?suite=judged"},
      {"/v1/expectations/{expectation}", "?suite=judged"},
      {"/v1/expectation-changes", "?suite=judged"},
      {"/v1/views", ""},
      {"/v1/annotations", ""},
      {"/v1/annotations/{annotation}", ""},
      {"/v1/views/{view}", ""},
      {"/v1/history", "?suite=judged&test=broken&include=verdicts"},
      {"/v1/tests", "?suite=judged&only=failing"},
      {"/v1/tests", "?suite=unit&depth=1"},
      {"/v1/runs", "?where=os:none"},
      {"/v1/overview", "?suite=judged"},
      {"/v1/durations/tree", "?suite=unit"},
      {"/v1/search", "?q=b"},
      {"/v1/failures", "?suite=judged&group=cluster"},
      {"/v1/failures", "?suite=judged"},
      {"/v1/coverage-gaps", "?suite=unit"},
      {"/v1/coverage", "?suite=judged&at=ref:r:" + std::string(38, 'b') + "28"},
      {"/v1/culprit", "?suite=judged&test=broken"},
      {"/v1/verdict", "?suite=judged&test=broken"},
      {"/v1/facet-split", "?suite=judged&test=broken"},
      {"/v1/fix-check", "?suite=judged&test=broken&fix=ref:r:" + std::string(38, 'b') + "28"},
      {"/v1/compare", "?suite=judged&a=range%3D..ref:r:" + std::string(38, 'b') + "15&b=branch%3Dmain"},
      {"/v1/server", ""},
      {"/v1/health", ""},
      {"/v1/stats", ""}};
  for (const auto& [path, query] : answers) {
    std::string target = path;
    if (const auto brace = target.find("{run}"); brace != target.npos) target.replace(brace, 5, id);
    if (const auto brace = target.find("{exp"); brace != target.npos) target.replace(brace, 13, expectation);
    if (const auto brace = target.find("{view}"); brace != target.npos) target.replace(brace, 6, "v_12345");
    if (const auto brace = target.find("{ann"); brace != target.npos) target.replace(brace, 12, "a_12345");
    const auto answer = get(target + query);
    check(answer_schema(path), answer, path);
  }
  for (const char* const list :
       {"/v1/regressions", "/v1/flaky", "/v1/failures", "/v1/coverage-gaps?suite=unit"}) {
    EXPECT_FALSE(get(list).at("items").as_array().empty()) << list;
  }
  const auto problem = get("/v1/runs?limit=0", 400);
  check(document_.at("components").at("schemas").at("Problem"), problem, "problem");
}

}  // namespace
}  // namespace resultsdb::http
