// Storing a run that came in over HTTP.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "native_context.hpp"
#include "run_body.hpp"

namespace resultsdb::http {

/// Resolves or registers the commits (the run's start stands in for an unknown commit's time), stores the run
/// and answers: 201 and Location when it is new, 200 otherwise.
Response store_run(const NativeContext& context, Run run, const std::vector<CommitInput>& commits,
                   const IngestOptions& options);

/// For a segment or a parameter of a Location.
std::string percent_encode(std::string_view text);

}  // namespace resultsdb::http
