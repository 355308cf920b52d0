// Answers that are asked for again and again: dashboards poll the same histories.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "resultsdb/http/message.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::webkit {

/// Gives an answer again while the store says that nothing was written since before it was made, and for at
/// most a second: what counts as recent moves with the clock. Stores that cannot say so are asked each time.
/// Safe for concurrent use; holds kMostBytes of answers.
class AnswerCache {
 public:
  static constexpr std::size_t kMostBytes = 64 << 20;

  http::Response get(Model& model, const http::Request& request, std::int64_t now_seconds,
                     const std::function<http::Response()>& make);

 private:
  struct Entry {
    std::string target;
    std::uint64_t revision = 0;
    std::int64_t made = 0;
    std::shared_ptr<const http::Response> response;
  };

  std::shared_ptr<const http::Response> find(const std::string& target, std::uint64_t revision,
                                             std::int64_t now);
  void keep(Entry entry);

  std::mutex mutex_;
  std::list<Entry> entries_;  // the latest first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_target_;
  std::size_t bytes_ = 0;
};

}  // namespace resultsdb::webkit
