// import, read, env
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "commands.hpp"
#include "context.hpp"
#include "import_plan.hpp"
#include "import_report.hpp"
#include "manifest.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "result_files.hpp"
#include "resultsdb/formats.hpp"
#include "resultsdb/json.hpp"
#include "time_zone.hpp"
#include "upload_answer.hpp"
#ifdef RESULTSDB_WITH_WEBKIT
#include "resultsdb/http/webkit.hpp"
#endif

namespace resultsdb::cli {

namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

/// For its owner only: the URL of a store may hold a password.
void write_private_file(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::cout << text;
    return;
  }
  std::ofstream file(path, std::ios::binary);
  std::error_code error;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  if (!(file << text << std::flush))
    fail(make_error(ErrorCode::InvalidArgument, "cannot write this file", path));
}

/// What tells the run from others of its commit and start.
std::string variant_of(const RunPlan& plan, const formats::ImportedRun& imported) {
  if (!plan.id.empty()) return plan.id;
  std::string variant = plan.attempt > 1 ? std::to_string(plan.attempt) : std::string();
  if (plan.one_of_many) {
    constexpr std::size_t kBytes = 4;
    for (const char c : imported.digest.substr(0, kBytes)) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      (variant += kDigits[byte / 16]) += kDigits[byte % 16];
    }
  }
  return variant;
}

RunHeader make_header(Model& model, const RunPlan& plan, const formats::ImportedRun& imported, Time now) {
  RunHeader header;
  header.suite = plan.suite.empty() ? imported.tool : plan.suite;
  header.branch = plan.branch;
  header.configuration = plan.configuration;
  header.id = plan.id;
  header.variant = variant_of(plan, imported);
  header.started = plan.started.value_or(imported.started.value_or(now));
  if (imported.duration_ms && *imported.duration_ms < 1e12)
    header.finished = header.started + Duration{static_cast<std::int64_t>(*imported.duration_ms * 1000.0)};
  header.attempt = plan.attempt;
  header.state = imported.incomplete ? RunState::Incomplete : plan.state.value_or(RunState::Final);
  header.order_key = plan.commits.empty() ? OrderKey::Time : OrderKey::Commit;
  header.digest = imported.digest;
  header.attributes = plan.attributes;
  if (!imported.tool.empty()) header.attributes.emplace_back("tool", imported.tool);
  if (!imported.version.empty()) header.attributes.emplace_back("tool_version", imported.version);
  if (!plan.reason.empty()) header.attributes.emplace_back("reason", plan.reason);
  const auto room = limits::kAttributes - std::min(limits::kAttributes, header.attributes.size());
  const auto kept = std::min(room, imported.attributes.size());
  header.attributes.insert(header.attributes.end(), imported.attributes.begin(),
                           imported.attributes.begin() + static_cast<std::ptrdiff_t>(kept));
  if (kept < imported.attributes.size()) {
    warn() << "limit: a run has at most " << limits::kAttributes << " attributes; dropped: \""
           << imported.attributes[kept].first << '"';
    if (const auto more = imported.attributes.size() - kept - 1; more > 0)
      std::cerr << " and " << more << " more";
    std::cerr << '\n';
  }
  header.links = plan.links;
  for (const auto& text : plan.commits) {
    const auto resolved = need(model.resolve(need(parse_repository_reference(text)), header.started));
    if (resolved.registered && resolved.commit.message.empty())
      warn() << text << ": nobody knows this commit; it is registered with the run's start\n";
    header.commits.push_back({resolved.commit.repository, resolved.commit.id(), *resolved.commit.position});
  }
  return header;
}

/// Everything that the runs of one command have in common.
struct Importing {
  Model& model;
  ImportSettings settings;
  Time now;
  ImportReport report;
};

/// Reads, builds and stores one run. Refusals are printed and counted; a store that fails ends the command.
void store_run(Importing& importing, RunPlan plan, const std::vector<std::string>& optional_files) {
  const auto& settings = importing.settings;
  ImportReport& report = importing.report;
  formats::ImportedRun imported;
  if (!plan.files.empty()) {
    auto read = read_files(plan.files, optional_files, settings);
    if (!read) return report.refused();
    imported = std::move(*read);
    if (imported.tests.empty() && !settings.allow_empty) {
      std::cerr << "resultsdb: " << plan.files.front()
                << ": no test in it; --allow-empty stores the run all the same\n";
      return report.refused();
    }
    take_properties(plan, imported);
  }
  Run run;
  formats::to_results(imported, run.results);
  report.look_for_gaps(plan, imported);
  if (settings.dry_run) {
    report.would_store(imported, plan.suite.empty() ? imported.tool : plan.suite, run.results.size(),
                       run.results.lost_size());
    return;
  }
  run.header = make_header(importing.model, plan, imported, importing.now);
  IngestOptions ingest{.received = importing.now};
  ingest.same_digest_is_same_run = !plan.started.has_value() && !run.header.digest.empty();
  const auto stored = importing.model.ingest(run, ingest);
  if (!stored && stored.error().retryable()) fail(stored.error());
  if (!stored) {
    std::cerr << "resultsdb: " << (plan.files.empty() ? plan.id : plan.files.front()) << ": "
              << stored.error().text() << '\n';
    return report.refused();
  }
  report.stored(*stored, plan, imported);
}

/// store_run(); what refuses one run leaves the others of the command alone.
void try_run(Importing& importing, const RunPlan& plan, const std::vector<std::string>& optional_files) {
  const auto before = importing.report.refusals();
  try {
    store_run(importing, plan, optional_files);
  } catch (const Exit& exit) {  // its message was printed
    if (exit.code == kUnavailable) throw;
    importing.report.refused();
  }
  if (importing.report.refusals() > before && !plan.place.empty())
    std::cerr << "resultsdb: " << plan.place << ": this run was refused\n";
}

int import_manifest(Importing& importing, const std::string& path) {
  std::vector<RunPlan> plans;
  const auto folder = path == "-" ? std::string() : fs::path(path).parent_path().string();
  need_input(for_each_line(path, [&](const boost::json::object& line, std::size_t number) -> Status {
    RESULTSDB_ASSIGN(auto plan, parse_manifest_line(line, folder));
    plan.place = path + ':' + std::to_string(number);
    plans.push_back(std::move(plan));
    return {};
  }));
  ProgressBar progress("import");
  for (std::size_t i = 0; i < plans.size(); ++i) {
    progress.update(i, plans.size());
    try_run(importing, plans[i], {});
  }
  return importing.report.finish(importing.settings.strict);
}

/// One run of all files, or one of each.
int import_files(Importing& importing, const RunPlan& plan, const std::vector<std::string>& from_folders,
                 bool each) {
  if (!each) {
    if (from_folders.size() > 1)
      std::cerr << "these " << plan.files.size()
                << " files become one run; --run-per-file makes each file a run of its own\n";
    try_run(importing, plan, from_folders);
  } else {
    for (const auto& file : plan.files) {
      auto single = plan;
      single.files = {file};
      single.one_of_many = true;
      try_run(importing, single, from_folders);
    }
  }
  return importing.report.finish(importing.settings.strict);
}

#ifdef RESULTSDB_WITH_WEBKIT
/// A server with that profile stores uploads so.
webkit::ProfileName webkit_profile(const Options& options, bool of_uploads) {
  if (!options.has("webkit-profile")) return webkit::ProfileName::Webkit;
  if (!of_uploads) throw UsageError{"import: --webkit-profile is for --format webkit"};
  const auto profile = webkit::parse_profile(options.text("webkit-profile"));
  if (!profile) throw UsageError{"import: --webkit-profile: " + profile.error().message};
  return *profile;
}

/// Replays recorded uploads: each is stored as the server's endpoint would, and kept whatever its age.
int import_uploads(const std::shared_ptr<Model>& model, const std::vector<std::string>& files,
                   webkit::ProfileName profile) {
  webkit::Options options;
  options.profile = profile;
  options.clock = system_clock();
  options.default_ttl_seconds = 0;
  std::uint64_t stored = 0, refused = 0;
  for (const auto& file : files) {
    const auto documents = read_upload_documents(file);
    if (!documents) {
      std::cerr << "resultsdb: " << file << ": is no recorded upload, nor lines or an array of them\n";
      ++refused;
      continue;
    }
    for (const auto& [place, document] : *documents) {
      const auto answer = webkit::ingest_upload(model, options, document);
      if (!answer && answer.error().retryable()) fail(answer.error());
      if (answer) {
        ++stored;
        warn_of_steps(place, *answer);
      } else {
        ++refused;
        std::cerr << "resultsdb: " << place << ": " << answer.error().text() << '\n';
      }
    }
  }
  std::cout << stored << " uploads stored, " << refused << " refused\n";
  return refused > 0 ? kRefused : kDone;
}
#endif

void add_import_options(Options& options) {
  options.add_facts();
  options.add_clone();
  options.add()                                                                                             //
      ("manifest", po::value<std::string>(), "file of JSON lines, one per run (- for the standard input)")  //
      ("commit", po::value<std::vector<std::string>>(),
       "REPOSITORY@REF; repeats for several repositories")                                                //
      ("repository", po::value<std::string>(), "repository of a commit that CI names by its hash alone")  //
      ("started", po::value<std::string>(), "start of the run: RFC 3339 or epoch seconds")                //
      ("timezone", po::value<std::string>(), kTimeZoneHelp)                                               //
      ("attempt", po::value<std::uint32_t>(), "1 for the first, 2 for the second …")                      //
      ("id", po::value<std::string>(), "public id of the run")                                            //
      ("root", po::value<std::string>(), "folder that absolute paths in names are made relative to")      //
      ("run-per-file", "each file is a run of its own (default: all files are one run)")                  //
      ("keep-going", "store what can be read as an incomplete run when a file is refused")                //
      ("allow-empty", "store runs without tests")                                                         //
#ifdef RESULTSDB_WITH_WEBKIT
      ("webkit-profile", po::value<std::string>(),
       "how a server would store --format webkit: webkit (default) or webkit-corrected")  //
#endif
      ("strict", "refuse truncated files; exit 1 if a test failed")  //
      ("dry-run", "read and say what would be stored")               //
      ("json", "tell of each run as a line of JSON");
}

}  // namespace

int run_import(const Arguments& arguments) {
  Options options(
      "import", "PATH… | --manifest FILE", -1,
      "format of the files: junit, gtest-json, … (default: by content); webkit: recorded uploads");
  add_import_options(options);
  if (!options.parse(arguments)) return kDone;
  if (options.positional().empty() == !options.has("manifest"))
    throw UsageError{"import: name files or folders (- for the standard input), or --manifest FILE"};
  ImportSettings settings;
  settings.read.format = options.text("format");
  settings.read.root = options.text("root");
  if (options.has("timezone")) settings.read.time_zone = parse_time_zone(options.text("timezone"));
  settings.read.strict = settings.strict = options.has("strict");
  settings.read.allow_empty = settings.allow_empty = options.has("allow-empty");
  settings.keep_going = options.has("keep-going");
  settings.dry_run = options.has("dry-run");

#ifdef RESULTSDB_WITH_WEBKIT
  const auto profile = webkit_profile(options, settings.read.format == "webkit");
#endif

  RepositoryList repositories;
  const auto clone = open_clone(options);
  if (clone) repositories.push_back(clone);
  auto model = open_model(settings.dry_run ? "memory:" : options.store(), Access::Create, repositories);
  const bool many = options.has("manifest");
  Importing importing{*model, settings, system_clock()(),
                      ImportReport(options.has("json") ? ImportReport::Form::Json
                                   : many              ? ImportReport::Form::Summary
                                                       : ImportReport::Form::Lines)};
  if (many) return import_manifest(importing, options.text("manifest"));

  std::vector<std::string> from_folders;
#ifdef RESULTSDB_WITH_WEBKIT
  if (settings.read.format == "webkit")
    return import_uploads(model, expand(options.positional(), from_folders), profile);
#endif
  auto plan = plan_from_options(options, clone.get());
  plan.files = expand(options.positional(), from_folders);
  if (plan.files.empty())
    refuse(make_error(ErrorCode::NotFound, "there is no file in this folder", options.positional().front()));
  return import_files(importing, plan, from_folders, options.has("run-per-file"));
}

int run_read(const Arguments& arguments) {
  Options options("read", "FILE", 1);
  options.add()                                                                                       //
      ("root", po::value<std::string>(), "folder that absolute paths in names are made relative to")  //
      ("input-format", po::value<std::string>(), "format of the file (default: by content)");
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1) throw UsageError{"read: name one file, or -"};
  const auto format = options.format();
  formats::ReadOptions read;
  read.format = options.text("input-format");
  read.root = options.text("root");
  const auto outcome = read_file(options.positional().front(), read);
  if (format == Format::Json) {
    std::cout << formats::to_json(outcome) << '\n';
    return outcome.run ? kDone : kRefused;
  }
  if (!outcome.run) refuse(outcome.refused->error);
  Records records({"test", "outcome", "expected", "duration_ms", "attempts", "message"});
  for (const auto& test : outcome.run->tests) {
    std::string attempts;
    for (const auto& attempt : test.attempts) attempts += (attempts.empty() ? "" : " ") + attempt.outcome;
    records.add({name_cell(test.name), cell(test.outcome), cell(test.expected), cell(test.duration_ms),
                 cell(attempts), name_cell(test.message)});
  }
  records.print(format, "no tests");
  for (const auto& warning : outcome.run->warnings) warn() << warning.code << ": " << warning.text << '\n';
  return kDone;
}

int run_env(const Arguments& arguments) {
  Options options("env", "", 0);
  options.add()                                  //
      ("print", "show what is found (default)")  //
      ("env-file", po::value<std::string>(),
       "write it as KEY=VALUE lines for a container (- for the output)");
  if (!options.parse(arguments)) return kDone;
  const auto clone = open_clone(options);
  if (options.has("env-file")) {
    write_private_file(options.text("env-file"), environment_file(clone.get()));
    if (!options.has("print")) return kDone;
  }
  const auto ci = this_ci_environment(clone.get());
  Records records({"key", "value"});
  const auto note = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) records.add({cell(key), cell(value)});
  };
  for (const char* name : {"RESULTSDB_STORE", "RESULTSDB_SUITE", "RESULTSDB_BRANCH",
                           "RESULTSDB_CONFIGURATION", "RESULTSDB_COMMIT", "RESULTSDB_REPOSITORY"}) {
    const auto value = environment(name);
    const auto url =
        std::string(name) == "RESULTSDB_STORE" ? StoreUrl::parse(value) : Result<StoreUrl>(StoreUrl{});
    note(name, std::string(name) == "RESULTSDB_STORE" && url ? url->redacted() : value);
  }
  note("system", ci.system);
  note("commit", ci.commit);
  note("branch", ci.branch);
  note("url", ci.url);
  if (!ci.system.empty()) note("attempt", std::to_string(ci.attempt));
  for (const auto& [key, value] : ci.attributes) note(key, value);
  if (clone) note("repository", clone->key());
  records.print(options.format(), "neither RESULTSDB_* variables nor a CI system are set");
  return kDone;
}

}  // namespace resultsdb::cli
