// The commits that a request selects.
#pragma once

#include <vector>

#include "resultsdb/commit.hpp"
#include "service.hpp"

namespace resultsdb::webkit {

/// In their order, at least one; else NotFound.
Result<std::vector<Commit>> select_commits(const Service& service, const http::Request& request,
                                           bool with_limit);
/// Exactly one; else NotFound.
Result<Commit> select_commit(const Service& service, const http::Request& request);

}  // namespace resultsdb::webkit
