// How long tests take: outliers, changes, summaries, and how to share tests among machines. Noise of
// durations multiplies, so most of it works on base-2 logarithms (`log_durations`). Pure functions, safe for
// concurrent calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "resultsdb/time.hpp"

namespace resultsdb::aggregate {

/// log2 of milliseconds; what is below 1 µs counts as 1 µs.
std::vector<double> log_durations(std::span<const Duration> durations);

/// Quantile `q` in [0, 1] of values in ascending order, linear between neighbours; 0 if there are none.
double quantile(std::span<const double> ascending, double q);
double median(std::vector<double> values);

struct DurationSummary {
  std::size_t n = 0;
  Duration p10{0}, p50{0}, p90{0}, p95{0}, max{0};
  bool operator==(const DurationSummary&) const = default;
};
DurationSummary summarise(std::span<const Duration> durations);

/// Modified z of each value, 0.6745 (x - median) / MAD (Iglewicz and Hoaglin 1993); MAD (median absolute
/// deviation) counts as at least `least_deviation`, or equal values would make the next one infinitely odd.
/// Beyond kOutlier in either direction it is an outlier. The default suits log2: 4.5 %.
inline constexpr double kOutlier = 3.5;
std::vector<double> modified_z(std::span<const double> values, double least_deviation = 0.063);

/// E-divisive's q-hat (Matteson and James 2014) of a change before index t, at [t - 1] for t = 1 … n - 1.
std::vector<double> q_hat(std::span<const double> values);

/// Two-sample t of means with weights that fall linearly along each side (both begin with the value nearest
/// to the point between them), as Mozilla's Perfherder computes it; it alerts at |t| > 7. 0 if a side has
/// less than two values, infinite if neither side varies.
double weighted_t(std::span<const double> back, std::span<const double> forward);

struct DurationChangeOptions {
  std::size_t window = 50;        ///< values looked at together; 8 to 1,000
  double weak_p = 0.01;           ///< for points that are looked at again
  double p = 0.001;               ///< for points that stay
  double least_magnitude = 0.05;  ///< the slower side is longer by at least this share
};
struct DurationChange {
  std::size_t index = 0;  ///< of the first value after the change
  double ratio = 1;       ///< after / before, of geometric means
  double p = 1;           ///< Student's t-test of the two sides, up to the neighbouring changes
  bool operator==(const DurationChange&) const = default;
};
/// Change points in the way of Hunter (Fleming et al., 2023): e-divisive in overlapping windows with a t-test
/// for weak points instead of random permutations, then the weakest are dropped until all that stay are
/// significant and large enough. `log2_values` oldest first. Deterministic.
std::vector<DurationChange> duration_changes(std::span<const double> log2_values,
                                             const DurationChangeOptions& options = {});

/// after / before with an interval that holds the true ratio: Hodges and Lehmann's shift of log durations,
/// the median of all pairs' differences, and the order statistics that the rank test does not reject (Lehmann
/// 1963). Of more than 256 values on a side evenly spaced quantiles stand for all. Nothing if a side is
/// empty.
struct Growth {
  double ratio = 1, low = 0, high = 0;
};
std::optional<Growth> growth(std::span<const Duration> before, std::span<const Duration> after,
                             double confidence = 0.95);

/// Each duration, or the median of the known ones (0 if none is known); below 0 counts as 0, beyond
/// 12 days as 12 days.
std::vector<Duration> known_or_median(std::span<const std::optional<Duration>> durations);

struct Shard {
  std::vector<std::size_t> tests;  ///< indices, longest first
  Duration predicted{0};
  bool operator==(const Shard&) const = default;
};
/// Shares tests among `shards` machines: longest first, each to the one with the least to do, then with the
/// fewest tests, then the first (R. L. Graham 1969: the last ends at most 4/3 as late as in the best plan).
std::vector<Shard> balance(std::span<const std::optional<Duration>> tests, std::size_t shards);

}  // namespace resultsdb::aggregate
