// Uploads, and commits of uploads, that wait for a worker.
#include "upload_queue.hpp"

#include <boost/json.hpp>

#include "commit_codec.hpp"
#include "commit_register.hpp"
#include "json_text.hpp"
#include "resultsdb/jobs.hpp"
#include "uploads.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

JobQueue queue_of(std::shared_ptr<Model> model) { return JobQueue(std::move(model), "webkit-uploads"); }

std::string member(const bj::value& job, std::string_view name) {
  const bj::object* const members = job.if_object();
  const bj::value* const value = members ? members->if_contains(name) : nullptr;
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// An upload is done also when it went meanwhile with its run: with retention or because somebody deleted it.
Status work_on(const Service& service, const std::string& payload) {
  bj::error_code error;
  const bj::value job = bj::parse(payload, error);
  if (error) return make_error(ErrorCode::Corrupt, "a queued upload is no JSON");
  const bj::object* const members = job.if_object();
  const bj::value* const commit = members ? members->if_contains("commit") : nullptr;
  if (commit && commit->is_object())
    return add_identifier(service, parse_commit(commit->get_object()).commit);
  const auto steps = process_stored(service, member(job, "suite"), member(job, "run"));
  if (!steps && steps.error().code != ErrorCode::NotFound) return steps.error();
  return {};
}

Status queue(const Service& service, const JsonObject& job) {
  RESULTSDB_TRY(queue_of(service.model).put(job.text(), service.now()));
  if (service.options.queued) service.options.queued();
  return {};
}

}  // namespace

Status queue_upload(const Service& service, const std::string& suite, const std::string& run) {
  JsonObject job;
  job.set_string("suite", suite);
  job.set_string("run", run);
  return queue(service, job);
}

Status queue_identifier(const Service& service, const Commit& commit) {
  JsonObject job;
  job.set("commit", commit_json(commit));
  return queue(service, job);
}

bool needs_workers(const Options& options) {
  return options.async_processing || !Profile::named(options.profile).identifiers_at_once;
}

Result<bool> process_queued_upload(std::shared_ptr<Model> model, const Options& options) {
  Service service = Service::of(std::move(model), options);
  service.profile.identifiers_at_once = true;  // nobody waits for the answer
  JobQueue queue = queue_of(service.model);
  RESULTSDB_ASSIGN(const std::optional<Job> job, queue.take(service.now()));
  if (!job) return false;
  if (const Status done = work_on(service, job->payload); !done) {
    RESULTSDB_ASSIGN(const bool dropped, queue.give_back(*job));
    Error error = done.error();
    error.message = "queued work " + job->payload + ", attempt " + std::to_string(job->attempt) +
                    (dropped ? ", the last: " : ": ") + error.message;
    return error;
  }
  RESULTSDB_TRY(queue.finish(*job));
  return true;
}

}  // namespace resultsdb::webkit
