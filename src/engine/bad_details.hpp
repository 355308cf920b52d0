// Failures of many runs with what was stored about each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "engine/suite.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::engine {

struct BadResult {
  std::size_t run = 0;  ///< index into the runs asked for
  storage::TestId test = 0;
  std::string_view actual;
  std::string_view detail;  ///< JSON; empty: none
};

enum class BadResults { Unexpected, Failing };
struct BadResultsQuery {
  std::span<const storage::RunRef> runs;
  BadResults bad = BadResults::Unexpected;
  std::uint64_t limit = 0;
  std::function<bool(storage::TestId)> wanted;
};

/// The first `limit` bad results in the order of the runs, then by test; borrowed by `visit` until it
/// returns. Runs that are gone have none. In memory are the details of at most kDetailsAtOnce results. False:
/// there are more.
inline constexpr std::size_t kDetailsAtOnce = 100;
Result<bool> visit_bad_results(Suite& suite, const BadResultsQuery& query,
                               const std::function<void(const BadResult&)>& visit);

}  // namespace resultsdb::engine
