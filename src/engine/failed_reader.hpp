// What failed in each of many runs.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "engine/suite.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/outcome.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

struct FailedResult {
  std::string_view test;  ///< lives as long as the suite
  Outcome outcome;
};

/// For each run, by name; nothing for one that is gone.
Result<std::vector<std::vector<FailedResult>>> read_failed(Suite& suite, std::span<const RunInfoPtr> runs);

}  // namespace resultsdb::engine
