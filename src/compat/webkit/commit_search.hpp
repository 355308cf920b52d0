// Commits in the store: by reference, and as the bounds of a range.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query.hpp"
#include "resultsdb/commit.hpp"
#include "resultsdb/query.hpp"
#include "service.hpp"

namespace resultsdb::webkit {

/// Commits of `query`, page by page, at most `limit` (0: all).
Result<std::vector<Commit>> fetch_commits(Model& model, CommitsQuery query, std::size_t limit);

/// Commits of a repository that a reference names: digits alone are a revision; else a prefix of a hash, a
/// revision `rN`, or an identifier. On all branches, at most `limit` (0: all).
Result<std::vector<Commit>> find_by_reference(const Service& service, const std::string& repository,
                                              std::string_view reference, std::size_t limit = 0);

/// What `search` answers, or what it answered before under the same key.
Result<std::vector<Commit>> remembered(const Service& service, const std::string& key,
                                       const std::function<Result<std::vector<Commit>>()>& search);

/// The branch that answers are about if none is named.
std::string default_branch(const Service& service, const std::string& repository);

/// The named repositories, all of them if none is named; NotFound for an unknown one.
Result<std::vector<std::string>> named_repositories(const Service& service, std::vector<std::string> names);

/// Which positions a request is about. `given` counts the bounds of the request (a single commit is two).
struct CommitRange {
  std::optional<Position> from, to;
  int given = 0;
};

/// The position of the single commit that a request names, if it names one.
Result<std::optional<Position>> read_commit(const Service& service, const Query& query);
/// The parameters behind `after_` and `before_`.
Result<CommitRange> read_range(const Service& service, const Query& query);
/// These, or a single commit.
Result<CommitRange> read_range_or_commit(const Service& service, const Query& query);

/// More than one of reference, uuid and timestamp behind `prefix` is InvalidArgument.
Status check_one_kind(const Query& query, std::string_view prefix);
/// `ref` behind the prefix, else `id`.
std::vector<std::string> references_of(const Query& query, std::string_view prefix);

}  // namespace resultsdb::webkit
