// How often tests change their outcome.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/suite.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

/// Over the whole history of the selected timelines: how often each test took another (expected, actual) than
/// at the previous run that covers it. Tests that never did are left out; by test.
Result<std::vector<std::pair<storage::TestId, std::uint64_t>>> count_flips(Suite& suite,
                                                                           const Selection& selection = {});

}  // namespace resultsdb::engine
