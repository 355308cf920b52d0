// Random runs on a few timelines: in order, late, partial, repeated, replaced, deleted.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "resultsdb/run.hpp"

namespace resultsdb::property {

struct Shape {
  int tests = 12;
  int timelines = 3;
  int late_percent = 0;
  bool partial = false;  ///< alternates whole runs and runs of few tests
};

class RandomRuns {
 public:
  RandomRuns(std::uint64_t seed, Shape shape);

  /// A run of a new natural key.
  Run next();
  /// Other content under the natural key of `header`.
  Run again(const RunHeader& header);
  /// 0 to n - 1.
  int pick(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return pick(100) < percent; }

  std::vector<std::string> tests() const;

 private:
  void fill(Run& run);
  void add_result(ResultTable& results, const std::string& test);

  std::mt19937_64 random_;
  const Shape shape_;
  std::vector<std::uint32_t> mood_;  // per test, changes rarely
  Position newest_ = 0;
  int number_ = 0;
  bool small_turn_ = false;
  std::string large_attributes_;
};

/// RESULTSDB_SEED, else `otherwise`.
std::uint64_t seed_or(std::uint64_t otherwise);

}  // namespace resultsdb::property
