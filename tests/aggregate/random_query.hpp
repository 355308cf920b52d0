// Random queries of every shape that the parsers can make.
#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "resultsdb/aggregate/query_language.hpp"

namespace resultsdb::aggregate {

/// The texts that random queries are made of.
struct Vocabulary {
  std::vector<std::string> names, parts, facets, values, words;
};

class RandomQuery {
 public:
  RandomQuery(std::mt19937_64& random, const Vocabulary& vocabulary) : random_(random), texts_(vocabulary) {}

  Query query() { return below(50) == 0 ? Query{} : Query{test_level(4)}; }

  std::size_t below(std::size_t end) { return random_() % end; }
  template <class T>
  const T& one_of(const std::vector<T>& items) {
    return items[below(items.size())];
  }

 private:
  template <class Enum>
  Enum any(Enum last) {
    return static_cast<Enum>(below(static_cast<std::size_t>(last) + 1));
  }

  template <class Part>
  ast::Expression group(std::size_t depth, Part part) {
    ast::Group group{any(ast::Group::Kind::Not), {}};
    const std::size_t parts = group.kind == ast::Group::Kind::Not ? 1 : 2 + below(3);
    for (std::size_t i = 0; i < parts; ++i) group.of.push_back(part(depth - 1));
    return {std::move(group)};
  }
  ast::Expression test_level(std::size_t depth) {
    if (depth > 0 && below(3) != 0)
      return group(depth, [this](std::size_t less) { return test_level(less); });
    if (below(6) == 0)
      return {ast::Name{below(2) == 0 ? one_of(texts_.names) : one_of(texts_.parts), below(2) == 0}};
    if (below(3) != 0) return {quantified()};
    return term();
  }
  ast::Expression timeline_level(std::size_t depth) {
    if (depth > 0 && below(2) == 0)
      return group(depth, [this](std::size_t less) { return timeline_level(less); });
    return term();
  }
  ast::Quantified quantified() {
    ast::Quantified quantified{any(ast::Quantified::Kind::None), {}, {timeline_level(3)}};
    for (const std::string& facet : texts_.facets) {
      for (const bool negated : {false, true}) {
        if (below(2 * texts_.facets.size()) != 0) continue;
        quantified.where.push_back({facet, {one_of(texts_.values)}, negated});
        while (below(3) == 0) quantified.where.back().values.push_back(one_of(texts_.values));
      }
    }
    return quantified;
  }

  ast::Selector selector() {
    const auto kind = any(ast::Selector::Kind::Word);
    return {kind, kind == ast::Selector::Kind::Word ? one_of(texts_.words) : std::string()};
  }
  ast::Comparison comparison() { return any(ast::Comparison::Greater); }
  std::uint32_t last() { return below(2) == 0 ? 0 : static_cast<std::uint32_t>(1 + below(12)); }

  ast::Expression term() {
    switch (below(9)) {
      case 0:
        return {ast::Newest{selector()}};
      case 1:
        return {ast::HasVerdict{any(Verdict::Healthy)}};
      case 2:
        return {ast::Coverage{any(ast::Coverage::Kind::New)}};
      case 3:
        return {ast::Count{selector(), last(), comparison(), below(6)}};
      case 4:
        return {ast::Rate{selector(), last(), comparison(),
                          static_cast<std::uint32_t>(below(2) == 0 ? below(5) * 250'000 : below(1'000'001))}};
      case 5:
        return {ast::Runs{comparison(), below(20)}};
      case 6:
        return {ast::Duration{any(ast::Duration::Measure::Max), comparison(), duration_us()}};
      default:
        return {sequence()};
    }
  }
  std::int64_t duration_us() {
    static const std::vector<std::int64_t> units{1, 1'000, 1'000'000, 60'000'000, 3'600'000'000};
    return static_cast<std::int64_t>(below(100)) * one_of(units);
  }
  ast::Sequence sequence() {
    ast::Sequence sequence;
    do {
      sequence.steps.push_back(below(4) == 0 ? ast::Sequence::Step{}
                                             : ast::Sequence::Step{selector(), below(3) == 0});
    } while (below(3) != 0 && sequence.steps.size() < kQuerySteps);
    return sequence;
  }

  std::mt19937_64& random_;
  const Vocabulary& texts_;
};

}  // namespace resultsdb::aggregate
