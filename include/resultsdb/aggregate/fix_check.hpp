// Whether the runs since a fix show that it is one. Pure functions, safe for concurrent calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "resultsdb/aggregate/statistics.hpp"

namespace resultsdb::aggregate {

enum class FixState : std::uint8_t {
  Fixed,     ///< had the rate stayed, so few bad runs would have a chance below 1 %
  NotFixed,  ///< bad runs go on
  TooEarly,  ///< none since, but too few runs to tell
  NotRun     ///< since
};
inline constexpr std::size_t kFixStates = 4;
std::string_view to_string(FixState state) noexcept;  ///< `fixed`, `not_fixed`, `too_early`, `not_run`

/// Of the bad runs before and after. The rate before counts as the lower bound of its interval: a fix is
/// believed late rather than early. What was never bad before is never Fixed.
FixState fix_state(const Proportion& before, const Proportion& after);
/// Good runs without a bad one that show a fix: ceil(ln 0.01 / ln(1 - before.low)). 0: never bad before.
std::uint64_t runs_needed(const Proportion& before);

}  // namespace resultsdb::aggregate
