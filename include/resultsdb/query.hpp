// What readers ask: selections, ranges and the queries of Model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/configuration.hpp"
#include "resultsdb/run.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

/// Which timelines of a suite. All conditions hold together.
struct Selection {
  std::vector<std::string> branches;           ///< any of these; empty: all
  std::vector<FacetFilter> where;              ///< see parse_facet_filters()
  std::optional<Configuration> configuration;  ///< exactly this one
  std::vector<std::string> timelines;          ///< opaque ids; empty: all
  /// Leave out timelines whose newest received run is older than this.
  std::optional<Time> received_since;
  bool operator==(const Selection&) const = default;
};

/// Which runs of each timeline; bounds are inclusive and hold together.
struct RunRange {
  std::optional<Position> from_position, to_position;
  std::optional<Time> from_started, to_started;
  bool operator==(const RunRange&) const = default;
};

enum class RunOrder : std::uint8_t { Position, Started, Received };

/// Runs, newest first (or oldest first) in `order`. `suite` empty: all suites, each on its own, by name.
struct RunsQuery {
  std::string suite;
  Selection selection;
  RunRange range;
  std::vector<RunState> states;     ///< as answered (a running run past its lease is Incomplete)
  std::string id;                   ///< public id
  std::optional<RunCommit> commit;  ///< runs that have this commit (repository and id)
  Attributes attributes;            ///< indexed pairs
  RunOrder order = RunOrder::Position;
  bool ascending = false;
  std::uint32_t limit_per_timeline = 0;  ///< 0: no limit
  std::uint32_t limit = 0;               ///< in total, after sorting over all timelines; 0: no limit
  Time now{};                            ///< decides about leases
};

/// History of tests. Runs that do not cover a test give no result.
struct HistoryQuery {
  std::string suite;
  std::vector<std::string> tests;
  Selection selection;
  RunRange range;
  std::vector<RunState> states;
  RunOrder order = RunOrder::Position;  ///< Position or Started; the newest `limit` runs in that order
  bool ascending = false;               ///< with a limit: the oldest ones, oldest first
  std::uint32_t limit = 0;              ///< runs per timeline; 0: all
  bool only_covering = false;           ///< `limit` counts only runs that cover one of the tests
  bool durations = false;
  bool tries = false;    ///< costs one blob per run that has a result other than plain pass
  bool details = false;  ///< attributes and details of each result
  Time now{};
};

/// Results of one run.
struct RunResultsQuery {
  std::string run;    ///< public id
  std::string suite;  ///< empty: every suite is asked for the id
  enum class Which : std::uint8_t { All, Failing, Unexpected } which = Which::All;
  std::string prefix;
  bool details = false;
  bool durations = true;
};

struct TestsQuery {
  std::string suite;
  std::string prefix, contains;
  std::uint32_t limit = 1000;  ///< 1 to 10,000
  std::string page;            ///< token of an earlier answer
};

struct CommitsQuery {
  std::string repository;
  std::optional<std::string> branch;
  std::optional<Position> from_position, to_position;
  std::string hash_prefix;
  std::optional<std::int64_t> revision;
  std::string identifier;
  std::string text;
  bool ascending = false;
  std::uint32_t limit = 1000;  ///< 1 to 10,000
  std::string page;
};

/// Documents of one collection by key (bytes).
struct DocumentsQuery {
  std::string collection;
  std::string key_prefix;
  Attributes attributes;                                      ///< all of them
  std::optional<std::pair<std::string, std::string>> unique;  ///< the one with this secondary key
  bool descending = false;
  std::uint32_t limit = 1000;  ///< 1 to 10,000
  std::string page;
};

}  // namespace resultsdb
