// A local clone, read through the `git` program.
#include "repository/git_repository.hpp"

#include <filesystem>

#include "domain/check.hpp"
#include "repository/identifier_index.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/repository.hpp"

namespace resultsdb {
namespace {

using repository::Git;
using repository::IdentifierIndex;
using repository::ProcessOutput;
using repository::take;
using repository::to_number;
using repository::trim_lines;

constexpr std::size_t kMinPrefix = 7;
/// How many commits of one timestamp are looked at before their order is taken as it is.
constexpr std::size_t kMaxOrder = 10'000;

/// The last part of a URL or path without `.git`: `git@host:group/name.git` → `name`.
std::string last_part(std::string_view place) {
  while (place.ends_with('/')) place.remove_suffix(1);
  if (place.ends_with(".git")) place.remove_suffix(4);
  while (place.ends_with('/')) place.remove_suffix(1);
  return std::string(place.substr(place.find_last_of("/:") + 1));
}

class GitRepository final : public Repository {
 public:
  GitRepository(Git git, std::string key, std::string default_branch, const std::filesystem::path& folder,
                std::string index_file)
      : git_(std::move(git)),
        key_(std::move(key)),
        default_branch_(std::move(default_branch)),
        shallow_file_(folder / "shallow"),
        index_(git_, default_branch_,
               index_file.empty() ? (folder / "resultsdb-identifiers").string() : std::move(index_file)) {}

  std::string key() const override { return key_; }
  std::string default_branch() const override { return default_branch_; }
  std::vector<std::string> representations() const override { return {"hash", "identifier"}; }
  Result<std::optional<Commit>> resolve(const ResolveRequest& request) override;

 private:
  using Hash = std::optional<std::string>;
  using Place = IdentifierIndex::Place;

  Result<std::optional<Place>> find(const ResolveRequest& request);
  Result<std::optional<Place>> find_identifier(std::string_view identifier);
  Result<Hash> find_name(const std::string& name) const;
  Result<Commit> read(const Place& place) const;
  Result<std::int64_t> order_of(const Commit& commit) const;
  /// Counts in a clone without its whole history would be wrong.
  bool is_shallow() const;

  const Git git_;
  const std::string key_;
  const std::string default_branch_;
  const std::filesystem::path shallow_file_;
  IdentifierIndex index_;
};

Result<std::optional<Commit>> GitRepository::resolve(const ResolveRequest& request) {
  for (bool again = false;; again = true) {
    RESULTSDB_ASSIGN(const std::optional<Place> place, find(request));
    if (!place) return std::optional<Commit>();
    RESULTSDB_ASSIGN(Commit commit, read(*place));
    const std::string_view parent = commit.parents.empty() ? std::string_view() : commit.parents.front();
    if (again || index_.agrees(commit.hash, to_seconds(*commit.timestamp), parent)) {
      return std::optional(std::move(commit));
    }
    RESULTSDB_TRY(index_.rebuild());
  }
}

Result<std::optional<GitRepository::Place>> GitRepository::find(const ResolveRequest& request) {
  using By = ResolveRequest::By;
  using Kind = CommitReference::Kind;
  RESULTSDB_ASSIGN(const CommitReference reference, parse_commit_reference(request.text));
  if (reference.kind != Kind::Identifier && request.text.starts_with('-')) {
    return invalid_argument("\"" + request.text + "\" is no reference: it begins with '-'", key_);
  }
  const bool is_hash = reference.kind == Kind::Hash || reference.kind == Kind::HashPrefix;
  if (request.by == By::Revision || (request.by == By::Hash && !is_hash)) return std::optional<Place>();
  if (request.by == By::Identifier && domain::all_digits(request.text)) {
    return find_identifier(request.text + "@" + default_branch_);
  }
  if (reference.kind == Kind::Identifier) return find_identifier(reference.text);
  if (request.by == By::Identifier) return std::optional<Place>();

  RESULTSDB_ASSIGN(const Hash hash, find_name(reference.text));
  const bool by_prefix = hash && hash->starts_with(reference.text);
  // git takes prefixes of four digits already, and names of branches that look like a hash.
  if (!hash || (by_prefix && reference.text.size() < kMinPrefix) || (request.by == By::Hash && !by_prefix)) {
    return std::optional<Place>();
  }
  if (!is_shallow()) {
    RESULTSDB_ASSIGN(std::optional<Place> place, index_.place(*hash, request.text));
    if (place) return place;
  }
  return std::optional(Place{*hash, {}, {}, {}});
}

Result<GitRepository::Hash> GitRepository::find_name(const std::string& name) const {
  for (const std::string& candidate : {name, "refs/remotes/origin/" + name}) {
    RESULTSDB_ASSIGN(Hash hash, git_.ask({"rev-parse", "--verify", "--quiet", "--end-of-options",
                                          candidate + "^{commit}"}));
    if (hash && domain::all_lower_hex(*hash)) return hash;
  }
  return Hash();
}

Result<std::optional<GitRepository::Place>> GitRepository::find_identifier(std::string_view identifier) {
  if (is_shallow()) return std::optional<Place>();
  return index_.find(identifier);
}

bool GitRepository::is_shallow() const {
  std::error_code error;
  return std::filesystem::exists(shallow_file_, error);
}

Result<Commit> GitRepository::read(const Place& place) const {
  RESULTSDB_ASSIGN(
      const std::string text,
      git_.demand({"--no-replace-objects", "log", "--max-count=1", "--no-show-signature", "--encoding=UTF-8",
                   "--no-color", "--format=%ct%x00%P%x00%an%x00%ae%x00%B", place.hash, "--"}));
  std::string_view rest = text;
  Commit commit;
  commit.repository = key_;
  commit.hash = place.hash;
  commit.timestamp = from_seconds(to_number(take(rest, '\0')));
  for (std::string_view parents = take(rest, '\0'); !parents.empty();) {
    commit.parents.emplace_back(take(parents, ' '));
  }
  commit.author.name = json::repair_utf8(take(rest, '\0'));
  if (const std::string_view email = take(rest, '\0'); !email.empty()) {
    commit.author.emails.push_back(json::repair_utf8(email));
  }
  commit.message = json::repair_utf8(trim_lines(rest));
  commit.branch = place.branch;
  commit.identifier = place.identifier;
  if (place.order) {
    commit.order = *place.order;
  } else {
    RESULTSDB_ASSIGN(commit.order, order_of(commit));
  }
  RESULTSDB_TRY(validate_commit(commit));
  return commit;
}

/// How many commits directly before this one, along first parents, have its timestamp.
Result<std::int64_t> GitRepository::order_of(const Commit& commit) const {
  for (std::size_t limit = 16;; limit = kMaxOrder) {
    RESULTSDB_ASSIGN(const std::string text,
                     git_.demand({"log", "--first-parent", "--no-show-signature", "--format=%ct",
                                  "--max-count=" + std::to_string(limit), commit.hash, "--"}));
    std::string_view rest = text;
    std::int64_t same = 0;
    while (!rest.empty() && from_seconds(to_number(take(rest, '\n'))) == commit.timestamp) ++same;
    if (!rest.empty() || static_cast<std::size_t>(same) < limit || limit == kMaxOrder) return same - 1;
  }
}

/// The branch the origin declares, else `main` or `master` if it exists, else the one that is checked out.
Result<std::string> find_default_branch(const Git& git) {
  constexpr std::string_view kOrigin = "origin/";
  RESULTSDB_ASSIGN(const auto origin,
                   git.ask({"symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"}));
  if (origin && origin->starts_with(kOrigin)) return origin->substr(kOrigin.size());
  for (const std::string name : {"main", "master"}) {
    RESULTSDB_ASSIGN(const auto hash, git.ask({"show-ref", "--verify", "--hash", "refs/heads/" + name}));
    if (hash) return name;
  }
  RESULTSDB_ASSIGN(const auto head, git.ask({"symbolic-ref", "--quiet", "--short", "HEAD"}));
  return head.value_or("main");
}

Result<std::string> find_key(const Git& git, const std::string& path) {
  RESULTSDB_ASSIGN(const auto origin, git.ask({"config", "--get", "remote.origin.url"}));
  if (origin && !last_part(*origin).empty()) return last_part(*origin);
  RESULTSDB_ASSIGN(const auto folder, git.ask({"rev-parse", "--show-toplevel"}));
  if (folder && !last_part(*folder).empty()) return last_part(*folder);
  std::error_code error;
  const std::filesystem::path full = std::filesystem::canonical(path, error);
  const std::string name = error ? std::string() : last_part(full.string());
  if (name.empty()) return invalid_argument("has no name to use as key; give one", path);
  return name;
}

}  // namespace

Result<std::shared_ptr<Repository>> repository::open_clone(Git git, std::string key, std::string index_file) {
  RESULTSDB_TRY(domain::check_name("path of the clone", git.path(), domain::Presence::Required));
  RESULTSDB_TRY(domain::check_name("key of the repository", key));
  RESULTSDB_ASSIGN(const ProcessOutput probe, git.run({"rev-parse", "--git-common-dir"}));
  if (probe.exit_code != 0) {
    return make_error(ErrorCode::NotFound, "is no git clone: " + json::repair_utf8(trim_lines(probe.err)),
                      git.path());
  }
  if (key.empty()) {
    RESULTSDB_ASSIGN(key, find_key(git, git.path()));
  }
  RESULTSDB_ASSIGN(std::string default_branch, find_default_branch(git));
  const auto folder = std::filesystem::path(git.path()) / std::string(trim_lines(probe.out));
  return std::shared_ptr<Repository>(std::make_shared<GitRepository>(
      std::move(git), std::move(key), std::move(default_branch), folder, std::move(index_file)));
}

Result<std::shared_ptr<Repository>> open_git_repository(const std::string& path, std::string key,
                                                        std::string index_file) {
  return repository::open_clone(Git(path), std::move(key), std::move(index_file));
}

}  // namespace resultsdb
