// Lists of tests, chosen and ordered by how they stand, flat or folder by folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resultsdb/answers.hpp"

namespace resultsdb {

/// All conditions hold together. Question::name_contains is one of them.
struct TestListQuery : Question {
  aggregate::Query query;  ///< see parse_query()
  std::chrono::seconds stale_after{12 * 3600};
  std::string prefix;              ///< of the name
  std::vector<std::string> parts;  ///< all of them are somewhere in the name
  std::vector<std::string>
      classes;  ///< the newest result on some timeline has one of these outcome_class()es
  /// The median of the newest kDurationRuns runs of each timeline is an outlier among all tests of the
  /// selection: aggregate::modified_z() of its logarithm beyond aggregate::kOutlier.
  bool slow = false;
  static constexpr std::uint32_t kDurationRuns = 10;

  enum class Order : std::uint8_t {
    Name,
    Worst,    ///< severity of the worst newest result, unexpected ones before expected ones
    Verdict,  ///< the most urgent of the timelines
    Streak,   ///< the longest of bad results up to the newest one
    Flaky,    ///< lower bound of Flakiness::minority
    P50,      ///< see `slow`
    LastRun
  } order = Order::Name;
  bool descending = false;  ///< tests that are equal, or have nothing to order by, stand by name
  /// Folders so many levels below `prefix` instead of the tests in them; 0: no folders, at most 20. By name.
  std::uint32_t depth = 0;

  /// A place in the list.
  struct Place {
    std::int64_t rank = 0;
    std::string name;
  };
  std::optional<Place> after;
  std::uint32_t limit = 100;  ///< 0: all
};

struct TestListAnswer {
  struct Entry {
    std::string name;         ///< of a test in full, or a folder with its separator: `css/grid/`
    std::uint64_t tests = 0;  ///< in the folder; 0: it is a test
    /// The newest results of the folder's tests, each on every timeline; lost: the newest run that planned
    /// it.
    RunCounts counts;
    std::int64_t rank = 0;  ///< with the name: its place
  };
  std::vector<TimelineInfo> timelines;
  std::vector<Entry> entries;
  std::uint64_t total = 0;  ///< on all pages
  bool more = false;        ///< the limit left out entries behind the last one
  Basis basis;
};

}  // namespace resultsdb
