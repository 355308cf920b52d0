// A local clone, read through the `git` program.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "domain/check.hpp"
#include "repository/process.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/repository.hpp"

namespace resultsdb {
namespace {

using repository::ProcessOutput;
using repository::run_process;

constexpr std::size_t kMaxOutput = 64u << 20;
constexpr std::size_t kMinPrefix = 7;
/// How many commits of one timestamp are looked at before their order is taken as it is.
constexpr std::size_t kMaxOrder = 10'000;

std::string_view trim_lines(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::int64_t to_number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Cuts `text` up to the next `separator` off its front.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t size = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return part;
}

/// The last part of a URL or path without `.git`: `git@host:group/name.git` → `name`.
std::string last_part(std::string_view place) {
  while (place.ends_with('/')) place.remove_suffix(1);
  if (place.ends_with(".git")) place.remove_suffix(4);
  while (place.ends_with('/')) place.remove_suffix(1);
  return std::string(place.substr(place.find_last_of("/:") + 1));
}

/// `git` in one clone.
class Git {
 public:
  explicit Git(std::string path) : path_(std::move(path)) {}

  Result<ProcessOutput> run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"git", "--no-pager", "-C", path_});
    // A hook's variables would lead to the hook's repository instead of this one.
    static const std::vector<std::string> unset = {"GIT_DIR",        "GIT_WORK_TREE",        "GIT_INDEX_FILE",
                                                   "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
                                                   "GIT_PREFIX"};
    return run_process(arguments, unset, kMaxOutput);
  }
  /// What it says, without the last line's end; empty if it fails.
  Result<std::optional<std::string>> ask(std::vector<std::string> arguments) const {
    RESULTSDB_ASSIGN(const ProcessOutput output, run(std::move(arguments)));
    if (output.exit_code != 0) return std::optional<std::string>();
    return std::optional(std::string(trim_lines(output.out)));
  }
  /// What it must say; Unavailable with git's own words if it fails.
  Result<std::string> demand(std::vector<std::string> arguments) const {
    RESULTSDB_ASSIGN(ProcessOutput output, run(std::move(arguments)));
    if (output.exit_code == 0) return std::move(output.out);
    return make_error(ErrorCode::Unavailable, json::repair_utf8(trim_lines(output.err)), "git " + path_);
  }

 private:
  std::string path_;
};

class GitRepository final : public Repository {
 public:
  GitRepository(Git git, std::string key, std::string default_branch)
      : git_(std::move(git)), key_(std::move(key)), default_branch_(std::move(default_branch)) {}

  std::string key() const override { return key_; }
  std::string default_branch() const override { return default_branch_; }
  std::vector<std::string> representations() const override { return {"hash", "identifier"}; }
  Result<std::optional<Commit>> resolve(const ResolveRequest& request) override;

 private:
  using Hash = std::optional<std::string>;
  struct Found {
    std::string hash;
    std::string branch, identifier;  ///< known if the commit was found by its identifier
  };

  Result<std::optional<Found>> find(const ResolveRequest& request) const;
  Result<std::optional<Found>> find_identifier(std::string_view identifier) const;
  Result<Hash> find_name(const std::string& name) const;
  Result<std::vector<std::string>> branch_tips(const std::string& branch) const;
  Result<std::int64_t> count(const std::string& tip) const;
  Result<Hash> nth(const std::string& tip, std::int64_t number) const;
  Result<Commit> read(const Found& found) const;
  Status place_on_default_branch(Commit& commit) const;
  Result<std::int64_t> order_of(const Commit& commit) const;

  Git git_;
  std::string key_;
  std::string default_branch_;
};

Result<std::optional<Commit>> GitRepository::resolve(const ResolveRequest& request) {
  if (request.text.starts_with('-')) {
    return invalid_argument("\"" + request.text + "\" is no reference: it begins with '-'", key_);
  }
  RESULTSDB_ASSIGN(const std::optional<Found> found, find(request));
  if (!found) return std::optional<Commit>();
  RESULTSDB_ASSIGN(Commit commit, read(*found));
  return std::optional(std::move(commit));
}

Result<std::optional<GitRepository::Found>> GitRepository::find(const ResolveRequest& request) const {
  using By = ResolveRequest::By;
  using Kind = CommitReference::Kind;
  RESULTSDB_ASSIGN(const CommitReference reference, parse_commit_reference(request.text));
  const bool is_hash = reference.kind == Kind::Hash || reference.kind == Kind::HashPrefix;
  if (request.by == By::Revision || (request.by == By::Hash && !is_hash)) return std::optional<Found>();
  if (request.by == By::Identifier && domain::all_digits(request.text)) {
    return find_identifier(request.text + "@" + default_branch_);
  }
  if (reference.kind == Kind::Identifier) return find_identifier(reference.text);
  if (request.by == By::Identifier) return std::optional<Found>();

  RESULTSDB_ASSIGN(const Hash hash, find_name(reference.text));
  const bool by_prefix = hash && hash->starts_with(reference.text);
  // git takes prefixes of four digits already, and names of branches that look like a hash.
  if (!hash || (by_prefix && reference.text.size() < kMinPrefix) || (request.by == By::Hash && !by_prefix)) {
    return std::optional<Found>();
  }
  return std::optional(Found{*hash, {}, {}});
}

Result<GitRepository::Hash> GitRepository::find_name(const std::string& name) const {
  for (const std::string& candidate : {name, "refs/remotes/origin/" + name}) {
    RESULTSDB_ASSIGN(Hash hash, git_.ask({"rev-parse", "--verify", "--quiet", "--end-of-options",
                                          candidate + "^{commit}"}));
    if (hash && domain::all_lower_hex(*hash)) return hash;
  }
  return Hash();
}

/// `N@branch`: the N-th commit along first parents, the root being 1.
Result<std::optional<GitRepository::Found>> GitRepository::find_identifier(
    std::string_view identifier) const {
  const std::size_t at = identifier.find('@');
  const std::string_view digits = identifier.substr(0, at);
  if (!domain::all_digits(digits)) return std::optional<Found>();
  const std::string branch(identifier.substr(at + 1));
  const std::int64_t number = to_number(digits);
  RESULTSDB_ASSIGN(const auto tips, branch_tips(branch));
  for (const std::string& tip : tips) {
    RESULTSDB_ASSIGN(const Hash hash, nth(tip, number));
    if (hash) return std::optional(Found{*hash, branch, std::to_string(number) + "@" + branch});
  }
  return std::optional<Found>();
}

/// The newest commit of the branch here and at the origin, as far as they exist.
Result<std::vector<std::string>> GitRepository::branch_tips(const std::string& branch) const {
  std::vector<std::string> tips;
  for (const char* folder : {"refs/heads/", "refs/remotes/origin/"}) {
    RESULTSDB_ASSIGN(const Hash hash, git_.ask({"show-ref", "--verify", "--hash", folder + branch}));
    if (hash && std::find(tips.begin(), tips.end(), *hash) == tips.end()) tips.push_back(*hash);
  }
  return tips;
}

Result<std::int64_t> GitRepository::count(const std::string& tip) const {
  RESULTSDB_ASSIGN(const std::string text, git_.demand({"rev-list", "--count", "--first-parent", tip, "--"}));
  return to_number(text);
}

Result<GitRepository::Hash> GitRepository::nth(const std::string& tip, std::int64_t number) const {
  RESULTSDB_ASSIGN(const std::int64_t total, count(tip));
  if (number < 1 || number > total) return Hash();
  RESULTSDB_ASSIGN(const std::string hash,
                   git_.demand({"rev-list", "--first-parent", "--max-count=1",
                                "--skip=" + std::to_string(total - number), tip, "--"}));
  return Hash(trim_lines(hash));
}

Result<Commit> GitRepository::read(const Found& found) const {
  RESULTSDB_ASSIGN(const std::string text,
                   git_.demand({"log", "--max-count=1", "--no-show-signature", "--encoding=UTF-8",
                                "--no-color", "--format=%ct%x00%P%x00%an%x00%ae%x00%B", found.hash, "--"}));
  std::string_view rest = text;
  Commit commit;
  commit.repository = key_;
  commit.hash = found.hash;
  commit.timestamp = from_seconds(to_number(take(rest, '\0')));
  for (std::string_view parents = take(rest, '\0'); !parents.empty();) {
    commit.parents.emplace_back(take(parents, ' '));
  }
  commit.author.name = json::repair_utf8(take(rest, '\0'));
  if (const std::string_view email = take(rest, '\0'); !email.empty()) {
    commit.author.emails.push_back(json::repair_utf8(email));
  }
  commit.message = json::repair_utf8(trim_lines(rest));
  commit.branch = found.branch;
  commit.identifier = found.identifier;
  if (commit.branch.empty()) RESULTSDB_TRY(place_on_default_branch(commit));
  RESULTSDB_ASSIGN(commit.order, order_of(commit));
  RESULTSDB_TRY(validate_commit(commit));
  return commit;
}

/// Sets branch and identifier if the commit lies on the first parents of the default branch.
Status GitRepository::place_on_default_branch(Commit& commit) const {
  RESULTSDB_ASSIGN(const std::int64_t number, count(commit.hash));
  RESULTSDB_ASSIGN(const auto tips, branch_tips(default_branch_));
  for (const std::string& tip : tips) {
    RESULTSDB_ASSIGN(const Hash hash, nth(tip, number));
    if (hash != commit.hash) continue;
    commit.branch = default_branch_;
    commit.identifier = std::to_string(number) + "@" + default_branch_;
    break;
  }
  return {};
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

Result<std::shared_ptr<Repository>> open_git_repository(const std::string& path, std::string key) {
  RESULTSDB_TRY(domain::check_name("path of the clone", path, domain::Presence::Required));
  RESULTSDB_TRY(domain::check_name("key of the repository", key));
  Git git(path);
  RESULTSDB_ASSIGN(const ProcessOutput probe, git.run({"rev-parse", "--git-dir"}));
  if (probe.exit_code != 0) {
    return make_error(ErrorCode::NotFound, "is no git clone: " + json::repair_utf8(trim_lines(probe.err)),
                      path);
  }
  if (key.empty()) {
    RESULTSDB_ASSIGN(key, find_key(git, path));
  }
  RESULTSDB_ASSIGN(std::string default_branch, find_default_branch(git));
  return std::shared_ptr<Repository>(
      std::make_shared<GitRepository>(std::move(git), std::move(key), std::move(default_branch)));
}

}  // namespace resultsdb
