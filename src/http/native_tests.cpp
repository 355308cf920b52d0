// findTests and getTestNames.
#include <algorithm>
#include <map>

#include "judgement_json.hpp"
#include "native_context.hpp"
#include "resultsdb/aggregate/query_language.hpp"
#include "resultsdb/test_list.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {
namespace {

/// Newest outcomes of one test, added up over the facets that the request groups by.
struct TestState {
  std::uint32_t worst = 0, timelines = 0;
};

Configuration grouped(const Configuration& configuration, const std::vector<std::string>& facets) {
  Configuration where;
  for (const std::string& facet : facets) {
    if (const auto value = configuration.get(facet)) where.set(facet, std::string(*value));
  }
  return where;
}

/// Rows of tests, and the outcomes in them.
class TestRows {
 public:
  TestRows(const StandingsAnswer& standings, const std::vector<std::string>& facets,
           const PointWriter& points)
      : standings_(standings), facets_(facets), points_(points) {}

  void write(JsonWriter& json, const std::string& name, const StandingsAnswer::Test& test) {
    json.begin_object().member("test", name);
    write_states(json, test);
    std::optional<Time> last_run;
    for (const auto& newest : test.newest) last_run = std::max(last_run, std::optional(newest.run->started));
    if (last_run) json.member("last_run", *last_run);
    std::optional<StandingsAnswer::Streak> longest;
    for (const auto& on : test.per_timeline)
      if (on.streak && (!longest || on.streak->runs > longest->runs)) longest = on.streak;
    write_standing(
        json, test.verdict, longest, [&](const Outcome& outcome) { return outcomes_.id(outcome); }, points_);
    if (test.flaky) write_proportion(json, "flaky", *test.flaky);
    if (test.durations.n > 0) json.member("p50_us", test.durations.p50.count());
    json.end_object();
  }

  void write_outcomes(JsonWriter& json) const { outcomes_.write(json); }

 private:
  void write_states(JsonWriter& json, const StandingsAnswer::Test& test) {
    std::map<Configuration, TestState> states;
    for (const auto& newest : test.newest) {
      const std::uint32_t id = outcomes_.id(newest.outcome);
      TestState& state = states[grouped(standings_.timelines[newest.timeline].configuration, facets_)];
      if (state.timelines++ == 0 || is_worse(newest.outcome, outcomes_[state.worst])) state.worst = id;
    }
    json.key("states").begin_array();
    for (const auto& [where, state] : states) {
      json.begin_object().key("where").raw(where.json()).member("worst", state.worst);
      json.member("n", state.timelines).end_object();
    }
    json.end_array();
  }

  const StandingsAnswer& standings_;
  const std::vector<std::string>& facets_;
  const PointWriter& points_;
  OutcomeTable outcomes_;
};

using Entry = TestListAnswer::Entry;

struct TestPage {
  std::vector<Entry> entries;
  std::string next;
  std::optional<std::uint64_t> total;
};

/// Every test that the suite knows: nothing about how they stand is asked.
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
  TestPage found{.entries = {}, .next = std::move(page->next), .total = {}};
  for (std::string& name : page->items) found.entries.push_back({.name = std::move(name), .counts = {}});
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

Status read_query(const Arguments& arguments, TestListQuery& list) {
  const std::string text = arguments.get_or("q", "");
  auto query = text.starts_with('{') ? aggregate::parse_query_json(text) : aggregate::parse_query(text);
  if (!query) return invalid_argument(query.error().context + ": " + query.error().message, "q");
  list.query = std::move(*query);
  if (!arguments.has("only")) return {};
  RESULTSDB_ASSIGN(const std::string only,
                   arguments.one_of("only", {"failing", "unexpected", "flaky", "slow", "new", "skipped",
                                             "never_failing", "not_run"}));
  list.slow = only == "slow";
  if (list.slow) return {};
  const std::string asked = to_text(list.query);
  RESULTSDB_ASSIGN(list.query, aggregate::parse_query((asked.empty() ? "" : '(' + asked + ") ") + '(' +
                                                      std::string(query_of(only)) + ')'));
  return {};
}

Status read_order(const Arguments& arguments, TestListQuery& list) {
  using Order = TestListQuery::Order;
  static constexpr std::pair<std::string_view, Order> kOrders[] = {
      {"name", Order::Name},       {"worst", Order::Worst}, {"verdict", Order::Verdict},
      {"streak", Order::Streak},   {"flaky", Order::Flaky}, {"p50", Order::P50},
      {"last_run", Order::LastRun}};
  const std::string sort = arguments.get_or("sort", "name");
  list.descending = sort.starts_with('-');
  const std::string_view field = std::string_view(sort).substr(list.descending ? 1 : 0);
  const auto found = std::ranges::find(kOrders, field, &std::pair<std::string_view, Order>::first);
  if (found == std::end(kOrders))
    return invalid_argument(
        "must be name, worst, verdict, streak, flaky, p50 or last_run, or one with a - before", "sort");
  list.order = found->second;
  return {};
}

Result<TestPage> page_by_standing(const NativeContext& context, const Arguments& arguments,
                                  const Question& question) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  TestListQuery list;
  static_cast<Question&>(list) = question;
  RESULTSDB_TRY(read_query(arguments, list));
  RESULTSDB_TRY(read_order(arguments, list));
  list.prefix = arguments.get_or("prefix", "");
  list.parts = arguments.all("name");
  RESULTSDB_ASSIGN(list.classes, arguments.some_of("class", {"pass", "warn", "fail", "image", "timeout",
                                                             "crash", "error", "skip", "other"}));
  RESULTSDB_ASSIGN(const std::int64_t depth, arguments.integer("depth", 0, 0, 20));
  list.depth = static_cast<std::uint32_t>(depth);
  if (page.primary) list.after = {*page.primary, page.tie};
  list.limit = page.limit;
  RESULTSDB_ASSIGN(TestListAnswer answer, Answers(context.model).tests(list));
  TestPage found{.entries = std::move(answer.entries), .next = {}, .total = answer.total};
  if (answer.more) found.next = keyset_token(arguments, found.entries.back().rank, found.entries.back().name);
  return found;
}

bool asks_for_standing(const Arguments& arguments) {
  return arguments.get_or("sort", "name") != "name" || arguments.all("name").size() > 1 ||
         std::ranges::any_of(std::initializer_list<std::string_view>{"q", "only", "class", "depth"},
                             [&](std::string_view name) { return arguments.has(name); });
}

void write_folder(JsonWriter& json, const Entry& folder) {
  json.begin_object().member("prefix", folder.name).member("tests", folder.tests).key("counts");
  ClassCounts counts;
  counts.add(folder.counts);
  write_counts(json, counts);
  json.end_object();
}

Result<std::string> find_tests(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(Question question, read_question(context, arguments, scope, range));
  question.name_contains.clear();  // q is a query here
  RESULTSDB_ASSIGN(const TestPage page, asks_for_standing(arguments)
                                            ? page_by_standing(context, arguments, question)
                                            : page_by_name(context, arguments, scope));
  StandingsQuery query;
  static_cast<Question&>(query) = question;
  query.durations_of = TestListQuery::kDurationRuns;
  for (const Entry& entry : page.entries)
    if (entry.tests == 0) query.tests.push_back(entry.name);
  RESULTSDB_ASSIGN(const StandingsAnswer standings, Answers(context.model).standings(query));
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, runs_of_streaks(standings)));
  const auto facets = arguments.all("group");
  TestRows rows(standings, facets, points);
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  std::size_t test = 0;
  for (const Entry& entry : page.entries) {
    if (entry.tests > 0) {
      write_folder(json, entry);
    } else {
      rows.write(json, entry.name, standings.tests[test++]);
    }
  }
  json.end_array().key("outcomes");
  rows.write_outcomes(json);
  write_next(json, page.next);
  json.member("total", page.total);
  if (scope.recent_since) json.member("recent_since", *scope.recent_since);
  write_basis(json, standings.basis, range);
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
            names({"SEL", "RNG", "PAGE", "name*", "prefix", "q", "only", "class*", "group*", "depth"}),
            find_tests});
  ReadOperation all_names{"/v1/tests/names", "getTestNames", names({"suite"}), get_test_names};
  all_names.content_type = "text/plain; charset=utf-8";
  add_read(router, context, std::move(all_names));
}

}  // namespace resultsdb::http
