// check, export, import-export, migrate, purge
#include <fstream>
#include <iostream>

#include "commands.hpp"
#include "context.hpp"
#include "output.hpp"
#include "output_file.hpp"
#include "progress.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

Time time_option(const Options& options, const char* name) {
  auto time = parse_time(options.text(name));
  if (!time) throw UsageError{std::string("--") + name + ": " + time.error().text()};
  return *time;
}

}  // namespace

int run_check(const Arguments& arguments) {
  Options options("check", "[--repair]", 0);
  options.add()("repair", "rebuild what is derived");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const bool repair = options.has("repair");
  auto model = open_model(options, repair ? Access::Write : Access::Read);
  ProgressBar progress("check");
  const auto report = need(model->check(repair, progress.callback()));
  Records records({"table", "key", "what"});
  for (const auto& problem : report.problems)
    records.add({cell(problem.table), cell(problem.key), cell(problem.what)});
  const bool clean = report.problems.empty();
  if (format == Format::Json) {
    std::cout << "{\"clean\":" << (clean ? "true" : "false") << ",\"problems\":[" << records.json_items()
              << "],\"runs\":" << report.runs << ",\"results\":" << report.results
              << ",\"changes\":" << report.changes << ",\"repaired\":" << (report.repaired ? "true" : "false")
              << "}\n";
  } else if (format == Format::Csv) {
    records.print(format, "");
  } else if (clean) {
    std::cout << "clean: " << report.runs << " runs, " << report.results << " results, " << report.changes
              << " changes\n";
  } else {
    records.print(format, "");
    if (report.repaired)
      std::cout << "repaired; run check again\n";
    else if (!repair)
      std::cout << "'resultsdb check --repair' rebuilds what is derived\n";
  }
  return clean ? kDone : kRefused;
}

int run_export(const Arguments& arguments) {
  Options options("export", "[FILE]", 1);
  options.add()("suite", po::value<std::string>(), "this suite alone")("with-received",
                                                                       "with the times of receipt");
  if (!options.parse(arguments)) return kDone;
  auto model = open_model(options, Access::Read);
  const Model::ExportOptions what{.suite = options.text("suite"),
                                  .with_received = options.has("with-received")};
  ProgressBar progress("export");
  if (options.positional().empty()) {
    need(model->export_to(std::cout, what, progress.callback()));
    return kDone;
  }
  OutputFile file(options.positional().front());
  need(file.open());
  const Status exported = model->export_to(file.stream(), what, progress.callback());
  if (file.stream()) need(exported);
  need(file.finish());
  return kDone;
}

int run_import_export(const Arguments& arguments) {
  Options options("import-export", "FILE (- for the standard input)", 1);
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1) throw UsageError{"import-export: name one file, or -"};
  const auto& path = options.positional().front();
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) refuse(make_error(ErrorCode::NotFound, "cannot read this file", path));
  }
  auto model = open_model(options, Access::Create);
  ProgressBar progress("import");
  auto report = model->import_from(path == "-" ? std::cin : file, system_clock(), progress.callback());
  if (!report) {
    auto error = report.error();
    error.context = path + (error.context.empty() ? "" : ": " + error.context);
    error.message += "; the lines before it are stored, and importing them again changes nothing";
    refuse(error);
  }
  std::cout << report->runs_added << " runs added, " << report->runs_unchanged << " already there, "
            << report->commits << " commits, " << report->documents << " documents\n";
  return kDone;
}

int run_migrate(const Arguments& arguments) {
  Options options("migrate", "", 0);
  if (!options.parse(arguments)) return kDone;
  auto storage = open_storage(options.store(), Access::Write);
  need(storage->migrate());
  const auto info = need(storage->info());
  std::cout << info.backend << ": schema version " << info.schema_version << '\n';
  return kDone;
}

int run_purge(const Arguments& arguments) {
  Options options("purge", "--before TIME | --run ID", 0);
  options.add_selection();
  options.add()                                                                                          //
      ("before", po::value<std::string>(), "runs started before this time (RFC 3339 or epoch seconds)")  //
      ("received-before", po::value<std::string>(), "runs received before this time")                    //
      ("run", po::value<std::string>(), "this run alone")                                                //
      ("dry-run", "only say how many");
  if (!options.parse(arguments)) return kDone;
  PurgeOptions purge;
  purge.suite = options.text("suite");
  purge.selection = parse_selection(options);
  purge.run = options.text("run");
  purge.dry_run = options.has("dry-run");
  if (options.has("before")) purge.range.to_started = time_option(options, "before") - Duration{1};
  if (options.has("received-before")) purge.received_before = time_option(options, "received-before");
  if (!options.has("before") && !options.has("received-before") && !options.has("run"))
    throw UsageError{"purge: say what to delete: --before, --received-before or --run"};
  auto model = open_model(options, Access::Write);
  ProgressBar progress("purge");
  const auto runs = need(model->purge(purge, progress.callback()));
  std::cout << runs << (purge.dry_run ? " runs would be deleted\n" : " runs deleted\n");
  return kDone;
}

}  // namespace resultsdb::cli
