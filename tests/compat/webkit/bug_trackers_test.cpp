// What a bug tracker's form is filled in with.
#include "compat/webkit/endpoint_fixture.hpp"

namespace resultsdb::webkit {
namespace {

class BugTrackers : public testing::EndpointFixture {
 protected:
  http::Response create(std::string body, const std::string& type = "application/json") const {
    return send("PUT", "/api/bug-trackers/bugzilla/create-bug", std::move(body), {{"Content-Type", type}});
  }
  /// The form's parameters.
  http::Parameters form(const std::string& body) const {
    const auto reply = create(body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    if (reply.status != 200) return {};
    const auto answer = boost::json::parse(reply.body);
    EXPECT_TRUE(answer.at("newWindow").as_bool());
    const std::string url(answer.at("url").as_string());
    const std::size_t question = url.find('?');
    EXPECT_EQ(url.substr(0, question), "https://bugs.webkit.org/enter_bug.cgi");
    return http::parse_form(url.substr(question + 1));
  }
};

const char kRow[] =
    R"({"config":{"platform":"ios","version":14000000,"version_name":"14 A","model":"iPhone 8","style":"debug",)"
    R"("architecture":"arm64","is_simulator":false,"sdk":"18A"},"results":[)"
    R"({"uuid":160190000000,"actual":"PASS","expected":"PASS","start_time":1},)"
    R"({"uuid":160190010000,"actual":"TEXT CRASH","expected":"TEXT","start_time":2},)"
    R"({"uuid":160190020000,"actual":"TEXT","expected":"FAIL","start_time":3}]})";

std::string body(const std::string& rows, const std::string& filter, const std::string& test) {
  return R"({"selectedRows":[)" + rows + R"(],"willFilterExpected":)" + filter +
         R"(,"repositories":["tools","unknown"],"suite":"layout-tests","test":)" + test + "}";
}

TEST_F(BugTrackers, TheFormSaysWhatFailsAndSinceWhen) {
  for (int i = 0; i < 3; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_EQ(post("/api/commits", R"({"repository_id":"tools","branch":"main","hash":"abc)" + number +
                                       R"(","identifier":")" + number + R"(@main","timestamp":1601900)" +
                                       number + "00}")
                  .status,
              200);
  }
  const http::Parameters filtered = form(body(kRow, "true", R"("svg/media/a&b.html")"));
  const http::Parameters expected = {
      {"product", "WebKit"},
      {"component", "Media"},
      {"version", "WebKit Nightly Build"},
      {"short_desc", "svg/media/a&b.html: CRASH on 14 A(iPhone 8)"},
      {"comment",
       "svg/media/a&b.html of layout-tests\n\nHardware: iPhone 8\nArchitecture: arm64\nOS: ios 14 A\nStyle: "
       "debug\n"
       "SDK: 18A\nMost recent failure (CRASH):\n    tools 1@main\nLast success:\n    tools 0@main\n"}};
  EXPECT_EQ(filtered, expected);
  const http::Parameters all = form(body(std::string(kRow) + "," + kRow, "false", R"("a.html")"));
  EXPECT_EQ(all[1].second, "New Bugs");
  EXPECT_EQ(all[3].second, "a.html: TEXT on 14 A(iPhone 8) and TEXT on 14 A(iPhone 8)");
}

TEST_F(BugTrackers, SuitesFailByTheirCounts) {
  const std::string row =
      R"({"config":{"platform":"mac","version":10014000},"results":[{"uuid":5,"stats":{"tests_failed":3,)"
      R"("tests_unexpected_failed":0}}]})";
  EXPECT_EQ(form(body(row, "false", "null"))[3].second, "layout-tests: 3 failures on 10.14.0");
  EXPECT_EQ(create(body(row, "true", "null")).status, 400) << "as expected, so not a failure";
}

TEST_F(BugTrackers, WhatMakesNoSenseIsRefused) {
  for (const char* const wrong :
       {"{}", "[]", "1", R"({"selectedRows":{}})", R"({"selectedRows":[1],"suite":"s"})",
        R"({"selectedRows":[{"config":{},"results":[{}]}],"suite":"s"})",
        R"({"selectedRows":[{"config":{"version":"x"},"results":[]}],"suite":"s"})"}) {
    EXPECT_EQ(create(wrong).status, 400) << wrong;
  }
  EXPECT_EQ(create("{}", "text/plain").status, 415);
  EXPECT_EQ(create("{}", "text/plain").header("Content-Type"), "text/html; charset=utf-8");
  std::string many = kRow;
  for (int i = 0; i < 30; ++i) many += std::string(",") + kRow;
  const auto comment = form(body(many, "false", R"("a")")).back().second;
  EXPECT_NE(comment.find("19 more configurations fail."), std::string::npos);
}

}  // namespace
}  // namespace resultsdb::webkit
