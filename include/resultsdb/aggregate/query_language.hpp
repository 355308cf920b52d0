// The query language: which tests? One grammar as text and as JSON, parsed here for every face of resultsdb.
// docs/query-language.md is for those who write queries. Pure functions, safe for concurrent calls.
//
// clang-format off
//   query       = [ any-of ] ;                               (* an empty query: every test *)
//   any-of      = all-of { "or" all-of } ;
//   all-of      = term { [ "and" ] term } ;
//   term        = ( "not" | "!" | "-" ) term | "(" any-of ")" | test-term | state-term ;
//   test-term   = "name" ( ":" value | "~" value )           (* whole name with "*"; part of the name *)
//               | ( "exists" | "all" | "none" ) "(" { filter "," } any-of ")" ;   (* no test-term in there *)
//   filter      = [ "!" | "-" ] facet ":" [ value ] ;        (* no value: the facet is absent *)
//   state-term  = state                                      (* of the newest result, or the verdict *)
//               | "outcome" "=" value                        (* a word of the newest result *)
//               | ( "count" | "rate" ) "(" result [ "," "last" number ] ")" comparison number
//               | "runs" comparison number
//               | "seq" "(" step { "," step } ")"            (* oldest first; the last one is the newest result *)
//               | "duration" [ ".p50" | ".p95" | ".max" ] comparison number unit ;
//   state       = "passing" | "failing" | "skipped" | "error" | "timeout" | "crash" | "expected" | "unexpected"
//               | "stale" | "unknown" | "regressed" | "broken" | "flaky" | "fixed" | "healthy" | "lost" | "new" ;
//   result      = "pass" | "fail" | "skip" | "error" | "timeout" | "crash" | "expected" | "unexpected"
//               | an outcome's word: A-Z, then no small letters; else quoted ;
//   step        = "*" | result [ "+" ] ;                     (* anything, any number of times; one or more times *)
//   comparison  = "<" | "<=" | "=" | "!=" | ">=" | ">" ;     (* rates: 0.05 or 5% *)
//   unit        = "us" | "ms" | "s" | "m" | "h" ;
//   value       = characters other than blanks ( ) , " , or '"' text with \" and \\ '"' ;
// clang-format on
//
// `pass` and `passing`, `fail` and `failing`, `skip` and `skipped` mean the same in both places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "resultsdb/aggregate/test_facts.hpp"
#include "resultsdb/configuration.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::aggregate {

inline constexpr std::size_t kQueryBytes = 16u << 10;       ///< of a query's text, as written and canonical
inline constexpr std::size_t kQueryJsonBytes = 128u << 10;  ///< of its JSON form
inline constexpr std::size_t kQueryDepth = 64;  ///< parentheses, negations and quantifiers within each other
inline constexpr std::size_t kQueryTerms = 1000;  ///< terms, filters and steps
inline constexpr std::size_t kQuerySteps = 32;    ///< of one seq()
inline constexpr std::uint32_t kNewTestRuns = 10;

/// The parts of a parsed query.
namespace ast {

struct Expression;

enum class Comparison : std::uint8_t { Less, AtMost, Equal, NotEqual, AtLeast, Greater };

/// Which results.
struct Selector {
  enum class Kind : std::uint8_t { Pass, Fail, Skip, Error, Timeout, Crash, Expected, Unexpected, Word };
  Kind kind = Kind::Fail;
  std::string word;  ///< of Kind::Word: one of the actual outcome's words
  bool operator==(const Selector&) const = default;
};

struct Name {
  std::string text;
  bool part = false;  ///< somewhere in the name; else the whole name, where `*` stands for anything
  bool operator==(const Name&) const = default;
};
struct Newest {
  Selector is;
  bool operator==(const Newest&) const = default;
};
struct HasVerdict {
  Verdict verdict = Verdict::Healthy;
  bool operator==(const HasVerdict&) const = default;
};
/// Lost: the newest run that planned the test has no verdict of it. New: it has 1 to kNewTestRuns - 1 results
/// and the oldest run in sight did not run it.
struct Coverage {
  enum class Kind : std::uint8_t { Lost, New };
  Kind kind = Kind::Lost;
  bool operator==(const Coverage&) const = default;
};
struct Count {
  Selector of;
  std::uint32_t last = 0;  ///< among that many newest results; 0: all
  Comparison comparison = Comparison::AtLeast;
  std::uint64_t value = 0;
  bool operator==(const Count&) const = default;
};
struct Rate {
  Selector of;
  std::uint32_t last = 0;
  Comparison comparison = Comparison::AtLeast;
  std::uint32_t millionths = 0;
  bool operator==(const Rate&) const = default;
};
struct Runs {
  Comparison comparison = Comparison::AtLeast;
  std::uint64_t value = 0;
  bool operator==(const Runs&) const = default;
};
struct Sequence {
  struct Step {
    std::optional<Selector> of;  ///< none: anything, any number of times
    bool repeat = false;         ///< one or more
    bool operator==(const Step&) const = default;
  };
  std::vector<Step> steps;  ///< oldest first
  bool operator==(const Sequence&) const = default;
};
struct Duration {
  enum class Measure : std::uint8_t { P50, P95, Max };
  Measure measure = Measure::P50;
  Comparison comparison = Comparison::Greater;
  std::int64_t value_us = 0;
  bool operator==(const Duration&) const = default;
};
struct Quantified {
  enum class Kind : std::uint8_t { Exists, All, None };
  Kind kind = Kind::Exists;
  std::vector<FacetFilter> where;  ///< all must match; the facet `branch` is the timeline's branch
  std::vector<Expression> of;      ///< one
  bool operator==(const Quantified&) const = default;
};
struct Group {
  enum class Kind : std::uint8_t { And, Or, Not };
  Kind kind = Kind::And;
  std::vector<Expression> of;  ///< Not: one; And, Or: two or more, but the empty query is And of none
  bool operator==(const Group&) const = default;
};

struct Expression {
  std::variant<Group, Name, Quantified, Newest, HasVerdict, Coverage, Count, Rate, Runs, Sequence, Duration>
      node;
  bool operator==(const Expression&) const = default;
};

}  // namespace ast

/// A parsed query; made by the two parsers. The default one is the empty query.
struct Query {
  ast::Expression root;
  bool operator==(const Query&) const = default;
};

/// Errors are InvalidArgument; the context is `column N`, counted in characters from 1, and the message says
/// what was expected there and what was found.
Result<Query> parse_query(std::string_view text);
/// Errors are InvalidArgument; the context is the place in the JSON text, such as `$.and[0].count.op`.
Result<Query> parse_query_json(std::string_view json);

/// The canonical text: parse_query(to_text(q)) == q.
std::string to_text(const Query& query);
/// parse_query_json(to_json(q)) == q.
std::string to_json(const Query& query);

/// Whether the test is one of those asked for. A result is a run that ran the test; runs that did not cover
/// or lost it are passed over. Where there is no result, every term on results but `runs`, `count` and `lost`
/// is false: not run is never a pass, nor a failure. `all` over no timeline is false; `none` is `not exists`.
/// A term on results outside of a quantifier means that it holds on some timeline.
bool matches(const Query& query, const TestFacts& facts);

/// What the answer depends on, so that callers need not read the rest.
bool needs_outcomes(const Query& query);
bool needs_coverage(const Query& query);  ///< asks for `lost` or `new`: kLost counts
bool needs_names(const Query& query);     ///< tests with equal results may be told apart
bool needs_durations(const Query& query);
bool needs_verdicts(const Query& query);
/// The names of all tests that match begin with it; empty if that is not known.
std::string name_prefix(const Query& query);

}  // namespace resultsdb::aggregate
