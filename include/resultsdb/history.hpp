// What readers get: columnar and run-length coded where it is large.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "resultsdb/outcome.hpp"
#include "resultsdb/run.hpp"

namespace resultsdb {

/// An entry of a suite's dictionary as answers name it; id 0 is the plain expected pass.
struct OutcomeInfo {
  std::uint32_t id = 0;
  Outcome outcome;
  bool operator==(const OutcomeInfo&) const = default;
};

/// How often each outcome occurred in a run. Outcomes that differ in attributes alone are added up.
struct RunCounts {
  struct Count {
    Outcome outcome;
    std::uint32_t results = 0;
    bool operator==(const Count&) const = default;
  };
  std::uint32_t covered = 0;    ///< results
  std::uint32_t lost = 0;       ///< planned tests without a verdict: no results
  std::vector<Count> outcomes;  ///< by outcome; their sum is `covered`
  bool operator==(const RunCounts&) const = default;
};

/// A run as answers show it. Shared and immutable: answers of one timeline point to the same objects.
struct RunInfo {
  std::string id;        ///< public id, never empty
  std::string timeline;  ///< opaque id, derived from (suite, branch, configuration)
  std::string suite, branch;
  Configuration configuration;
  OrderKey order_key = OrderKey::Commit;
  Position position = 0;
  Time started{}, received{};
  std::optional<Time> finished;
  std::optional<Time> lease_until;
  std::string variant;
  RunState state = RunState::Final;  ///< leases considered
  int attempt = 1;
  std::vector<RunCommit> commits;
  RunCounts counts;
  Attributes attributes;
  std::vector<Link> links;
  std::string digest;
  bool operator==(const RunInfo&) const = default;
};
using RunInfoPtr = std::shared_ptr<const RunInfo>;

struct TimelineInfo {
  std::string id;  ///< opaque: `t_…`
  std::string suite, branch;
  Configuration configuration;
  std::string configuration_id;  ///< opaque: `c_…`
  OrderKey order_key = OrderKey::Commit;
  std::uint64_t version = 0;
  std::uint32_t runs = 0;
  Position first_position = 0, last_position = 0;
  Time last_received{};
  bool operator==(const TimelineInfo&) const = default;
};

inline constexpr std::int32_t kNotCovered = -1;  ///< in outcome columns: the run did not run the test
inline constexpr std::int32_t kLost = -2;        ///< … planned it and lost it

struct RunLength {
  std::uint32_t count = 0;
  std::int32_t outcome = 0;  ///< OutcomeInfo::id, kNotCovered or kLost
  bool operator==(const RunLength&) const = default;
};

struct History {
  struct Timeline {
    TimelineInfo info;
    std::vector<RunInfoPtr> runs;  ///< in the query's order
    bool more = false;             ///< the limit left out runs
  };
  /// Only (test, timeline) pairs with at least one result or lost test among the runs.
  struct Series {
    std::uint32_t test = 0;                 ///< index into the query's tests
    std::uint32_t timeline = 0;             ///< index into `timelines`
    std::vector<RunLength> outcomes;        ///< along the timeline's runs; adjacent entries differ
    std::vector<std::int64_t> duration_us;  ///< if asked: one per run, -1 = none
    struct Tries {
      std::uint32_t run = 0, tries = 0, passes = 0;
      bool operator==(const Tries&) const = default;
    };
    std::vector<Tries> tries;  ///< if asked: runs that told
    struct Extra {
      std::uint32_t run = 0;
      std::string attributes, detail;
      bool operator==(const Extra&) const = default;
    };
    std::vector<Extra> extras;  ///< if asked: runs whose result has attributes or a detail
  };
  std::vector<OutcomeInfo> outcomes;  ///< those that occur, and 0; by id
  std::vector<Timeline>
      timelines;               ///< by (branch, configuration key); those selected, also without runs in range
  std::vector<Series> series;  ///< by (test, timeline)
  std::vector<std::string> unknown_tests;
};

/// Results of one run. Outcomes that only differ in attributes are told apart by `attributes` of the rows.
struct RunResults {
  struct Row {
    std::string test;
    Outcome outcome;
    std::optional<Duration> duration;
    std::uint32_t tries = 0, passes = 0;
    std::string attributes, detail;  ///< if asked
    bool operator==(const Row&) const = default;
  };
  RunInfoPtr run;
  std::vector<Row> rows;          ///< by name in byte order
  std::vector<std::string> lost;  ///< names, in byte order
};

struct SuiteInfo {
  std::string name;
  std::uint64_t tests = 0, runs = 0;
  std::uint32_t timelines = 0;
  Time last_received{};
};

template <class T>
struct ItemPage {
  std::vector<T> items;
  std::string next;  ///< token; empty: the end
};

/// What `purge` and `check` found or did.
struct Problem {
  std::string table, key, what;
  bool operator==(const Problem&) const = default;
};

}  // namespace resultsdb
