// What the answer to a query depends on.
#include <algorithm>

#include "resultsdb/aggregate/query_language.hpp"

namespace resultsdb::aggregate {
namespace {

using namespace ast;

/// True if `is` holds for some term.
template <class Is>
bool any_term(const Expression& expression, Is is) {
  const auto among = [&](const std::vector<Expression>& parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](const Expression& part) { return any_term(part, is); });
  };
  if (const auto* group = std::get_if<Group>(&expression.node)) return among(group->of);
  if (const auto* quantified = std::get_if<Quantified>(&expression.node)) return among(quantified->of);
  return is(expression);
}

template <class... Terms>
bool is_one_of(const Expression& expression) {
  return (std::holds_alternative<Terms>(expression.node) || ...);
}

std::string_view common_prefix(std::string_view a, std::string_view b) {
  const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return a.substr(0, static_cast<std::size_t>(end - a.begin()));
}

/// And: the longest prefix of a part; if the parts contradict each other, no name matches anyway.
std::string_view prefix_of(const Expression& expression) {
  if (const auto* name = std::get_if<Name>(&expression.node)) {
    const std::string_view text = name->text;
    return name->part ? std::string_view() : text.substr(0, text.find('*'));
  }
  const auto* group = std::get_if<Group>(&expression.node);
  if (group == nullptr || group->kind == Group::Kind::Not || group->of.empty()) return {};
  std::string_view prefix = prefix_of(group->of.front());
  for (const Expression& part : group->of) {
    const std::string_view other = prefix_of(part);
    if (group->kind == Group::Kind::Or) {
      prefix = common_prefix(prefix, other);
    } else if (other.size() > prefix.size()) {
      prefix = other;
    }
  }
  return prefix;
}

}  // namespace

bool needs_outcomes(const Query& query) {
  return any_term(query.root, is_one_of<Newest, Coverage, Count, Rate, Runs, Sequence>);
}
bool needs_coverage(const Query& query) { return any_term(query.root, is_one_of<Coverage>); }
bool needs_names(const Query& query) { return any_term(query.root, is_one_of<Name>); }
bool needs_durations(const Query& query) { return any_term(query.root, is_one_of<Duration>); }
bool needs_verdicts(const Query& query) { return any_term(query.root, is_one_of<HasVerdict>); }
std::string name_prefix(const Query& query) { return std::string(prefix_of(query.root)); }

}  // namespace resultsdb::aggregate
