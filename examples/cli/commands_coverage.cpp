// Commands about what was not run: gaps, coverage.
#include <iostream>

#include "commands.hpp"
#include "context.hpp"
#include "judging.hpp"
#include "lookup.hpp"
#include "resultsdb/coverage.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

std::vector<GapReason> parse_reasons(const Options& options) {
  std::vector<GapReason> reasons;
  for (const std::string& word : options.texts("reason")) {
    std::size_t i = 0;
    while (i < kGapReasons && to_string(static_cast<GapReason>(i)) != word) ++i;
    if (i == kGapReasons)
      throw UsageError{"--reason: '" + word + "' is none of stale, lost, skipped, dropped, never"};
    reasons.push_back(static_cast<GapReason>(i));
  }
  return reasons;
}

}  // namespace

int run_gaps(const Arguments& arguments) {
  Options options("gaps", "[--suite S] [--reason REASON] [--prefix P]", 0);
  add_question(options, 500);
  options.add()                                                                                            //
      ("reason", po::value<std::vector<std::string>>(), "only stale, lost, skipped, dropped, never ones")  //
      ("prefix", po::value<std::string>(), "only tests whose names begin so")                              //
      ("limit", po::value<std::uint32_t>()->default_value(100), "gaps of a suite; 0: all");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  CoverageGapsQuery query;
  query.reasons = parse_reasons(options);
  query.prefix = options.text("prefix");
  query.limit = options.number("limit");
  query.folders = 0;
  const auto model = open_model(options, Access::Read);
  Answers answers(model);
  Records records({"suite", "test", "branch", "configuration", "reason", "last", "last_outcome"});
  Basis basis;
  std::uint64_t total = 0;
  for (const std::string& suite : suites_of(*model, options)) {
    static_cast<Question&>(query) = parse_question(options, suite);
    const auto answer = ask([&] { return answers.coverage_gaps(query); });
    const ConfigurationLabels labels(answer.timelines);
    add_basis(basis, answer.basis);
    total += answer.total;
    for (const CoverageGap& gap : answer.gaps) {
      const TimelineInfo& timeline = answer.timelines[gap.timeline];
      records.add({name_cell(suite), name_cell(gap.test), name_cell(timeline.branch),
                   labels.cell(timeline.configuration), cell(to_string(gap.reason)), cell(gap.last),
                   cell(gap.last_outcome)});
    }
  }
  print_list(format, records, total, basis,
             basis.runs == 0 ? "no runs, so nothing was run" : "every known test ran on every configuration");
  if (total > 0) hint(format, "next: resultsdb plan");
  return kDone;
}

int run_coverage(const Arguments& arguments) {
  Options options("coverage", "REPOSITORY@REF [--suite S]", 1);
  options.add_selection();
  options.add_clone();
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1) throw UsageError{"coverage: name one commit, REPOSITORY@REF"};
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  CoverageAtQuery query;
  query.commit = named_commit(*model, options, options.positional().front(), "coverage");
  query.selection = parse_selection(options);
  query.now = system_clock()();
  Answers answers(model);
  Records records({"suite", "branch", "configuration", "covered", "of", "skipped", "lost", "runs", "run"});
  Basis basis;
  for (const std::string& suite : suites_of(*model, options)) {
    query.suite = suite;
    const auto answer = ask([&] { return answers.coverage_at(query); });
    const ConfigurationLabels labels(answer.timelines);
    add_basis(basis, answer.basis);
    for (const auto& row : answer.rows) {
      if (row.of == 0) continue;  // nothing ran there before
      const TimelineInfo& timeline = answer.timelines[row.timeline];
      const auto number = [](std::uint64_t count) { return cell(static_cast<std::int64_t>(count)); };
      records.add({name_cell(suite), name_cell(timeline.branch), labels.cell(timeline.configuration),
                   number(row.covered), number(row.of), number(row.skipped), number(row.lost),
                   number(row.runs), row.run ? cell(row.run->id) : Cell{"not run", "null"}});
    }
  }
  print_list(format, records, records.size(), basis, "no runs there or before");
  return kDone;
}

}  // namespace resultsdb::cli
