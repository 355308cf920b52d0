// Stores for tests on every backend that is built. Servers are those of tests/support/servers.sh.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "resultsdb/registry.hpp"

namespace resultsdb::testing {

/// "memory", "sqlite", "postgres", "redis", "rediscluster": what is built.
std::vector<std::string> backends();
/// Those whose store several processes may have open.
std::vector<std::string> backends_for_processes();

/// Opens a store of any backend that is built.
Result<std::shared_ptr<storage::Storage>> open_store(const std::string& url);

/// A store of its own. Copies of the process may open it at the same time, except in memory.
class TestStore {
 public:
  explicit TestStore(std::string backend);
  ~TestStore();
  TestStore(const TestStore&) = delete;
  TestStore& operator=(const TestStore&) = delete;

  /// The first call makes it. In memory each call gives the same object, elsewhere a new one.
  Result<std::shared_ptr<storage::Storage>> open() const;

  std::string url;

 private:
  std::shared_ptr<storage::Storage> in_memory_;
  std::string folder_;
};

}  // namespace resultsdb::testing
