// Where commits come from when the store does not know them. Users implement this for their own systems; a
// static list and a local git clone come with the library.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb {

struct ResolveRequest {
  /// Which member of a request named the commit; `Reference` is a free reference (any form).
  enum class By { Reference, Hash, Revision, Identifier };
  By by = By::Reference;
  std::string text;
  bool full = false;  ///< false: the identifier may be left out if it costs time
};

/// Safe for concurrent calls. May block (a process, the network).
class Repository {
 public:
  virtual ~Repository() = default;

  virtual std::string key() const = 0;
  virtual std::string default_branch() const { return "main"; }
  /// Which of "identifier", "hash", "revision" people use, best first.
  virtual std::vector<std::string> representations() const { return {}; }
  /// The commit; empty if there is none of that name; NotFound with a text for people if the repository says
  /// why; Unavailable if it cannot be reached. The commit has no position yet.
  virtual Result<std::optional<Commit>> resolve(const ResolveRequest& request) = 0;
  /// Web address of a commit.
  virtual std::optional<std::string> link(const Commit&) const { return std::nullopt; }
};

using RepositoryList = std::vector<std::shared_ptr<Repository>>;

/// Reads a file of static repositories (`{"format":1,"repositories":{KEY:{default_branch, representations,
/// commits, lookups, url_for_commit}}}`; see docs/repositories.md).
Result<RepositoryList> load_static_repositories(const std::string& path);

/// A local git clone, read through the `git` program. `key` empty: the last part of the origin's URL without
/// `.git`, else the folder's name. `index_file` keeps the list of commits that identifiers are counted from;
/// empty: `resultsdb-identifiers` in the clone's git folder. If it cannot be written, each process lists them
/// itself. NotFound if `path` is no clone.
Result<std::shared_ptr<Repository>> open_git_repository(const std::string& path, std::string key = {},
                                                        std::string index_file = {});

}  // namespace resultsdb
