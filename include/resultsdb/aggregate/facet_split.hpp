// Which facets tell the configurations where something happens from the others. Pure functions, safe for
// concurrent calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/configuration.hpp"

namespace resultsdb::aggregate {

/// Facets and the values that they may have; an empty value: the facet is absent. Without facets:
/// everywhere.
struct FacetRule {
  std::map<std::string, std::set<std::string>> where;
  bool exact = false;  ///< no other configuration fits

  bool matches(const Configuration& configuration) const;
  bool operator==(const FacetRule&) const = default;
};

/// The fewest facets that hold of all of `inside` and of as few as possible of `outside`. If one rule is not
/// exact, but rules by the values of one facet are, those.
std::vector<FacetRule> find_facet_rules(const std::vector<Configuration>& inside,
                                        const std::vector<Configuration>& outside);

/// How a test stands on one configuration. Of several branches the last of these counts.
enum class PlaceState : std::uint8_t { NotRun, Passing, Flaky, Failing };
inline constexpr std::size_t kPlaceStates = 4;
std::string_view to_string(PlaceState state) noexcept;  ///< `not_run`, `passing`, `flaky`, `failing`
struct Place {
  Configuration configuration;
  PlaceState state = PlaceState::NotRun;
  bool operator==(const Place&) const = default;
};
/// How many places are in each state.
struct PlaceCounts {
  std::uint64_t by_state[kPlaceStates] = {};
  std::uint64_t of(PlaceState state) const { return by_state[static_cast<std::size_t>(state)]; }
  bool operator==(const PlaceCounts&) const = default;
};

struct FacetSplit {
  struct Rule {
    FacetRule rule;
    PlaceCounts counts;  ///< of the places it matches
  };
  struct Value {
    std::string value;
    PlaceCounts counts;
  };
  struct Facet {
    std::string name;
    std::vector<Value> values;  ///< in byte order
  };
  /// Of the failing places against those that pass or are flaky: where it was not run it may fail as well.
  std::vector<Rule> rules;
  std::vector<Facet> facets;  ///< by name
};
FacetSplit split_by_facets(std::span<const Place> places);

}  // namespace resultsdb::aggregate
