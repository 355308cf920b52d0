// The conformance suite on the memory backend.
#include "resultsdb/backends/memory.hpp"

#include "resultsdb/testing/conformance.hpp"

int main(int argc, char** argv) {
  using namespace resultsdb;
  return testing::conformance_main(
      argc, argv,
      {.name = "memory", .capabilities = {}, .open_fresh = []() -> Result<std::shared_ptr<storage::Storage>> {
         return backends::open_memory();
       }});
}
