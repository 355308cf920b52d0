// How tests stand: the verdict on each timeline, since when it fails, and what it did last.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resultsdb/aggregate/durations.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

struct StandingsQuery : Question {
  std::vector<std::string> tests;               ///< in full; unknown ones have no standing
  std::chrono::seconds stale_after{12 * 3600};  ///< as VerdictQuery's
  std::uint32_t durations_of = 0;  ///< the newest runs of each timeline for Test::durations; 0: none are read
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
  struct Newest {
    std::uint32_t timeline = 0;
    Outcome outcome;
    RunInfoPtr run;
  };
  struct Test {
    std::optional<Verdict> verdict;        ///< the most urgent one; nothing: not run
    std::vector<OnTimeline> per_timeline;  ///< of those with a result that is no skip
    std::vector<Newest> newest;            ///< of those with a result
    /// Flakiness::minority, added up over the timelines with good and bad results in their newest segments.
    std::optional<Proportion> flaky;
    aggregate::DurationSummary durations;  ///< as SlowTest::durations
  };
  std::vector<TimelineInfo> timelines;
  std::vector<Test> tests;  ///< by StandingsQuery::tests
  Basis basis;
};

}  // namespace resultsdb
