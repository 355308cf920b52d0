// What to run first when there is no time for everything. Pure functions, safe for concurrent calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "resultsdb/aggregate/statistics.hpp"

namespace resultsdb::aggregate {

struct ScoreOptions {
  double keep = 0.9;             ///< weight of a run's predecessor, in (0, 1)
  double bonus = 0.5;            ///< added for a test that is new or was not run for long
  std::uint32_t long_ago = 100;  ///< "long": this many runs of the timeline without the test

  bool operator==(const ScoreOptions&) const = default;
};

/// How likely a test is to tell something new, from its history, oldest run first (`bad`: unexpected): the
/// share of bad runs in which each weighs `keep` times the next one, plus the bonus. Failures and executions
/// of recent runs are what Elbaum, Rothermel and Penix (FSE 2014) select by.
/// `missed`: runs of the timeline after the newest one here that did not cover the test.
double history_score(std::span<const Stretch> history, std::uint32_t missed = 0,
                     const ScoreOptions& options = {});

struct Candidate {
  double probability = 0;                             ///< of a failure; below 0 and NaN count as 0
  std::optional<std::chrono::microseconds> duration;  ///< unknown: the median of the known ones
  bool operator==(const Candidate&) const = default;
};

struct BudgetedPlan {
  std::vector<std::size_t> order;      ///< indices of candidates, what finds most per second first
  std::chrono::microseconds total{0};  ///< at most the budget
  double expected_detections = 0;      ///< sum of probabilities
};

/// Greedy knapsack (G. B. Dantzig 1957): by probability per time while it fits; what does not fit is passed
/// over. Candidates without probability are left out. Equal ones stay in their order.
BudgetedPlan plan_within(std::span<const Candidate> candidates, std::chrono::microseconds budget);

}  // namespace resultsdb::aggregate
