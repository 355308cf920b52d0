#include "resultsdb/aggregate/facet_split.hpp"

#include <algorithm>
#include <utility>

namespace resultsdb::aggregate {
namespace {

std::string value_of(const Configuration& configuration, const std::string& facet) {
  return std::string(configuration.get(facet).value_or(""));
}

std::set<std::string> facets_of(const std::vector<Configuration>& configurations) {
  std::set<std::string> facets;
  for (const Configuration& configuration : configurations) {
    for (const auto& [facet, value] : configuration.facets()) facets.insert(facet);
  }
  return facets;
}

std::set<std::string> values_of(const std::vector<Configuration>& configurations, const std::string& facet) {
  std::set<std::string> values;
  for (const Configuration& configuration : configurations) values.insert(value_of(configuration, facet));
  return values;
}

/// Adds the facet that rules out most of what is left, until nothing is or none helps.
FacetRule find_rule(const std::vector<Configuration>& inside, std::vector<Configuration> outside,
                    const std::set<std::string>& facets) {
  FacetRule rule;
  while (!outside.empty()) {
    std::string best;
    std::set<std::string> best_values;
    std::size_t fewest = outside.size();
    for (const std::string& facet : facets) {
      const auto values = values_of(inside, facet);
      const auto left = static_cast<std::size_t>(std::ranges::count_if(
          outside, [&](const Configuration& other) { return values.contains(value_of(other, facet)); }));
      const bool simpler = left == fewest && !best.empty() && values.size() < best_values.size();
      if (left >= fewest && !simpler) continue;
      fewest = left;
      best = facet;
      best_values = values;
    }
    if (best.empty()) return rule;
    std::erase_if(outside,
                  [&](const Configuration& other) { return !best_values.contains(value_of(other, best)); });
    rule.where.emplace(best, std::move(best_values));
  }
  rule.exact = true;
  return rule;
}

template <class Fits>
PlaceCounts count_places(std::span<const Place> places, Fits fits) {
  PlaceCounts counts;
  for (const Place& place : places)
    if (fits(place.configuration)) ++counts.by_state[static_cast<std::size_t>(place.state)];
  return counts;
}

}  // namespace

bool FacetRule::matches(const Configuration& configuration) const {
  return std::ranges::all_of(
      where, [&](const auto& entry) { return entry.second.contains(value_of(configuration, entry.first)); });
}

std::vector<FacetRule> find_facet_rules(const std::vector<Configuration>& inside,
                                        const std::vector<Configuration>& outside) {
  if (inside.empty()) return {};
  std::set<std::string> facets = facets_of(inside);
  facets.merge(facets_of(outside));
  std::vector<FacetRule> fewest{find_rule(inside, outside, facets)};
  if (fewest.front().exact) return fewest;
  for (const std::string& facet : facets) {
    std::map<std::string, std::vector<Configuration>> groups;
    for (const Configuration& configuration : inside) {
      groups[value_of(configuration, facet)].push_back(configuration);
    }
    std::vector<FacetRule> rules;
    for (const auto& [value, members] : groups) rules.push_back(find_rule(members, outside, facets));
    if (!std::ranges::all_of(rules, &FacetRule::exact)) continue;
    if (!fewest.front().exact || rules.size() < fewest.size()) fewest = std::move(rules);
  }
  return fewest;
}

std::string_view to_string(PlaceState state) noexcept {
  constexpr std::string_view kNames[kPlaceStates] = {"not_run", "passing", "flaky", "failing"};
  return kNames[static_cast<std::size_t>(state)];
}

FacetSplit split_by_facets(std::span<const Place> places) {
  std::vector<Configuration> failing, others;
  std::map<std::string, std::set<std::string>> facets;
  for (const Place& place : places) {
    if (place.state == PlaceState::Failing) failing.push_back(place.configuration);
    if (place.state == PlaceState::Passing || place.state == PlaceState::Flaky)
      others.push_back(place.configuration);
    for (const auto& [facet, value] : place.configuration.facets()) facets[facet].insert(value);
  }
  FacetSplit split;
  for (FacetRule& rule : find_facet_rules(failing, others)) {
    const PlaceCounts counts =
        count_places(places, [&](const Configuration& configuration) { return rule.matches(configuration); });
    split.rules.push_back({std::move(rule), counts});
  }
  for (const auto& [facet, values] : facets) {
    FacetSplit::Facet& shown = split.facets.emplace_back();
    shown.name = facet;
    for (const std::string& value : values)
      shown.values.push_back({value, count_places(places, [&](const Configuration& configuration) {
                                return configuration.get(facet) == std::string_view(value);
                              })});
  }
  return split;
}

}  // namespace resultsdb::aggregate
