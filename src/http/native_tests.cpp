// findTests and getTestNames.
#include <algorithm>
#include <map>

#include "judgement_json.hpp"
#include "native_context.hpp"
#include "resultsdb/aggregate/query_language.hpp"
#include "resultsdb/answers.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {
namespace {

/// Newest outcomes of one test, added up over the facets that the request groups by.
struct TestState {
  std::uint32_t worst = 0, timelines = 0;
};

void write_states(JsonWriter& json, const std::map<Configuration, TestState>& states) {
  json.key("states").begin_array();
  for (const auto& [where, state] : states) {
    json.begin_object().key("where").raw(where.json()).member("worst", state.worst);
    json.member("n", state.timelines).end_object();
  }
  json.end_array();
}

Configuration grouped(const Configuration& configuration, const std::vector<std::string>& facets) {
  Configuration where;
  for (const std::string& facet : facets) {
    if (const auto value = configuration.get(facet)) where.set(facet, std::string(*value));
  }
  return where;
}

/// The most urgent verdict on a test and its longest streak.
void write_test_standing(JsonWriter& json, const StandingsAnswer::Test& test,
                         const std::vector<OutcomeInfo>& outcomes, const PointWriter& points) {
  std::optional<StandingsAnswer::Streak> longest;
  for (const auto& on : test.per_timeline)
    if (on.streak && (!longest || on.streak->runs > longest->runs)) longest = on.streak;
  write_standing(json, test.verdict, longest, outcomes, points);
}

/// The page's tests with the newest outcome of each on every timeline.
Status write_tests(JsonWriter& json, const History& history, const std::vector<std::string>& tests,
                   const std::vector<std::string>& facets, const StandingsAnswer& standings,
                   const PointWriter& points) {
  std::map<std::uint32_t, const Outcome*> outcomes;
  for (const OutcomeInfo& info : history.outcomes) outcomes[info.id] = &info.outcome;
  std::vector<std::map<Configuration, TestState>> states(tests.size());
  std::vector<std::optional<Time>> last_run(tests.size());
  for (const History::Series& series : history.series) {
    const History::Timeline& timeline = history.timelines[series.timeline];
    std::size_t run = 0;  // the newest run that covers the test
    const RunLength* newest = nullptr;
    for (const RunLength& length : series.outcomes) {
      if (length.outcome >= 0) {
        newest = &length;
        break;
      }
      run += length.count;
    }
    if (!newest) continue;
    const auto id = static_cast<std::uint32_t>(newest->outcome);
    TestState& state = states[series.test][grouped(timeline.info.configuration, facets)];
    if (state.timelines++ == 0 || is_worse(*outcomes.at(id), *outcomes.at(state.worst))) state.worst = id;
    auto& last = last_run[series.test];
    last = std::max(last.value_or(timeline.runs[run]->started), timeline.runs[run]->started);
  }
  json.key("items").begin_array();
  for (std::size_t i = 0; i < tests.size(); ++i) {
    json.begin_object().member("test", tests[i]);
    write_states(json, states[i]);
    if (last_run[i]) json.member("last_run", *last_run[i]);
    if (i < standings.tests.size()) write_test_standing(json, standings.tests[i], history.outcomes, points);
    json.end_object();
  }
  json.end_array().key("outcomes").begin_array();
  for (const auto& [id, outcome] : history.outcomes) write_outcome(json, id, outcome);
  json.end_array();
  return {};
}

/// One page of tests.
struct TestPage {
  std::vector<std::string> tests;
  std::string next;
  std::optional<std::uint64_t> total;
};

Result<TestPage> page_by_name(const NativeContext& context, const Arguments& arguments, const Scope& scope) {
  TestsQuery query;
  RESULTSDB_ASSIGN(const std::int64_t limit, arguments.integer("limit", 100, 1, 1000));
  query.suite = scope.suite;
  query.prefix = arguments.get_or("prefix", "");
  query.contains = arguments.get_or("name", "");
  query.limit = static_cast<std::uint32_t>(limit);
  query.page = arguments.get_or("page", "");
  auto page = context.model->tests(query);
  if (!page && !query.page.empty() && page.error().code == ErrorCode::InvalidArgument) {
    return invalid_argument(page.error().message, "page");
  }
  if (!page) return page.error();
  TestPage found{.tests = std::move(page->items), .next = std::move(page->next), .total = {}};
  if (query.prefix.empty() && query.contains.empty()) {
    RESULTSDB_ASSIGN(found.total, context.model->count_tests(scope.suite));
  }
  return found;
}

/// What `only` means as a query.
std::string_view query_of(std::string_view only) {
  if (only == "never_failing") return "exists(runs > 0) none(count(fail) > 0)";
  if (only == "not_run") return "exists(lost) or exists(runs = 0)";
  return only;  // a word of the language
}

Result<aggregate::Query> read_query(const Arguments& arguments) {
  const std::string text = arguments.get_or("q", "");
  auto query = text.starts_with('{') ? aggregate::parse_query_json(text) : aggregate::parse_query(text);
  if (!query) return invalid_argument(query.error().context + ": " + query.error().message, "q");
  if (!arguments.has("only")) return query;
  RESULTSDB_ASSIGN(const std::string only, arguments.one_of("only", {"failing", "unexpected", "flaky", "new",
                                                                     "skipped", "never_failing", "not_run"}));
  const std::string asked = to_text(*query);
  return aggregate::parse_query((asked.empty() ? "" : '(' + asked + ") ") + '(' +
                                std::string(query_of(only)) + ')');
}

Result<TestPage> page_by_query(const NativeContext& context, const Arguments& arguments, const Scope& scope,
                               const RangeRequest& range) {
  if (arguments.has("prefix"))
    return invalid_argument("cannot stand beside q; write name:BEGINNING* in the query", "prefix");
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(aggregate::Query query, read_query(arguments));
  FindQuery find;
  RESULTSDB_ASSIGN(static_cast<Question&>(find), read_question(context, arguments, scope, range));
  find.name_contains = arguments.get_or("name", "");
  find.query = std::move(query);
  find.after = page.tie;
  find.limit = page.limit;
  RESULTSDB_ASSIGN(FindAnswer answer, Answers(context.model).find(find));
  TestPage found{.tests = std::move(answer.tests), .next = {}, .total = answer.total};
  if (answer.more) found.next = keyset_token(arguments, 0, found.tests.back());
  return found;
}

Result<std::string> find_tests(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const TestPage page, arguments.has("q") || arguments.has("only")
                                            ? page_by_query(context, arguments, scope, range)
                                            : page_by_name(context, arguments, scope));

  HistoryQuery newest;
  newest.suite = scope.suite;
  newest.tests = page.tests;
  newest.selection = scope.selection;
  newest.range = range.range;
  newest.limit = std::min<std::uint32_t>(range.last, 20);  // a test rarely pauses longer than that
  newest.now = context.now();
  JsonWriter json;
  json.begin_object();
  RESULTSDB_ASSIGN(const History history,
                   page.tests.empty() ? Result<History>(History{}) : context.model->history(newest));
  StandingsAnswer standings;
  if (!page.tests.empty()) {
    RESULTSDB_ASSIGN(standings, Answers(context.model).standings(standings_query(newest, range)));
  }
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, runs_of_streaks(standings)));
  RESULTSDB_TRY(write_tests(json, history, page.tests, arguments.all("group"), standings, points));
  write_next(json, page.next);
  json.key("total");
  if (page.total) {
    json.value(*page.total);
  } else {
    json.null();
  }
  if (scope.recent_since) json.member("recent_since", *scope.recent_since);
  json.key("warnings").begin_array().end_array().end_object();
  return json.take();
}

Result<std::string> get_test_names(const NativeContext& context, const Arguments& arguments) {
  TestsQuery query;
  RESULTSDB_ASSIGN(query.suite, arguments.required("suite"));
  query.limit = 10'000;
  std::string text;
  do {
    RESULTSDB_ASSIGN(auto page, context.model->tests(query));
    for (const std::string& name : page.items) {
      for (const char c : name) c == '\n' ? text += "\\n" : text += c;
      text += '\n';
    }
    query.page = page.next;
  } while (!query.page.empty());
  return text;
}

}  // namespace

void add_test_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/tests", "findTests",
            names({"SEL", "RNG", "limit", "page", "name", "prefix", "q", "only", "group*"}), find_tests});
  ReadOperation all_names{"/v1/tests/names", "getTestNames", names({"suite"}), get_test_names};
  all_names.content_type = "text/plain; charset=utf-8";
  add_read(router, context, std::move(all_names));
}

}  // namespace resultsdb::http
