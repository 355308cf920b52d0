// parse_query_json(): reads the JSON form of a query.
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "aggregate/query_words.hpp"
#include "resultsdb/aggregate/query_language.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::aggregate {
namespace {

using namespace ast;
namespace bj = boost::json;

constexpr std::size_t kJsonDepth = 6 * kQueryDepth;  // each level of the text takes at most five, a term four

constexpr std::size_t kShownBytes = 40;  // of what a message shows

constexpr std::string_view kForms =
    R"(one of {"and":[...]}, {"or":[...]}, {"not":...}, {"name":...}, {"name_contains":...}, {"exists":{...}}, )"
    R"({"all":{...}}, {"none":{...}}, {"outcome":...}, {"count":{...}}, {"rate":{...}}, {"runs":{...}}, )"
    R"({"seq":[...]}, {"duration":{...}}, or a state: )";

class Reader {
 public:
  Result<Query> read(const bj::value& json);

 private:
  enum class Level { Test, Timeline };
  /// Extends the path while it lives.
  class At {
   public:
    At(std::string& path, std::string_view member) : path_(path), size_(path.size()) {
      path_.append(".").append(member);
    }
    At(std::string& path, std::size_t index) : path_(path), size_(path.size()) {
      path_ += '[' + std::to_string(index) + ']';
    }
    ~At() { path_.resize(size_); }
    At(const At&) = delete;
    At& operator=(const At&) = delete;

   private:
    std::string& path_;
    std::size_t size_;
  };

  Result<Expression> expression(const bj::value& json, Level level);
  Result<Expression> member(std::string_view key, const bj::value& json, Level level);
  Result<Expression> group(Group::Kind kind, const bj::value& json, Level level);
  Result<Expression> quantified(Quantified::Kind kind, const bj::value& json);
  Result<Expression> sequence(const bj::value& json);
  Result<Sequence::Step> step(const bj::value& json);
  template <class Measured>
  Result<Expression> measured(const bj::value& json);
  Result<Expression> runs(const bj::value& json);
  Result<Expression> duration(const bj::value& json);

  Result<std::vector<FacetFilter>> where(const bj::value& json);
  Result<Selector> selector(const bj::value& json);
  Result<Comparison> comparison(const bj::object& object);
  Result<std::string> word(const bj::value& json);
  Result<std::string> text(const bj::value& json, std::string_view expected);
  Result<std::uint64_t> count(const bj::object& object, std::string_view key, std::uint64_t smallest,
                              std::uint64_t largest);
  Result<std::uint32_t> rate(const bj::object& object);
  /// An object that has no other members than these.
  Result<const bj::object*> object(const bj::value& json, std::initializer_list<std::string_view> members);
  Result<const bj::array*> list(const bj::value& json, std::string_view expected);
  /// `read` of a member that must be there.
  template <class Read>
  auto required(const bj::object& object, std::string_view key, Read read) -> decltype(read(bj::value{}));
  Error expected(std::string_view what) const {
    return invalid_argument("expected " + std::string(what), path_);
  }

  std::string path_ = "$";
};

Result<Query> Reader::read(const bj::value& json) {
  if (json.is_object() && json.get_object().empty()) return Query{};
  RESULTSDB_ASSIGN(Expression root, expression(json, Level::Test));
  Query query{std::move(root)};
  const auto refuse = [](std::string what, std::size_t limit) {
    return invalid_argument("more than " + std::to_string(limit) + ' ' + std::move(what), "$");
  };
  if (words::count_terms(query.root) > kQueryTerms) return refuse("terms, filters and steps", kQueryTerms);
  if (words::depth_of(query.root) > kQueryDepth) return refuse("levels within each other", kQueryDepth);
  if (to_text(query).size() > kQueryBytes) return refuse("bytes as text", kQueryBytes);
  return query;
}

Result<Expression> Reader::expression(const bj::value& json, Level level) {
  if (json.is_string()) {
    if (auto state = words::find_state(json.get_string())) return *std::move(state);
  }
  if (!json.is_object() || json.get_object().size() != 1)
    return expected(std::string(kForms).append(words::kStates));
  const auto& only = *json.get_object().begin();
  return member(only.key(), only.value(), level);
}

Result<Expression> Reader::member(std::string_view key, const bj::value& json, Level level) {
  const auto quantifier = words::find(words::kQuantifiers, key);
  if (level == Level::Timeline && (quantifier || key == "name" || key == "name_contains"))
    return invalid_argument(
        std::string(key) + " is about the whole test; write it outside of exists, all and none", path_);
  const std::string parent = path_;
  const At at(path_, key);
  if (key == "and") return group(Group::Kind::And, json, level);
  if (key == "or") return group(Group::Kind::Or, json, level);
  if (key == "not") {
    RESULTSDB_ASSIGN(Expression part, expression(json, level));
    return Expression{Group{Group::Kind::Not, {std::move(part)}}};
  }
  if (key == "name" || key == "name_contains") {
    RESULTSDB_ASSIGN(std::string name, text(json, "a name, not empty"));
    return Expression{Name{std::move(name), key != "name"}};
  }
  if (key == "outcome") {
    RESULTSDB_ASSIGN(std::string one, word(json));
    return Expression{Newest{{Selector::Kind::Word, std::move(one)}}};
  }
  if (quantifier) return quantified(*quantifier, json);
  if (key == "count") return measured<Count>(json);
  if (key == "rate") return measured<Rate>(json);
  if (key == "runs") return runs(json);
  if (key == "seq") return sequence(json);
  if (key == "duration") return duration(json);
  return invalid_argument("expected " + std::string(kForms).append(words::kStates), parent);
}

Result<Expression> Reader::group(Group::Kind kind, const bj::value& json, Level level) {
  RESULTSDB_ASSIGN(const bj::array* parts, list(json, "a list of at least one condition"));
  Group found{kind, {}};
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const At at(path_, i);
    RESULTSDB_ASSIGN(Expression part, expression((*parts)[i], level));
    found.of.push_back(std::move(part));
  }
  if (found.of.size() == 1) return std::move(found.of.front());
  return Expression{std::move(found)};
}

Result<Expression> Reader::quantified(Quantified::Kind kind, const bj::value& json) {
  RESULTSDB_ASSIGN(const bj::object* members, object(json, {"where", "of"}));
  Quantified found{kind, {}, {}};
  if (members->contains("where")) {
    RESULTSDB_ASSIGN(found.where, required(*members, "where", [&](const bj::value& v) { return where(v); }));
  }
  RESULTSDB_ASSIGN(Expression of, required(*members, "of", [&](const bj::value& v) {
                     return expression(v, Level::Timeline);
                   }));
  found.of.push_back(std::move(of));
  return Expression{std::move(found)};
}

Result<std::vector<FacetFilter>> Reader::where(const bj::value& json) {
  RESULTSDB_ASSIGN(const bj::array* texts, list(json, R"(a list of filters such as "platform:gtk")"));
  std::vector<FacetFilter> filters;
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const At at(path_, i);
    RESULTSDB_ASSIGN(const std::string one, text((*texts)[i], R"(a filter such as "platform:gtk")"));
    const auto parsed = parse_facet_filters(std::span(&one, 1));
    if (!parsed) return invalid_argument(parsed.error().message, path_);
    if (parsed->front().facet.starts_with('!')) return expected("one ! at most");
    words::add_filter(filters, parsed->front());
  }
  return filters;
}

Result<Expression> Reader::sequence(const bj::value& json) {
  RESULTSDB_ASSIGN(const bj::array* steps, list(json, "a list of at least one step"));
  if (steps->size() > kQuerySteps) return expected("at most " + std::to_string(kQuerySteps) + " steps");
  Sequence found;
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const At at(path_, i);
    RESULTSDB_ASSIGN(Sequence::Step one, step((*steps)[i]));
    found.steps.push_back(std::move(one));
  }
  return Expression{std::move(found)};
}

Result<Sequence::Step> Reader::step(const bj::value& json) {
  if (json.is_string() && json.get_string() == "*") return Sequence::Step{};
  const bool repeat = json.is_object() && json.get_object().contains("repeat");
  if (!repeat) {
    RESULTSDB_ASSIGN(Selector of, selector(json));
    return Sequence::Step{std::move(of), false};
  }
  RESULTSDB_ASSIGN(const bj::object* members, object(json, {"repeat"}));
  RESULTSDB_ASSIGN(Selector of,
                   required(*members, "repeat", [&](const bj::value& v) { return selector(v); }));
  return Sequence::Step{std::move(of), true};
}

template <class Measured>
Result<Expression> Reader::measured(const bj::value& json) {
  RESULTSDB_ASSIGN(const bj::object* members, object(json, {"of", "last", "op", "value"}));
  Measured found;
  RESULTSDB_ASSIGN(found.of, required(*members, "of", [&](const bj::value& v) { return selector(v); }));
  if (members->contains("last")) {
    RESULTSDB_ASSIGN(const std::uint64_t last, count(*members, "last", 1, UINT32_MAX));
    found.last = static_cast<std::uint32_t>(last);
  }
  RESULTSDB_ASSIGN(found.comparison, comparison(*members));
  if constexpr (std::is_same_v<Measured, Count>) {
    RESULTSDB_ASSIGN(found.value, count(*members, "value", 0, words::kLargestCount));
  } else {
    RESULTSDB_ASSIGN(found.millionths, rate(*members));
  }
  return Expression{std::move(found)};
}

Result<Expression> Reader::runs(const bj::value& json) {
  RESULTSDB_ASSIGN(const bj::object* members, object(json, {"op", "value"}));
  Runs found;
  RESULTSDB_ASSIGN(found.comparison, comparison(*members));
  RESULTSDB_ASSIGN(found.value, count(*members, "value", 0, words::kLargestCount));
  return Expression{found};
}

Result<Expression> Reader::duration(const bj::value& json) {
  RESULTSDB_ASSIGN(const bj::object* members, object(json, {"of", "op", "value_us"}));
  Duration found;
  if (const bj::value* of = members->if_contains("of")) {
    const At at(path_, "of");
    const auto measure = of->is_string() ? words::find(words::kMeasures, of->get_string()) : std::nullopt;
    if (!measure) return expected("p50, p95 or max");
    found.measure = *measure;
  }
  RESULTSDB_ASSIGN(found.comparison, comparison(*members));
  RESULTSDB_ASSIGN(const std::uint64_t value, count(*members, "value_us", 0, words::kLargestCount));
  found.value_us = static_cast<std::int64_t>(value);
  return Expression{found};
}

Result<Selector> Reader::selector(const bj::value& json) {
  if (json.is_string()) {
    const std::string_view given = json.get_string();
    if (const auto kind = words::find_outcome(given)) return Selector{*kind, {}};
    if (words::is_outcome_word(given) && words::is_shouted(given))
      return Selector{Selector::Kind::Word, std::string(given)};
  } else if (json.is_object() && json.get_object().contains("outcome")) {
    RESULTSDB_ASSIGN(const bj::object* members, object(json, {"outcome"}));
    RESULTSDB_ASSIGN(std::string one,
                     required(*members, "outcome", [&](const bj::value& v) { return word(v); }));
    return Selector{Selector::Kind::Word, std::move(one)};
  }
  return expected(R"(pass, fail, skip, error, timeout, crash, expected, unexpected or {"outcome":WORD})");
}

Result<Comparison> Reader::comparison(const bj::object& object) {
  return required(object, "op", [&](const bj::value& json) -> Result<Comparison> {
    const auto found = json.is_string() ? words::find(words::kComparisons, json.get_string()) : std::nullopt;
    if (!found) return expected(words::kOperators);
    return *found;
  });
}

Result<std::string> Reader::word(const bj::value& json) {
  if (json.is_string() && words::is_outcome_word(json.get_string())) return std::string(json.get_string());
  return expected("one word of an outcome, such as TIMEOUT");
}

Result<std::string> Reader::text(const bj::value& json, std::string_view what) {
  if (json.is_string() && !json.get_string().empty()) return std::string(json.get_string());
  return expected(what);
}

Result<std::uint64_t> Reader::count(const bj::object& object, std::string_view key, std::uint64_t smallest,
                                    std::uint64_t largest) {
  return required(object, key, [&](const bj::value& json) -> Result<std::uint64_t> {
    const bool whole = json.is_int64() && json.get_int64() >= 0;  // larger ones are uint64 and too large
    const auto value = whole ? static_cast<std::uint64_t>(json.get_int64()) : largest + 1;
    if (value >= smallest && value <= largest) return value;
    return expected("a whole number from " + std::to_string(smallest) + " to " + std::to_string(largest));
  });
}

Result<std::uint32_t> Reader::rate(const bj::object& object) {
  return required(object, "value", [&](const bj::value& json) -> Result<std::uint32_t> {
    bj::error_code failure;
    const double scaled = json.to_number<double>(failure) * words::kMillion;
    const bool within = !failure && scaled >= 0 && scaled <= words::kMillion;
    if (within && std::abs(scaled - std::round(scaled)) < 1e-6)
      return static_cast<std::uint32_t>(std::lround(scaled));
    return expected("a rate from 0 to 1, to a millionth");
  });
}

Result<const bj::object*> Reader::object(const bj::value& json,
                                         std::initializer_list<std::string_view> members) {
  if (!json.is_object()) return expected("an object");
  for (const auto& entry : json.get_object()) {
    const std::string_view key = entry.key();
    if (std::find(members.begin(), members.end(), key) != members.end()) continue;
    std::string known;
    for (const std::string_view one : members) known.append(known.empty() ? "" : ", ").append(one);
    return expected("no member but " + known + ", found " + json::quote(key.substr(0, kShownBytes)));
  }
  return &json.get_object();
}

Result<const bj::array*> Reader::list(const bj::value& json, std::string_view what) {
  if (!json.is_array() || json.get_array().empty()) return expected(what);
  return &json.get_array();
}

template <class Read>
auto Reader::required(const bj::object& object, std::string_view key, Read read)
    -> decltype(read(bj::value{})) {
  const bj::value* found = object.if_contains(key);
  if (found == nullptr) return expected("a member \"" + std::string(key) + '"');
  const At at(path_, key);
  return read(*found);
}

}  // namespace

Result<Query> parse_query_json(std::string_view json) {
  if (json.size() > kQueryJsonBytes)
    return invalid_argument("the query has " + std::to_string(json.size()) + " bytes; at most " +
                                std::to_string(kQueryJsonBytes) + " are allowed",
                            "$");
  bj::parse_options options;
  options.max_depth = kJsonDepth;
  bj::error_code failure;
  const bj::value value = bj::parse(json, failure, {}, options);
  if (failure) return invalid_argument("this is no valid JSON: " + failure.message(), "$");
  return Reader().read(value);
}

}  // namespace resultsdb::aggregate
