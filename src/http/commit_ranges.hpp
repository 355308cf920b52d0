// The commits in many ranges of positions, read once for an answer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resultsdb/model.hpp"

namespace resultsdb::http {

/// Ranges are open at `after` and closed at `to`, as those of regressions. Each repository is read once along
/// the union of its ranges, the newest kMost commits of each stretch of it.
class CommitRanges {
 public:
  static constexpr std::size_t kMost = 50'000, kAuthors = 10;

  void add(const std::string& repository, Position after, Position to);
  /// To be called once, when all are added.
  Status load(Model& model);

  struct Found {
    std::optional<std::size_t> commits;  ///< one of several branches counts once; nothing: too many to read
    std::vector<std::string> authors;    ///< of the newest ones, at most kAuthors
  };
  /// Of one that was added. With a run at its end: of the branch that has this run's commit, since commits of
  /// other branches are no suspects.
  Found find(const std::string& repository, Position after, Position to, const RunInfo* end = nullptr) const;

 private:
  struct Seen {
    Position position = 0;
    std::string id, branch, author;
  };
  struct Repository {
    std::vector<std::pair<Position, Position>> ranges;  // as added; then the union of them, ascending
    std::vector<Seen> commits;                          // newest first
    std::vector<Position> cut;  // the oldest place that was read, where that is not all
  };
  static std::optional<std::string_view> branch_of(const Repository& repository, const std::string& name,
                                                   const RunInfo& run);
  static Status read(Model& model, const std::string& name, Repository& repository,
                     const std::pair<Position, Position>& range);

  std::map<std::string, Repository> repositories_;
};

/// `visit(repository, after, to)`: the commits that `to` has and `from` has not, of each repository that both
/// know.
template <class Visit>
void visit_commits_between(const RunInfo& from, const RunInfo& to, Visit visit) {
  for (const RunCommit& newer : to.commits) {
    const auto older = std::ranges::find(from.commits, newer.repository, &RunCommit::repository);
    if (older != from.commits.end()) visit(newer.repository, older->position, newer.position);
  }
}

}  // namespace resultsdb::http
