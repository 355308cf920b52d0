#include "resultsdb/aggregate/durations.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <tuple>

#include "resultsdb/aggregate/statistics.hpp"

namespace resultsdb::aggregate {
namespace {

constexpr std::size_t kMostPairsSide = 256;
constexpr Duration kLongest{std::int64_t{1} << 40};  // 12 days: sums of millions stay numbers

std::vector<double> ascending(std::span<const Duration> durations) {
  std::vector<double> values;
  for (const Duration duration : durations) values.push_back(static_cast<double>(duration.count()));
  std::sort(values.begin(), values.end());
  return values;
}

/// At most kMostPairsSide log durations that are spread like all of them.
std::vector<double> thinned_logs(std::span<const Duration> durations) {
  std::vector<double> logs = log_durations(durations);
  if (logs.size() <= kMostPairsSide) return logs;
  std::sort(logs.begin(), logs.end());
  std::vector<double> thinned;
  for (std::size_t i = 0; i < kMostPairsSide; ++i) {
    thinned.push_back(quantile(logs, (static_cast<double>(i) + 0.5) / kMostPairsSide));
  }
  return thinned;
}

}  // namespace

std::vector<double> log_durations(std::span<const Duration> durations) {
  std::vector<double> logs;
  logs.reserve(durations.size());
  for (const Duration duration : durations) {
    logs.push_back(std::log2(static_cast<double>(std::max<std::int64_t>(duration.count(), 1)) / 1000));
  }
  return logs;
}

double quantile(std::span<const double> ascending, double q) {
  if (ascending.empty()) return 0;
  const double place = std::clamp(q, 0.0, 1.0) * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] + (place - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

DurationSummary summarise(std::span<const Duration> durations) {
  const std::vector<double> values = ascending(durations);
  const auto at = [&](double q) { return Duration(std::llround(quantile(values, q))); };
  return {values.size(), at(0.1), at(0.5), at(0.9), at(0.95), at(1)};
}

std::vector<double> modified_z(std::span<const double> values, double least_deviation) {
  const double middle = median({values.begin(), values.end()});
  std::vector<double> z;
  for (const double value : values) z.push_back(std::abs(value - middle));
  const double deviation = std::max(median(z), least_deviation);
  for (std::size_t i = 0; i < values.size(); ++i) z[i] = 0.6745 * (values[i] - middle) / deviation;
  return z;
}

std::optional<Growth> growth(std::span<const Duration> before, std::span<const Duration> after,
                             double confidence) {
  if (before.empty() || after.empty()) return std::nullopt;
  const std::vector<double> a = thinned_logs(before), b = thinned_logs(after);
  std::vector<double> shifts;
  shifts.reserve(a.size() * b.size());
  for (const double x : a) {
    for (const double y : b) shifts.push_back(y - x);
  }
  std::sort(shifts.begin(), shifts.end());
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  const double width = normal_width(confidence) * std::sqrt(n * m * (n + m + 1) / 12);
  const double rank = std::max(0.0, std::floor(n * m / 2 - width));  // pairs cut off at either end
  const auto cut = std::min(static_cast<std::size_t>(rank), (shifts.size() - 1) / 2);
  return Growth{std::exp2(quantile(shifts, 0.5)), std::exp2(shifts[cut]),
                std::exp2(shifts[shifts.size() - 1 - cut])};
}

std::vector<Duration> known_or_median(std::span<const std::optional<Duration>> durations) {
  const auto sane = [](Duration duration) { return std::clamp(duration, Duration(0), kLongest); };
  std::vector<Duration> known, all;
  for (const auto& duration : durations) {
    if (duration) known.push_back(sane(*duration));
  }
  const Duration middle = summarise(known).p50;
  for (const auto& duration : durations) all.push_back(duration ? sane(*duration) : middle);
  return all;
}

std::vector<Shard> balance(std::span<const std::optional<Duration>> tests, std::size_t shards) {
  std::vector<Shard> plan(shards);
  if (shards == 0) return plan;
  const std::vector<Duration> durations = known_or_median(tests);
  std::vector<std::size_t> order(tests.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return durations[a] > durations[b]; });
  using Load = std::tuple<Duration, std::size_t, std::size_t>;  // predicted, tests, shard
  std::priority_queue<Load, std::vector<Load>, std::greater<>> least;
  for (std::size_t shard = 0; shard < shards; ++shard) least.emplace(Duration(0), 0, shard);
  for (const std::size_t test : order) {
    Shard& shard = plan[std::get<2>(least.top())];
    shard.tests.push_back(test);
    shard.predicted += durations[test];
    const std::size_t index = std::get<2>(least.top());
    least.pop();
    least.emplace(shard.predicted, shard.tests.size(), index);
  }
  return plan;
}

}  // namespace resultsdb::aggregate
