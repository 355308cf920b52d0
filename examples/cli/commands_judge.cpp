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

std::string percent_text(double probability) {
  char text[16];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * probability);
  return text;
}

/// `"after":…,"to":…,"mass":…`
std::string range_members(const CulpritAnswer::Range& range) {
  return "\"after\":" + std::to_string(range.after) + ",\"to\":" + std::to_string(range.to) +
         ",\"mass\":" + number_json(range.mass);
}

std::string range_json(const CulpritAnswer::Range& range) {
  std::string text = "{" + range_members(range) + ",\"commits\":[";
  for (std::size_t i = 0; i < range.commits.size(); ++i)
    text += (i > 0 ? "," : "") + json::quote(range.commits[i].repository + "@" + range.commits[i].id());
  return text + "]}";
}

/// Positions as people know them: by the commit there, if the answer tells of one.
class Places {
 public:
  explicit Places(const CulpritAnswer& answer) {
    const auto add_commits = [this](const CulpritAnswer::Range& range) {
      for (const Commit& commit : range.commits)
        if (commit.position)
          names_.emplace(*commit.position, commit.repository + "@" + printable(commit.label()));
    };
    if (answer.combined) add_commits(*answer.combined);
    for (const auto& range : answer.posterior) add_commits(range);
    for (const ChangeEvent& event : answer.per_timeline)
      for (const RunInfoPtr& run : {event.before_run, event.after_run})
        if (run) names_.emplace(run->position, cell(run).text);
  }
  std::string name(Position position) const {
    const auto found = names_.find(position);
    return found == names_.end() ? "position " + std::to_string(position) : found->second;
  }
  std::string range(const CulpritAnswer::Range& range) const {
    return "after " + name(range.after) + ", up to " + name(range.to);
  }

 private:
  std::map<Position, std::string> names_;
};

void print_culprit_json(const CulpritAnswer& answer, const std::optional<Proportion>& flaky,
                        const Records& timelines) {
  std::cout << "{\"status\":" << json::quote(to_string(answer.status))
            << ",\"flaky\":" << (flaky ? cell(*flaky).json : "null") << ",\"per_timeline\":["
            << timelines.json_items()
            << "],\"combined\":" << (answer.combined ? range_json(*answer.combined) : "null")
            << ",\"posterior\":[";
  for (std::size_t i = 0; i < answer.posterior.size(); ++i)
    std::cout << (i > 0 ? "," : "") << range_json(answer.posterior[i]);
  std::cout << "],\"credible\":{";
  for (std::size_t i = 0; i < answer.credible.size(); ++i)
    std::cout << (i > 0 ? "," : "") << '"' << number_json(answer.credible[i].confidence) << "\":{"
              << range_members(answer.credible[i].range) << '}';
  std::cout << "},\"next_test\":";
  if (const auto& next = answer.next_test) {
    const TimelineInfo& timeline = answer.timelines[next->timeline];
    std::cout << "{\"position\":" << next->position
              << ",\"at\":" << json::quote(Places(answer).name(next->position))
              << ",\"timeline\":" << json::quote(timeline.id)
              << ",\"configuration\":" << timeline.configuration.json() << ",\"repeats\":" << next->repeats
              << ",\"gain_bits\":" << number_json(next->gain_bits) << '}';
  } else {
    std::cout << "null";
  }
  std::cout << ",\"basis\":" << basis_json(answer.basis) << "}\n";
}

void print_commits(const std::vector<Commit>& commits) {
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(commits.size(), kShown); ++i)
    std::cout << "  " << commits[i].repository << '@' << printable(commits[i].label()) << "  "
              << printable(commits[i].author.name) << "  " << printable(commits[i].subject()) << '\n';
  if (commits.size() > kShown)
    std::cout << "  and " << commits.size() - kShown << " more; --format json lists them\n";
}

void print_ranges(const CulpritAnswer& answer) {
  constexpr std::size_t kShownGaps = 5;
  const Places places(answer);
  if (answer.combined) {
    std::cout << "\ncommon range: " << places.range(*answer.combined) << " ("
              << percent_text(answer.combined->mass) << " of the probability)\n";
    print_commits(answer.combined->commits);
  } else {
    std::cout << "\nthe ranges have nothing in common: there is more than one cause\n";
  }
  if (answer.posterior.size() > 1) {
    std::cout << "\nmost probable, between runs:\n";
    for (std::size_t i = 0; i < std::min(answer.posterior.size(), kShownGaps); ++i)
      std::cout << "  " << percent_text(answer.posterior[i].mass) << ": " << places.range(answer.posterior[i])
                << '\n';
    if (answer.posterior.size() > kShownGaps)
      std::cout << "  and " << answer.posterior.size() - kShownGaps << " less probable ones\n";
  }
  std::cout << '\n';
  for (const auto& [confidence, range] : answer.credible)
    std::cout << percent_text(confidence) << " range: " << places.range(range) << '\n';
  if (answer.next_test)
    std::cout << "\ntells most: run it " << answer.next_test->repeats << "x at "
              << places.name(answer.next_test->position) << " on "
              << answer.timelines[answer.next_test->timeline].configuration.key() << '\n';
}

/// No commit is to blame for a test that does both: says so, and what helps.
void print_flaky(const Proportion& minority, const std::string& test, const std::string& suite) {
  std::cout << "this test is flaky: it does both without a change, the rarer in " << cell(minority).text
            << " of its runs, so no commit is to blame\n"
               "'resultsdb verdict "
            << test_arguments(test, suite)
            << "' shows where; until it is mended, expect both:\nresultsdb expectations add --test "
            << test_arguments(test, suite) << " --expect PASS --expect FAIL\n";
}

void print_culprit(const CulpritAnswer& answer, const Records& timelines) {
  switch (answer.status) {
    case CulpritAnswer::Status::Found:
      timelines.print(Format::Table, "");
      print_ranges(answer);
      break;
    case CulpritAnswer::Status::None:
      std::cout << "nothing broke this test\n";
      break;
    case CulpritAnswer::Status::ExpectationChange:
      std::cout << "what is expected of this test changed; nothing broke it\n";
      break;
    case CulpritAnswer::Status::NotEnoughData:
      std::cout
          << "the newest result is bad, but too few runs tell whether something broke it; run it again\n";
      break;
  }
  print_basis(answer.basis);
}

/// How often a flaky test does the rarer of what it does; nothing for others.
std::optional<Proportion> flakiness_of(const std::shared_ptr<Model>& model, const Question& question,
                                       const std::string& test) {
  VerdictQuery query{question};
  query.test = test;
  const auto answer = need(Answers(model).verdict(query));
  if (answer.verdict != Verdict::Flaky) return std::nullopt;
  return answer.flakiness.minority;
}

std::string next_after(const VerdictAnswer& answer, const std::string& test) {
  const bool bad = answer.verdict == Verdict::Regressed || answer.verdict == Verdict::Broken;
  return std::string("next: resultsdb ") + (bad ? "culprit " : "history ") + test;
}

std::string next_after(const CulpritAnswer& answer, const std::string& test) {
  if (answer.status != CulpritAnswer::Status::Found) return "next: resultsdb verdict " + test;
  return answer.next_test ? "next: run what tells most, import it and ask again"
                          : "next: look at the commits of the common range";
}

/// Every configuration of either side once.
std::vector<Configuration> configurations(const Comparison& answer) {
  std::map<std::string, Configuration> by_id;
  for (const auto* runs : {&answer.runs_a, &answer.runs_b})
    for (const RunInfoPtr& run : *runs)
      by_id.emplace(configuration_id(run->configuration), run->configuration);
  std::vector<Configuration> all;
  for (auto& [id, configuration] : by_id) all.push_back(std::move(configuration));
  return all;
}

Records records_of(const Comparison& answer) {
  Records records(
      {"change", "test", "configuration", "a", "b", "flaky", "rate_a", "rate_b", "p_value", "q_value"});
  const auto all = configurations(answer);
  const ConfigurationLabels labels(all);
  std::map<std::string, Cell> names;
  for (const Configuration& configuration : all)
    names.emplace(configuration_id(configuration), labels.cell(configuration));
  const auto short_number = [](double number) {
    Cell shown = cell(std::optional(number));
    char text[24];
    std::snprintf(text, sizeof text, "%.2g", number);
    shown.shortened = text;
    return shown;
  };
  bool rates = false, any_flaky = false;
  for (const ComparedTest& test : answer.tests) {
    any_flaky = any_flaky || test.flaky;
    rates = rates || test.rate_a.n > 1 || test.rate_b.n > 1;
    records.add({cell(to_string(test.difference)), name_cell(test.test),
                 test.configuration.empty() ? Cell{"", "null"} : names.at(test.configuration), cell(test.a),
                 cell(test.b), test.flaky ? counted(*test.flaky) : Cell{"", "null"}, cell(test.rate_a),
                 cell(test.rate_b), short_number(test.p_value), short_number(test.q_value)});
  }
  if (!rates) records.hide({"rate_a", "rate_b", "p_value", "q_value"});  // outcomes were compared
  if (!any_flaky) records.hide({"flaky"});
  if (all.size() <= 1) records.hide({"configuration"});
  return records;
}

void print_counts(const Comparison& answer) {
  std::cout << answer.runs_a.size() << " runs in A, " << answer.runs_b.size() << " in B:";
  for (std::size_t i = 0; i < kDifferences; ++i)
    if (answer.counts[i] > 0)
      std::cout << "  " << to_string(static_cast<Difference>(i)) << ' ' << answer.counts[i];
  std::cout << "\n\n";
}

void print_comparison(const Comparison& answer, Format format) {
  const Records records = records_of(answer);
  if (format == Format::Json) {
    std::cout << "{\"counts\":{";
    for (std::size_t i = 0; i < kDifferences; ++i)
      std::cout << (i > 0 ? "," : "") << json::quote(to_string(static_cast<Difference>(i))) << ':'
                << answer.counts[i];
    std::cout << "},\"items\":[" << records.json_items() << "],\"total\":" << answer.total
              << ",\"only_in_a\":" << ConfigurationLabels(answer.only_in_a).cell(answer.only_in_a, 0).json
              << ",\"only_in_b\":" << ConfigurationLabels(answer.only_in_b).cell(answer.only_in_b, 0).json
              << ",\"basis\":" << basis_json(answer.basis) << "}\n";
    return;
  }
  if (format == Format::Table) print_counts(answer);
  print_list(format, records, answer.total, answer.basis, "no differences");
  if (const auto n = std::ranges::count_if(answer.tests,
                                           [](const ComparedTest& test) { return test.flaky.has_value(); });
      n > 0)
    std::cerr << n << " of these " << (n == 1 ? "is" : "are")
              << " flaky, see that column: flaky tests differ without a change\n";
  if (answer.runs_a.empty() || answer.runs_b.empty()) return;
  for (const auto& [side, missing] : {std::pair("B", &answer.only_in_a), std::pair("A", &answer.only_in_b)})
    for (const Configuration& configuration : *missing)
      std::cerr << "warning: not run in " << side << ": " << printable(configuration.key()) << '\n';
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
  const auto answer = ask_about_tests(*model, suite, [&] { return Answers(model).verdict(query); });
  Records records({"branch", "configuration", "verdict", "runs", "minority", "flips", "same_commit",
                   "retries", "last_good", "first_bad"});
  const auto add = [&](Cell branch, Cell configuration, const std::optional<Verdict>& verdict,
                       std::uint64_t runs, const Flakiness& flakiness, const RunInfoPtr& good,
                       const RunInfoPtr& bad) {
    records.add({std::move(branch), std::move(configuration), cell(verdict_text(verdict)),
                 cell(static_cast<std::int64_t>(runs)), cell(flakiness.minority), counted(flakiness.flips),
                 counted(flakiness.disagreement), counted(flakiness.retries), cell(good), cell(bad)});
  };
  const ConfigurationLabels labels(answer.timelines);
  for (const auto& on : answer.per_timeline) {
    const TimelineInfo& timeline = answer.timelines[on.timeline];
    add(name_cell(timeline.branch), labels.cell(timeline.configuration), on.verdict, on.runs, on.flakiness,
        on.last_good, on.first_bad);
  }
  if (format == Format::Json) {
    std::cout << "{\"verdict\":" << json::quote(verdict_text(answer.verdict))
              << ",\"same_revision\":" << cell(answer.flakiness.disagreement).json
              << ",\"flips\":" << cell(answer.flakiness.flips).json
              << ",\"retries\":" << cell(answer.flakiness.retries).json
              << ",\"across_configurations\":" << cell(answer.across_configurations).json
              << ",\"minority\":" << cell(answer.flakiness.minority).json << ",\"per_timeline\":["
              << records.json_items() << "],\"basis\":" << basis_json(answer.basis) << "}\n";
    return kDone;
  }
  if (format == Format::Table) std::cout << printable(test) << ": " << verdict_text(answer.verdict) << "\n\n";
  records.hide_if_equal({"branch"});
  records.hide_if_nothing({"same_commit", "retries"});
  records.print(format, "no run covers this test");
  if (format == Format::Table) {
    std::cout << "\nconfigurations disagree on " << cell(answer.across_configurations).text
              << " of the commits that several ran\n";
    print_basis(answer.basis);
  }
  hint(format, next_after(answer, test_arguments(test, suite)));
  return kDone;
}

int run_culprit(const Arguments& arguments) {
  Options options("culprit", "TEST [--suite S]", 1, "table (default) or json");
  add_question(options, 0);
  options.add_clone();
  options.add()("near", po::value<std::string>(), "the change nearest to this commit, REPOSITORY@REF");
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1) throw UsageError{"culprit: name one test"};
  const auto format = options.format();
  if (format == Format::Csv) throw UsageError{"culprit: --format is table or json"};
  const auto model = open_model(options, Access::Read);
  const std::string suite = only_suite(*model, options, "culprit"), test = options.positional().front();
  CulpritQuery query{parse_question(options, suite)};
  query.test = test;
  if (options.has("near"))
    query.near = named_commit(*model, options, options.text("near"), "--near").position;
  const auto answer = ask_about_tests(*model, suite, [&] { return Answers(model).culprit(query); });
  Records records(
      {"timeline", "branch", "configuration", "last_good", "first_bad", "range", "before", "after"});
  const ConfigurationLabels labels(answer.timelines);
  for (const ChangeEvent& event : answer.per_timeline) {
    const TimelineInfo& timeline = answer.timelines[event.timeline];
    records.add({cell(timeline.id), name_cell(timeline.branch), labels.cell(timeline.configuration),
                 cell(event.before_run), cell(event.after_run),
                 cell_range(event.before_run->position, event.after_run->position), cell(event.before),
                 cell(event.after)});
  }
  records.hide({"timeline", "range"});
  // Where a change was found, that is the news.
  const auto flaky =
      answer.status == CulpritAnswer::Status::Found ? std::nullopt : flakiness_of(model, query, test);
  if (format == Format::Json) {
    print_culprit_json(answer, flaky, records);
  } else if (flaky) {
    print_flaky(*flaky, test, suite);
    print_basis(answer.basis);
  } else {
    print_culprit(answer, records);
  }
  hint(format, next_after(answer, test_arguments(test, suite)));
  return kDone;
}

int run_compare(const Arguments& arguments) {
  Options options(
      "compare",
      "A B [--suite S]\n\nA and B are each run:ID, commit:REPOSITORY@REF, branch:NAME or last:N, several "
      "joined by ';'.",
      2);
  options.add_selection();
  options.add_clone();
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
  auto answer = ask([&] { return Answers(model).compare(query); });
  need(Answers(model).note_flaky(query, answer));
  print_comparison(answer, format);
  if (answer.runs_a.empty() || answer.runs_b.empty())
    std::cerr << "warning: one side has no runs, so nothing was compared\n";
  if (!answer.tests.empty())
    hint(format, "next: resultsdb verdict " + test_arguments(answer.tests.front().test, query.suite));
  const bool worse = answer.counts[static_cast<std::size_t>(Difference::NewFailure)] > 0;
  return worse && options.has("strict") ? kRefused : kDone;
}

}  // namespace resultsdb::cli
