// Everything below /api/commits.
#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "commit_codec.hpp"
#include "commit_register.hpp"
#include "commit_relations.hpp"
#include "commit_selection.hpp"
#include "json_text.hpp"
#include "query.hpp"
#include "resultsdb/json.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

Result<bj::value> read_body(const http::Request& request) {
  if (is_form(request)) {
    bj::object object;
    RESULTSDB_ASSIGN(const http::Parameters fields, form_fields(request));
    for (const auto& [name, text] : fields) object[name] = text;
    return bj::value(std::move(object));
  }
  std::string body = request.body;
  json::replace_lone_surrogates(body);
  bj::error_code error;
  bj::value value = bj::parse(body, error);
  if (error) return invalid_argument("Expected uploaded data to be json");
  return value;
}

constexpr std::string_view kNoQueries = "Queries not supported on this endpoint";

std::string commits_json(const std::vector<Commit>& commits) {
  std::vector<std::string> items;
  for (const Commit& commit : commits) items.push_back(commit_json(commit));
  return json_array(items);
}

std::string texts_json(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(json_string(text));
  return json_array(items);
}

/// A list of the neighbour, or an empty one.
http::Response neighbour(const Service& service, const http::Request& request,
                         Result<std::optional<Commit>> (*find)(const Service&, const Commit&)) {
  const auto commit = select_commit(service, request);
  if (!commit) return error_response(commit.error());
  const auto found = find(service, *commit);
  if (!found) return error_response(found.error());
  return json_response(commits_json(*found ? std::vector{**found} : std::vector<Commit>()));
}

/// The branches that have a commit of the last days; nothing if all count.
Result<std::optional<std::set<std::string>>> recent_branches(const Service& service,
                                                             const std::string& repository) {
  std::optional<std::set<std::string>> branches;
  if (service.profile.list_old_branches) return branches;
  branches.emplace();
  // Commits of some days are fewer than branches of many years.
  CommitsQuery query{.repository = repository,
                     .from_position = (service.now_seconds() - service.profile.recent_seconds) * 100};
  do {
    RESULTSDB_ASSIGN(ItemPage<Commit> page, service.model->commits(query));
    for (const Commit& commit : page.items) branches->insert(commit.branch);
    query.page = std::move(page.next);
  } while (!query.page.empty());
  return branches;
}

/// The names of a repository's branches; each prefix asks for what is left of the limit.
Result<std::vector<std::string>> branches_of(const Service& service, const std::string& repository,
                                             const std::vector<std::string>& prefixes, std::size_t limit) {
  RESULTSDB_ASSIGN(const auto recent, recent_branches(service, repository));
  std::vector<std::string> names;
  for (const std::string& prefix : prefixes) {
    RESULTSDB_ASSIGN(const std::vector<std::string> found, service.model->branches(repository, prefix));
    for (const std::string& name : found) {
      if (names.size() == limit) return names;
      if (recent && !recent->contains(name)) continue;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

Result<std::string> branches(const Service& service, const http::Request& request) {
  RESULTSDB_ASSIGN(
      const Query query,
      Query::parse(service.profile, request, {.branch = true, .limit = true, .others = {"repository_id"}}));
  RESULTSDB_ASSIGN(const std::uint32_t limit, query.limit(service.profile.commits_limit));
  std::vector<std::string> prefixes = query.values("branch");
  if (prefixes.empty()) prefixes.emplace_back();
  const std::vector<std::string> wanted = query.values("repository_id");
  RESULTSDB_ASSIGN(const std::vector<std::string> repositories, service.model->repositories());
  JsonObject answer;
  for (const std::string& repository : repositories) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), repository) == wanted.end()) continue;
    RESULTSDB_ASSIGN(const std::vector<std::string> names, branches_of(service, repository, prefixes, limit));
    if (!names.empty()) answer.set(repository, texts_json(names));
  }
  return answer.text();
}

}  // namespace

http::Response get_commits(const Service& service, const http::Request& request) {
  const auto commits = select_commits(service, request, /*with_limit=*/true);
  return commits ? json_response(commits_json(*commits)) : error_response(commits.error());
}

http::Response get_siblings(const Service& service, const http::Request& request) {
  const auto commit = select_commit(service, request);
  if (!commit) return error_response(commit.error());
  const auto siblings = siblings_of(service, *commit);
  if (!siblings) return error_response(siblings.error());
  JsonObject answer;
  for (const auto& [repository, commits] : *siblings) answer.set(repository, commits_json(commits));
  return json_response(answer.text());
}

http::Response get_next_commit(const Service& service, const http::Request& request) {
  return neighbour(service, request, next_commit);
}

http::Response get_previous_commit(const Service& service, const http::Request& request) {
  return neighbour(service, request, previous_commit);
}

http::Response get_repositories(const Service& service, const http::Request& request) {
  if (request.has_query) return error_response(400, kNoQueries);
  const auto repositories = service.model->repositories();
  return repositories ? json_response(texts_json(*repositories)) : error_response(repositories.error());
}

http::Response get_representations(const Service& service, const http::Request& request) {
  if (request.has_query) return error_response(400, kNoQueries);
  const auto repositories = service.model->repositories();
  if (!repositories) return error_response(repositories.error());
  JsonObject answer;
  for (const std::string& key : *repositories) {
    const auto repository = service.model->repository(key);
    answer.set(key, texts_json(repository ? repository->representations() : std::vector<std::string>()));
  }
  return json_response(answer.text());
}

http::Response get_branches(const Service& service, const http::Request& request) {
  auto answer = branches(service, request);
  return answer ? json_response(std::move(*answer)) : error_response(answer.error());
}

http::Response post_commit(const Service& service, const http::Request& request) {
  if (auto refusal = refuse_write(service, request)) return std::move(*refusal);
  if (request.has_query) return error_response(400, kNoQueries);
  const auto document = read_body(request);
  if (!document) return error_response(document.error());
  if (service.profile.refuse_form_key && is_form(request) && document->as_object().contains("api_key")) {
    return error_response(400, "'api_key' is not valid for defining commits");
  }
  const auto commit = register_document(service, *document);
  if (!commit) return error_response(commit.error());
  return json_response(R"({"status":"ok"})");
}

}  // namespace resultsdb::webkit
