// Runs and their results.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/suite.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

/// Runs of one suite in the query's order, within its limits. `query.suite` is ignored.
Result<std::vector<RunInfoPtr>> read_runs(Suite& suite, const RunsQuery& query);

/// By public id, the state as stored.
Result<std::optional<RunInfoPtr>> find_run(Suite& suite, std::string_view id);

/// Empty if the suite has no such run.
Result<std::optional<RunResults>> read_results(Suite& suite, const RunResultsQuery& query, Time now);

}  // namespace resultsdb::engine
