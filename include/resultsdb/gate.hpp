// The gate of a CI: may this change go in? Every rule is answered, and what cannot be told closes the gate.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/aggregate/query_language.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

struct GateQuery {
  std::string suite;
  /// Runs of the candidate are never its base: "the newest of main" is the one before, if the candidate is
  /// itself on main.
  CompareSide base, candidate;
  /// See CompareQuery. A configuration without a base has nothing that excuses its failures.
  bool pair_configurations = true;
  std::string name_contains;
  Question::Bad bad = Question::Bad::Unexpected;
  Time now{};

  std::uint32_t new_failures = 0;  ///< at most so many
  /// Flaky tests count as new failures, too. Else those do not that were flaky on the timelines of the base
  /// with this configuration, without the candidate: of the newest `flaky_runs` runs, at least
  /// `flaky_min_runs` ran the test since its last change, and at least `flaky_results` of these were of the
  /// rarer kind (Flakiness::minority).
  bool count_flaky = false;
  std::uint32_t flaky_runs = 100, flaky_min_runs = 10, flaky_results = 2;
  /// Each must be that of a run of the candidate.
  std::vector<std::vector<FacetFilter>> configurations;
  bool allow_incomplete = false;                      ///< runs that are running or incomplete
  std::uint32_t lost_tests = 0;                       ///< at most so many
  std::optional<std::uint32_t> missing_tests;         ///< at most so many of the base's; nothing: any number
  std::optional<std::chrono::microseconds> duration;  ///< of each run, at most
  /// Must hold for no test, of the candidate's runs. Verdicts are such of these runs alone.
  std::optional<aggregate::Query> forbidden;
  std::chrono::seconds stale_after{12 * 3600};  ///< for the query
  std::uint32_t limit = 100;                    ///< items of each list; 0: all
};

struct GateRule {
  enum class Kind : std::uint8_t {
    Runs,            ///< candidate and base have runs, and none of the candidate's is excluded (ExcludedRun)
    NewFailures,     ///< bad in the candidate, not in the base (Difference::NewFailure, or new and bad)
    Configurations,  ///< those required were run
    Complete,
    Lost,
    Missing,  ///< tests that the base ran and the candidate did not
    Duration,
    Forbidden
  } kind = Kind::Runs;
  enum class State : std::uint8_t {
    Met,
    Broken,
    Unknown  ///< there is nothing to tell it from: not run, not told. Never a pass
  } state = State::Unknown;
  std::string explanation;         ///< our own words and numbers: a sentence without full stop
  std::vector<std::string> items;  ///< names of tests, runs or configurations that break it; foreign text
  std::uint64_t total = 0;         ///< without the limit
};
inline constexpr std::size_t kGateRules = 8;
std::string_view to_string(GateRule::Kind kind) noexcept;    ///< `new_failures`
std::string_view to_string(GateRule::State state) noexcept;  ///< `met`, `broken`, `unknown`

struct GateFailure {
  std::string test;
  Configuration configuration;  ///< empty if they are not paired
  std::optional<Outcome> base, candidate;
  Proportion base_rate, candidate_rate;  ///< bad runs
  std::optional<Proportion> flaky;       ///< Flakiness::minority of a flaky test, which does not count
};

struct GateAnswer {
  bool open = false;            ///< all rules are met
  std::vector<GateRule> rules;  ///< those asked for, by kind
  /// Those that count first, then by (test, configuration).
  std::vector<GateFailure> new_failures;
  std::uint64_t counted = 0, flaky = 0;  ///< of `new_failures`, without the limit
  std::uint64_t fixed = 0, still_failing = 0;
  std::vector<RunInfoPtr> base, candidate;  ///< runs that count
  Basis basis;                              ///< of both
};

/// What a pull request is told. Foreign texts stand in code spans with control characters replaced, so they
/// can be neither Markdown nor HTML, nor mention anybody. At most about `most_bytes`, which is at least
/// 4,000; lists end in "and N more".
struct GateMarkdown {
  std::size_t most_items = 20;  ///< of a list
  std::size_t most_bytes = 60'000;
};
std::string to_markdown(const GateAnswer& answer, const GateMarkdown& options = {});

/// Any text as a code span of Markdown, cut to `most_bytes`.
std::string markdown_code(std::string_view text, std::size_t most_bytes = 200);

}  // namespace resultsdb
