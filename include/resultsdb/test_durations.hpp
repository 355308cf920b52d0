// How long tests and runs take: what is slow, what became slower, and how to share tests among machines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resultsdb/aggregate/durations.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

// --- slow tests

/// Of the newest `last` runs of each timeline that count; growth is against as many before them.
struct SlowQuery : Question {
  SlowQuery() { last = 10; }
  enum class Order : std::uint8_t {
    P50,
    Spent,
    Growth  ///< by Growth::low, of the 2,000 tests that added most to the time of their timelines
  } order = Order::P50;
  bool by_timeline = false;  ///< an item per test and timeline instead of per test
  std::uint32_t limit = 20;  ///< 0: all
};
struct SlowTest {
  std::string test;
  std::optional<std::uint32_t> timeline;  ///< index into SlowAnswer::timelines; nothing: all of them
  /// Of results that came to an end: neither timeouts nor crashes, whose durations are those of a limit.
  aggregate::DurationSummary durations;
  std::uint32_t results = 0, timeouts = 0;  ///< timeouts: and crashes
  Duration spent{0};                        ///< of all results
  double share = 0;                         ///< of the time of all tests asked for (of the timeline's)
  /// Each duration is taken relative to the median before, on its timeline. Nothing: no runs before.
  std::optional<aggregate::Growth> growth;
};
/// Of one timeline's runs.
struct SuiteTime {
  std::uint32_t timeline = 0;       ///< index into SlowAnswer::timelines
  aggregate::DurationSummary wall;  ///< finished - started, of the runs that finished
  Duration spent{0};                ///< of the tests asked for
};
struct SlowAnswer {
  std::vector<TimelineInfo> timelines;
  std::vector<SlowTest> tests;   ///< in the query's order, longest first, then by name and timeline
  std::uint64_t total = 0;       ///< with a duration
  Duration spent{0};             ///< of the tests asked for
  std::vector<SuiteTime> suite;  ///< by timeline
  Basis basis;                   ///< without the runs that growth is measured against
};

// --- one test

/// Days begin at midnight UTC, weeks with Monday (ISO 8601).
enum class TimeBucket : std::uint8_t { Run, Day, Week };
/// The day or week of a run's start, of its receipt if it has no start (that of 1970); the start itself for
/// TimeBucket::Run.
Time bucket_begin(TimeBucket bucket, const RunInfo& run);

struct DurationsQuery : Question {
  std::string test;
  TimeBucket bucket = TimeBucket::Run;
};
struct DurationsAnswer {
  struct Point {
    RunInfoPtr run;
    Duration duration{0};
    bool timed_out = false;  ///< or crashed: part of no summary and no change
  };
  struct Change {
    RunInfoPtr run;  ///< the first after it
    double ratio = 1;
    double p = 1;
  };
  struct Bucket {
    Time begin{};
    aggregate::DurationSummary durations;
    std::uint32_t timeouts = 0;  ///< and crashes
  };
  struct OnTimeline {
    std::uint32_t timeline = 0;
    std::vector<Point> points;  ///< runs with a duration, oldest first
    aggregate::DurationSummary durations;
    std::vector<Change> changes;  ///< see aggregate::duration_changes(); oldest first
    std::vector<Bucket> buckets;  ///< those with points, oldest first; none if the query asks for runs
  };
  std::vector<TimelineInfo> timelines;
  std::vector<OnTimeline> per_timeline;  ///< of those with points
  Basis basis;
};

// --- sharing

/// Predicted is the median of the newest `last` runs, timeouts included.
struct ShardsQuery : Question {
  ShardsQuery() { last = 10; }
  std::uint32_t shards = 2;  ///< 1 to 10,000
};
struct ShardsAnswer {
  struct Shard {
    std::vector<std::string> tests;  ///< longest first
    Duration predicted{0};
  };
  std::vector<Shard> shards;
  std::uint64_t tests = 0;    ///< that the newest run of a timeline covers
  std::uint64_t unknown = 0;  ///< of them without any duration: they count as the median of the others
  Duration total{0};
  Basis basis;
};

}  // namespace resultsdb
