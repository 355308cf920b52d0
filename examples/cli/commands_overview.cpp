// How all suites stand now.
#include <iostream>

#include "commands.hpp"
#include "judging.hpp"
#include "resultsdb/overview.hpp"

namespace resultsdb::cli {
namespace {

Cell number(std::uint64_t n) { return cell(static_cast<std::int64_t>(n)); }

}  // namespace

int run_overview(const Arguments& arguments) {
  Options options("overview", "[--suite S]", 0);
  options.add_selection();
  options.add()("healthy", "list the timelines that stand well, too");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  CommitNames names(*model);
  Answers answers(model);
  Records records({"suite", "branch", "configuration", "unexpected", "lost", "failed_runs", "worst",
                   "last_good", "first_bad", "newest", "stale"});
  Basis basis;
  std::size_t healthy = 0, stale = 0, running = 0;
  for (const std::string& suite : suites_of(*model, options)) {
    OverviewQuery query;
    query.suite = suite;
    query.selection = parse_selection(options);
    query.now = system_clock()();
    const auto overview = ask([&] { return answers.overview(query); });
    const ConfigurationLabels labels(overview.timelines);
    add_basis(basis, overview.basis);
    stale += overview.stale.size();
    running += overview.running.size();
    for (const OverviewAnswer::Line& line : overview.lines) {
      healthy += line.healthy() ? 1 : 0;
      if (line.healthy() && !options.has("healthy")) continue;
      const TimelineInfo& timeline = overview.timelines[line.timeline];
      const bool silent = std::ranges::find(overview.stale, line.timeline) != overview.stale.end();
      records.add({name_cell(suite), name_cell(timeline.branch), labels.cell(timeline.configuration),
                   number(line.unexpected), number(line.newest->counts.lost), number(line.failed_runs),
                   line.unexpected > 0 ? cell(std::optional(line.worst)) : Cell{"", "null"},
                   names.cell(line.last_good), names.cell(line.first_bad), names.cell(line.newest),
                   silent ? Cell{"stale", "true"} : Cell{"", "false"}});
    }
  }
  records.hide_if_equal({"suite", "branch", "failed_runs", "lost", "stale"});
  print_list(format, records, records.size(), basis,
             healthy > 0 ? "everything is as expected" : "no runs in the last seven days before the newest");
  if (healthy > 0 && !options.has("healthy"))
    std::cerr << healthy << (healthy == 1 ? " timeline stands" : " timelines stand")
              << " well; --healthy lists them\n";
  if (running > 0) std::cerr << running << (running == 1 ? " run goes" : " runs go") << " on\n";
  if (stale > 0)
    std::cerr << stale << (stale == 1 ? " timeline has" : " timelines have")
              << " been silent for 12 hours or more: a machine may be\n";
  hint(format, records.size() == 0 ? "next: resultsdb flaky" : "next: resultsdb regressions");
  return kDone;
}

}  // namespace resultsdb::cli
