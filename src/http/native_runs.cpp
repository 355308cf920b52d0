// findRuns, getRun, findRunFailures, findRunResults, getResult.
#include <algorithm>
#include <map>

#include "native_context.hpp"
#include "resultsdb/failing_tests.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {
namespace {

using Rows = std::vector<RunResults::Row>;

Error no_such_run(const std::string& id) {
  return make_error(ErrorCode::NotFound, "there is no run \"" + json::repair_utf8(id) + '"', "run");
}

Result<RunInfoPtr> find_run(const NativeContext& context, const Arguments& arguments) {
  const std::string& id = arguments.path(0);
  RESULTSDB_ASSIGN(const auto run, context.model->find_run(arguments.get_or("suite", ""), id, context.now()));
  if (!run) return no_such_run(id);
  return *run;
}

/// Runs of several suites, by position or start.
class RunSource {
 public:
  RunSource(const NativeContext& context, std::vector<RunsQuery> queries, bool by_start)
      : context_(context), queries_(std::move(queries)), by_start_(by_start) {}

  KeysetSource<RunInfoPtr> source() const {
    return {.fetch = [this](auto from, auto to, auto limit) { return fetch(from, to, limit); },
            .primary = [this](const RunInfoPtr& run) { return primary(run); },
            .tie = [](const RunInfoPtr& run) { return run->id + '/' + run->timeline; }};
  }

 private:
  std::int64_t primary(const RunInfoPtr& run) const {
    return by_start_ ? to_micros(run->started) : run->position;
  }

  Result<std::vector<RunInfoPtr>> fetch(std::optional<std::int64_t> from, std::optional<std::int64_t> to,
                                        std::uint32_t limit) const {
    std::vector<RunInfoPtr> all;
    for (RunsQuery query : queries_) {
      if (by_start_) {
        if (from)
          query.range.from_started =
              std::max(query.range.from_started.value_or(from_micros(*from)), from_micros(*from));
        if (to)
          query.range.to_started =
              std::min(query.range.to_started.value_or(from_micros(*to)), from_micros(*to));
      } else {
        if (from) query.range.from_position = std::max(query.range.from_position.value_or(*from), *from);
        if (to) query.range.to_position = std::min(query.range.to_position.value_or(*to), *to);
      }
      query.limit = limit;
      RESULTSDB_ASSIGN(const auto runs, context_.model->runs(query));
      all.insert(all.end(), runs.begin(), runs.end());
    }
    std::ranges::stable_sort(all, std::greater(), [this](const RunInfoPtr& run) { return primary(run); });
    if (limit > 0 && all.size() > limit) all.resize(limit);
    return all;
  }

  const NativeContext& context_;
  std::vector<RunsQuery> queries_;
  bool by_start_;
};

Result<std::vector<RunState>> read_states(const Arguments& arguments) {
  RESULTSDB_ASSIGN(const auto words,
                   arguments.some_of("state", {"running", "final", "failed", "incomplete"}));
  std::vector<RunState> states;
  for (const std::string& word : words) states.push_back(*parse_run_state(word));
  return states;
}

Result<std::string> find_runs(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(const std::string order, arguments.one_of("sort", {"-position", "-started"}));
  RESULTSDB_ASSIGN(const auto scopes, read_scopes(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const auto states, read_states(arguments));
  std::vector<RunsQuery> queries;
  for (const Scope& scope : scopes) {
    RunsQuery query;
    query.suite = scope.suite;
    query.selection = scope.selection;
    query.range = range.range;
    query.commit = range.commit;
    query.states = states;
    query.order = order == "-started" ? RunOrder::Started : RunOrder::Position;
    query.limit_per_timeline =
        arguments.has("range") && range.last != RangeRequest::kMostRuns ? range.last : 0;
    query.now = context.now();
    queries.push_back(std::move(query));
  }
  const RunSource source(context, std::move(queries), order == "-started");
  RESULTSDB_ASSIGN(const auto found, keyset_page(source.source(), arguments, page));
  RESULTSDB_ASSIGN(const CommitNames commit_names, CommitNames::load(*context.model, found.items));
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const RunInfoPtr& run : found.items) write_run(json, *context.model, *run, commit_names);
  json.end_array();
  write_next(json, found.next);
  json.key("total").null();
  if (scopes.size() == 1 && scopes.front().recent_since)
    json.member("recent_since", *scopes.front().recent_since);
  json.key("warnings").begin_array().end_array().end_object();
  return json.take();
}

/// The neighbours of a run on its timeline: (older, newer), empty at the ends.
Result<std::pair<std::string, std::string>> neighbours(const NativeContext& context, const RunInfo& run) {
  RunsQuery query;
  query.suite = run.suite;
  query.selection.timelines = {run.timeline};
  query.now = context.now();
  query.range = {run.position, run.position, {}, {}};
  query.ascending = true;
  RESULTSDB_ASSIGN(auto runs, context.model->runs(query));
  query.range = {run.position + 1, {}, {}, {}};
  query.limit = 1;
  RESULTSDB_ASSIGN(const auto newer, context.model->runs(query));
  query.range = {{}, run.position - 1, {}, {}};
  query.ascending = false;
  RESULTSDB_ASSIGN(const auto older, context.model->runs(query));
  runs.insert(runs.begin(), older.begin(), older.end());
  runs.insert(runs.end(), newer.begin(), newer.end());
  const auto self = std::ranges::find(runs, run.id, [](const RunInfoPtr& other) { return other->id; });
  std::pair<std::string, std::string> found;
  if (self == runs.end()) return found;  // deleted meanwhile
  if (self != runs.begin()) found.first = (*(self - 1))->id;
  if (self + 1 != runs.end()) found.second = (*(self + 1))->id;
  return found;
}

Result<std::string> get_run(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const RunInfoPtr run, find_run(context, arguments));
  RESULTSDB_ASSIGN(const CommitNames commit_names, CommitNames::load(*context.model, {&run, 1}));
  RESULTSDB_ASSIGN(const auto around, neighbours(context, *run));
  JsonWriter json;
  json.begin_object();
  write_run_members(json, *context.model, *run, commit_names);
  json.key("previous");
  around.first.empty() ? json.null() : json.value(around.first);
  json.key("next");
  around.second.empty() ? json.null() : json.value(around.second);
  json.key("progress").begin_object().member("done", run->counts.covered).key("planned");
  run->state == RunState::Running ? json.null() : json.value(run->counts.covered + run->counts.lost);
  json.end_object().key("warnings").begin_array().end_array().end_object();
  return json.take();
}

Result<RunResults> read_results(const NativeContext& context, const Arguments& arguments,
                                RunResultsQuery::Which which) {
  RunResultsQuery query;
  query.run = arguments.path(0);
  query.suite = arguments.get_or("suite", "");
  query.which = which;
  query.prefix = arguments.get_or("prefix", "");
  auto results = context.model->results(query, context.now());
  if (!results && results.error().code == ErrorCode::NotFound) return no_such_run(query.run);
  return results;
}

std::string folder_of(std::string_view test) {
  for (const std::string_view separator : {"/", "::", "."}) {
    if (const auto at = test.rfind(separator); at != test.npos) return std::string(test.substr(0, at));
  }
  return {};
}

void write_row(JsonWriter& json, const RunResults::Row& row, OutcomeTable& outcomes) {
  json.begin_object().member("test", row.test).member("outcome", outcomes.id(row.outcome));
  if (row.duration) json.member("duration_us", row.duration->count());
  if (row.tries > 0) json.member("tries", row.tries).member("passes", row.passes);
  json.end_object();
}

/// A row with the group that it is in.
struct Grouped {
  RunResults::Row row;
  std::string key, title;
};

/// Rows of one group stand together: groups by key, clusters by size before that.
Result<std::vector<Grouped>> group_rows(const NativeContext& context, RunResults& results,
                                        const std::string& group, Question::Bad bad) {
  std::vector<ReasonOfResult> reasons;
  if (group == "cluster") {
    std::vector<BadAt> places;
    for (const RunResults::Row& row : results.rows) places.push_back({results.run, row.test});
    RESULTSDB_ASSIGN(reasons, Answers(context.model).reasons(results.run->suite, bad, places));
  }
  std::vector<Grouped> grouped;
  std::map<std::string, std::size_t> sizes;
  for (std::size_t i = 0; i < results.rows.size(); ++i) {
    Grouped& each = grouped.emplace_back();
    each.row = std::move(results.rows[i]);
    if (group == "cluster") each.key = reasons[i].id;
    if (group == "class") each.key = outcome_class(each.row.outcome.actual);
    if (group == "folder") each.key = folder_of(each.row.test);
    each.title = group == "cluster" ? reasons[i].pattern : each.key;
    ++sizes[each.key];
  }
  std::ranges::stable_sort(grouped, [&](const Grouped& a, const Grouped& b) {
    const std::size_t most_a = group == "cluster" ? sizes[a.key] : 0;
    const std::size_t most_b = group == "cluster" ? sizes[b.key] : 0;
    return most_a != most_b ? most_a > most_b : a.key < b.key;
  });
  return grouped;
}

/// The groups of the rows from `at` up to `end`; one that the page cuts says how many it leaves out.
void write_groups(JsonWriter& json, const std::vector<Grouped>& rows, std::size_t at, std::size_t end,
                  OutcomeTable& outcomes) {
  json.key("groups").begin_array();
  while (at < end) {
    const std::string& key = rows[at].key;
    std::size_t first = at, last = at;
    while (first > 0 && rows[first - 1].key == key) --first;
    while (last < rows.size() && rows[last].key == key) ++last;
    json.begin_object().member("key", key).member("title", rows[at].title).member("count", last - first);
    json.key("items").begin_array();
    for (; at < std::min(last, end); ++at) write_row(json, rows[at].row, outcomes);
    json.end_array().member("more", last - at).end_object();
  }
  json.end_array();
}

Result<std::string> find_run_failures(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(const std::string which, arguments.one_of("outcomes", {"failing", "unexpected"}));
  RESULTSDB_ASSIGN(const std::string group,
                   arguments.one_of("group", {"none", "class", "folder", "cluster"}));
  const bool failing = which == "failing";
  RESULTSDB_ASSIGN(auto results, read_results(context, arguments,
                                              failing ? RunResultsQuery::Which::Failing
                                                      : RunResultsQuery::Which::Unexpected));
  const std::string wanted = arguments.get_or("q", "");
  std::erase_if(results.rows,
                [&](const RunResults::Row& row) { return row.test.find(wanted) == std::string::npos; });
  RESULTSDB_ASSIGN(const auto rows, group_rows(context, results, group,
                                               failing ? Question::Bad::Failing : Question::Bad::Unexpected));
  const std::size_t end = std::min<std::size_t>(rows.size(), page.offset + page.limit);
  OutcomeTable outcomes;
  JsonWriter json;
  json.begin_object().member("run", results.run->id);
  write_groups(json, rows, page.offset, end, outcomes);
  json.key("counts");
  ClassCounts counts;
  counts.add(results.run->counts);
  write_counts(json, counts);
  json.key("outcomes");
  outcomes.write(json);
  json.member("total", rows.size()).key("lost").begin_array();
  for (const std::string& test : results.lost) json.value(test);
  json.end_array();
  write_next(json, end < rows.size() ? offset_token(arguments, end) : "");
  json.end_object();
  return json.take();
}

Result<std::string> find_run_results(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments, 10'000));
  RESULTSDB_ASSIGN(const std::string order, arguments.one_of("sort", {"test", "-duration"}));
  RESULTSDB_ASSIGN(const auto classes, arguments.some_of("class", {"pass", "warn", "fail", "image", "timeout",
                                                                   "crash", "error", "skip", "other"}));
  RESULTSDB_ASSIGN(auto results, read_results(context, arguments, RunResultsQuery::Which::All));
  Rows& rows = results.rows;
  if (!classes.empty()) {
    std::erase_if(rows, [&](const RunResults::Row& row) {
      return std::ranges::find(classes, outcome_class(row.outcome.actual)) == classes.end();
    });
  }
  if (order == "-duration") {
    std::ranges::stable_sort(rows, std::greater(),
                             [](const RunResults::Row& row) { return row.duration.value_or(Duration(-1)); });
  }
  const std::size_t end = std::min<std::size_t>(rows.size(), page.offset + page.limit);
  OutcomeTable outcomes;
  JsonWriter json;
  json.begin_object().member("run", results.run->id).key("items").begin_array();
  for (std::size_t i = page.offset; i < end; ++i) write_row(json, rows[i], outcomes);
  json.end_array().key("outcomes");
  outcomes.write(json);
  write_next(json, end < rows.size() ? offset_token(arguments, end) : "");
  json.member("total", rows.size()).key("warnings").begin_array().end_array().end_object();
  return json.take();
}

Result<std::string> get_result(const NativeContext& context, const Arguments& arguments) {
  RunResultsQuery query;
  RESULTSDB_ASSIGN(const std::string test, arguments.required("test"));
  query.run = arguments.path(0);
  query.suite = arguments.get_or("suite", "");
  query.prefix = test;
  query.details = true;
  RESULTSDB_ASSIGN(const auto results, context.model->results(query, context.now()));
  const auto row = std::ranges::find(results.rows, test, &RunResults::Row::test);
  const bool lost = std::ranges::find(results.lost, test) != results.lost.end();
  JsonWriter json;
  json.begin_object().member("run", results.run->id).member("suite", results.run->suite).member("test", test);
  json.member("covered", row != results.rows.end()).member("lost", lost);
  if (row != results.rows.end()) {
    json.key("outcome");
    write_outcome(json, row->outcome.plain_pass() ? 0 : 1, row->outcome);
    if (row->duration) json.member("duration_us", row->duration->count());
    if (row->tries > 0) json.member("tries", row->tries).member("passes", row->passes);
    if (!row->attributes.empty()) json.key("attributes").raw(row->attributes);
  }
  const bool detail = row != results.rows.end() && !row->detail.empty();
  json.key("detail");
  detail ? json.raw(row->detail) : json.null();
  json.end_object();
  return json.take();
}

}  // namespace

void add_run_routes(Router& router, const ContextPtr& context) {
  add_read(router, context, {"/v1/runs", "findRuns", names({"SEL", "RNG", "PAGE", "state*"}), find_runs});
  add_read(router, context, {"/v1/runs/{run}", "getRun", names({"suite"}), get_run});
  add_read(router, context,
           {"/v1/runs/{run}/failures", "findRunFailures",
            names({"suite", "outcomes", "group", "q", "prefix", "limit", "page"}), find_run_failures});
  add_read(router, context,
           {"/v1/runs/{run}/results", "findRunResults", names({"suite", "prefix", "class*", "PAGE"}),
            find_run_results});
  add_read(router, context, {"/v1/runs/{run}/result", "getResult", names({"suite", "test"}), get_result});
}

}  // namespace resultsdb::http
