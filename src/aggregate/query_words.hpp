// The words of the query language, and what its text and its JSON form have in common.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/aggregate/query_language.hpp"

namespace resultsdb::aggregate::words {

struct OutcomeWord {
  ast::Selector::Kind value;
  std::string_view word;   ///< in count(), rate() and seq()
  std::string_view state;  ///< as a state; both words are read in both places
};
inline constexpr std::array kOutcomes = {
    OutcomeWord{ast::Selector::Kind::Pass, "pass", "passing"},
    OutcomeWord{ast::Selector::Kind::Fail, "fail", "failing"},
    OutcomeWord{ast::Selector::Kind::Skip, "skip", "skipped"},
    OutcomeWord{ast::Selector::Kind::Error, "error", "error"},
    OutcomeWord{ast::Selector::Kind::Timeout, "timeout", "timeout"},
    OutcomeWord{ast::Selector::Kind::Crash, "crash", "crash"},
    OutcomeWord{ast::Selector::Kind::Expected, "expected", "expected"},
    OutcomeWord{ast::Selector::Kind::Unexpected, "unexpected", "unexpected"},
};

template <class T>
struct Word {
  T value;
  std::string_view word;
};
inline constexpr std::array kVerdicts = {
    Word<Verdict>{Verdict::Stale, "stale"},         Word<Verdict>{Verdict::Unknown, "unknown"},
    Word<Verdict>{Verdict::Regressed, "regressed"}, Word<Verdict>{Verdict::Broken, "broken"},
    Word<Verdict>{Verdict::Flaky, "flaky"},         Word<Verdict>{Verdict::Fixed, "fixed"},
    Word<Verdict>{Verdict::Healthy, "healthy"},
};
inline constexpr std::array kCoverages = {
    Word<ast::Coverage::Kind>{ast::Coverage::Kind::Lost, "lost"},
    Word<ast::Coverage::Kind>{ast::Coverage::Kind::New, "new"},
};
inline constexpr std::array kQuantifiers = {
    Word<ast::Quantified::Kind>{ast::Quantified::Kind::Exists, "exists"},
    Word<ast::Quantified::Kind>{ast::Quantified::Kind::All, "all"},
    Word<ast::Quantified::Kind>{ast::Quantified::Kind::None, "none"},
};
inline constexpr std::array kMeasures = {
    Word<ast::Duration::Measure>{ast::Duration::Measure::P50, "p50"},
    Word<ast::Duration::Measure>{ast::Duration::Measure::P95, "p95"},
    Word<ast::Duration::Measure>{ast::Duration::Measure::Max, "max"},
};
inline constexpr std::array kComparisons = {
    // an operator stands before those that it begins with
    Word<ast::Comparison>{ast::Comparison::AtMost, "<="},
    Word<ast::Comparison>{ast::Comparison::Less, "<"},
    Word<ast::Comparison>{ast::Comparison::AtLeast, ">="},
    Word<ast::Comparison>{ast::Comparison::Greater, ">"},
    Word<ast::Comparison>{ast::Comparison::Equal, "="},
    Word<ast::Comparison>{ast::Comparison::NotEqual, "!="},
};
inline constexpr std::array kUnits = {
    // in microseconds, largest first
    Word<std::int64_t>{3'600'000'000, "h"},
    Word<std::int64_t>{60'000'000, "m"},
    Word<std::int64_t>{1'000'000, "s"},
    Word<std::int64_t>{1'000, "ms"},
    Word<std::int64_t>{1, "us"},
};

template <class Table, class T = decltype(Table{}[0].value)>
std::optional<T> find(const Table& table, std::string_view word) {
  for (const auto& entry : table)
    if (entry.word == word) return entry.value;
  return std::nullopt;
}
template <class Table, class T>
std::string_view word_of(const Table& table, T value) {
  for (const auto& entry : table)
    if (entry.value == value) return entry.word;
  return {};
}
std::optional<ast::Selector::Kind> find_outcome(std::string_view word);
std::string_view state_of(ast::Selector::Kind kind);

/// What may stand where, for messages.
inline constexpr std::string_view kResults =
    "pass, fail, skip, error, timeout, crash, expected, unexpected, or an outcome's word such as TEXT (one "
    "with "
    "small letters in quotes)";
inline constexpr std::string_view kStates =
    "passing, failing, skipped, error, timeout, crash, expected, unexpected, stale, unknown, regressed, "
    "broken, "
    "flaky, fixed, healthy, lost, new";
inline constexpr std::string_view kOperators = "one of < <= = != >= >";

/// A state that is one word: of the newest result, a verdict, lost, new.
std::optional<ast::Expression> find_state(std::string_view word);
/// Its word; empty if it is no such state.
std::string_view state_word(const ast::Expression& expression);

/// An outcome's word that needs no quotes as a result: a capital (A-Z) and no small letters, so that a slip
/// is not taken for one.
bool is_shouted(std::string_view word);
/// An outcome's word can be asked for: not empty, no blank.
bool is_outcome_word(std::string_view word);

inline constexpr std::uint64_t kLargestCount = 1'000'000'000'000'000;  // counts and microseconds
inline constexpr std::uint32_t kMillion = 1'000'000;

std::optional<std::uint64_t> parse_count(std::string_view digits);  ///< at most kLargestCount
/// A decimal number of at most six digits after the point.
struct Decimal {
  std::uint64_t whole = 0;
  std::uint32_t millionths = 0;
};
std::optional<Decimal> parse_decimal(std::string_view text);
std::optional<std::uint32_t> parse_rate(std::string_view text);     ///< `0.05`, `5%` in millionths
std::optional<std::int64_t> parse_duration(std::string_view text);  ///< `1.5s` in microseconds
std::string rate_text(std::uint32_t millionths);
std::string duration_text(std::int64_t value_us);

/// Adds to a filter of the same facet and sign, else a new one, as parse_facet_filters() does.
void add_filter(std::vector<FacetFilter>& where, const FacetFilter& one);

/// Counts what kQueryTerms limits.
std::size_t count_terms(const ast::Expression& expression);
/// True if the text form writes parentheses around `inner` as a part of `outer`.
bool needs_parentheses(ast::Group::Kind outer, const ast::Expression& inner);
/// Parentheses, negations and quantifiers within each other in the text form.
std::size_t depth_of(const ast::Expression& expression);

}  // namespace resultsdb::aggregate::words
