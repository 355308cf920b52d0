// How a suite stands now: what runs, what has fallen silent, and where the newest runs are not as expected.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "resultsdb/answers.hpp"

namespace resultsdb {

/// Times count from the suite's newest received run.
struct OverviewQuery {
  std::string suite;
  Selection selection;
  std::chrono::seconds stale_after{12 * 3600};
  std::chrono::seconds expire_after{7 * 86'400};  ///< timelines without a run since then are not shown
  std::uint32_t look_back = 500;  ///< runs of each timeline in which the last good one is looked for
  Time now{};
};

struct OverviewAnswer {
  static constexpr std::uint32_t kTrend = 30;
  /// Of one timeline; runs that go on are passed over.
  struct Line {
    std::uint32_t timeline = 0;  ///< index into `timelines`
    RunInfoPtr newest;  ///< that was not declared failed (ExcludedRun::Why::Declared), if there is one
    std::uint32_t failed_runs = 0;     ///< declared failed, newer than `newest`; all, if there are no others
    Outcome worst;                     ///< of its unexpected results; a plain pass: there are none
    std::uint64_t unexpected = 0;      ///< results of it
    std::vector<std::uint64_t> trend;  ///< unexpected results of the newest kTrend runs, newest first
    /// Runs with unexpected results up to the newest one: the first of them, null if the newest has none, and
    /// the run before it, null if none is in sight.
    RunInfoPtr first_bad, last_good;
    /// The newest run has all its results, all as expected.
    bool healthy() const { return failed_runs == 0 && unexpected == 0 && newest->counts.lost == 0; }
  };
  std::vector<TimelineInfo> timelines;
  std::vector<RunInfoPtr> running;   ///< newest first
  std::vector<std::uint32_t> stale;  ///< timelines, the longest silent first
  std::vector<Line> lines;  ///< the worst first, then the most unexpected results; the healthy ones last
  Basis basis;
};

}  // namespace resultsdb
