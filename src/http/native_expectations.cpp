// findExpectations, getExpectation, putExpectation, deleteExpectation and findExpectationChanges.
#include <array>
#include <limits>

#include "json_members.hpp"
#include "judgement_json.hpp"
#include "native_write.hpp"
#include "resultsdb/limits.hpp"
#include "resultsdb/stored_expectations.hpp"

namespace resultsdb::http {
namespace {

using Kind = JsonCursor::Kind;
using Stale = ExpectationReview::Stale;
using Suggestion = ExpectationReview::Suggestion;

// --- shapes

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_where(JsonWriter& json, const std::vector<FacetFilter>& where) {
  json.key("where").begin_object();
  for (const FacetFilter& filter : where)
    write_texts(json, (filter.negated ? "!" : "") + filter.facet, filter.values);
  json.end_object();
}

void write_expectation(JsonWriter& json, const StoredExpectation& expectation) {
  json.begin_object().member("id", expectation.id).member("test", expectation.test);
  write_where(json, expectation.where);
  write_texts(json, "expected", expectation.words);
  if (expectation.from) json.member("from", *expectation.from);
  if (expectation.to) json.member("to", *expectation.to);
  if (!expectation.owner.empty()) json.member("owner", expectation.owner);
  if (!expectation.bug.empty()) json.member("bug", expectation.bug);
  if (expectation.expires) json.member("expires", *expectation.expires);
  json.member("version", expectation.version).end_object();
}

std::string to_json(const StoredExpectation& expectation) {
  JsonWriter json;
  write_expectation(json, expectation);
  return json.take();
}

// --- reading

Result<std::string> find_expectations(const NativeContext& context, const Arguments& arguments) {
  ExpectationsQuery query;
  RESULTSDB_ASSIGN(query.suite, arguments.required("suite"));
  query.test = arguments.get_or("test", "");
  if (const auto at = arguments.get("at")) {
    RESULTSDB_ASSIGN(const Bound bound, read_bound(context, *at, "at"));
    query.position = bound.place();
  }
  RESULTSDB_ASSIGN(const bool expired, arguments.flag("expired", true));
  if (!expired) query.now = context.now();
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(auto found, Answers(context.model).expectations(query));
  const std::size_t total = found.size();
  const std::string next =
      cut_page(found, arguments, page, [](const auto& each) { return Rank{0, each.test + '\n' + each.id}; });
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const StoredExpectation& each : found) write_expectation(json, each);
  json.end_array();
  write_next(json, next);
  json.member("total", total).end_object();
  return json.take();
}

Error no_such_expectation() {
  return make_error(ErrorCode::NotFound, "the suite has no such expectation", "expectation");
}

Result<std::string> get_expectation(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const std::string suite, arguments.required("suite"));
  RESULTSDB_ASSIGN(const auto found, Answers(context.model).expectation(suite, arguments.path(0)));
  if (!found) return no_such_expectation();
  return to_json(*found);
}

// --- writing

/// The body of a PUT.
class ExpectationReader {
 public:
  ExpectationReader(const NativeContext& context, std::string_view text) : context_(context), cursor_(text) {}

  Result<StoredExpectation> read() {
    static constexpr std::array<std::string_view, 8> kNames = {"test", "where", "expected", "from",
                                                               "to",   "owner", "bug",      "expires"};
    RESULTSDB_TRY(read_body(cursor_, kNames, name_, [this] { return member(); }));
    return std::move(read_);
  }

 private:
  static constexpr std::size_t kMostFilters = 2 * limits::kFacets, kMostTexts = 64;

  Status member() {
    const MemberPath path{.member = name_};
    if (name_ == "where") return where(path);
    if (name_ == "expected") return texts(read_.words, path);
    if (name_ == "from" || name_ == "to") {
      RESULTSDB_ASSIGN((name_ == "from" ? read_.from : read_.to), read_place(context_, cursor_, path));
      return {};
    }
    if (name_ == "expires") {
      RESULTSDB_ASSIGN(read_.expires, read_time(cursor_, path));
      return {};
    }
    std::string& text = name_ == "test" ? read_.test : name_ == "owner" ? read_.owner : read_.bug;
    RESULTSDB_ASSIGN(text, read_text(cursor_, scratch_, path, limits::kNameBytes));
    return {};
  }

  Status where(const MemberPath& path) {
    RESULTSDB_TRY(expect_kind(cursor_, Kind::Object, path));
    std::string facet;
    cursor_.enter();
    while (cursor_.next_member(facet)) {
      if (read_.where.size() == kMostFilters) return invalid_argument("has too many facets", "where");
      FacetFilter& filter = read_.where.emplace_back();
      filter.negated = facet.starts_with('!');
      filter.facet = facet.substr(filter.negated ? 1 : 0);
      const std::string member = "where." + facet;
      RESULTSDB_TRY(texts(filter.values, {.member = member}));
    }
    return {};
  }

  /// One, or an array of them.
  Status texts(std::vector<std::string>& into, const MemberPath& path) {
    if (cursor_.kind() != Kind::Array) {
      RESULTSDB_ASSIGN(into.emplace_back(), read_text(cursor_, scratch_, path, limits::kNameBytes));
      return {};
    }
    cursor_.enter();
    while (cursor_.next_element()) {
      if (into.size() == kMostTexts) return invalid_argument("has more than 64 texts", path.text());
      RESULTSDB_ASSIGN(into.emplace_back(), read_text(cursor_, scratch_, path, limits::kNameBytes));
    }
    return {};
  }

  const NativeContext& context_;
  JsonCursor cursor_;
  std::string name_, scratch_;
  StoredExpectation read_;
};

std::optional<StoredState> state_of(const std::optional<StoredExpectation>& current) {
  if (!current) return std::nullopt;
  return StoredState{etag_of(to_json(*current)), current->version};
}

Result<StoredExpectation> store_expectation(const NativeContext& context, const Request& request,
                                            const std::string& suite) {
  RESULTSDB_TRY(json::validate(request.body));
  RESULTSDB_ASSIGN(StoredExpectation read, ExpectationReader(context, request.body).read());
  auto checked = checked_expectation(std::move(read));
  if (!checked) {
    Error error = checked.error();
    if (error.context == "words") error.context = "expected";
    return error;
  }
  Answers answers(context.model);
  RESULTSDB_ASSIGN(const auto current, answers.expectation(suite, checked->id));
  RESULTSDB_ASSIGN(const auto version, required_version(request, state_of(current)));
  return answers.put_expectation(suite, *checked, version);
}

Result<std::string> read_suite(const NativeContext& context, const Request& request) {
  RESULTSDB_TRY(may_write(context, request));
  RESULTSDB_ASSIGN(const Arguments arguments, Arguments::read(request.parameters(), {"suite"}, request, {}));
  return arguments.required("suite");
}

Response put_expectation(const NativeContext& context, const Request& request) {
  const auto suite = read_suite(context, request);
  if (!suite) return problem(suite.error());
  const auto stored = store_expectation(context, request, *suite);
  if (!stored) return write_problem(request, stored.error());
  return stored_response(
      to_json(*stored), stored->version == 1,
      "/v1/expectations/" + percent_encode(stored->id) + "?suite=" + percent_encode(*suite));
}

Status remove_expectation(const NativeContext& context, const Request& request, const std::string& suite,
                          const std::string& id) {
  Answers answers(context.model);
  RESULTSDB_ASSIGN(const auto current, answers.expectation(suite, id));
  if (!current) return no_such_expectation();
  RESULTSDB_ASSIGN(const auto version, required_version(request, state_of(current)));
  return answers.remove_expectation(suite, id, version);
}

Response delete_expectation(const NativeContext& context, const Request& request, const std::string& id) {
  const auto suite = read_suite(context, request);
  if (!suite) return problem(suite.error());
  const Status removed = remove_expectation(context, request, *suite, id);
  if (!removed) return write_problem(request, removed.error());
  Response response;
  response.status = 204;
  return response;
}

// --- review

/// A stale expectation or a suggestion, as one item.
struct Change {
  std::string_view kind;
  std::string why;  ///< of a stale one
  std::string test;
  std::vector<StoredExpectation> present;
  std::vector<aggregate::ExpectationLine> lines;  ///< suggested
  std::vector<aggregate::Observed> observed;
  std::vector<aggregate::ExpectationLine> own;  ///< instead of `present`: what the runs brought along
};

/// What one word of several remains, where that can be said in a line.
std::vector<aggregate::ExpectationLine> tightened(const Stale& stale) {
  aggregate::ExpectationLine line;
  for (const FacetFilter& filter : stale.expectation.where) {
    if (filter.negated || filter.values.size() != 1) return {};
    line.where.emplace(filter.facet, filter.values.front());
  }
  for (const aggregate::Observed& observed : stale.observed)
    for (const auto& [word, runs] : observed.counts)
      if (runs > 0 && std::ranges::find(line.words, word) == line.words.end()) line.words.push_back(word);
  return {std::move(line)};
}

Change change_of(ExpectationReview::Own&& own) {
  const bool skipped = own.kind == ExpectationReview::Own::Kind::Skipped;
  Change change{.kind = to_string(own.kind),
                .why = {},
                .test = std::move(own.test),
                .present = {},
                .lines = {},
                .observed = {},
                .own = {}};
  for (const auto& place : own.places) {
    change.own.push_back({place.configuration.facets(), place.expected});
    aggregate::Observed& observed = change.observed.emplace_back();
    observed.configuration = place.configuration;
    observed.counts.emplace(skipped ? "SKIP" : "PASS", place.runs);
    if (!skipped) observed.runs = place.runs;  // what was skipped is no run without failure
  }
  return change;
}

std::vector<Change> changes_of(ExpectationReview&& review) {
  std::vector<Change> changes;
  for (Stale& stale : review.stale) {
    const bool narrow = stale.why == Stale::Why::Tighten;
    Change& change = changes.emplace_back();
    change.kind = narrow ? "narrow" : "stale";
    if (narrow) change.lines = tightened(stale);
    if (!narrow) change.why = to_string(stale.why);
    change.test = stale.expectation.test;
    change.present = {std::move(stale.expectation)};
    change.observed = std::move(stale.observed);
  }
  for (Suggestion& suggestion : review.suggestions)
    changes.push_back({"missing",
                       "",
                       std::move(suggestion.test),
                       std::move(suggestion.present),
                       std::move(suggestion.lines),
                       std::move(suggestion.observed),
                       {}});
  for (ExpectationReview::Own& own : review.own) changes.push_back(change_of(std::move(own)));
  return changes;
}

/// Without the end.
void write_line(JsonWriter& json, const aggregate::ExpectationLine& line) {
  json.begin_object().key("where").begin_object();
  for (const auto& [facet, value] : line.where) write_texts(json, facet, {value});
  json.end_object();
  write_texts(json, "expected", line.words);
}

void write_change(JsonWriter& json, const Change& change) {
  json.begin_object().member("test", change.test).member("kind", change.kind);
  if (!change.why.empty()) json.member("why", change.why);
  json.key("present").begin_array();
  for (const StoredExpectation& present : change.present) write_expectation(json, present);
  for (const aggregate::ExpectationLine& line : change.own) {
    write_line(json, line);
    json.end_object();
  }
  json.end_array().key("proposed").begin_array();
  for (const aggregate::ExpectationLine& line : change.lines) {
    write_line(json, line);
    json.member("text", aggregate::expectation_text(line, change.test)).end_object();
  }
  json.end_array().key("evidence").begin_array();
  for (const aggregate::Observed& observed : change.observed) {
    json.begin_object().member("configuration", configuration_id(observed.configuration));
    json.key("counts").begin_object();
    for (const auto& [word, runs] : observed.counts) json.member(word, runs);
    json.end_object();
    write_proportion(json, "observed", aggregate::wilson(observed.failing, observed.runs));
    json.end_object();
  }
  json.end_array().end_object();
}

Result<std::string> find_changes(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const auto kinds,
                   arguments.some_of("kind", {"missing", "narrow", "stale", "never_failing", "skipped"}));
  RESULTSDB_ASSIGN(const std::string format, arguments.one_of("format", {"json", "webkit"}));
  RESULTSDB_ASSIGN(PageRequest page, read_page(arguments));
  // A text has no place to say that there is more.
  if (format == "webkit" && !arguments.has("limit")) page.limit = std::numeric_limits<std::uint32_t>::max();
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  ExpectationReviewQuery query;
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  query.limit = 0;
  const std::string test = arguments.get_or("test", "");
  if (!test.empty()) query.name_contains = test;
  RESULTSDB_ASSIGN(ExpectationReview review, Answers(context.model).review_expectations(query));
  const Position position = review.position;
  const Basis basis = review.basis;
  auto changes = changes_of(std::move(review));
  const std::string part = arguments.get_or("q", "");
  std::erase_if(changes, [&](const Change& change) {
    const bool other_kind = !kinds.empty() && std::ranges::find(kinds, change.kind) == kinds.end();
    return other_kind || (!test.empty() && change.test != test) || change.test.find(part) == part.npos;
  });
  const std::size_t total = changes.size();
  const std::string next = cut_page(changes, arguments, page, [](const Change& change) {
    const bool stored = change.kind == "narrow" || change.kind == "stale";
    return Rank{0, change.test + '\n' + (stored ? change.present.front().id : std::string(change.kind))};
  });
  if (format == "webkit") {
    std::string text;
    for (const Change& change : changes)
      for (const aggregate::ExpectationLine& line : change.lines)
        text += aggregate::expectation_text(line, change.test) + '\n';
    return text;
  }
  JsonWriter json;
  json.begin_object().member("position", position).key("items").begin_array();
  for (const Change& change : changes) write_change(json, change);
  json.end_array();
  write_tail(json, next, total, basis, range, {scope});
  json.end_object();
  return json.take();
}

}  // namespace

void add_expectation_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/expectations", "findExpectations",
            names({"suite", "test", "at", "expired", "limit", "page"}), find_expectations});
  add_read(router, context,
           {"/v1/expectations/{expectation}", "getExpectation", names({"suite"}), get_expectation});
  router.add(
      {"PUT", "/v1/expectations", "putExpectation", [context](const Request& request, const PathVariables&) {
         return put_expectation(*context, request);
       }});
  router.add({"DELETE", "/v1/expectations/{expectation}", "deleteExpectation",
              [context](const Request& request, const PathVariables& path) {
                return delete_expectation(*context, request, path.front());
              }});
  ReadOperation changes{"/v1/expectation-changes", "findExpectationChanges",
                        names({"SEL", "RNG", "kind*", "test", "q", "format", "limit", "page"}), find_changes,
                        ""};
  changes.content_type_of = type_of_format;
  add_read(router, context, std::move(changes));
}

}  // namespace resultsdb::http
