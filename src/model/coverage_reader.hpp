// Which tests a timeline's newest runs have results of.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/survey.hpp"

namespace resultsdb {

/// The newest runs of one window; see CoverageGapsQuery.
class NewestRuns {
 public:
  static Result<NewestRuns> read(const Survey& survey, const Window& window, Time now);
  /// A survey and those of its windows, of one moment.
  struct Surveyed;
  static Result<Surveyed> survey(ModelCore& core, const Question& question, std::string_view definition);

  /// Tests with a result in any run that counts.
  const engine::TestSet& ever() const { return ever_; }
  /// … in the newest runs.
  const engine::TestSet& covered() const { return covered_; }
  /// The newest whole run was cut off.
  bool is_cut_off() const { return cut_off_; }
  /// Those that the newest runs planned, but have no result of.
  std::vector<storage::TestId> lost_tests() const;
  /// The newest of the newest runs that covers the test.
  std::optional<std::uint32_t> newest_run(storage::TestId test) const;

 private:
  std::vector<std::uint32_t> runs_;            // oldest first
  std::vector<const engine::TestSet*> tests_;  // of each of them
  engine::TestSet ever_, covered_;
  std::map<storage::TestId, std::vector<std::uint32_t>> lost_;
  bool cut_off_ = false;
};

struct NewestRuns::Surveyed {
  Survey survey;
  std::vector<NewestRuns> newest;  // by window
};

}  // namespace resultsdb
