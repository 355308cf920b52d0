// Proportions with honest uncertainty, and tests for many of them at once. Pure functions, safe for
// concurrent calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace resultsdb::aggregate {

/// `k` of `n`, with the bounds of an interval that holds the true rate with the confidence asked for.
struct Proportion {
  std::uint64_t k = 0, n = 0;
  double low = 0, high = 1;

  /// k / n; 0 if n is 0. Never show it without n.
  double rate() const { return n == 0 ? 0 : static_cast<double>(k) / static_cast<double>(n); }
  bool operator==(const Proportion&) const = default;
};

struct Interval {
  double low = 0, high = 1;
  bool operator==(const Interval&) const = default;
};

/// Wilson's score interval (E. B. Wilson 1927): closed form, good at small n and at rates near 0 and 1.
/// n = 0: anything, 0 to 1. `confidence` in (0, 1).
Proportion wilson(std::uint64_t k, std::uint64_t n, double confidence = 0.95);
/// The same for counts with weights (see decay()); 0 <= k <= n.
Interval wilson_weighted(double k, double n, double confidence = 0.95);

/// Posterior of a rate under Jeffreys' prior Beta(1/2, 1/2).
struct Posterior {
  double mean = 0;
  Interval interval;
};
Posterior jeffreys(std::uint64_t k, std::uint64_t n, double confidence = 0.95);
/// Probability that the rate exceeds `limit` under the same posterior.
double probability_above(std::uint64_t k, std::uint64_t n, double limit);

/// Runs of one test in stretches of equal value, oldest first. `bad` is what is counted: failing, unexpected.
struct Stretch {
  std::uint32_t runs = 0;  ///< at least 1
  bool bad = false;
  bool operator==(const Stretch&) const = default;
};

/// Counts in which a run weighs half as much as one `half_life` runs after it. half_life > 0.
struct Decayed {
  double k = 0, n = 0;
};
Decayed decay(std::span<const Stretch> stretches, double half_life);

/// Probability of at least `sample_bad` bad ones in the sample if sample and base have one rate: Fisher's
/// exact test, one-sided. 1 if either is empty. At most 10^9 together.
double fisher_exact(std::uint64_t sample_bad, std::uint64_t sample, std::uint64_t base_bad,
                    std::uint64_t base);

/// Probability of at most `k` bad ones of `n` independent ones, each bad at this rate.
double binomial_at_most(std::uint64_t k, std::uint64_t n, double rate);

/// Benjamini and Hochberg 1995: q-values in the order of `p_values`; those of at most q are discoveries of
/// which a share of at most q is expected to be false. `total`, if larger than their number, counts tests of
/// p = 1 that are not given.
std::vector<double> q_values(std::span<const double> p_values, std::size_t total = 0);

/// -p log2 p - (1-p) log2 (1-p) of k / n; 0 if n is 0.
double entropy(std::uint64_t k, std::uint64_t n);
/// Mean of `values` (oldest first) in which each weighs (1 - fading) times the one after it; 0 if there are
/// none. Kowalczyk et al., ICSE-SEIP 2020, use fading = 0.1.
double faded_mean(std::span<const double> values, double fading = 0.1);

/// Two-sided Mann-Whitney test by the normal approximation, corrected for ties and continuity; p = 1 if
/// either side is empty or all values are equal. u counts the pairs in which `b` is larger (equal: half).
struct RankTest {
  double u = 0, z = 0, p = 1;
};
RankTest mann_whitney(std::span<const double> a, std::span<const double> b);

/// Two-sided probability of a value at least as far from 0 as `t` under Student's distribution; degrees > 0.
double student_p(double t, double degrees);

/// Quantile of `confidence` around 0 of the normal distribution: 1.96 for 0.95.
double normal_width(double confidence);

}  // namespace resultsdb::aggregate
