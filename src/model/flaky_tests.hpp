// Differences between two sides that may be no differences.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "model/survey.hpp"

namespace resultsdb {

/// Tests that do both without a change along the timelines of A; see GateQuery::count_flaky.
class FlakyTests {
 public:
  struct Rule {
    std::uint32_t runs = 100, min_runs = 10, results = 2;
  };
  /// `without`: public ids of B's runs, which say nothing about what A's tests did before.
  static Result<FlakyTests> read(ModelCore& core, const CompareQuery& query, std::span<const RunInfoPtr> a,
                                 std::span<const std::string> without, const Rule& rule);

  /// How often the test does the rarer of what it does, if it is flaky. `configuration` empty: on all of them
  /// together. NotFound if the suite has no such test.
  Result<std::optional<Proportion>> find(const std::string& test, const std::string& configuration) const;

 private:
  FlakyTests(const Rule& rule, Survey survey) : rule_(rule), survey_(std::move(survey)) {}

  Rule rule_;
  Survey survey_;
};

}  // namespace resultsdb
