#include "commit_ranges.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace resultsdb::http {
namespace {

/// Ranges that meet or overlap become one.
void unite(std::vector<std::pair<Position, Position>>& ranges) {
  std::ranges::sort(ranges);
  std::vector<std::pair<Position, Position>> all;
  for (const auto& [after, to] : ranges) {
    if (all.empty() || after > all.back().second) {
      all.emplace_back(after, to);
    } else {
      all.back().second = std::max(all.back().second, to);
    }
  }
  ranges = std::move(all);
}

}  // namespace

void CommitRanges::add(const std::string& repository, Position after, Position to) {
  if (after < to) repositories_[repository].ranges.emplace_back(after, to);
}

Status CommitRanges::load(Model& model) {
  for (auto& [name, repository] : repositories_) {
    unite(repository.ranges);
    for (auto range = repository.ranges.rbegin(); range != repository.ranges.rend(); ++range)
      RESULTSDB_TRY(read(model, name, repository, *range));
    std::ranges::stable_sort(repository.commits, std::greater(), &Seen::position);
  }
  return {};
}

Status CommitRanges::read(Model& model, const std::string& name, Repository& repository,
                          const std::pair<Position, Position>& range) {
  CommitsQuery query;
  query.repository = name;
  query.from_position = range.first + 1;
  query.to_position = range.second;
  query.limit = 10'000;
  std::size_t seen = 0;
  do {
    RESULTSDB_ASSIGN(const auto page, model.commits(query));
    for (const Commit& commit : page.items)
      repository.commits.push_back(
          {commit.position.value_or(0), commit.id(), commit.branch, commit.author.name});
    seen += page.items.size();
    query.page = page.next;
  } while (!query.page.empty() && seen < kMost);
  // Of the place where it was cut some commits may be missing.
  if (!query.page.empty()) repository.cut.push_back(repository.commits.back().position);
  return {};
}

/// The run's own, if that is one of several.
std::optional<std::string_view> CommitRanges::branch_of(const Repository& repository, const std::string& name,
                                                        const RunInfo& run) {
  std::optional<std::string_view> branch;
  const auto of = std::ranges::find(run.commits, name, &RunCommit::repository);
  if (of == run.commits.end()) return branch;
  for (const Seen& commit :
       std::ranges::equal_range(repository.commits, of->position, std::greater(), &Seen::position))
    if (commit.id == of->id && (!branch || commit.branch == run.branch)) branch = commit.branch;
  return branch;
}

CommitRanges::Found CommitRanges::find(const std::string& name, Position after, Position to,
                                       const RunInfo* end) const {
  Found found{.commits = 0, .authors = {}};
  const auto known = repositories_.find(name);
  if (known == repositories_.end() || after >= to) return found;
  const Repository& repository = known->second;
  const auto first = std::ranges::lower_bound(repository.commits, to, std::greater(), &Seen::position);
  const auto branch = end ? branch_of(repository, name, *end) : std::nullopt;
  std::set<std::string_view> ids;
  for (auto commit = first; commit != repository.commits.end() && commit->position > after; ++commit) {
    if (branch && commit->branch != *branch) continue;
    if (!ids.insert(commit->id).second || commit->author.empty() || found.authors.size() == kAuthors)
      continue;
    if (std::ranges::find(found.authors, commit->author) == found.authors.end())
      found.authors.push_back(commit->author);
  }
  found.commits = ids.size();
  const auto range = std::ranges::find_if(
      repository.ranges, [&](const auto& one) { return one.first <= after && to <= one.second; });
  const bool missing = std::ranges::any_of(repository.cut, [&](Position cut) {
    return range != repository.ranges.end() && range->first < cut && cut <= range->second && after < cut;
  });
  if (missing) found.commits.reset();
  return found;
}

}  // namespace resultsdb::http
