#include "resultsdb/aggregate/culprit.hpp"

#include <algorithm>
#include <cmath>

namespace resultsdb::aggregate {
namespace {

double binary_entropy(double p) {
  if (p <= 0 || p >= 1) return 0;
  return -p * std::log2(p) - (1 - p) * std::log2(1 - p);
}

/// Probability of k of n at this rate.
double binomial(std::uint32_t k, std::uint32_t n, double rate) {
  double ways = 1;
  for (std::uint32_t i = 0; i < k; ++i) ways = ways * (n - i) / (i + 1);
  return ways * std::pow(rate, k) * std::pow(1 - rate, n - k);
}

}  // namespace

double expected_gain(double below, double before, double after, std::uint32_t repeats) {
  double left = 0;
  for (std::uint32_t bad = 0; bad <= repeats; ++bad) {
    const double changed = below * binomial(bad, repeats, after);
    const double seen = changed + (1 - below) * binomial(bad, repeats, before);
    if (seen > 0) left += seen * binary_entropy(changed / seen);
  }
  return std::max(0.0, binary_entropy(below) - left);
}

}  // namespace resultsdb::aggregate
