// Uploads that are processed later, by whoever comes first.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <sstream>
#include <thread>
#include <vector>

#include "compat/webkit/endpoint_fixture.hpp"
#include "resultsdb/jobs.hpp"

namespace resultsdb::webkit {
namespace {

class UploadQueue : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = clock_.clock();
    options_.async_processing = true;
    options_.queued = [this] { ++told_; };
    mount(router_, model_, options_);
  }

  http::Response send(const std::string& method, std::string target, std::string body = {}) const {
    return testing::dispatch(router_, method, std::move(target), std::move(body));
  }

  void upload(int number, const std::string& results = R"({"t":{"actual":"FAIL"}})") const {
    const std::string place = std::to_string(1'601'900'000 + number);
    const auto reply = send(
        "POST", "/api/upload",
        R"({"suite":"s","configuration":{"platform":"mac","version":"10.14","is_simulator":false,)"
        R"("architecture":"x86_64"},"timestamp":1601990000,"commits":[{"repository_id":"tools","branch":"main",)"
        R"("hash":"abc)" +
            place + R"(","identifier":"1@main","timestamp":)" + place + R"(}],"test_results":{"results":)" +
            results + "}}");
    ASSERT_EQ(reply.status, 200) << reply.body;
    ASSERT_NE(reply.body.find(R"("test-results":{"status":"Queued"})"), std::string::npos) << reply.body;
  }

  bool work() const {
    const auto worked = process_queued_upload(model_, options_);
    EXPECT_TRUE(worked) << worked.error();
    return worked && *worked;
  }
  std::size_t runs_of_test() const {
    const std::string body = send("GET", "/api/results/s/t").body;
    std::size_t runs = 0;
    for (std::size_t at = body.find("\"actual\""); at != body.npos; at = body.find("\"actual\"", at + 1))
      ++runs;
    return runs;
  }
  std::string exported() const {
    std::ostringstream text;
    EXPECT_TRUE(model_->export_to(text, {}));
    return text.str();
  }

  resultsdb::testing::ManualClock clock_{from_seconds(1'602'000'000)};
  std::shared_ptr<Model> model_ = Model::create(backends::open_memory()).value();
  int told_ = 0;
  Options options_;
  http::Router router_;
};

TEST_F(UploadQueue, ShowsTheSuiteAtOnceAndItsResultsOnceProcessed) {
  upload(1);
  EXPECT_EQ(told_, 1);
  EXPECT_NE(send("GET", "/api/suites").body.find(R"(["s"])"), std::string::npos);
  EXPECT_EQ(runs_of_test(), 0u);
  EXPECT_TRUE(work());
  EXPECT_EQ(runs_of_test(), 1u);
  EXPECT_FALSE(work());
}

TEST_F(UploadQueue, GivesTheUploadOfADeadWorkerToAnother) {
  upload(1);
  ASSERT_TRUE(JobQueue(model_, "webkit-uploads").take(clock_.now()).value()) << "a worker that says no more";
  EXPECT_FALSE(work());
  clock_.advance(std::chrono::seconds(600));
  EXPECT_TRUE(work());
  EXPECT_EQ(runs_of_test(), 1u);
}

TEST_F(UploadQueue, ProcessingTwiceIsAsOnce) {
  upload(1);
  upload(2);
  while (work()) continue;
  const std::string once = exported();
  upload(1);
  EXPECT_EQ(send("POST", "/api/upload/process?suite=s").status, 200);
  EXPECT_EQ(told_, 5);
  while (work()) continue;
  EXPECT_EQ(exported(), once);
}

TEST_F(UploadQueue, AnUploadWithAnErrorIsDone) {
  upload(1, R"({"t":{"u":{},"v":1}})");
  EXPECT_TRUE(work());
  EXPECT_FALSE(work());
  EXPECT_EQ(runs_of_test(), 0u);
}

TEST_F(UploadQueue, WhatCannotBeProcessedIsToldAndDroppedInTheEnd) {
  upload(1);
  upload(2);
  // The first one's text is damaged: its processing ends with an error each time.
  const auto runs = model_->runs({.suite = "s"}).value();
  const auto damaged =
      std::min_element(runs.begin(), runs.end(),
                       [](const auto& a, const auto& b) { return a->position < b->position; })
          ->get()
          ->id;
  const RunDocuments place = run_documents("s", damaged);
  ASSERT_TRUE(model_->change_documents(
      {.collection = place.collection,
       .puts = {{.document = {.key = place.key_prefix + "webkit-upload", .text = "[]"}}},
       .deletes = {}}));
  for (int attempt = 1; attempt <= 5; ++attempt) {
    const auto worked = process_queued_upload(model_, options_);
    ASSERT_FALSE(worked);
    EXPECT_NE(worked.error().message.find("attempt " + std::to_string(attempt) +
                                          (attempt == 5 ? ", the last" : "")),
              std::string::npos)
        << worked.error();
  }
  EXPECT_TRUE(work());
  EXPECT_EQ(runs_of_test(), 1u);
  EXPECT_FALSE(work());
}

TEST_F(UploadQueue, WorkersShareTheWork) {
  constexpr int kUploads = 20;
  for (int i = 0; i < kUploads; ++i) upload(i);
  std::atomic<int> done{0};
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      while (work()) ++done;
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(done.load(), kUploads);
  EXPECT_EQ(runs_of_test(), std::size_t{kUploads});
}

}  // namespace
}  // namespace resultsdb::webkit
