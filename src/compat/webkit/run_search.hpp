// From the configurations, bounds and limits of a query to the runs of a suite.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commit_search.hpp"
#include "configuration.hpp"
#include "query.hpp"
#include "resultsdb/history.hpp"
#include "service.hpp"

namespace resultsdb::webkit {

/// The part of a query that says on which configurations of which branch.
struct ConfigurationQuery {
  std::vector<PlatformConfiguration> configurations;
  std::string key;  ///< of the branch
  bool recent = true;
  bool wildcard = false;  ///< `match=wildcard`: what a complete configuration leaves out may be anything

  static Result<ConfigurationQuery> read(const Service& service, const Query& query);
};

/// A timeline of a suite that some configuration of the query stands for.
struct MatchedTimeline {
  TimelineInfo info;
  PlatformConfiguration configuration;  ///< without sdk
  std::set<std::string> sdks;           ///< which are asked for; empty: all
};

/// Decides which stored configurations a query means. Remembers what is recent on the branch, so one serves a
/// request with many suites.
class ConfigurationMatcher {
 public:
  ConfigurationMatcher(const Service& service, const ConfigurationQuery& query)
      : service_(service), query_(query) {}

  Result<std::vector<MatchedTimeline>> match(const std::string& suite);

 private:
  Result<std::vector<RunInfoPtr>> deciding_runs() const;
  Status load_recent();
  Result<bool> matches(const PlatformConfiguration& stored, const PlatformConfiguration& wanted);

  const Service& service_;
  const ConfigurationQuery& query_;
  std::optional<std::set<PlatformConfiguration>> recent_;
  std::set<std::optional<std::string>> recent_platforms_;
};

/// The whole of a query for runs.
struct RunSearch {
  ConfigurationQuery configurations;
  RunRange range;
  bool by_start = false;  ///< read and sort by start time instead of by commit
  std::uint32_t limit = 0;

  static Result<RunSearch> read(const Service& service, const Query& query, std::uint32_t default_limit);

  /// How many rows of a timeline to read so that cut() has all that it may keep; 0: all.
  std::uint32_t read_limit(const std::vector<MatchedTimeline>& timelines) const;
};

std::vector<std::string> ids_of(const std::vector<MatchedTimeline>& timelines);

/// The suites that `suite` names; if none is named, those that the configurations of the query have on the
/// default key, whatever branch it is about.
Result<std::vector<std::string>> wanted_suites(const Service& service, const Query& query,
                                               ConfigurationQuery configurations);

/// One run of an answer, or one result.
struct AnswerRow {
  Position uuid = 0;
  std::int64_t start = 0;
  std::string sdk;
  std::string json;
  RunInfoPtr run;
};
AnswerRow row_of(const RunInfoPtr& run);

/// What the search reads of timelines of a suite, by timeline: at least what cut_rows() keeps.
using RowsByTimeline = std::unordered_map<std::string, std::vector<AnswerRow>>;
Result<RowsByTimeline> read_rows(const Service& service, const RunSearch& search, const std::string& suite,
                                 const std::vector<MatchedTimeline>& timelines, std::vector<RunState> states);

/// Keeps the newest rows of one timeline within the limit, newest first.
void cut_rows(const RunSearch& search, const MatchedTimeline& timeline, std::vector<AnswerRow>& rows);

/// Collects rows timeline by timeline and writes them as groups.
class Answer {
 public:
  explicit Answer(const RunSearch& search) : search_(search) {}

  /// Rows of one timeline that are left after cut_rows().
  void add(const MatchedTimeline& timeline, std::vector<AnswerRow> rows);
  std::string json();
  /// One object per group; `rows_name` is the member that holds the rows. `suite` (if not empty) becomes a
  /// member of the configuration.
  std::vector<std::string> groups(std::string_view rows_name, std::string_view suite);

 private:
  struct Group {
    PlatformConfiguration shown;
    std::vector<AnswerRow> rows;
  };
  const RunSearch& search_;
  std::map<PlatformConfiguration, Group> groups_;
};

}  // namespace resultsdb::webkit
