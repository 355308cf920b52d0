// A queue of jobs: first in, first out, each held by one worker, on every backend alike because it consists
// of documents.
#include "resultsdb/jobs.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "resultsdb/backends/memory.hpp"

namespace resultsdb {
namespace {

Time at(std::int64_t seconds) { return from_seconds(1'600'000'000 + seconds); }

class Jobs : public ::testing::Test {
 protected:
  void put(const std::string& payload, std::int64_t now = 0) {
    const Status status = queue_.put(payload, at(now));
    ASSERT_TRUE(status) << status.error();
  }
  Job take(std::int64_t now = 0) {
    const auto job = queue_.take(at(now));
    EXPECT_TRUE(job) << job.error();
    return job && *job ? **job : Job{.id = {}, .payload = "none"};
  }

  std::shared_ptr<Model> model_ = Model::create(backends::open_memory()).value();
  JobQueue queue_{model_, "uploads"};
};

TEST_F(Jobs, FirstInFirstOutWhateverTheClockSays) {
  put("1", 100);
  put("2", 100);
  put("3", 50);
  for (const char* payload : {"1", "2", "3", "none"}) EXPECT_EQ(take(100).payload, payload);
}

TEST_F(Jobs, AFinishedJobIsGone) {
  put(R"({"a": 1.0})");
  const Job job = take();
  EXPECT_EQ(job.payload, R"({"a": 1.0})");
  EXPECT_EQ(queue_.count().value(), 1u);
  EXPECT_TRUE(queue_.finish(job).value());
  EXPECT_EQ(queue_.count().value(), 0u);
  EXPECT_FALSE(queue_.finish(job).value());
}

TEST_F(Jobs, AJobWhoseWorkerDiedIsGivenToAnother) {
  put("1");
  const Job lost = take(0);
  EXPECT_EQ(take(599).payload, "none");
  const Job again = take(600);
  EXPECT_EQ(again.payload, "1");
  EXPECT_EQ(again.attempt, 2);
  EXPECT_FALSE(queue_.finish(lost).value()) << "it is no longer theirs";
  EXPECT_FALSE(queue_.give_back(lost).value());
  EXPECT_EQ(take(601).payload, "none") << "nor could they free it";
  EXPECT_TRUE(queue_.finish(again).value());
}

TEST_F(Jobs, FiveAttemptsAreAll) {
  put("1");
  put("2");
  for (int attempt = 1; attempt <= 5; ++attempt) {
    const Job job = take();
    EXPECT_EQ(job.payload, "1");
    EXPECT_EQ(job.attempt, attempt);
    EXPECT_EQ(queue_.give_back(job).value(), attempt == 5);
  }
  for (int attempt = 1; attempt <= 5; ++attempt) EXPECT_EQ(take(1000 * attempt).payload, "2");
  EXPECT_EQ(take(6000).payload, "none");
  EXPECT_EQ(queue_.count().value(), 0u) << "dropped";
}

TEST_F(Jobs, QueuesAreApartAndPayloadsAreChecked) {
  JobQueue other(model_, "other");
  put("1");
  EXPECT_FALSE(other.take(at(0)).value().has_value());
  EXPECT_EQ(queue_.put("{", at(0)).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(queue_.count().value(), 1u);
}

TEST_F(Jobs, NoIdComesTwice) {
  put("1");
  const Job first = take();
  EXPECT_TRUE(queue_.finish(first).value());
  put("2");
  const Job second = take();
  EXPECT_NE(first.id, second.id) << "else who holds the first could end the second";
  EXPECT_FALSE(queue_.finish(first).value());
  EXPECT_TRUE(queue_.finish(second).value());
}

TEST_F(Jobs, ManyWritersAndWorkersLoseAndDoubleNothing) {
  constexpr int kThreads = 4, kEach = 25;
  std::mutex mutex;
  std::multiset<std::string> done;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < kEach; ++j) put(std::to_string(i * kEach + j));
    });
    threads.emplace_back([&] {
      for (bool all = false; !all;) {
        const Job job = take();
        if (!job.id.empty()) {
          EXPECT_TRUE(queue_.finish(job).value());
        }
        const std::lock_guard lock(mutex);
        if (!job.id.empty()) done.insert(job.payload);
        all = done.size() >= kThreads * kEach || HasFailure();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done.size(), std::size_t{kThreads * kEach});
  EXPECT_EQ(std::set<std::string>(done.begin(), done.end()).size(), done.size());
}

}  // namespace
}  // namespace resultsdb
