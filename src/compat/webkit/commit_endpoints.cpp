// GET /api/commits, POST /api/commits.
#include <algorithm>
#include <boost/json.hpp>

#include "commit_codec.hpp"
#include "commit_register.hpp"
#include "commit_search.hpp"
#include "json_text.hpp"
#include "numbers.hpp"
#include "query.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/limits.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

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
      RESULTSDB_ASSIGN(const std::vector<Commit> found, find_by_reference(service, repository, reference));
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
      RESULTSDB_ASSIGN(const std::vector<Commit> found,
                       on_branches(repository, from, seconds ? from + 99 : from, false));
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
  Result<std::vector<Commit>> on_branches(const std::string& repository, std::optional<Position> from,
                                          std::optional<Position> to, bool oldest) const {
    std::vector<std::string> branches = query.values("branch");
    if (branches.empty()) branches.push_back(default_branch(service, repository));
    std::vector<Commit> commits;
    for (const std::string& branch : branches) {
      CommitsQuery wanted;
      wanted.repository = repository;
      wanted.branch = branch;
      wanted.from_position = from;
      wanted.to_position = to;
      wanted.ascending = oldest;
      RESULTSDB_ASSIGN(const std::vector<Commit> found, fetch_commits(*service.model, wanted, limit));
      commits.insert(commits.end(), found.begin(), found.end());
    }
    return commits;
  }
};

Result<std::vector<Commit>> search(const Service& service, const http::Request& request) {
  RESULTSDB_ASSIGN(const Query query,
                   Query::parse(request, {.commit = true, .range = true, .branch = true, .limit = true}));
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

Result<bj::value> read_body(const http::Request& request) {
  if (is_form(request)) {
    bj::object object;
    for (const auto& [name, text] : form_fields(request)) object[name] = text;
    return bj::value(std::move(object));
  }
  std::string body = request.body;
  json::replace_lone_surrogates(body);
  bj::error_code error;
  bj::value value = bj::parse(body, error);
  if (error) return invalid_argument("Expected uploaded data to be json");
  return value;
}

}  // namespace

http::Response get_commits(const Service& service, const http::Request& request) {
  const auto commits = search(service, request);
  if (!commits) return error_response(commits.error());
  std::vector<std::string> items;
  for (const Commit& commit : *commits) items.push_back(commit_json(commit));
  return json_response(json_array(items));
}

http::Response post_commit(const Service& service, const http::Request& request) {
  if (auto refusal = refuse_write(service, request)) return std::move(*refusal);
  if (request.has_query) return error_response(400, "Queries not supported on this endpoint");
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
