#include "model/commit_registrar.hpp"

#include <algorithm>
#include <utility>

#include "domain/check.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb {
namespace {

constexpr std::size_t kFullHash = 40, kLongestHash = 64;

// What the new one does not know stays as it is stored.
Commit merge(const Commit& stored, const Commit& news) {
  Commit merged = stored;
  if (news.revision != 0) merged.revision = news.revision;
  if (!news.identifier.empty()) merged.identifier = news.identifier;
  if (news.timestamp) {
    merged.timestamp = news.timestamp;
    merged.order = news.order;
  }
  if (!news.author.empty()) merged.author = news.author;
  if (!news.message.empty()) merged.message = news.message;
  if (!news.parents.empty()) merged.parents = news.parents;
  return merged;
}

/// The commit of this branch, at this position if one is given.
Commit* of_branch(std::vector<Commit>& commits, const std::string& branch, std::optional<Position> position) {
  const auto found = std::find_if(commits.begin(), commits.end(), [&](const Commit& commit) {
    return commit.branch == branch && (!position || commit.position == position);
  });
  return found == commits.end() ? nullptr : &*found;
}

// What a commit of this id can be found by: an identifier may look like a revision or a short hash.
std::vector<storage::CommitQuery> queries_for(const std::string& repository, const std::string& id) {
  std::vector<storage::CommitQuery> queries;
  if (id.size() <= kLongestHash && domain::all_lower_hex(id)) {
    queries.push_back({.repository = repository, .hash_prefix = id});
    if (id.size() >= kFullHash) return queries;
  } else if (id.front() == 'r' && domain::all_digits(std::string_view(id).substr(1))) {
    queries.push_back({.repository = repository, .revision = std::strtoll(id.c_str() + 1, nullptr, 10)});
  }
  queries.push_back({.repository = repository, .identifier = id});
  return queries;
}

}  // namespace

Result<CommitRegistrar> CommitRegistrar::open(storage::Storage& storage, const std::string& repository) {
  RESULTSDB_ASSIGN(auto rows, storage.find_repositories());
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == repository; });
  storage::RepositoryRow row;
  row.name = repository;
  return CommitRegistrar(storage, found == rows.end() ? std::move(row) : std::move(*found));
}

Result<std::vector<Commit>> CommitRegistrar::read_all(const storage::CommitQuery& query) {
  std::vector<Commit> commits;
  storage::Paging paging{.limit = limits::kPageRows};
  do {
    RESULTSDB_ASSIGN(auto page, storage_.find_commits(query, paging));
    std::move(page.rows.begin(), page.rows.end(), std::back_inserter(commits));
    paging.token = std::move(page.next);
  } while (!paging.token.empty());
  return commits;
}

Status CommitRegistrar::load() {
  RESULTSDB_ASSIGN(std::vector<Commit> commits, read_all({.repository = row_.name}));
  known_.clear();
  for (Commit& commit : commits) known_[commit.id()].push_back(std::move(commit));
  loaded_ = true;
  return {};
}

Result<const std::vector<Commit>*> CommitRegistrar::find(const std::string& id) {
  if (const auto found = known_.find(id); found != known_.end()) return &found->second;
  if (loaded_) return &known_[id];
  std::vector<Commit> commits;
  for (const storage::CommitQuery& query : queries_for(row_.name, id)) {
    RESULTSDB_ASSIGN(const std::vector<Commit> found, read_all(query));
    std::copy_if(found.begin(), found.end(), std::back_inserter(commits),
                 [&](const Commit& commit) { return commit.id() == id; });
  }
  return &(known_[id] = std::move(commits));
}

Result<std::optional<Position>> CommitRegistrar::newest(const std::string& branch) {
  if (const auto found = newest_.find(branch); found != newest_.end()) return found->second;
  RESULTSDB_ASSIGN(const auto page,
                   storage_.find_commits({.repository = row_.name, .branch = branch}, {.limit = 1}));
  std::optional<Position>& position = newest_[branch];
  if (!page.rows.empty()) position = page.rows.front().position;
  return position;
}

// One revision has one place, whatever branches it is on.
Result<Position> CommitRegistrar::place(const Commit& commit, const std::vector<Commit>& namesakes) {
  if (!namesakes.empty() && namesakes.front().position) return *namesakes.front().position;
  std::optional<Position> parent;
  if (!commit.parents.empty()) {
    RESULTSDB_ASSIGN(const std::vector<Commit>* parents, find(commit.parents.front()));
    for (const Commit& each : *parents)
      if (!parent || each.branch == commit.branch) parent = each.position;
  }
  std::optional<Position> previous;
  if (!commit.timestamp) {
    RESULTSDB_ASSIGN(previous, newest(commit.branch));
  }
  return commit_position(commit, parent, previous);
}

Result<std::vector<Commit>> CommitRegistrar::add(std::span<const Commit> commits, Rules rules) {
  std::vector<Commit> stored;
  storage::RepositoryBatch batch;
  batch.row = row_;
  ++batch.row.version;
  std::map<storage::CommitKey, std::size_t> places;  // index in the batch
  const auto put = [&](const Commit& commit) {
    const auto [place, fresh] = places.emplace(
        storage::CommitKey{commit.branch, *commit.position, commit.id()}, batch.put_commits.size());
    if (fresh) {
      batch.put_commits.push_back(commit);
    } else {
      batch.put_commits[place->second] = commit;
    }
  };
  for (const Commit& commit : commits) {
    RESULTSDB_TRY(find(commit.id()));
    std::vector<Commit>& namesakes = known_[commit.id()];
    const std::optional<Position> at = rules.overwrite ? commit.position : std::nullopt;
    if (Commit* old = of_branch(namesakes, commit.branch, at)) {
      Commit merged = rules.overwrite ? commit : merge(*old, commit);
      if (merged != *old) put(*old = std::move(merged));
      stored.push_back(*old);
      continue;
    }
    Commit fresh = commit;
    if (!rules.prescribed) {
      // find() of the parent may move what `namesakes` refers to, so the place is computed from a copy.
      const std::vector<Commit> others = namesakes;
      RESULTSDB_ASSIGN(fresh.position, place(commit, others));
    }
    RESULTSDB_TRY(domain::check_position("position", *fresh.position));
    RESULTSDB_ASSIGN(const std::optional<Position> last, newest(fresh.branch));
    newest_[fresh.branch] = last ? std::max(*last, *fresh.position) : *fresh.position;
    known_[fresh.id()].push_back(fresh);
    put(fresh);
    stored.push_back(std::move(fresh));
  }
  if (batch.put_commits.empty()) return stored;
  RESULTSDB_TRY(storage_.apply(batch));
  row_.version = batch.row.version;
  return stored;
}

}  // namespace resultsdb
