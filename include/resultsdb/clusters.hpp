// Why tests fail: failures that say the same thing, together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "resultsdb/answers.hpp"

namespace resultsdb {

/// Of a run (Question::run, which counts whatever became of it), of a commit (Question::commit) or of any
/// window. `name_contains` restricts the tests.
struct ClustersQuery : Question {
  std::string test;                   ///< in full; empty: all
  std::uint64_t max_results = 20000;  ///< bad results that are read, of the newest runs; 1 to 100,000
  std::uint32_t limit = 100;          ///< clusters; 0: all
  std::uint32_t tests = 20;           ///< names in each cluster
};

struct FailureCluster {
  std::string id;       ///< see aggregate::FailureReason; empty: results that have no message
  std::string pattern;  ///< for people; empty like the id
  bool crash = false;   ///< the pattern is a crash signature: functions, innermost first
  std::uint64_t results = 0;
  std::uint64_t test_count = 0;
  std::vector<std::string> tests;        ///< the first by name
  std::vector<std::uint32_t> timelines;  ///< indexes into ClustersAnswer::timelines, ascending
  RunInfoPtr first, newest;              ///< by position, among the results that were read
  std::string example;                   ///< beginning of the newest message, at most 1,000 bytes
  /// Its own id, or that of the largest listed cluster of which it is a near duplicate (directly or by way of
  /// others; see aggregate::near_duplicates()).
  std::string like;
};

struct ClustersAnswer {
  std::vector<TimelineInfo> timelines;
  std::vector<FailureCluster> clusters;  ///< by results, then id
  std::uint64_t total = 0;               ///< clusters, without the limit
  std::uint64_t results = 0;             ///< in all of them
  bool truncated = false;                ///< older bad results were not read
  Basis basis;
};

}  // namespace resultsdb
