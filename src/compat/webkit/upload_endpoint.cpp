// POST and GET /api/upload, POST /api/upload/process.
#include <algorithm>

#include "canonical_json.hpp"
#include "json_text.hpp"
#include "run_search.hpp"
#include "service.hpp"
#include "upload_store.hpp"
#include "uploads.hpp"

namespace resultsdb::webkit {
namespace {

struct FoundUpload {
  PlatformConfiguration configuration;  ///< with sdk
  RunInfoPtr run;
};

/// The runs of a suite whose uploads are asked for: of each timeline the newest by commit.
Status find_in_suite(const Service& service, const RunSearch& search, ConfigurationMatcher& matcher,
                     const std::string& suite, std::vector<FoundUpload>& found) {
  RESULTSDB_ASSIGN(const std::vector<MatchedTimeline> timelines, matcher.match(suite));
  if (timelines.empty()) return {};
  RESULTSDB_ASSIGN(RowsByTimeline rows, read_rows(service, search, suite, timelines, {}));
  for (const MatchedTimeline& timeline : timelines) {
    std::vector<AnswerRow>& all = rows[timeline.info.id];
    cut_rows(search, timeline, all);
    for (AnswerRow& row : all) {
      PlatformConfiguration configuration = timeline.configuration;
      configuration.set_sdk(row.sdk);
      found.push_back({std::move(configuration), std::move(row.run)});
    }
  }
  return {};
}

Result<std::vector<FoundUpload>> find_uploads(const Service& service, const http::Request& request) {
  static const Accepts kAccepts{.configuration = true,
                                .commit = true,
                                .range = true,
                                .branch = true,
                                .limit = true,
                                .others = {"suite"},
                                .path = {}};
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, kAccepts));
  RESULTSDB_ASSIGN(RunSearch search, RunSearch::read(service, query, service.profile.uploads_limit));
  ConfigurationMatcher matcher(service, search.configurations);
  RESULTSDB_ASSIGN(const std::vector<std::string> suites,
                   wanted_suites(service, query, search.configurations));
  std::vector<FoundUpload> found;
  const std::size_t limit = search.limit;
  for (const std::string& suite : suites) {
    if (found.size() >= limit) break;
    search.limit = static_cast<std::uint32_t>(limit - found.size());
    RESULTSDB_TRY(find_in_suite(service, search, matcher, suite, found));
  }
  return found;
}

/// The members that an upload and its processing state have in common; empty without a stored upload.
Result<std::optional<JsonObject>> describe(const Service& service, const FoundUpload& found,
                                           std::optional<StoredUpload>& stored) {
  RESULTSDB_ASSIGN(stored, get_upload(*service.model, found.run->suite, found.run->id));
  if (!stored) return std::optional<JsonObject>();
  JsonObject object;
  object.set("commits", stored->commits);
  object.set("configuration", found.configuration.json(/*with_sdk=*/true));
  object.set_string("suite", found.run->suite);
  object.set_integer("timestamp", to_seconds(found.run->started));
  return std::optional(std::move(object));
}

Result<std::string> uploads_json(const Service& service, const std::vector<FoundUpload>& uploads) {
  std::string json = "[";
  for (const FoundUpload& upload : uploads) {
    std::optional<StoredUpload> stored;
    RESULTSDB_ASSIGN(std::optional<JsonObject> object, describe(service, upload, stored));
    if (!object) continue;
    RESULTSDB_ASSIGN(const std::string document, canonical_json(stored->body));
    for (const auto& [name, value] : object_members(document)) {
      if (name == "test_results") object->set(name, std::string(value));
    }
    if (json.size() > 1) json += ',';
    json += object->text();
  }
  return json + "]";
}

Result<std::string> process_all(const Service& service, const http::Request& request) {
  RESULTSDB_ASSIGN(const std::vector<FoundUpload> uploads, find_uploads(service, request));
  std::vector<std::string> items;
  for (const FoundUpload& upload : uploads) {
    std::optional<StoredUpload> stored;
    RESULTSDB_ASSIGN(std::optional<JsonObject> object, describe(service, upload, stored));
    if (!object) continue;
    RESULTSDB_ASSIGN(std::string steps, process_again(service, *upload.run));
    object->set("processing", std::move(steps));
    items.push_back(object->text());
  }
  if (items.empty()) return make_error(ErrorCode::NotFound, "No uploads matching the specified criteria");
  return json_array(items);
}

Result<std::string> take(const Service& service, const http::Request& request) {
  RESULTSDB_ASSIGN(CheckedUpload upload, check_upload(service, request));
  RESULTSDB_ASSIGN(std::string steps, take_upload(service, std::move(upload), request.body));
  JsonObject answer;
  answer.set("processing", std::move(steps));
  answer.set_string("status", "ok");
  return answer.text();
}

}  // namespace

Result<std::string> ingest_upload(std::shared_ptr<Model> model, const Options& options,
                                  std::string document) {
  Service service = Service::of(std::move(model), options);
  service.profile.identifiers_at_once = true;  // no client waits
  http::Request request;
  request.body = std::move(document);
  return take(service, request);
}

http::Response post_upload(const Service& service, const http::Request& request) {
  if (auto refusal = refuse_write(service, request)) return std::move(*refusal);
  if (request.has_query) return error_response(400, "Queries not supported on this endpoint");
  return respond(take(service, request));
}

http::Response get_uploads(const Service& service, const http::Request& request) {
  const auto uploads = find_uploads(service, request);
  if (!uploads) return error_response(uploads.error());
  return respond(uploads_json(service, *uploads));
}

http::Response process_uploads(const Service& service, const http::Request& request) {
  if (auto refusal = refuse_write(service, request)) return std::move(*refusal);
  return respond(process_all(service, request));
}

}  // namespace resultsdb::webkit
