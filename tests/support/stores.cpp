#include "support/stores.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#ifdef RESULTSDB_WITH_MEMORY
#include "resultsdb/backends/memory.hpp"
#endif
#ifdef RESULTSDB_WITH_SQLITE
#include "resultsdb/backends/sqlite.hpp"
#endif
#ifdef RESULTSDB_WITH_POSTGRES
#include "resultsdb/backends/postgres.hpp"
#endif
#ifdef RESULTSDB_WITH_REDIS
#include "resultsdb/backends/redis.hpp"
#endif

namespace resultsdb::testing {

namespace {

BackendRegistry registry() {
  BackendRegistry registry;
#ifdef RESULTSDB_WITH_MEMORY
  backends::register_memory(registry);
#endif
#ifdef RESULTSDB_WITH_SQLITE
  backends::register_sqlite(registry);
#endif
#ifdef RESULTSDB_WITH_POSTGRES
  backends::register_postgres(registry);
#endif
#ifdef RESULTSDB_WITH_REDIS
  backends::register_redis(registry);
#endif
  return registry;
}

/// What servers.sh exports. Without a server a test fails: it did not pass.
std::string server_url(const char* variable) {
  if (const char* url = ::getenv(variable)) return url;
  throw std::runtime_error(std::string(variable) +
                           " is not set: run this below tests/support/servers.sh, as script/test does");
}

}  // namespace

std::vector<std::string> backends() {
  auto names = registry().schemes();
  std::erase(names, "postgresql");  // another word for postgres
  if (std::find(names.begin(), names.end(), "redis") != names.end()) names.emplace_back("rediscluster");
  return names;
}

std::vector<std::string> backends_for_processes() {
  auto names = backends();
  std::erase(names, "memory");
  return names;
}

Result<std::shared_ptr<storage::Storage>> open_store(const std::string& url) { return registry().open(url); }

TestStore::TestStore(std::string backend) {
  static int number = 0;
  const std::string name = std::to_string(::getpid()) + "_" + std::to_string(++number);
  if (backend == "sqlite") {
    folder_ = (std::filesystem::temp_directory_path() / ("resultsdb-store-" + name)).string();
    std::filesystem::create_directories(folder_);
    url = "sqlite:" + folder_ + "/store.db?busy_timeout_ms=30000";
  } else if (backend == "postgres") {
    url = server_url("RESULTSDB_TEST_POSTGRES") + "?schema=test_" + name;
  } else if (backend == "redis") {
    url = server_url("RESULTSDB_TEST_REDIS") + "?prefix=test_" + name + ':';
  } else if (backend == "rediscluster") {
    url = server_url("RESULTSDB_TEST_REDIS_CLUSTER") + "?prefix=test_" + name + ':';
  } else {
    url = backend + ":";
    in_memory_ = open_store(url).value();
  }
}

TestStore::~TestStore() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<std::shared_ptr<storage::Storage>> TestStore::open() const {
  if (in_memory_) return in_memory_;
  return open_store(url);
}

}  // namespace resultsdb::testing
