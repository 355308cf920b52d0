// The conformance suite on a Redis cluster.
#include "support/redis_conformance.hpp"

int main(int argc, char** argv) {
  return resultsdb::testing::redis_conformance_main(argc, argv, "rediscluster",
                                                    "RESULTSDB_TEST_REDIS_CLUSTER");
}
