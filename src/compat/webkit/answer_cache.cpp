#include "answer_cache.hpp"

#include <algorithm>

namespace resultsdb::webkit {
namespace {

/// Searches for commits may go to repositories outside of the store, and have a memory of their own.
bool asks_for_commits(const http::Request& request) {
  const http::Parameters parameters = request.parameters();
  return std::ranges::any_of(parameters, [](const auto& parameter) {
    constexpr std::string_view kParts[] = {"ref", "id", "hash", "revision", "timestamp"};
    return std::ranges::any_of(
        kParts, [&](std::string_view part) { return parameter.first.find(part) != std::string::npos; });
  });
}

}  // namespace

http::Response AnswerCache::get(Model& model, const http::Request& request, std::int64_t now_seconds,
                                const std::function<http::Response()>& make) {
  const auto revision = asks_for_commits(request) ? std::nullopt : model.storage().asked_revision();
  if (!revision) return make();
  if (const auto kept = find(request.target, *revision, now_seconds)) return *kept;
  http::Response response = make();
  if (response.status == 200 && !response.stream && response.body.size() <= kMostBytes / 4)
    keep({request.target, *revision, now_seconds, std::make_shared<const http::Response>(response)});
  return response;
}

std::shared_ptr<const http::Response> AnswerCache::find(const std::string& target, std::uint64_t revision,
                                                        std::int64_t now) {
  std::lock_guard lock(mutex_);
  const auto found = by_target_.find(target);
  if (found == by_target_.end() || found->second->revision != revision ||
      std::abs(now - found->second->made) > 1)
    return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->response;
}

void AnswerCache::keep(Entry entry) {
  const auto size = [](const Entry& each) { return each.target.size() + each.response->body.size(); };
  std::lock_guard lock(mutex_);
  const auto erase = [&](std::list<Entry>::iterator each) {
    bytes_ -= size(*each);
    by_target_.erase(each->target);
    entries_.erase(each);
  };
  if (const auto found = by_target_.find(entry.target); found != by_target_.end()) erase(found->second);
  bytes_ += size(entry);
  entries_.push_front(std::move(entry));
  by_target_.emplace(entries_.front().target, entries_.begin());
  while (bytes_ > kMostBytes) erase(std::prev(entries_.end()));
}

}  // namespace resultsdb::webkit
