// The generated corpus: runs of many tests on several configurations over many commits, with expected
// failures, flaky tests, regressions that last, runs that stop early, and durations. The same seed gives the
// same corpus everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resultsdb/run.hpp"

namespace resultsdb::bench {

struct Scale {
  std::uint32_t tests = 10'000, configurations = 8, commits = 200;  ///< at most 63 configurations
  double late = 0.05;  ///< share of runs that arrive 1 to 30 commits late
};

/// (expected, actual) pairs that occur; `kAbsent` is no result.
enum Outcome : std::uint8_t {
  kPass,
  kExpectedFail,
  kExpectedCrash,
  kExpectedTimeout,
  kFail,
  kCrash,
  kTimeout,
  kUnexpectedPass,
  kFlakyPass,
  kFlakyFail,
  kOutcomes,
  kAbsent = 255
};
struct Words {
  const char* expected;
  const char* actual;
  bool failing;
};
const Words& words(Outcome outcome);

/// A run as numbers: by test.
struct GeneratedRun {
  std::uint32_t commit = 0, configuration = 0;
  std::vector<std::uint8_t> outcomes;
  std::vector<std::int32_t> duration_ms;
};

class Corpus {
 public:
  Corpus(std::uint64_t seed, Scale scale);

  const Scale& scale() const { return scale_; }
  /// (commit, configuration) in order of arrival.
  struct Arrival {
    std::uint32_t commit, configuration;
  };
  const std::vector<Arrival>& arrivals() const { return arrivals_; }
  const std::string& name(std::uint32_t test) const { return names_[test]; }

  /// Tests that pass anywhere else fail on these commits and configurations.
  struct Regression {
    std::uint32_t from, until;     ///< commits
    std::uint32_t first, tests;    ///< adjacent tests
    std::uint64_t configurations;  ///< bit set
    bool becomes_expected;
    Outcome outcome;
  };
  const std::vector<Regression>& regressions() const { return regressions_; }

  GeneratedRun generate(Arrival arrival) const;
  /// The run as a writer would hand it in; results in the order of their names.
  Run to_run(const GeneratedRun& run, bool durations = true) const;
  static Position position(std::uint32_t commit) { return 160'000'000'000 + Position{commit} * 60'000; }

 private:
  enum class Kind : std::uint8_t { Stable, ExpectedFail, ExpectedCrash, ExpectedTimeout, Flaky, MarkedFlaky };
  struct Test {
    Kind kind = Kind::Stable;
    std::uint64_t configurations = 0;  // where the kind holds
    std::uint64_t absent = 0;          // configurations without the test
    std::uint32_t born = 0;            // commit
    float flakiness = 0, base_ms = 0;
  };
  Outcome draw(const Test& test, std::uint32_t configuration, std::uint64_t random) const;

  std::uint64_t seed_;
  Scale scale_;
  std::vector<Test> tests_;
  std::vector<std::string> names_;
  std::vector<Regression> regressions_;
  std::vector<Arrival> arrivals_;
  std::vector<float> noise_;  // factors of durations, to draw from
};

}  // namespace resultsdb::bench
