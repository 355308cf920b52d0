#include "resultsdb/aggregate/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>

namespace resultsdb::aggregate {
namespace {

double log_choose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

boost::math::beta_distribution<> jeffreys_posterior(std::uint64_t k, std::uint64_t n) {
  return {static_cast<double>(k) + 0.5, static_cast<double>(n - k) + 0.5};
}

double entropy_term(double p) { return p > 0 ? -p * std::log2(p) : 0; }

}  // namespace

double normal_width(double confidence) {
  if (confidence == 0.95) return 1.959963984540054;  // the usual one, in lists
  return boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2);
}

double student_p(double t, double degrees) {
  return boost::math::ibeta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

Interval wilson_weighted(double k, double n, double confidence) {
  if (n <= 0) return {};
  const double z = normal_width(confidence);
  const double p = k / n, scale = 1 + z * z / n;
  const double center = (p + z * z / (2 * n)) / scale;
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / scale;
  return {k <= 0 ? 0 : std::max(0.0, center - half), k >= n ? 1 : std::min(1.0, center + half)};
}

Proportion wilson(std::uint64_t k, std::uint64_t n, double confidence) {
  const Interval bounds = wilson_weighted(static_cast<double>(k), static_cast<double>(n), confidence);
  return {k, n, bounds.low, bounds.high};
}

Posterior jeffreys(std::uint64_t k, std::uint64_t n, double confidence) {
  const auto posterior = jeffreys_posterior(k, n);
  return {boost::math::mean(posterior),
          {boost::math::quantile(posterior, (1 - confidence) / 2),
           boost::math::quantile(posterior, (1 + confidence) / 2)}};
}

double probability_above(std::uint64_t k, std::uint64_t n, double limit) {
  if (limit <= 0) return 1;
  if (limit >= 1) return 0;
  return boost::math::cdf(boost::math::complement(jeffreys_posterior(k, n), limit));
}

Decayed decay(std::span<const Stretch> stretches, double half_life) {
  const double q = std::exp2(-1 / half_life);
  Decayed sum;
  double age = 0;  // runs after the stretch
  for (std::size_t i = stretches.size(); i-- > 0;) {
    const auto length = static_cast<double>(stretches[i].runs);
    const double weight = std::pow(q, age) * (1 - std::pow(q, length)) / (1 - q);
    sum.n += weight;
    if (stretches[i].bad) sum.k += weight;
    age += length;
  }
  return sum;
}

double binomial_at_most(std::uint64_t k, std::uint64_t n, double rate) {
  if (k >= n || rate <= 0) return 1;
  if (rate >= 1) return 0;
  return boost::math::ibetac(static_cast<double>(k) + 1, static_cast<double>(n - k), rate);
}

double fisher_exact(std::uint64_t sample_bad, std::uint64_t sample, std::uint64_t base_bad,
                    std::uint64_t base) {
  if (sample == 0 || base == 0) return 1;
  const auto n = static_cast<double>(sample), all = static_cast<double>(sample + base);
  const auto bad = static_cast<double>(sample_bad + base_bad);
  const double log_all = log_choose(all, bad);
  const std::uint64_t most = std::min(sample, sample_bad + base_bad);
  double p = 0;
  for (std::uint64_t x = sample_bad; x <= most; ++x) {
    const auto k = static_cast<double>(x);
    if (bad - k > static_cast<double>(base)) continue;
    const double term = std::exp(log_choose(n, k) + log_choose(all - n, bad - k) - log_all);
    p += term;
    if (term < p * 1e-17 && k > n * bad / all) break;  // behind the mode the terms only fall
  }
  return std::min(p, 1.0);
}

std::vector<double> q_values(std::span<const double> p_values, std::size_t total) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> q(p_values.size());
  const auto all = static_cast<double>(std::max(total, p_values.size()));
  double least = 1;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    least = std::min(least, p_values[i] * all / static_cast<double>(rank));
    q[i] = least;
  }
  return q;
}

double entropy(std::uint64_t k, std::uint64_t n) {
  if (n == 0) return 0;
  const double p = static_cast<double>(k) / static_cast<double>(n);
  return entropy_term(p) + entropy_term(1 - p);
}

double faded_mean(std::span<const double> values, double fading) {
  double sum = 0, weights = 0;
  for (const double value : values) {
    sum = value + (1 - fading) * sum;
    weights = 1 + (1 - fading) * weights;
  }
  return weights > 0 ? sum / weights : 0;
}

RankTest mann_whitney(std::span<const double> a, std::span<const double> b) {
  struct Value {
    double value;
    bool in_a;
  };
  std::vector<Value> all;
  for (const double value : a) all.push_back({value, true});
  for (const double value : b) all.push_back({value, false});
  std::sort(all.begin(), all.end(), [](const Value& x, const Value& y) { return x.value < y.value; });
  double ranks_of_a = 0, ties = 0;
  for (std::size_t first = 0, next = 0; first < all.size(); first = next) {
    while (next < all.size() && all[next].value == all[first].value) ++next;
    const double rank = static_cast<double>(first + next + 1) / 2;  // of each of the equal values, from 1
    for (std::size_t i = first; i < next; ++i) ranks_of_a += all[i].in_a ? rank : 0;
    const auto equal = static_cast<double>(next - first);
    ties += equal * equal * equal - equal;
  }
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size()), sum = n + m;
  RankTest test;
  test.u = n * m + n * (n + 1) / 2 - ranks_of_a;
  const double variance = n * m / 12 * (sum + 1 - (sum > 1 ? ties / (sum * (sum - 1)) : 0));
  if (n == 0 || m == 0 || variance <= 0) return test;
  const double distance = test.u - n * m / 2;
  test.z = std::copysign(std::max(0.0, std::abs(distance) - 0.5), distance) / std::sqrt(variance);
  test.p = std::erfc(std::abs(test.z) / std::sqrt(2.0));
  return test;
}

}  // namespace resultsdb::aggregate
