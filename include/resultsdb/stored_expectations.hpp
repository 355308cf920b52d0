// What people expect of tests, kept in the store: where, since and until when, whose, and why. Runs bring
// their own expectations along; these say what runs should have expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/aggregate/expectations.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

struct StoredExpectation {
  std::string id;  ///< `x_…`, of test, where and from: given by the store
  std::string test;
  /// Configurations that all of these match; empty: all. At most one filter for a facet and sign.
  std::vector<FacetFilter> where;
  /// Any of these is expected: 1 to 16 words of at most 64 bytes without blanks. Kept least severe first.
  std::vector<std::string> words;
  std::optional<Position> from, to;  ///< of commits, both included
  std::string owner, bug;            ///< at most 1,024 bytes each
  std::optional<Time> expires;       ///< not in force from then on
  std::uint64_t version = 0;         ///< given by the store: 1, then 2, 3, … with each put

  bool covers(const Configuration& configuration) const;
  bool covers(Position position) const { return (!from || *from <= position) && (!to || position <= *to); }
  bool expired(Time now) const { return expires && *expires <= now; }
  bool operator==(const StoredExpectation&) const = default;
};

/// In canonical form and with its id, as it would be stored. InvalidArgument names the member.
Result<StoredExpectation> checked_expectation(StoredExpectation expectation);

/// All conditions hold together.
struct ExpectationsQuery {
  std::string suite;
  std::string test;                            ///< in full; empty: all
  std::optional<Position> position;            ///< those in force at this commit
  std::optional<Configuration> configuration;  ///< those that cover it
  std::optional<Time> now;                     ///< those that have not expired
};

/// Of the runs that count, those up to RunRange::to_position. `bad` is not asked for: what is unexpected
/// matters.
struct ExpectationReviewQuery : Question {
  std::uint32_t least_runs = 20;  ///< of the newest segment, before something is said of it
  std::uint32_t limit = 100;      ///< suggestions; 0: all
};
struct ExpectationReview {
  struct Stale {
    StoredExpectation expectation;
    enum class Why : std::uint8_t {
      Expired,  ///< it is past its time
      Unused,   ///< covers nothing that was run
      Passes,   ///< aggregate::Advice::Stale
      Tighten   ///< aggregate::Advice::Tighten
    } why = Why::Unused;
    std::vector<aggregate::Observed> observed;  ///< where it applies
  };
  struct Suggestion {
    std::string test;
    std::vector<aggregate::ExpectationLine> lines;  ///< see aggregate::suggest_expectations()
    std::vector<aggregate::Observed> observed;      ///< by configuration
    std::vector<StoredExpectation> present;         ///< in force
  };
  /// A test that its runs expect something of, whatever is stored.
  struct Own {
    enum class Kind : std::uint8_t {
      /// A failure is expected, but on these configurations nothing failed in the newest runs: `least_runs`
      /// or more on each and aggregate::kEnoughRuns or more together.
      NeverFailing,
      Skipped  ///< where its newest result is that it was skipped
    } kind = Kind::Skipped;
    std::string test;
    struct Place {
      Configuration configuration;
      std::vector<std::string> expected;  ///< words, by the newest run
      std::uint64_t runs = 0;             ///< up to the newest one of which this holds
    };
    std::vector<Place> places;  ///< by configuration; branches are added up
  };
  Position position = 0;  ///< as of this: the newest run's, or RunRange::to_position
  std::vector<Stale> stale;
  /// Tests with results in their newest segment on some timeline that neither the runs nor a stored
  /// expectation expected, in at least 1 % of the segment's runs; by name.
  std::vector<Suggestion> suggestions;
  std::uint64_t total = 0;  ///< suggestions, without the limit
  std::vector<Own> own;     ///< by (kind, test), without limit
  Basis basis;
};
std::string_view to_string(ExpectationReview::Stale::Why why) noexcept;
std::string_view to_string(ExpectationReview::Own::Kind kind) noexcept;  ///< `never_failing`

/// The collection of Model's documents in which the expectations of a suite are.
std::string expectations_collection(std::string_view suite);

}  // namespace resultsdb
