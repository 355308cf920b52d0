#include "resultsdb/aggregate/expectations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "resultsdb/aggregate/statistics.hpp"

namespace resultsdb::aggregate {
namespace {

using Texts = std::vector<std::string>;
using Lines = std::vector<ExpectationLine>;

Observed on(std::string platform, std::string style,
            std::map<std::string, std::uint64_t, std::less<>> counts) {
  return {Configuration::Facets{{"platform", std::move(platform)}, {"style", std::move(style)}},
          std::move(counts)};
}

/// mac-debug, mac-release, ios-debug, ios-release: `F` fails, anything else passes.
Texts suggested(std::string_view failing) {
  std::vector<Observed> observed;
  for (std::size_t i = 0; i < 4; ++i) {
    observed.push_back(on(i < 2 ? "mac" : "ios", i % 2 == 0 ? "debug" : "release",
                          {{failing[i] == 'F' ? "FAIL" : "PASS", 30}}));
  }
  Texts texts;
  for (const ExpectationLine& line : suggest_expectations(observed))
    texts.push_back(expectation_text(line, "a.html"));
  std::sort(texts.begin(), texts.end());
  return texts;
}

TEST(Expectations, FewestLines) {
  EXPECT_EQ(suggested("FFPP"), Texts{"[ Mac ] a.html [ Failure ]"});
  EXPECT_EQ(suggested("FPFP"), Texts{"[ Debug ] a.html [ Failure ]"});
  EXPECT_EQ(suggested("FPPP"), Texts{"[ Mac Debug ] a.html [ Failure ]"});
  EXPECT_EQ(suggested("FFFP"), (Texts{"[ Debug ] a.html [ Failure ]", "[ Mac ] a.html [ Failure ]"}));
  EXPECT_EQ(suggested("FFFF"), Texts{"a.html [ Failure ]"});
  EXPECT_EQ(suggested("PPPP"), Texts{});
}

TEST(Expectations, RareWordsAndUnobservedConfigurationsDoNotCount) {
  EXPECT_TRUE(suggest_expectations({}).empty());
  EXPECT_TRUE(suggest_expectations(std::array{on("mac", "debug", {{"PASS", 199}, {"CRASH", 1}})}).empty());
  EXPECT_TRUE(suggest_expectations(std::array{on("mac", "debug", {{"FAIL", 0}})}).empty());
  const std::array flaky{on("mac", "debug", {{"PASS", 20}, {"CRASH", 9}}), on("ios", "debug", {{"PASS", 5}})};
  EXPECT_EQ(suggest_expectations(flaky), (Lines{{{{"platform", "mac"}}, {"PASS", "CRASH"}}}));
}

TEST(Expectations, AbsentFacets) {
  const std::array observed{Observed{Configuration::Facets{{"platform", "mac"}}, {{"FAIL", 30}}},
                            on("mac", "debug", {{"PASS", 30}}), on("mac", "", {{"FAIL", 3}})};
  const Lines lines = suggest_expectations(observed);
  EXPECT_EQ(lines, (Lines{{{{"style", ""}}, {"FAIL"}}}));
  EXPECT_EQ(expectation_text(lines[0], "a"), "[ No-style ] a [ Failure ]");
}

TEST(Expectations, ManyFacetsAndConfigurationsStayBounded) {
  std::mt19937 random(4);
  std::vector<Observed> observed;
  for (int i = 0; i < 60; ++i) {
    Configuration::Facets facets;
    for (int f = 0; f < 20; ++f) facets["facet" + std::to_string(f)] = std::to_string(random() % 3);
    observed.push_back({facets, {{random() % 2 == 0 ? "PASS" : "FAIL", 30}}});
  }
  const Lines lines = suggest_expectations(observed);
  for (const Observed& one : observed) {
    const bool covered = std::any_of(lines.begin(), lines.end(),
                                     [&](const auto& line) { return line.covers(one.configuration); });
    EXPECT_EQ(covered, one.counts.contains("FAIL"));
  }
}

/// Least number of conjunctions over three facets of two values that cover exactly the rows of `failing`.
std::size_t fewest_lines(unsigned failing) {
  std::vector<unsigned> covers;  // of each conjunction, the rows
  for (unsigned care = 0; care < 8; ++care) {
    for (unsigned value = care;; value = (value - 1) & care) {
      unsigned rows = 0;
      for (unsigned row = 0; row < 8; ++row) rows |= (row & care) == value ? 1U << row : 0;
      if ((rows & ~failing) == 0) covers.push_back(rows);
      if (value == 0) break;
    }
  }
  std::vector<std::size_t> least(256, 99);
  least[0] = 0;
  for (unsigned rows = 0; rows < 256; ++rows) {
    for (const unsigned cover : covers) least[rows | cover] = std::min(least[rows | cover], least[rows] + 1);
  }
  return least[failing];
}

TEST(Expectations, EqualBruteForceOnEveryTableOfThreeFacets) {
  std::mt19937 random(6);
  for (unsigned failing = 0; failing < 256; ++failing) {
    std::vector<Observed> observed;
    for (unsigned row = 0; row < 8; ++row) {
      observed.push_back(
          {Configuration::Facets{
               {"a", row & 1 ? "1" : "0"}, {"b", row & 2 ? "1" : "0"}, {"c", row & 4 ? "1" : "0"}},
           {{failing >> row & 1 ? "FAIL" : "PASS", 30}}});
    }
    const Lines lines = suggest_expectations(observed);
    EXPECT_EQ(lines.size(), fewest_lines(failing)) << failing;
    for (const Observed& one : observed) {
      const auto covers = [&](const auto& line) { return line.covers(one.configuration); };
      EXPECT_EQ(std::any_of(lines.begin(), lines.end(), covers), one.counts.contains("FAIL"));
    }
    std::shuffle(observed.begin(), observed.end(), random);
    EXPECT_EQ(suggest_expectations(observed), lines);
  }
}

TEST(Expectations, Advice) {
  const ExpectationLine mac{{{"platform", "mac"}}, {"PASS", "FAIL"}};
  const auto advice = [&](std::map<std::string, std::uint64_t, std::less<>> counts) {
    return advise(mac, std::array{on("mac", "debug", std::move(counts)), on("ios", "debug", {{"CRASH", 5}})});
  };
  EXPECT_EQ(advice({}), Advice::Unused);
  EXPECT_EQ(advise(mac, {}), Advice::Unused);
  EXPECT_EQ(advice({{"PASS", 72}}), Advice::Keep);
  EXPECT_EQ(advice({{"PASS", 73}}), Advice::Stale);
  EXPECT_EQ(advice({{"PASS", 500}, {"FAIL", 1}}), Advice::Keep);
  EXPECT_EQ(advice({{"FAIL", 72}}), Advice::Keep);
  EXPECT_EQ(advice({{"FAIL", 73}}), Advice::Tighten);
  EXPECT_EQ(advise({{}, {"FAIL"}}, std::array{on("mac", "debug", {{"FAIL", 99}})}), Advice::Keep);
  // each covered configuration needs its own runs
  EXPECT_EQ(advise(mac, std::array{on("mac", "debug", {{"PASS", 73}}), on("mac", "release", {{"PASS", 19}})}),
            Advice::Tighten);
  EXPECT_LT(wilson(0, kEnoughRuns).high, 0.05);
  EXPECT_GE(wilson(0, kEnoughRuns - 1).high, 0.05);
}

TEST(Expectations, Text) {
  const ExpectationLine line{{{"platform", "mac"}, {"style", "debug"}, {"zone", "x"}},
                             {"PASS", "FAIL", "TEXT", "IMAGE", "TIMEOUT", "CRASH"}};
  EXPECT_EQ(expectation_text(line, "fast/a.html", std::array<std::string, 2>{"style", "platform"}),
            "[ Debug Mac X ] fast/a.html [ Pass Failure ImageOnlyFailure Timeout Crash ]");
}

}  // namespace
}  // namespace resultsdb::aggregate
