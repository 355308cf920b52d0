// What failed in a window of runs, test by test: how often, where, and since when.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resultsdb/answers.hpp"

namespace resultsdb {

struct FailuresQuery : Question {
  std::string test;  ///< in full; empty: all
};

struct FailingTest {
  struct OnTimeline {
    std::uint32_t bad = 0, runs = 0;  ///< results; skipped ones are in neither
    /// Of all results there: OutcomeInfo::id of the worst; kLost: only planned; kNotCovered: not run.
    std::int32_t worst = kNotCovered;
  };
  std::string test;
  std::uint64_t bad = 0, runs = 0;  ///< on all timelines
  std::uint32_t worst = 0;          ///< of the bad results: OutcomeInfo::id
  RunInfoPtr first, newest;         ///< with a bad result, by position
  std::vector<OnTimeline> on;       ///< by FailuresAnswer::timelines
};

struct FailuresAnswer {
  std::vector<TimelineInfo> timelines;
  std::vector<RunInfoPtr> runs;       ///< that count, newest first
  std::vector<OutcomeInfo> outcomes;  ///< by id; all that the suite knows
  std::vector<FailingTest> tests;     ///< with a bad result in these runs, by name
  Basis basis;
};

/// A bad result whose reason is wanted.
struct BadAt {
  RunInfoPtr run;
  std::string test;
};
struct ReasonOfResult {
  std::string id;       ///< FailureCluster::id; empty: it has no message, or is gone, or is not bad
  std::string pattern;  ///< for people
  bool crash = false;   ///< the pattern is a crash signature
};

}  // namespace resultsdb
