// Vectors by hand and from the papers; each was also computed by an independent script.
#include "resultsdb/aggregate/statistics.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

namespace resultsdb::aggregate {
namespace {

constexpr double kTolerance = 1e-3;

TEST(Statistics, WilsonIntervals) {
  struct Vector {
    std::uint64_t k, n;
    double low, high;
  };
  for (const auto& [k, n, low, high] : {Vector{0, 20, 0, 0.161},
                                        {1, 20, 0.009, 0.236},
                                        {5, 10, 0.237, 0.763},
                                        {0, 50, 0, 0.071},
                                        {10, 20, 0.299, 0.701},
                                        {2, 4, 0.15, 0.85}}) {
    const Proportion p = wilson(k, n);
    EXPECT_NEAR(p.low, low, kTolerance) << k << '/' << n;
    EXPECT_NEAR(p.high, high, kTolerance) << k << '/' << n;
  }
  EXPECT_EQ(wilson(0, 0), (Proportion{0, 0, 0, 1}));
  EXPECT_EQ(wilson(7, 7).high, 1);
  EXPECT_LT(wilson(3, 40, 0.8).high, wilson(3, 40).high);
}

TEST(Statistics, JeffreysPosterior) {
  const Posterior posterior = jeffreys(1, 20);
  EXPECT_NEAR(posterior.mean, 0.0714, 1e-4);
  EXPECT_NEAR(posterior.interval.low, 0.0054, 1e-4);
  EXPECT_NEAR(posterior.interval.high, 0.2108, 1e-4);
  EXPECT_NEAR(probability_above(1, 20, posterior.interval.high), 0.025, 1e-6);
  EXPECT_EQ(probability_above(1, 20, 1), 0);
}

TEST(Statistics, DecayEqualsTheSumOverRuns) {
  const std::array history{Stretch{50, false}, Stretch{10, true}};
  const Decayed decayed = decay(history, 50);
  EXPECT_NEAR(decayed.k, 9.403, kTolerance);
  EXPECT_NEAR(decayed.n, 41.019, kTolerance);
  const Interval bounds = wilson_weighted(decayed.k, decayed.n);
  EXPECT_NEAR(bounds.low, 0.127, kTolerance);
  EXPECT_NEAR(bounds.high, 0.378, kTolerance);

  double k = 0, n = 0;
  const double q = std::exp2(-1.0 / 50);
  for (const Stretch& stretch : history)
    for (std::uint32_t i = 0; i < stretch.runs; ++i) k = k * q + (stretch.bad ? 1 : 0), n = n * q + 1;
  EXPECT_NEAR(decayed.k, k, 1e-9);
  EXPECT_NEAR(decayed.n, n, 1e-9);
}

TEST(Statistics, FisherExact) {
  EXPECT_NEAR(fisher_exact(3, 10, 2, 100), 0.00503, 1e-5);
  EXPECT_NEAR(fisher_exact(2, 10, 2, 100), 0.0407, 1e-4);
  EXPECT_NEAR(fisher_exact(1, 10, 2, 100), 0.2508, 1e-4);
  EXPECT_NEAR(fisher_exact(5, 50, 1, 200), 0.00138, 1e-5);
  EXPECT_NEAR(fisher_exact(0, 10, 2, 100), 1, 1e-12);
  EXPECT_NEAR(fisher_exact(10, 10, 0, 10), 1 / 184756.0, 1e-12);
  EXPECT_NEAR(fisher_exact(4, 4, 3, 3), 1, 1e-12);
  EXPECT_EQ(fisher_exact(0, 0, 1, 10), 1);
}

TEST(Statistics, FalseDiscoveryRate) {
  const std::array p{.2, .0005, .012, .004, .03};
  const std::vector<double> q = q_values(p);
  EXPECT_NEAR(q[1], .0025, 1e-12);
  EXPECT_NEAR(q[3], .01, 1e-12);
  EXPECT_NEAR(q[2], .02, 1e-12);
  EXPECT_NEAR(q[4], .0375, 1e-12);
  EXPECT_NEAR(q[0], .2, 1e-12);
  EXPECT_TRUE(q_values({}).empty());
}

TEST(Statistics, EntropyAndFlipRatesFade) {
  EXPECT_EQ(entropy(2, 4), 1);
  EXPECT_EQ(entropy(0, 4), 0);
  EXPECT_EQ(entropy(0, 0), 0);
  EXPECT_NEAR(entropy(2, 3), .918, kTolerance);
  EXPECT_NEAR(faded_mean(std::array{1.0 / 3, 0., 1., 1.}), 0.623, kTolerance);
  EXPECT_NEAR(faded_mean(std::array{1., 0., 1., entropy(2, 3)}), 0.741, kTolerance);
  EXPECT_NEAR(faded_mean(std::array{1., 0., 0., 0.}), 0.212, kTolerance);
}

TEST(Statistics, MannWhitney) {
  const std::array a{40., 41., 42., 39., 40.}, b{47., 48., 46., 49., 47.};
  const RankTest test = mann_whitney(a, b);
  EXPECT_EQ(test.u, 25);
  EXPECT_NEAR(test.z, 2.522, kTolerance);
  EXPECT_NEAR(test.p, 0.0117, 1e-4);
  EXPECT_NEAR(mann_whitney(b, a).p, test.p, 1e-12);
  EXPECT_EQ(mann_whitney(a, {}).p, 1);
  EXPECT_EQ(mann_whitney(std::array{1., 1.}, std::array{1., 1.}).p, 1);
}

}  // namespace
}  // namespace resultsdb::aggregate
