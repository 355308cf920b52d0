// Which expectations a test should have: the fewest lines that say what was observed, and which lines have
// had their day. Pure functions, safe for concurrent calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/configuration.hpp"

namespace resultsdb::aggregate {

/// How often each word of an outcome (`PASS`, `TEXT`, …) came out on a configuration, over the newest runs of
/// the test's current segment; at least 20 of them make a sound suggestion.
struct Observed {
  Configuration configuration;
  std::map<std::string, std::uint64_t, std::less<>> counts;
  std::uint64_t runs = 0, failing = 0;  ///< for people; of no influence
  bool operator==(const Observed&) const = default;
};

/// Where all facets have these values (an empty text: the facet is absent), one of `words` is expected.
struct ExpectationLine {
  Configuration::Facets where;
  std::vector<std::string> words;  ///< least severe first
  bool covers(const Configuration& configuration) const;
  bool operator==(const ExpectationLine&) const = default;
};

/// The fewest lines, then those with the fewest facets, then those that claim the least about configurations
/// nobody observed. On every observed configuration the lines that cover it expect exactly the words that
/// came out in at least 1 % of its runs; where only PASS did, none covers it. Configurations with equal
/// facets are one. Two-level minimisation as Quine and McCluskey's, with facets of many values: prime
/// conjunctions, greedy weighted set cover, then an exact search when that needs at most six lines. The same
/// for any order of input.
std::vector<ExpectationLine> suggest_expectations(std::span<const Observed> observed);

enum class Advice : std::uint8_t {
  Keep,
  Unused,   ///< covers nothing that was observed
  Stale,    ///< passes everywhere it covers, and the fail rate is below 5 % with 97.5 % confidence
  Tighten,  ///< expects several words, and one alone came out in kEnoughRuns runs or more
};
/// Runs without a single failure for which Wilson's upper bound of the fail rate is below 5 %.
inline constexpr std::uint64_t kEnoughRuns = 73;
/// `least_runs`: of each covered configuration, before a line is stale.
Advice advise(const ExpectationLine& line, std::span<const Observed> observed, std::uint64_t least_runs = 20);

/// `[ Mac Debug ] fast/a.html [ Failure ]`, in the manner of WebKit's TestExpectations: values in the order
/// of `facet_order`, then by name; an absent facet is `No-` and its name.
std::string expectation_text(const ExpectationLine& line, std::string_view test,
                             std::span<const std::string> facet_order = {});

}  // namespace resultsdb::aggregate
