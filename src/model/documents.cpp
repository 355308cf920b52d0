// Documents of Model.
#include <utility>

#include "domain/hex.hpp"
#include "domain/sha256.hpp"
#include "model/model_implementation.hpp"

namespace resultsdb {

RunDocuments run_documents(std::string_view suite, std::string_view run) {
  // Names of suites may be long and have slashes, so a digest stands for them. It also spreads the runs: a
  // store may keep collections apart.
  constexpr std::size_t kSpread = 1, kDigest = 16;  // bytes
  const std::string digest =
      domain::Sha256().update(suite).update(std::string_view("\0", 1)).update(run).finish();
  return {.collection = "run-documents-" + domain::hex(digest.substr(0, kSpread)),
          .key_prefix = std::string(run) + '/' + domain::hex(digest.substr(0, kDigest)) + '/'};
}

Result<std::optional<Document>> Model::get_document(std::string_view collection, std::string_view key) {
  return implementation_->storage().get_document(collection, key);
}

Result<ItemPage<Document>> Model::documents(const DocumentsQuery& query) {
  const storage::DocumentQuery stored{.collection = query.collection,
                                      .key_prefix = query.key_prefix,
                                      .attributes = query.attributes,
                                      .unique = query.unique,
                                      .descending = query.descending};
  RESULTSDB_ASSIGN(auto page, implementation_->storage().find_documents(
                                  stored, {.limit = query.limit, .token = query.page}));
  return ItemPage<Document>{std::move(page.rows), std::move(page.next)};
}

Status Model::change_documents(const DocumentChanges& changes) {
  storage::DocumentBatch batch{.collection = changes.collection, .deletes = {}, .puts = {}};
  for (const DocumentChanges::Delete& gone : changes.deletes)
    batch.deletes.push_back({gone.key, gone.expected_version});
  for (const DocumentChanges::Put& put : changes.puts)
    batch.puts.push_back({put.document, put.expected_version});
  return implementation_->storage().apply(batch);
}

}  // namespace resultsdb
