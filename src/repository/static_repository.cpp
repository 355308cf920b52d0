#include "repository/static_repository.hpp"

#include <algorithm>

#include "domain/check.hpp"

namespace resultsdb::repository {
namespace {

std::optional<Commit> copy(const Commit* commit) {
  return commit != nullptr ? std::optional(*commit) : std::nullopt;
}

}  // namespace

/// A list may hold a commit more than once, with and without identifier: the fuller form is taken.
template <class Matches>
const Commit* StaticRepository::find_commit(Matches matches) const {
  const Commit* found = nullptr;
  for (const Commit& commit : content_.commits) {
    if (matches(commit) && (found == nullptr || found->identifier.empty())) found = &commit;
  }
  return found;
}

const LookUp* StaticRepository::find_look_up(const ResolveRequest& request) const {
  const auto table = content_.look_ups.find(request.by);
  if (table == content_.look_ups.end()) return nullptr;
  const auto found = table->second.find(request.text);
  return found == table->second.end() ? nullptr : &found->second;
}

Result<std::optional<Commit>> StaticRepository::resolve(const ResolveRequest& request) {
  const LookUp* const look_up = find_look_up(request);
  if (look_up == nullptr) return search(request);
  const std::optional<Answer>& answer = request.full ? look_up->full : look_up->fast;
  if (!answer) return search(request);
  if (const auto* error = std::get_if<Error>(&*answer)) return *error;
  return std::optional(content_.commits[std::get<std::size_t>(*answer)]);
}

Result<std::optional<Commit>> StaticRepository::search(const ResolveRequest& request) const {
  using By = ResolveRequest::By;
  using Kind = CommitReference::Kind;
  std::string text = request.text;
  const bool is_number = domain::all_digits(text);
  if (is_number && request.by == By::Revision) text.insert(0, 1, 'r');
  if (is_number && request.by == By::Identifier) text += "@" + content_.default_branch;
  RESULTSDB_ASSIGN(const CommitReference reference, parse_commit_reference(text));
  switch (reference.kind) {
    case Kind::Hash:
    case Kind::HashPrefix:
      return search_hash(reference.text);
    case Kind::Revision:
      return copy(find_commit([&](const Commit& commit) { return commit.revision == reference.revision; }));
    case Kind::Identifier:
      return copy(find_commit([&](const Commit& commit) { return commit.identifier == reference.text; }));
    case Kind::Name:
      break;
  }
  const auto branch = content_.branches.find(text == "HEAD" ? content_.default_branch : text);
  if (branch == content_.branches.end() || branch->second.empty()) return std::optional<Commit>();
  return std::optional(content_.commits[branch->second.back()]);
}

Result<std::optional<Commit>> StaticRepository::search_hash(const std::string& prefix) const {
  const auto begins = [&](const Commit& commit) { return commit.hash.starts_with(prefix); };
  const Commit* const found = find_commit(begins);
  const auto other = [&](const Commit& commit) { return begins(commit) && commit.hash != found->hash; };
  if (found != nullptr && find_commit(other) != nullptr) {
    return make_error(ErrorCode::NotFound, "\"" + prefix + "\" begins several commits; give more digits",
                      content_.key);
  }
  return copy(found);
}

std::optional<std::string> StaticRepository::link(const Commit& commit) const {
  const auto link_of = [&](auto matches) -> std::optional<std::string> {
    for (std::size_t i = 0; i < content_.links.size(); ++i) {
      if (!content_.links[i].empty() && matches(content_.commits[i])) return content_.links[i];
    }
    return std::nullopt;
  };
  const auto same = [&](const Commit& other) {
    return other.hash == commit.hash && other.revision == commit.revision &&
           other.identifier == commit.identifier;
  };
  if (auto link = link_of(same)) return link;
  return link_of([&](const Commit& other) { return other.id() == commit.id(); });
}

}  // namespace resultsdb::repository
