// POST /api/upload.
#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "commit_codec.hpp"
#include "commit_register.hpp"
#include "configuration.hpp"
#include "json_text.hpp"
#include "numbers.hpp"
#include "resultsdb/json.hpp"
#include "run_attributes.hpp"
#include "service.hpp"
#include "upload_codec.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

/// An upload whose parts are checked and whose commits are stored.
struct CheckedUpload {
  UploadDocument document;
  PlatformConfiguration configuration;
  std::string suite;
  std::vector<Commit> commits;
  Position uuid = 0;
  Time started{};
  bool text_timestamp = false;
};

/// What each processing step says: empty is "ok".
struct Steps {
  std::optional<std::string> ci_urls, failures, results, identifiers;
};

bool is_falsy(const std::string& json) {
  static const std::set<std::string_view> kFalsy = {"", "null", "false", "0", "0.0", "\"\"", "[]", "{}"};
  return kFalsy.contains(json);
}

std::string_view python_type(const std::string& json) {
  switch (json.front()) {
    case '{':
      return "dict";
    case '[':
      return "list";
    case '"':
      return "str";
    case 't':
    case 'f':
      return "bool";
    default:
      return json.find_first_of(".eE") == std::string::npos ? "int" : "float";
  }
}

Error wrong_type(std::string_view wanted, const std::string& json) {
  return invalid_argument("Expected type <class '" + std::string(wanted) + "'>, got <class '" +
                          std::string(python_type(json)) + "'>");
}

/// Of a text that the upload's parser accepted; null for none.
bj::value value_of(const std::string& text) {
  if (text.empty()) return {};
  bj::parse_options options;
  options.max_depth = json::kMaxDepth;
  bj::error_code error;
  return bj::parse(text, error, {}, options);
}

Result<UploadDocument> read_document(const http::Request& request) {
  if (is_form(request)) return upload_of_form(form_fields(request));
  auto document = parse_upload(request.body);
  if (!document) return invalid_argument("Expected uploaded data to be json");
  return document;
}

Result<PlatformConfiguration> read_configuration(const Service& service, const std::string& json) {
  if (json.empty()) return PlatformConfiguration();
  auto configuration = PlatformConfiguration::from_json(value_of(json), service.profile);
  if (!configuration) return invalid_argument("Invalid configuration");
  return configuration;
}

Result<std::vector<Commit>> register_all(const Service& service, const std::string& json) {
  std::vector<Commit> commits;
  if (is_falsy(json)) return commits;
  bj::value list = value_of(json);
  if (const auto* text = list.if_string()) {  // of a form
    bj::error_code error;
    list = bj::parse(bj::string(*text), error);
    if (error) return invalid_argument("Expected commit meta-data to be json");
  }
  if (!list.is_array()) return invalid_argument("Expected a list of commits");
  for (const bj::value& document : list.get_array()) {
    RESULTSDB_ASSIGN(Commit commit, register_document(service, document));
    commits.push_back(std::move(commit));
  }
  return commits;
}

Result<Time> read_start(const Service& service, const std::string& json) {
  if (is_falsy(json)) return from_seconds(service.now_seconds());
  const bj::value value = value_of(json);
  std::optional<std::int64_t> seconds;
  if (const auto* text = value.if_string()) {
    const std::string_view digits(text->data(), text->size());
    seconds = parse_integer(digits);
    if (!seconds) {
      return invalid_argument("invalid literal for int() with base 10: '" + std::string(digits) + "'");
    }
  } else if (const auto number = integer_of(value)) {
    seconds = number;
  } else if (value.is_double() && std::abs(value.get_double()) < 1e15) {
    seconds = static_cast<std::int64_t>(value.get_double());  // cut, not rounded
  } else {
    return invalid_argument("int() argument must be a string, a bytes-like object or a real number, not '" +
                            std::string(python_type(json)) + "'");
  }
  constexpr std::int64_t kLatest = 253'402'300'799;  // the end of year 9999
  if (std::abs(*seconds) > kLatest || !is_valid_time(from_seconds(*seconds))) {
    return invalid_argument("The timestamp is out of range");
  }
  return from_seconds(*seconds);
}

/// The checks of an upload in the order in which their errors are reported.
Result<CheckedUpload> check(const Service& service, const http::Request& request) {
  CheckedUpload upload;
  RESULTSDB_ASSIGN(upload.document, read_document(request));
  const UploadDocument& document = upload.document;
  RESULTSDB_ASSIGN(upload.configuration, read_configuration(service, document.configuration));
  if (is_falsy(document.suite)) return invalid_argument("No test suite specified");
  RESULTSDB_ASSIGN(upload.commits, register_all(service, document.commits));
  if (!document.has_results && is_falsy(document.test_results)) {
    return invalid_argument("No test results specified");
  }
  if (document.suite.front() != '"') return wrong_type("str", document.suite);
  const bj::value suite = value_of(document.suite);
  upload.suite.assign(suite.get_string().data(), suite.get_string().size());
  if (upload.commits.empty()) {
    return invalid_argument("Each test result must have at least 1 associated commit");
  }
  if (!document.has_results) return wrong_type("dict", document.test_results);
  RESULTSDB_ASSIGN(upload.started, read_start(service, document.timestamp));
  upload.text_timestamp = document.timestamp.starts_with('"');
  if (!upload.configuration.complete()) return invalid_argument("Cannot register a partial configuration");
  upload.uuid = *upload.commits.front().position;
  for (const Commit& commit : upload.commits) upload.uuid = std::max(upload.uuid, *commit.position);
  return upload;
}

std::set<std::string> branch_keys(const Profile& profile, const std::vector<Commit>& commits) {
  std::set<std::string> keys;
  for (const Commit& commit : commits) {
    if (!commit.branch.empty() && !profile.is_default_branch(commit.branch)) keys.insert(commit.branch);
  }
  if (keys.empty()) keys.emplace(profile.default_key);
  return keys;
}

/// The build link of a run, or what `ci-urls` says instead.
Result<std::optional<std::string>> build_link(const Profile& profile, const std::string& details) {
  const bj::value value = value_of(details);
  std::optional<std::string> link;
  if (!value.is_object()) return link;
  std::optional<std::string> master;
  for (const auto& member : value.get_object()) {
    if (member.value().is_null() && profile.null_details_break_links) {
      return invalid_argument("dictionary changed size during iteration");
    }
    const auto* text = member.value().if_string();
    if (text == nullptr) continue;
    if (member.key() == "link") link.emplace(text->data(), text->size());
    if (member.key() == "buildbot-master") master.emplace(text->data(), text->size());
  }
  if (master && !link) return invalid_argument("No link defined or URL factory for " + *master);
  return link;
}

std::string stats_json(const UploadDocument& document) {
  JsonObject stats;
  if (document.run_stats.starts_with('{')) {
    for (const auto& [name, json] : object_members(document.run_stats)) stats.set(name, std::string(json));
  }
  document.statistics.write(stats);
  return stats.text();
}

RunHeader header_of(const CheckedUpload& upload, const std::optional<std::string>& link) {
  const UploadDocument& document = upload.document;
  RunHeader header;
  header.suite = upload.suite;
  header.configuration = upload.configuration.facets();
  header.position = upload.uuid;
  header.started = upload.started;
  header.variant = upload.configuration.sdk.value_or("");
  header.state = document.results_error.empty() ? RunState::Final : RunState::Failed;
  for (const Commit& commit : upload.commits) {
    RunCommit of_run{commit.repository, commit.id(), *commit.position};
    if (std::find(header.commits.begin(), header.commits.end(), of_run) == header.commits.end()) {
      header.commits.push_back(std::move(of_run));
    }
  }
  header.attributes.emplace_back(run_attributes::kMount, run_attributes::kThisMount);
  header.attributes.emplace_back(run_attributes::kStats, stats_json(document));
  header.attributes.emplace_back(run_attributes::kFlaky, std::to_string(document.statistics.flaky));
  if (!document.details.empty()) header.attributes.emplace_back(run_attributes::kDetails, document.details);
  if (!document.version.empty()) header.attributes.emplace_back(run_attributes::kVersion, document.version);
  if (link) header.links.push_back({.rel = "build", .label = "build", .href = *link});
  return header;
}

/// The original writes a row per result, so a run uploaded again keeps the tests that only its first form
/// had.
Status keep_missing_tests(const Service& service, Run& run) {
  const RunHeader& header = run.header;
  const std::string id = run_id(header.suite, header.branch, header.configuration, *header.position,
                                header.started, header.variant);
  RESULTSDB_ASSIGN(const std::optional<RunInfoPtr> before,
                   service.model->find_run(header.suite, id, service.now()));
  if (!before) return {};
  RunResultsQuery query;
  query.run = id;
  query.suite = header.suite;
  query.details = true;
  RESULTSDB_ASSIGN(const RunResults old, service.model->results(query, service.now()));
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < run.results.size(); ++i) names.insert(run.results.name(i));
  ResultTable all = run.results;
  for (const RunResults::Row& row : old.rows) {
    if (names.contains(row.test)) continue;
    all.add({.test = row.test,
             .expected = row.outcome.expected,
             .actual = row.outcome.actual,
             .duration = row.duration,
             .tries = row.tries,
             .passes = row.passes,
             .attributes = row.attributes,
             .detail = row.detail});
  }
  run.results = std::move(all);
  return {};
}

Status write(const Service& service, CheckedUpload& upload, const std::optional<std::string>& link) {
  if (is_over(service, upload.uuid)) return {};
  Run run{.header = header_of(upload, link), .results = std::move(upload.document.results)};
  const std::set<std::string> keys = branch_keys(service.profile, upload.commits);
  const ResultTable uploaded = keys.size() > 1 ? run.results : ResultTable();
  for (const std::string& key : keys) {
    if (run.header.branch != key && !run.header.branch.empty()) run.results = uploaded;
    run.header.branch = key;
    if (service.profile.repeat_keeps_missing_tests) RESULTSDB_TRY(keep_missing_tests(service, run));
    IngestOptions options;
    options.received = service.now();
    Result<Ingested> ingested = service.model->ingest(run, options);
    // Two spellings of one name are the only way to repeat one; looking for them costs too much to do always.
    if (!ingested && ingested.error().code == ErrorCode::InvalidArgument &&
        drop_repeated_tests(run.results)) {
      ingested = service.model->ingest(run, options);
    }
    if (!ingested) return std::move(ingested).error();
  }
  return {};
}

std::string step_json(const std::optional<std::string>& problem) {
  JsonObject step;
  step.set_string("status", problem ? "error" : "ok");
  if (problem) step.set_string("description", *problem);
  return step.text();
}

std::string processing_json(const Steps& steps) {
  JsonObject processing;
  processing.set("ci-urls", step_json(steps.ci_urls));
  processing.set("test-failures", step_json(steps.failures));
  processing.set("suite-results", step_json(steps.results));
  processing.set("test-results", step_json(steps.results));
  processing.set("commit-identifiers", step_json(steps.identifiers));
  JsonObject answer;
  answer.set("processing", processing.text());
  answer.set_string("status", "ok");
  return answer.text();
}

Result<Steps> process(const Service& service, CheckedUpload& upload) {
  Steps steps;
  const auto link = build_link(service.profile, upload.document.details);
  if (!link) steps.ci_urls = link.error().message;
  if (!upload.document.results_error.empty()) steps.results = steps.failures = upload.document.results_error;
  if (upload.text_timestamp && service.profile.text_timestamp_breaks_failures && !steps.failures) {
    steps.failures = "'str' object cannot be interpreted as an integer";
  }
  RESULTSDB_TRY(write(service, upload, link ? *link : std::nullopt));
  for (const Commit& commit : upload.commits) {
    const Status added = add_identifier(service, commit);
    if (!added && !steps.identifiers) steps.identifiers = added.error().message;
  }
  return steps;
}

}  // namespace

Result<std::string> ingest_upload(std::shared_ptr<Model> model, const Options& options,
                                  std::string document) {
  const Service service{.model = std::move(model), .options = options, .profile = Profile()};
  http::Request request;
  request.body = std::move(document);
  RESULTSDB_ASSIGN(CheckedUpload upload, check(service, request));
  RESULTSDB_ASSIGN(const Steps steps, process(service, upload));
  return processing_json(steps);
}

http::Response post_upload(const Service& service, const http::Request& request) {
  if (auto refusal = refuse_write(service, request)) return std::move(*refusal);
  if (request.has_query) return error_response(400, "Queries not supported on this endpoint");
  auto upload = check(service, request);
  if (!upload) return error_response(upload.error());
  const auto steps = process(service, *upload);
  if (!steps) return error_response(steps.error());
  return json_response(processing_json(*steps));
}

}  // namespace resultsdb::webkit
