// The conformance suite on a Redis server or cluster, each store below a prefix of its own.
#pragma once

#include <string>

#include "resultsdb/backends/redis.hpp"
#include "resultsdb/testing/conformance.hpp"
#include "support/redis.hpp"

namespace resultsdb::testing {

/// `variable` is where servers.sh says the server is.
inline int redis_conformance_main(int argc, char** argv, const char* name, const char* variable) {
  const auto server = redis_url(variable);
  std::string url;
  int number = 0;
  BackendRegistry registry;
  backends::register_redis(registry);
  const auto open = [&] { return registry.open(url); };
  return conformance_main(argc, argv,
                          {.name = name,
                           .capabilities = {.durable = true, .shared_by_processes = true},
                           .open_fresh =
                               [&] {
                                 url = server + "?prefix=" + key_prefix(++number);
                                 return open();
                               },
                           .reopen = open});
}

}  // namespace resultsdb::testing
