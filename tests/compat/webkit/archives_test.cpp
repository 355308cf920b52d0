// Archives of runs through the router: what is taken, and what its pages show.
#include "compat/webkit/endpoint_fixture.hpp"
#include "compat/webkit/zip_maker.hpp"

namespace resultsdb::webkit {
namespace {

using testing::ZipMaker;

class Archives : public testing::EndpointFixture {
 protected:
  static constexpr std::int64_t kCommit = 1'601'900'000;

  struct Sent {
    int number = 0;  ///< of commit and start
    std::string more = {}, boundary = "B";
    http::Headers headers = {};
    std::string branch = "main";
  };
  http::Response post_zip(const std::string& zip) const { return post_zip(zip, Sent()); }
  http::Response post_zip(const std::string& zip, const Sent& sent) const {
    const std::string time = std::to_string(kCommit + sent.number);
    const auto field = [&](const std::string& name, const std::string& value) {
      return "--" + sent.boundary + "\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" + value +
             "\r\n";
    };
    std::string body = field("suite", "s") + field("timestamp", time) +
                       field("commits", R"([{"repository_id":"tools","branch":")" + sent.branch +
                                            R"(","hash":"abc)" + time + R"(","timestamp":)" + time + "}]") +
                       field("configuration", R"({"platform":"mac","version":"10.14","is_simulator":false,)"
                                              R"("architecture":"x86_64"})") +
                       sent.more + field("\"file\"; filename=\"a.zip\"", zip) + "--" + sent.boundary +
                       "--\r\n";
    http::Headers headers = sent.headers;
    headers.emplace_back("Content-Type", "multipart/form-data; boundary=" + sent.boundary);
    return send("POST", "/api/upload/archive", std::move(body), std::move(headers));
  }
  static std::string zip_of(std::vector<ZipMaker::Member> members) {
    return ZipMaker{.members = std::move(members)}.make();
  }
};

TEST_F(Archives, NeedAKeyWhereKeysAre) {
  options_.api_keys = std::make_shared<http::ApiKeys>(*http::ApiKeys::parse("bot 0123456789abcdef"));
  start();
  const std::string zip = zip_of({{"a.txt", "data"}});
  const auto key = [](const std::string& text) {
    return "--B\r\nContent-Disposition: form-data; name=\"api_key\"\r\n\r\n" + text + "\r\n";
  };
  EXPECT_EQ(post_zip(zip).status, 403);
  EXPECT_EQ(post_zip(zip, {.more = key("0123456789abcdeX")}).status, 403);
  EXPECT_EQ(post_zip(zip, {.boundary = std::string(71, 'b')}).status, 403);
  EXPECT_EQ(post_zip(zip, {.more = key("0123456789abcdef")}).status, 200);
  EXPECT_EQ(post_zip(zip, {.headers = {{"Authorization", "Bearer 0123456789abcdef"}}}).status, 200);
  EXPECT_EQ(post("/api/upload/archive", R"({"api_key":"wrong"})").status, 403);
}

TEST_F(Archives, FormsThatAreNoneAreRefusedWithAReason) {
  const auto reply = post_zip(zip_of({{"a.txt", "data"}}), {.boundary = std::string(71, 'b')});
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("boundary"), std::string::npos) << reply.body;
  for (const char* endpoint : {"/api/upload", "/api/commits"})
    EXPECT_NE(send("POST", endpoint, "",
                   {{"Content-Type", "multipart/form-data; boundary=" + std::string(71, 'b')}})
                  .body.find("boundary"),
              std::string::npos)
        << endpoint;
}

TEST_F(Archives, OneThatIsDamagedLeavesThePagesOfTheOthers) {
  std::string damaged = zip_of({{"a.txt", "other"}, {"b.txt", ""}});
  damaged.replace(damaged.find("PK\1\2"), 4, "XXXX");
  ASSERT_EQ(post_zip(damaged, {.number = 1}).status, 200);
  EXPECT_EQ(get("/archive/a.txt?platform=mac").status, 400);
  ASSERT_EQ(post_zip(zip_of({{"a.txt", "data"}})).status, 200);
  const auto reply = get("/archive/a.txt?platform=mac");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(get("/archive/c.txt?platform=mac").status, 404);
}

TEST_F(Archives, AreFoundAsLongAsRunsOfTheirTimelineAreKept) {
  constexpr std::int64_t kWeek = 7 * 86'400;
  options_.default_ttl_seconds = 4 * kWeek;
  start();
  ASSERT_EQ(post_zip(zip_of({{"a.txt", "data"}})).status, 200);
  const char* const target = "/api/upload/archive?platform=mac&recent=False";
  EXPECT_EQ(get(target).status, 200);
  clock_.set(from_seconds(kCommit + 5 * kWeek));
  const auto rule = retention_rule(options_);
  ASSERT_TRUE(rule && *rule);
  ASSERT_TRUE(Retention(model_, **rule).step(clock_.now()));
  EXPECT_EQ(get(target).status, 404) << "see docs/compat/webkit.md";
}

}  // namespace
}  // namespace resultsdb::webkit
