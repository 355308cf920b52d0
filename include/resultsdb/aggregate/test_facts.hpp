// What is known about one test, in the form that queries are answered from: its results on several timelines
// as run lengths, and what was derived from them. Everything is borrowed from the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "resultsdb/configuration.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/outcome.hpp"

namespace resultsdb::aggregate {

/// How a test stands on a timeline: the first of these that holds.
enum class Verdict : std::uint8_t {
  Stale,      ///< its newest result is too old
  Unknown,    ///< too few results, and they differ
  Regressed,  ///< got worse within the range and still fails
  Broken,     ///< fails always since its last change
  Flaky,      ///< passes and fails since its last change
  Fixed,      ///< a fix within the newest runs
  Healthy,
};

/// What queries ask of an outcome. `word` are the words of the actual outcome (`CRASH PASS`); none: the
/// outcome is not known, and its results are of no class, so also no passes.
struct OutcomeClass {
  std::string_view word;
  bool failing = false, unexpected = false;
  Severity severity = Severity::Pass;
  bool operator==(const OutcomeClass&) const = default;
};

/// A table by OutcomeInfo::id; ids without an entry get an empty word, and ids that no dictionary can have
/// are left out. Points into `outcomes`.
std::vector<OutcomeClass> outcome_classes(std::span<const OutcomeInfo> outcomes);

/// Of results with a duration, without crashes and timeouts.
struct DurationFacts {
  std::int64_t p50_us = 0, p95_us = 0, max_us = 0;
  bool operator==(const DurationFacts&) const = default;
};

struct TimelineFacts {
  const Configuration* configuration = nullptr;  ///< never null in a call
  std::string_view branch;
  std::span<const RunLength> outcomes;    ///< newest first; an empty one: the test never ran here
  std::span<const OutcomeClass> classes;  ///< by outcome id; an id beyond it is not known
  std::optional<Verdict> verdict;
  std::optional<DurationFacts> durations;
};

struct TestFacts {
  std::string_view name;
  std::span<const TimelineFacts> timelines;
};

}  // namespace resultsdb::aggregate
