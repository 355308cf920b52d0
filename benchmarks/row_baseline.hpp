// The usual schema, a row per result, in the same SQLite: R0 as an object mapper makes it, R1 clustered for
// histories.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "corpus.hpp"

namespace resultsdb::bench {

class RowBaseline {
 public:
  enum class Schema { R0, R1 };
  RowBaseline(Schema schema, const std::string& path);
  ~RowBaseline();

  /// One transaction.
  void insert(const GeneratedRun& run);
  struct Row {
    std::uint32_t configuration, commit;
    std::uint8_t outcome;
    std::int32_t duration_ms;
    bool operator==(const Row&) const = default;
  };
  /// One test on all configurations, commits from `since` on.
  std::vector<Row> history(std::uint32_t test, std::uint32_t since, bool durations);
  /// Tests of a run that are no plain pass, with their outcome.
  std::vector<std::pair<std::uint32_t, std::uint8_t>> not_passed(std::uint32_t configuration,
                                                                 std::uint32_t commit);
  /// Every run: (configuration, commit), how many results it has and how many are no plain pass.
  struct RunCounts {
    std::uint32_t configuration, commit;
    std::uint64_t results, not_passed;
  };
  std::vector<RunCounts> runs();
  /// How often tests changed between neighbouring runs of a configuration: over all history, by test.
  std::vector<std::pair<std::uint32_t, std::uint64_t>> flips();
  /// (test, configuration) pairs that failed unexpectedly at commit `b`, and ran at `a` and did not.
  std::uint64_t new_failures(std::uint32_t a, std::uint32_t b);
  std::uint64_t bytes() const;

 private:
  void run(const char* statement);
  sqlite3_stmt* prepare(const char* statement);

  std::string path_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt *insert_ = nullptr, *history_ = nullptr, *history_times_ = nullptr, *not_passed_ = nullptr;
};

}  // namespace resultsdb::bench
