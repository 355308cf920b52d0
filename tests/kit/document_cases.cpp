#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(document_cases)

namespace {

class Documents : public ConformanceCase {
 protected:
  Status apply(std::vector<DocumentPut> puts, std::vector<DocumentDelete> deletes = {}) {
    return store().apply(
        DocumentBatch{.collection = "docs", .deletes = std::move(deletes), .puts = std::move(puts)});
  }
  std::optional<Document> get(const std::string& key) { return value_of(store().get_document("docs", key)); }
  std::uint64_t version(const std::string& key) {
    const auto document = get(key);
    return document ? document->version : 0;
  }
  std::vector<Document> all() { return all_documents(store(), {.collection = "docs"}); }
  /// The key of the document that has the unique pair (name, value); empty if there is none.
  std::string holder(const std::string& value) {
    const auto found = all_documents(store(), {.collection = "docs", .unique = {{"name", value}}});
    EXPECT_LE(found.size(), 1u);
    return found.empty() ? "" : found[0].key;
  }
  static DocumentPut named(std::string key, std::string name) {
    return put_document(std::move(key), "{}", {{"name", std::move(name)}});
  }
};

RESULTSDB_CASE_OF(Documents, VersionsCountFromOneWithEachPut) {
  for (std::uint64_t wanted = 1; wanted <= 4; ++wanted) {
    DocumentPut put = put_document("key", std::to_string(wanted));
    put.document.version = 77;
    put.document.collection = "ignored";
    expect_ok(apply({put, put_document("other " + std::to_string(wanted))}));
    const auto found = get("key");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->version, wanted);
    EXPECT_EQ(found->collection, "docs");
    EXPECT_EQ(found->text, std::to_string(wanted));
  }
  EXPECT_EQ(version("other 1"), 1u) << "a put counts for its own document";
}

RESULTSDB_CASE_OF(Documents, PutReplacesAttributesAndUniquePairs) {
  DocumentPut put = named("key", "old");
  put.document.attributes = {{"a", "1"}, {"b", "2"}};
  expect_ok(apply({put}));
  put = named("key", "new");
  put.document.attributes = {{"b", "3"}};
  expect_ok(apply({put}));
  EXPECT_EQ(holder("old"), "");
  EXPECT_EQ(holder("new"), "key");
  EXPECT_TRUE(all_documents(store(), {.collection = "docs", .attributes = {{"a", "1"}}}).empty());
  EXPECT_EQ(all_documents(store(), {.collection = "docs", .attributes = {{"b", "3"}}}).size(), 1u);
}

RESULTSDB_CASE_OF(Documents, ExpectedVersionsOfPuts) {
  expect_error(ErrorCode::Conflict, apply({put_document("key", "1", {}, 1)}));
  EXPECT_TRUE(all().empty());
  expect_ok(apply({put_document("key", "1", {}, 0)}));
  for (const std::uint64_t wrong : {0u, 2u, 1000u}) {
    expect_error(ErrorCode::Conflict, apply({put_document("key", "2", {}, wrong)}));
  }
  EXPECT_EQ(get("key")->text, "1");
  expect_ok(apply({put_document("key", "2", {}, 1)}));
  expect_error(ErrorCode::Conflict, apply({put_document("key", "3", {}, 1)}));
  expect_ok(apply({put_document("key", "3")}));
  EXPECT_EQ(version("key"), 3u);
}

RESULTSDB_CASE_OF(Documents, ExpectedVersionsOfDeletes) {
  expect_error(ErrorCode::Conflict, apply({}, {{"key", 1}}));
  expect_ok(apply({}, {{"key", {}}}));
  expect_ok(apply({put_document("key")}));
  expect_error(ErrorCode::Conflict, apply({}, {{"key", 2}}));
  EXPECT_EQ(version("key"), 1u);
  expect_ok(apply({}, {{"key", 1}}));
  EXPECT_TRUE(all().empty());
  expect_error(ErrorCode::Conflict, apply({}, {{"key", 1}}));
}

RESULTSDB_CASE_OF(Documents, DeletedKeyStartsAgainAtOne) {
  expect_ok(apply({put_document("key")}));
  expect_ok(apply({put_document("key")}));
  expect_ok(apply({}, {{"key", {}}}));
  expect_ok(apply({put_document("key", "{}", {}, 0)}));
  EXPECT_EQ(version("key"), 1u);
}

RESULTSDB_CASE_OF(Documents, DeleteAndPutInOneBatch) {
  DocumentPut put = put_document("key", "1", {{"name", "a"}});
  put.document.attributes = {{"a", "b"}};
  expect_ok(apply({put}));
  expect_ok(apply({put_document("key", "2")}));
  expect_error(ErrorCode::Conflict, apply({put_document("key", "3", {}, 0)}, {{"key", {}}}));
  EXPECT_EQ(version("key"), 2u) << "preconditions are those of the state before the batch";
  expect_ok(apply({put_document("key", "3", {}, 2)}, {{"key", 2}}));
  EXPECT_EQ(get("key")->text, "3");
  EXPECT_EQ(version("key"), 1u) << "it was deleted, so it is a new document";
}

RESULTSDB_CASE_OF(Documents, OneWrongVersionLeavesTheWholeBatchOut) {
  expect_ok(apply({put_document("a"), put_document("b"), named("c", "c")}));
  const auto before = all();
  expect_error(ErrorCode::Conflict,
               apply({put_document("d"), put_document("a"), put_document("b", "2", {}, 2)}, {{"c", 1}}));
  EXPECT_EQ(all(), before);
  EXPECT_EQ(holder("c"), "c");
}

RESULTSDB_CASE_OF(Documents, ReplayWithExpectedVersionsIsConflict) {
  const auto first = [&] { return apply({put_document("a", "1", {}, 0), put_document("b")}); };
  expect_ok(first());
  const auto before = all();
  expect_error(ErrorCode::Conflict, first());
  EXPECT_EQ(all(), before);
}

RESULTSDB_CASE_OF(Documents, TakenUniquePairIsAlreadyExists) {
  expect_ok(apply({named("a", "x"), named("b", "y")}));
  const auto before = all();
  expect_error(ErrorCode::AlreadyExists, apply({put_document("d"), named("c", "x")}));
  expect_error(ErrorCode::AlreadyExists, apply({named("b", "x")}));
  expect_error(ErrorCode::AlreadyExists, apply({named("c", "z"), named("d", "z")}));
  EXPECT_EQ(all(), before);
  EXPECT_EQ(holder("x"), "a");
  EXPECT_EQ(holder("z"), "");
  expect_ok(apply({put_document("c", "{}", {{"Name", "x"}, {"name", "X"}, {"name", "x "}})}));
  expect_ok(store().apply(DocumentBatch{.collection = "docs2", .puts = {named("c", "x")}}));
}

RESULTSDB_CASE_OF(Documents, RenameKeepsTheKey) {
  expect_ok(apply({named("id-1", "old name")}));
  expect_ok(apply({named("id-1", "new name")}));
  EXPECT_EQ(holder("new name"), "id-1");
  EXPECT_EQ(holder("old name"), "");
  EXPECT_EQ(version("id-1"), 2u);
  expect_ok(apply({named("id-1", "new name")}));
  expect_ok(apply({named("id-2", "old name")}));
  EXPECT_EQ(holder("old name"), "id-2");
}

RESULTSDB_CASE_OF(Documents, DocumentsSwapTheirUniquePairs) {
  expect_ok(apply({named("a", "x"), named("b", "y"), named("c", "z")}));
  expect_ok(apply({named("a", "y"), named("b", "x")}));
  EXPECT_EQ(holder("x"), "b");
  EXPECT_EQ(holder("y"), "a");
  expect_ok(apply({named("c", "y"), named("a", "x"), named("b", "z")}));
  EXPECT_EQ(holder("x") + holder("y") + holder("z"), "acb");
}

RESULTSDB_CASE_OF(Documents, FreedUniquePairGoesToAnotherInTheSameBatch) {
  expect_ok(apply({named("a", "x"), named("b", "y")}));
  expect_ok(apply({named("c", "x")}, {{"a", {}}}));
  EXPECT_EQ(holder("x"), "c");
  EXPECT_FALSE(get("a").has_value());
  expect_ok(apply({named("d", "y"), put_document("b")}));
  EXPECT_EQ(holder("y"), "d");
  EXPECT_TRUE(get("b")->unique.empty());
  expect_ok(apply({named("d", "x"), named("c", "y")}, {{"c", {}}, {"d", {}}}));
  EXPECT_EQ(holder("x") + holder("y"), "dc");
}

RESULTSDB_CASE_OF(Documents, SeveralUniquePairsOfOneDocument) {
  expect_ok(apply({put_document("a", "{}", {{"name", "1"}, {"name", "2"}, {"mail", "1"}})}));
  expect_error(ErrorCode::AlreadyExists, apply({put_document("b", "{}", {{"name", "3"}, {"mail", "1"}})}));
  EXPECT_EQ(holder("3"), "");
  expect_ok(apply({put_document("a", "{}", {{"name", "2"}})}));
  expect_ok(apply({put_document("b", "{}", {{"name", "1"}, {"mail", "1"}})}));
  EXPECT_EQ(holder("1") + holder("2"), "ba");
}

RESULTSDB_CASE_OF(Documents, CollectionsAreIndependent) {
  for (const char* collection : {"one", "two"}) {
    expect_ok(store().apply(
        DocumentBatch{.collection = collection, .puts = {put_document("key", "{}", {{"name", "x"}}, 0)}}));
  }
  expect_ok(store().apply(DocumentBatch{.collection = "one", .deletes = {{"key", 1}}}));
  EXPECT_TRUE(value_of(store().get_document("two", "key")).has_value());
  EXPECT_TRUE(all_documents(store(), {.collection = "one"}).empty());
}

RESULTSDB_CASE_OF(Documents, CollectionsWithDocumentsAreListed) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(value_of(store().list_collections()), Names());
  for (const char* collection : {"b", "\xC3\xA9", "a", "B", "a b"}) {
    expect_ok(store().apply(
        DocumentBatch{.collection = collection, .puts = {put_document("1"), put_document("2")}}));
  }
  EXPECT_EQ(value_of(store().list_collections()), Names({"B", "a", "a b", "b", "\xC3\xA9"}));
  expect_ok(store().apply(DocumentBatch{.collection = "a", .deletes = {{"1", {}}}}));
  expect_ok(store().apply(DocumentBatch{.collection = "b", .deletes = {{"1", {}}, {"2", {}}}}));
  EXPECT_EQ(value_of(store().list_collections()), Names({"B", "a", "a b", "\xC3\xA9"}))
      << "the last document takes its collection along";
}

}  // namespace
}  // namespace resultsdb::testing
