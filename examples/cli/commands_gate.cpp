// The gate of a CI: an exit code, a table, and Markdown for a pull request.
#include <iostream>

#include "commands.hpp"
#include "context.hpp"
#include "judging.hpp"
#include "lookup.hpp"
#include "output_file.hpp"
#include "resultsdb/gate.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

constexpr std::size_t kShownItems = 3;

GateQuery parse_gate(Model& model, const Options& options) {
  GateQuery query;
  query.suite = only_suite(model, options, "gate");
  query.base = parse_side(model, options, options.positional()[0]);
  query.candidate = parse_side(model, options, options.positional()[1]);
  query.pair_configurations = !options.has("all-configurations");
  query.name_contains = options.text("contains");
  if (options.has("failing")) query.bad = Question::Bad::Failing;
  query.new_failures = options.number("new-failures");
  query.count_flaky = options.has("count-flaky");
  for (const std::string& text : options.texts("require")) {
    auto& filters = query.configurations.emplace_back();
    const Configuration wanted = parse_configuration({text});
    for (const auto& [facet, value] : wanted.facets()) filters.push_back({facet, {value}});
    if (filters.empty()) throw UsageError{"--require: name at least one facet, such as platform=gtk"};
  }
  query.allow_incomplete = options.has("allow-incomplete");
  query.lost_tests = options.number("lost");
  if (options.has("missing")) query.missing_tests = options.number("missing");
  if (options.has("max-seconds")) query.duration = std::chrono::seconds(options.number("max-seconds"));
  if (options.has("forbid")) {
    auto forbidden = aggregate::parse_query(options.text("forbid"));
    if (!forbidden) throw UsageError{"--forbid: " + forbidden.error().text()};
    query.forbidden = std::move(*forbidden);
  }
  query.limit = options.number("limit");
  query.now = system_clock()();
  return query;
}

Records records_of(const std::vector<GateRule>& rules) {
  Records records({"rule", "state", "explanation", "items", "total"});
  for (const GateRule& rule : rules)
    records.add({cell(to_string(rule.kind)), cell(to_string(rule.state)), cell(rule.explanation),
                 cell(rule.items, kShownItems), cell(static_cast<std::int64_t>(rule.total))});
  return records;
}

Records records_of(const std::vector<GateFailure>& failures) {
  Records records({"test", "configuration", "base", "candidate", "base_rate", "candidate_rate", "flaky"});
  for (const GateFailure& failure : failures)
    records.add({name_cell(failure.test), cell(failure.configuration), cell(failure.base),
                 cell(failure.candidate), cell(failure.base_rate), cell(failure.candidate_rate),
                 failure.flaky ? cell(*failure.flaky) : Cell{"-", "null"}});
  return records;
}

void print(const GateAnswer& answer, Format format) {
  const Records rules = records_of(answer.rules), failures = records_of(answer.new_failures);
  if (format == Format::Json) {
    std::cout << "{\"open\":" << (answer.open ? "true" : "false") << ",\"rules\":[" << rules.json_items()
              << "],\"new_failures\":[" << failures.json_items() << "],\"counted\":" << answer.counted
              << ",\"flaky\":" << answer.flaky << ",\"fixed\":" << answer.fixed
              << ",\"still_failing\":" << answer.still_failing << "}\n";
    return;
  }
  if (format == Format::Table) std::cout << (answer.open ? "the gate is open\n\n" : "the gate is closed\n\n");
  rules.print(format, "");
  if (format != Format::Table) return;
  if (!failures.empty()) {
    std::cout << '\n';
    failures.print(format, "");
  }
  print_basis(answer.basis);
}

void write_markdown(const GateAnswer& answer, const std::string& path) {
  OutputFile file(path);
  need(file.open());
  file.stream() << to_markdown(answer);
  need(file.finish());
}

}  // namespace

int run_gate(const Arguments& arguments) {
  Options options("gate",
                  "BASE CANDIDATE [--suite S]\n\nBoth are each run:ID, commit:REPOSITORY@REF, branch:NAME or "
                  "last:N, several joined by ';'.",
                  2);
  options.add_selection();
  options.add_clone();
  options.add()                                                                               //
      ("new-failures", po::value<std::uint32_t>()->default_value(0), "new failures allowed")  //
      ("count-flaky", "new failures of tests that were flaky before count, too")              //
      ("require", po::value<std::vector<std::string>>(),
       "a configuration that must have been run, such as platform=gtk,style=release; again for more")       //
      ("allow-incomplete", "runs may be running or incomplete")                                             //
      ("lost", po::value<std::uint32_t>()->default_value(0), "planned tests without a result allowed")      //
      ("missing", po::value<std::uint32_t>(), "tests of the base not run allowed (default: any)")           //
      ("max-seconds", po::value<std::uint32_t>(), "how long a run may take")                                //
      ("forbid", po::value<std::string>(), "query that must hold for no test (docs/query-language.md)")     //
      ("all-configurations", "everything in BASE with everything in CANDIDATE, configurations not paired")  //
      ("contains", po::value<std::string>(), "only tests whose name contains this")                         //
      ("failing", "count all failures, not only results that were not expected")                            //
      ("limit", po::value<std::uint32_t>()->default_value(100), "items of a list; 0: all")                  //
      ("markdown", po::value<std::string>(), "file for the explanation that a pull request is told");
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 2)
    throw UsageError{
        "gate: give base and candidate, each run:ID, commit:REPOSITORY@REF, branch:NAME or last:N, joined by "
        "';'"};
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  const GateAnswer answer = need(Answers(model).gate(parse_gate(*model, options)));
  if (options.has("markdown")) write_markdown(answer, options.text("markdown"));
  print(answer, format);
  return answer.open ? kDone : kRefused;
}

}  // namespace resultsdb::cli
