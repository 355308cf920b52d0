// Where the rate of bad runs of a test changed: exact Bayesian segmentation over run-length stretches.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "resultsdb/aggregate/statistics.hpp"

namespace resultsdb::aggregate {

/// What is believed before anything is seen. The defaults of `a` and `b` are LUCI Analysis' (most tests
/// hardly ever fail, those that do often fail always); `change` is the chance of a change at one run: 1e-3
/// for alerts, 1e-2 for "possible".
struct ChangePrior {
  double a = 0.3, b = 0.5;  ///< Beta prior of the rate of a segment
  double change = 1e-3;
};

/// Finds change points. Keeps tables that grow with the longest history asked for; one object per thread.
class ChangePointFinder {
 public:
  /// Of more stretches than this, only the newest are looked at: a test that changes so often is flaky.
  static constexpr std::size_t kMostStretches = 400;

  explicit ChangePointFinder(ChangePrior prior = {});

  /// ln of the probability of one given order of k bad among n runs: lnB(k+a, n-k+b) - lnB(a, b). 0 <= k <=
  /// n.
  double log_likelihood(std::uint32_t k, std::uint32_t n);

  /// The stretches, by index, at which a new segment begins: ascending, never 0. Of all ways to cut the
  /// history into segments, the most probable one (optimal partitioning, O(stretches^2)); a best cut always
  /// lies between stretches, since the likelihood is convex inside one. Adjacent stretches may be of equal
  /// value. Valid until the next call.
  std::span<const std::uint32_t> find(std::span<const Stretch> stretches);

  /// Where one change lies, given that there is exactly one: by gap between neighbouring runs, the
  /// probability that it lies there. `weights[i]`, one per gap, is the number of places in the gap between
  /// run i and run i + 1 (commits that are candidates; at least 1). The result has one entry per gap and adds
  /// up to 1; empty for fewer than two runs.
  std::vector<double> locate(std::span<const Stretch> stretches, std::span<const double> weights);
  /// ln of the same up to a constant, for places without weights: to be added up over timelines.
  std::vector<double> log_place(std::span<const Stretch> stretches);

 private:
  void reserve(std::uint32_t runs);

  ChangePrior prior_;
  double log_change_;
  double log_beta_;                             // lnB(a, b)
  std::vector<double> bad_, good_, all_;        // lnG(k + a), lnG(k + b), lnG(n + a + b)
  std::vector<std::uint32_t> runs_, bad_runs_;  // before each stretch
  std::vector<double> best_;                    // of the stretches before this one, with a change behind them
  std::vector<std::uint32_t> from_, found_;
};

/// The shortest range of neighbouring gaps that holds at least `confidence` of `mass` (which adds up to 1):
/// the first and one past the last. Of equally short ones the most probable, then the first. Empty mass: {0,
/// 0}.
struct GapRange {
  std::size_t first = 0, last = 0;
  double mass = 0;
};
GapRange credible_range(std::span<const double> mass, double confidence);

}  // namespace resultsdb::aggregate
