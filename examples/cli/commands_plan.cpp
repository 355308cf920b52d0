// Commands that choose tests: query, plan.
#include <cstdio>
#include <iostream>

#include "commands.hpp"
#include "context.hpp"
#include "judging.hpp"
#include "lookup.hpp"
#include "resultsdb/aggregate/query_language.hpp"
#include "resultsdb/rerun_plan.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

PlanReason parse_reason(const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < kPlanReasons; ++i) {
    const auto reason = static_cast<PlanReason>(i);
    if (text == to_string(reason)) return reason;
    all += (i > 0 ? ", " : "") + std::string(to_string(reason));
  }
  throw UsageError{"--reason: '" + text + "' is none of " + all};
}

std::string seconds_text(std::chrono::microseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", static_cast<double>(time.count()) / 1e6);
  return text;
}

/// Where to run an item, as people know the place.
Cell place_cell(const PlanAnswer& answer, const PlanItem& item, CommitNames& names) {
  if (!item.position) return {"newest", "null"};
  // The position of a run without commits is its time (docs/architecture.md).
  if (answer.timelines[item.timeline].order_key == OrderKey::Time)
    return cell(format_rfc3339(from_seconds(*item.position / 100)));
  return cell(names.name(*item.position, answer.timelines[item.timeline].branch));
}

Records records_of(const PlanAnswer& answer, CommitNames& names) {
  Records records(
      {"test", "configuration", "position", "at", "reason", "repeats", "value", "estimate_us", "guessed"});
  const ConfigurationLabels labels(answer.timelines);
  for (const PlanItem& item : answer.items) {
    Cell value = cell(std::optional(item.value));
    value.shortened = value.text.substr(0, 5);
    Cell estimate = cell(static_cast<std::int64_t>(item.estimate.count()));
    estimate.shortened = seconds_text(item.estimate);
    records.add({name_cell(item.test),
                 labels.cell(answer.timelines[item.timeline].configuration),
                 item.position ? cell(static_cast<std::int64_t>(*item.position)) : Cell{"newest", "null"},
                 place_cell(answer, item, names),
                 cell(to_string(item.reason)),
                 cell(static_cast<std::int64_t>(item.repeats)),
                 value,
                 estimate,
                 {item.guessed ? "yes" : "", item.guessed ? "true" : "false"}});
  }
  records.hide({"position"});
  return records;
}

}  // namespace

int run_query(const Arguments& arguments) {
  Options options("query", "QUERY [--suite S]", 1);
  add_question(options, 0);
  options.add()                                                                            //
      ("after", po::value<std::string>(), "names behind this one")                         //
      ("limit", po::value<std::uint32_t>()->default_value(0), "tests of a suite; 0: all")  //
      ("strict", "exit 1 if there are any");
  options.allow_dash();
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1)
    throw UsageError{"query: give one query in quotes, such as 'failing -flaky'; see docs/query-language.md"};
  auto query = aggregate::parse_query(options.positional().front());
  if (!query) throw UsageError{"query: " + query.error().text()};
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  Records records({"suite", "test"});
  Basis basis;
  std::uint64_t total = 0;
  bool more = false;
  for (const std::string& suite : suites_of(*model, options)) {
    FindQuery find{parse_question(options, suite)};
    find.query = *query;
    find.after = options.text("after");
    find.limit = options.number("limit");
    const FindAnswer answer = need(Answers(model).find(find));
    for (const std::string& test : answer.tests) records.add({cell(suite), cell(test)});
    add_basis(basis, answer.basis);
    total += answer.total;
    more = more || answer.more;
  }
  records.print(format, "no such tests");
  if (format == Format::Table) std::cout << '\n' << total << (total == 1 ? " test\n" : " tests\n");
  if (more) std::cerr << records.size() << " of " << total << "; --after NAME goes on, --limit 0 shows all\n";
  if (format == Format::Table || !basis.excluded.empty()) print_basis(basis);
  return total > 0 && options.has("strict") ? kRefused : kDone;
}

int run_plan(const Arguments& arguments) {
  Options options("plan", "[--suite S] [--budget SECONDS]", 0);
  add_question(options, 0);
  options.add()                                                                                      //
      ("budget", po::value<std::uint32_t>()->default_value(600), "seconds to spend")                 //
      ("reason", po::value<std::vector<std::string>>(), "culprit_gap, lost, confirm, flaky, stale")  //
      ("test", po::value<std::vector<std::string>>(), "only this test; again for more")              //
      ("limit", po::value<std::uint32_t>()->default_value(1000), "items; 0: all")                    //
      ("as", po::value<std::string>(),
       "names, pytest (a line each), gtest (for --gtest_filter), ctest (for -R) or json instead of a table");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const auto as = parse_plan_format(options.has("as") ? options.text("as") : "names");
  if (!as)
    throw UsageError{"--as: '" + options.text("as") + "' is none of json, names, gtest, ctest, pytest"};
  const auto model = open_model(options, Access::Read);
  PlanQuery query{parse_question(options, only_suite(*model, options, "plan"))};
  query.tests = options.texts("test");
  query.budget = std::chrono::seconds(options.number("budget"));
  for (const std::string& reason : options.texts("reason")) query.reasons.push_back(parse_reason(reason));
  query.limit = options.number("limit");
  const PlanAnswer answer = need(Answers(model).plan(query));
  if (options.has("as")) {
    const std::string text = to_text(answer.items, *as);
    std::cout << text << (text.empty() || text.back() == '\n' ? "" : "\n");
    return kDone;
  }
  CommitNames names(*model);
  records_of(answer, names).print(format, "nothing to run: every verdict is settled");
  if (format == Format::Table) {
    std::cout << '\n'
              << answer.items.size() << " of " << answer.candidates << " candidates, "
              << seconds_text(answer.total) << '\n';
    print_basis(answer.basis);
  }
  return kDone;
}

}  // namespace resultsdb::cli
