#include "resultsdb/aggregate/change_points.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string_view>

namespace resultsdb::aggregate {
namespace {

/// "PPFP": one letter a run.
std::vector<Stretch> stretches(std::string_view runs) {
  std::vector<Stretch> result;
  for (const char run : runs) {
    const bool bad = run == 'F';
    if (result.empty() || result.back().bad != bad) result.push_back({0, bad});
    ++result.back().runs;
  }
  return result;
}

std::string repeat(int times, std::string_view what) {
  std::string text;
  for (int i = 0; i < times; ++i) text += what;
  return text;
}

std::vector<std::uint32_t> change_runs(std::string_view runs, double change) {
  ChangePointFinder finder({.change = change});
  const auto parts = stretches(runs);
  std::vector<std::uint32_t> result;
  for (const std::uint32_t at : finder.find(parts))
    result.push_back(std::accumulate(parts.begin(), parts.begin() + at, 0U,
                                     [](std::uint32_t sum, const Stretch& s) { return sum + s.runs; }));
  return result;
}

using Runs = std::vector<std::uint32_t>;

TEST(ChangePoints, Likelihood) {
  ChangePointFinder finder;
  EXPECT_NEAR(finder.log_likelihood(0, 10), -1.1157, 1e-4);
  EXPECT_NEAR(finder.log_likelihood(10, 10), -2.0977, 1e-4);
  EXPECT_NEAR(finder.log_likelihood(0, 20), -1.3213, 1e-4);
  EXPECT_NEAR(finder.log_likelihood(1, 20), -5.4957, 1e-4);
  EXPECT_NEAR(finder.log_likelihood(10, 20), -15.8259, 1e-4);
  EXPECT_EQ(finder.log_likelihood(0, 0), 0);
}

TEST(ChangePoints, KnownHistories) {
  const auto p = [](int n) { return repeat(n, "P"); };
  const auto f = [](int n) { return repeat(n, "F"); };
  EXPECT_EQ(change_runs(p(30) + f(6) + p(30), 1e-4), Runs{});
  EXPECT_EQ(change_runs(p(40) + repeat(10, "FP"), 1e-4), Runs{40});
  EXPECT_EQ(change_runs(p(10) + f(10), 1e-4), Runs{10});
  EXPECT_EQ(change_runs(p(20) + f(1), 1e-4), Runs{});
  EXPECT_EQ(change_runs(p(10) + f(3), 1e-4), Runs{});
  EXPECT_EQ(change_runs("", 1e-4), Runs{});
  EXPECT_EQ(change_runs(f(50), 1e-4), Runs{});
}

// How many failures a lasting break needs to be seen, and how many one that was mended.
TEST(ChangePoints, DetectionDelay) {
  const auto needed = [](int passes, bool mended, double change = 1e-4) {
    for (int failures = 1;; ++failures) {
      const std::string runs =
          repeat(passes, "P") + repeat(failures, "F") + (mended ? repeat(passes, "P") : "");
      if (!change_runs(runs, change).empty()) return failures;
    }
  };
  for (const auto& [passes, failures] : {std::pair{5, 13}, {10, 6}, {20, 4}, {50, 3}, {100, 3}, {200, 2}})
    EXPECT_EQ(needed(passes, false), failures) << passes;
  for (const auto& [passes, failures] : {std::pair{5, 7}, {10, 4}, {20, 3}, {50, 2}, {200, 2}})
    EXPECT_EQ(needed(passes, false, 1e-3), failures) << passes;
  for (const auto& [passes, failures] : {std::pair{20, 8}, {30, 7}, {50, 6}, {100, 5}, {200, 4}})
    EXPECT_EQ(needed(passes, true), failures) << passes;
}

/// The textbook's programme over single runs.
struct Cut {
  double score;
  Runs changes;
};
Cut best_cut(const std::string& runs, double change) {
  ChangePointFinder finder;
  const std::size_t n = runs.size();
  std::vector<double> best(n + 1, 0);
  std::vector<std::size_t> from(n + 1, 0);
  for (std::size_t end = 1; end <= n; ++end) {
    best[end] = -1e300;
    for (std::size_t begin = 0; begin < end; ++begin) {
      const auto bad = static_cast<std::uint32_t>(
          std::count(runs.begin() + static_cast<long>(begin), runs.begin() + static_cast<long>(end), 'F'));
      const double score = best[begin] + (begin > 0 ? std::log(change) : 0) +
                           finder.log_likelihood(bad, static_cast<std::uint32_t>(end - begin));
      if (score > best[end]) best[end] = score, from[end] = begin;
    }
  }
  Cut cut{best[n], {}};
  for (std::size_t at = from[n]; at != 0; at = from[at])
    cut.changes.push_back(static_cast<std::uint32_t>(at));
  std::reverse(cut.changes.begin(), cut.changes.end());
  return cut;
}

double score_of(const std::string& runs, const Runs& changes, double change) {
  ChangePointFinder finder;
  double score = static_cast<double>(changes.size()) * std::log(change);
  for (std::size_t i = 0; i <= changes.size(); ++i) {
    const long begin = i == 0 ? 0 : changes[i - 1];
    const long end = i == changes.size() ? static_cast<long>(runs.size()) : changes[i];
    const auto bad = std::count(runs.begin() + begin, runs.begin() + end, 'F');
    score += finder.log_likelihood(static_cast<std::uint32_t>(bad), static_cast<std::uint32_t>(end - begin));
  }
  return score;
}

/// Histories of a few segments of different rates.
std::string random_runs(std::mt19937_64& random) {
  std::string runs;
  const int segments = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < segments; ++i) {
    const double rate = std::array{0.0, 0.0, 1.0, 0.5, 0.1}[random() % 5];
    const auto length = random() % 30;
    for (std::uint64_t j = 0; j < length; ++j)
      runs += std::uniform_real_distribution<>()(random) < rate ? 'F' : 'P';
  }
  return runs;
}

TEST(ChangePoints, EqualsTheTextbookOverSingleRuns) {
  std::mt19937_64 random(20);
  for (int i = 0; i < 2000; ++i) {
    const std::string runs = random_runs(random);
    const double change = std::array{1e-4, 1e-3, 1e-2}[random() % 3];
    const Cut expected = best_cut(runs, change);
    const Runs found = change_runs(runs, change);
    EXPECT_NEAR(score_of(runs, found, change), expected.score, 1e-9) << runs;
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(ChangePoints, SplittingAStretchChangesNothing) {
  ChangePointFinder finder;
  const std::vector whole{Stretch{30, false}, Stretch{20, true}};
  const std::vector split{Stretch{10, false}, Stretch{20, false}, Stretch{5, true}, Stretch{15, true}};
  EXPECT_TRUE(std::ranges::equal(finder.find(whole), Runs{1}));
  EXPECT_TRUE(std::ranges::equal(finder.find(split), Runs{2}));
}

TEST(ChangePoints, OldStretchesOfAVeryFlakyTestAreLeftOut) {
  const std::string runs = repeat(500, "PF") + repeat(300, "P");
  ChangePointFinder finder;
  const auto parts = stretches(runs);
  const auto found = finder.find(parts);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0], parts.size() - 1);
}

TEST(ChangePoints, PlaceOfOneChange) {
  ChangePointFinder finder;
  const std::vector<double> weights{2, 2, 2, 2, 12, 1, 1, 1, 1};
  const auto mass = finder.locate(stretches("PPPPPFFFFF"), weights);
  ASSERT_EQ(mass.size(), 9);
  EXPECT_NEAR(mass[4], 0.973, 1e-3);
  EXPECT_NEAR(mass[3], 0.015, 1e-3);
  for (const std::size_t i : {0, 1, 2, 5, 6, 7, 8}) EXPECT_LT(mass[i], 0.006) << i;
  EXPECT_NEAR(std::accumulate(mass.begin(), mass.end(), 0.0), 1, 1e-12);

  const auto flaky = finder.locate(stretches("PPPPFPFFFF"), std::vector<double>(9, 10));
  EXPECT_NEAR(flaky[3], 0.436, 1e-3);
  EXPECT_NEAR(flaky[5], 0.274, 1e-3);
  EXPECT_NEAR(flaky[2], 0.105, 1e-3);
  EXPECT_NEAR(flaky[6], 0.060, 1e-3);
  EXPECT_TRUE(finder.locate(stretches("P"), {}).empty());
}

TEST(ChangePoints, CredibleRange) {
  const std::vector<double> mass{0.01, 0.105, 0.436, 0.02, 0.274, 0.06, 0.095};
  const GapRange half = credible_range(mass, 0.5);
  EXPECT_EQ(half.first, 1);
  EXPECT_EQ(half.last, 3);
  const GapRange most = credible_range(mass, 0.95);
  EXPECT_EQ(most.first, 1);
  EXPECT_EQ(most.last, 7);
  EXPECT_NEAR(most.mass, 0.99, 1e-12);
  EXPECT_EQ(credible_range({}, 0.95).last, 0);
}

}  // namespace
}  // namespace resultsdb::aggregate
