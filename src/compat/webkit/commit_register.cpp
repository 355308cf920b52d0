#include "commit_register.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "commit_codec.hpp"
#include "commit_search.hpp"
#include "numbers.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

std::string_view view(bj::string_view text) { return {text.data(), text.size()}; }

Error not_found(std::string text) { return make_error(ErrorCode::NotFound, std::move(text)); }

/// How a document names a commit that it does not describe.
struct PartialCommit {
  std::string repository;
  ResolveRequest request;
};

std::string text_of(const bj::value& value) {
  if (const auto* text = value.if_string()) return std::string(view(*text));
  const auto number = integer_of(value);
  return number ? std::to_string(*number) : std::string();
}

bool is_empty(const bj::value* value) {
  return value == nullptr || value->is_null() || (value->is_string() && value->get_string().empty());
}

Result<PartialCommit> read_partial(const bj::object& document) {
  using By = ResolveRequest::By;
  struct Reference {
    std::string_view name;
    By by;
  };
  static constexpr std::array<Reference, 5> kReferences = {Reference{"id", By::Reference},
                                                           {"ref", By::Reference},
                                                           {"hash", By::Hash},
                                                           {"revision", By::Revision},
                                                           {"identifier", By::Identifier}};
  static constexpr std::array<std::string_view, 4> kTooMuch = {"timestamp", "order", "committer", "message"};
  PartialCommit partial;
  const bj::value* repository = document.if_contains("repository_id");
  if (is_empty(repository)) return invalid_argument("'repository_id' required to define commit");
  partial.repository = text_of(*repository);
  int references = 0;
  for (const Reference& reference : kReferences) {
    const bj::value* value = document.if_contains({reference.name.data(), reference.name.size()});
    if (value == nullptr) continue;
    ++references;
    partial.request = {.by = reference.by, .text = text_of(*value)};
  }
  if (references > 1) return invalid_argument("Multiple commit references specified");
  if (references == 0) return invalid_argument("No commit reference specified");
  for (const auto& member : document) {
    const std::string_view key = view(member.key());
    if (std::find(kTooMuch.begin(), kTooMuch.end(), key) != kTooMuch.end()) {
      return invalid_argument(
          "Not enough arguments provided to define a commit, but too many to search for a commit");
    }
  }
  for (const auto& member : document) {
    const std::string_view key = view(member.key());
    const bool known = key == "branch" || key == "repository_id" ||
                       std::any_of(kReferences.begin(), kReferences.end(),
                                   [&](const Reference& r) { return r.name == key; });
    if (!known) return invalid_argument("'" + std::string(key) + "' is not valid for defining commits");
  }
  const ResolveRequest& request = partial.request;
  if ((request.by == By::Revision && !parse_revision(request.text)) ||
      (request.by == By::Hash && !parse_hash(request.text))) {
    return invalid_argument("'" + request.text + "' names no commit");
  }
  return partial;
}

/// The branch that the original stores: default names are those of the repository.
void rename_default_branch(const Service& service, Commit& commit) {
  if (!service.profile.is_default_branch(commit.branch)) return;
  commit.branch = default_branch(service, commit.repository);
  if (auto identifier = Identifier::parse(commit.identifier); identifier && !identifier->branch.empty()) {
    identifier->branch = commit.branch;
    commit.identifier = identifier->text();
  }
}

Result<Commit> store(const Service& service, Commit commit) {
  rename_default_branch(service, commit);
  commit.position = commit_uuid(commit);
  if (!commit.position) return invalid_argument("The commit has no timestamp, or one that is out of range");
  RESULTSDB_ASSIGN(std::vector<Commit> stored,
                   service.model->register_commits(std::span(&commit, 1), /*prescribed=*/true,
                                                   service.profile.overwrite_commits));
  return stored.empty() ? std::move(commit) : std::move(stored.front());
}

constexpr const char* kUnknownRepository = "{} is not a recognized repository";  // as the original says it

/// Whether a client may store commits here: a server that was given repositories has those that it knows.
Result<bool> takes_commits(const Service& service, const std::string& repository) {
  if (service.profile.clients_add_repositories) return true;
  RESULTSDB_ASSIGN(const std::vector<std::string> known, service.model->repositories());
  if (std::find(known.begin(), known.end(), repository) != known.end()) return true;
  return std::none_of(known.begin(), known.end(),
                      [&](const std::string& key) { return service.model->repository(key) != nullptr; });
}

Result<Commit> find_or_ask(const Service& service, const PartialCommit& partial) {
  RESULTSDB_ASSIGN(const std::vector<std::string> known, service.model->repositories());
  if (std::find(known.begin(), known.end(), partial.repository) == known.end()) {
    return not_found(kUnknownRepository);
  }
  RESULTSDB_ASSIGN(std::vector<Commit> matches,
                   find_by_reference(service, partial.repository, partial.request.text));
  if (matches.size() > 1) {
    return not_found("Multiple commits with the id " + partial.request.text + " exist in " +
                     partial.repository);
  }
  if (matches.size() == 1) return std::move(matches.front());
  const auto repository = service.model->repository(partial.repository);
  const std::string unknown = "Failed to retrieve commit information for '" + partial.request.text + "'";
  if (!repository) return not_found(unknown);
  RESULTSDB_ASSIGN(std::optional<Commit> commit, repository->resolve(partial.request));
  if (!commit) return not_found(unknown);
  return store(service, std::move(*commit));
}

}  // namespace

Result<Commit> register_document(const Service& service, const bj::value& document) {
  bj::object object;
  if (const auto* given = document.if_object()) {
    object = *given;
  } else if (const auto* text = document.if_string()) {
    // The text of an object; any other text is like an object without members.
    bj::error_code error;
    const bj::value inner = bj::parse(*text, error);
    if (!error && inner.is_object()) object = inner.get_object();
  } else {
    return invalid_argument("Expected a commit as an object");
  }
  object.erase("api_key");
  ParsedCommit parsed = parse_commit(object);
  if (parsed.wrong_type) return invalid_argument("Invalid commit: " + parsed.error);
  Commit& commit = parsed.commit;
  const bool sufficient = parsed.error.empty() && !commit.repository.empty() && !commit.branch.empty() &&
                          commit.timestamp && to_seconds(*commit.timestamp) != 0 &&
                          (commit.revision > 0 || !commit.hash.empty());
  if (sufficient) {
    RESULTSDB_ASSIGN(const bool taken, takes_commits(service, commit.repository));
    if (!taken) return not_found(kUnknownRepository);
    return store(service, std::move(commit));
  }
  RESULTSDB_ASSIGN(const PartialCommit partial, read_partial(object));
  return find_or_ask(service, partial);
}

Status add_identifier(const Service& service, const Commit& commit) {
  if (!commit.identifier.empty()) return {};
  const auto repository = service.model->repository(commit.repository);
  if (!repository) return not_found("");
  ResolveRequest request{.full = true};
  request.by = commit.hash.empty() ? ResolveRequest::By::Revision : ResolveRequest::By::Hash;
  request.text = commit.hash.empty() ? std::to_string(commit.revision) : commit.hash;
  RESULTSDB_ASSIGN(std::optional<Commit> full, repository->resolve(request));
  if (!full) return not_found("Failed to retrieve commit information for '" + request.text + "'");
  const auto stored = store(service, std::move(*full));
  return stored ? Status() : Status(stored.error());
}

}  // namespace resultsdb::webkit
