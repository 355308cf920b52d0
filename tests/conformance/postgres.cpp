// The conformance suite on PostgreSQL, each store in a schema of its own.
#include "resultsdb/backends/postgres.hpp"

#include "resultsdb/testing/conformance.hpp"
#include "support/postgres.hpp"

int main(int argc, char** argv) {
  using namespace resultsdb;
  std::string url;
  BackendRegistry registry;
  backends::register_postgres(registry);
  const auto open = [&] { return registry.open(url); };
  return testing::conformance_main(argc, argv,
                                   {.name = "postgres",
                                    .capabilities = {.durable = true, .shared_by_processes = true},
                                    .open_fresh =
                                        [&] {
                                          url = testing::postgres_url() + "?schema=" + testing::schema_name();
                                          return open();
                                        },
                                    .reopen = open});
}
