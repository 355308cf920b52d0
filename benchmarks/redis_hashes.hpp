// A hash per test and configuration in Redis: the field is the commit, the value three bytes (outcome and
// milliseconds). Its source is the only file here that knows hiredis.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "corpus.hpp"
#include "row_baseline.hpp"

struct redisContext;

namespace resultsdb::bench {

class RedisHashes {
 public:
  /// `url` as the tests' servers export it: redis://HOST:PORT or redis:///PATH/OF/SOCKET.
  RedisHashes(const std::string& url, std::string prefix);
  ~RedisHashes();
  RedisHashes(const RedisHashes&) = delete;
  RedisHashes& operator=(const RedisHashes&) = delete;

  /// In pipelines of 4,000.
  void insert(const GeneratedRun& run);
  /// One test on all configurations, commits from `since` on, in one round trip; not in order.
  std::vector<RowBaseline::Row> history(std::uint32_t test, std::uint32_t configurations, std::uint32_t since,
                                        bool durations);
  /// The server's used_memory.
  std::uint64_t used_memory();

 private:
  std::string key(std::uint32_t test, std::uint32_t configuration) const;

  redisContext* connection_;
  const std::string prefix_;
};

}  // namespace resultsdb::bench
