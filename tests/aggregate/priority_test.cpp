#include "resultsdb/aggregate/priority.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

namespace resultsdb::aggregate {
namespace {

using std::chrono::seconds;

double score(std::string_view runs) {
  std::vector<Stretch> history;
  for (const char run : runs) history.push_back({1, run == '1'});
  return history_score(history);
}

TEST(Priority, HistoryScore) {
  EXPECT_NEAR(score("00001"), 0.244, 1e-3);
  EXPECT_NEAR(score("10000"), 0.160, 1e-3);
  EXPECT_EQ(score("00000"), 0);
  EXPECT_NEAR(score("1"), 1, 1e-12);
  const std::array stretches{Stretch{3, false}, Stretch{2, true}, Stretch{4, false}};
  EXPECT_NEAR(history_score(stretches), score("000110000"), 1e-12);
}

TEST(Priority, NewAndForgottenTestsGetABonus) {
  EXPECT_EQ(history_score({}), 0.5);
  const std::array passing{Stretch{10, false}};
  EXPECT_EQ(history_score(passing, 99), 0);
  EXPECT_EQ(history_score(passing, 100), 0.5);
  EXPECT_EQ(history_score(passing, 3, {.bonus = 0.2, .long_ago = 3}), 0.2);
}

TEST(Priority, PlanWithinABudget) {
  const std::array candidates{Candidate{0.2, seconds(10)}, Candidate{0.05, seconds(1)},
                              Candidate{0.3, seconds(30)}};
  const BudgetedPlan plan = plan_within(candidates, seconds(12));
  EXPECT_EQ(plan.order, (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(plan.total, seconds(11));
  EXPECT_NEAR(plan.expected_detections, 0.25, 1e-12);
}

TEST(Priority, EdgesOfThePlan) {
  EXPECT_TRUE(plan_within({}, seconds(1)).order.empty());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::array odd{Candidate{nan, seconds(1)}, Candidate{-1, seconds(1)}, Candidate{0, seconds(1)},
                       Candidate{0.5, seconds(3)}, Candidate{0.5, {}},        Candidate{0.5, seconds(-5)}};
  // the fifth one counts as a second, the median; the last as nothing
  EXPECT_EQ(plan_within(odd, seconds(4)).order, (std::vector<std::size_t>{5, 4, 3}));
  EXPECT_TRUE(plan_within(odd, seconds(-1)).order.empty());
}

TEST(Priority, StaysInTheBudgetAndLeavesNothingThatFits) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Candidate> candidates;
    for (std::size_t n = random() % 30; candidates.size() < n;) {
      candidates.push_back({static_cast<double>(1 + random() % 9) / 10, seconds(1 + random() % 20)});
    }
    const seconds budget(random() % 60);
    const BudgetedPlan plan = plan_within(candidates, budget);
    EXPECT_LE(plan.total, budget);
    std::vector<bool> taken(candidates.size());
    for (const std::size_t i : plan.order) taken[i] = true;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      EXPECT_TRUE(taken[i] || *candidates[i].duration > budget - plan.total);
    }
  }
}

}  // namespace
}  // namespace resultsdb::aggregate
