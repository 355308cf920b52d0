// What searches for commits found, remembered as the original remembers it.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "resultsdb/commit.hpp"

namespace resultsdb::webkit {

/// Answers of searches by reference, uuid and timestamp. Each hit prolongs an entry; what was registered
/// meanwhile is not seen. Safe for concurrent use.
class CommitCache {
 public:
  explicit CommitCache(std::int64_t seconds) : seconds_(seconds) {}

  std::optional<std::vector<Commit>> find(const std::string& key, std::int64_t now);
  /// Empty answers are not remembered.
  void remember(const std::string& key, const std::vector<Commit>& commits, std::int64_t now);

 private:
  struct Entry {
    std::vector<Commit> commits;
    std::int64_t until = 0;
  };
  const std::int64_t seconds_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace resultsdb::webkit
