#include "upload_store.hpp"

#include <boost/json.hpp>

#include "canonical_json.hpp"
#include "commit_codec.hpp"
#include "json_text.hpp"
#include "resultsdb/base64url.hpp"
#include "resultsdb/http/compression.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

// Members of the document that is kept.
constexpr char kBody[] = "zstd", kCommits[] = "commits", kConfiguration[] = "configuration", kSdk[] = "sdk",
               kStarted[] = "started";
constexpr std::size_t kLargestBody = std::size_t{1} << 30;

std::string key_of(const RunDocuments& place) { return place.key_prefix + "webkit-upload"; }

Result<std::string> unpack_body(const bj::value& packed) {
  const auto bytes = packed.is_string()
                         ? base64url_decode({packed.get_string().data(), packed.get_string().size()})
                         : std::nullopt;
  if (!bytes) return make_error(ErrorCode::Corrupt, "the body of an upload is no base64");
  auto body = http::unpack("zstd", *bytes, kLargestBody);
  if (!body) return make_error(ErrorCode::Corrupt, "the body of an upload: " + body.error().message);
  return body;
}

Result<std::vector<Commit>> parse_commits(const std::string& commits) {
  bj::error_code error;
  const bj::value list = bj::parse(commits, error);
  if (error || !list.is_array())
    return make_error(ErrorCode::Corrupt, "the commits of an upload are no list");
  std::vector<Commit> parsed;
  for (const bj::value& document : list.get_array()) {
    if (!document.is_object()) return make_error(ErrorCode::Corrupt, "a commit of an upload is no object");
    Commit commit = parse_commit(document.get_object()).commit;
    commit.position = commit_uuid(commit);
    if (!commit.position) return make_error(ErrorCode::Corrupt, "a commit of an upload has no place");
    parsed.push_back(std::move(commit));
  }
  return parsed;
}

std::string text_of(const bj::value& value) {
  const bj::string& text = value.as_string();
  return {text.data(), text.size()};
}

}  // namespace

Result<std::string> without_api_key(const std::string& body) {
  RESULTSDB_ASSIGN(const std::string canonical, canonical_json(body));
  JsonObject kept;
  for (const auto& [name, value] : object_members(canonical))
    if (name != "api_key") kept.set(name, std::string(value));
  return kept.text();
}

Result<CheckedUpload> StoredUpload::checked(const std::string& suite) const {
  CheckedUpload upload;
  RESULTSDB_ASSIGN(upload.document, parse_upload(body));
  upload.configuration = configuration;
  upload.suite = suite;
  RESULTSDB_ASSIGN(upload.commits, parse_commits(commits));
  if (upload.commits.empty()) return make_error(ErrorCode::Corrupt, "an upload has no commits");
  upload.uuid = uuid_of(upload.commits);
  upload.started = started;
  upload.text_timestamp = upload.document.timestamp.starts_with('"');
  return upload;
}

Result<std::string> pack_upload(const CheckedUpload& upload, const std::string& body) {
  const auto packed = http::pack(http::Coding::Zstd, body);
  if (!packed) return make_error(ErrorCode::Internal, "the upload cannot be packed");
  std::vector<std::string> items;
  for (const Commit& commit : upload.commits) items.push_back(commit_json(commit));
  JsonObject document;
  document.set_string(kBody, base64url_encode(*packed));
  document.set(kCommits, json_array(items));
  document.set(kConfiguration, upload.configuration.facets().json());
  document.set_string(kSdk, upload.configuration.sdk.value_or(""));
  document.set_integer(kStarted, to_seconds(upload.started));
  std::string text = document.text();
  if (text.size() > limits::kDocumentBytes)  // found out before its run is stored
    return invalid_argument("The upload has more than " + std::to_string(limits::kDocumentBytes >> 20) +
                            " MB when compressed");
  return text;
}

Status put_upload(Model& model, const std::string& suite, const std::string& run, std::string packed,
                  const PutUpload& options) {
  const RunDocuments place = run_documents(suite, run);
  Document document{.key = key_of(place), .text = std::move(packed)};
  if (options.received)
    document.attributes.emplace_back(kDocumentReceived, std::to_string(to_micros(*options.received)));
  DocumentChanges changes{.collection = place.collection, .puts = {}, .deletes = {}};
  changes.puts.push_back({std::move(document), options.expected_version});
  return model.change_documents(changes);
}

Result<std::optional<Document>> get_packed_upload(Model& model, const std::string& suite,
                                                  const std::string& run) {
  const RunDocuments place = run_documents(suite, run);
  return model.get_document(place.collection, key_of(place));
}

Result<std::optional<StoredUpload>> get_upload(Model& model, const std::string& suite,
                                               const std::string& run) {
  RESULTSDB_ASSIGN(std::optional<Document> document, get_packed_upload(model, suite, run));
  if (!document) return std::optional<StoredUpload>();
  try {
    const bj::object kept = bj::parse(document->text).as_object();
    StoredUpload upload;
    RESULTSDB_ASSIGN(upload.body, unpack_body(kept.at(kBody)));
    upload.commits = bj::serialize(kept.at(kCommits));
    Configuration facets;
    for (const auto& facet : kept.at(kConfiguration).as_object())
      facets.set(std::string(facet.key()), text_of(facet.value()));
    upload.configuration = PlatformConfiguration::from_facets(facets, text_of(kept.at(kSdk)));
    upload.started = from_seconds(kept.at(kStarted).to_number<std::int64_t>());
    upload.packed = std::move(document->text);
    return std::optional(std::move(upload));
  } catch (const std::exception&) {  // of Boost.JSON: something is missing, or of another type
    return make_error(ErrorCode::Corrupt, "a kept upload is none");
  }
}

}  // namespace resultsdb::webkit
