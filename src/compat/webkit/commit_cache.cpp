#include "commit_cache.hpp"

namespace resultsdb::webkit {
namespace {

// Some hundred bytes each; who asks for more different commits than this asks the store again.
constexpr std::size_t kMostEntries = 50'000;
// More commits than any reference that serves to name one has.
constexpr std::size_t kMostCommits = 1'000;

}  // namespace

std::optional<std::vector<Commit>> CommitCache::find(const std::string& key, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  if (found->second.until <= now) {
    entries_.erase(found);
    return std::nullopt;
  }
  found->second.until = now + seconds_;
  return found->second.commits;
}

void CommitCache::remember(const std::string& key, const std::vector<Commit>& commits, std::int64_t now) {
  if (commits.empty() || commits.size() > kMostCommits) return;
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMostEntries) entries_.clear();
  entries_[key] = {commits, now + seconds_};
}

}  // namespace resultsdb::webkit
