// docs/backends.md holds the capabilities that the backends declare: this test makes the table and compares.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "resultsdb/storage/storage.hpp"
#include "support/stores.hpp"

namespace resultsdb::testing {
namespace {

std::string yes(bool is) { return is ? " | yes" : " | no"; }

std::string declared() {
  std::string table =
      "| backend | an acknowledged write survives the end of the process | several processes may have it "
      "open | schema "
      "|\n|---|---|---|---|\n";
  for (const auto& backend : backends()) {
    const TestStore store(backend);
    const auto storage = store.open().value();
    EXPECT_TRUE(storage->migrate());
    const auto info = storage->info().value();
    if (backend == "rediscluster") continue;  // the backend is redis
    table += "| " + info.backend + yes(info.capabilities.durable) +
             yes(info.capabilities.shared_by_processes) + " | " + std::to_string(info.schema_version) +
             " |\n";
  }
  return table;
}

TEST(Capabilities, AreThoseOfTheDocumentation) {
  std::ifstream file(RESULTSDB_SOURCE "/docs/backends.md");
  std::ostringstream text;
  text << file.rdbuf();
  const auto table = declared();
  EXPECT_NE(text.str().find(table), std::string::npos) << "docs/backends.md should have this table:\n"
                                                       << table;
}

}  // namespace
}  // namespace resultsdb::testing
