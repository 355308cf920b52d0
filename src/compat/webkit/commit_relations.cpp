#include "commit_relations.hpp"

#include <algorithm>
#include <functional>

#include "commit_search.hpp"

namespace resultsdb::webkit {
namespace {

/// The first position that is too late to be made while `commit` was the newest of its branch.
Result<Position> end_of_reign(const Service& service, const Commit& commit) {
  RESULTSDB_ASSIGN(const std::optional<Commit> next, next_commit(service, commit));
  const Position end = next ? *next->position : service.now_seconds() * 100;
  return end / 100 * 100;
}

/// The branch of another repository that stands beside the commit's.
Result<std::string> branch_beside(const Service& service, const Commit& commit, const std::string& other) {
  const std::string usual = default_branch(service, other);
  if (commit.branch == default_branch(service, commit.repository)) return usual;
  RESULTSDB_ASSIGN(const std::vector<std::string> branches, service.model->branches(other, commit.branch));
  return branches.empty() ? usual : commit.branch;
}

using Visitor = std::function<Status(const std::string& repository, const std::string& branch)>;

Status for_each_other(const Service& service, const Commit& commit, const Visitor& visit) {
  RESULTSDB_ASSIGN(const std::vector<std::string> repositories, service.model->repositories());
  for (const std::string& other : repositories) {
    if (other == commit.repository) continue;
    RESULTSDB_ASSIGN(const std::string branch, branch_beside(service, commit, other));
    RESULTSDB_TRY(visit(other, branch));
  }
  return {};
}

CommitsQuery on_branch(const std::string& repository, const std::string& branch) {
  CommitsQuery query;
  query.repository = repository;
  query.branch = branch;
  return query;
}

Result<std::optional<Commit>> first_of(const Service& service, const CommitsQuery& query) {
  RESULTSDB_ASSIGN(std::vector<Commit> found, fetch_commits(*service.model, query, 1));
  return found.empty() ? std::optional<Commit>() : std::optional(std::move(found.front()));
}

Position start_of_second(Position position) { return position / 100 * 100; }

}  // namespace

Result<std::optional<Commit>> newest_commit(const Service& service, const std::string& repository,
                                            const std::string& branch, std::optional<Position> to) {
  CommitsQuery query = on_branch(repository, branch);
  query.to_position = to;
  return first_of(service, query);
}

Result<std::optional<Commit>> next_commit(const Service& service, const Commit& commit) {
  CommitsQuery query = on_branch(commit.repository, commit.branch);
  query.from_position = *commit.position + 1;
  query.to_position = service.now_seconds() * 100 - 1;
  query.ascending = true;
  return first_of(service, query);
}

Result<std::optional<Commit>> previous_commit(const Service& service, const Commit& commit) {
  CommitsQuery query = on_branch(commit.repository, commit.branch);
  query.from_position = 1;
  query.to_position = *commit.position - 1;
  return first_of(service, query);
}

Result<std::map<std::string, std::vector<Commit>>> siblings_of(const Service& service, const Commit& commit) {
  RESULTSDB_ASSIGN(const Position end, end_of_reign(service, commit));
  const Position start = start_of_second(*commit.position);
  std::map<std::string, std::vector<Commit>> siblings;
  RESULTSDB_TRY(for_each_other(
      service, commit, [&](const std::string& repository, const std::string& branch) -> Status {
        std::vector<Commit>& commits = siblings[repository];
        CommitsQuery query = on_branch(repository, branch);
        query.from_position = start + 1;
        query.to_position = end - 1;
        if (end > start + 1) {
          RESULTSDB_ASSIGN(commits, fetch_commits(*service.model, query, 0));
        }
        RESULTSDB_ASSIGN(std::optional<Commit> before, newest_commit(service, repository, branch, start));
        if (before) commits.push_back(std::move(*before));
        return {};
      }));
  return siblings;
}

Result<Position> newest_sibling(const Service& service, const Commit& commit) {
  Position largest = *commit.position;
  RESULTSDB_ASSIGN(const Position end, end_of_reign(service, commit));
  const Position until = std::max(end - 1, start_of_second(*commit.position));
  RESULTSDB_TRY(for_each_other(service, commit,
                               [&](const std::string& repository, const std::string& branch) -> Status {
                                 RESULTSDB_ASSIGN(const std::optional<Commit> sibling,
                                                  newest_commit(service, repository, branch, until));
                                 if (sibling) largest = std::max(largest, *sibling->position);
                                 return {};
                               }));
  return largest;
}

}  // namespace resultsdb::webkit
