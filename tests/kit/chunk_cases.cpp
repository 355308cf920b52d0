// Large bytes beside documents.
#include "case.hpp"
#include "resultsdb/limits.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(chunk_cases)

namespace {

class Chunks : public ConformanceCase {
 protected:
  Status put(std::vector<ChunkRow> rows, std::vector<ChunkRow> deleted = {}) {
    return store().apply(DocumentBatch{
        .collection = "files", .delete_chunks = std::move(deleted), .put_chunks = std::move(rows)});
  }
  std::string read(const std::string& key, std::uint32_t number, const std::string& collection = "files") {
    return value_of(store().read_chunk(collection, key, number)).value_or("nothing");
  }
};

RESULTSDB_CASE_OF(Chunks, AnyBytesComeBack) {
  Bytes large;
  for (std::size_t i = 0; i < limits::kChunkBytes; ++i) large += static_cast<char>(random());
  expect_ok(put({{"a", 0, all_bytes()}, {"a", 1, large}, {"a", 4'000'000'000, Bytes(1, '\0')}}));
  EXPECT_EQ(read("a", 0), all_bytes());
  EXPECT_TRUE(read("a", 1) == large);
  EXPECT_EQ(read("a", 4'000'000'000), Bytes(1, '\0'));
  EXPECT_EQ(read("a", 2), "nothing");
}

RESULTSDB_CASE_OF(Chunks, HardKeysAreApart) {
  std::vector<ChunkRow> rows;
  for (const std::string& name : hard_names()) {
    rows.push_back({name, 1, "first of " + name});
    rows.push_back({name, 2, "second of " + name});
  }
  expect_ok(put(rows));
  for (const ChunkRow& row : rows) EXPECT_EQ(read(row.key, row.number), row.bytes);
}

RESULTSDB_CASE_OF(Chunks, PutReplacesAndDeleteRemoves) {
  expect_ok(put({{"a", 0, "old"}, {"a", 1, "kept"}, {"b", 0, "other"}}));
  expect_ok(put({{"a", 0, "new and longer"}}));
  EXPECT_EQ(read("a", 0), "new and longer");
  expect_ok(put({}, {{"a", 0, ""}, {"a", 7, ""}, {"nobody", 0, "ignored"}}));
  EXPECT_EQ(read("a", 0), "nothing");
  EXPECT_EQ(read("a", 1) + read("b", 0), "keptother");
  expect_ok(put({{"a", 1, "again"}}, {{"a", 1, ""}}));
  EXPECT_EQ(read("a", 1), "again") << "deletes come first";
}

RESULTSDB_CASE_OF(Chunks, AreWrittenWithTheirDocumentsOrNotAtAll) {
  expect_ok(store().apply(DocumentBatch{.collection = "files",
                                        .puts = {put_document("key", "1", {}, 0)},
                                        .put_chunks = {{"key", 0, "first"}}}));
  const auto refused = [&](DocumentBatch batch) {
    batch.collection = "files";
    batch.put_chunks = {{"key", 0, "second"}, {"key", 1, "more"}};
    expect_error(ErrorCode::Conflict, store().apply(batch));
    EXPECT_EQ(read("key", 0), "first");
    EXPECT_EQ(read("key", 1), "nothing");
  };
  refused({.puts = {put_document("key", "2", {}, 0)}});
  refused({.puts = {put_document("key", "2", {}, 2)}});
  refused({.deletes = {{"key", 7}}});
  expect_error(ErrorCode::Conflict,
               store().apply(DocumentBatch{
                   .collection = "files", .deletes = {{"key", 7}}, .delete_chunks = {{"key", 0, ""}}}));
  EXPECT_EQ(read("key", 0), "first");
  expect_ok(store().apply(DocumentBatch{.collection = "files", .deletes = {{"key", 1}}}));
  EXPECT_EQ(read("key", 0), "first") << "a document that goes leaves them";
}

RESULTSDB_CASE_OF(Chunks, AreNoDocuments) {
  expect_ok(put({{"key", 0, "bytes"}}));
  EXPECT_TRUE(value_of(store().list_collections()).empty());
  EXPECT_FALSE(value_of(store().get_document("files", "key")).has_value());
  EXPECT_EQ(read("key", 0, "other"), "nothing");
  expect_ok(store().apply(DocumentBatch{.collection = "other", .put_chunks = {{"key", 0, "there"}}}));
  EXPECT_EQ(read("key", 0) + read("key", 0, "other"), "bytesthere");
}

RESULTSDB_CASE_OF(Chunks, BadOnesAreRefused) {
  expect_error(ErrorCode::InvalidArgument, put({{"good", 0, "x"}, {"bad", 0, ""}}));
  expect_error(ErrorCode::InvalidArgument,
               put({{"good", 0, "x"}, {"bad", 0, Bytes(limits::kChunkBytes + 1, 'x')}}));
  expect_error(ErrorCode::InvalidArgument, put({{"good", 0, "x"}, {"", 0, "x"}}));
  expect_error(ErrorCode::InvalidArgument, put({{"good", 0, "x"}, {"\xff", 0, "x"}}));
  expect_error(ErrorCode::InvalidArgument, put({{"good", 0, "x"}, {"good", 0, "y"}}));
  expect_error(ErrorCode::InvalidArgument, put({{"good", 0, "x"}}, {{"", 0, ""}}));
  expect_error(ErrorCode::InvalidArgument, put({{"good", 0, "x"}}, {{"a", 0, ""}, {"a", 0, ""}}));
  EXPECT_EQ(read("good", 0), "nothing");
}

}  // namespace
}  // namespace resultsdb::testing
