// History of tests over the timelines of a suite.
#pragma once

#include <span>

#include "engine/suite.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

/// `Series::test` is an index into `tests` (all different); the names of the query are ignored.
Result<History> read_history(Suite& suite, std::span<const storage::TestId> tests, const HistoryQuery& query);

}  // namespace resultsdb::engine
