#include "resultsdb/aggregate/change_points.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace resultsdb::aggregate {

ChangePointFinder::ChangePointFinder(ChangePrior prior)
    : prior_(prior),
      log_change_(std::log(prior.change)),
      log_beta_(std::lgamma(prior.a) + std::lgamma(prior.b) - std::lgamma(prior.a + prior.b)) {}

void ChangePointFinder::reserve(std::uint32_t runs) {
  for (auto n = static_cast<std::uint32_t>(all_.size()); n <= runs; ++n) {
    bad_.push_back(std::lgamma(n + prior_.a));
    good_.push_back(std::lgamma(n + prior_.b));
    all_.push_back(std::lgamma(n + prior_.a + prior_.b));
  }
}

double ChangePointFinder::log_likelihood(std::uint32_t k, std::uint32_t n) {
  if (n >= all_.size()) reserve(n);
  return bad_[k] + good_[n - k] - all_[n] - log_beta_;
}

std::span<const std::uint32_t> ChangePointFinder::find(std::span<const Stretch> stretches) {
  found_.clear();
  const std::size_t skipped = stretches.size() - std::min(stretches.size(), kMostStretches);
  const auto kept = stretches.subspan(skipped);
  if (kept.size() < 2) return found_;
  runs_.assign(1, 0);
  bad_runs_.assign(1, 0);
  for (const Stretch& stretch : kept) {
    runs_.push_back(runs_.back() + stretch.runs);
    bad_runs_.push_back(bad_runs_.back() + (stretch.bad ? stretch.runs : 0));
  }
  reserve(runs_.back());
  best_.assign(1, 0);
  from_.assign(1, 0);
  for (std::uint32_t end = 1; end <= kept.size(); ++end) {
    // best_ holds the terms that do not depend on the end as well.
    double best = -std::numeric_limits<double>::infinity();
    std::uint32_t from = 0;
    for (std::uint32_t begin = 0; begin < end; ++begin) {
      const std::uint32_t bad = bad_runs_[end] - bad_runs_[begin], runs = runs_[end] - runs_[begin];
      const double score = best_[begin] + bad_[bad] + good_[runs - bad] - all_[runs];
      if (score > best) best = score, from = begin;
    }
    best_.push_back(best - log_beta_ + log_change_);
    from_.push_back(from);
  }
  for (std::uint32_t at = from_.back(); at != 0; at = from_[at])
    found_.push_back(at + static_cast<std::uint32_t>(skipped));
  std::reverse(found_.begin(), found_.end());
  return found_;
}

std::vector<double> ChangePointFinder::log_place(std::span<const Stretch> stretches) {
  std::uint32_t runs = 0, bad = 0;
  for (const Stretch& stretch : stretches) {
    runs += stretch.runs;
    bad += stretch.bad ? stretch.runs : 0;
  }
  std::vector<double> places;
  if (runs < 2) return places;
  places.reserve(runs - 1);
  std::uint32_t before = 0, bad_before = 0;
  for (const Stretch& stretch : stretches)
    for (std::uint32_t i = 0; i < stretch.runs && ++before < runs; ++i) {
      bad_before += stretch.bad ? 1 : 0;
      places.push_back(log_likelihood(bad_before, before) + log_likelihood(bad - bad_before, runs - before));
    }
  return places;
}

std::vector<double> ChangePointFinder::locate(std::span<const Stretch> stretches,
                                              std::span<const double> weights) {
  std::vector<double> mass = log_place(stretches);
  if (mass.empty()) return mass;
  const double largest = *std::max_element(mass.begin(), mass.end());
  double sum = 0;
  for (std::size_t i = 0; i < mass.size(); ++i) {
    mass[i] = weights[i] * std::exp(mass[i] - largest);
    sum += mass[i];
  }
  for (double& each : mass) each /= sum;
  return mass;
}

GapRange credible_range(std::span<const double> mass, double confidence) {
  GapRange best;
  double sum = 0;
  for (std::size_t first = 0, last = 0; last < mass.size(); ++last) {
    sum += mass[last];
    // What is left out must not be needed: rounding may not widen the range of a certain gap.
    while (first < last && sum - mass[first] >= confidence) sum -= mass[first++];
    if (sum < confidence) continue;
    const std::size_t length = last + 1 - first;
    const std::size_t shortest = best.last - best.first;
    if (best.last == 0 || length < shortest || (length == shortest && sum > best.mass))
      best = {first, last + 1, sum};
  }
  if (best.last == 0 && !mass.empty()) best = {0, mass.size(), 1};
  return best;
}

}  // namespace resultsdb::aggregate
