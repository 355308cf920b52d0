// Results of changes that are not landed yet.
#include <utility>

#include "compat/webkit/endpoint_fixture.hpp"
#include "resultsdb/testing/faulty_storage.hpp"

namespace resultsdb::webkit {
namespace {

using testing::kNow;

class Ews : public testing::EndpointFixture {
 protected:
  void SetUp() override {
    options_.ews = true;
    EndpointFixture::SetUp();
  }

  /// A valid upload with one of its parts replaced.
  static std::string document(const std::string& part = "", const std::string& by = "") {
    std::string text =
        R"({"suite":"s","configuration":{"platform":"mac","version":"10.14","is_simulator":false,)"
        R"("architecture":"x86_64"},"timestamp":1601990000,"commits":[{"repository_id":"tools","branch":"main",)"
        R"("hash":"abc","timestamp":1601900000}],"test_results":{"results":{"b/t":{"actual":"FAIL"},"a":{}}}})";
    return part.empty() ? text : text.replace(text.find(part), part.size(), by);
  }
  std::string said(const std::string& body) const {
    const auto reply = post("/api/upload/ews", body);
    EXPECT_EQ(reply.status, 400) << reply.body;
    return std::string(boost::json::parse(reply.body).at("description").as_string());
  }
};

TEST_F(Ews, AreStoredApartAndFound) {
  EXPECT_EQ(post("/api/upload/ews", document()).body, R"({"status":"ok","tests":["a","b/t"]})"
                                                      "\n");
  const auto reply = get("/api/results-ews?suite=s&test=b/t&platform=mac");
  EXPECT_NE(reply.body.find(
                R"("results":[{"result":{"actual":"FAIL"},"start_time":1601990000,"uuid":160190000000}])"),
            std::string::npos)
      << reply.body;
  EXPECT_EQ(get("/api/results-ews?suite=s&test=b/t&platform=ios").status, 404);
  EXPECT_EQ(get("/api/results-ews?suite=s&test=b").status, 404);
  EXPECT_EQ(get("/api/results-ews?suite=s&test=b/t&flaky=True").status, 404);
  EXPECT_EQ(get("/api/results-ews?suite=s&test=b/t&after_time=1601990001").status, 404);
  EXPECT_EQ(get("/api/results-ews?suite=s").status, 400);
  EXPECT_EQ(get("/api/results-ews?test=a").status, 400);
  EXPECT_EQ(get("/api/results-ews?suite=s&test=a&ref=abc").status, 400);
  EXPECT_EQ(get("/api/suites").body.find("\"s\""), std::string::npos);
}

TEST_F(Ews, NamesOfTestsAreFoundByPrefix) {
  post("/api/upload/ews", document());
  EXPECT_EQ(get("/api/results-ews/tests?suite=s").body, "[\"a\",\"b/t\"]\n");
  EXPECT_EQ(get("/api/results-ews/tests?suite=s&limit=1").body, "[\"a\"]\n");
  EXPECT_EQ(get("/api/results-ews/tests?suite=s&test=b&test=c").body, "[\"b/t\"]\n");
  EXPECT_EQ(get("/api/results-ews/tests?suite=other").body, "[]\n");
}

TEST_F(Ews, OfFlakyTestsAreKeptForNinetyDays) {
  post("/api/upload/ews", document(R"("suite":"s")", R"("suite":"s","flaky_type":"F","details":{"k":1})"));
  const std::string target = "/api/results-ews?suite=s&test=a&flaky=True&recent=False";
  EXPECT_NE(get(target).body.find(R"({"details":{"k":1},"flaky_type":"F","result":{},)"), std::string::npos)
      << get(target).body;
  EXPECT_EQ(get("/api/results-ews?suite=s&test=a").status, 404);
  clock_.set(from_seconds(kNow + 90 * 86'400 - 1));
  EXPECT_EQ(get(target).status, 200);
  EXPECT_EQ(get("/api/results-ews?suite=s&test=a&flaky=True").status, 404) << "not recent";
  clock_.set(from_seconds(kNow + 90 * 86'400));
  EXPECT_EQ(get(target).status, 404);
}

TEST_F(Ews, ThatAreWrongAreRefusedWhole) {
  EXPECT_EQ(said("{"), "Expected uploaded data to be json");
  EXPECT_EQ(said("[]"), "Expected uploaded data to be a json object");
  EXPECT_EQ(said("{}"), "Invalid configuration");
  EXPECT_EQ(said(document(R"("suite":"s")", R"("suite":1)")), "Invalid suite");
  EXPECT_EQ(said(document(R"({"actual":"FAIL"})", "1")), "Invalid test results");
  EXPECT_EQ(said(document("1601990000", R"("x")")), "Invalid timestamp");
  EXPECT_EQ(said(document("1601990000", "1602000301")), "Unrealistic timestamp: 1602000301");
  EXPECT_EQ(said(document(R"("suite":"s")", R"("suite":"s","flaky_type":1)")), "Invalid flaky_type");
  EXPECT_EQ(said(document(R"("suite":"s")", R"("suite":"s","details":[])")), "Invalid details");
  EXPECT_EQ(said(document(R"("commits":[)", R"("commits":1,"others":[)")), "Invalid commits");
  EXPECT_EQ(said(document(R"("platform":"mac",)", "")), "Cannot register a partial configuration");
  EXPECT_EQ(get("/api/results-ews/tests?suite=s").body, "[]\n");
  EXPECT_EQ(post("/api/upload/ews", document(), /*loopback=*/false).status, 403);
}

TEST_F(Ews, HaveNoRoutesInTheRelease) {
  const auto answers = [&](ProfileName profile, std::optional<bool> ews) {
    options_.profile = profile;
    options_.ews = ews;
    start();
    const int posted = post("/api/upload/ews", document()).status;
    return std::pair(posted, int(get("/api/results-ews?suite=s&test=a").status));
  };
  EXPECT_EQ(answers(ProfileName::Webkit, {}), std::pair(404, 404));
  EXPECT_EQ(get("/api/results-ews/tests").body, "[]\n") << "the tests of a suite of that name";
  EXPECT_EQ(answers(ProfileName::Webkit, true), std::pair(200, 200));
  EXPECT_EQ(answers(ProfileName::WebkitCorrected, {}), std::pair(200, 200));
  EXPECT_EQ(answers(ProfileName::WebkitCorrected, false), std::pair(404, 404));
}

TEST_F(Ews, ThatComeAgainWhileTheyAreDeletedStay) {
  const auto storage = std::make_shared<resultsdb::testing::FaultyStorage>(backends::open_memory());
  model_ = Model::create(storage).value();
  router_ = http::Router();
  mount(router_, model_, options_);
  const std::string flaky = document(R"("suite":"s")", R"("suite":"s","flaky_type":"F")");
  ASSERT_EQ(post("/api/upload/ews", flaky).status, 200);
  clock_.set(from_seconds(kNow + 90 * 86'400));
  auto retention = ArchiveRetention::create(model_, options_);
  ASSERT_TRUE(retention.ok());
  bool again = false;
  storage->set_hook([&](const auto& call) {
    if (call.operation == "apply" && call.when == resultsdb::testing::FaultyStorage::When::Before && !again) {
      again = true;
      EXPECT_EQ(post("/api/upload/ews", flaky).status, 200);
    }
    return Status();
  });
  for (bool done = false; !done;) {
    const auto step = retention->step(clock_.now());
    ASSERT_TRUE(step) << step.error();
    EXPECT_EQ(step->deleted, 0u);
    done = step->done;
  }
  EXPECT_TRUE(again);
  EXPECT_EQ(get("/api/results-ews?suite=s&test=a&flaky=True&recent=False").status, 200);
}

TEST_F(Ews, WhatIsOverIsDeletedInTheBackground) {
  constexpr std::int64_t kDay = 86'400, kRows = 1200;
  options_.default_ttl_seconds = 100 * kDay;
  start();
  std::string many;
  for (int i = 0; i < kRows; ++i) many += ",\"t" + std::to_string(i) + "\":{}";
  const std::string flaky = R"("flaky_type":"F","suite":"s")";
  ASSERT_EQ(post("/api/upload/ews", document(R"("a":{})", R"("a":{})" + many)).status, 200);
  ASSERT_EQ(post("/api/upload/ews", document(R"("suite":"s")", flaky)).status, 200);
  const auto count = [&](const char* collection) {
    const auto page = model_->documents({.collection = collection, .limit = 10'000});
    return page.ok() ? page->items.size() : 0;
  };
  auto retention = ArchiveRetention::create(model_, options_);
  ASSERT_TRUE(retention.ok());
  const auto round = [&] {
    std::uint64_t deleted = 0;
    for (bool done = false; !done;) {
      const auto step = retention->step(clock_.now());
      if (!step) {
        ADD_FAILURE() << step.error();
        break;
      }
      deleted += step->deleted;
      done = step->done;
    }
    return deleted;
  };
  EXPECT_EQ(round(), 0u);
  clock_.set(from_seconds(kNow + 90 * kDay));
  ASSERT_EQ(post("/api/upload/ews", document()).status, 200);
  EXPECT_EQ(round(), 2u);
  EXPECT_EQ(count("webkit-ews-flaky"), 0u);
  EXPECT_EQ(count("webkit-ews"), kRows + 2u);
  clock_.set(from_seconds(kNow + 100 * kDay));
  EXPECT_EQ(round(), std::uint64_t{kRows});
  EXPECT_EQ(count("webkit-ews"), 2u) << "those that came once more stay";
}

}  // namespace
}  // namespace resultsdb::webkit
