#include "resultsdb/aggregate/culprit.hpp"

#include <gtest/gtest.h>

namespace resultsdb::aggregate {
namespace {

TEST(Culprit, ASureTestIsABisection) {
  EXPECT_NEAR(expected_gain(0.5, 0, 1, 1), 1, 1e-12);
  EXPECT_NEAR(expected_gain(0.25, 0, 1, 1), 0.8113, 1e-4);
  EXPECT_EQ(expected_gain(0, 0, 1, 3), 0);
  EXPECT_EQ(expected_gain(1, 0, 1, 3), 0);
}

TEST(Culprit, NoiseCostsAndRepeatsHelp) {
  const double once = expected_gain(0.5, 0.1, 0.9, 1);
  EXPECT_NEAR(once, 1 - 0.4690, 1e-4);  // capacity of a channel that errs one time in ten
  EXPECT_GT(expected_gain(0.5, 0.1, 0.9, 3), once);
  EXPECT_LT(expected_gain(0.5, 0.1, 0.9, 3), 1);
  EXPECT_NEAR(expected_gain(0.5, 0.3, 0.3, 4), 0, 1e-12);
}

}  // namespace
}  // namespace resultsdb::aggregate
