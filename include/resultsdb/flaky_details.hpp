// What else is worth knowing of flaky tests, of those that are shown alone: it is read from runs.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "resultsdb/answers.hpp"

namespace resultsdb {

/// The question should be that of FlakyQuery. Excluded runs (ExcludedRun) count nowhere.
struct FlakyDetailsQuery : Question {
  struct Item {
    std::string test;
    std::vector<std::string> timelines;  ///< public ids
  };
  std::vector<Item> items;
};

struct FlakyDetails {
  static constexpr std::size_t kWindows = 4;
  static constexpr std::uint32_t kRuns = 100;     ///< newest runs of each timeline that are read
  static constexpr std::size_t kBadResults = 10;  ///< newest bad results whose messages are read
  /// Bad results in the first, second, … quarter of each timeline's runs in range, the oldest first; without
  /// skipped ones.
  std::array<Proportion, kWindows> trend;
  /// Retries times the result's duration, in the newest kRuns runs of each timeline. A retry is each try
  /// but one, where tries are told, or each word of the outcome but one.
  Duration wasted{0};
  std::uint32_t messages = 0;  ///< different ones, among the newest kBadResults bad results of these runs
};

}  // namespace resultsdb
