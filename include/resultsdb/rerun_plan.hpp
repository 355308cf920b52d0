// What to run next when there is no time for everything.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/answers.hpp"

namespace resultsdb {

/// Why a test is worth running. `value` is what a run is expected to tell, 1 being about as much as the
/// answer to a question that is open to both sides.
enum class PlanReason : std::uint8_t {
  /// An open regression's cause is not pinned down; value: bits (CulpritAnswer::NextTest). Of tests that
  /// broke
  /// together the fastest stands for all.
  CulpritGap,
  /// The timeline's newest run lost it; value: 0.5 + history score (aggregate::history_score()).
  Lost,
  /// It went bad at most `confirm_runs` runs ago, and no change point says so yet: real, or a flake? Value:
  /// bits, if both are equally likely.
  Confirm,
  /// Its verdict is flaky or unknown; value: width of the 95 % interval of Flakiness::minority.
  Flaky,
  /// Its newest result is stale, and it still exists: some newer run has it, or it is of the newest run of a
  /// timeline that is stale as a whole. Value: 0.05 + history score.
  Stale
};
inline constexpr std::size_t kPlanReasons = 5;
std::string_view to_string(PlanReason reason) noexcept;  ///< `culprit_gap`

struct PlanQuery : Question {
  std::vector<std::string> tests;  ///< only these; empty: all
  std::chrono::microseconds budget = std::chrono::minutes(10);
  std::vector<PlanReason> reasons;  ///< empty: all
  std::chrono::seconds stale_after{12 * 3600};
  std::uint32_t confirm_runs = 3;
  std::uint32_t regressions = 50;  ///< the newest open ones are looked at; 0: all
  std::uint32_t limit = 1000;      ///< items; 0: all
};

/// One test on one timeline; the first reason above that holds counts, but a gap is an item of its own.
struct PlanItem {
  std::string test;
  std::uint32_t timeline = 0;        ///< index into PlanAnswer::timelines
  std::string configuration;         ///< public id
  std::optional<Position> position;  ///< to run at; nothing: the newest there is
  PlanReason reason = PlanReason::CulpritGap;
  std::uint32_t repeats = 1;
  double value = 0;                       ///< of all repeats
  std::chrono::microseconds estimate{0};  ///< of all repeats
  bool guessed = false;                   ///< its duration is not known: the median of the others, else 1 s
  bool operator==(const PlanItem&) const = default;
};
struct PlanAnswer {
  std::vector<TimelineInfo> timelines;
  std::vector<PlanItem> items;         ///< most value per time first
  std::chrono::microseconds total{0};  ///< at most the budget
  std::uint64_t candidates = 0;        ///< that there were
  bool more = false;                   ///< there were more than are ever looked at (100,000)
  Basis basis;
};

enum class PlanFormat : std::uint8_t {
  Json,   ///< an array of the items
  Names,  ///< a name a line
  Gtest,  ///< for --gtest_filter; what would be no plain character there is `?`, which matches it
  Ctest,  ///< for ctest -R: `^(a|b)$`
  Pytest  ///< node ids, one a line, without those that pytest would take for options
};
/// Each test once, in the plan's order; line ends in names are written `\n`. Empty without items (Json:
/// `[]`).
std::string to_text(std::span<const PlanItem> items, PlanFormat format);
std::optional<PlanFormat> parse_plan_format(std::string_view text) noexcept;  ///< `gtest`

}  // namespace resultsdb
