// Annotations over HTTP. What all stored things share is in views_test.cpp.
#include "resultsdb/annotations.hpp"

#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class AnnotationRoutes : public JudgementFixture {
 protected:
  Response put(const std::string& id, const std::string& body) const {
    Request asked = request("PUT", "/v1/annotations/" + id, body);
    asked.headers = {{"If-None-Match", "*"}};
    return router_.dispatch(asked);
  }
  /// Texts, the newest first.
  std::string listed(const std::string& parameters) const {
    std::string texts;
    const auto answer = get("/v1/annotations?" + parameters);
    for (const auto& item : items(answer)) texts += std::string(item.at("text").as_string()) + ' ';
    return texts;
  }
};

TEST_F(AnnotationRoutes, ConcernTimelinesAndPlaces) {
  register_commits(30);
  add({.os = "linux"}, "t=PASS");
  add({.os = "mac", .style = "debug"}, "t=PASS");
  add({.suite = "other", .branch = "dev", .os = "linux"}, "t=PASS");
  const auto place = [](int commit) { return std::to_string(position(commit)); };
  const Response added =
      put("a_outage", R"({"text":"outage","kind":"outage","from":)" + place(5) + R"(,"to":"ref:r:)" +
                          hash(9) + R"(","url":"https://example.org/1"})");
  EXPECT_EQ(parse(added, 201, "put"),
            json::parse(R"({"id":"a_outage","where":[],"from":)" + place(5) + R"(,"to":)" + place(9) +
                        R"(,"kind":"outage","text":"outage","url":"https://example.org/1","version":1})"));
  EXPECT_EQ(get("/v1/annotations/a_outage").at("to"), position(9));
  put("a_mac123",
      R"({"text":"mac","kind":"roll","suite":"unit","where":["os:mac","!style:release"],"from":)" + place(7) +
          "}");
  put("a_dev123", R"({"text":"dev","branch":"dev","from":)" + place(7) + R"(,"to":)" + place(7) + "}");
  put("a_none12", R"({"text":"none","where":["os:none"],"from":)" + place(1) + "}");

  EXPECT_EQ(listed(""), "dev mac outage ") << "that of all suites once";
  EXPECT_EQ(listed("suite=unit"), "mac outage ");
  EXPECT_EQ(listed("suite=other"), "dev outage ");
  EXPECT_EQ(listed("suite=unit&where=os:linux"), "outage ");
  EXPECT_EQ(listed("suite=unit&where=style:debug"), "mac outage ");
  EXPECT_EQ(listed("suite=unit&where=os:none"), "");
  EXPECT_EQ(listed("suite=unit&branch=dev"), "");
  EXPECT_EQ(listed("range=pos:" + place(10) + ".."), "mac ");
  EXPECT_EQ(listed("range=pos:" + place(9) + ".."), "mac outage ");
  EXPECT_EQ(listed("range=..pos:" + place(6)), "outage ");
  EXPECT_EQ(listed("range=..pos:" + place(4)), "");
  EXPECT_EQ(listed("at=ref:r:" + hash(7)), "dev mac outage ");
  EXPECT_EQ(listed("range=..time:" + std::to_string(kFirstSecond + 60 * 6)), "outage ");
  EXPECT_EQ(listed("range=last:1"), "dev mac outage ");
  EXPECT_EQ(listed("suite=none"), "");

  const auto read = Annotations(model_).find({.suite = "unit", .selection = {}, .range = {}}).value();
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].id, "a_mac123");
  EXPECT_EQ(read[0].where, (std::vector<std::string>{"os:mac", "!style:release"}));
  EXPECT_EQ(send("DELETE", "/v1/annotations/a_outage").status, 204);
  EXPECT_EQ(listed("suite=unit"), "mac ");
  EXPECT_EQ(send("PUT", "/v1/annotations/a_mac123", R"({"text":"a","from":1})").status, 400);
}

TEST_F(AnnotationRoutes, WhatIsWrongIsNamedAndNothingIsStored) {
  const std::pair<std::string, const char*> bodies[] = {
      {R"({"from":1})", "text"},
      {R"({"text":"a"})", "from"},
      {R"({"text":"a","from":5,"to":4})", "to"},
      {R"({"text":"a","from":"yesterday"})", "from"},
      {R"({"text":"a","from":1,"kind":"odd"})", "kind"},
      {R"({"text":"a","from":1,"where":"os:mac"})", "where"},
      {R"({"text":"a","from":1,"where":["os"]})", "where"},
      {R"({"text":"a","from":1,"url":"javascript:alert"})", "url"},
      {R"({"text":"a","from":1,"url":"https://a b"})", "url"},
      {R"({"text":"a","from":1,"colour":1})", "colour"},
      {R"({"text":")" + std::string(1025, 'a') + R"(","from":1})", "text"}};
  for (const auto& [body, member] : bodies)
    EXPECT_EQ(parse(put("a_12345", body), 400, body.substr(0, 60)).at("parameter"), member)
        << body.substr(0, 60);
  EXPECT_EQ(parse(put("a", R"({"text":"a","from":1})"), 400, "id").at("parameter"), "id");
  EXPECT_FALSE(Annotations(model_).get("a_12345").value());
  expect_problems({{"/v1/annotations?range=odd", "range"}, {"/v1/annotations?limit=1", "limit"}});
  expect_problems({{"/v1/annotations/a_none1", "annotation"}}, 404);
}

}  // namespace
}  // namespace resultsdb::http
