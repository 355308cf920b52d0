#include "upload_store.hpp"

#include <boost/json.hpp>

#include "canonical_json.hpp"
#include "commit_codec.hpp"
#include "json_text.hpp"
#include "resultsdb/base64url.hpp"
#include "resultsdb/http/compression.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

constexpr char kBody[] = "zstd", kCommits[] = "commits";  // members of the document that is kept
constexpr std::size_t kLargestBody = std::size_t{1} << 30;

std::string key_of(const std::string& run) { return run + "/webkit-upload"; }

Result<std::string> unpack_body(const bj::value& packed) {
  const auto bytes = packed.is_string()
                         ? base64url_decode({packed.get_string().data(), packed.get_string().size()})
                         : std::nullopt;
  if (!bytes) return make_error(ErrorCode::Corrupt, "the body of an upload is no base64");
  auto body = http::unpack("zstd", *bytes, kLargestBody);
  if (!body) return make_error(ErrorCode::Corrupt, "the body of an upload: " + body.error().message);
  return body;
}

}  // namespace

Result<std::string> without_api_key(const std::string& body) {
  RESULTSDB_ASSIGN(const std::string canonical, canonical_json(body));
  JsonObject kept;
  for (const auto& [name, value] : object_members(canonical))
    if (name != "api_key") kept.set(name, std::string(value));
  return kept.text();
}

Result<std::vector<Commit>> StoredUpload::parsed_commits() const {
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

Result<std::string> pack_upload(const std::vector<Commit>& commits, const std::string& body) {
  const auto packed = http::pack(http::Coding::Zstd, body);
  if (!packed) return make_error(ErrorCode::Internal, "the upload cannot be packed");
  std::vector<std::string> items;
  for (const Commit& commit : commits) items.push_back(commit_json(commit));
  JsonObject document;
  document.set_string(kBody, base64url_encode(*packed));
  document.set(kCommits, json_array(items));
  return document.text();
}

Status put_upload(Model& model, const std::string& run, std::string packed) {
  DocumentChanges changes{.collection = run_documents(run), .puts = {}, .deletes = {}};
  changes.puts.push_back({.document = {.key = key_of(run), .text = std::move(packed)}});
  return model.change_documents(changes);
}

Result<std::optional<StoredUpload>> get_upload(Model& model, const std::string& run) {
  RESULTSDB_ASSIGN(const std::optional<Document> document,
                   model.get_document(run_documents(run), key_of(run)));
  if (!document) return std::optional<StoredUpload>();
  bj::error_code error;
  const bj::value kept = bj::parse(document->text, error);
  const bj::object* const members = error ? nullptr : kept.if_object();
  if (!members || !members->contains(kBody) || !members->contains(kCommits))
    return make_error(ErrorCode::Corrupt, "a kept upload is none");
  RESULTSDB_ASSIGN(std::string body, unpack_body(members->at(kBody)));
  return std::optional(StoredUpload{std::move(body), bj::serialize(members->at(kCommits))});
}

}  // namespace resultsdb::webkit
