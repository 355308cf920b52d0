// Where the time of a suite goes, folder by folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resultsdb/answers.hpp"

namespace resultsdb {

/// Of the newest `last` runs of each timeline that count, or of one run (Question::run).
struct DurationTreeQuery : Question {
  DurationTreeQuery() { last = 10; }
  std::string prefix;         ///< of names; the tree is of what stands behind it
  std::uint32_t depth = 2;    ///< levels below the root; 1 to 20. Folders of the last one are not opened
  std::uint32_t most = 2000;  ///< folders and tests, the longest; 1 to 100,000. The others are `rest`
};

struct DurationFolder {
  std::string name;  ///< `css/grid/`, or a test in full
  bool is_test = false;
  /// Sum over its tests: the median of a test's results that came to an end (SlowTest::durations); of one run
  /// what it took, whatever came of it.
  Duration total{0};
  std::uint64_t tests = 0;               ///< that the runs have
  std::uint64_t untimed = 0;             ///< of them: no such duration, so no part of `total`
  std::uint64_t failing = 0;             ///< of them: the newest result on some timeline is a failure
  std::vector<DurationFolder> children;  ///< longest first, then by name
  std::uint64_t rest_tests = 0;          ///< in children that were left out
  Duration rest_total{0};
};

struct DurationTreeAnswer {
  DurationFolder root;  ///< its name is the prefix
  Basis basis;
};

}  // namespace resultsdb
