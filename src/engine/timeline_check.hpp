// Compares everything that is stored about one timeline: checksums, and what is derived with what it is
// derived from.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/outcome_dictionary.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::engine {

struct TimelineCheck {
  std::vector<Problem> problems;
  std::uint64_t runs = 0, results = 0, changes = 0;
  /// Puts right what is derived; nothing to do if it names no timeline. What cannot be derived from undamaged
  /// rows stays as it is.
  storage::SuiteBatch repair;
};

/// Reads the whole timeline. The answer belongs to the version of `row` only if nobody wrote meanwhile.
Result<TimelineCheck> check_timeline(storage::Storage& storage, const std::string& suite,
                                     const storage::TimelineRow& row);

}  // namespace resultsdb::engine
