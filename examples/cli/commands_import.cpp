// import, read, env
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "commands.hpp"
#include "context.hpp"
#include "import_plan.hpp"
#include "manifest.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "result_files.hpp"
#include "resultsdb/formats.hpp"
#include "resultsdb/json.hpp"
#include "upload_answer.hpp"
#ifdef RESULTSDB_WITH_WEBKIT
#include "resultsdb/http/webkit.hpp"
#endif

namespace resultsdb::cli {

namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

/// What happened to the runs of one command.
struct Tally {
  std::uint64_t added = 0, replaced = 0, unchanged = 0, refused = 0;
  bool failing = false;
};

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

RunHeader make_header(Model& model, const RunPlan& plan, const formats::ImportedRun& imported, Time now) {
  RunHeader header;
  header.suite = plan.suite.empty() ? imported.tool : plan.suite;
  header.branch = plan.branch;
  header.configuration = plan.configuration;
  header.id = plan.id;
  header.variant = !plan.id.empty()   ? plan.id
                   : plan.attempt > 1 ? std::to_string(plan.attempt)
                                      : std::string();
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

void describe(const Ingested& ingested) {
  const auto& run = *ingested.run;
  std::cout << (ingested.stored == Ingested::Stored::Unchanged ? "already imported: " : "stored: ") << run.id
            << "  suite " << run.suite << ", " << run.counts.covered << " results ("
            << cell_counts(run.counts, false).text << ")";
  if (run.counts.lost > 0) std::cout << ", " << run.counts.lost << " lost";
  if (run.state != RunState::Final) std::cout << ", " << to_string(run.state);
  std::cout << '\n';
}

bool has_failures(const RunInfo& run) {
  return run.state != RunState::Final ||
         std::any_of(run.counts.outcomes.begin(), run.counts.outcomes.end(), [](const auto& count) {
           return is_failing(count.outcome.actual) &&
                  is_unexpected(count.outcome.expected, count.outcome.actual);
         });
}

/// Reads, builds and stores one run. Refusals are printed and counted; a store that fails ends the command.
void store_run(Model& model, RunPlan plan, const std::vector<std::string>& optional_files,
               const ImportSettings& settings, Time now, bool quiet, Tally& tally) {
  formats::ImportedRun imported;
  if (!plan.files.empty()) {
    auto read = read_files(plan.files, optional_files, settings);
    if (!read) {
      ++tally.refused;
      return;
    }
    imported = std::move(*read);
    if (imported.tests.empty() && !settings.allow_empty) {
      std::cerr << "resultsdb: " << plan.files.front()
                << ": no test in it; --allow-empty stores the run all the same\n";
      ++tally.refused;
      return;
    }
    take_properties(plan, imported);
  }
  Run run;
  formats::to_results(imported, run.results);
  if (settings.dry_run) {
    std::cout << "would store: " << run.results.size() << " results, " << run.results.lost_size() << " lost, "
              << (imported.tool.empty() ? "no file" : imported.tool)
              << (imported.incomplete ? ", incomplete" : "") << '\n';
    return;
  }
  run.header = make_header(model, plan, imported, now);
  IngestOptions ingest{.received = now};
  ingest.same_digest_is_same_run = !plan.started.has_value() && !run.header.digest.empty();
  auto stored = model.ingest(run, ingest);
  if (!stored && stored.error().retryable()) fail(stored.error());
  if (!stored) {
    std::cerr << "resultsdb: " << (plan.files.empty() ? plan.id : plan.files.front()) << ": "
              << stored.error().text() << '\n';
    ++tally.refused;
    return;
  }
  switch (stored->stored) {
    case Ingested::Stored::Added:
      ++tally.added;
      break;
    case Ingested::Stored::Replaced:
      ++tally.replaced;
      break;
    case Ingested::Stored::Unchanged:
      ++tally.unchanged;
      break;
  }
  tally.failing = tally.failing || has_failures(*stored->run);
  if (!quiet) describe(*stored);
}

/// store_run(); what refuses one run leaves the others of the command alone.
void try_run(Model& model, const RunPlan& plan, const std::vector<std::string>& optional_files,
             const ImportSettings& settings, Time now, bool quiet, Tally& tally) {
  const auto before = tally.refused;
  try {
    store_run(model, plan, optional_files, settings, now, quiet, tally);
  } catch (const Exit& exit) {  // its message was printed
    if (exit.code == kUnavailable) throw;
    ++tally.refused;
  }
  if (tally.refused > before && !plan.place.empty())
    std::cerr << "resultsdb: " << plan.place << ": this run was refused\n";
}

int summary(const Tally& tally, bool strict, bool many) {
  if (many) {
    std::cout << tally.added << " runs stored, " << tally.replaced << " replaced, " << tally.unchanged
              << " already imported, " << tally.refused << " refused\n";
  }
  return tally.refused > 0 || (strict && tally.failing) ? kRefused : kDone;
}

int import_manifest(Model& model, const std::string& path, const ImportSettings& settings, Time now) {
  std::vector<RunPlan> plans;
  const auto folder = path == "-" ? std::string() : fs::path(path).parent_path().string();
  need(for_each_line(path, [&](const boost::json::object& line, std::size_t number) -> Status {
    RESULTSDB_ASSIGN(auto plan, parse_manifest_line(line, folder));
    plan.place = path + ':' + std::to_string(number);
    plans.push_back(std::move(plan));
    return {};
  }));
  ProgressBar progress("import");
  Tally tally;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    progress.update(i, plans.size());
    try_run(model, plans[i], {}, settings, now, true, tally);
  }
  return summary(tally, settings.strict, true);
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
    if (documents.empty()) {
      std::cerr << "resultsdb: " << file
                << ": is no recorded upload, nor a file of lines that each are one\n";
      ++refused;
    }
    for (const auto& [place, document] : documents) {
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
  options.add_selection();
  options.add()                                                                                             //
      ("manifest", po::value<std::string>(), "file of JSON lines, one per run (- for the standard input)")  //
      ("commit", po::value<std::vector<std::string>>(),
       "REPOSITORY@REF; repeats for several repositories")                                                //
      ("repository", po::value<std::string>(), "repository of a commit that CI names by its hash alone")  //
      ("started", po::value<std::string>(), "start of the run: RFC 3339 or epoch seconds")                //
      ("attempt", po::value<std::uint32_t>(), "1 for the first, 2 for the second …")                      //
      ("id", po::value<std::string>(), "public id of the run")                                            //
      ("root", po::value<std::string>(), "folder that absolute paths in names are made relative to")      //
      ("run-per-file", "each file is a run of its own")                                                   //
      ("keep-going", "store what can be read as an incomplete run when a file is refused")                //
      ("allow-empty", "store runs without tests")                                                         //
#ifdef RESULTSDB_WITH_WEBKIT
      ("webkit-profile", po::value<std::string>(),
       "how a server would store --format webkit: webkit (default) or webkit-corrected")  //
#endif
      ("strict", "refuse truncated files; exit 1 if a test failed")  //
      ("dry-run", "read and say what would be stored");
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
  settings.read.strict = settings.strict = options.has("strict");
  settings.read.allow_empty = settings.allow_empty = options.has("allow-empty");
  settings.keep_going = options.has("keep-going");
  settings.dry_run = options.has("dry-run");

#ifdef RESULTSDB_WITH_WEBKIT
  const auto profile = webkit_profile(options, settings.read.format == "webkit");
#endif

  RepositoryList repositories;
  const auto clone = open_clone(options.text("repository"));
  if (clone) repositories.push_back(clone);
  const auto now = system_clock()();
  auto model = open_model(settings.dry_run ? "memory:" : options.store(), Access::Create, repositories);
  if (options.has("manifest")) return import_manifest(*model, options.text("manifest"), settings, now);

  std::vector<std::string> from_folders;
#ifdef RESULTSDB_WITH_WEBKIT
  if (settings.read.format == "webkit")
    return import_uploads(model, expand(options.positional(), from_folders), profile);
#endif
  auto plan = plan_from_options(options, clone.get());
  plan.files = expand(options.positional(), from_folders);
  if (plan.files.empty())
    fail(make_error(ErrorCode::NotFound, "there is no file in this folder", options.positional().front()));
  Tally tally;
  if (!options.has("run-per-file")) {
    try_run(*model, plan, from_folders, settings, now, false, tally);
    return summary(tally, settings.strict, false);
  }
  for (const auto& file : plan.files) {
    auto single = plan;
    single.files = {file};
    try_run(*model, single, from_folders, settings, now, false, tally);
  }
  return summary(tally, settings.strict, true);
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
  if (!outcome.run) fail(outcome.refused->error);
  Records records({"test", "outcome", "expected", "duration_ms", "attempts", "message"});
  for (const auto& test : outcome.run->tests) {
    std::string attempts;
    for (const auto& attempt : test.attempts) attempts += (attempts.empty() ? "" : " ") + attempt.outcome;
    records.add({cell(test.name), cell(test.outcome), cell(test.expected), cell(test.duration_ms),
                 cell(attempts), cell(test.message)});
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
  const auto clone = open_clone("");
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
