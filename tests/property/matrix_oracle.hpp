// What the store must answer, computed the plain way: every run with all its results in a map.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "resultsdb/history.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/run.hpp"

namespace resultsdb::property {

struct OracleResult {
  Outcome outcome;
  std::int64_t duration_us = -1;
  std::uint32_t tries = 0, passes = 0;
  std::string attributes, detail;
};

struct OracleRun {
  RunHeader header;
  Time received{};
  std::map<std::string, OracleResult> results;
  std::set<std::string> lost;
};

struct OracleKey {
  std::string branch, configuration;
  Position position = 0;
  Time started{};
  std::string variant;
  auto operator<=>(const OracleKey&) const = default;
};

class MatrixOracle {
 public:
  void put(const Run& run, Time received);
  void erase(const OracleKey& key) { runs_.erase(key); }
  const std::map<OracleKey, OracleRun>& runs() const { return runs_; }

  std::string history(const HistoryQuery& query) const;
  std::string results(const std::string& run_id) const;
  std::string run_list(const RunsQuery& query) const;
  std::string timelines() const;
  /// How often each test changed its outcome between neighbouring runs that cover it.
  std::map<std::string, std::uint64_t> flips() const;

 private:
  using TimelineKey = std::pair<std::string, std::string>;
  std::map<TimelineKey, std::vector<const OracleRun*>> by_timeline() const;

  std::map<OracleKey, OracleRun> runs_;
  std::set<TimelineKey> timelines_;
};

OracleKey key_of(const RunHeader& header);
std::string id_of(const RunHeader& header);

/// The store's answers in the same words.
std::string describe(const History& history, const HistoryQuery& query);
std::string describe(const RunResults& results);
std::string describe(const std::vector<RunInfoPtr>& runs);
std::string describe(const std::vector<TimelineInfo>& timelines);

}  // namespace resultsdb::property
