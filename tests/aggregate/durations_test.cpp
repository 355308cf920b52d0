#include "resultsdb/aggregate/durations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace resultsdb::aggregate {
namespace {

using std::chrono::milliseconds;
using Values = std::vector<double>;
using Known = std::vector<std::optional<Duration>>;

TEST(Durations, OutliersByModifiedZ) {
  const Values ms{40, 41, 42, 39, 40, 43, 41, 40, 44, 39, 90};
  EXPECT_NEAR(modified_z(ms).back(), 33.05, 0.01);
  std::vector<Duration> durations;
  for (const double value : ms) durations.push_back(milliseconds(static_cast<int>(value)));
  const Values z = modified_z(log_durations(durations));
  EXPECT_NEAR(z.back(), 12.1, 0.1);
  EXPECT_EQ(std::count_if(z.begin(), z.end(), [](double x) { return std::abs(x) > kOutlier; }), 1);
  EXPECT_TRUE(modified_z({}).empty());
  EXPECT_EQ(modified_z(Values{5, 5, 5}), (Values{0, 0, 0}));
}

TEST(Durations, QHat) {
  const Values q = q_hat(Values{40, 41, 39, 40, 50, 51, 49, 50});
  const Values expected{5.083, 9.4, 19.375, 36.0, 19.375, 9.4, 5.083};
  ASSERT_EQ(q.size(), expected.size());
  for (std::size_t i = 0; i < q.size(); ++i) EXPECT_NEAR(q[i], expected[i], 1e-3) << i;
  EXPECT_TRUE(q_hat({}).empty());
  EXPECT_TRUE(q_hat(Values{1}).empty());
}

TEST(Durations, QHatEqualsItsDefinition) {
  std::mt19937 random(5);
  Values x(30);
  for (double& value : x) value = static_cast<double>(random() % 100);
  const Values q = q_hat(x);
  const auto sum = [&](std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    double total = 0;
    for (std::size_t i = a; i < b; ++i) {
      for (std::size_t j = c; j < d; ++j) total += std::abs(x[i] - x[j]);
    }
    return total;
  };
  for (std::size_t t = 2; t + 2 <= x.size(); ++t) {
    const auto n = static_cast<double>(t), m = static_cast<double>(x.size() - t);
    const double inside = sum(0, t, 0, t) / (n * (n - 1)) + sum(t, x.size(), t, x.size()) / (m * (m - 1));
    EXPECT_NEAR(q[t - 1], n * m / (n + m) * (2 / (n * m) * sum(0, t, t, x.size()) - inside), 1e-6);
  }
}

TEST(Durations, WeightedT) {
  const Values back{40, 41, 42, 39, 40, 41, 40, 39, 42, 41, 40, 41};
  const Values forward{47, 48, 46, 49, 47, 48, 47, 46, 48, 49, 47, 48};
  EXPECT_NEAR(weighted_t(back, forward), 16.98, 0.01);
  EXPECT_EQ(weighted_t({}, forward), 0);
  EXPECT_EQ(weighted_t(Values{1, 1}, Values{1, 1}), 0);
  EXPECT_TRUE(std::isinf(weighted_t(Values{1, 1}, Values{2, 2})));
}

Values noisy(std::initializer_list<std::pair<int, double>> stretches, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 0.1);
  Values values;
  for (const auto& [count, level] : stretches) {
    for (int i = 0; i < count; ++i) values.push_back(level + noise(random));
  }
  return values;
}

TEST(Durations, ChangePoints) {
  const Values values = noisy({{70, 8}, {90, 9}, {60, 8.5}}, 11);
  const auto changes = duration_changes(values);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].index, 70U);
  EXPECT_NEAR(changes[0].ratio, 2, 0.1);
  EXPECT_NEAR(static_cast<double>(changes[1].index), 160, 1);
  EXPECT_LT(changes[1].ratio, 1);
  EXPECT_EQ(changes, duration_changes(values));
}

TEST(Durations, NoChangeWhereThereIsNone) {
  EXPECT_TRUE(duration_changes({}).empty());
  EXPECT_TRUE(duration_changes(Values{1}).empty());
  EXPECT_TRUE(duration_changes(Values(300, 7.0)).empty());
  Values spike(40, 7.0);
  spike[20] = 12;
  EXPECT_TRUE(duration_changes(spike).empty());
  // significant but small: 3 %
  Values small(60, 7.0);
  std::fill(small.begin() + 30, small.end(), 7.0 + std::log2(1.03));
  EXPECT_TRUE(duration_changes(small).empty());
  EXPECT_EQ(duration_changes(small, {.least_magnitude = 0.02}).size(), 1U);
  // The place is chosen as the best of many, so the error is above p; it must stay rare all the same.
  std::size_t false_alarms = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    false_alarms += duration_changes(noisy({{120, 8}}, seed)).empty() ? 0 : 1;
  }
  EXPECT_LE(false_alarms, 10U);
}

TEST(Durations, Summary) {
  std::vector<Duration> durations;
  for (int i = 100; i >= 0; --i) durations.emplace_back(i);
  EXPECT_EQ(summarise(durations),
            (DurationSummary{101, Duration(10), Duration(50), Duration(90), Duration(95), Duration(100)}));
  EXPECT_EQ(summarise({}), DurationSummary{});
  EXPECT_EQ(summarise(std::array{Duration(7)}).p90, Duration(7));
}

TEST(Durations, GrowthHasAnIntervalThatHoldsTheTruth) {
  EXPECT_FALSE(growth({}, std::array{Duration(1)}));
  const auto same = growth(std::array{Duration(5)}, std::array{Duration(10)});
  EXPECT_NEAR(same->ratio, 2, 1e-9);
  std::mt19937 random(9);
  std::lognormal_distribution<double> noise(0, 0.3);
  int held = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<Duration> before, after;
    for (int i = 0; i < 20; ++i) before.emplace_back(std::llround(1e5 * noise(random)));
    for (int i = 0; i < 15; ++i) after.emplace_back(std::llround(1.5e5 * noise(random)));
    const auto found = growth(before, after);
    EXPECT_LE(found->low, found->ratio);
    EXPECT_LE(found->ratio, found->high);
    held += found->low <= 1.5 && 1.5 <= found->high ? 1 : 0;
  }
  EXPECT_GE(held, 366);  // 91.5 % of what should be 95
  EXPECT_LE(held, 396);
}

TEST(Durations, Shards) {
  const Known tests{milliseconds(7), milliseconds(5), std::nullopt, milliseconds(3), milliseconds(1)};
  const std::vector<Shard> plan = balance(tests, 2);  // the unknown one: 4
  ASSERT_EQ(plan.size(), 2U);
  EXPECT_EQ(plan[0], (Shard{{0, 3}, milliseconds(10)}));
  EXPECT_EQ(plan[1], (Shard{{1, 2, 4}, milliseconds(10)}));
  EXPECT_TRUE(balance(tests, 0).empty());
  EXPECT_EQ(balance({}, 3), std::vector<Shard>(3));
  for (const Shard& shard : balance(Known(9), 3)) EXPECT_EQ(shard.tests.size(), 3U);  // none known
  EXPECT_GT(balance(Known(100, Duration::max()), 1)[0].predicted, Duration(0));
}

TEST(Durations, ShardsEndAtMostFourThirdsAsLateAsTheBestPlan) {
  std::mt19937 random(2);
  for (int round = 0; round < 100; ++round) {
    Known tests;
    for (int i = 0; i < 8; ++i) tests.emplace_back(Duration(1 + random() % 50));
    Duration best = Duration::max();
    for (unsigned choice = 0; choice < 6561; ++choice) {  // 3^8
      std::array<Duration, 3> load{};
      unsigned rest = choice;
      for (const auto& test : tests) load[rest % 3] += *test, rest /= 3;
      best = std::min(best, *std::max_element(load.begin(), load.end()));
    }
    Duration last{0};
    for (const Shard& shard : balance(tests, 3)) last = std::max(last, shard.predicted);
    EXPECT_LE(9 * last.count(), 11 * best.count());  // 4/3 - 1/(3 * 3)
  }
}

}  // namespace
}  // namespace resultsdb::aggregate
