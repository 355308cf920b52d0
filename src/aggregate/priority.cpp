#include "resultsdb/aggregate/priority.hpp"

#include <algorithm>
#include <cmath>

#include "resultsdb/aggregate/durations.hpp"

namespace resultsdb::aggregate {

double history_score(std::span<const Stretch> history, std::uint32_t missed, const ScoreOptions& options) {
  // Weighted by age, not started at 0: five runs cannot say as much as fifty, but a test that always fails
  // scores 1 from its first run on.
  const Decayed counts = decay(history, std::log(0.5) / std::log(options.keep));
  const double rate = counts.n > 0 ? counts.k / counts.n : 0;
  const bool unknown = counts.n <= 0 || missed >= options.long_ago;
  return rate + (unknown ? options.bonus : 0);
}

BudgetedPlan plan_within(std::span<const Candidate> candidates, std::chrono::microseconds budget) {
  struct Item {
    std::size_t index;
    double value;
    std::chrono::microseconds cost;
    double rate() const { return value / static_cast<double>(std::max<std::int64_t>(cost.count(), 1)); }
  };
  std::vector<std::optional<std::chrono::microseconds>> durations;
  for (const Candidate& candidate : candidates) durations.push_back(candidate.duration);
  const std::vector<std::chrono::microseconds> costs = known_or_median(durations);
  std::vector<Item> items;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].probability > 0) items.push_back({i, candidates[i].probability, costs[i]});
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.rate() > b.rate(); });
  BudgetedPlan plan;
  for (const Item& item : items) {
    if (item.cost > budget - plan.total) continue;
    plan.order.push_back(item.index);
    plan.total += item.cost;
    plan.expected_detections += item.value;
  }
  return plan;
}

}  // namespace resultsdb::aggregate
