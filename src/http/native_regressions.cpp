// findRegressions.
#include <algorithm>
#include <map>

#include "commit_ranges.hpp"
#include "judgement_json.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kExamples = 5;

/// An item, and the answer that its timelines are in.
struct Item {
  const RegressionsAnswer* answer = nullptr;
  std::string suite;
  Regression regression;
};

Result<RegressionsQuery> read_query(const NativeContext& context, const Arguments& arguments) {
  RegressionsQuery query;
  RESULTSDB_ASSIGN(const auto kinds,
                   arguments.some_of("kind", {"regression", "flaky", "expectation", "fix"}));
  bool may_be_open = kinds.empty();
  for (const ChangeKind kind :
       {ChangeKind::Regression, ChangeKind::Flaky, ChangeKind::Expectation, ChangeKind::Fix}) {
    if (std::ranges::find(kinds, to_string(kind)) == kinds.end()) continue;
    query.kinds.push_back(kind);
    may_be_open = may_be_open || kind == ChangeKind::Regression || kind == ChangeKind::Flaky;
  }
  RESULTSDB_ASSIGN(const std::string state, arguments.one_of("state", {"open", "fixed", "all"}));
  using State = RegressionsQuery::State;
  query.state = state == "all" ? State::All : state == "fixed" ? State::Closed : State::Open;
  // A fix is never open: who asks for fixes alone wants to see them.
  if (!arguments.has("state") && !may_be_open) query.state = State::All;
  if (const auto containing = arguments.get("containing")) {
    RESULTSDB_ASSIGN(const Bound bound, read_bound(context, *containing, "containing"));
    query.containing = bound.place();
  }
  query.limit = 0;
  return query;
}

/// Each event on its own.
std::vector<Regression> split_events(const Regression& group) {
  std::vector<Regression> items;
  for (const ChangeEvent& event : group.events) {
    Regression& item = items.emplace_back();
    item.kind = event.kind;
    item.open = event.open;
    item.tests = {event.test};
    item.timelines = {event.timeline};
    item.to = event.after_run->position;
    item.after = event.cause_after();
    item.last_good = event.before_run;
    item.first_bad = event.after_run;
    item.before = event.before;
    item.after_rate = event.after;
    item.worst = event.outcome;
    item.id = regression_id(item.kind, event.test, *event.before_run, *event.after_run);
  }
  return items;
}

bool concerns(const Regression& regression, const std::vector<std::string>& tests) {
  return tests.empty() || std::ranges::any_of(tests, [&](const std::string& test) {
           return std::ranges::binary_search(regression.tests, test);
         });
}

std::string first_timeline(const Item& item) {
  return item.answer->timelines[item.regression.timelines.front()].id;
}

Rank rank(const Item& item, std::string_view order) {
  const Regression& regression = item.regression;
  const std::string unique = regression.id + first_timeline(item) + regression.first_bad->id;
  if (order == "-newest") return {regression.to, unique};
  const auto newest_first = sortable_down(regression.to) + unique;
  if (order == "-tests") return {static_cast<std::int64_t>(regression.tests.size()), newest_first};
  return {static_cast<std::int64_t>(worst_severity(regression.worst.actual)), newest_first};
}

/// `visit(repository, after, to)`: where the cause may be.
template <class Visit>
void visit_causes(const Regression& regression, Visit visit) {
  if (const RunCommit* commit = commit_of_position(*regression.first_bad)) {
    visit(commit->repository, regression.after, regression.to);
  } else {  // ordered by builds or times
    visit_commits_between(*regression.last_good, *regression.first_bad, visit);
  }
}

/// Commits that may be the cause, and who wrote them.
void write_causes(JsonWriter& json, const CommitRanges& commits, const Regression& regression) {
  std::size_t count = 0;
  bool counted = true;
  std::vector<std::string> authors;
  visit_causes(regression, [&](const std::string& repository, Position after, Position to) {
    const CommitRanges::Found found = commits.find(repository, after, to, regression.first_bad.get());
    counted = counted && found.commits;
    count += found.commits.value_or(0);
    for (const std::string& author : found.authors)
      if (std::ranges::find(authors, author) == authors.end()) authors.push_back(author);
  });
  json.key("range").begin_object().member("after", regression.after).member("to", regression.to);
  if (counted && count > 0) json.member("commits", count);
  json.end_object().key("authors").begin_array();
  for (const std::string& author : authors) json.value(author);
  json.end_array();
}

Result<CommitRanges> read_causes(Model& model, const std::vector<Item>& items) {
  CommitRanges commits;
  for (const Item& item : items)
    visit_causes(item.regression, [&](const std::string& repository, Position after, Position to) {
      commits.add(repository, after, to);
    });
  RESULTSDB_TRY(commits.load(model));
  return commits;
}

/// Where it is, in facets and in ids.
void write_place(JsonWriter& json, const Item& item) {
  std::map<std::string, Configuration> inside, outside;
  std::vector<std::string> ids;
  const auto& timelines = item.answer->timelines;
  for (std::uint32_t t = 0; t < timelines.size(); ++t) {
    const bool in = std::ranges::binary_search(item.regression.timelines, t);
    (in ? inside : outside).emplace(timelines[t].configuration_id, timelines[t].configuration);
  }
  std::vector<Configuration> there, elsewhere;
  for (const auto& [id, configuration] : inside) {
    ids.push_back(id);
    there.push_back(configuration);
    outside.erase(id);
  }
  for (const auto& [id, configuration] : outside) elsewhere.push_back(configuration);
  json.key("where").begin_array();
  for (const auto& rule : aggregate::find_facet_rules(there, elsewhere)) write_where(json, rule);
  json.end_array();
  write_configuration_ids(json, "configurations", ids);
  json.key("timelines").begin_array();
  for (const std::uint32_t t : item.regression.timelines) json.value(timelines[t].id);
  json.end_array();
}

void write_item(JsonWriter& json, const CommitRanges& commits, const Item& item, const PointWriter& points,
                OutcomeTable& outcomes) {
  const Regression& regression = item.regression;
  json.begin_object().member("id", regression.id).member("kind", to_string(regression.kind));
  json.member("open", regression.open).member("suite", item.suite).member("tests", regression.tests.size());
  json.key("example_tests").begin_array();
  for (std::size_t i = 0; i < std::min(kExamples, regression.tests.size()); ++i) {
    json.value(regression.tests[i]);
  }
  json.end_array();
  write_place(json, item);
  write_causes(json, commits, regression);
  points.write(json, "last_good", regression.last_good);
  points.write(json, "first_bad", regression.first_bad);
  json.member("failing_runs", regression.after_rate.k);
  write_proportion(json, "before", regression.before);
  write_proportion(json, "after", regression.after_rate);
  json.member("worst", outcomes.id(regression.worst)).end_object();
}

Result<std::string> find_regressions(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(const std::string order, arguments.one_of("sort", {"-newest", "-tests", "-severity"}));
  RESULTSDB_ASSIGN(const std::string group, arguments.one_of("group", {"start", "none"}));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(RegressionsQuery query, read_query(context, arguments));
  RESULTSDB_ASSIGN(const auto scopes, read_scopes(context, arguments));
  const auto tests = arguments.all("test");
  Answers answers(context.model);
  std::vector<RegressionsAnswer> found;
  found.reserve(scopes.size());  // items point to them
  std::vector<Item> items;
  Basis basis;
  for (const Scope& scope : scopes) {
    RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
    RESULTSDB_ASSIGN(RegressionsAnswer one, answers.regressions(query));
    found.push_back(std::move(one));
    add_basis(basis, found.back().basis);
    for (Regression& regression : found.back().regressions) {
      if (group == "none") {
        for (Regression& event : split_events(regression)) {
          if (concerns(event, tests)) items.push_back({&found.back(), scope.suite, std::move(event)});
        }
      } else if (concerns(regression, tests)) {
        items.push_back({&found.back(), scope.suite, std::move(regression)});
      }
    }
  }
  const std::size_t total = items.size();
  const std::string next =
      cut_page(items, arguments, page, [&](const Item& item) { return rank(item, order); });
  std::vector<RunInfoPtr> runs;
  for (const Item& item : items) {
    runs.push_back(item.regression.last_good);
    runs.push_back(item.regression.first_bad);
  }
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, std::move(runs)));
  RESULTSDB_ASSIGN(const CommitRanges commits, read_causes(*context.model, items));
  OutcomeTable outcomes;
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const Item& item : items) write_item(json, commits, item, points, outcomes);
  json.end_array().key("outcomes");
  outcomes.write(json);
  write_tail(json, next, total, basis, range, scopes);
  json.end_object();
  return json.take();
}

}  // namespace

void add_regression_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/regressions", "findRegressions",
            names({"SEL", "RNG", "PAGE", "kind*", "state", "test*", "containing", "group", "q", "outcomes"}),
            find_regressions});
}

}  // namespace resultsdb::http
