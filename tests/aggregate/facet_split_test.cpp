#include "resultsdb/aggregate/facet_split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "unit/seed.hpp"

namespace resultsdb::aggregate {
namespace {

using Where = std::map<std::string, std::set<std::string>>;

Configuration configuration(std::initializer_list<std::pair<const char*, const char*>> facets) {
  Configuration made;
  for (const auto& [facet, value] : facets) made.set(facet, value);
  return made;
}

Place place(const char* os, const char* style, PlaceState state) {
  return {configuration({{"os", os}, {"style", style}}), state};
}

constexpr auto kFailing = PlaceState::Failing, kPassing = PlaceState::Passing, kNotRun = PlaceState::NotRun,
               kFlaky = PlaceState::Flaky;

TEST(FacetSplit, OneFacetTellsWhereItFails) {
  const std::vector<Place> places{place("gtk", "debug", kFailing), place("gtk", "release", kFailing),
                                  place("mac", "debug", kPassing), place("mac", "release", kFlaky),
                                  place("win", "debug", kNotRun)};
  const FacetSplit split = split_by_facets(places);
  ASSERT_EQ(split.rules.size(), 1u);
  EXPECT_TRUE(split.rules[0].rule.exact);
  EXPECT_EQ(split.rules[0].rule.where, (Where{{"os", {"gtk"}}}));
  EXPECT_EQ(split.rules[0].counts.of(kFailing), 2u);
  EXPECT_EQ(split.rules[0].counts.of(kPassing), 0u);
  ASSERT_EQ(split.facets.size(), 2u);
  EXPECT_EQ(split.facets[0].name, "os");
  ASSERT_EQ(split.facets[0].values.size(), 3u);
  EXPECT_EQ(split.facets[0].values[1].value, "mac");
  EXPECT_EQ(split.facets[0].values[1].counts.of(kFlaky), 1u);
  EXPECT_EQ(split.facets[0].values[2].counts.of(kNotRun), 1u);
  EXPECT_EQ(split.facets[1].values[0].counts.of(kFailing), 1u);  // debug
}

TEST(FacetSplit, WhatDidNotRunIsNoEvidence) {
  const std::vector<Place> places{place("gtk", "debug", kFailing), place("mac", "debug", kNotRun)};
  const FacetSplit split = split_by_facets(places);
  ASSERT_EQ(split.rules.size(), 1u);
  EXPECT_EQ(split.rules[0].rule.where, Where{});  // everywhere, as far as is known
  EXPECT_TRUE(split.rules[0].rule.exact);
  EXPECT_EQ(split.rules[0].counts.of(kNotRun), 1u);
}

TEST(FacetSplit, NothingFailsNothingIsSplit) {
  const std::vector<Place> places{place("gtk", "debug", kPassing), place("mac", "debug", kFlaky)};
  EXPECT_TRUE(split_by_facets(places).rules.empty());
  EXPECT_TRUE(split_by_facets({}).rules.empty());
  EXPECT_TRUE(split_by_facets({}).facets.empty());
}

TEST(FacetSplit, AnAbsentFacetIsAValue) {
  const std::vector<Place> places{{configuration({{"os", "mac"}}), kFailing},
                                  {configuration({{"os", "mac"}, {"asan", "1"}}), kPassing}};
  const FacetSplit split = split_by_facets(places);
  ASSERT_EQ(split.rules.size(), 1u);
  EXPECT_EQ(split.rules[0].rule.where, (Where{{"asan", {""}}}));
}

/// Whatever the places: each failing one fits a rule, exact rules fit no other, and counts add up.
TEST(FacetSplit, RulesAreTrueOfRandomPlaces) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto any = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  for (int round = 0; round < 300; ++round) {
    std::map<Configuration, PlaceState> chosen;
    for (int i = any(12); i > 0; --i) {
      Configuration each;
      for (const char* const facet : {"a", "b", "c"})
        if (any(4) > 0) each.set(facet, std::to_string(any(3)));
      chosen[each] = static_cast<PlaceState>(any(kPlaceStates));
    }
    std::vector<Place> places;
    for (const auto& [each, state] : chosen) places.push_back({each, state});
    const FacetSplit split = split_by_facets(places);
    for (const FacetSplit::Rule& rule : split.rules) {
      PlaceCounts counts;
      for (const Place& each : places)
        if (rule.rule.matches(each.configuration)) ++counts.by_state[static_cast<std::size_t>(each.state)];
      EXPECT_EQ(counts, rule.counts);
      EXPECT_EQ(rule.rule.exact, counts.of(kPassing) + counts.of(kFlaky) == 0);
    }
    for (const Place& each : places)
      EXPECT_TRUE(each.state != kFailing || std::ranges::any_of(split.rules, [&](const auto& rule) {
                    return rule.rule.matches(each.configuration);
                  }));
    for (const FacetSplit::Facet& facet : split.facets) {
      std::uint64_t sum = 0;
      for (const auto& [value, counts] : facet.values)
        for (const std::uint64_t count : counts.by_state) sum += count;
      EXPECT_EQ(sum, static_cast<std::uint64_t>(std::ranges::count_if(places, [&](const Place& each) {
                  return each.configuration.get(facet.name).has_value();
                })));
    }
  }
}

}  // namespace
}  // namespace resultsdb::aggregate
