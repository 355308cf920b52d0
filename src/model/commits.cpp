// Commits of Model: registering, listing, resolving.
#include <algorithm>
#include <utility>

#include "domain/check.hpp"
#include "model/commit_registrar.hpp"
#include "model/model_implementation.hpp"

namespace resultsdb {
namespace {

constexpr std::size_t kBatchCommits = 5'000;
constexpr std::size_t kFewCommits = 200;  // looked up one by one

Status validate(const Commit& commit, bool prescribed) {
  RESULTSDB_TRY(domain::check_name("repository", commit.repository, domain::Presence::Required));
  RESULTSDB_TRY(validate_commit(commit));
  if (prescribed && !commit.position) return invalid_argument("the commit has no position", commit.id());
  return {};
}

bool is_full_hash(const CommitReference& reference) { return reference.kind == CommitReference::Kind::Hash; }

storage::CommitQuery query_for(const std::string& repository, const CommitReference& reference) {
  storage::CommitQuery query{.repository = repository};
  switch (reference.kind) {
    case CommitReference::Kind::Hash:
    case CommitReference::Kind::HashPrefix:
      query.hash_prefix = reference.text;
      break;
    case CommitReference::Kind::Revision:
      query.revision = reference.revision;
      break;
    case CommitReference::Kind::Identifier:
    case CommitReference::Kind::Name:
      query.identifier = reference.text;
      break;
  }
  return query;
}

// The commit of the default branch if it is on several; empty if the store knows none.
Result<std::optional<Commit>> find_stored(storage::Storage& storage, const std::string& repository,
                                          const CommitReference& reference,
                                          const std::string& default_branch) {
  if (reference.kind == CommitReference::Kind::Name) return std::optional<Commit>();
  storage::CommitQuery query = query_for(repository, reference);
  query.ascending = true;
  RESULTSDB_ASSIGN(const auto page, storage.find_commits(query, {.limit = 1000}));
  std::optional<Commit> found;
  for (const Commit& commit : page.rows) {
    if (is_full_hash(reference) && commit.hash != reference.text) continue;
    if (found && found->id() != commit.id())
      return invalid_argument(
          "several commits are meant (" + found->id() + ", " + commit.id() + ", …); give more digits",
          repository + "@" + reference.text);
    if (!found || commit.branch == default_branch) found = commit;
  }
  return found;
}

Error not_found(const RepositoryReference& reference, bool has_repository) {
  std::string message = "the store does not know this commit";
  message += has_repository ? ", and neither does the repository" : "";
  message += "; register the repository's commits first, or name it by its full hash";
  return make_error(ErrorCode::NotFound, std::move(message),
                    reference.repository + "@" + reference.reference);
}

}  // namespace

Result<std::vector<Commit>> ModelCore::register_commits(std::span<const Commit> commits, bool prescribed,
                                                        bool overwrite) {
  if (overwrite && !prescribed)
    return invalid_argument("only commits with a prescribed position are overwritten");
  for (const Commit& commit : commits) RESULTSDB_TRY(validate(commit, prescribed));
  std::vector<Commit> stored;
  stored.reserve(commits.size());
  std::optional<CommitRegistrar> registrar;
  std::string open_repository;
  int conflicts = 0;
  while (stored.size() < commits.size()) {
    // Neighbours of one repository go into one batch.
    const auto rest = commits.subspan(stored.size());
    const std::string& repository = rest.front().repository;
    std::size_t count = 1;
    while (count < rest.size() && count < kBatchCommits && rest[count].repository == repository) ++count;
    if (!registrar || open_repository != repository) {
      RESULTSDB_ASSIGN(CommitRegistrar opened, CommitRegistrar::open(*storage_, repository));
      registrar.emplace(std::move(opened));
      open_repository = repository;
      if (rest.size() > kFewCommits) RESULTSDB_TRY(registrar->load());
    }
    auto some = registrar->add(rest.first(count), {prescribed, overwrite});
    if (!some) {
      if (some.error().code != ErrorCode::Conflict || conflicts++ >= options_.conflict_retries)
        return std::move(some).error();
      registrar.reset();
      continue;
    }
    std::move(some->begin(), some->end(), std::back_inserter(stored));
  }
  return stored;
}

Result<std::vector<Commit>> Model::register_commits(std::span<const Commit> commits, bool prescribed,
                                                    bool overwrite) {
  return implementation_->register_commits(commits, prescribed, overwrite);
}

Result<ItemPage<Commit>> Model::commits(const CommitsQuery& query) {
  storage::CommitQuery stored{.repository = query.repository,
                              .branch = query.branch,
                              .hash_prefix = query.hash_prefix,
                              .revision = query.revision,
                              .identifier = query.identifier,
                              .position = {query.from_position, query.to_position},
                              .text = query.text,
                              .ascending = query.ascending};
  RESULTSDB_ASSIGN(auto page, implementation_->storage().find_commits(
                                  stored, {.limit = query.limit, .token = query.page}));
  return ItemPage<Commit>{std::move(page.rows), std::move(page.next)};
}

Result<std::vector<std::string>> Model::branches(std::string_view repository, std::string_view prefix) {
  return implementation_->storage().list_branches(repository, prefix);
}

Result<ResolvedCommit> Model::resolve(const RepositoryReference& reference,
                                      std::optional<Time> fallback_time) {
  RESULTSDB_TRY(domain::check_name("repository", reference.repository, domain::Presence::Required));
  RESULTSDB_ASSIGN(const CommitReference wanted, parse_commit_reference(reference.reference));
  const std::shared_ptr<Repository> repository = implementation_->repository(reference.repository);
  const std::string default_branch = repository ? repository->default_branch() : "main";
  RESULTSDB_ASSIGN(auto stored,
                   find_stored(implementation_->storage(), reference.repository, wanted, default_branch));
  if (stored) return ResolvedCommit{std::move(*stored), false};
  Commit commit;
  std::optional<Error> reason;
  if (repository) {
    auto resolved = repository->resolve({.text = reference.reference, .full = true});
    if (!resolved && resolved.error().code != ErrorCode::NotFound) return std::move(resolved).error();
    if (!resolved) {
      reason = std::move(resolved).error();
    } else if (*resolved) {
      commit = std::move(**resolved);
    }
  }
  if (commit.id().empty()) {
    if (!is_full_hash(wanted) || !fallback_time)
      return reason ? *reason : not_found(reference, repository != nullptr);
    commit = Commit{.hash = wanted.text, .timestamp = fallback_time};
  }
  commit.repository = reference.repository;
  commit.position.reset();
  if (commit.branch.empty()) commit.branch = default_branch;
  RESULTSDB_ASSIGN(auto registered, implementation_->register_commits({&commit, 1}, false));
  return ResolvedCommit{std::move(registered.front()), true};
}

}  // namespace resultsdb
