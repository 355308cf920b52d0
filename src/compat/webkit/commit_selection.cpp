#include "commit_selection.hpp"

#include <algorithm>

#include "commit_search.hpp"
#include "numbers.hpp"
#include "query.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::webkit {
namespace {

/// Reads the commits of one repository on its branches, in positions from `range`.
struct CommitReader {
  const Service& service;
  const Query& query;
  CommitRange range;
  std::uint32_t limit;

  Result<std::vector<Commit>> by_reference(const std::string& repository) const {
    std::vector<Commit> commits;
    const bool repeated = service.profile.refuse_repeated_branches && query.values("branch").size() > 1;
    for (const std::string& reference : references_of(query, "")) {
      RESULTSDB_ASSIGN(const std::vector<Commit> found,
                       find_by_reference(service, repository, reference, limit));
      for (const Commit& commit : found) {
        if (commits.size() == limit) break;
        // The original cannot order a commit against itself, unless by revision or identifier.
        if (repeated && commit.revision == 0 && commit.identifier.empty()) {
          return invalid_argument("A reference is looked for on all branches: name one branch at most");
        }
        if (std::find(commits.begin(), commits.end(), commit) == commits.end()) commits.push_back(commit);
      }
    }
    return commits;
  }

  Result<std::vector<Commit>> by_numbers(const std::string& repository, bool seconds) const {
    std::vector<Commit> commits;
    for (const std::string& text : query.values(seconds ? "timestamp" : "uuid")) {
      const auto number = seconds ? parse_rounded(text) : parse_integer(text);
      const std::int64_t most = limits::kMaxPosition / 100 - 1;
      if (!number || *number > (seconds ? most : limits::kMaxPosition) || *number < -most) {
        return invalid_argument("Timestamp and uuid must be integers");
      }
      const Position from = seconds ? *number * 100 : *number;
      RESULTSDB_ASSIGN(const std::vector<Commit> found, at_place(repository, from, seconds));
      commits.insert(commits.end(), found.begin(), found.end());
    }
    return commits;
  }

  Result<std::vector<Commit>> by_range(const std::string& repository) const {
    const bool oldest = range.from && !range.to;
    return on_branches(repository, range.from, range.to.value_or(service.now_seconds() * 100), oldest);
  }

  Result<std::vector<Commit>> of(const std::string& repository) const {
    if (!references_of(query, "").empty()) return by_reference(repository);
    if (query.has("uuid")) return by_numbers(repository, false);
    if (query.has("timestamp")) return by_numbers(repository, true);
    return by_range(repository);
  }

 private:
  /// The commits of one second or of one position.
  Result<std::vector<Commit>> at_place(const std::string& repository, Position from, bool second) const {
    std::vector<Commit> commits;
    for (const std::string& branch : branches(repository)) {
      const std::string key =
          (second ? "timestamp\n" : "uuid\n") + repository + "\n" + branch + "\n" + std::to_string(from);
      RESULTSDB_ASSIGN(const std::vector<Commit> found, remembered(service, key, [&] {
                         return on_branch(repository, branch, from, second ? from + 99 : from, false);
                       }));
      commits.insert(commits.end(), found.begin(), found.end());
    }
    return commits;
  }

  std::vector<std::string> branches(const std::string& repository) const {
    std::vector<std::string> branches = query.values("branch");
    if (branches.empty()) branches.push_back(default_branch(service, repository));
    return branches;
  }

  Result<std::vector<Commit>> on_branch(const std::string& repository, const std::string& branch,
                                        std::optional<Position> from, std::optional<Position> to,
                                        bool oldest) const {
    CommitsQuery wanted;
    wanted.repository = repository;
    wanted.branch = branch;
    wanted.from_position = from;
    wanted.to_position = to;
    wanted.ascending = oldest;
    return fetch_commits(*service.model, wanted, limit);
  }

  Result<std::vector<Commit>> on_branches(const std::string& repository, std::optional<Position> from,
                                          std::optional<Position> to, bool oldest) const {
    std::vector<Commit> commits;
    for (const std::string& branch : branches(repository)) {
      RESULTSDB_ASSIGN(const std::vector<Commit> found, on_branch(repository, branch, from, to, oldest));
      commits.insert(commits.end(), found.begin(), found.end());
    }
    return commits;
  }
};

}  // namespace

Result<std::vector<Commit>> select_commits(const Service& service, const http::Request& request,
                                           bool with_limit) {
  RESULTSDB_ASSIGN(const Query query,
                   Query::parse(service.profile, request,
                                {.commit = true, .range = true, .branch = true, .limit = with_limit}));
  RESULTSDB_ASSIGN(const std::uint32_t limit, query.limit(service.profile.commits_limit));
  RESULTSDB_TRY(check_one_kind(query, ""));
  RESULTSDB_ASSIGN(const std::vector<std::string> repositories,
                   named_repositories(service, query.values("repository_id")));
  RESULTSDB_ASSIGN(const CommitRange range, read_range(service, query));
  const CommitReader reader{service, query, range, limit};
  std::vector<Commit> commits;
  for (const std::string& repository : repositories) {
    RESULTSDB_ASSIGN(const std::vector<Commit> found, reader.of(repository));
    commits.insert(commits.end(), found.begin(), found.end());
  }
  if (commits.empty()) {
    return make_error(ErrorCode::NotFound, "No commits found matching the specified criteria");
  }
  std::stable_sort(commits.begin(), commits.end(), commit_before);
  return commits;
}

Result<Commit> select_commit(const Service& service, const http::Request& request) {
  RESULTSDB_ASSIGN(std::vector<Commit> commits, select_commits(service, request, /*with_limit=*/false));
  if (commits.size() == 1) return std::move(commits.front());
  return make_error(ErrorCode::NotFound,
                    std::to_string(commits.size()) + " commits found matching the specified criteria");
}

}  // namespace resultsdb::webkit
