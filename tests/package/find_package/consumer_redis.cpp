// The component alone: a store whose server is not there is refused with an Error.
#include <iostream>

#include "resultsdb/backends/redis.hpp"

int main() {
  using namespace resultsdb;
  BackendRegistry registry;
  backends::register_redis(registry);
  const auto storage = registry.open("redis://127.0.0.1:1");
  if (storage || storage.error().code != ErrorCode::Unavailable || storage.error().backend != "redis") {
    std::cerr << "expected Unavailable\n";
    return 1;
  }
  std::cout << storage.error() << '\n';
}
