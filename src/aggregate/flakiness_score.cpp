#include "resultsdb/aggregate/flakiness_score.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace resultsdb::aggregate {
namespace {

constexpr std::size_t kGrid = 200;

double middle(std::size_t cell) { return (static_cast<double>(cell) + 0.5) / kGrid; }

double log_likelihood(std::span<const Attempts> attempts, double p, double broken) {
  double sum = 0;
  for (const Attempts& one : attempts) {
    if (one.passes == 0 && one.fails == 0) continue;
    // In logarithms: a thousand attempts would be 0 as a product.
    double log = std::log1p(-broken) + one.fails * std::log(p) + one.passes * std::log1p(-p);
    if (one.passes == 0) log = std::log(std::exp(log) + broken);
    sum += static_cast<double>(one.versions) * log;
  }
  return sum;
}

}  // namespace

Posterior flakiness_score(std::span<const Attempts> attempts, double confidence) {
  std::vector<double> logs;
  for (std::size_t i = 0; i < kGrid * kGrid; ++i) {
    logs.push_back(log_likelihood(attempts, middle(i / kGrid), middle(i % kGrid)));
  }
  const double most = *std::max_element(logs.begin(), logs.end());
  std::array<double, kGrid> mass{};
  double all = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const double weight = std::exp(logs[i] - most);
    mass[i / kGrid] += weight;
    all += weight;
  }
  Posterior posterior{0, {1, 1}};
  double below = 0;
  for (std::size_t cell = 0; cell < kGrid; ++cell) {
    const double share = mass[cell] / all;
    posterior.mean += share * middle(cell);
    below += share;
    if (below >= (1 - confidence) / 2)
      posterior.interval.low = std::min(posterior.interval.low, middle(cell));
    if (below >= (1 + confidence) / 2)
      posterior.interval.high = std::min(posterior.interval.high, middle(cell));
  }
  return posterior;
}

}  // namespace resultsdb::aggregate
