// A server for tests: tests/support/servers.sh starts one and says where it is.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace resultsdb::testing {

/// The store URL in RESULTSDB_TEST_REDIS or RESULTSDB_TEST_REDIS_CLUSTER; where there is none the program
/// ends as failed: a test that needs a server is not passed without one.
inline std::string redis_url(const char* variable = "RESULTSDB_TEST_REDIS") {
  if (const char* url = std::getenv(variable)) return url;
  std::fprintf(stderr, "%s is not set: run this below tests/support/servers.sh, as script/test does\n",
               variable);
  std::exit(1);
}

/// A prefix of keys that no other test process on the server uses.
inline std::string key_prefix(int number) {
  return "test-" + std::to_string(::getpid()) + "-" + std::to_string(number) + ":";
}

}  // namespace resultsdb::testing
