// upload
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <iostream>
#include <set>
#include <thread>

#include "commands.hpp"
#include "context.hpp"
#include "http_post.hpp"
#include "import_plan.hpp"
#include "import_report.hpp"
#include "output.hpp"
#include "result_files.hpp"
#include "time_zone.hpp"
#include "upload_answer.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;
namespace bj = boost::json;

namespace {

/// Members of a configuration in the protocol; the first four must be there.
constexpr const char* kMembers[] = {"platform", "version", "is_simulator", "architecture", "version_name",
                                    "model",    "style",   "flavor",       "sdk"};
constexpr std::size_t kRequired = 4;
constexpr std::chrono::milliseconds kLongestPause{30'000};

bj::object configuration_of(const Configuration& configuration) {
  bj::object object;
  for (const auto& [facet, value] : configuration.facets()) {
    if (std::none_of(std::begin(kMembers), std::end(kMembers),
                     [&](const char* name) { return facet == name; }))
      throw UsageError{"--configuration: this protocol has no '" + facet +
                       "', only platform, version, is_simulator, architecture, version_name, model, style, "
                       "flavor, sdk"};
    if (facet != "is_simulator") {
      object[facet] = value;
    } else if (value == "true" || value == "True" || value == "1") {
      object[facet] = true;
    } else if (value == "false" || value == "False" || value == "0") {
      object[facet] = false;
    } else {
      throw UsageError{"--configuration: is_simulator must be true or false"};
    }
  }
  if (!object.contains("is_simulator")) object["is_simulator"] = false;
  for (std::size_t i = 0; i < kRequired; ++i) {
    if (!object.contains(kMembers[i]))
      throw UsageError{
          std::string("--configuration: this protocol needs platform, version and architecture; '") +
          kMembers[i] + "' is missing"};
  }
  return object;
}

/// All that the clone says of the commit; without it, what names it.
bj::object commit_of(const std::string& text, Repository* clone) {
  const auto [repository, name] = need(parse_repository_reference(text));
  bj::object object{{"repository_id", repository}};
  if (clone != nullptr && clone->key() == repository) {
    const auto found = need(clone->resolve({.text = name, .full = true}));
    if (found) {
      object["hash"] = found->hash;
      if (!found->branch.empty()) object["branch"] = found->branch;
      if (!found->identifier.empty()) object["identifier"] = found->identifier;
      if (found->timestamp) object["timestamp"] = to_seconds(*found->timestamp);
      object["order"] = found->order;
      bj::array emails(found->author.emails.begin(), found->author.emails.end());
      if (!found->author.empty())
        object["author"] = {{"name", found->author.name}, {"emails", std::move(emails)}};
      object["message"] = found->message;
      return object;
    }
  }
  const auto reference = need(parse_commit_reference(name));
  switch (reference.kind) {
    case CommitReference::Kind::Hash:
    case CommitReference::Kind::HashPrefix:
      object["hash"] = reference.text;
      break;
    case CommitReference::Kind::Revision:
      object["revision"] = reference.revision;
      break;
    case CommitReference::Kind::Identifier:
      object["identifier"] = reference.text;
      break;
    case CommitReference::Kind::Name:
      throw UsageError{"--commit: '" + text +
                       "' is neither a hash, a revision nor an identifier, and no git clone "
                       "of that repository here knows it"};
  }
  return object;
}

/// An outcome in the protocol's words; it takes unknown ones for passes.
std::string state_of(const std::string& outcome) {
  static const std::set<std::string> known = {"CRASH", "TIMEOUT", "IMAGE",   "AUDIO", "TEXT",
                                              "FAIL",  "ERROR",   "WARNING", "PASS"};
  std::string state;
  for (std::size_t first = 0; first < outcome.size();) {
    const std::size_t end = std::min(outcome.find(' ', first), outcome.size());
    const std::string word = outcome.substr(first, end - first);
    first = end + 1;
    if (!word.empty()) state += (state.empty() ? "" : " ") + (known.contains(word) ? word : "FAIL");
  }
  return state;
}

/// Names stand whole as members of `results`: the protocol lets a part of a path contain `/`, and a test may
/// have a name that is the beginning of another's.
bj::object results_of(const formats::ImportedRun& run) {
  bj::object results, stats;
  std::int64_t skipped = 0;
  for (const auto& test : run.tests) {
    if (test.outcome == "SKIP") ++skipped;
    if (test.outcome == "SKIP" || test.outcome == "NOTRUN") continue;
    bj::object leaf;
    if (test.outcome != "PASS") leaf["actual"] = state_of(test.outcome);
    if (test.expected != "PASS" && test.expected != "SKIP") leaf["expected"] = state_of(test.expected);
    if (test.duration_ms && std::abs(*test.duration_ms) < 1e12)
      leaf["time"] = std::llround(*test.duration_ms);
    const std::string& log = test.detail.empty() ? test.message : test.detail;
    if (!log.empty()) leaf["log"] = log;
    results[test.name] = std::move(leaf);
  }
  stats["tests_skipped"] = skipped;
  return {{"results", std::move(results)}, {"run_stats", std::move(stats)}};
}

std::string document_of(RunPlan plan, const formats::ImportedRun& imported, Repository* clone) {
  take_properties(plan, imported);
  if (imported.incomplete) warn() << "this run is incomplete; the protocol cannot say so\n";
  const Time started = plan.started.value_or(imported.started.value_or(system_clock()()));
  bj::object document{{"version", 0},
                      {"suite", plan.suite.empty() ? imported.tool : plan.suite},
                      {"timestamp", to_seconds(started)},
                      {"configuration", configuration_of(plan.configuration)}};
  bj::array commits;
  for (const auto& text : plan.commits) commits.push_back(commit_of(text, clone));
  if (commits.empty()) throw UsageError{"upload: this protocol needs --commit REPOSITORY@REF"};
  document["commits"] = std::move(commits);
  bj::object results = results_of(imported);
  auto& stats = results["run_stats"].as_object();
  stats["start_time"] = to_seconds(started);
  if (imported.duration_ms && *imported.duration_ms < 1e12)
    stats["end_time"] = to_seconds(started) + std::llround(*imported.duration_ms / 1000);
  bj::object details;
  if (!plan.links.empty()) details["link"] = plan.links.front().href;
  results["details"] = std::move(details);
  document["test_results"] = std::move(results);
  return bj::serialize(document);
}

/// The document with the writer's key in front of its other members, if there is one.
std::string with_key(std::string document) {
  const std::string key = environment("RESULTS_SERVER_API_KEY");
  if (!key.empty())
    document.insert(document.find('{') + 1, "\"api_key\":" + bj::serialize(bj::string(key)) + ",");
  return document;
}

struct Sending {
  std::string url;
  std::uint32_t tries = 5;
  std::chrono::milliseconds pause{1000};
};

/// Sends until the server has decided; kDone, kRefused or kUnavailable.
int send(const Sending& sending, const std::string& place, const std::string& document) {
  auto pause = sending.pause;
  std::string problem;
  for (std::uint32_t attempt = 1; attempt <= sending.tries; ++attempt) {
    const auto answer = post_json(sending.url, document);
    if (!answer && answer.error().code != ErrorCode::Unavailable) fail(answer.error());
    if (answer && answer->status == 200) {
      warn_of_steps(place, answer->body);
      std::cout << "sent: " << place << '\n';
      return kDone;
    }
    if (answer && answer->status < 500) {
      std::cerr << "resultsdb: " << place << ": refused with " << answer->status << ": "
                << description_of(answer->body) << '\n';
      return kRefused;
    }
    problem =
        answer ? std::to_string(answer->status) + ": " + description_of(answer->body) : answer.error().text();
    if (attempt == sending.tries) break;
    warn() << place << ": " << problem << "; trying again in " << pause.count() << " ms\n";
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  std::cerr << "resultsdb: " << place << ": not sent after " << sending.tries << " tries: " << problem
            << '\n';
  return kUnavailable;
}

Sending sending_of(const Options& options) {
  Sending sending{.url = options.positional().front()};
  if (!sending.url.starts_with("http://") && !sending.url.starts_with("https://"))
    throw UsageError{"upload: '" + sending.url + "' is no http:// or https:// address"};
  while (sending.url.ends_with('/')) sending.url.pop_back();
  if (!sending.url.ends_with("/api/upload")) sending.url += "/api/upload";
  if (options.has("tries")) sending.tries = options.number("tries");
  if (sending.tries < 1 || sending.tries > 100) throw UsageError{"--tries: must be 1 to 100"};
  if (options.has("retry-after-ms"))
    sending.pause = std::chrono::milliseconds(options.number("retry-after-ms"));
  return sending;
}

}  // namespace

int run_upload(const Arguments& arguments) {
  Options options("upload", "URL FILE…", -1,
                  "format of the files: junit, gtest-json, … (default: by content)");
  options.add_facts();
  options.add_clone();
  options.add()  //
      ("commit", po::value<std::vector<std::string>>(),
       "REPOSITORY@REF; repeats for several repositories")                                                //
      ("repository", po::value<std::string>(), "repository of a commit that CI names by its hash alone")  //
      ("started", po::value<std::string>(), "start of the run: RFC 3339 or epoch seconds")                //
      ("timezone", po::value<std::string>(), kTimeZoneHelp)                                               //
      ("root", po::value<std::string>(), "folder that absolute paths in names are made relative to")      //
      ("tries", po::value<std::uint32_t>(), "how often a server that fails is asked (default: 5)")        //
      ("retry-after-ms", po::value<std::uint32_t>(),
       "first pause between two tries; doubles (default: 1000)");
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() < 2)
    throw UsageError{"upload: name the server and files, as in upload URL FILE"};
  const Sending sending = sending_of(options);
  const std::vector<std::string> paths(options.positional().begin() + 1, options.positional().end());
  std::vector<std::string> from_folders, results;
  std::vector<UploadDocument> documents;
  for (const auto& file : expand(paths, from_folders)) {
    auto recorded = file == "-" ? std::nullopt : read_upload_documents(file);
    if (recorded)
      std::move(recorded->begin(), recorded->end(), std::back_inserter(documents));
    else
      results.push_back(file);
  }
  if (!results.empty()) {
    const auto clone = open_clone(options);
    ImportSettings settings;
    settings.read.format = options.text("format");
    settings.read.root = options.text("root");
    const auto plan = plan_from_options(options, clone.get());
    if (options.has("timezone")) settings.read.time_zone = parse_time_zone(options.text("timezone"));
    const auto imported = read_files(results, from_folders, settings);
    if (!imported) return kRefused;
    if (const auto gap = unknown_start(plan, *imported)) warn() << printable(gap->text) << '\n';
    if (imported->tests.empty())
      refuse(invalid_argument("no test in it; the protocol has no runs without results", results.front()));
    documents.push_back({results.front(), document_of(plan, *imported, clone.get())});
  }
  int code = kDone;
  for (const auto& [place, document] : documents) {
    const int sent = send(sending, place, with_key(document));
    if (sent == kUnavailable) return sent;
    code = std::max(code, sent);
  }
  return code;
}

}  // namespace resultsdb::cli
