// Commands about whole suites: summary, flaky, regressions.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "commands.hpp"
#include "context.hpp"
#include "judging.hpp"
#include "lookup.hpp"
#include "resultsdb/flaky_details.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

std::string_view to_string(SummaryRow::State state) {
  switch (state) {
    case SummaryRow::State::Current:
      return "current";
    case SummaryRow::State::Stale:
      return "stale";
    case SummaryRow::State::NotRun:
      return "not_run";
  }
  return "";
}

/// Configurations of timelines, each once.
std::vector<Configuration> configurations(const std::vector<TimelineInfo>& timelines,
                                          const std::vector<std::uint32_t>& chosen) {
  std::map<std::string, Configuration> by_key;
  for (const std::uint32_t i : chosen)
    by_key.emplace(timelines[i].configuration.key(), timelines[i].configuration);
  std::vector<Configuration> found;
  for (auto& [key, configuration] : by_key) found.push_back(std::move(configuration));
  return found;
}

/// A JSON array; tables and CSV leave events out.
Cell events_cell(const RegressionsAnswer& answer, const Regression& regression) {
  Records events(
      {"test", "timeline", "configuration", "open", "before_run", "after_run", "before", "after", "outcome"});
  for (const ChangeEvent& event : regression.events) {
    const TimelineInfo& timeline = answer.timelines[event.timeline];
    events.add({cell(event.test),
                cell(timeline.id),
                cell(timeline.configuration),
                {"", event.open ? "true" : "false"},
                cell(event.before_run),
                cell(event.after_run),
                cell(event.before),
                cell(event.after),
                cell(event.outcome.actual)});
  }
  return {std::to_string(regression.events.size()), "[" + events.json_items() + "]"};
}

ChangeKind parse_kind(const std::string& text) {
  for (const ChangeKind kind :
       {ChangeKind::Regression, ChangeKind::Flaky, ChangeKind::Expectation, ChangeKind::Fix})
    if (text == to_string(kind)) return kind;
  throw UsageError{"--kind: '" + text + "' is none of regression, flaky, expectation, fix"};
}

bool is_ever_open(ChangeKind kind) { return kind == ChangeKind::Regression || kind == ChangeKind::Flaky; }

/// --state; without it what lists anything of the kinds that were asked for.
RegressionsQuery::State parse_state(const Options& options, const std::vector<ChangeKind>& kinds) {
  const auto text = options.text("state");
  if (text.empty())
    return std::ranges::all_of(kinds, is_ever_open) ? RegressionsQuery::State::Open
                                                    : RegressionsQuery::State::All;
  if (text == "open") return RegressionsQuery::State::Open;
  if (text == "fixed" || text == "closed") return RegressionsQuery::State::Closed;
  if (text == "all") return RegressionsQuery::State::All;
  throw UsageError{"--state: '" + text + "' is none of open, fixed, all"};
}

Cell state_cell(const Regression& regression) {
  if (regression.open) return cell("open");
  return regression.kind == ChangeKind::Expectation ? Cell{"", "null"} : cell("fixed");
}

}  // namespace

int run_summary(const Arguments& arguments) {
  Options options("summary", "[--suite S]", 0);
  add_question(options, 1);
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  Answers answers(model);
  Records records({"suite", "branch", "configuration", "state", "runs", "passing", "expected", "failing",
                   "unexpected", "skipped", "lost", "newest"});
  Basis basis;
  bool any_bad = false;
  const auto suites = suites_of(*model, options);
  for (const std::string& suite : suites) {
    const auto summary = ask([&] { return answers.summary({parse_question(options, suite)}); });
    const ConfigurationLabels labels(summary.timelines);
    add_basis(basis, summary.basis);
    any_bad = any_bad || summary.total.failing > 0;
    for (const SummaryRow& row : summary.rows) {
      const TimelineInfo& timeline = summary.timelines[row.timeline];
      const auto number = [](std::uint64_t n) { return cell(static_cast<std::int64_t>(n)); };
      records.add({name_cell(suite), name_cell(timeline.branch), labels.cell(timeline.configuration),
                   cell(to_string(row.state)), number(row.runs), cell(row.passing), counted(row.expected),
                   number(row.failing), number(row.unexpected), number(row.skipped), number(row.lost),
                   cell(row.newest)});
    }
  }
  records.hide({"expected"});  // `unexpected` says as much
  records.hide_if_equal({"suite", "branch"});
  print_list(format, records, records.size(), basis, "no runs");
  hint(format, any_bad ? "next: resultsdb regressions" : "next: resultsdb flaky");
  return kDone;
}

namespace {

struct FlakyItem {
  std::string suite;
  FlakyTest test;
  Cell configurations;
  std::vector<std::string> timelines;
};

/// By item; asked once a suite.
std::vector<FlakyDetails> read_details(Answers& answers, const Options& options,
                                       const std::vector<FlakyItem>& items) {
  std::map<std::string, std::pair<FlakyDetailsQuery, std::vector<std::size_t>>> queries;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto& [query, places] = queries[items[i].suite];
    query.items.push_back({items[i].test.test, items[i].timelines});
    places.push_back(i);
  }
  std::vector<FlakyDetails> all(items.size());
  for (auto& [suite, each] : queries) {
    auto& [query, places] = each;
    static_cast<Question&>(query) = parse_question(options, suite);
    const auto details = ask([&, &asked = query] { return answers.flaky_details(asked); });
    for (std::size_t i = 0; i < places.size(); ++i) all[places[i]] = details[i];
  }
  return all;
}

/// `0 10 - 50 %`, as an array of shares in JSON.
Cell trend_cell(const FlakyDetails& details) {
  Cell shown{.text = {}, .json = "["};
  for (const Proportion& window : details.trend) {
    const auto share = static_cast<double>(window.k) / static_cast<double>(window.n);
    shown.json +=
        (shown.json.size() > 1 ? "," : "") + (window.n == 0 ? "null" : cell(std::optional(share)).json);
    shown.text += window.n == 0 ? "- " : std::to_string(std::lround(100 * share)) + " ";
  }
  shown.json += "]";
  shown.text += "%";
  return shown;
}

}  // namespace

int run_flaky(const Arguments& arguments) {
  Options options("flaky", "[--suite S]", 0);
  add_question(options, 0);
  options.add()                                                                             //
      ("min-runs", po::value<std::uint32_t>()->default_value(10), "since the last change")  //
      ("limit", po::value<std::uint32_t>()->default_value(20), "tests; 0: all")             //
      ("by-timeline", "each timeline by itself");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  Answers answers(model);
  std::vector<FlakyItem> items;
  Basis basis;
  std::uint64_t total = 0;
  const auto suites = suites_of(*model, options);
  for (const std::string& suite : suites) {
    FlakyQuery query{parse_question(options, suite)};
    query.min_runs = options.number("min-runs");
    query.limit = options.number("limit");
    query.by_timeline = options.has("by-timeline");
    auto answer = ask([&] { return answers.flaky(query); });
    const ConfigurationLabels labels(answer.timelines);
    add_basis(basis, answer.basis);
    total += answer.total;
    for (FlakyTest& test : answer.tests) {
      std::vector<std::uint32_t> timelines;
      std::vector<std::string> ids;
      for (const auto& each : test.timelines) {
        timelines.push_back(each.timeline);
        ids.push_back(answer.timelines[each.timeline].id);
      }
      items.push_back({suite, std::move(test), labels.cell(configurations(answer.timelines, timelines), 1),
                       std::move(ids)});
    }
  }
  std::ranges::stable_sort(items, std::greater<>(), [](const FlakyItem& item) {
    return std::pair(item.test.flakiness.score(), item.test.flakiness.flips.k);
  });
  if (const auto limit = options.number("limit"); limit != 0 && items.size() > limit) items.resize(limit);
  Records records({"suite", "test", "score", "minority", "flips", "same_commit", "retries", "configurations",
                   "last_bad", "last_good", "trend", "wasted_us", "messages"});
  const auto details = read_details(answers, options, items);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& [suite, test, where, timelines] = items[i];
    const Flakiness& flakiness = test.flakiness;
    Cell score = cell(std::optional(flakiness.score()));
    score.shortened = score.text.substr(0, 6);
    records.add({name_cell(suite), name_cell(test.test), score, cell(flakiness.minority),
                 counted(flakiness.flips), counted(flakiness.disagreement), counted(flakiness.retries), where,
                 cell(test.last_bad), cell(test.last_good), trend_cell(details[i]),
                 cell(static_cast<std::int64_t>(details[i].wasted.count())),
                 cell(std::int64_t{details[i].messages})});
  }
  if (suites.size() == 1) records.hide({"suite"});
  records.hide({"last_good", "trend", "wasted_us", "messages"});
  records.hide_if_nothing({"same_commit", "retries"});
  print_list(format, records, total, basis, "no flaky tests");
  if (!items.empty())
    hint(format, "next: resultsdb verdict " + test_arguments(items.front().test.test, items.front().suite));
  return kDone;
}

int run_regressions(const Arguments& arguments) {
  Options options("regressions", "[--suite S]", 0);
  add_question(options, 0);
  options.add_clone();
  options.add()  //
      ("state", po::value<std::string>(),
       "open, fixed or all (default: open; all if --kind asks for fixes or expectations, which never are)")  //
      ("kind", po::value<std::vector<std::string>>(), "regression, flaky, expectation, fix; repeats")  //
      ("change", po::value<double>()->default_value(1e-3),
       "how likely a change is at one run; 0.01 shows possible ones too")                                  //
      ("commit", po::value<std::string>(), "only those that this commit may have caused, REPOSITORY@REF")  //
      ("limit", po::value<std::uint32_t>()->default_value(100), "items a suite; 0: all")                   //
      ("strict", "exit 1 if an open regression is listed");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  Answers answers(model);
  CommitNames names(*model);
  Records records({"id", "suite", "kind", "open", "state", "tests", "configurations", "range", "last_good",
                   "first_bad", "before", "after", "worst", "events"});
  Basis basis;
  std::string example;
  bool any_open = false;
  std::uint64_t total = 0;
  const auto suites = suites_of(*model, options);
  for (const std::string& suite : suites) {
    RegressionsQuery query{parse_question(options, suite)};
    for (const std::string& kind : options.texts("kind")) query.kinds.push_back(parse_kind(kind));
    query.state = parse_state(options, query.kinds);
    query.change = options.value<double>("change");
    if (options.has("commit"))
      query.containing = named_commit(*model, options, options.text("commit"), "--commit").position;
    query.limit = options.number("limit");
    const auto answer = ask([&] { return answers.regressions(query); });
    total += answer.total;
    const ConfigurationLabels labels(answer.timelines);
    add_basis(basis, answer.basis);
    for (const Regression& each : answer.regressions) {
      any_open = any_open || each.open;
      if (example.empty() && each.open) example = test_arguments(each.tests.front(), suite);
      records.add({cell(each.id),
                   name_cell(suite),
                   cell(to_string(each.kind)),
                   {each.open ? "open" : "", each.open ? "true" : "false"},
                   state_cell(each),
                   cell(each.tests, 1),
                   labels.cell(configurations(answer.timelines, each.timelines), 1),
                   cell_range(each.after, each.to, names.name(each.after, each.first_bad->branch),
                              names.name(each.to, each.first_bad->branch)),
                   names.cell(each.last_good),
                   names.cell(each.first_bad),
                   cell(each.before),
                   cell(each.after_rate),
                   cell(each.worst.actual),
                   events_cell(answer, each)});
    }
  }
  records.hide({"id", "open", "range", "events"});
  records.hide_if_equal({"state"});
  if (suites.size() == 1) records.hide({"suite"});
  print_list(format, records, total, basis, "no such changes");
  hint(format, example.empty() ? "next: resultsdb flaky" : "next: resultsdb culprit " + example);
  return any_open && options.has("strict") ? kRefused : kDone;
}

}  // namespace resultsdb::cli
