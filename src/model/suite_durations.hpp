// The durations of all tests of a suite over the newest runs of each timeline.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "model/survey.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

class SuiteDurations {
 public:
  /// Of one test on one timeline.
  struct OnWindow {
    std::vector<Duration> newest, before;     ///< of results that are neither timeouts nor crashes
    std::vector<Duration> timed_out;          ///< of the newest runs: the others
    std::uint32_t results = 0, timeouts = 0;  ///< of the newest runs
  };
  using Visit = std::function<void(storage::TestId, std::string_view name, std::span<const OnWindow>)>;

  /// The newest `newest` runs of each window (0: all); the others are those before.
  SuiteDurations(const Survey& survey, std::uint32_t newest);

  /// Tests that the survey asks for and one of the newest runs covers, or with `only_last` the last one alone;
  /// by id. In memory are the durations of engine::tests_at_once().
  Status visit(bool only_last, const Visit& visit) const;

  /// Of a window, oldest first.
  std::span<const std::uint32_t> newest_runs(std::uint32_t window) const;
  Basis basis() const;

 private:
  void read_window(std::uint32_t window, storage::TestId test, std::span<const std::int64_t> durations,
                   OnWindow& values) const;

  const Survey& survey_;
  const std::uint32_t newest_;
  std::vector<bool> timed_out_;  // by outcome
};

}  // namespace resultsdb
