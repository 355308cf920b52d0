#include "facet_rules.hpp"

#include <algorithm>

namespace resultsdb::http {
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

}  // namespace

bool FacetRule::matches(const Configuration& configuration) const {
  return std::ranges::all_of(
      where, [&](const auto& entry) { return entry.second.contains(value_of(configuration, entry.first)); });
}

void FacetRule::write_where(JsonWriter& json) const {
  json.begin_object();
  for (const auto& [facet, values] : where) {
    json.key(facet).begin_array();
    for (const std::string& value : values) json.value(value);
    json.end_array();
  }
  json.end_object();
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

}  // namespace resultsdb::http
