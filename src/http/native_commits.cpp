// findCommits and resolveRef.
#include <algorithm>

#include "native_context.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {
namespace {

constexpr std::uint32_t kMostCommits = 10'000;

/// Commits of several repositories as one list, newest first.
KeysetSource<Commit> commit_source(Model& model, std::vector<CommitsQuery> queries) {
  const auto fetch = [&model, queries = std::move(queries)](
                         std::optional<std::int64_t> from, std::optional<std::int64_t> to,
                         std::uint32_t limit) -> Result<std::vector<Commit>> {
    std::vector<Commit> all;
    for (CommitsQuery query : queries) {
      if (from) query.from_position = std::max(query.from_position.value_or(*from), *from);
      if (to) query.to_position = std::min(query.to_position.value_or(*to), *to);
      query.limit = std::min(limit == 0 ? kMostCommits : limit, kMostCommits);
      RESULTSDB_ASSIGN(auto page, model.commits(query));
      std::ranges::move(page.items, std::back_inserter(all));
    }
    std::ranges::stable_sort(all, std::greater(),
                             [](const Commit& commit) { return commit.position.value_or(0); });
    if (limit > 0 && all.size() > limit) all.resize(limit);
    return all;
  };
  return {
      .fetch = fetch,
      .primary = [](const Commit& commit) { return commit.position.value_or(0); },
      .tie =
          [](const Commit& commit) { return commit.repository + '/' + commit.branch + '/' + commit.id(); }};
}

Result<std::string> find_commits(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(PageRequest page, read_page(arguments, kMostCommits));
  page.limit = std::min(page.limit, kMostCommits - 1);  // one more is read to know whether the list ends
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  std::vector<std::string> repositories = arguments.all("repository");
  if (repositories.empty()) {
    RESULTSDB_ASSIGN(repositories, context.model->repositories());
  }
  std::vector<CommitsQuery> queries;
  for (const std::string& repository : repositories) {
    CommitsQuery query;
    query.repository = repository;
    query.branch = arguments.get("branch");
    query.from_position = range.range.from_position;
    query.to_position = range.range.to_position;
    // Positions are 100 times seconds, never below: a bound in time is one in positions.
    if (const auto from = range.range.from_started) query.from_position = 100 * to_seconds(*from);
    if (const auto to = range.range.to_started) query.to_position = 100 * to_seconds(*to) + 99;
    query.text = arguments.get_or("q", "");
    queries.push_back(std::move(query));
  }
  RESULTSDB_ASSIGN(const auto found,
                   keyset_page(commit_source(*context.model, std::move(queries)), arguments, page));
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const Commit& commit : found.items) write_commit(json, *context.model, commit);
  json.end_array();
  write_next(json, found.next);
  json.key("total").null().key("warnings").begin_array().end_array().end_object();
  return json.take();
}

/// The next commit of the same branch, towards older or newer ones.
Result<std::optional<Commit>> neighbour(const NativeContext& context, const Commit& commit, bool newer) {
  CommitsQuery query;
  query.repository = commit.repository;
  query.branch = commit.branch;
  query.limit = 1;
  query.ascending = newer;
  if (newer) query.from_position = commit.position.value_or(0) + 1;
  if (!newer) query.to_position = commit.position.value_or(0) - 1;
  RESULTSDB_ASSIGN(const auto page, context.model->commits(query));
  return page.items.empty() ? std::optional<Commit>() : page.items.front();
}

/// Commits that a prefix of a hash may mean, when it means several.
Result<std::vector<Commit>> candidates_of(const NativeContext& context, const std::string& text,
                                          const std::vector<std::string>& repositories) {
  std::vector<Commit> candidates;
  const auto reference = parse_commit_reference(text);
  if (!reference || reference->kind != CommitReference::Kind::HashPrefix) return candidates;
  for (const std::string& repository : repositories) {
    CommitsQuery query;
    query.repository = repository;
    query.hash_prefix = reference->text;
    query.limit = 20;
    RESULTSDB_ASSIGN(auto page, context.model->commits(query));
    std::ranges::move(page.items, std::back_inserter(candidates));
  }
  const auto other_hash = [&](const Commit& commit) { return commit.hash != candidates.front().hash; };
  if (std::ranges::none_of(candidates, other_hash)) candidates.clear();
  return candidates;
}

void write_commits(JsonWriter& json, const NativeContext& context, const std::vector<Commit>& commits) {
  json.begin_array();
  for (const Commit& commit : commits) write_commit(json, *context.model, commit);
  json.end_array();
}

void write_maybe(JsonWriter& json, const NativeContext& context, const std::optional<Commit>& commit) {
  commit ? write_commit(json, *context.model, *commit) : static_cast<void>(json.null());
}

/// The same commit on other branches.
Result<std::vector<Commit>> siblings_of(const NativeContext& context, const Commit& commit) {
  if (commit.hash.empty()) return std::vector<Commit>();
  CommitsQuery query;
  query.repository = commit.repository;
  query.hash_prefix = commit.hash;
  RESULTSDB_ASSIGN(auto page, context.model->commits(query));
  std::erase_if(page.items, [&](const Commit& other) { return other.branch == commit.branch; });
  return std::move(page.items);
}

Result<std::string> resolve_ref(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const std::string text, arguments.required("ref"));
  const auto repository = arguments.get("repository");
  std::vector<std::string> repositories;
  if (repository) {
    repositories = {*repository};
  } else {
    RESULTSDB_ASSIGN(repositories, context.model->repositories());
  }
  JsonWriter json;
  RESULTSDB_ASSIGN(const auto candidates, candidates_of(context, text, repositories));
  if (!candidates.empty()) {
    json.begin_object().key("commit").null().key("siblings").begin_array().end_array();
    json.key("previous").null().key("next").null().key("candidates");
    write_commits(json, context, candidates);
    json.end_object();
    return json.take();
  }
  RESULTSDB_ASSIGN(const Commit commit,
                   resolve_reference(context, repository ? *repository + ':' + text : text, "ref"));
  RESULTSDB_ASSIGN(const auto siblings, siblings_of(context, commit));
  RESULTSDB_ASSIGN(const auto previous, neighbour(context, commit, false));
  RESULTSDB_ASSIGN(const auto next, neighbour(context, commit, true));
  json.begin_object().key("commit");
  write_commit(json, *context.model, commit);
  json.key("siblings");
  write_commits(json, context, siblings);
  json.key("previous");
  write_maybe(json, context, previous);
  json.key("next");
  write_maybe(json, context, next);
  json.key("candidates").begin_array().end_array().end_object();
  return json.take();
}

}  // namespace

void add_commit_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/commits", "findCommits", names({"repository*", "branch", "RNG", "q", "limit", "page"}),
            find_commits});
  add_read(router, context, {"/v1/commits/resolve", "resolveRef", names({"ref", "repository"}), resolve_ref});
}

}  // namespace resultsdb::http
