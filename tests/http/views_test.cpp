// Saved views over HTTP.
#include "resultsdb/views.hpp"

#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class ViewRoutes : public JudgementFixture {
 protected:
  Response send_if(const char* method, const std::string& id, const std::string& header,
                   const std::string& value, const std::string& body = {}) const {
    Request asked = request(method, "/v1/views/" + id, body);
    asked.headers = {{header, value}};
    return router_.dispatch(asked);
  }
  Response add(const std::string& id, const std::string& body) const {
    return send_if("PUT", id, "If-None-Match", "*", body);
  }
  static std::string tag(const Response& response) { return std::string(*response.header("ETag")); }
  std::string listed(const std::string& parameters = "") const {
    std::string names;
    const auto answer = get("/v1/views" + parameters);
    for (const auto& item : items(answer)) names += std::string(item.at("name").as_string()) + ' ';
    return names;
  }
};

TEST_F(ViewRoutes, AreStoredListedReadAndRemoved) {
  EXPECT_EQ(listed(), "");
  const Response added =
      add("v_gtk1", R"({"name":"gtk","description":"all of it","url":"/timeline?t=unit:&x=1#t=a",)"
                    R"("dashboard":true,"author":"A"})");
  const auto view = parse(added, 201, "put");
  EXPECT_EQ(view, json::parse(R"({"id":"v_gtk1","name":"gtk","description":"all of it",)"
                              R"("url":"/timeline?t=unit:&x=1#t=a","dashboard":true,"version":1,)"
                              R"("updated":"2023-11-14T22:13:20Z","author":"A"})"));
  EXPECT_EQ(added.header("Location"), "/v1/views/v_gtk1");
  EXPECT_EQ(get("/v1/views/v_gtk1"), view);
  EXPECT_EQ(tag(send("GET", "/v1/views/v_gtk1")), tag(added));
  EXPECT_EQ(send_if("GET", "v_gtk1", "If-None-Match", tag(added)).status, 304);
  EXPECT_EQ(add("v_other", R"({"name":"b","url":"/"})").status, 201);
  EXPECT_EQ(add("v_third", R"({"name":"a","url":"/embed/flaky?suite=unit"})").status, 201);
  EXPECT_EQ(listed(), "a b gtk ");
  const auto first = get("/v1/views?limit=2");
  EXPECT_EQ(first.at("total"), 3);
  EXPECT_EQ(listed("?limit=2&page=" + std::string(first.at("next").as_string())), "gtk ");
  const auto found = get("/v1/search?kind=view&q=all+gt").at("groups").at(0).at("items");
  ASSERT_EQ(found.as_array().size(), 1);
  EXPECT_EQ(found.at(0), view);
  EXPECT_EQ(Views(model_).get("v_gtk1").value()->url, "/timeline?t=unit:&x=1#t=a");

  EXPECT_EQ(send("DELETE", "/v1/views/v_gtk1").status, 204);
  get("/v1/views/v_gtk1", 404);
  EXPECT_EQ(send("DELETE", "/v1/views/v_gtk1").status, 404);
  EXPECT_EQ(listed(), "a b ");
}

TEST_F(ViewRoutes, NobodysChangeIsOverwrittenUnseen) {
  const std::string body = R"({"name":"a","url":"/"})", other = R"({"name":"b","url":"/flaky"})";
  const auto refused = parse(send("PUT", "/v1/views/v_12345", body), 400, "put");
  EXPECT_EQ(refused.at("parameter"), "If-Match");
  EXPECT_EQ(send_if("PUT", "v_12345", "If-Match", "*", body).status, 412) << "there is none";
  const Response added = add("v_12345", body);
  ASSERT_EQ(added.status, 201);
  EXPECT_EQ(add("v_12345", other).status, 412) << "it is there";
  clock_.advance(std::chrono::hours(1));
  const Response changed = send_if("PUT", "v_12345", "If-Match", tag(added), other);
  const auto second = parse(changed, 200, "put");
  EXPECT_EQ(second.at("version"), 2);
  EXPECT_EQ(second.at("updated"), "2023-11-14T23:13:20Z");
  EXPECT_EQ(send_if("PUT", "v_12345", "If-Match", tag(added), body).status, 412);
  EXPECT_EQ(send_if("DELETE", "v_12345", "If-Match", tag(added)).status, 412);
  EXPECT_EQ(get("/v1/views/v_12345"), second);
  EXPECT_EQ(send_if("DELETE", "v_12345", "If-Match", tag(changed)).status, 204);

  // Between reading and writing somebody else may come; the store itself compares.
  Views views(model_);
  const View view{.id = "v_98765", .name = "z", .url = "/"};
  EXPECT_EQ(views.put(view, clock_.now(), 0).value().version, 1u);
  EXPECT_EQ(views.put(view, clock_.now(), 0).error().code, ErrorCode::Conflict);
  EXPECT_EQ(views.put(view, clock_.now(), 1).value().version, 2u);
  EXPECT_EQ(views.remove("v_98765", 1).error().code, ErrorCode::Conflict);
  EXPECT_TRUE(views.remove("v_98765", 2));
  EXPECT_EQ(views.remove("v_98765").error().code, ErrorCode::NotFound);
}

TEST_F(ViewRoutes, OnlyWritersWrite) {
  Request other = request("PUT", "/v1/views/v_12345", R"({"name":"a","url":"/"})");
  other.headers = {{"If-None-Match", "*"}};
  other.remote_is_loopback = false;
  EXPECT_EQ(router_.dispatch(other).status, 403);
  EXPECT_EQ(listed(), "");
  other.remote_is_loopback = true;
  EXPECT_EQ(router_.dispatch(other).status, 201);
  other.method = "DELETE";
  other.remote_is_loopback = false;
  EXPECT_EQ(router_.dispatch(other).status, 403);
  EXPECT_EQ(listed(), "a ");
}

TEST_F(ViewRoutes, WhatIsWrongIsNamedAndNothingIsStored) {
  const std::pair<std::string, const char*> bodies[] = {
      {"[]", ""},
      {"{", ""},
      {R"({"url":"/"})", "name"},
      {R"({"name":"a"})", "url"},
      {R"({"name":"a","url":5})", "url"},
      {R"({"name":"a","url":"/","dashboard":"yes"})", "dashboard"},
      {R"({"name":"a","url":"/","colour":1})", "colour"},
      {R"({"name":"a","name":"b","url":"/"})", "name"},
      {R"({"name":")" + std::string(121, 'a') + R"(","url":"/"})", "name"},
      {R"({"name":"a","url":"/","author":")" + std::string(121, 'a') + R"("})", "author"},
      {R"({"name":"a","url":"/?q=)" + std::string(16'384, 'a') + R"("})", "url"}};
  for (const auto& [body, member] : bodies) {
    const auto problem = parse(add("v_12345", body), 400, body.substr(0, 50));
    const auto* parameter = problem.as_object().if_contains("parameter");
    EXPECT_EQ(parameter ? parameter->as_string() : "", member) << body.substr(0, 50);
  }
  for (const char* const id : {"v_1", "v_123.5", "v_1234567890123456789012345678901"})
    EXPECT_EQ(parse(add(id, R"({"name":"a","url":"/"})"), 400, id).at("parameter"), "id");
  EXPECT_EQ(listed(), "");
  expect_problems({{"/v1/views?page=00", "page"}, {"/v1/views?suite=a", "suite"}});
  expect_problems({{"/v1/views/v_none1", "view"}, {"/v1/views/x", "view"}}, 404);
}

TEST_F(ViewRoutes, LinksLeadToPagesAndNowhereElse) {
  for (const char* const url :
       {"/", "/?suite=a", "/timeline", "/help/api", "/embed/timeline?t=a:b", "/run#x"})
    EXPECT_TRUE(is_page_url(url)) << url;
  for (const char* const url :
       {"", "timeline", "//example.org", "/\\example.org", "https://example.org", "javascript:alert(1)",
        "/unknown", "/timeline/..", "/time line", "/timeline?a=\n", "/\t/example.org", "/embed", "/embed//a",
        "/embedtimeline", "?suite=a", "/v1/views"})
    EXPECT_FALSE(is_page_url(url)) << url;
}

TEST_F(ViewRoutes, ADashboardSelectsTheTilesOfTheOverview) {
  Run run{.suite = "a", .os = "linux"};
  JudgementFixture::add(run, "t=FAIL");
  run.os = "mac";
  JudgementFixture::add(run, "t=FAIL u=FAIL");
  run.suite = "b";
  JudgementFixture::add(run, "t=FAIL");
  add("v_board1", R"({"name":"board","url":"/?suite=a&where=os:mac&tab=x&recent=0#y","dashboard":true})");
  add("v_plain1", R"({"name":"plain","url":"/?suite=a"})");
  add("v_wrong1", R"({"name":"wrong","url":"/?suite=a&where=os","dashboard":true})");
  EXPECT_EQ(get("/v1/overview").at("tiles").as_array().size(), 2);
  const auto tiles = get("/v1/overview?dashboard=v_board1").at("tiles").as_array();
  ASSERT_EQ(tiles.size(), 1);
  ASSERT_EQ(tiles[0].at("lines").as_array().size(), 1);
  EXPECT_EQ(tiles[0].at("lines").at(0).at("unexpected"), 2);
  expect_problems(
      {{"/v1/overview?dashboard=v_board1&suite=a", "suite"}, {"/v1/overview?dashboard=v_wrong1", "where"}});
  expect_problems(
      {{"/v1/overview?dashboard=v_plain1", "dashboard"}, {"/v1/overview?dashboard=v_none1", "dashboard"}},
      404);
}

}  // namespace
}  // namespace resultsdb::http
