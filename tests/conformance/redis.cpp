// The conformance suite on one Redis server.
#include "support/redis_conformance.hpp"

int main(int argc, char** argv) {
  return resultsdb::testing::redis_conformance_main(argc, argv, "redis", "RESULTSDB_TEST_REDIS");
}
