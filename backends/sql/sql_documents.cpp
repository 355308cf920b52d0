// Documents, and reading commits.
#include <algorithm>
#include <deque>
#include <set>

#include "index_entries.hpp"
#include "migrations.hpp"
#include "sql_storage.hpp"
#include "tables.hpp"

namespace resultsdb::backends::sql {

using namespace storage;

namespace {

constexpr std::uint32_t kLookedThrough = 1000;  // rows a statement reads when a condition is checked here

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

bool has_text(const CommitRow& commit, const std::string& text) {
  return text.empty() || contains_ignoring_case(commit.message, text) ||
         contains_ignoring_case(commit.author.name, text) || contains_ignoring_case(commit.hash, text) ||
         contains_ignoring_case(commit.identifier, text);
}

using Versions = std::map<std::string_view, std::uint64_t>;  // by name; what is not there is missing

/// Takes the named documents away with what they hold, all read in one go. Returns their versions.
Result<Versions> take_documents(Connection& connection, std::string_view collection,
                                const std::set<std::string_view>& names) {
  Rows keys, found, attributes, unique;
  for (const auto name : names) keys.insert(keys.end(), {collection, name});
  Versions versions;
  std::deque<Attributes> held;
  RESULTSDB_TRY(connection.look_up(tables::kDocument, keys, [&](std::size_t i, const Row& row) {
    const auto name = std::get<std::string_view>(keys[2 * i + 1]);
    auto document = to_document(row);
    versions.emplace(name, document.version);
    found.insert(found.end(), {collection, name});
    for (const auto& [attribute, value] : held.emplace_back(std::move(document.attributes)))
      attributes.insert(attributes.end(),
                        {collection, std::string_view(attribute), std::string_view(value), name});
    for (const auto& [attribute, value] : held.emplace_back(std::move(document.unique)))
      unique.insert(unique.end(), {collection, std::string_view(attribute), std::string_view(value)});
  }));
  RESULTSDB_TRY(connection.remove(tables::kDocument, found));
  RESULTSDB_TRY(connection.remove(tables::kDocumentAttribute, attributes));
  RESULTSDB_TRY(connection.remove(tables::kDocumentUnique, unique));
  return versions;
}

Status check_version(const std::string& collection, const std::string& key, std::uint64_t version,
                     const std::optional<std::uint64_t>& expected) {
  if (!expected || *expected == version) return {};
  return make_error(ErrorCode::Conflict, "the document is at version " + std::to_string(version),
                    collection + '/' + key);
}

/// SchemaMismatch for a store that has no table of chunks yet.
Status check_has_chunks(Connection& connection) {
  RESULTSDB_ASSIGN(const auto schema, read_schema_state(connection));
  if (schema.version >= tables::kDocumentChunk.since) return {};
  return make_error(ErrorCode::SchemaMismatch, "the store has schema version " +
                                                   std::to_string(schema.version) +
                                                   ", which keeps no large bytes: run `resultsdb migrate`");
}

Status write_chunks(Connection& connection, const DocumentBatch& batch) {
  const std::string_view collection = batch.collection;
  Rows deleted, put;
  for (const auto& row : batch.delete_chunks)
    deleted.insert(deleted.end(), {collection, std::string_view(row.key), number(row.number)});
  for (const auto& row : batch.put_chunks)
    put.insert(put.end(), {collection, std::string_view(row.key), number(row.number), Blob{row.bytes}});
  RESULTSDB_TRY(connection.remove(tables::kDocumentChunk, deleted));
  return put_rows(connection, tables::kDocumentChunk, OnConflict::Replace, put);
}

}  // namespace

Status SqlStorage::do_apply(const DocumentBatch& batch) {
  RESULTSDB_ASSIGN(auto connection, database_->writer());
  RESULTSDB_TRY(connection->begin(Connection::Mode::Write));
  RESULTSDB_TRY(lock_documents_and_repositories(*connection));
  const std::string_view collection = batch.collection;
  std::set<std::string_view> deleted, named;
  for (const auto& item : batch.deletes) deleted.insert(item.key);
  named = deleted;
  for (const auto& item : batch.puts) named.insert(item.document.key);
  RESULTSDB_ASSIGN(const auto versions, take_documents(*connection, collection, named));
  const auto version_of = [&](std::string_view name) {
    const auto found = versions.find(name);
    return found == versions.end() ? 0 : found->second;
  };
  const auto check = [&](const std::string& key, const std::optional<std::uint64_t>& expected) {
    return check_version(batch.collection, key, version_of(key), expected);
  };
  for (const auto& item : batch.puts) RESULTSDB_TRY(check(item.document.key, item.expected_version));
  for (const auto& item : batch.deletes) RESULTSDB_TRY(check(item.key, item.expected_version));

  Rows documents, attributes, unique;
  std::deque<std::string> texts;
  const auto keep = [&](std::string text) { return Blob{texts.emplace_back(std::move(text))}; };
  for (const auto& [document, expected_version] : batch.puts) {
    // One that is deleted and put in one batch is a new one; its precondition looked at the old.
    const std::uint64_t version = (deleted.contains(document.key) ? 0 : version_of(document.key)) + 1;
    documents.insert(documents.end(), {collection, std::string_view(document.key), number(version),
                                       std::string_view(document.text), keep(pack(document.attributes)),
                                       keep(pack(document.unique))});
    for (const auto& [name, value] : document.attributes)
      attributes.insert(attributes.end(), {collection, std::string_view(name), std::string_view(value),
                                           std::string_view(document.key)});
    for (const auto& [name, value] : document.unique)
      unique.insert(unique.end(), {collection, std::string_view(name), std::string_view(value),
                                   std::string_view(document.key)});
  }
  if (!batch.delete_chunks.empty() || !batch.put_chunks.empty()) {
    if (!has_chunks_) RESULTSDB_TRY(check_has_chunks(*connection));
    has_chunks_ = true;  // schemas do not go back
    RESULTSDB_TRY(write_chunks(*connection, batch));
  }
  RESULTSDB_TRY(put_rows(*connection, tables::kDocument, OnConflict::Fail, documents));
  RESULTSDB_TRY(put_rows(*connection, tables::kDocumentAttribute, OnConflict::Ignore, attributes));
  auto status = put_rows(*connection, tables::kDocumentUnique, OnConflict::Fail, unique);
  if (status) status = connection->commit();  // what waits until then may be refused there
  if (!status) {
    auto error = std::move(status).error();
    if (error.code == ErrorCode::AlreadyExists)
      error.message = "a unique value belongs to another document of the collection";
    return error;
  }
  return {};
}

Result<std::vector<std::string>> SqlStorage::do_list_collections() {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_TRY(connection->begin(Connection::Mode::Read));
  std::vector<std::string> names;
  // One seek for each: DISTINCT would read through all documents.
  const auto place = text_place(database_->dialect(), "collection");
  const auto statement = "SELECT collection FROM document WHERE (" + place + ") > (" +
                         text_place(database_->dialect(), "$1") + ") ORDER BY " + place + " LIMIT 1";
  std::string last;
  for (bool more = true; more;) {
    more = false;
    RESULTSDB_TRY(connection->run(statement, {std::string_view(last)}, [&](const Row& row) {
      names.emplace_back(row.text(0));
      more = true;
    }));
    if (more) last = names.back();
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::optional<Document>> SqlStorage::do_get_document(std::string_view collection,
                                                            std::string_view key) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  std::optional<Document> document;
  RESULTSDB_TRY(connection->look_up(tables::kDocument, {collection, key},
                                    [&](std::size_t, const Row& row) { document = to_document(row); }));
  return document;
}

Result<std::optional<Bytes>> SqlStorage::do_read_chunk(std::string_view collection, std::string_view key,
                                                       std::uint32_t number) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  std::optional<Bytes> bytes;
  const Status read =
      connection->look_up(tables::kDocumentChunk, {collection, key, sql::number(number)},
                          [&](std::size_t, const Row& row) { bytes = std::string(row.bytes(3)); });
  if (!read) {
    RESULTSDB_TRY(check_has_chunks(*connection));
    return read.error();
  }
  return bytes;
}

Result<std::vector<Document>> SqlStorage::do_find_documents(const DocumentQuery& query,
                                                            const std::optional<std::string>& after,
                                                            std::uint32_t limit) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  RESULTSDB_TRY(connection->begin(Connection::Mode::Read));
  static const auto kColumns = "SELECT " + column_list(tables::kDocument) + " FROM document";
  const auto& dialect = database_->dialect();
  const std::string_view collection = query.collection;
  std::vector<Document> rows;
  std::optional<std::string> last = after;
  for (bool more = true; more && rows.size() < limit;) {
    Conditions where;
    where.add_text(text_equals(dialect, "collection", where.parameter(collection)));
    const auto compare = [&](std::string_view operation, std::string_view text) {
      where.add_text(text_compares(dialect, "name", operation, where.parameter(text)));
    };
    if (!query.key_prefix.empty()) compare(">=", query.key_prefix);
    if (last) compare(query.descending ? "<" : ">", *last);
    const auto holds = [&](const char* table, const auto& pair) {
      const auto equals = [&](const char* column, std::string_view text) {
        return text_equals(dialect, column, where.parameter(text));
      };
      const auto held = "WHERE " + equals("collection", collection) + " AND " + equals("name", pair.first) +
                        " AND " + equals("value", pair.second);
      where.add_text(
          text_is_among(dialect, "document.name", "document", std::string("FROM ") + table + ' ' + held));
    };
    for (const auto& pair : query.attributes) holds("document_attribute", pair);
    if (query.unique) holds("document_unique", *query.unique);
    const std::uint32_t want =
        query.key_prefix.empty() ? limit - static_cast<std::uint32_t>(rows.size()) : kLookedThrough;
    const auto parameter = where.parameter(number(want));
    std::uint32_t seen = 0;
    std::string newest;
    RESULTSDB_TRY(connection->run(kColumns + where.text() + " ORDER BY " +
                                      text_order(dialect, "name", !query.descending) + " LIMIT " + parameter,
                                  where.values(), [&](const Row& row) {
                                    ++seen;
                                    newest = row.text(1);
                                    if (rows.size() < limit && newest.starts_with(query.key_prefix))
                                      rows.push_back(to_document(row));
                                  }));
    more = seen == want && (query.descending || newest.starts_with(query.key_prefix));
    last = newest;
  }
  return rows;
}

Result<std::vector<RepositoryRow>> SqlStorage::do_find_repositories() {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  std::vector<RepositoryRow> rows;
  RESULTSDB_TRY(
      connection->run("SELECT name, version, body FROM repository ORDER BY name", {}, [&](const Row& row) {
        rows.push_back({std::string(row.text(0)), row.number<std::uint64_t>(1), std::string(row.text(2))});
      }));
  return rows;
}

Result<std::vector<CommitRow>> SqlStorage::do_find_commits(const CommitQuery& query,
                                                           const std::optional<CommitCursor>& after,
                                                           std::uint32_t limit) {
  constexpr std::string_view kOrder = "position, branch, id";
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  if (!query.text.empty()) RESULTSDB_TRY(connection->begin(Connection::Mode::Read));
  static const auto kColumns = "SELECT " + column_list(tables::kCommit) + " FROM repository_commit";
  const auto end_of_prefix = query.hash_prefix + 'g';  // the first text after all hex digits
  std::vector<CommitRow> rows;
  auto last = after;
  for (bool more = true; more && rows.size() < limit;) {
    Conditions where;
    where.add("repository = ", std::string_view(query.repository));
    if (query.branch) where.add("branch = ", std::string_view(*query.branch));
    if (!query.hash_prefix.empty()) {
      where.add("hash >= ", std::string_view(query.hash_prefix));
      where.add("hash < ", std::string_view(end_of_prefix));
    }
    if (query.revision) where.add("revision = ", *query.revision);
    if (!query.identifier.empty()) where.add("identifier = ", std::string_view(query.identifier));
    where.add_range<Position>("position", query.position, [](Position value) -> Value { return value; });
    if (last)
      where.add_after(kOrder, query.ascending,
                      {last->position, std::string_view(last->branch), std::string_view(last->id)});
    const std::uint32_t want =
        query.text.empty() ? limit - static_cast<std::uint32_t>(rows.size()) : kLookedThrough;
    const auto parameter = where.parameter(number(want));
    std::uint32_t seen = 0;
    std::optional<CommitCursor> newest;
    RESULTSDB_TRY(connection->run(
        kColumns + where.text() + " ORDER BY " + order_by(kOrder, query.ascending) + " LIMIT " + parameter,
        where.values(), [&](const Row& row) {
          ++seen;
          newest = CommitCursor{row.integer(2), std::string(row.text(1)), std::string(row.text(3))};
          auto commit = to_commit(row);
          if (rows.size() < limit && has_text(commit, query.text)) rows.push_back(std::move(commit));
        }));
    more = seen == want;
    last = newest;
  }
  return rows;
}

Result<std::vector<std::string>> SqlStorage::do_list_branches(std::string_view repository,
                                                              std::string_view prefix) {
  RESULTSDB_ASSIGN(auto connection, database_->reader());
  std::vector<std::string> branches;
  RESULTSDB_TRY(connection->run(
      "SELECT DISTINCT branch FROM repository_commit WHERE repository = $1 AND branch >= $2 ORDER BY branch",
      {repository, prefix}, [&](const Row& row) {
        if (row.text(0).starts_with(prefix)) branches.emplace_back(row.text(0));
      }));
  return branches;
}

}  // namespace resultsdb::backends::sql
