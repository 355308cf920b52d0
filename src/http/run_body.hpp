// The JSON body of POST /v1/runs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"

namespace resultsdb::http {

/// A commit as the body names it: either of the two.
struct CommitInput {
  std::optional<RepositoryReference> reference;
  std::optional<Commit> commit;
};

struct RunBody {
  Run run;  ///< without commits
  std::vector<CommitInput> commits;
};

/// One pass over the text, without a tree; details and attributes of results are taken byte for byte.
/// InvalidArgument: `context` is the member that is wrong, such as `results[3].actual`.
Result<RunBody> read_run_body(std::string_view text);

/// Not empty unless `may_be_empty`, at most limits::kNameBytes, UTF-8 without U+0000.
Status check_name(std::string_view text, const std::string& member, bool may_be_empty = false);

}  // namespace resultsdb::http
