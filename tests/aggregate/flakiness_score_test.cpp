#include "resultsdb/aggregate/flakiness_score.hpp"

#include <gtest/gtest.h>

#include <array>

namespace resultsdb::aggregate {
namespace {

void expect(const Posterior& posterior, double mean, double low, double high) {
  EXPECT_NEAR(posterior.mean, mean, 1e-3);
  EXPECT_NEAR(posterior.interval.low, low, 6e-3);
  EXPECT_NEAR(posterior.interval.high, high, 6e-3);
}

TEST(FlakinessScore, RetriesTellFlakyFromBroken) {
  expect(flakiness_score(std::array{Attempts{0, 1, 20}}), 0.045, 0.003, 0.13);
  expect(flakiness_score(std::array{Attempts{0, 1, 17}, Attempts{1, 1, 2}, Attempts{3, 0, 1}}), 0.138, 0.04,
         0.28);
  expect(flakiness_score(std::array{Attempts{0, 1, 17}, Attempts{1, 0, 3}}), 0.117, 0.01, 0.27);
}

TEST(FlakinessScore, Edges) {
  expect(flakiness_score({}), 0.5, 0.05, 0.95);
  expect(flakiness_score(std::array{Attempts{0, 0, 7}}), 0.5, 0.05, 0.95);
  EXPECT_NEAR(flakiness_score(std::array{Attempts{1000, 3000, 1000}}).mean, 0.25, 5e-3);
  EXPECT_NEAR(flakiness_score(std::array{Attempts{4'000'000'000, 4'000'000'000, 1}}).mean, 0.5, 5e-3);
  // whatever fails everywhere may be broken: hardly anything is known
  EXPECT_GT(flakiness_score(std::array{Attempts{3, 0, 50}}).interval.high, 0.9);
}

}  // namespace
}  // namespace resultsdb::aggregate
