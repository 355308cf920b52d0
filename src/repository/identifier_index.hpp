// Identifiers of a clone's commits: `N@main` on the default branch, `P.N@branch` on others.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "repository/first_parents.hpp"
#include "repository/git.hpp"

namespace resultsdb::repository {

/// Safe for concurrent calls. Each call asks git once where the branches are; commits are listed only when
/// one of them has moved.
class IdentifierIndex {
 public:
  /// `file` keeps the list of commits between processes; if it cannot be read or written, all works without.
  IdentifierIndex(const Git& git, std::string default_branch, std::string file)
      : git_(git), default_branch_(std::move(default_branch)), file_(std::move(file)) {}

  struct Place {
    std::string hash;
    std::string branch, identifier;     ///< empty if the commit is on no branch's first parents
    std::optional<std::int64_t> order;  ///< how many commits directly before it have its timestamp
  };

  /// The commit of an identifier `[P.]N@branch`; empty if there is none.
  Result<std::optional<Place>> find(std::string_view identifier);
  /// The place of a commit. On several branches the default branch counts, then `preferred`, then those of no
  /// developer (`eng/`, `dev/`), then byte order. Empty if it is on no branch's first parents.
  Result<std::optional<Place>> place(const std::string& hash, const std::string& preferred);
  /// Makes the list anew, for when git answers otherwise than the list.
  Status rebuild();
  /// Whether the list says of a commit what git says; also if the list does not know it.
  bool agrees(const std::string& hash, std::int64_t timestamp, std::string_view parent);

 private:
  using Node = FirstParents::Node;
  struct Tip {
    std::string branch, hash;
    Node node = FirstParents::kNone;
  };

  Status refresh();
  Result<std::vector<Tip>> read_tips() const;
  Status list_missing(const std::vector<Tip>& tips);
  Status list_all(std::vector<Tip> tips);
  void take_tips(std::vector<Tip> tips);
  bool on_default_branch(Node node) const {
    return owners_[node] != FirstParents::kNone && tips_[owners_[node]].branch == default_branch_;
  }
  Node branch_point(Node node) const;
  bool contains(const Tip& tip, Node node) const;
  Place describe(Node node, const std::string& branch) const;

  const Git& git_;
  const std::string default_branch_;
  const std::string file_;
  std::mutex mutex_;
  bool loaded_ = false;
  FirstParents commits_;
  std::string snapshot_;               ///< what git said of the branches last
  std::vector<Tip> tips_;              ///< best first
  std::vector<std::uint32_t> owners_;  ///< by commit: the first of the tips that leads to it
};

}  // namespace resultsdb::repository
