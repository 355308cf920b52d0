// Answers are kept only as long as nothing was written.
#include "compat/webkit/answer_cache.hpp"

#include <gtest/gtest.h>

#include "resultsdb/backends/memory.hpp"

namespace resultsdb::webkit {
namespace {

class AnswerCacheTest : public ::testing::Test {
 protected:
  std::string ask(const std::string& target, std::int64_t now = 1000) {
    http::Request request;
    set_target(request, target);
    return cache_
        .get(*model_, request, now,
             [&] {
               http::Response response;
               response.status = status_;
               response.body = std::to_string(++made_) + std::string(padding_, ' ');
               return response;
             })
        .body.substr(0, 3);
  }
  void write() {
    resultsdb::Run run;
    run.header.suite = "suite";
    run.header.branch = "main";
    run.header.started = from_seconds(++written_);
    run.results.add({.test = "a"});
    ASSERT_TRUE(model_->ingest(run, {}));
  }

  std::shared_ptr<Model> model_ = Model::create(backends::open_memory()).value();
  AnswerCache cache_;
  int made_ = 0, written_ = 0, status_ = 200;
  std::size_t padding_ = 0;
};

TEST_F(AnswerCacheTest, TheSameUntilSomethingIsWritten) {
  EXPECT_EQ(ask("/api/results/a?limit=1"), "1");
  EXPECT_EQ(ask("/api/results/a?limit=1"), "1");
  EXPECT_EQ(ask("/api/results/a?limit=2"), "2");
  write();
  EXPECT_EQ(ask("/api/results/a?limit=1"), "3");
  EXPECT_EQ(ask("/api/results/a?limit=1"), "3");
}

TEST_F(AnswerCacheTest, TheClockMovesOn) {
  EXPECT_EQ(ask("/a", 1000), "1");
  EXPECT_EQ(ask("/a", 1001), "1");
  EXPECT_EQ(ask("/a", 1002), "2");
  EXPECT_EQ(ask("/a", 900), "3");
}

TEST_F(AnswerCacheTest, WhatMayDependOnMoreIsMadeEachTime) {
  EXPECT_EQ(ask("/a?ref=1234"), "1");
  EXPECT_EQ(ask("/a?ref=1234"), "2");
  EXPECT_EQ(ask("/a?after_timestamp=3"), "3");
  EXPECT_EQ(ask("/a?after_timestamp=3"), "4");
  status_ = 404;
  EXPECT_EQ(ask("/b"), "5");
  EXPECT_EQ(ask("/b"), "6");
}

TEST_F(AnswerCacheTest, TheLongestUnusedGoFirst) {
  padding_ = AnswerCache::kMostBytes / 5;
  for (const char* target : {"/1", "/2", "/3", "/4"}) (void)ask(target);
  (void)ask("/1");
  (void)ask("/5");
  EXPECT_EQ(made_, 5);
  (void)ask("/1");
  EXPECT_EQ(made_, 5);
  (void)ask("/2");
  EXPECT_EQ(made_, 6);
  padding_ = AnswerCache::kMostBytes / 2;  // would push out all others
  (void)ask("/6");
  (void)ask("/6");
  EXPECT_EQ(made_, 8);
}

}  // namespace
}  // namespace resultsdb::webkit
