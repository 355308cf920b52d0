// The conformance suite on one Redis server, each store below a prefix of its own.
#include "resultsdb/backends/redis.hpp"

#include "resultsdb/testing/conformance.hpp"
#include "support/redis.hpp"

int main(int argc, char** argv) {
  using namespace resultsdb;
  const auto server = testing::redis_url("RESULTSDB_TEST_REDIS");
  std::string url;
  int number = 0;
  BackendRegistry registry;
  backends::register_redis(registry);
  const auto open = [&] { return registry.open(url); };
  return testing::conformance_main(argc, argv,
                                   {.name = "redis",
                                    .capabilities = {.durable = true, .shared_by_processes = true},
                                    .open_fresh =
                                        [&] {
                                          url = server + "?prefix=" + testing::key_prefix(++number);
                                          return open();
                                        },
                                    .reopen = open});
}
