#include "commit_search.hpp"

#include <algorithm>
#include <set>

#include "commit_codec.hpp"
#include "commit_relations.hpp"
#include "numbers.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::webkit {
namespace {

enum class Side { Lower, Upper, Single };

Error no_commits() {
  return make_error(ErrorCode::NotFound, "No commits found matching the specified criteria");
}

std::string named(std::string_view prefix, std::string_view name) { return std::string(prefix).append(name); }

/// Fills what `commit` does not know.
void complete(Commit& commit, const Commit& other) {
  if (commit.hash.empty()) commit.hash = other.hash;
  if (commit.revision == 0) commit.revision = other.revision;
  if (commit.identifier.empty()) commit.identifier = other.identifier;
  if (commit.author.empty()) commit.author = other.author;
  if (commit.message.empty()) commit.message = other.message;
}

/// A branch of the original has one commit at a place. Here it has two if one was registered by its revision
/// and once more by its hash: they become one, and the one with the hash counts first.
void merge_same_place(std::vector<Commit>& commits) {
  std::vector<Commit> merged;
  for (Commit& commit : commits) {
    // Pages are in the order of positions, so twins are near each other.
    auto same = merged.rbegin();
    while (same != merged.rend() && same->position == commit.position && same->branch != commit.branch)
      ++same;
    if (same == merged.rend() || same->position != commit.position) {
      merged.push_back(std::move(commit));
      continue;
    }
    if (same->hash.empty()) std::swap(*same, commit);
    complete(*same, commit);
  }
  commits = std::move(merged);
}

std::optional<Position> checked(std::optional<std::int64_t> position) {
  if (!position || *position > limits::kMaxPosition || *position < -limits::kMaxPosition) return std::nullopt;
  return position;
}

/// A commit that was registered again at another time is meant by its newest place.
void drop_older_places(std::vector<Commit>& commits) {
  std::set<std::pair<std::string, std::string>> seen;  // newest first
  std::erase_if(commits,
                [&](const Commit& commit) { return !seen.emplace(commit.branch, commit.id()).second; });
}

Result<std::vector<Commit>> fetch_places(Model& model, const CommitsQuery& query, std::size_t limit) {
  RESULTSDB_ASSIGN(std::vector<Commit> commits, fetch_commits(model, query, limit));
  drop_older_places(commits);
  return commits;
}

/// `text` is in lower case.
Result<std::vector<Commit>> search_reference(const Service& service, const std::string& repository,
                                             const std::string& text, std::size_t limit) {
  CommitsQuery query;
  query.repository = repository;
  const bool digits = is_digits(text);
  if (digits || (text.starts_with('r') && is_digits(std::string_view(text).substr(1)))) {
    query.revision = parse_revision(text);
    const bool only = !digits || service.profile.digits_are_revisions;
    if (query.revision) {
      RESULTSDB_ASSIGN(std::vector<Commit> found, fetch_places(*service.model, query, limit));
      if (only || !found.empty()) return found;
      query.revision.reset();
    }
    if (only) return std::vector<Commit>();
    query.identifier = text + "@" + default_branch(service, repository);
    RESULTSDB_ASSIGN(std::vector<Commit> found, fetch_places(*service.model, query, limit));
    if (!found.empty()) return found;
    query.identifier.clear();
  }
  if (const auto hash = parse_hash(text)) {
    query.hash_prefix = *hash;
  } else if (const auto identifier = Identifier::parse(text)) {
    query.identifier = text;
  } else {
    return std::vector<Commit>();
  }
  return fetch_places(*service.model, query, limit);
}

/// The smallest or the largest of the numbers, as the side wants it.
Result<Position> pick_number(const std::vector<std::string>& texts, Side side, bool rounded) {
  std::optional<std::int64_t> picked;
  for (const std::string& text : texts) {
    const auto number = rounded ? parse_rounded(text) : parse_integer(text);
    if (!number) return invalid_argument("Timestamp and uuid must be integers");
    if (!picked) picked = number;
    picked = side == Side::Lower ? std::min(*picked, *number) : std::max(*picked, *number);
  }
  return *picked;
}

Result<std::vector<Commit>> commits_of_bound(const Service& service, const Query& query,
                                             std::string_view prefix) {
  RESULTSDB_ASSIGN(const std::vector<std::string> repositories,
                   named_repositories(service, query.values(named(prefix, "repository_id"))));
  const std::vector<std::string> references = references_of(query, prefix);
  std::vector<Commit> commits;
  for (const std::string& repository : repositories) {
    for (const std::string& reference : references) {
      RESULTSDB_ASSIGN(const std::vector<Commit> found, find_by_reference(service, repository, reference));
      commits.insert(commits.end(), found.begin(), found.end());
    }
    if (!references.empty()) continue;
    std::vector<std::string> branches = query.values(named(prefix, "branch"));
    // Without a prefix, `branch` names the branch of the results.
    if (branches.empty()) branches.push_back(default_branch(service, repository));
    for (const std::string& branch : branches) {
      RESULTSDB_ASSIGN(const std::optional<Commit> found,
                       newest_commit(service, repository, branch, std::nullopt));
      if (found) commits.push_back(*found);
    }
  }
  return commits;
}

struct Bound {
  std::optional<Position> first, last;  ///< one place, or those of a second
  std::optional<Commit> commit;         ///< where it comes from, if from a commit of the store
};

Result<Bound> read_bound(const Service& service, const Query& query, std::string_view prefix, Side side) {
  RESULTSDB_TRY(check_one_kind(query, prefix));
  if (const auto uuids = query.values(named(prefix, "uuid")); !uuids.empty()) {
    RESULTSDB_ASSIGN(const std::int64_t uuid, pick_number(uuids, side, false));
    if (!checked(uuid)) return invalid_argument("Timestamp and uuid must be integers");
    return Bound{.first = uuid, .last = uuid, .commit = {}};
  }
  if (const auto timestamps = query.values(named(prefix, "timestamp")); !timestamps.empty()) {
    RESULTSDB_ASSIGN(const std::int64_t timestamp, pick_number(timestamps, side, true));
    if (timestamp == 0 && side != Side::Upper) return Bound();
    if (!checked(timestamp) || !checked(timestamp * 100)) {
      return invalid_argument("Timestamp and uuid must be integers");
    }
    const Position first = timestamp * 100;
    const Position last = service.profile.timestamp_is_first_of_second ? first : first + 99;
    return Bound{.first = first, .last = last, .commit = {}};
  }
  if (references_of(query, prefix).empty() && !query.has(named(prefix, "repository_id"))) return Bound();
  RESULTSDB_ASSIGN(const std::vector<Commit> commits, commits_of_bound(service, query, prefix));
  if (commits.empty()) return no_commits();
  const auto before = [](const Commit& a, const Commit& b) { return *a.position < *b.position; };
  const Commit& picked = side == Side::Lower ? *std::min_element(commits.begin(), commits.end(), before)
                                             : *std::max_element(commits.begin(), commits.end(), before);
  return Bound{.first = picked.position, .last = picked.position, .commit = picked};
}

Result<std::optional<Position>> raised(const Service& service, const Bound& bound) {
  if (!bound.commit) return bound.last;
  RESULTSDB_ASSIGN(const Position largest, newest_sibling(service, *bound.commit));
  return std::optional(largest);
}

}  // namespace

Result<std::vector<Commit>> fetch_commits(Model& model, CommitsQuery query, std::size_t limit) {
  constexpr std::size_t kPage = 10'000;
  std::vector<Commit> commits;
  do {
    // One more than asked for: the last one may have a twin at its place.
    const std::size_t left = limit == 0 ? kPage : limit + 1 - commits.size();
    query.limit = static_cast<std::uint32_t>(std::min(left, kPage));
    RESULTSDB_ASSIGN(ItemPage<Commit> page, model.commits(query));
    std::move(page.items.begin(), page.items.end(), std::back_inserter(commits));
    query.page = std::move(page.next);
  } while (!query.page.empty() && (limit == 0 || commits.size() <= limit));
  merge_same_place(commits);
  if (limit > 0 && commits.size() > limit) commits.resize(limit);
  return commits;
}

Result<std::vector<Commit>> find_by_reference(const Service& service, const std::string& repository,
                                              std::string_view reference, std::size_t limit) {
  const std::string text = to_lower(reference);
  return remembered(service, "ref\n" + repository + "\n" + text,
                    [&] { return search_reference(service, repository, text, limit); });
}

Result<std::vector<Commit>> remembered(const Service& service, const std::string& key,
                                       const std::function<Result<std::vector<Commit>>()>& search) {
  if (!service.searches) return search();
  if (auto known = service.searches->find(key, service.now_seconds())) return std::move(*known);
  RESULTSDB_ASSIGN(std::vector<Commit> found, search());
  service.searches->remember(key, found, service.now_seconds());
  return found;
}

std::string default_branch(const Service& service, const std::string& repository) {
  const auto known = service.model->repository(repository);
  return known ? known->default_branch() : std::string(service.profile.default_branches.front());
}

Result<std::vector<std::string>> named_repositories(const Service& service, std::vector<std::string> names) {
  RESULTSDB_ASSIGN(std::vector<std::string> known, service.model->repositories());
  if (names.empty()) return known;
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return make_error(ErrorCode::NotFound, "'" + name + "' is not a registered repository");
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Result<std::optional<Position>> read_commit(const Service& service, const Query& query) {
  RESULTSDB_ASSIGN(const Bound single, read_bound(service, query, "", Side::Single));
  return single.last;
}

Result<CommitRange> read_range(const Service& service, const Query& query) {
  RESULTSDB_ASSIGN(const Bound lower, read_bound(service, query, "after_", Side::Lower));
  RESULTSDB_ASSIGN(const Bound upper, read_bound(service, query, "before_", Side::Upper));
  CommitRange range;
  range.from = lower.first;
  RESULTSDB_ASSIGN(range.to, raised(service, upper));
  range.given = (range.from ? 1 : 0) + (range.to ? 1 : 0);
  return range;
}

Result<CommitRange> read_range_or_commit(const Service& service, const Query& query) {
  RESULTSDB_ASSIGN(const Bound single, read_bound(service, query, "", Side::Single));
  RESULTSDB_ASSIGN(CommitRange range, read_range(service, query));
  if (!single.first) return range;
  if (range.given > 0) return invalid_argument("Cannot define commit and range when searching");
  range.from = single.first;
  RESULTSDB_ASSIGN(range.to, raised(service, single));
  range.given = 2;
  return range;
}

Status check_one_kind(const Query& query, std::string_view prefix) {
  const int kinds = (references_of(query, prefix).empty() ? 0 : 1) +
                    (query.has(named(prefix, "uuid")) ? 1 : 0) +
                    (query.has(named(prefix, "timestamp")) ? 1 : 0);
  if (kinds <= 1) return {};
  return invalid_argument(
      "Can only search by one of [commit id/ref, commit uuid, timestamp] in a single request");
}

std::vector<std::string> references_of(const Query& query, std::string_view prefix) {
  std::vector<std::string> references = query.values(named(prefix, "ref"));
  return references.empty() ? query.values(named(prefix, "id")) : references;
}

}  // namespace resultsdb::webkit
