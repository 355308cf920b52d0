// Addresses of the original's web interface.
#include "compat/webkit/endpoint_fixture.hpp"

namespace resultsdb::webkit {
namespace {

class Pages : public testing::EndpointFixture {};

TEST_F(Pages, CheckTheirQueriesAsTheApiDoes) {
  struct Case {
    const char* target;
    int status;
    const char* text;
  };
  for (const Case& each : std::initializer_list<Case>{
           {"/?suite=s&test=a&suite=s&test=b&platform=mac&limit=3", 200, ""},
           {"/search?recent=False&after_time=1", 200, ""},
           {"/search?test=a", 400, "Each test must be paired with a suite"},
           {"/search?suite=s&test=a&test=b", 400, "Each test must be paired with a suite"},
           {"/?nothing=1", 400, "'nothing' not supported in queries by this endpoint"},
           {"/suites?suite=s&branch=b", 200, ""},
           {"/suites?test=a", 400, "'test' not supported in queries by this endpoint"},
           {"/suites?limit=x", 400, "Limit must be a positive integer"},
           {"/investigate?unexpected=false&uuid=5", 200, ""},
           {"/investigate?ref=abc&uuid=5", 400, "Can only search by one of"},
           {"/investigate?repository_id=none", 404, "'none' is not a registered repository"},
           {"/commits?anything=1", 200, ""},
           {"/documentation?anything=1", 200, ""},
           {"/library/some.js", 404, "was not found on the server"},
           {"/commits/", 404, "was not found on the server"}}) {
    const auto reply = get(each.target);
    EXPECT_EQ(reply.status, each.status) << each.target;
    EXPECT_EQ(reply.header("Content-Type"), "text/html; charset=utf-8") << each.target;
    EXPECT_NE(reply.body.find(each.text), std::string::npos) << each.target << "\n" << reply.body;
  }
  const auto refused = post("/suites", "");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(refused.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(send("HEAD", "/suites").status, 200);
}

TEST_F(Pages, ConsistOfFilesThatAreThere) {
  const std::string page = get("/search").body;
  int files = 0;
  for (const char* before : {"href=\"/assets/", "src=\"/assets/"}) {
    const std::size_t at = page.find(before);
    ASSERT_NE(at, std::string::npos) << before;
    const std::size_t from = page.find('/', at);
    const auto reply = get(page.substr(from, page.find('"', from) - from));
    EXPECT_EQ(reply.status, 200) << before;
    files += !reply.body.empty();
  }
  EXPECT_EQ(files, 2);
  const auto constants = get("/assets/js/constants.js");
  EXPECT_EQ(constants.header("Content-Type"), "application/javascript");
  for (const char* name : {"XCODE_CLOUD_SUITES", "DEFAULT_ARCHITECTURE", "TESTS_LIMITS", "SUITES_LIMITS",
                           "COMMITS_LIMITS", "DASHBOARD_QUERY"}) {
    EXPECT_NE(constants.body.find(std::string("export const ") + name + " = "), std::string::npos) << name;
  }
}

TEST_F(Pages, FilesAreSentOnce) {
  const auto first = get("/assets/js/results.js");
  EXPECT_EQ(first.header("Cache-Control"), "no-cache");
  const std::string tag(first.header("ETag").value());
  EXPECT_EQ(send("GET", "/assets/js/results.js", "", {{"If-None-Match", tag}}).status, 304);
  EXPECT_EQ(send("GET", "/assets/js/common.js", "", {{"If-None-Match", tag}}).status, 200);
  EXPECT_EQ(get("/assets/js/results.js?v=1").status, 400);
  EXPECT_EQ(get("/assets/../results.js").status, 404);
}

}  // namespace
}  // namespace resultsdb::webkit
