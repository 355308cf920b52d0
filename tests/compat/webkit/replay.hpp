// Sends recorded exchanges of the original and compares the answers.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "resultsdb/http/webkit.hpp"

namespace resultsdb::webkit::testing {

/// Where the clock stood, in seconds.
constexpr std::int64_t kRecordedAt = 1'602'000'000;

/// Ends with a slash; has the exchanges, repositories.json and ci.json.
std::string golden_folder();
std::vector<std::string> scenarios();
/// Whether the scenario was recorded with a queue that nobody works off.
bool is_asynchronous(const std::string& scenario);

/// Mounts the protocol on an empty store with what the recordings need: repositories, the CI master, the
/// clock.
Result<std::shared_ptr<Model>> mount_as_recorded(http::Router& router,
                                                 Result<std::shared_ptr<storage::Storage>> storage,
                                                 Options options = {});

using Scenario = std::tuple<std::string, std::string>;  // backend, name of the scenario
std::string scenario_name(const ::testing::TestParamInfo<Scenario>& info);

/// Sends all exchanges of a scenario in order, fails the test where an answer differs that is not listed in
/// allowed.txt, and prints the counts.
void replay(const std::string& scenario, const std::string& where,
            const std::function<http::Response(const http::Request&)>& send);

}  // namespace resultsdb::webkit::testing
