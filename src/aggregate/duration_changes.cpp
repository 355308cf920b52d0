// Change points of durations: q-hat, t-tests, and Hunter's weak points that are merged.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "resultsdb/aggregate/durations.hpp"
#include "resultsdb/aggregate/statistics.hpp"

namespace resultsdb::aggregate {
namespace {

using Values = std::span<const double>;
constexpr std::size_t kLeastSide = 4;  // fewer values than these on a side are outliers, not a change

double mean(Values values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double squares_around(Values values, double middle) {
  double sum = 0;
  for (const double value : values) sum += (value - middle) * (value - middle);
  return sum;
}

/// Student's two-sided t-test with equal variances.
double t_test(Values a, Values b) {
  if (a.size() < 2 || b.size() < 2) return 1;
  const double degrees = static_cast<double>(a.size() + b.size() - 2);
  const double difference = mean(b) - mean(a);
  const double variance = (squares_around(a, mean(a)) + squares_around(b, mean(b))) / degrees;
  const double error = variance * (1 / static_cast<double>(a.size()) + 1 / static_cast<double>(b.size()));
  if (error <= 0) return difference == 0 ? 1 : 0;
  return student_p(difference / std::sqrt(error), degrees);
}

/// Splits at the place of the largest q-hat while the sides differ; adds `offset` to what it finds.
void find_weak(Values values, std::size_t offset, double p, std::set<std::size_t>& found) {
  if (values.size() < 2 * kLeastSide) return;
  const std::vector<double> q = q_hat(values);
  const auto last = q.end() - static_cast<std::ptrdiff_t>(kLeastSide - 1);
  const auto best = std::max_element(q.begin() + (kLeastSide - 1), last);
  const auto at = static_cast<std::size_t>(best - q.begin()) + 1;
  if (t_test(values.first(at), values.subspan(at)) >= p) return;
  found.insert(offset + at);
  find_weak(values.first(at), offset, p, found);
  find_weak(values.subspan(at), offset + at, p, found);
}

DurationChange judge(Values values, const std::vector<std::size_t>& bounds, std::size_t i) {
  const Values before = values.subspan(bounds[i - 1], bounds[i] - bounds[i - 1]);
  const Values after = values.subspan(bounds[i], bounds[i + 1] - bounds[i]);
  return {bounds[i], std::exp2(mean(after) - mean(before)), t_test(before, after)};
}

double magnitude(const DurationChange& change) { return std::max(change.ratio, 1 / change.ratio) - 1; }

}  // namespace

std::vector<double> q_hat(Values values) {
  const std::size_t size = values.size();
  if (size < 2) return {};
  // Moving one value from the right side to the left changes the three sums by its distances.
  double left = 0, right = 0, between = 0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = i + 1; j < size; ++j) right += std::abs(values[i] - values[j]);
  }
  std::vector<double> q;
  for (std::size_t t = 1; t < size; ++t) {
    double to_left = 0, to_right = 0;
    for (std::size_t i = 0; i < t - 1; ++i) to_left += std::abs(values[t - 1] - values[i]);
    for (std::size_t i = t; i < size; ++i) to_right += std::abs(values[t - 1] - values[i]);
    left += to_left;
    right -= to_right;
    between += to_right - to_left;
    const auto n = static_cast<double>(t), m = static_cast<double>(size - t);
    const double inside = (n > 1 ? 2 * left / (n * (n - 1)) : 0) + (m > 1 ? 2 * right / (m * (m - 1)) : 0);
    q.push_back(n * m / (n + m) * (2 * between / (n * m) - inside));
  }
  return q;
}

double weighted_t(Values back, Values forward) {
  if (back.size() < 2 || forward.size() < 2) return 0;
  const auto weighted_mean = [](Values values) {
    double sum = 0, weights = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto weight = static_cast<double>(values.size() - i);
      sum += weight * values[i];
      weights += weight;
    }
    return sum / weights;
  };
  const auto error = [](Values values, double middle) {
    const auto n = static_cast<double>(values.size());
    return squares_around(values, middle) / (n - 1) / n;
  };
  const double before = weighted_mean(back), after = weighted_mean(forward);
  if (before == after) return 0;
  const double errors = error(back, before) + error(forward, after);
  if (errors == 0) return std::copysign(std::numeric_limits<double>::infinity(), after - before);
  return (after - before) / std::sqrt(errors);
}

std::vector<DurationChange> duration_changes(Values log2_values, const DurationChangeOptions& options) {
  const std::size_t window = std::clamp<std::size_t>(options.window, 2 * kLeastSide, 1000);
  std::set<std::size_t> found{0, log2_values.size()};
  for (std::size_t from = 0; from < log2_values.size(); from += window / 2) {
    const std::size_t size = std::min(window, log2_values.size() - from);
    find_weak(log2_values.subspan(from, size), from, options.weak_p, found);
  }
  std::vector<std::size_t> bounds(found.begin(), found.end());
  std::vector<DurationChange> changes;
  for (std::size_t i = 1; i + 1 < bounds.size(); ++i) changes.push_back(judge(log2_values, bounds, i));
  while (!changes.empty()) {
    const auto weaker = [](const auto& a, const auto& b) { return a.p < b.p; };
    auto worst = std::max_element(changes.begin(), changes.end(), weaker);
    if (worst->p < options.p) {
      worst = std::find_if(changes.begin(), changes.end(),
                           [&](const auto& change) { return magnitude(change) < options.least_magnitude; });
    }
    if (worst == changes.end()) break;
    // What was between two neighbours joins them: they are judged again with longer sides.
    const std::size_t i = static_cast<std::size_t>(worst - changes.begin());
    changes.erase(worst);
    bounds.erase(bounds.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    if (i > 0) changes[i - 1] = judge(log2_values, bounds, i);
    if (i < changes.size()) changes[i] = judge(log2_values, bounds, i + 1);
  }
  return changes;
}

}  // namespace resultsdb::aggregate
