#include "upload_store.hpp"

#include <boost/json.hpp>

#include "canonical_json.hpp"
#include "commit_codec.hpp"
#include "json_text.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

/// Ids are hashes, so their first digits spread uploads over collections, which a store may keep apart.
std::string collection_of(const std::string& run) {
  constexpr std::size_t kPrefix = 2, kDigits = 2;  // "r_" and what follows
  return "webkit-uploads-" + run.substr(std::min(kPrefix, run.size()), kDigits);
}

/// Keys are no part of what was uploaded: a store that is copied gives none away.
std::string without_key(const std::string& body) {
  if (body.find("api_key") == body.npos) return body;
  auto canonical = canonical_json(body);
  if (!canonical) return body;
  JsonObject kept;
  for (const auto& [name, value] : object_members(*canonical))
    if (name != "api_key") kept.set(name, std::string(value));
  return kept.text();
}

std::string commits_key(const std::string& run) { return run + "/commits"; }

}  // namespace

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

Status put_upload(Model& model, const std::string& run, const std::vector<Commit>& commits,
                  const std::string& body) {
  std::vector<std::string> items;
  for (const Commit& commit : commits) items.push_back(commit_json(commit));
  DocumentChanges changes{.collection = collection_of(run), .puts = {}, .deletes = {}};
  changes.puts.push_back({.document = {.key = run, .text = without_key(body)}});
  changes.puts.push_back({.document = {.key = commits_key(run), .text = json_array(items)}});
  return model.change_documents(changes);
}

Result<std::optional<StoredUpload>> get_upload(Model& model, const std::string& run) {
  const std::string collection = collection_of(run);
  RESULTSDB_ASSIGN(std::optional<Document> body, model.get_document(collection, run));
  RESULTSDB_ASSIGN(std::optional<Document> commits, model.get_document(collection, commits_key(run)));
  if (!body || !commits) return std::optional<StoredUpload>();
  return std::optional(StoredUpload{std::move(body->text), std::move(commits->text)});
}

}  // namespace resultsdb::webkit
