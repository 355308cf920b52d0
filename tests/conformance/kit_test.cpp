// The tools of resultsdb::testing themselves.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/testing/faulty_storage.hpp"
#include "resultsdb/testing/manual_clock.hpp"

namespace resultsdb::testing {
namespace {

using namespace std::chrono_literals;
using When = FaultyStorage::When;

storage::DocumentBatch batch() {
  return {.collection = "docs", .puts = {{.document = {.key = "key", .text = "{}"}}}};
}

Error injected() { return make_error(ErrorCode::Unavailable, "injected"); }

TEST(ManualClock, StandsStillUntilItIsMoved) {
  ManualClock manual(from_seconds(1000));
  const Clock clock = manual.clock();
  EXPECT_EQ(clock(), from_seconds(1000));
  EXPECT_EQ(clock(), from_seconds(1000));
  manual.advance(1500ms);
  EXPECT_EQ(clock(), from_micros(1'001'500'000));
  manual.advance(-500ms);
  EXPECT_EQ(manual.now(), from_seconds(1001));
  manual.set(from_seconds(-5));
  EXPECT_EQ(clock(), from_seconds(-5));
}

TEST(ManualClock, ClocksOutliveIt) {
  Clock clock;
  {
    const ManualClock manual(from_seconds(7));
    clock = manual.clock();
  }
  EXPECT_EQ(clock(), from_seconds(7));
}

TEST(ManualClock, AdvancesOfAllThreadsCount) {
  ManualClock manual(from_seconds(0));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int step = 0; step < 1000; ++step) manual.advance(1us);
      });
    }
  }
  EXPECT_EQ(manual.now(), from_micros(4000));
}

TEST(FaultyStorage, ForwardsWithoutHook) {
  FaultyStorage faulty(backends::open_memory());
  ASSERT_TRUE(faulty.apply(batch()).ok());
  EXPECT_TRUE(faulty.get_document("docs", "key")->has_value());
  EXPECT_TRUE(faulty.inner()->get_document("docs", "key")->has_value());
  EXPECT_EQ(faulty.calls(), 2u);
  EXPECT_EQ(faulty.calls("apply"), 1u);
  EXPECT_EQ(faulty.calls("find_runs"), 0u);
}

TEST(FaultyStorage, ErrorBeforeMeansThatNothingHappened) {
  FaultyStorage faulty(backends::open_memory(), [](const FaultyStorage::Call& call) -> Status {
    if (call.when == When::Before) return injected();
    return {};
  });
  const Status status = faulty.apply(batch());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error(), injected());
  EXPECT_FALSE(faulty.inner()->get_document("docs", "key")->has_value());
  EXPECT_EQ(faulty.calls("apply"), 1u);
}

TEST(FaultyStorage, ErrorAfterMeansThatItHappened) {
  FaultyStorage faulty(backends::open_memory(), [](const FaultyStorage::Call& call) -> Status {
    if (call.when == When::After) return injected();
    return {};
  });
  EXPECT_FALSE(faulty.apply(batch()).ok());
  EXPECT_TRUE(faulty.inner()->get_document("docs", "key")->has_value());
  faulty.set_hook({});
  EXPECT_TRUE(faulty.ping().ok());
}

TEST(FaultyStorage, HooksSeeNameNumberAndMoment) {
  std::vector<std::string> seen;
  FaultyStorage faulty(backends::open_memory(), [&](const FaultyStorage::Call& call) -> Status {
    seen.push_back(std::to_string(call.number) + ' ' + std::string(call.operation) +
                   (call.when == When::Before ? " before" : " after"));
    return {};
  });
  EXPECT_TRUE(faulty.ping().ok());
  EXPECT_TRUE(faulty.find_suites().ok());
  EXPECT_FALSE(faulty.find_runs({.suite = ""}, {}).ok()) << "refused before it comes here";
  const std::string_view unknown[] = {"x"};
  EXPECT_TRUE(faulty.look_up_tests("suite", unknown).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"1 ping before", "1 ping after", "2 find_suites before",
                                            "2 find_suites after", "3 look_up_tests before",
                                            "3 look_up_tests after"}));
}

TEST(FaultyStorage, FailedOperationsHaveNoAfter) {
  int after = 0;
  FaultyStorage faulty(backends::open_memory(), [&](const FaultyStorage::Call& call) -> Status {
    after += call.when == When::After;
    return {};
  });
  storage::DocumentBatch conflict = batch();
  conflict.puts[0].expected_version = 5;
  EXPECT_EQ(faulty.apply(conflict).error().code, ErrorCode::Conflict);
  EXPECT_EQ(after, 0);
}

}  // namespace
}  // namespace resultsdb::testing
