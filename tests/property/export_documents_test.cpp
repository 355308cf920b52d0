// Documents travel with an export, byte for byte.
#include <gtest/gtest.h>

#include <sstream>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb {
namespace {

using storage::Document;

class ExportedDocuments : public ::testing::Test {
 protected:
  static void put(storage::Storage& storage, const std::string& collection, std::vector<Document> documents) {
    storage::DocumentBatch batch{.collection = collection, .deletes = {}, .puts = {}};
    for (Document& document : documents) batch.puts.push_back({std::move(document), {}});
    const Status stored = storage.apply(batch);
    ASSERT_TRUE(stored) << stored.error();
  }
  static std::string exported(const std::shared_ptr<storage::Storage>& storage,
                              const std::string& suite = {}) {
    std::ostringstream out;
    const Status status = Model::create(storage).value()->export_to(out, {.suite = suite});
    EXPECT_TRUE(status) << status.error();
    return out.str();
  }
  static Result<ImportReport> import(const std::shared_ptr<storage::Storage>& storage,
                                     const std::string& text) {
    std::istringstream in(text);
    return Model::create(storage).value()->import_from(in, [] { return from_seconds(1); });
  }
  static std::vector<Document> all(storage::Storage& storage, const std::string& collection) {
    return storage.find_documents({.collection = collection}, {}).value().rows;
  }

  const std::shared_ptr<storage::Storage> store_ = backends::open_memory(), other_ = backends::open_memory();
};

TEST_F(ExportedDocuments, ComeBackAsTheyWere) {
  const std::string faithful =
      "{ \"b\": 1.0,\n\t\"a\": 12345678901234567890123, \"half\": \"\\ud800\", \"\xC3\xA9\": \"\\u00e9\" "
      "}\r\n";
  put(*store_, "pods",
      {{.key = "z", .text = "[]"},
       {.key = "a\nb",
        .text = faithful,
        .attributes = {{"role", "gating"}, {"mode", "metal"}},
        .unique = {{"name", "a \"pod\""}}}});
  put(*store_, "batches", {{.key = "1", .text = "null"}});
  const std::string text = exported(store_);
  const auto report = import(other_, text);
  ASSERT_TRUE(report) << report.error();
  EXPECT_EQ(report->documents, 3u);
  EXPECT_EQ(all(*other_, "pods"), all(*store_, "pods"));
  EXPECT_EQ(all(*other_, "batches"), all(*store_, "batches"));
  EXPECT_EQ(all(*other_, "pods").front().text, faithful);
  EXPECT_EQ(exported(other_), text);
}

TEST_F(ExportedDocuments, AreSortedAndDoNotTellVersions) {
  put(*store_, "b", {{.key = "2", .text = "2"}, {.key = "1", .text = "1"}});
  put(*store_, "a", {{.key = "9", .text = "9"}});
  put(*store_, "a", {{.key = "9", .text = "9"}});
  EXPECT_EQ(exported(store_), R"({"format":"resultsdb","version":1}
{"document":{"collection":"a","key":"9","text":"9"}}
{"document":{"collection":"b","key":"1","text":"1"}}
{"document":{"collection":"b","key":"2","text":"2"}}
)");
  EXPECT_EQ(exported(store_, "some suite"), "{\"format\":\"resultsdb\",\"version\":1}\n");
}

TEST_F(ExportedDocuments, ImportedAgainChangeNothing) {
  put(*store_, "pods", {{.key = "a", .text = "1", .unique = {{"name", "x"}}}, {.key = "b", .text = "2"}});
  const std::string text = exported(store_);
  ASSERT_TRUE(import(other_, text));
  ASSERT_TRUE(import(other_, text));
  for (const Document& document : all(*other_, "pods")) EXPECT_EQ(document.version, 1u) << document.key;
}

TEST_F(ExportedDocuments, ReplaceThoseOfTheSameKey) {
  put(*store_, "pods",
      {{.key = "a", .text = "1", .unique = {{"name", "x"}}},
       {.key = "b", .text = "2", .unique = {{"name", "y"}}}});
  put(*other_, "pods",
      {{.key = "a", .text = "0", .unique = {{"name", "y"}}},
       {.key = "b", .text = "2", .unique = {{"name", "x"}}},
       {.key = "c", .text = "3"}});
  const auto report = import(other_, exported(store_));
  ASSERT_TRUE(report) << report.error();
  const auto documents = all(*other_, "pods");
  ASSERT_EQ(documents.size(), 3u);
  EXPECT_EQ(documents[0].text, "1");
  EXPECT_EQ(documents[0].unique, (Attributes{{"name", "x"}}));
  EXPECT_EQ(documents[1].unique, (Attributes{{"name", "y"}}));
  EXPECT_EQ(documents[2].text, "3");
}

TEST_F(ExportedDocuments, ThatAreNoneAreRefused) {
  for (const char* line : {R"({"document":{"collection":"a","key":"k","text":"{"}})",
                           R"({"document":{"collection":"a","key":"","text":"1"}})",
                           R"({"document":{"collection":"a","key":"k","text":1}})",
                           R"({"document":{"collection":"a","key":"k","text":"1","unique":[["name"]]}})"}) {
    const auto report = import(other_, line);
    ASSERT_FALSE(report) << line;
    EXPECT_EQ(report.error().code, ErrorCode::InvalidArgument) << report.error();
  }
  EXPECT_TRUE(other_->list_collections().value().empty());
}

}  // namespace
}  // namespace resultsdb
