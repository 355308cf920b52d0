// Commits and their first parents: what identifiers are counted from. These facts never change, so the list
// only grows, whatever happens to the branches, and a file of it never becomes wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "resultsdb/result.hpp"

namespace resultsdb::repository {

class FirstParents {
 public:
  using Node = std::uint32_t;
  static constexpr Node kNone = 0xffffffff;

  FirstParents() : by_hash_(16, Hash{this}, Equal{this}) {}
  FirstParents(const FirstParents&) = delete;
  FirstParents& operator=(const FirstParents&) = delete;

  std::size_t size() const { return parents_.size(); }
  void clear();
  /// kNone if the commit is not in the list.
  Node find(std::string_view hash) const;
  std::string hash(Node node) const;
  Node parent(Node node) const { return parents_[node]; }
  std::int64_t timestamp(Node node) const { return timestamps_[node]; }
  /// How many commits there are from the root to this one, both counted.
  std::int64_t depth(Node node) const { return node == kNone ? 0 : depths_[node]; }

  /// The commits that are nobody's parent, longest history first.
  std::vector<std::string> heads(std::size_t limit) const;

  /// Adds the lines `TIMESTAMP HASH [PARENT…]` of `git rev-list --timestamp --parents`, parents last. What is
  /// in the list already is left out. Corrupt if a parent is missing or a line is no such line.
  Status add_lines(std::string_view lines);

  /// Replaces the content by that of a file. False, and an empty list, if there is none or it is damaged.
  bool load(const std::string& path);
  /// Replaces the file in one step; false if it cannot be written.
  bool save(const std::string& path) const;

 private:
  struct Hash {
    using is_transparent = void;
    const FirstParents* list;
    std::size_t operator()(std::string_view bytes) const noexcept;
    std::size_t operator()(Node node) const noexcept { return (*this)(list->bytes(node)); }
  };
  struct Equal {
    using is_transparent = void;
    const FirstParents* list;
    bool operator()(Node a, Node b) const noexcept { return a == b; }
    bool operator()(std::string_view a, Node b) const noexcept { return a == list->bytes(b); }
    bool operator()(Node a, std::string_view b) const noexcept { return b == list->bytes(a); }
  };
  std::string_view bytes(Node node) const {
    return std::string_view(hashes_).substr(std::size_t{node} * width_, width_);
  }
  void append(std::string_view bytes, std::int64_t timestamp, Node parent);

  std::size_t width_ = 0;  ///< bytes of a hash: 20 or 32
  std::string hashes_;
  std::vector<std::int64_t> timestamps_;
  std::vector<Node> parents_;  ///< each before its children
  std::vector<std::uint32_t> depths_;
  std::unordered_set<Node, Hash, Equal> by_hash_;
};

}  // namespace resultsdb::repository
