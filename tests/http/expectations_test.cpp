// Stored expectations over HTTP: read and written with their conditions, and reviewed as the library does.
#include "http/judgement_fixture.hpp"
#include "resultsdb/stored_expectations.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

const std::string kAll = "/v1/expectations?suite=unit";

class Expectations : public JudgementFixture {
 protected:
  Response send_if(const char* method, const std::string& target, const std::string& header,
                   const std::string& value, const std::string& body = {}) const {
    Request asked = request(method, target, body);
    asked.headers = {{header, value}};
    return router_.dispatch(asked);
  }
  Response put(const std::string& body) const { return send("PUT", kAll, body); }
  static std::string place(const Response& response) { return std::string(*response.header("Location")); }
  static std::string tag(const Response& response) { return std::string(*response.header("ETag")); }
  std::string tests(const std::string& parameters) const {
    std::string names;
    const auto answer = get(kAll + parameters);
    for (const auto& item : items(answer)) names += std::string(item.at("test").as_string()) + ' ';
    return names;
  }
};

TEST_F(Expectations, AreStoredReadAndRemoved) {
  register_commits(20);
  const Response added = put(R"({"test":"b","where":{"os":["mac","linux"],"!style":"debug"},)"
                             R"("expected":["CRASH","PASS"],"from":"ref:r:)" +
                             hash(5) + R"(","to":)" + std::to_string(position(9)) +
                             R"(,"owner":"A","bug":"b/7","expires":"2023-11-20T00:00:00Z"})");
  const auto stored = parse(added, 201, "put");
  EXPECT_EQ(json::serialize(stored.at("where")), R"({"os":["linux","mac"],"!style":["debug"]})");
  EXPECT_EQ(json::serialize(stored.at("expected")), R"(["PASS","CRASH"])");
  EXPECT_EQ(stored.at("from"), position(5));
  EXPECT_EQ(stored.at("version"), 1);
  EXPECT_EQ(get(place(added)), stored);
  EXPECT_EQ(send("GET", place(added)).header("ETag"), tag(added));
  put(R"({"test":"a","expected":["FAIL"]})");
  put(R"({"test":"c","expected":"FAIL","from":)" + std::to_string(position(12)) + "}");

  EXPECT_EQ(tests(""), "a b c ");
  EXPECT_EQ(tests("&test=b"), "b ");
  EXPECT_EQ(tests("&at=ref:r:" + hash(4)), "a ");
  EXPECT_EQ(tests("&at=ref:r:" + hash(9)), "a b ");
  EXPECT_EQ(tests("&at=pos:" + std::to_string(position(12))), "a c ");
  EXPECT_EQ(tests("&expired=false"), "a b c ");
  clock_.set(from_seconds(1'700'438'400));  // 2023-11-20
  EXPECT_EQ(tests("&expired=false"), "a c ");
  const auto first = get(kAll + "&limit=2");
  EXPECT_EQ(first.at("total"), 3);
  EXPECT_EQ(tests("&limit=2&page=" + std::string(first.at("next").as_string())), "c ");

  // What the library reads is the same.
  const auto read = Answers(model_).expectations({.suite = "unit", .test = "b"}).value();
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].id, stored.at("id").as_string());
  EXPECT_EQ(read[0].bug, "b/7");

  EXPECT_EQ(send("DELETE", place(added)).status, 204);
  get(place(added), 404);
  EXPECT_EQ(send("DELETE", place(added)).status, 404);
  EXPECT_EQ(tests(""), "a c ");
}

TEST_F(Expectations, ConditionsGuardAgainstOthers) {
  const std::string body = R"({"test":"a","expected":["FAIL"]})",
                    other = R"({"test":"a","expected":["CRASH"]})";
  EXPECT_EQ(send_if("PUT", kAll, "If-Match", "*", body).status, 412) << "there is none";
  const Response added = send_if("PUT", kAll, "If-None-Match", "*", body);
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(send_if("PUT", kAll, "If-None-Match", "*", other).status, 412) << "it is there";
  const Response changed = send_if("PUT", kAll, "If-Match", tag(added), other);
  EXPECT_EQ(parse(changed, 200, "put").at("version"), 2);
  EXPECT_EQ(place(changed), place(added));
  const auto refused = parse(send_if("PUT", kAll, "If-Match", tag(added), body), 412, "put");
  EXPECT_EQ(refused.at("parameter").as_string(), "If-Match");
  EXPECT_EQ(send_if("DELETE", place(added), "If-Match", tag(added)).status, 412);
  EXPECT_EQ(send_if("GET", place(added), "If-None-Match", tag(changed)).status, 304);
  EXPECT_EQ(put(body).status, 200) << "without a condition the last one wins";
  EXPECT_EQ(get(place(added)).at("version"), 3);
  EXPECT_EQ(send_if("DELETE", place(added), "If-Match", "W/" + tag(send("GET", place(added)))).status, 204)
      << "compression makes validators weak";

  // Between reading and writing somebody else may come; the store itself compares.
  Answers answers(model_);
  const StoredExpectation expectation{.test = "z", .words = {"FAIL"}};
  const auto stored = answers.put_expectation("unit", expectation, 0).value();
  EXPECT_EQ(answers.put_expectation("unit", expectation, 0).error().code, ErrorCode::Conflict);
  EXPECT_EQ(answers.put_expectation("unit", expectation, 1).value().version, 2u);
  EXPECT_EQ(answers.remove_expectation("unit", stored.id, 1).error().code, ErrorCode::Conflict);
  EXPECT_TRUE(answers.remove_expectation("unit", stored.id, 2));
}

TEST_F(Expectations, OnlyWritersWrite) {
  Request other = request("PUT", kAll, R"({"test":"a","expected":["FAIL"]})");
  other.remote_is_loopback = false;
  EXPECT_EQ(router_.dispatch(other).status, 403);
  EXPECT_EQ(tests(""), "");
  const std::string stored = place(put(other.body));
  other = request("DELETE", stored);
  other.remote_is_loopback = false;
  EXPECT_EQ(router_.dispatch(other).status, 403);
  EXPECT_EQ(tests(""), "a ");
}

TEST_F(Expectations, WhatIsWrongIsNamedAndNothingIsStored) {
  const std::pair<const char*, const char*> bodies[] = {
      {"[]", ""},
      {"{", ""},
      {R"({"expected":["FAIL"]})", "test"},
      {R"({"test":"a"})", "expected"},
      {R"({"test":"a","expected":[]})", "expected"},
      {R"({"test":"a","expected":["A B"]})", "expected"},
      {R"({"test":"a","expected":[5]})", "expected"},
      {R"({"test":"a","test":"b","expected":["FAIL"]})", "test"},
      {R"({"test":"a","expected":["FAIL"],"colour":1})", "colour"},
      {R"({"test":"a","expected":["FAIL"],"where":["os"]})", "where"},
      {R"({"test":"a","expected":["FAIL"],"where":{"os":[]}})", "where.os"},
      {R"({"test":"a","expected":["FAIL"],"where":{"os":1}})", "where.os"},
      {R"({"test":"a","expected":["FAIL"],"where":{"os":"a","os":"b"}})", "where.os"},
      {R"({"test":"a","expected":["FAIL"],"from":9007199254740992})", "from"},
      {R"({"test":"a","expected":["FAIL"],"from":"yesterday"})", "from"},
      {R"({"test":"a","expected":["FAIL"],"from":"ref:r:abcdef1"})", "from"},
      {R"({"test":"a","expected":["FAIL"],"from":5,"to":4})", "to"},
      {R"({"test":"a","expected":["FAIL"],"expires":"soon"})", "expires"}};
  for (const auto& [body, member] : bodies) {
    const Response refused = put(body);
    EXPECT_TRUE(refused.status == 400 || refused.status == 404) << body << refused.status;
    const auto problem = parse(refused, refused.status, body);
    const auto* parameter = problem.as_object().if_contains("parameter");
    EXPECT_EQ(parameter ? parameter->as_string() : "", member) << body;
  }
  EXPECT_EQ(tests(""), "");
  EXPECT_EQ(send("PUT", "/v1/expectations", R"({"test":"a","expected":["FAIL"]})").status, 400);
  expect_problems({{"/v1/expectations", "suite"},
                   {"/v1/expectations?suite=unit&at=odd", "at"},
                   {"/v1/expectations?suite=unit&page=00", "page"},
                   {"/v1/expectations?suite=unit&expired=odd", "expired"},
                   {"/v1/expectation-changes?suite=unit&kind=odd", "kind"},
                   {"/v1/expectation-changes?suite=unit&format=odd", "format"}});
  expect_problems({{"/v1/expectations/x_none?suite=unit", "expectation"}}, 404);
}

TEST_F(Expectations, ChangesAreThoseOfTheReview) {
  add_history({.os = "mac"}, "missing", std::string(30, 'F'));
  add_history({.os = "linux"}, "missing", std::string(30, 'p'));
  add_history({.os = "linux", .style = "debug"}, "narrow", std::string(80, 'F'));
  put(R"({"test":"narrow","expected":["FAIL","CRASH"],"where":{"style":"debug"}})");
  put(R"({"test":"gone","expected":["FAIL"],"bug":"b/1"})");
  put(R"({"test":"missing","expected":["CRASH"],"where":{"os":"mac"},"expires":"2023-01-01T00:00:00Z"})");
  const std::string target = "/v1/expectation-changes?suite=unit";
  const auto answer = get(target);
  ExpectationReviewQuery query;
  static_cast<Question&>(query) = {.suite = "unit", .last = 500, .now = clock_.now()};
  const auto review = Answers(model_).review_expectations(query).value();
  ASSERT_EQ(items(answer).size(), review.stale.size() + review.suggestions.size());
  EXPECT_EQ(answer.at("total"), 4);
  EXPECT_EQ(answer.at("position"), review.position);
  EXPECT_EQ(answer.at("basis").at("runs"), review.basis.runs);

  std::string seen;
  for (const auto& item : items(answer)) {
    seen += std::string(item.at("kind").as_string()) + ' ' + std::string(item.at("test").as_string());
    if (const auto* why = item.as_object().if_contains("why")) seen += ' ' + std::string(why->as_string());
    seen += '\n';
  }
  EXPECT_EQ(seen, "stale gone unused\nmissing missing\nstale missing expired\nnarrow narrow\n");
  const auto& missing = items(answer)[1];
  EXPECT_EQ(json::serialize(missing.at("proposed")),
            R"([{"where":{"os":["mac"]},"expected":["FAIL"],"text":"[ Mac ] missing [ Failure ]"}])");
  EXPECT_EQ(missing.at("evidence").as_array().size(), 2u);
  EXPECT_TRUE(missing.at("present").as_array().empty()) << "it has expired";
  EXPECT_EQ(json::serialize(items(answer)[3].at("proposed").at(0).at("expected")), R"(["FAIL"])");

  EXPECT_EQ(items(get(target + "&kind=stale&kind=narrow")).size(), 3u);
  EXPECT_EQ(items(get(target + "&test=missing")).size(), 2u);
  EXPECT_EQ(items(get(target + "&q=iss&kind=missing")).size(), 1u);
  const auto first = get(target + "&limit=3");
  const auto rest = get(target + "&limit=3&page=" + std::string(first.at("next").as_string()));
  ASSERT_EQ(items(rest).size(), 1u);
  EXPECT_EQ(items(rest)[0], items(answer)[3]);
  const Response text = send("GET", target + "&format=webkit&kind=missing");
  EXPECT_EQ(text.header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(text.body, "[ Mac ] missing [ Failure ]\n");
}

TEST_F(Expectations, ChangesTellWhatRunsExpectThemselves) {
  for (int commit = 0; commit < 80; ++commit) {
    add({.os = "mac", .commit = commit}, "never=FAIL/PASS sometimes=FAIL/FAIL out=PASS/SKIP");
    add({.os = "linux", .commit = commit}, "never=PASS sometimes=FAIL/PASS out=PASS");
  }
  const auto answer = get("/v1/expectation-changes?suite=unit&kind=never_failing&kind=skipped");
  std::string seen;
  for (const auto& item : items(answer)) {
    ASSERT_EQ(item.at("present").as_array().size(), 1u);
    ASSERT_EQ(item.at("evidence").as_array().size(), 1u);
    const auto& evidence = item.at("evidence").at(0);
    seen += std::string(item.at("kind").as_string()) + ' ' + std::string(item.at("test").as_string()) +
            json::serialize(item.at("present").at(0)) + json::serialize(evidence.at("counts")) +
            std::to_string(k_of_n(evidence.at("observed")).second) + '\n';
    EXPECT_TRUE(item.at("proposed").as_array().empty());
  }
  EXPECT_EQ(seen,
            R"(never_failing never{"where":{"os":["mac"],"style":["release"]},"expected":["FAIL"]}{"PASS":80}80
skipped out{"where":{"os":["mac"],"style":["release"]},"expected":["PASS"]}{"SKIP":80}0
never_failing sometimes{"where":{"os":["linux"],"style":["release"]},"expected":["FAIL"]}{"PASS":80}80
)");
}

TEST_F(Expectations, ATextHasAllLines) {
  std::string results;
  for (int i = 0; i < 150; ++i) results += "t" + std::to_string(i) + "=" + (i < 110 ? "FAIL " : "PASS ");
  for (int commit = 0; commit < 25; ++commit) add({.os = "mac", .commit = commit}, results);
  const std::string target = "/v1/expectation-changes?suite=unit";
  EXPECT_EQ(get(target).at("total"), 110);
  EXPECT_EQ(std::ranges::count(send("GET", target + "&format=webkit").body, '\n'), 110);
  EXPECT_EQ(std::ranges::count(send("GET", target + "&format=webkit&limit=7").body, '\n'), 7);
}

}  // namespace
}  // namespace resultsdb::http
