// The pages /commit, /commit/info, /commit/next and /commit/previous.
#include "commit_codec.hpp"
#include "commit_relations.hpp"
#include "commit_selection.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

constexpr int kGone = 410;

std::string text_form(const Commit& commit) {
  constexpr std::size_t kShortHash = 12;
  if (!commit.identifier.empty()) return commit.identifier;
  if (commit.revision != 0) return "r" + std::to_string(commit.revision);
  return commit.hash.substr(0, kShortHash);
}

using Neighbour = Result<std::optional<Commit>> (*)(const Service&, const Commit&);

http::Response show_neighbour(const Service& service, const http::Request& request, Neighbour neighbour,
                              std::string_view which) {
  const auto commit = select_commit(service, request);
  if (!commit) return page_error(commit.error());
  const auto other = neighbour(service, *commit);
  if (!other) return page_error(other.error());
  if (!*other)
    return page_error(404, text_form(*commit) + " has no registered " + std::string(which) + " commit");
  return go_to("/commit?repository_id=" + (*other)->repository + "&id=" + text_form(**other));
}

}  // namespace

http::Response show_commit(const Service& service, const http::Request& request) {
  const auto commit = select_commit(service, request);
  if (!commit) return page_error(commit.error());
  const auto siblings = siblings_of(service, *commit);
  if (!siblings) return page_error(siblings.error());
  std::string text = commit_json(*commit) + "\n";
  for (const auto& [repository, commits] : *siblings) {
    text += "\n" + repository + "\n";
    for (const Commit& sibling : commits) text += commit_json(sibling) + "\n";
  }
  return page(200, text_form(*commit) + " (" + commit->repository + ")", text);
}

http::Response show_commit_info(const Service& service, const http::Request& request) {
  const auto commit = select_commit(service, request);
  if (!commit) return page_error(commit.error());
  const auto repository = service.model->repository(commit->repository);
  const auto link = repository ? repository->link(*commit) : std::nullopt;
  if (!link) return page_error(kGone, "Found commit " + text_form(*commit) + ", but no info url found");
  return go_to(*link);
}

http::Response show_next_commit(const Service& service, const http::Request& request) {
  return show_neighbour(service, request, next_commit, "subsequent");
}

http::Response show_previous_commit(const Service& service, const http::Request& request) {
  return show_neighbour(service, request, previous_commit, "previous");
}

}  // namespace resultsdb::webkit
