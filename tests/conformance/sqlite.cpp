// The conformance suite on SQLite, each store in a file of its own.
#include "resultsdb/backends/sqlite.hpp"

#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "resultsdb/testing/conformance.hpp"

int main(int argc, char** argv) {
  using namespace resultsdb;
  const auto folder =
      std::filesystem::temp_directory_path() / ("resultsdb-conformance-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::string path;
  int number = 0;
  const auto open = [&]() { return backends::open_sqlite({.path = path, .readers = 8}); };
  const int status =
      testing::conformance_main(argc, argv,
                                {.name = "sqlite",
                                 .capabilities = {.durable = true, .shared_by_processes = true},
                                 .open_fresh =
                                     [&] {
                                       path = (folder / (std::to_string(++number) + ".db")).string();
                                       return open();
                                     },
                                 .reopen = open});
  std::filesystem::remove_all(folder);
  return status;
}
