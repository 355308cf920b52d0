// Durations of many tests, read in ranges, are those of each test by itself.
#include "engine/durations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/suite_tracks.hpp"
#include "property/random_history.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "support/value_of.hpp"

namespace resultsdb::engine {
namespace {

constexpr std::uint32_t kTests = 600;  // three blocks of tiles
constexpr int kRuns = 160;             // with two timelines large tiles, small ones and raw rows

class Durations : public ::testing::Test {
 protected:
  std::uint32_t pick(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }

  void fill() {
    for (int i = 0; i < kRuns; ++i) {
      resultsdb::Run run;
      const Position place = pick(10) == 0 ? static_cast<Position>(pick(100)) : 100 + i;
      run.header = {.suite = "s", .branch = i % 2 ? "a" : "b", .position = place, .started = from_seconds(i)};
      for (std::uint32_t test = 0; test < kTests; ++test) {
        if (pick(20) == 0) continue;
        std::optional<Duration> duration;
        if (pick(3) != 0) duration = Duration(pick(2'000'000));
        run.results.add({.test = "t" + std::to_string(test), .duration = duration});
      }
      value_of(model_->ingest(run, {}));
    }
  }

  /// How many of the values are known.
  std::size_t compare(const RunsOfTimeline& runs, TestRange range) {
    std::size_t known = 0;
    const auto values = value_of(read_durations_of_tests(suite_, runs.timeline, runs.serials, range));
    EXPECT_EQ(values.size(), range.count * runs.serials.size());
    for (std::uint32_t i = 0; i < range.count; i += 1 + pick(40)) {
      const auto alone = value_of(read_durations_of_test(suite_, range.first + i, {&runs, 1})).front();
      const auto here = std::span(values).subspan(i * runs.serials.size(), runs.serials.size());
      EXPECT_TRUE(std::ranges::equal(here, alone)) << "test " << range.first + i;
      known += static_cast<std::size_t>(std::ranges::count_if(alone, [](auto value) { return value >= 0; }));
    }
    return known;
  }

  const std::uint64_t seed_ = property::seed_or(20261127);
  std::mt19937_64 random_{seed_};
  const std::shared_ptr<Model> model_ = value_of(Model::create(backends::open_memory()));
  Suite suite_{model_->storage(), "s"};
};

TEST_F(Durations, OfRangesAreThoseOfTheirTests) {
  SCOPED_TRACE("to run it again: RESULTSDB_SEED=" + std::to_string(seed_));
  fill();
  const Selection all;
  const SuiteTracks tracks = value_of(read_suite_tracks(suite_, {&all, 1})).front();
  ASSERT_EQ(tracks.tracks.size(), 2);
  std::size_t known = 0;
  for (const SuiteTrackPtr& track : tracks.tracks) {
    RunsOfTimeline runs{track->number, {}};
    for (const RunEntryPtr& run : track->runs) runs.serials.push_back(run->serial);
    known += compare(runs, {0, kChunkTests});
    for (int i = 0; i < 20; ++i) known += compare(runs, {pick(kTests), 1 + pick(kTests)});
    EXPECT_TRUE(value_of(read_durations_of_tests(suite_, track->number, runs.serials, {})).empty());
  }
  EXPECT_GT(known, 10'000U);
}

TEST(TestsAtOnce, AreAChunkOrTakeNoMoreThanTheyMay) {
  EXPECT_EQ(tests_at_once(5'000, 60'000, 10), (TestRange{4'096, 4'096}));
  EXPECT_EQ(tests_at_once(5'000, 5'001, 10), (TestRange{4'096, 906}));
  EXPECT_EQ(tests_at_once(0, 0, 1'000'000'000), (TestRange{0, 1}));
  for (const std::size_t runs : {1U, 4'096U, 4'097U, 40'000U, 2'000'000U, 16'777'216U}) {
    const TestRange range = tests_at_once(5'000, 60'000, runs);
    EXPECT_TRUE(range.contains(5'000));
    EXPECT_LE(range.count * runs * sizeof(std::int64_t), kBytesAtOnce);
    EXPECT_TRUE(range.count == kChunkTests || 2 * range.count * runs * sizeof(std::int64_t) > kBytesAtOnce);
    EXPECT_EQ(range.first / kChunkTests, (range.first + range.count - 1) / kChunkTests);
  }
}

}  // namespace
}  // namespace resultsdb::engine
