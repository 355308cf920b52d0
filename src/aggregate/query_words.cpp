#include "aggregate/query_words.hpp"

#include <algorithm>
#include <charconv>

namespace resultsdb::aggregate::words {
namespace {

using ast::Expression;
using ast::Group;

bool only_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<ast::Selector::Kind> find_outcome(std::string_view word) {
  for (const auto& entry : kOutcomes)
    if (entry.word == word || entry.state == word) return entry.value;
  return std::nullopt;
}

std::string_view state_of(ast::Selector::Kind kind) {
  for (const auto& entry : kOutcomes)
    if (entry.value == kind) return entry.state;
  return {};
}

std::optional<Expression> find_state(std::string_view word) {
  if (const auto kind = find_outcome(word)) return Expression{ast::Newest{{*kind, {}}}};
  if (const auto verdict = find(kVerdicts, word)) return Expression{ast::HasVerdict{*verdict}};
  if (const auto coverage = find(kCoverages, word)) return Expression{ast::Coverage{*coverage}};
  return std::nullopt;
}

std::string_view state_word(const Expression& expression) {
  if (const auto* newest = std::get_if<ast::Newest>(&expression.node)) return state_of(newest->is.kind);
  if (const auto* verdict = std::get_if<ast::HasVerdict>(&expression.node))
    return word_of(kVerdicts, verdict->verdict);
  if (const auto* coverage = std::get_if<ast::Coverage>(&expression.node))
    return word_of(kCoverages, coverage->kind);
  return {};
}

bool is_shouted(std::string_view word) {
  const auto within = [](char c, char first, char last) { return c >= first && c <= last; };
  return !word.empty() && within(word.front(), 'A', 'Z') &&
         std::none_of(word.begin(), word.end(), [&](char c) { return within(c, 'a', 'z'); });
}

bool is_outcome_word(std::string_view word) {
  return !word.empty() && word.find(' ') == std::string_view::npos;
}

std::optional<std::uint64_t> parse_count(std::string_view digits) {
  std::uint64_t value = 0;
  if (!only_digits(digits)) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || value > kLargestCount) return std::nullopt;
  return value;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = parse_count(text.substr(0, point));
  if (!whole) return std::nullopt;
  if (point == text.size()) return Decimal{*whole, 0};
  std::string fraction(text.substr(point + 1));
  if (fraction.empty() || fraction.size() > 6) return std::nullopt;
  fraction.resize(6, '0');
  const auto millionths = parse_count(fraction);
  if (!millionths) return std::nullopt;
  return Decimal{*whole, static_cast<std::uint32_t>(*millionths)};
}

std::optional<std::uint32_t> parse_rate(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  const auto number = parse_decimal(text);
  const std::uint64_t whole = percent ? 100 : 1;
  if (!number || number->whole > whole) return std::nullopt;
  const std::uint64_t scaled = number->whole * kMillion + number->millionths;
  if (scaled > whole * kMillion || scaled % whole != 0) return std::nullopt;
  return static_cast<std::uint32_t>(scaled / whole);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  const std::size_t size = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto unit = find(kUnits, text.substr(size));
  const auto number = parse_decimal(text.substr(0, size));
  if (!unit || !number || number->whole > kLargestCount / static_cast<std::uint64_t>(*unit))
    return std::nullopt;
  const std::int64_t part = number->millionths * *unit;
  const std::int64_t value = static_cast<std::int64_t>(number->whole) * *unit + part / kMillion;
  if (part % kMillion != 0 || value > static_cast<std::int64_t>(kLargestCount)) return std::nullopt;
  return value;
}

std::string rate_text(std::uint32_t millionths) {
  std::string text = std::to_string(millionths / kMillion);
  if (millionths % kMillion == 0) return text;
  const std::string fraction = std::to_string(kMillion + millionths % kMillion);
  text += '.' + fraction.substr(1);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

std::string duration_text(std::int64_t value_us) {
  for (const auto& [unit, word] : kUnits)
    if (value_us != 0 && value_us % unit == 0) return std::to_string(value_us / unit) + std::string(word);
  return "0s";
}

void add_filter(std::vector<FacetFilter>& where, const FacetFilter& one) {
  const auto same = std::find_if(where.begin(), where.end(), [&](const FacetFilter& filter) {
    return filter.facet == one.facet && filter.negated == one.negated;
  });
  if (same == where.end()) return where.push_back(one);
  same->values.insert(same->values.end(), one.values.begin(), one.values.end());
}

std::size_t count_terms(const Expression& expression) {
  std::size_t terms = 1;
  const auto add = [&](const std::vector<Expression>& parts) {
    for (const Expression& part : parts) terms += count_terms(part);
  };
  if (const auto* group = std::get_if<Group>(&expression.node)) {
    terms = 0;
    add(group->of);
  } else if (const auto* quantified = std::get_if<ast::Quantified>(&expression.node)) {
    for (const FacetFilter& filter : quantified->where) terms += filter.values.size();
    add(quantified->of);
  } else if (const auto* sequence = std::get_if<ast::Sequence>(&expression.node)) {
    terms += sequence->steps.size();
  }
  return terms;
}

bool needs_parentheses(Group::Kind outer, const Expression& inner) {
  const auto* group = std::get_if<Group>(&inner.node);
  if (group == nullptr || group->kind == Group::Kind::Not) return false;
  return outer != Group::Kind::Or || group->kind == Group::Kind::Or;
}

std::size_t depth_of(const Expression& expression) {
  std::size_t depth = 0;
  if (const auto* group = std::get_if<Group>(&expression.node)) {
    for (const Expression& part : group->of)
      depth = std::max(depth, depth_of(part) + (needs_parentheses(group->kind, part) ? 1 : 0));
    if (group->kind == Group::Kind::Not) ++depth;
  } else if (const auto* quantified = std::get_if<ast::Quantified>(&expression.node)) {
    for (const Expression& part : quantified->of) depth = std::max(depth, depth_of(part) + 1);
  }
  return depth;
}

}  // namespace resultsdb::aggregate::words
