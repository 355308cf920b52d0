// Commands that ask: suites, configurations, tests, runs, failures, history.
#include <boost/json.hpp>
#include <iostream>
#include <map>

#include "commands.hpp"
#include "context.hpp"
#include "lookup.hpp"
#include "near_names.hpp"
#include "output.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

/// The "message" member of a detail, or its first line if it is a text.
std::string message_of(const std::string& detail) {
  if (detail.empty()) return {};
  boost::system::error_code error;
  auto text = detail;
  json::replace_lone_surrogates(text);
  boost::json::parse_options parse;
  parse.max_depth = json::kMaxDepth;
  const auto value = boost::json::parse(text, error, {}, parse);
  if (error) return {};
  const boost::json::value* message = value.is_object() ? value.as_object().if_contains("message") : &value;
  return message && message->is_string() ? std::string(message->get_string().c_str()) : std::string();
}

RunsQuery runs_query(const Options& options) {
  RunsQuery query;
  query.suite = options.text("suite");
  query.selection = parse_selection(options);
  query.now = system_clock()();
  return query;
}

std::optional<double> milliseconds(std::int64_t duration_us) {
  if (duration_us < 0) return std::nullopt;
  return static_cast<double>(duration_us) / 1000.0;
}

/// The outcome of each run that covers the test, in the series' order.
std::vector<std::pair<std::size_t, Outcome>> covered_runs(const History& history,
                                                          const History::Series& series) {
  std::vector<std::pair<std::size_t, Outcome>> covered;
  std::size_t run = 0;
  for (const auto& part : series.outcomes) {
    if (part.outcome >= 0) {
      const auto info = std::find_if(
          history.outcomes.begin(), history.outcomes.end(),
          [&](const OutcomeInfo& outcome) { return outcome.id == static_cast<std::uint32_t>(part.outcome); });
      const auto outcome = info == history.outcomes.end() ? Outcome{} : info->outcome;
      for (std::size_t i = 0; i < part.count; ++i) covered.emplace_back(run + i, outcome);
    }
    run += part.count;
  }
  return covered;
}

Records history_columns() {
  return Records({"id", "suite", "branch", "configuration", "attempt", "state", "position", "started",
                  "commits", "expected", "actual", "duration_ms"});
}

void add_history(const History& history, const History::Series& series, Records& records) {
  const auto& runs = history.timelines[series.timeline].runs;
  for (const auto& [run, outcome] : covered_runs(history, series)) {
    auto cells = run_cells(*runs[run]);
    cells.push_back(cell(outcome.expected));
    cells.push_back(cell(outcome.actual));
    cells.push_back(cell(milliseconds(run < series.duration_us.size() ? series.duration_us[run] : -1)));
    records.add(std::move(cells));
  }
}

void print_history_json(const std::string& suite, const std::string& test, const History& history) {
  std::cout << "{\"suite\":" << json::quote(suite) << ",\"test\":" << json::quote(test) << ",\"timelines\":[";
  const char* separator = "";
  for (const auto& series : history.series) {
    const auto& timeline = history.timelines[series.timeline].info;
    auto records = history_columns();
    add_history(history, series, records);
    std::cout << separator << "{\"branch\":" << json::quote(timeline.branch)
              << ",\"configuration\":" << timeline.configuration.json()
              << ",\"order_key\":" << json::quote(to_string(timeline.order_key)) << ",\"runs\":["
              << records.json_items() << "]}";
    separator = ",\n";
  }
  std::cout << "]}\n";
}

/// A build that failed and a run that broke off have no failing test either: that is worth a word.
void warn_of_runs_without_an_end(const std::vector<RunInfoPtr>& runs) {
  for (const auto& run : runs) {
    if (run->state == RunState::Final && run->counts.covered > 0 && run->counts.lost == 0) continue;
    std::cerr << "warning: " << run->suite << ' ' << run->configuration.key() << ": the run of "
              << format_rfc3339(run->started) << " is " << to_string(run->state) << ", with "
              << run->counts.covered << " results and " << run->counts.lost << " lost tests\n";
  }
}

/// By timeline: the newest run, where it has no result of the test.
std::map<std::string, RunInfoPtr> newest_runs_without_test(Model& model, HistoryQuery query) {
  query.only_covering = query.durations = false;
  query.limit = 1;
  const auto newest = need(model.history(query));
  std::map<std::string, RunInfoPtr> without;
  for (const auto& timeline : newest.timelines)
    if (!timeline.runs.empty()) without[timeline.info.id] = timeline.runs.front();
  for (const auto& series : newest.series)
    if (series.outcomes.front().outcome >= 0) without.erase(newest.timelines[series.timeline].info.id);
  return without;
}

void print_history_table(Model& model, const HistoryQuery& query, const History& history) {
  if (history.series.empty()) std::cout << "no run covers this test\n";
  const auto without_test = newest_runs_without_test(model, query);
  for (const auto& series : history.series) {
    const auto& timeline = history.timelines[series.timeline];
    std::cout << (timeline.info.branch.empty() ? "(no branch)" : timeline.info.branch) << "  "
              << timeline.info.configuration.key() << '\n';
    if (const auto newer = without_test.find(timeline.info.id); newer != without_test.end())
      std::cout << "the newest run, of " << format_rfc3339(newer->second->started) << ", is "
                << to_string(newer->second->state) << " and has no result of this test\n";
    Records records({"started", "commits", "state", "expected", "actual", "duration_ms", "run"});
    for (const auto& [run, outcome] : covered_runs(history, series)) {
      const auto& info = *timeline.runs[run];
      records.add({cell(format_rfc3339(info.started)), cell(info.commits), cell(to_string(info.state)),
                   cell(outcome.expected), cell(outcome.actual),
                   cell(milliseconds(run < series.duration_us.size() ? series.duration_us[run] : -1)),
                   cell(info.id)});
    }
    records.print(Format::Table, "no runs");
    std::cout << '\n';
  }
}

/// Runs that `failures` looks at: the one named, those of a commit, or the newest of each timeline.
std::vector<RunInfoPtr> runs_to_examine(Model& model, const Options& options) {
  if (options.has("run") && options.has("commit"))
    throw UsageError{"failures: give --run or --commit, not both"};
  auto query = runs_query(options);
  if (options.has("run")) {
    query.id = options.text("run");
  } else if (options.has("commit")) {
    query.commit = named_commit(model, options, options.text("commit"), "--commit");
  } else {
    query.limit_per_timeline = 1;
  }
  if (options.has("suite")) need_suite(model, options.text("suite"));
  if (options.has("run")) need_run(model, query.suite, query.id);
  return need(model.runs(query));
}

}  // namespace

int run_suites(const Arguments& arguments) {
  Options options("suites", "", 0);
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  auto model = open_model(options, Access::Read);
  Records records({"suite", "tests", "runs"});
  for (const auto& suite : need(model->suites()))
    records.add({cell(suite.name), cell(static_cast<std::int64_t>(suite.tests)),
                 cell(static_cast<std::int64_t>(suite.runs))});
  records.print(format, "no suites yet; 'resultsdb import' stores the first run");
  return kDone;
}

int run_configurations(const Arguments& arguments) {
  Options options("configurations", "[--suite S]", 0);
  options.add_selection();
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  auto model = open_model(options, Access::Read);
  Records records({"suite", "branch", "configuration", "runs", "last_received"});
  for (const auto& suite : suites_of(*model, options)) {
    for (const auto& timeline : need(model->timelines(suite, parse_selection(options)))) {
      records.add({name_cell(suite), name_cell(timeline.branch), cell(timeline.configuration),
                   cell(std::int64_t{timeline.runs}), cell(format_rfc3339(timeline.last_received))});
    }
  }
  records.print(format, "no configurations");
  return kDone;
}

int run_tests(const Arguments& arguments) {
  Options options("tests", "[--suite S] [--prefix P] [--contains T]", 0);
  options.add()                                                          //
      ("suite", po::value<std::string>(), "suite (default: all)")        //
      ("prefix", po::value<std::string>(), "names that begin so")        //
      ("contains", po::value<std::string>(), "names that contain this")  //
      ("limit", po::value<std::uint32_t>()->default_value(0), "names a suite; 0: all");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const auto limit = options.number("limit");
  auto model = open_model(options, Access::Read);
  Records records({"suite", "test"});
  for (const auto& suite : suites_of(*model, options)) {
    TestsQuery query{.suite = suite,
                     .prefix = options.text("prefix"),
                     .contains = options.text("contains"),
                     .limit = 10'000};
    std::uint32_t given = 0;
    do {
      if (limit > 0) query.limit = std::min<std::uint32_t>(10'000, limit - given);
      auto page = need(model->tests(query));
      for (const auto& name : page.items) records.add({cell(suite), cell(name)});
      given += static_cast<std::uint32_t>(page.items.size());
      query.page = std::move(page.next);
    } while (!query.page.empty() && (limit == 0 || given < limit));
  }
  records.print(format, "no such tests");
  return kDone;
}

int run_runs(const Arguments& arguments) {
  Options options("runs", "[--suite S] [--state STATE] [--limit N]", 0);
  options.add_selection();
  options.add()                                                                               //
      ("state", po::value<std::vector<std::string>>(), "running, final, failed, incomplete")  //
      ("limit", po::value<std::uint32_t>()->default_value(100), "runs a timeline; 0: all");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  auto query = runs_query(options);
  query.limit_per_timeline = options.number("limit");
  for (const auto& text : options.texts("state")) {
    const auto state = parse_run_state(text);
    if (!state) throw UsageError{"--state: '" + text + "' is none of running, final, failed, incomplete"};
    query.states.push_back(*state);
  }
  auto model = open_model(options, Access::Read);
  if (options.has("suite")) need_suite(*model, options.text("suite"));
  Records records({"id", "suite", "branch", "configuration", "attempt", "state", "position", "started",
                   "commits", "counts", "unexpected", "lost"});
  for (const auto& run : need(model->runs(query))) {
    auto cells = run_cells(*run);
    cells.push_back(cell_counts(run->counts, false));
    cells.push_back(cell_counts(run->counts, true));
    cells.push_back(cell(std::int64_t{run->counts.lost}));
    records.add(std::move(cells));
  }
  records.hide({"position"});
  records.hide_if_equal({"attempt"});
  records.print(format, "no such runs");
  return kDone;
}

int run_failures(const Arguments& arguments) {
  Options options("failures", "[--suite S] [--run ID | --commit REPOSITORY@REF]", 0);
  options.add_selection();
  options.add_clone();
  options.add()                                                                                  //
      ("run", po::value<std::string>(), "this run (default: the newest of each configuration)")  //
      ("commit", po::value<std::string>(), "runs of this commit, REPOSITORY@REF")                //
      ("unexpected", "only results that were not expected");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  auto model = open_model(options, Access::Read);
  Records records({"run", "suite", "test", "configuration", "expected", "actual", "message"});
  const auto runs = runs_to_examine(*model, options);
  warn_of_runs_without_an_end(runs);
  for (const auto& run : runs) {
    RunResultsQuery query{.run = run->id,
                          .suite = run->suite,
                          .which = RunResultsQuery::Which::Failing,
                          .details = true,
                          .durations = false};
    if (options.has("unexpected")) query.which = RunResultsQuery::Which::Unexpected;
    for (const auto& row : need(model->results(query, system_clock()())).rows) {
      records.add({cell(run->id), name_cell(run->suite), name_cell(row.test), cell(run->configuration),
                   cell(row.outcome.expected), cell(row.outcome.actual), name_cell(message_of(row.detail))});
    }
  }
  records.print(format, runs.empty() ? "no such runs, so nothing is known of failures" : "no failures");
  return kDone;
}

int run_history(const Arguments& arguments) {
  Options options("history", "TEST --suite S", 1);
  options.add_selection();
  options.add()("limit", po::value<std::uint32_t>()->default_value(100), "runs a timeline; 0: all");
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1) throw UsageError{"history: name one test"};
  const auto format = options.format();
  auto model = open_model(options, Access::Read);
  const std::string suite = only_suite(*model, options, "history");
  const auto& test = options.positional().front();
  HistoryQuery query{.suite = suite, .tests = {test}};
  query.selection = parse_selection(options);
  query.limit = options.number("limit");
  query.only_covering = true;
  query.durations = true;
  query.now = system_clock()();
  const auto history = need(model->history(query));
  if (!history.unknown_tests.empty()) fail_for_unknown_test(*model, suite, test);
  if (format == Format::Json) {
    print_history_json(suite, test, history);
  } else if (format == Format::Table) {
    print_history_table(*model, query, history);
  } else {
    auto records = history_columns();
    for (const auto& series : history.series) add_history(history, series, records);
    records.print(format, "");
  }
  return kDone;
}

}  // namespace resultsdb::cli
