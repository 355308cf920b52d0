// The component alone: a store whose server is not there is refused with an Error.
#include "resultsdb/backends/postgres.hpp"

#include <iostream>

int main() {
  using namespace resultsdb;
  BackendRegistry registry;
  backends::register_postgres(registry);
  const auto storage = registry.open("postgresql://nobody@127.0.0.1:1/nothing");
  if (storage || storage.error().code != ErrorCode::Unavailable || storage.error().backend != "postgres") {
    std::cerr << "expected Unavailable\n";
    return 1;
  }
  std::cout << storage.error() << '\n';
}
