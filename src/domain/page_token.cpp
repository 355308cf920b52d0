#include "domain/page_token.hpp"

#include "resultsdb/base64url.hpp"

namespace resultsdb::domain {
namespace {

using namespace storage;

constexpr char kVersion = 1;
constexpr std::size_t kChecksumBytes = 8;

/// FNV-1a, 64 bits.
std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

std::string checksum(const FieldWriter& query, std::string_view cursor) {
  FieldWriter out;
  out.number(static_cast<std::int64_t>(fnv1a(cursor, fnv1a(query.bytes()))));
  return out.bytes();
}

/// Kinds of queries; the numbers are part of the tokens.
enum Kind : std::int64_t { kTests = 1, kRuns = 2, kCommits = 3, kDocuments = 4 };

void add_range(FieldWriter& out, const Range<Position>& range) {
  for (const auto& bound : {range.from, range.to}) out.optional(bound, [&](Position p) { out.number(p); });
}
void add_range(FieldWriter& out, const Range<Time>& range) {
  for (const auto& bound : {range.from, range.to})
    out.optional(bound, [&](Time t) { out.number(to_micros(t)); });
}
void add_attributes(FieldWriter& out, const Attributes& attributes) {
  out.number(static_cast<std::int64_t>(attributes.size()));
  for (const auto& [name, value] : attributes) out.text(name).text(value);
}
template <class Numbers>
void add_numbers(FieldWriter& out, const Numbers& numbers) {
  out.number(static_cast<std::int64_t>(numbers.size()));
  for (const auto value : numbers) out.number(static_cast<std::int64_t>(value));
}

}  // namespace

FieldWriter query_fields(const TestQuery& query) {
  FieldWriter out;
  out.number(kTests).text(query.suite).text(query.prefix).text(query.contains);
  return out;
}

FieldWriter query_fields(const RunQuery& query) {
  FieldWriter out;
  out.number(kRuns).text(query.suite);
  add_numbers(out, query.timelines);
  add_numbers(out, query.states);
  out.text(query.id).text(query.digest);
  add_attributes(out, query.attributes);
  add_range(out, query.position);
  add_range(out, query.started);
  add_range(out, query.received);
  out.number(static_cast<std::int64_t>(query.order)).number(query.ascending);
  return out;
}

FieldWriter query_fields(const CommitQuery& query) {
  FieldWriter out;
  out.number(kCommits).text(query.repository);
  out.optional(query.branch, [&](const std::string& branch) { out.text(branch); });
  out.text(query.hash_prefix);
  out.optional(query.revision, [&](std::int64_t revision) { out.number(revision); });
  out.text(query.identifier);
  add_range(out, query.position);
  out.text(query.text).number(query.ascending);
  return out;
}

FieldWriter query_fields(const DocumentQuery& query) {
  FieldWriter out;
  out.number(kDocuments).text(query.collection).text(query.key_prefix);
  add_attributes(out, query.attributes);
  out.optional(query.unique, [&](const auto& pair) { out.text(pair.first).text(pair.second); });
  out.number(query.descending);
  return out;
}

std::string make_token(const FieldWriter& query, const FieldWriter& cursor) {
  std::string bytes(1, kVersion);
  bytes.append(checksum(query, cursor.bytes())).append(cursor.bytes());
  return base64url_encode(bytes);
}

Result<std::string> open_token(std::string_view token, const FieldWriter& query) {
  const auto bytes = base64url_decode(token);
  if (!bytes || bytes->size() < 1 + kChecksumBytes) {
    return invalid_argument("is damaged; begin again with the first page", "page token");
  }
  if (bytes->front() != kVersion) {
    return invalid_argument("is of another version; begin again with the first page", "page token");
  }
  std::string cursor = bytes->substr(1 + kChecksumBytes);
  if (bytes->compare(1, kChecksumBytes, checksum(query, cursor)) != 0) {
    return invalid_argument("is damaged or belongs to another query; begin again with the first page",
                            "page token");
  }
  return cursor;
}

}  // namespace resultsdb::domain
