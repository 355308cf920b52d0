// Storing a run that came in over HTTP.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json_members.hpp"
#include "native_context.hpp"
#include "run_body.hpp"

namespace resultsdb::http {

/// Resolves or registers the commits (the run's start stands in for an unknown commit's time), stores the run
/// and answers: 201 and Location when it is new, 200 otherwise.
Response store_run(const NativeContext& context, Run run, const std::vector<CommitInput>& commits,
                   const IngestOptions& options);

/// What is stored where a request wants to write.
struct StoredState {
  std::string tag;  ///< its ETag
  std::uint64_t version = 0;
};
/// The version that must be stored for If-Match or If-None-Match to hold (0: none); nothing: neither was
/// sent. Conflict: they do not hold.
Result<std::optional<std::uint64_t>> required_version(const Request& request,
                                                      const std::optional<StoredState>& current);
/// 412 if a condition of the request does not hold, or did not any more when it came to writing.
Response write_problem(const Request& request, const Error& error);
/// What was stored: 201 if it is new, 200 otherwise, with ETag and Location.
Response stored_response(std::string body, bool is_new, const std::string& location);

/// Whether this request may write; it has no parameters.
Status check_write(const NativeContext& context, const Request& request);
/// A place in a body: a position, or a bound such as `ref:webkit:9f2c…`.
Result<Position> read_place(const NativeContext& context, JsonCursor& cursor, const MemberPath& path);

/// For a segment or a parameter of a Location.
std::string percent_encode(std::string_view text);

}  // namespace resultsdb::http
