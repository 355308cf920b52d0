#include "resultsdb/aggregate/fix_check.hpp"

#include <cmath>

namespace resultsdb::aggregate {
namespace {
constexpr double kChance = 0.01;  // below it a fix is believed
}  // namespace

std::string_view to_string(FixState state) noexcept {
  constexpr std::string_view kNames[kFixStates] = {"fixed", "not_fixed", "too_early", "not_run"};
  return kNames[static_cast<std::size_t>(state)];
}

FixState fix_state(const Proportion& before, const Proportion& after) {
  if (after.n == 0) return FixState::NotRun;
  if (binomial_at_most(after.k, after.n, before.low) < kChance) return FixState::Fixed;
  return after.k > 0 ? FixState::NotFixed : FixState::TooEarly;
}

std::uint64_t runs_needed(const Proportion& before) {
  if (before.low <= 0) return 0;
  return static_cast<std::uint64_t>(std::ceil(std::log(kChance) / std::log1p(-before.low)));
}

}  // namespace resultsdb::aggregate
