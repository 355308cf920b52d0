// Documents.
#include <set>

#include "redis_storage.hpp"
#include "scripts.hpp"

namespace resultsdb::backends::redis {

using namespace storage;

namespace {

/// What is there before a batch.
struct Before {
  std::map<std::string, Document> documents;   // of those that the batch names
  std::map<std::string, std::string> holders;  // unique pair -> key, of those that it puts

  std::uint64_t version(const std::string& key) const {
    const auto found = documents.find(key);
    return found == documents.end() ? 0 : found->second.version;
  }
};

std::set<std::string> named_keys(const DocumentBatch& batch) {
  std::set<std::string> keys;
  for (const auto& item : batch.deletes) keys.insert(item.key);
  for (const auto& item : batch.puts) keys.insert(item.document.key);
  return keys;
}

Status check(const DocumentBatch& batch, const Before& before, const std::set<std::string>& named) {
  const auto check_version = [&](const std::string& key, std::optional<std::uint64_t> expected) -> Status {
    const auto version = before.version(key);
    if (!expected || *expected == version) return {};
    return redis_error(ErrorCode::Conflict, "the document is at version " + std::to_string(version),
                       batch.collection + '/' + key);
  };
  for (const auto& item : batch.deletes) RESULTSDB_TRY(check_version(item.key, item.expected_version));
  for (const auto& item : batch.puts) RESULTSDB_TRY(check_version(item.document.key, item.expected_version));
  for (const auto& item : batch.puts) {
    for (const auto& [name, value] : item.document.unique) {
      const auto holder = before.holders.find(pack_pair(name, value));
      if (holder != before.holders.end() && !named.contains(holder->second))
        return redis_error(ErrorCode::AlreadyExists, "another document has this " + name,
                           batch.collection + '/' + item.document.key);
    }
  }
  return {};
}

Result<Before> read_before(Client& client, const Keys& keys, Seal seal, const DocumentBatch& batch,
                           const std::set<std::string>& named) {
  std::set<std::string> pairs;
  for (const auto& item : batch.puts)
    for (const auto& [name, value] : item.document.unique) pairs.insert(pack_pair(name, value));
  std::vector<Command> commands(1, {"HMGET", keys[collection::kDocuments]});
  commands[0].insert(commands[0].end(), named.begin(), named.end());
  if (!pairs.empty()) {
    commands.push_back({"HMGET", keys[collection::kUnique]});
    commands[1].insert(commands[1].end(), pairs.begin(), pairs.end());
  }
  RESULTSDB_ASSIGN(const auto replies, client.snapshot(keys[collection::kDocuments], commands));
  Before before;
  std::size_t i = 0;
  for (const auto& key : named) {
    const auto& item = replies[0].items[i++];
    if (item.is_nil()) continue;
    RESULTSDB_ASSIGN(auto document, unpack_document(batch.collection, key, seal.open(item.text)));
    before.documents.emplace(key, std::move(document));
  }
  i = 0;
  for (const auto& pair : pairs)
    if (const auto& item = replies[1].items[i++]; !item.is_nil()) before.holders.emplace(pair, item.text);
  return before;
}

void take_away(Transaction& transaction, const Document& document) {
  transaction.hash_delete(collection::kDocuments, document.key);
  transaction.sorted_delete(collection::kOrder, document.key);
  for (const auto& [name, value] : document.unique)
    transaction.hash_delete(collection::kUnique, pack_pair(name, value));
  for (const auto& [name, value] : document.attributes)
    transaction.sorted_delete(collection::kAttributes, pack_pair(name, value) + document.key);
}

void put(Transaction& transaction, const Document& document) {
  transaction.hash_set(collection::kDocuments, document.key, pack(document));
  transaction.sorted_add(collection::kOrder, document.key);
  for (const auto& [name, value] : document.unique)
    transaction.hash_set(collection::kUnique, pack_pair(name, value), document.key);
  for (const auto& [name, value] : document.attributes)
    transaction.sorted_add(collection::kAttributes, pack_pair(name, value) + document.key);
}

std::string chunk_field(std::string_view key, std::uint32_t number) { return pack_id(number).append(key); }

}  // namespace

Result<bool> RedisStorage::apply_once(const Keys& keys, const DocumentBatch& batch) {
  const auto named = named_keys(batch);
  Before before;
  if (!named.empty()) {
    RESULTSDB_ASSIGN(before, read_before(*client_, keys, seal_, batch, named));
  }
  RESULTSDB_TRY(check(batch, before, named));
  Transaction transaction(keys, seal_);
  for (const auto& key : named) transaction.expect_version(collection::kDocuments, key, before.version(key));
  std::set<std::string> pairs;
  for (const auto& item : batch.puts)
    for (const auto& [name, value] : item.document.unique) pairs.insert(pack_pair(name, value));
  for (const auto& pair : pairs) {
    const auto holder = before.holders.find(pair);
    transaction.expect(collection::kUnique, pair, holder == before.holders.end() ? "" : holder->second);
  }
  std::set<std::string> deleted;
  for (const auto& item : batch.deletes) deleted.insert(item.key);
  for (const auto& [key, document] : before.documents) take_away(transaction, document);
  for (const auto& item : batch.puts) {
    auto document = item.document;
    document.version = (deleted.contains(document.key) ? 0 : before.version(document.key)) + 1;
    put(transaction, document);
  }
  for (const auto& row : batch.delete_chunks)
    transaction.hash_delete(collection::kChunks, chunk_field(row.key, row.number));
  for (const auto& row : batch.put_chunks)
    transaction.hash_set(collection::kChunks, chunk_field(row.key, row.number), row.bytes);
  return std::move(transaction).commit(*client_, limits_);
}

Result<std::optional<Document>> RedisStorage::do_get_document(std::string_view collection,
                                                              std::string_view key) {
  const auto table = Keys(prefix_, Keys::Kind::Collection, collection)[collection::kDocuments];
  RESULTSDB_ASSIGN(const auto reply,
                   client_->run(table, Access::Repeatable, Command{"HGET", table, std::string(key)}));
  if (reply.is_nil()) return std::optional<Document>();
  RESULTSDB_ASSIGN(auto document, unpack_document(collection, key, seal_.open(reply.text)));
  return std::optional(std::move(document));
}

Result<std::optional<Bytes>> RedisStorage::do_read_chunk(std::string_view collection, std::string_view key,
                                                         std::uint32_t number) {
  const auto table = Keys(prefix_, Keys::Kind::Collection, collection)[collection::kChunks];
  RESULTSDB_ASSIGN(auto reply,
                   client_->run(table, Access::Repeatable, Command{"HGET", table, chunk_field(key, number)}));
  if (reply.is_nil()) return std::optional<Bytes>();
  return std::optional(Bytes(seal_.open(reply.text)));
}

Result<std::vector<Document>> RedisStorage::do_find_documents(const DocumentQuery& query,
                                                              const std::optional<std::string>& after,
                                                              std::uint32_t limit) {
  const Keys keys(prefix_, Keys::Kind::Collection, query.collection);
  auto range = LexRange::prefix(query.key_prefix);
  if (after && query.descending) range.below(*after);
  if (after && !query.descending) range.at_least(*after + '\0');
  std::vector<std::string> arguments{
      range.low(), range.high(), query.descending ? "desc" : "asc", std::to_string(limit),
      query.unique ? pack_pair(query.unique->first, query.unique->second) : ""};
  for (const auto& [name, value] : query.attributes) arguments.push_back(pack_pair(name, value));
  const std::string tables[] = {keys[collection::kDocuments], keys[collection::kOrder],
                                keys[collection::kAttributes], keys[collection::kUnique]};
  RESULTSDB_ASSIGN(const auto replies,
                   client_->eval(Access::Repeatable, scripts::find_documents, tables, std::move(arguments)));
  const auto& items = replies[0].items;
  std::vector<Document> documents;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (!range.contains(items[i].text)) continue;  // one that was found by a unique pair
    RESULTSDB_ASSIGN(auto document,
                     unpack_document(query.collection, items[i].text, seal_.open(items[i + 1].text)));
    documents.push_back(std::move(document));
  }
  return documents;
}

}  // namespace resultsdb::backends::redis
