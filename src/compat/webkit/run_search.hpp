// From the configurations, bounds and limits of a query to the runs of a suite.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
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

  static Result<RunSearch> read(const Service& service, const Query& query);

  /// How many rows of a timeline to read so that cut() has all that it may keep; 0: all.
  std::uint32_t read_limit(const std::vector<MatchedTimeline>& timelines) const;
};

/// One run of an answer, or one result.
struct AnswerRow {
  Position uuid = 0;
  std::int64_t start = 0;
  std::string sdk;
  std::string json;
};

/// Collects rows timeline by timeline and writes them as groups.
class Answer {
 public:
  explicit Answer(const RunSearch& search) : search_(search) {}

  /// Keeps the newest rows of one timeline within the limit.
  void add(const MatchedTimeline& timeline, std::vector<AnswerRow> rows);
  std::string json();

 private:
  struct Group {
    PlatformConfiguration shown;
    std::vector<AnswerRow> rows;
  };
  const RunSearch& search_;
  std::map<PlatformConfiguration, Group> groups_;
};

}  // namespace resultsdb::webkit
