#include "resultsdb/aggregate/fix_check.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace resultsdb::aggregate {
namespace {

TEST(FixCheck, RunsNeededAreThoseOfTheDefinition) {
  EXPECT_EQ(runs_needed(wilson(12, 12)), 4u);
  EXPECT_EQ(runs_needed(wilson(3, 10)), 41u);
  EXPECT_EQ(runs_needed(wilson(9, 120)), 113u);
  EXPECT_EQ(runs_needed(wilson(0, 50)), 0u);
  EXPECT_EQ(runs_needed(wilson(0, 0)), 0u);
}

TEST(FixCheck, SoManyGoodRunsShowAFixAndOneLessDoesNot) {
  for (std::uint64_t n = 1; n <= 60; ++n)
    for (std::uint64_t k = 1; k <= n; ++k) {
      const Proportion before = wilson(k, n);
      const std::uint64_t needed = runs_needed(before);
      ASSERT_EQ(fix_state(before, wilson(0, needed)), FixState::Fixed) << k << '/' << n;
      ASSERT_EQ(fix_state(before, wilson(0, needed - 1)), needed == 1 ? FixState::NotRun : FixState::TooEarly)
          << k << '/' << n;
    }
}

TEST(FixCheck, AFewBadRunsMayStillBeAFix) {
  const Proportion before = wilson(12, 12);                        // at least 75.7 %
  EXPECT_EQ(fix_state(before, wilson(1, 5)), FixState::NotFixed);  // a chance of 1.4 %
  EXPECT_EQ(fix_state(before, wilson(1, 6)), FixState::Fixed);     // 0.4 %
  EXPECT_EQ(fix_state(before, wilson(50, 50)), FixState::NotFixed);
  EXPECT_EQ(fix_state(before, wilson(0, 0)), FixState::NotRun);
}

TEST(FixCheck, WhatWasNeverBadIsNeverFixed) {
  EXPECT_EQ(fix_state(wilson(0, 50), wilson(0, 1000)), FixState::TooEarly);
  EXPECT_EQ(fix_state(wilson(0, 50), wilson(1, 1000)), FixState::NotFixed);
}

TEST(FixCheck, StatesHaveNames) {
  EXPECT_EQ(to_string(FixState::Fixed), "fixed");
  EXPECT_EQ(to_string(FixState::NotFixed), "not_fixed");
  EXPECT_EQ(to_string(FixState::TooEarly), "too_early");
  EXPECT_EQ(to_string(FixState::NotRun), "not_run");
}

/// Term by term.
double sum_at_most(std::uint64_t k, std::uint64_t n, double rate) {
  double sum = 0, term = std::pow(1 - rate, static_cast<double>(n));
  for (std::uint64_t i = 0; i <= k && i <= n; ++i) {
    sum += term;
    term *= static_cast<double>(n - i) / static_cast<double>(i + 1) * rate / (1 - rate);
  }
  return sum;
}

TEST(FixCheck, BinomialAtMostIsTheSumOfItsTerms) {
  for (const double rate : {0.01, 0.2, 0.5, 0.93})
    for (std::uint64_t n = 0; n <= 40; ++n)
      for (std::uint64_t k = 0; k <= n; ++k)
        ASSERT_NEAR(binomial_at_most(k, n, rate), sum_at_most(k, n, rate), 1e-9)
            << k << ' ' << n << ' ' << rate;
  EXPECT_EQ(binomial_at_most(3, 10, 0), 1);
  EXPECT_EQ(binomial_at_most(3, 10, 1), 0);
  EXPECT_EQ(binomial_at_most(10, 10, 1), 1);
}

}  // namespace
}  // namespace resultsdb::aggregate
