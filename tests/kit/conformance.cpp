#include "resultsdb/testing/conformance.hpp"

#include <cstdlib>
#include <deque>
#include <iostream>

#include "case.hpp"

namespace resultsdb::testing {
namespace {

struct Group {
  const char* name;
  const CaseList& (*cases)();
  bool threads = false;
};

constexpr Group kGroups[] = {
    {"LifeCycle", life_cycle_cases},
    {"EmptyStore", empty_store_cases},
    {"RoundTrip", round_trip_cases},
    {"Batch", batch_cases},
    {"Interning", interning_cases},
    {"RunQuery", run_query_cases},
    {"Query", query_cases},
    {"Page", page_cases},
    {"Document", document_cases},
    {"Chunk", chunk_cases},
    {"LongName", long_name_cases},
    {"Commit", commit_cases},
    {"Refusal", refusal_cases},
    {"Interleaving", interleaving_cases},
    {"Threads", thread_cases, true},
};

/// GoogleTest keeps the cases until the end of the process; so do we with what they point to.
const ConformanceBackend& keep(const ConformanceBackend& backend) {
  static std::deque<ConformanceBackend> kept;
  return kept.emplace_back(backend);
}

}  // namespace

std::uint32_t random_seed() {
  static const std::uint32_t seed = [] {
    const char* const text = std::getenv("RESULTSDB_SEED");
    return text != nullptr ? static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10))
                           : static_cast<std::uint32_t>(std::random_device()());
  }();
  return seed;
}

void ConformanceCase::SetUp() {
  store_ = open_fresh();
  ASSERT_NE(store_, nullptr);
}

void ConformanceCase::TearDown() {
  if (HasFailure() && random_used_) std::cerr << "to repeat: RESULTSDB_SEED=" << random_seed() << '\n';
}

std::shared_ptr<storage::Storage> ConformanceCase::open_fresh() { return value_of(backend_->open_fresh()); }

std::size_t register_conformance(const ConformanceBackend& backend, ConformanceCases cases) {
  const ConformanceBackend& kept = keep(backend);
  std::size_t count = 0;
  for (const Group& group : kGroups) {
    if (cases == (group.threads ? ConformanceCases::WithoutThreads : ConformanceCases::Threads)) continue;
    for (const CaseEntry& entry : group.cases()) {
      const auto make = [&kept, &entry]() -> ConformanceCase* {
        ConformanceCase* const made = entry.make();
        made->use(kept);
        return made;
      };
      ::testing::RegisterTest((kept.name + '/' + group.name).c_str(), entry.name, nullptr, nullptr,
                              entry.file, entry.line, make);
      ++count;
    }
  }
  return count;
}

int conformance_main(int argc, char** argv, const ConformanceBackend& backend) {
  ::testing::InitGoogleTest(&argc, argv);
  register_conformance(backend);
  const int failed = RUN_ALL_TESTS();
  const int skipped = ::testing::UnitTest::GetInstance()->skipped_test_count();
  if (failed == 0 && skipped != 0)
    std::cerr << skipped << " cases were skipped: a conformance run has to execute them all\n";
  return failed != 0 || skipped != 0 ? 1 : 0;
}

}  // namespace resultsdb::testing
