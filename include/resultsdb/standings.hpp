// How tests stand: the verdict on each timeline, and since when it fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resultsdb/answers.hpp"

namespace resultsdb {

struct StandingsQuery : Question {
  std::vector<std::string> tests;               ///< in full; unknown ones have no standing
  std::chrono::seconds stale_after{12 * 3600};  ///< as VerdictQuery's
};

struct StandingsAnswer {
  /// Bad results up to the newest one; skipped ones are passed over.
  struct Streak {
    Outcome outcome;  ///< of the newest
    std::uint32_t runs = 0;
    RunInfoPtr first_bad;
    RunInfoPtr last_good;  ///< the one before; null: none in range
  };
  struct OnTimeline {
    std::uint32_t timeline = 0;  ///< index into `timelines`
    Verdict verdict = Verdict::Healthy;
    std::optional<Streak> streak;  ///< nothing: the newest result is good
  };
  struct Test {
    std::optional<Verdict> verdict;        ///< the most urgent one; nothing: not run
    std::vector<OnTimeline> per_timeline;  ///< of those with a result that is no skip
  };
  std::vector<TimelineInfo> timelines;
  std::vector<Test> tests;  ///< by StandingsQuery::tests
  Basis basis;
};

}  // namespace resultsdb
