// Commands about where tests fail and whether a fix helped: facet-split, fix-check.
#include <algorithm>
#include <charconv>
#include <iostream>
#include <optional>

#include "commands.hpp"
#include "context.hpp"
#include "judging.hpp"
#include "lookup.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/limits.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

// --- fix-check

FixPlace parse_fix(Model& model, const Options& options) {
  const std::string text = options.text("fix");
  if (text.starts_with("time:")) {
    const auto time = parse_time(text.substr(5));
    if (!time) throw UsageError{"--fix: " + time.error().text()};
    return *time;
  }
  if (text.starts_with("pos:")) {
    Position position = 0;
    const char* const end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data() + 4, end, position);
    constexpr Position kMost = limits::kMaxPosition;
    if (error == std::errc() && after == end && -kMost <= position && position <= kMost) return position;
    throw UsageError{"--fix: '" + text + "' is no position"};
  }
  return named_commit(model, options, text, "--fix");
}

/// Good runs that are still missing to show a fix; nothing: it is none.
std::optional<std::int64_t> runs_to_go(const FixCheckAnswer::OnTimeline& on) {
  if (on.state == FixState::Fixed) return 0;
  if (on.state == FixState::NotFixed) return std::nullopt;
  return static_cast<std::int64_t>(on.runs_needed - on.after.n);  // fewer would have shown it
}

std::string next_after(const FixCheckAnswer& answer, const std::string& suite) {
  const auto first = [&](FixState state) {
    return std::ranges::find(answer.per_timeline, state, &FixCheckAnswer::OnTimeline::state);
  };
  if (const auto bad = first(FixState::NotFixed); bad != answer.per_timeline.end())
    return "next: resultsdb clusters --last 0 --test " + test_arguments(bad->test, suite) +
           " tells whether it is the same failure";
  const auto most = std::ranges::max_element(answer.per_timeline, {}, runs_to_go);
  if (most == answer.per_timeline.end() || most->state == FixState::Fixed)
    return "next: resultsdb regressions --suite " + shell_word(suite);
  return "next: run " + printable(most->test) + " " + std::to_string(*runs_to_go(*most)) +
         "x with the fix on " + printable(answer.timelines[most->timeline].configuration.key()) +
         ", import that and ask again";
}

Records records_of(const FixCheckAnswer& answer) {
  Records records({"test", "timeline", "branch", "configuration", "state", "before", "after", "runs_needed",
                   "runs_to_go"});
  const ConfigurationLabels labels(answer.timelines);
  for (const FixCheckAnswer::OnTimeline& on : answer.per_timeline) {
    const TimelineInfo& timeline = answer.timelines[on.timeline];
    const auto to_go = runs_to_go(on);
    records.add({cell(on.test), cell(timeline.id), cell(timeline.branch), labels.cell(timeline.configuration),
                 cell(aggregate::to_string(on.state)), cell(on.before), cell(on.after),
                 cell(static_cast<std::int64_t>(on.runs_needed)), to_go ? cell(*to_go) : Cell{"-", "null"}});
  }
  records.hide({"timeline"});
  records.hide_if_equal({"branch"});
  return records;
}

std::string counts_json(const FixCheckAnswer& answer) {
  std::string text;
  for (std::size_t i = 0; i < aggregate::kFixStates; ++i)
    text += (i > 0 ? "," : "") + json::quote(aggregate::to_string(static_cast<FixState>(i))) + ":" +
            std::to_string(answer.counts[i]);
  return "{" + text + "}";
}

void print_fix_check(const FixCheckAnswer& answer, Format format, std::uint32_t limit) {
  const Records records = records_of(answer);
  if (format == Format::Json) {
    std::cout << "{\"per_timeline\":[" << records.json_items() << "],\"summary\":" << counts_json(answer)
              << ",\"truncated\":" << (answer.truncated ? "true" : "false")
              << ",\"basis\":" << basis_json(answer.basis) << "}\n";
  } else {
    records.print(format, "none of them was bad before: nothing to fix");
  }
  if (answer.truncated)
    std::cerr << "only the regression's first " << limit
              << " tests by name are checked; --limit 0 checks all\n";
  if (format == Format::Table) print_basis(answer.basis);
}

// --- facet-split

constexpr PlaceState kStates[] = {PlaceState::Failing, PlaceState::Passing, PlaceState::Flaky,
                                  PlaceState::NotRun};

/// `"failing":6,"passing":0,…`
std::string counts_members(const aggregate::PlaceCounts& counts) {
  std::string text;
  for (const PlaceState state : kStates)
    text += (text.empty() ? "" : ",") + json::quote(aggregate::to_string(state)) + ":" +
            std::to_string(counts.of(state));
  return text;
}

/// `2 failing, 1 not_run`; nothing of what there is none of.
std::string counts_text(const aggregate::PlaceCounts& counts) {
  std::string text;
  for (const PlaceState state : kStates)
    if (counts.of(state) > 0)
      text += (text.empty() ? "" : ", ") + std::to_string(counts.of(state)) + " " +
              std::string(aggregate::to_string(state));
  return text;
}

std::string rule_json(const aggregate::FacetSplit::Rule& rule) {
  std::string text = "{\"where\":{";
  const char* separator = "";
  for (const auto& [facet, values] : rule.rule.where) {
    text += separator + json::quote(facet) + ":" +
            cell(std::vector<std::string>(values.begin(), values.end()), 0).json;
    separator = ",";
  }
  return text + "}," + counts_members(rule.counts) + ",\"exact\":" + (rule.rule.exact ? "true}" : "false}");
}

/// `os=mac|win, style=release`
std::string rule_text(const aggregate::FacetRule& rule) {
  if (rule.where.empty()) return "everywhere";
  std::string text;
  for (const auto& [facet, values] : rule.where) {
    text += (text.empty() ? "" : ", ") + facet + "=";
    for (auto value = values.begin(); value != values.end(); ++value)
      text += (value == values.begin() ? "" : "|") + (value->empty() ? "(none)" : *value);
  }
  return text;
}

aggregate::PlaceCounts count(const FacetSplitAnswer& answer) {
  aggregate::PlaceCounts counts;
  for (const aggregate::Place& place : answer.places)
    ++counts.by_state[static_cast<std::size_t>(place.state)];
  return counts;
}

void print_split_json(const FacetSplitAnswer& answer) {
  std::cout << '{';
  for (const PlaceState state : kStates) {
    std::vector<Configuration> where;
    for (const aggregate::Place& place : answer.places)
      if (place.state == state) where.push_back(place.configuration);
    std::cout << json::quote(aggregate::to_string(state)) << ':'
              << ConfigurationLabels(where).cell(where, 0).json << ',';
  }
  std::cout << "\"rules\":[";
  for (std::size_t i = 0; i < answer.split.rules.size(); ++i)
    std::cout << (i > 0 ? "," : "") << rule_json(answer.split.rules[i]);
  std::cout << "],\"facets\":[";
  for (std::size_t f = 0; f < answer.split.facets.size(); ++f) {
    const auto& [name, values] = answer.split.facets[f];
    std::cout << (f > 0 ? "," : "") << "{\"name\":" << json::quote(name) << ",\"values\":[";
    for (std::size_t v = 0; v < values.size(); ++v)
      std::cout << (v > 0 ? "," : "") << "{\"value\":" << json::quote(values[v].value) << ','
                << counts_members(values[v].counts) << '}';
    std::cout << "]}";
  }
  std::cout << "],\"basis\":" << basis_json(answer.basis) << "}\n";
}

void print_split(const FacetSplitAnswer& answer, const std::string& test, Format format) {
  if (format == Format::Table) {
    const std::string counts = counts_text(count(answer));
    std::cout << printable(test) << ": " << (counts.empty() ? "not run" : counts) << '\n';
    for (const auto& rule : answer.split.rules)
      std::cout << "fails where: " << printable(rule_text(rule.rule)) << " (" << counts_text(rule.counts)
                << ")" << (rule.rule.exact ? "" : "; facets alone do not tell") << '\n';
    std::cout << '\n';
  }
  Records records({"facet", "value", "failing", "passing", "flaky", "not_run"});
  for (const auto& [name, values] : answer.split.facets)
    for (const auto& [value, counts] : values) {
      std::vector<Cell> row{cell(name), cell(value)};
      for (const PlaceState state : kStates) row.push_back(cell(static_cast<std::int64_t>(counts.of(state))));
      records.add(std::move(row));
    }
  records.print(format, "the configurations have no facets");
  if (format == Format::Table) print_basis(answer.basis);
}

}  // namespace

int run_fix_check(const Arguments& arguments) {
  Options options("fix-check", "TEST… --fix WHERE [--suite S] | --regression ID --fix WHERE [--suite S]", -1);
  add_question(options, 0);
  options.add_clone();
  options.add()                                                                               //
      ("fix", po::value<std::string>(), "where the fix is: REPOSITORY@REF, time:T or pos:N")  //
      ("regression", po::value<std::string>(),
       "the tests and timelines of this item; 'regressions --state all --format json' has the ids")  //
      ("limit", po::value<std::uint32_t>()->default_value(100), "tests of a regression; 0: all")     //
      ("strict", "exit 1 unless all are fixed");
  if (!options.parse(arguments)) return kDone;
  FixCheckQuery query;
  query.tests = options.positional();
  query.regression = options.text("regression");
  query.limit = options.number("limit");
  if (query.tests.empty() == query.regression.empty())
    throw UsageError{"fix-check: name tests, or give --regression ID"};
  if (!options.has("fix")) throw UsageError{"fix-check: give --fix REPOSITORY@REF, time:T or pos:N"};
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  query.fix = parse_fix(*model, options);
  const std::string suite = only_suite(*model, options, "fix-check");
  static_cast<Question&>(query) = parse_question(options, suite);
  const auto answer = ask_about_tests(*model, suite, [&] { return Answers(model).fix_check(query); });
  print_fix_check(answer, format, query.limit);
  hint(format, next_after(answer, suite));
  // A test that was left out is not known to be fixed.
  const bool fixed = !answer.truncated && answer.counts[static_cast<std::size_t>(FixState::Fixed)] ==
                                              answer.per_timeline.size();
  return options.has("strict") && !fixed ? kRefused : kDone;
}

int run_facet_split(const Arguments& arguments) {
  Options options("facet-split", "TEST [--suite S]", 1);
  add_question(options, 0);
  options.add_clone();
  options.add()("commit", po::value<std::string>(), "only runs of this commit, REPOSITORY@REF");
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1) throw UsageError{"facet-split: name one test"};
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  const std::string suite = only_suite(*model, options, "facet-split"), test = options.positional().front();
  FacetSplitQuery query{parse_question(options, suite)};
  query.test = test;
  if (options.has("commit")) query.commit = named_commit(*model, options, options.text("commit"), "--commit");
  const auto answer = ask_about_tests(*model, suite, [&] { return Answers(model).facet_split(query); });
  format == Format::Json ? print_split_json(answer) : print_split(answer, test, format);
  hint(format, std::string("next: resultsdb ") + (answer.split.rules.empty() ? "verdict " : "culprit ") +
                   test_arguments(test, suite));
  return kDone;
}

}  // namespace resultsdb::cli
