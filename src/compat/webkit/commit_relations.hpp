// Which commits stand beside, before and behind a commit.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "resultsdb/commit.hpp"
#include "service.hpp"

namespace resultsdb::webkit {

/// The newest commit of a branch at or before a position.
Result<std::optional<Commit>> newest_commit(const Service& service, const std::string& repository,
                                            const std::string& branch, std::optional<Position> to);

/// Of the same repository and branch, by position; never in the future.
Result<std::optional<Commit>> next_commit(const Service& service, const Commit& commit);
Result<std::optional<Commit>> previous_commit(const Service& service, const Commit& commit);

/// For each other repository the commits that were its newest while `commit` was the newest of its branch,
/// newest first.
Result<std::map<std::string, std::vector<Commit>>> siblings_of(const Service& service, const Commit& commit);

/// The largest position among the commit and its siblings.
Result<Position> newest_sibling(const Service& service, const Commit& commit);

}  // namespace resultsdb::webkit
