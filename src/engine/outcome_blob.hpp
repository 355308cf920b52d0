// The canonical form of a run's results: those that are not a plain expected pass, and the lost tests.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::engine {

struct OutcomeEntry {
  storage::TestId test = 0;
  storage::OutcomeId outcome = 0;
  std::uint32_t tries = 0, passes = 0;  ///< 0: not told
  bool operator==(const OutcomeEntry&) const = default;
};

struct RunOutcomes {
  std::vector<OutcomeEntry> entries;  ///< by test; outcome or tries are not 0
  std::vector<storage::TestId> lost;  ///< ascending
  bool empty() const { return entries.empty() && lost.empty(); }
  bool operator==(const RunOutcomes&) const = default;
};

/// Both lists must be strictly ascending by test.
storage::Bytes encode_outcomes(const RunOutcomes& outcomes);
Result<RunOutcomes> decode_outcomes(std::string_view blob);

}  // namespace resultsdb::engine
