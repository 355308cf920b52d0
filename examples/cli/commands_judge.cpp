// Commands about one test, and about two sides of runs: verdict, culprit, compare.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>

#include "commands.hpp"
#include "context.hpp"
#include "judging.hpp"
#include "lookup.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

/// The answer about a test, or the suite's names that are like it.
template <class T>
T need_test(Result<T> result, Model& model, const std::string& suite, const std::string& test) {
  if (!result && result.error().code == ErrorCode::NotFound) fail_for_unknown_test(model, suite, test);
  return need(std::move(result));
}

std::string verdict_text(const std::optional<Verdict>& verdict) {
  return verdict ? std::string(to_string(*verdict)) : "not_run";
}

std::string_view to_string(CulpritAnswer::Status status) {
  switch (status) {
    case CulpritAnswer::Status::Found:
      return "found";
    case CulpritAnswer::Status::None:
      return "none";
    case CulpritAnswer::Status::ExpectationChange:
      return "expectation_change";
    case CulpritAnswer::Status::NotEnoughData:
      return "not_enough_data";
  }
  return "";
}

std::string number_json(double number) {
  std::string text;
  json::append_number(text, number);
  return text;
}

std::string range_json(const CulpritAnswer::Range& range) {
  std::string text = "{\"after\":" + std::to_string(range.after) + ",\"to\":" + std::to_string(range.to) +
                     ",\"mass\":" + number_json(range.mass) + ",\"commits\":[";
  for (std::size_t i = 0; i < range.commits.size(); ++i)
    text += (i > 0 ? "," : "") + json::quote(range.commits[i].repository + "@" + range.commits[i].id());
  return text + "]}";
}

void print_culprit_json(const CulpritAnswer& answer, const Records& timelines) {
  std::cout << "{\"status\":" << json::quote(to_string(answer.status)) << ",\"per_timeline\":["
            << timelines.json_items()
            << "],\"combined\":" << (answer.combined ? range_json(*answer.combined) : "null")
            << ",\"posterior\":[";
  for (std::size_t i = 0; i < answer.posterior.size(); ++i)
    std::cout << (i > 0 ? "," : "") << range_json(answer.posterior[i]);
  std::cout << "],\"credible\":{";
  for (std::size_t i = 0; i < answer.credible.size(); ++i)
    std::cout << (i > 0 ? "," : "") << '"' << number_json(answer.credible[i].confidence)
              << "\":" << cell_range(answer.credible[i].range.after, answer.credible[i].range.to).json;
  std::cout << "},\"next_test\":";
  if (!answer.next_test) {
    std::cout << "null}\n";
    return;
  }
  std::cout << "{\"position\":" << answer.next_test->position
            << ",\"timeline\":" << json::quote(answer.timelines[answer.next_test->timeline].id)
            << ",\"repeats\":" << answer.next_test->repeats << "}}\n";
}

void print_range(const char* label, const CulpritAnswer::Range& range) {
  std::cout << label << ": after " << range.after << ", up to " << range.to << " ("
            << static_cast<int>(100 * range.mass + 0.5) << " % of the probability)\n";
  for (const Commit& commit : range.commits)
    std::cout << "  " << commit.repository << '@' << commit.label() << "  " << commit.author.name << "  "
              << commit.subject() << '\n';
}

void print_culprit(const CulpritAnswer& answer, const Records& timelines) {
  switch (answer.status) {
    case CulpritAnswer::Status::Found:
      break;
    case CulpritAnswer::Status::None:
      std::cout << "nothing broke this test\n";
      return;
    case CulpritAnswer::Status::ExpectationChange:
      std::cout << "what is expected of this test changed; nothing broke it\n";
      return;
    case CulpritAnswer::Status::NotEnoughData:
      std::cout
          << "the newest result is bad, but too few runs tell whether something broke it; run it again\n";
      return;
  }
  timelines.print(Format::Table, "");
  std::cout << '\n';
  if (answer.combined) {
    print_range("common range", *answer.combined);
  } else {
    std::cout << "the ranges have nothing in common: there is more than one cause\n";
  }
  for (const auto& [confidence, range] : answer.credible)
    std::cout << static_cast<int>(100 * confidence + 0.5) << " %: after " << range.after << ", up to "
              << range.to << '\n';
  if (answer.next_test)
    std::cout << "next: run it " << answer.next_test->repeats << "x at position "
              << answer.next_test->position << " on "
              << answer.timelines[answer.next_test->timeline].configuration.key() << '\n';
}

}  // namespace

int run_verdict(const Arguments& arguments) {
  Options options("verdict", "TEST [--suite S]", 1);
  add_question(options, 0);
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1) throw UsageError{"verdict: name one test"};
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  const std::string suite = only_suite(*model, options, "verdict"), test = options.positional().front();
  VerdictQuery query{parse_question(options, suite)};
  query.test = test;
  const auto answer = need_test(Answers(model).verdict(query), *model, suite, test);
  Records records({"branch", "configuration", "verdict", "runs", "minority", "flips", "same_commit",
                   "retries", "last_good", "first_bad"});
  const auto add = [&](Cell branch, Cell configuration, const std::optional<Verdict>& verdict,
                       std::uint64_t runs, const Flakiness& flakiness, const RunInfoPtr& good,
                       const RunInfoPtr& bad) {
    records.add({std::move(branch), std::move(configuration), cell(verdict_text(verdict)),
                 cell(static_cast<std::int64_t>(runs)), cell(flakiness.minority), cell(flakiness.flips),
                 cell(flakiness.disagreement), cell(flakiness.retries), cell(good), cell(bad)});
  };
  const ConfigurationLabels labels(answer.timelines);
  for (const auto& on : answer.per_timeline) {
    const TimelineInfo& timeline = answer.timelines[on.timeline];
    add(cell(timeline.branch), labels.cell(timeline.configuration), on.verdict, on.runs, on.flakiness,
        on.last_good, on.first_bad);
  }
  if (format == Format::Json) {
    std::cout << "{\"verdict\":" << json::quote(verdict_text(answer.verdict))
              << ",\"same_revision\":" << cell(answer.flakiness.disagreement).json
              << ",\"flips\":" << cell(answer.flakiness.flips).json
              << ",\"retries\":" << cell(answer.flakiness.retries).json
              << ",\"across_configurations\":" << cell(answer.across_configurations).json
              << ",\"per_timeline\":[" << records.json_items() << "]}\n";
    return kDone;
  }
  if (format == Format::Table) std::cout << test << ": " << verdict_text(answer.verdict) << "\n\n";
  records.print(format, "no run covers this test");
  if (format == Format::Table) {
    std::cout << "\nconfigurations disagree on " << cell(answer.across_configurations).text
              << " of the commits that several ran\n";
    print_basis(answer.basis);
  }
  if (answer.verdict == Verdict::Regressed)
    hint(format, "next: resultsdb culprit " + test + " --suite " + suite);
  return kDone;
}

int run_culprit(const Arguments& arguments) {
  Options options("culprit", "TEST [--suite S]", 1, "table (default) or json");
  add_question(options, 0);
  options.add()("near", po::value<std::string>(), "the change nearest to this commit, REPOSITORY@REF");
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1) throw UsageError{"culprit: name one test"};
  const auto format = options.format();
  if (format == Format::Csv) throw UsageError{"culprit: --format is table or json"};
  const auto model = open_model(options, Access::Read);
  const std::string suite = only_suite(*model, options, "culprit"), test = options.positional().front();
  CulpritQuery query{parse_question(options, suite)};
  query.test = test;
  if (options.has("near")) query.near = named_commit(*model, options.text("near"), "--near").position;
  const auto answer = need_test(Answers(model).culprit(query), *model, suite, test);
  Records records(
      {"timeline", "branch", "configuration", "last_good", "first_bad", "range", "before", "after"});
  const ConfigurationLabels labels(answer.timelines);
  for (const ChangeEvent& event : answer.per_timeline) {
    const TimelineInfo& timeline = answer.timelines[event.timeline];
    records.add({cell(timeline.id), cell(timeline.branch), labels.cell(timeline.configuration),
                 cell(event.before_run), cell(event.after_run),
                 cell_range(event.before_run->position, event.after_run->position), cell(event.before),
                 cell(event.after)});
  }
  format == Format::Json ? print_culprit_json(answer, records) : print_culprit(answer, records);
  return kDone;
}

int run_compare(const Arguments& arguments) {
  Options options(
      "compare",
      "A B [--suite S]\n\nA and B are each run:ID, commit:REPOSITORY@REF, branch:NAME or last:N, several "
      "joined by ';'.",
      2);
  options.add_selection();
  options.add()                                                                                  //
      ("all-configurations", "everything in A with everything in B, configurations not paired")  //
      ("contains", po::value<std::string>(), "only tests whose name contains this")              //
      ("failing", "count all failures, not only results that were not expected")                 //
      ("limit", po::value<std::uint32_t>()->default_value(100), "tests; 0: all")                 //
      ("strict", "exit 1 if there are new failures");
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 2)
    throw UsageError{
        "compare: give two sides, each run:ID, commit:REPOSITORY@REF, branch:NAME or last:N, joined by ';'"};
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  CompareQuery query{.suite = only_suite(*model, options, "compare"),
                     .a = parse_side(*model, options, options.positional()[0]),
                     .b = parse_side(*model, options, options.positional()[1])};
  query.pair_configurations = !options.has("all-configurations");
  query.name_contains = options.text("contains");
  if (options.has("failing")) query.bad = Question::Bad::Failing;
  query.limit = options.number("limit");
  query.now = system_clock()();
  const auto answer = need(Answers(model).compare(query));
  Records records({"change", "test", "configuration", "a", "b", "rate_a", "rate_b", "p_value", "q_value"});
  std::map<std::string, std::string> names;  // of configurations
  for (const auto* runs : {&answer.runs_a, &answer.runs_b})
    for (const RunInfoPtr& run : *runs)
      names[configuration_id(run->configuration)] = run->configuration.key();
  const auto short_number = [](double number) {
    Cell shown = cell(std::optional(number));
    char text[24];
    std::snprintf(text, sizeof text, "%.2g", number);
    shown.shortened = text;
    return shown;
  };
  for (const ComparedTest& test : answer.tests)
    records.add({cell(to_string(test.difference)), cell(test.test),
                 test.configuration.empty() ? Cell{"", "null"} : cell(names[test.configuration]),
                 cell(test.a), cell(test.b), cell(test.rate_a), cell(test.rate_b), short_number(test.p_value),
                 short_number(test.q_value)});
  if (format == Format::Json) {
    std::cout << "{\"counts\":{";
    for (std::size_t i = 0; i < kDifferences; ++i)
      std::cout << (i > 0 ? "," : "") << json::quote(to_string(static_cast<Difference>(i))) << ':'
                << answer.counts[i];
    std::cout << "},\"items\":[" << records.json_items() << "]}\n";
  } else {
    if (format == Format::Table) {
      std::cout << answer.runs_a.size() << " runs in A, " << answer.runs_b.size() << " in B:";
      for (std::size_t i = 0; i < kDifferences; ++i)
        if (answer.counts[i] > 0)
          std::cout << "  " << to_string(static_cast<Difference>(i)) << ' ' << answer.counts[i];
      std::cout << "\n\n";
    }
    records.print(format, "no differences");
    if (format == Format::Table && answer.total > answer.tests.size())
      std::cerr << answer.tests.size() << " of " << answer.total << "; --limit 0 shows all\n";
  }
  if (answer.runs_a.empty() || answer.runs_b.empty())
    std::cerr << "warning: one side has no runs, so nothing was compared\n";
  const bool worse = answer.counts[static_cast<std::size_t>(Difference::NewFailure)] > 0;
  return worse && options.has("strict") ? kRefused : kDone;
}

}  // namespace resultsdb::cli
