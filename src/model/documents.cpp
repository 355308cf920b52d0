// Documents of Model.
#include <algorithm>
#include <utility>

#include "model/model_implementation.hpp"

namespace resultsdb {

std::string run_documents(std::string_view run) {
  // Ids are hashes, so their first digits spread them; a store may keep collections apart.
  constexpr std::size_t kPrefix = 2, kDigits = 2;  // "r_" and what follows
  return "run-documents-" + std::string(run.substr(std::min(kPrefix, run.size()), kDigits));
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
  for (const std::string& key : changes.deletes)
    batch.deletes.push_back({.key = key, .expected_version = {}});
  for (const DocumentChanges::Put& put : changes.puts)
    batch.puts.push_back({put.document, put.expected_version});
  return implementation_->storage().apply(batch);
}

}  // namespace resultsdb
