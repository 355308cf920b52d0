// From a checked upload to runs and links.
#include <algorithm>

#include "ci_links.hpp"
#include "commit_register.hpp"
#include "json_text.hpp"
#include "run_attributes.hpp"
#include "upload_queue.hpp"
#include "upload_store.hpp"
#include "uploads.hpp"

namespace resultsdb::webkit {
namespace {

/// What each processing step says: empty is "ok".
struct Steps {
  std::optional<std::string> ci_urls, failures, results, identifiers;
  bool identifiers_queued = false;
  bool expired = false;  ///< nothing was written, and that is to be said
};

std::string stats_json(const UploadDocument& document) {
  JsonObject stats;
  if (document.run_stats.starts_with('{')) {
    for (const auto& [name, json] : object_members(document.run_stats)) stats.set(name, std::string(json));
  }
  document.statistics.write(stats);
  return stats.text();
}

/// What of a run is known before it is processed.
RunHeader bare_header(const CheckedUpload& upload) {
  RunHeader header;
  header.suite = upload.suite;
  header.configuration = upload.configuration.facets();
  header.position = upload.uuid;
  header.started = upload.started;
  header.variant = upload.configuration.sdk.value_or("");
  header.state = RunState::Incomplete;
  header.attributes.emplace_back(run_attributes::kMount, run_attributes::kThisMount);
  for (const Commit& commit : upload.commits) {
    RunCommit of_run{commit.repository, commit.id(), *commit.position};
    if (std::find(header.commits.begin(), header.commits.end(), of_run) == header.commits.end()) {
      header.commits.push_back(std::move(of_run));
    }
  }
  return header;
}

RunHeader header_of(const CheckedUpload& upload, const Result<RunLinks>& links, const Steps& steps) {
  const UploadDocument& document = upload.document;
  RunHeader header = bare_header(upload);
  header.state = document.results_error.empty() ? RunState::Final : RunState::Failed;
  header.attributes.emplace_back(run_attributes::kStats, stats_json(document));
  header.attributes.emplace_back(run_attributes::kFlaky, std::to_string(document.statistics.flaky));
  if (!document.details.empty()) header.attributes.emplace_back(run_attributes::kDetails, document.details);
  if (!document.version.empty()) header.attributes.emplace_back(run_attributes::kVersion, document.version);
  if (steps.failures) header.attributes.emplace_back(run_attributes::kWithoutFailures, "true");
  if (!links) {
    header.attributes.emplace_back(run_attributes::kWithoutLinks, "true");
    return header;
  }
  const auto add = [&](const char* name, const std::optional<std::string>& href) {
    if (href) header.links.push_back({.rel = name, .label = name, .href = *href});
  };
  add(run_links::kBuild, links->build);
  add(run_links::kQueue, links->queue);
  add(run_links::kWorker, links->worker);
  return header;
}

std::string id_of(const RunHeader& header) {
  return run_id(header.suite, header.branch, header.configuration, *header.position, header.started,
                header.variant);
}

/// The original writes a row per result, so a run uploaded again keeps the tests that only its first form
/// had: all results then; nothing if the run is new.
Result<std::optional<ResultTable>> with_missing_tests(const Service& service, const Run& run) {
  const RunHeader& header = run.header;
  const std::string id = id_of(header);
  RESULTSDB_ASSIGN(const std::optional<RunInfoPtr> before,
                   service.model->find_run(header.suite, id, service.now()));
  if (!before) return std::optional<ResultTable>();
  RunResultsQuery query;
  query.run = id;
  query.suite = header.suite;
  query.details = true;
  const auto old = service.model->results(query, service.now());
  if (!old && old.error().code == ErrorCode::NotFound) return std::optional<ResultTable>();  // it is gone
  if (!old) return old.error();
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < run.results.size(); ++i) names.insert(run.results.name(i));
  ResultTable all = run.results;
  for (const RunResults::Row& row : old->rows) {
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
  return std::optional(std::move(all));
}

Status ingest_as_it_is(const Service& service, Run& run) {
  IngestOptions options;
  options.received = service.now();
  Result<Ingested> ingested = service.model->ingest(run, options);
  // Two spellings of one name are the only way to repeat one; looking for them costs too much to do always.
  if (!ingested && ingested.error().code == ErrorCode::InvalidArgument && drop_repeated_tests(run.results)) {
    ingested = service.model->ingest(run, options);
  }
  return ingested ? Status() : Status(ingested.error());
}

Status ingest(const Service& service, Run& run) {
  if (!service.profile.repeat_keeps_missing_tests) return ingest_as_it_is(service, run);
  RESULTSDB_ASSIGN(std::optional<ResultTable> all, with_missing_tests(service, run));
  if (!all) return ingest_as_it_is(service, run);
  std::swap(run.results, *all);
  Status status = ingest_as_it_is(service, run);
  std::swap(run.results, *all);
  return status;
}

/// What others may do to a run while it is written is looked for afterwards, and all repeated, at most so
/// often.
constexpr int kRounds = 16;

Error disturbed(const std::string& run) {
  return make_error(ErrorCode::Conflict, "others write the same run all the time; repeat the upload",
                    "run " + run);
}

/// Stores a run, then the upload that it was: a refused one leaves what was kept. Of several that write a run
/// at once, one's results and upload are left: whoever finds that another upload was kept since it looked
/// writes its results once more.
Status write_and_keep(const Service& service, Run& run, const std::optional<std::string>& packed) {
  const std::string id = id_of(run.header), &suite = run.header.suite;
  std::uint64_t version = 0;  // of what is kept; mostly there is nothing
  for (int round = 0; round < kRounds; ++round) {
    RESULTSDB_TRY(ingest(service, run));
    if (!packed) return {};
    const Status kept =
        put_upload(*service.model, suite, id, *packed, {.expected_version = version, .received = {}});
    if (kept) {
      RESULTSDB_ASSIGN(const auto still_there, service.model->find_run(suite, id, service.now()));
      if (still_there) return {};
    } else if (kept.error().code != ErrorCode::Conflict) {
      return kept;
    }
    RESULTSDB_ASSIGN(const auto other, get_packed_upload(*service.model, suite, id));
    version = other ? other->version : 0;
  }
  return disturbed(id);
}

Status write(const Service& service, CheckedUpload& upload, const RunHeader& header,
             const std::optional<std::string>& queue, const std::optional<std::string>& packed) {
  Run run{.header = header, .results = std::move(upload.document.results)};
  for (const std::string& key : branch_keys(service.profile, upload.commits)) {
    run.header.branch = key;
    RESULTSDB_TRY(write_and_keep(service, run, packed));
    if (queue) RESULTSDB_TRY(put_queue(*service.model, run.header, *queue));
  }
  return {};
}

std::string step_json(const std::optional<std::string>& problem, bool expired = false) {
  JsonObject step;
  step.set_string("status", problem ? "error" : "ok");
  if (expired) step.set_string("description", "expired");
  if (problem) step.set_string("description", *problem);
  return step.text();
}

std::string processing_json(const Steps& steps) {
  JsonObject processing;
  processing.set("ci-urls", step_json(steps.ci_urls, steps.expired));
  processing.set("test-failures", step_json(steps.failures, steps.expired));
  processing.set("suite-results", step_json(steps.results, steps.expired));
  processing.set("test-results", step_json(steps.results, steps.expired));
  const bool queued = steps.identifiers_queued && !steps.identifiers;
  processing.set("commit-identifiers", queued ? R"({"status":"Queued"})" : step_json(steps.identifiers));
  return processing.text();
}

std::string queued_json() {
  JsonObject processing;
  for (const char* step :
       {"ci-urls", "test-failures", "suite-results", "test-results", "commit-identifiers"}) {
    processing.set(step, R"({"status":"Queued"})");
  }
  return processing.text();
}

/// Asks for missing identifiers, or leaves that to a worker: repositories may be far away.
Status complete_commits(const Service& service, const std::vector<Commit>& commits, Steps& steps) {
  for (const Commit& commit : commits) {
    const bool far = commit.identifier.empty() && service.model->repository(commit.repository) != nullptr;
    if (far && !service.profile.identifiers_at_once) {
      RESULTSDB_TRY(queue_identifier(service, commit));
      steps.identifiers_queued = true;
      continue;
    }
    const Status added = add_identifier(service, commit);
    if (!added && !steps.identifiers) steps.identifiers = added.error().message;
  }
  return {};
}

/// `packed` is kept with each run that is written; nothing: no upload is.
Result<Steps> process(const Service& service, CheckedUpload& upload,
                      const std::optional<std::string>& packed) {
  Steps steps;
  const Result<RunLinks> links = links_of(service, upload.document.details);
  if (!links) steps.ci_urls = links.error().message;
  if (!upload.document.results_error.empty()) steps.results = steps.failures = upload.document.results_error;
  if (upload.text_timestamp && service.profile.text_timestamp_breaks_failures && !steps.failures) {
    steps.failures = "'str' object cannot be interpreted as an integer";
  }
  if (!is_over(service, upload.uuid)) {
    const RunHeader header = header_of(upload, links, steps);
    RESULTSDB_TRY(write(service, upload, header, links ? links->queue : std::nullopt, packed));
  } else {
    steps.expired = !service.profile.silent_expiry;
  }
  RESULTSDB_TRY(complete_commits(service, upload.commits, steps));
  return steps;
}

Result<std::string> process_now(const Service& service, CheckedUpload& upload,
                                const std::optional<std::string>& packed) {
  RESULTSDB_ASSIGN(const Steps steps, process(service, upload, packed));
  return processing_json(steps);
}

Result<std::string> pack(const CheckedUpload& upload, const std::string& body) {
  if (!upload.document.has_api_key) return pack_upload(upload, body);
  RESULTSDB_ASSIGN(const std::string rest, without_api_key(body));
  return pack_upload(upload, rest);
}

/// Keeps the upload for a worker under each branch key. The suite and its configuration are known at once.
/// The upload itself comes after the run that stands in: if that is deleted meanwhile, the worker writes it
/// again.
Status keep_and_queue(const Service& service, const CheckedUpload& upload, const std::string& body) {
  RESULTSDB_ASSIGN(const std::string packed, pack(upload, body));
  std::string job;
  for (const std::string& key : branch_keys(service.profile, upload.commits)) {
    RESULTSDB_ASSIGN(const std::string id, put_stand_in(service, upload, key));
    RESULTSDB_TRY(put_upload(*service.model, upload.suite, id, packed,
                             {.expected_version = {}, .received = service.now()}));
    if (job.empty()) job = id;
  }
  return queue_upload(service, upload.suite, job);
}

}  // namespace

std::set<std::string> branch_keys(const Profile& profile, const std::vector<Commit>& commits) {
  std::set<std::string> keys;
  for (const Commit& commit : commits) {
    if (!commit.branch.empty() && !profile.is_default_branch(commit.branch)) keys.insert(commit.branch);
  }
  if (keys.empty()) keys.emplace(profile.default_key);
  return keys;
}

Result<std::string> put_stand_in(const Service& service, const CheckedUpload& upload,
                                 const std::string& key) {
  Run run{.header = bare_header(upload), .results = {}};
  run.header.branch = key;
  std::string id = id_of(run.header);
  RESULTSDB_ASSIGN(const auto known, service.model->find_run(upload.suite, id, service.now()));
  if (known) return id;
  IngestOptions options;
  options.received = service.now();
  options.if_exists = IngestOptions::IfExists::Refuse;  // it may have come meanwhile
  const auto stored = service.model->ingest(run, options);
  if (!stored && stored.error().code != ErrorCode::AlreadyExists) return stored.error();
  return id;
}

Result<std::string> take_upload(const Service& service, CheckedUpload upload, const std::string& body) {
  const bool over = is_over(service, upload.uuid);
  if (service.options.async_processing) {
    if (!over) RESULTSDB_TRY(keep_and_queue(service, upload, body));
    return queued_json();
  }
  std::optional<std::string> packed;
  if (service.options.keep_uploads && !over) {
    RESULTSDB_ASSIGN(packed, pack(upload, body));
  }
  return process_now(service, upload, packed);
}

Result<std::string> process_stored(const Service& service, const std::string& suite, const std::string& run) {
  for (int round = 0; round < kRounds; ++round) {
    RESULTSDB_ASSIGN(const std::optional<StoredUpload> stored, get_upload(*service.model, suite, run));
    if (!stored) return make_error(ErrorCode::NotFound, "No uploads matching the specified criteria");
    RESULTSDB_ASSIGN(CheckedUpload upload, stored->checked(suite));
    RESULTSDB_ASSIGN(std::string steps, process_now(service, upload, {}));
    RESULTSDB_ASSIGN(const auto now, get_packed_upload(*service.model, suite, run));
    if (now && now->text == stored->packed) return steps;
    // Another one came, which somebody else may have processed before this one's results were written; or the
    // run was deleted with its upload, and is there again.
    if (!now) RESULTSDB_TRY(service.model->purge({.suite = suite, .run = run}));
  }
  return disturbed(run);
}

Result<std::string> process_again(const Service& service, const RunInfo& run) {
  if (!service.options.async_processing) return process_stored(service, run.suite, run.id);
  RESULTSDB_TRY(queue_upload(service, run.suite, run.id));
  return queued_json();
}

}  // namespace resultsdb::webkit
