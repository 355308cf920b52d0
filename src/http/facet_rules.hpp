// Which facets tell the configurations where something happens from the others.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "json_writer.hpp"
#include "resultsdb/configuration.hpp"

namespace resultsdb::http {

/// Facets and the values that they may have; an empty value: the facet is absent. Without facets:
/// everywhere.
struct FacetRule {
  std::map<std::string, std::set<std::string>> where;
  bool exact = false;  ///< no other configuration fits

  bool matches(const Configuration& configuration) const;
  void write_where(JsonWriter& json) const;
};

/// The fewest facets that hold of all of `inside` and of as few as possible of `outside`. If one rule is not
/// exact, but rules by the values of one facet are, those.
std::vector<FacetRule> find_facet_rules(const std::vector<Configuration>& inside,
                                        const std::vector<Configuration>& outside);

}  // namespace resultsdb::http
