// parse_query(): recursive descent over the grammar of query_language.hpp, one function per rule.
#include <span>
#include <utility>

#include "aggregate/query_scanner.hpp"
#include "aggregate/query_words.hpp"
#include "domain/utf8.hpp"
#include "resultsdb/aggregate/query_language.hpp"

namespace resultsdb::aggregate {
namespace {

using namespace ast;

class Parser {
 public:
  explicit Parser(std::string_view text) : scan_(text) {}
  Result<Query> parse();

 private:
  enum class Level { Test, Timeline };  // Timeline: within a quantifier

  Result<Expression> any_of(Level level);
  Result<Expression> all_of(Level level);
  Result<Expression> term(Level level);
  Result<Expression> negation(Level level);
  Result<Expression> parentheses(Level level);
  Result<Expression> leaf(Level level);
  Result<Expression> name();
  Result<Expression> quantified(Quantified::Kind kind);
  Result<std::optional<FacetFilter>> filter();
  Result<Expression> outcome();
  template <class Measured>
  Result<Expression> measured();
  Result<Expression> runs();
  Result<Expression> sequence();
  Result<Sequence::Step> step();
  Result<Expression> duration(Duration::Measure measure);

  Result<Selector> selector(bool in_step, std::string_view expected);
  Result<std::uint32_t> last();
  Result<Comparison> comparison();
  Status expect(std::string_view text, std::string_view expected);
  Status enter();
  Status count_term(std::size_t place);
  /// The next word as a number, read by `read`.
  template <class Read>
  auto number(Read read, std::string_view expected) -> Result<typename decltype(read({}))::value_type>;

  Scanner scan_;
  std::size_t depth_ = 0, terms_ = 0;
};

std::string expected_term(bool timeline) {
  std::string text = "a term: ";
  if (!timeline) text += "name:GLOB, name~TEXT, exists(...), all(...), none(...), ";
  text += "count(...), rate(...), runs, seq(...), duration, outcome, not, \"(\", or a state (";
  return text.append(words::kStates) + ")";
}

Status Parser::expect(std::string_view text, std::string_view expected) {
  scan_.skip_blanks();
  if (scan_.take(text)) return {};
  return scan_.error(scan_.place(), expected);
}

Status Parser::enter() {
  if (++depth_ <= kQueryDepth) return {};
  return scan_.error_saying(scan_.place(), "more than " + std::to_string(kQueryDepth) +
                                               " parentheses, negations and quantifiers within each other");
}

Status Parser::count_term(std::size_t place) {
  if (++terms_ <= kQueryTerms) return {};
  return scan_.error_saying(place, "more than " + std::to_string(kQueryTerms) + " terms, filters and steps");
}

Result<Query> Parser::parse() {
  scan_.skip_blanks();
  if (scan_.at_end()) return Query{};
  RESULTSDB_ASSIGN(Expression root, any_of(Level::Test));
  if (!scan_.at_end()) return scan_.error(scan_.place(), "a term, and, or, or the end");
  Query query{std::move(root)};
  if (to_text(query).size() > kQueryBytes)
    return scan_.error_saying(
        0, "the query with every \"and\" is longer than " + std::to_string(kQueryBytes) + " bytes");
  return query;
}

Expression grouped(Group::Kind kind, std::vector<Expression> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  return Expression{Group{kind, std::move(parts)}};
}

Result<Expression> Parser::any_of(Level level) {
  std::vector<Expression> parts;
  do {
    RESULTSDB_ASSIGN(Expression part, all_of(level));
    parts.push_back(std::move(part));
    scan_.skip_blanks();
  } while (scan_.peek_word() == "or" && scan_.take("or"));
  return grouped(Group::Kind::Or, std::move(parts));
}

Result<Expression> Parser::all_of(Level level) {
  std::vector<Expression> parts;
  while (true) {
    RESULTSDB_ASSIGN(Expression part, term(level));
    parts.push_back(std::move(part));
    scan_.skip_blanks();
    if (scan_.peek_word() == "and") {
      scan_.take("and");
    } else if (scan_.at_end() || scan_.peek() == ')' || scan_.peek() == ',' || scan_.peek_word() == "or") {
      return grouped(Group::Kind::And, std::move(parts));
    }
  }
}

Result<Expression> Parser::term(Level level) {
  scan_.skip_blanks();
  if (scan_.take("(")) return parentheses(level);
  if (scan_.take("!") || scan_.take("-")) return negation(level);
  if (scan_.peek_word() == "not" && scan_.take("not")) return negation(level);
  return leaf(level);
}

Result<Expression> Parser::negation(Level level) {
  RESULTSDB_TRY(enter());
  RESULTSDB_ASSIGN(Expression part, term(level));
  --depth_;
  return Expression{Group{Group::Kind::Not, {std::move(part)}}};
}

Result<Expression> Parser::parentheses(Level level) {
  RESULTSDB_TRY(enter());
  RESULTSDB_ASSIGN(Expression inside, any_of(level));
  RESULTSDB_TRY(expect(")", "a term, and, or, or \")\""));
  --depth_;
  return inside;
}

Result<Expression> Parser::leaf(Level level) {
  const std::size_t place = scan_.place();
  RESULTSDB_TRY(count_term(place));
  const std::string_view word = scan_.take_word();
  const auto quantifier = words::find(words::kQuantifiers, word);
  if (level == Level::Timeline &&
      (quantifier || (word == "name" && (scan_.peek() == ':' || scan_.peek() == '~'))))
    return scan_.error_saying(
        place, std::string(word) + " is about the whole test; write it outside of exists, all and none");
  if (word == "name") return name();
  if (!word.empty() && scan_.peek() == ':') {
    const std::string given(word);
    return scan_.error_saying(place,
                              level == Level::Timeline
                                  ? "filters stand before the condition: exists(" + given + ":..., failing)"
                                  : "a facet stands in a quantifier: exists(" + given + ":..., failing)");
  }
  if (quantifier) return quantified(*quantifier);
  if (word == "outcome") return outcome();
  if (word == "count") return measured<Count>();
  if (word == "rate") return measured<Rate>();
  if (word == "runs") return runs();
  if (word == "seq") return sequence();
  if (word == "duration") return duration(Duration::Measure::P50);
  if (word.starts_with("duration.")) {
    const auto measure = words::find(words::kMeasures, word.substr(std::string_view("duration.").size()));
    if (measure) return duration(*measure);
    return scan_.error(place, "duration, duration.p50, duration.p95 or duration.max");
  }
  if (auto state = words::find_state(word)) return *std::move(state);
  return scan_.error(place, expected_term(level == Level::Timeline));
}

Result<Expression> Parser::name() {
  const bool part = scan_.peek() == '~';
  if (!scan_.take(part ? "~" : ":"))
    return scan_.error(scan_.place(), "\":\" and a name (with * for anything) or \"~\" and a part of one");
  const std::size_t place = scan_.place();
  RESULTSDB_ASSIGN(std::string text, scan_.take_value());
  if (text.empty()) return scan_.error(place, part ? "a part of a name" : "a name, with * for anything");
  return Expression{Name{std::move(text), part}};
}

/// A filter if one comes next, else nothing is read.
Result<std::optional<FacetFilter>> Parser::filter() {
  scan_.skip_blanks();
  const std::size_t place = scan_.place();
  const bool negated = scan_.take("!") || scan_.take("-");
  RESULTSDB_ASSIGN(std::string facet, scan_.take_quoted_or_word());
  if (facet.empty() || !scan_.take(":")) {
    scan_.go_back(place);
    return std::optional<FacetFilter>();
  }
  if (facet.find(':') != std::string::npos || facet.front() == '!')
    return scan_.error_saying(place, "the name of a facet cannot hold a colon or begin with !");
  RESULTSDB_ASSIGN(std::string value, scan_.take_value());
  RESULTSDB_TRY(count_term(place));
  const std::string text = (negated ? "!" : "") + facet + ':' + value;  // as in JSON, so checked alike
  auto parsed = parse_facet_filters(std::span(&text, 1));
  if (!parsed) return scan_.error_saying(place, parsed.error().message);
  RESULTSDB_TRY(expect(",", "\",\" and what must hold there, such as \", failing\""));
  return std::optional(std::move(parsed->front()));
}

Result<Expression> Parser::quantified(Quantified::Kind kind) {
  RESULTSDB_TRY(enter());
  RESULTSDB_TRY(expect("(", "\"(\" with filters and a condition, such as (platform:gtk, failing)"));
  Quantified found{kind, {}, {}};
  while (true) {
    RESULTSDB_ASSIGN(const std::optional<FacetFilter> one, filter());
    if (!one) break;
    words::add_filter(found.where, *one);
  }
  RESULTSDB_ASSIGN(Expression of, any_of(Level::Timeline));
  found.of.push_back(std::move(of));
  RESULTSDB_TRY(expect(")", "a term, and, or, or \")\""));
  --depth_;
  return Expression{std::move(found)};
}

Result<Expression> Parser::outcome() {
  RESULTSDB_TRY(expect("=", "\"=\" and an outcome's word, such as outcome = TIMEOUT"));
  scan_.skip_blanks();
  const std::size_t place = scan_.place();
  RESULTSDB_ASSIGN(std::string word, scan_.take_quoted_or_word());
  if (!words::is_outcome_word(word)) return scan_.error(place, "one word of an outcome, such as TIMEOUT");
  return Expression{Newest{{Selector::Kind::Word, std::move(word)}}};
}

Result<Selector> Parser::selector(bool in_step, std::string_view expected) {
  scan_.skip_blanks();
  const std::size_t place = scan_.place();
  const bool quoted = scan_.peek() == '"';
  RESULTSDB_ASSIGN(std::string word, scan_.take_quoted_or_word());
  if (!quoted && in_step && word.ends_with('+')) {
    word.pop_back();
    scan_.go_back(scan_.place() - 1);
  }
  if (!quoted)
    if (const auto kind = words::find_outcome(word)) return Selector{*kind, {}};
  if (!words::is_outcome_word(word) || (!quoted && !words::is_shouted(word)))
    return scan_.error(place, expected);
  return Selector{Selector::Kind::Word, std::move(word)};
}

Result<std::uint32_t> Parser::last() {
  scan_.skip_blanks();
  if (!scan_.take(",")) return 0U;
  scan_.skip_blanks();
  if (scan_.peek_word() != "last")
    return scan_.error(scan_.place(), "last and a number of results, such as last 20");
  scan_.take("last");
  return number(
      [](std::string_view word) -> std::optional<std::uint32_t> {
        const auto value = words::parse_count(word);
        if (!value || *value == 0 || *value > UINT32_MAX) return std::nullopt;
        return static_cast<std::uint32_t>(*value);
      },
      "a number of results from 1");
}

Result<Comparison> Parser::comparison() {
  scan_.skip_blanks();
  for (const auto& [value, word] : words::kComparisons)
    if (scan_.take(word)) return value;
  return scan_.error(scan_.place(), words::kOperators);
}

template <class Read>
auto Parser::number(Read read, std::string_view expected) -> Result<typename decltype(read({}))::value_type> {
  scan_.skip_blanks();
  const std::size_t place = scan_.place();
  if (const auto value = read(scan_.take_word())) return *value;
  return scan_.error(place, expected);
}

template <class Measured>
Result<Expression> Parser::measured() {
  constexpr bool kIsCount = std::is_same_v<Measured, Count>;
  Measured found;
  RESULTSDB_TRY(expect("(", "\"(\" and what to count, such as (fail) or (unexpected, last 20)"));
  RESULTSDB_ASSIGN(found.of, selector(false, words::kResults));
  RESULTSDB_ASSIGN(found.last, last());
  RESULTSDB_TRY(expect(")", found.last == 0 ? "\")\" or \", last\" and a number" : "\")\""));
  RESULTSDB_ASSIGN(found.comparison, comparison());
  if constexpr (kIsCount) {
    RESULTSDB_ASSIGN(found.value, number(words::parse_count, "a whole number"));
  } else {
    RESULTSDB_ASSIGN(found.millionths,
                     number(words::parse_rate, "a rate from 0 to 1, such as 0.05 or 5%, to a millionth"));
  }
  return Expression{std::move(found)};
}

Result<Expression> Parser::runs() {
  Runs found;
  RESULTSDB_ASSIGN(found.comparison, comparison());
  RESULTSDB_ASSIGN(found.value, number(words::parse_count, "a whole number"));
  return Expression{found};
}

Result<Expression> Parser::duration(Duration::Measure measure) {
  Duration found;
  found.measure = measure;
  RESULTSDB_ASSIGN(found.comparison, comparison());
  RESULTSDB_ASSIGN(found.value_us,
                   number(words::parse_duration, "a number with a unit (us, ms, s, m, h), such as 1.5s"));
  return Expression{found};
}

Result<Sequence::Step> Parser::step() {
  scan_.skip_blanks();
  RESULTSDB_TRY(count_term(scan_.place()));
  if (scan_.peek_word() == "*" && scan_.take("*")) return Sequence::Step{};
  RESULTSDB_ASSIGN(Selector of, selector(true, "a step: * for anything, or " + std::string(words::kResults)));
  return Sequence::Step{std::move(of), scan_.take("+")};
}

Result<Expression> Parser::sequence() {
  RESULTSDB_TRY(expect("(", "\"(\" and steps, such as (pass, fail+)"));
  Sequence found;
  do {
    if (found.steps.size() == kQuerySteps)
      return scan_.error_saying(scan_.place(), "more than " + std::to_string(kQuerySteps) + " steps");
    RESULTSDB_ASSIGN(Sequence::Step one, step());
    found.steps.push_back(std::move(one));
    scan_.skip_blanks();
  } while (scan_.take(","));
  RESULTSDB_TRY(expect(")", "\",\" and a step, or \")\""));
  return Expression{std::move(found)};
}

}  // namespace

Result<Query> parse_query(std::string_view text) {
  if (text.size() > kQueryBytes)
    return invalid_argument("the query has " + std::to_string(text.size()) + " bytes; at most " +
                                std::to_string(kQueryBytes) + " are allowed",
                            "column 1");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = domain::utf8_length(text.substr(at));
    if (size == 0) return Scanner(text).error_saying(at, "this is no valid UTF-8");
    at += size;
  }
  return Parser(text).parse();
}

}  // namespace resultsdb::aggregate
