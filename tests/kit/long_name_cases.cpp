// Names of exactly the longest allowed length that no engine can make shorter.
#include <algorithm>

#include "case.hpp"
#include "resultsdb/limits.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(long_name_cases)

namespace {

class LongNames : public ConformanceCase {
 protected:
  /// Random characters: printable ones of one byte, some that engines quote, and, at times, a few of four
  /// bytes.
  std::string noise(std::size_t bytes) {
    std::string text;
    while (text.size() + 5 <= bytes) {
      if (random_below(8) == 0) text += "\U0001f980";
      text += random_below(8) == 0 ? '\\' : static_cast<char>(' ' + 1 + random_below(94));
    }
    while (text.size() < bytes) text += 'x';
    return text;
  }
  std::string name() { return noise(limits::kNameBytes); }
  /// Names at the limit and around what an index may keep of them, most of them alike for long.
  std::vector<std::string> names() {
    const std::string whole = name(), start = noise(600), other = name();
    std::vector<std::string> all{whole, other, start, start + "a", start + "a" + noise(2000)};
    for (int i = 0; i < 4; ++i) all.push_back(start + noise(limits::kNameBytes - start.size()));
    for (const std::size_t size : {149, 150, 151, 152})
      all.push_back(std::string(size, 'n') + std::to_string(size % 2));
    auto last = other;
    last.back() = last.back() == 'x' ? 'y' : 'x';
    all.push_back(last);
    return all;
  }
  static std::vector<std::string> sorted(std::vector<std::string> texts) {
    std::sort(texts.begin(), texts.end());
    return texts;
  }
};

RESULTSDB_CASE_OF(LongNames, OfSuitesTestsBranchesAndConfigurations) {
  const auto suite = name(), branch = name();
  std::string configuration;
  for (const char* facet : {"a", "b", "c"}) {
    std::string value = noise(limits::kFacetBytes);
    std::replace_if(
        value.begin(), value.end(), [](char c) { return c == '\\' || c == ',' || c == '='; }, '-');
    configuration += (configuration.empty() ? "" : ",") + std::string(facet) + '=' + value;
  }
  ASSERT_GT(configuration.size(), 3000u);
  configuration = value_of(Configuration::parse(configuration)).key();
  const auto texts = names();
  SuiteWriter writer(store(), suite);
  const TimelineId timeline = writer.timeline(branch, configuration);
  const auto tests = writer.tests(texts);
  ASSERT_EQ(tests.size(), texts.size());
  EXPECT_EQ(writer.tests(texts), tests);
  EXPECT_EQ(writer.timeline(branch, configuration), timeline);
  auto close_by = branch;
  close_by.back() = close_by.back() == 'x' ? 'y' : 'x';
  EXPECT_NE(writer.timeline(close_by, configuration), timeline);
  SuiteBatch batch = writer.batch();
  batch.listed_tests = tests;
  put_whole_run(batch, make_run(timeline, 1), tests.front());
  expect_ok(writer.apply(batch));

  EXPECT_EQ(value_of(store().find_suites()), std::vector{suite});
  EXPECT_EQ(value_of(store().read_test_names(suite, tests)), texts);
  const auto asked = views(texts);
  const auto known = value_of(store().look_up_tests(suite, asked));
  for (std::size_t i = 0; i < tests.size(); ++i) EXPECT_EQ(known[i], tests[i]) << texts[i];
  std::vector<std::string> listed;
  for (Paging paging{.limit = 2};;) {
    const auto page = value_of(store().find_tests({.suite = suite}, paging));
    for (const TestRow& row : page.rows) listed.push_back(row.name);
    if (page.next.empty()) break;
    paging.token = page.next;
  }
  EXPECT_EQ(listed, sorted(texts));
  for (const std::string& text : texts)
    EXPECT_GE(all_tests(store(), {.suite = suite, .prefix = text}).size(), 1u) << text;
  EXPECT_EQ(value_of(store().find_timelines(suite)).front().key.branch, branch);
  EXPECT_EQ(value_of(store().find_configurations(suite, 0)).front().key, configuration);
  EXPECT_TRUE(value_of(store().find_damage()).empty());
}

RESULTSDB_CASE_OF(LongNames, OfDocuments) {
  const auto collections = sorted({name(), "short", name()});
  const auto texts = sorted(names());
  const std::string& collection = collections[1];
  for (const auto& each : collections) {
    DocumentBatch batch{.collection = each};
    for (const auto& text : texts) {
      batch.puts.push_back(put_document(text, "1", {{text, text}}));
      batch.puts.back().document.attributes = {{text, text}, {"one", "for all"}};
      batch.put_chunks.push_back({text, 7, "of " + text});
    }
    expect_ok(store().apply(batch));
    expect_ok(store().apply(DocumentBatch{.collection = each, .put_chunks = batch.put_chunks}));  // again
  }
  EXPECT_EQ(value_of(store().list_collections()), collections);
  std::vector<std::string> found;
  for (Paging paging{.limit = 2};;) {
    const auto page = value_of(store().find_documents({.collection = collection}, paging));
    for (const Document& row : page.rows) found.push_back(row.key);
    if (page.next.empty()) break;
    paging.token = page.next;
  }
  EXPECT_EQ(found, texts);
  auto downwards = names_of(all_documents(store(), {.collection = collection, .descending = true}));
  std::reverse(downwards.begin(), downwards.end());
  EXPECT_EQ(downwards, names_of(all_documents(store(), {.collection = collection})));
  EXPECT_EQ(all_documents(store(), {.collection = collection, .attributes = {{"one", "for all"}}}).size(),
            texts.size());
  for (const auto& text : texts) {
    EXPECT_EQ(value_of(store().get_document(collection, text)).value_or(Document()).key, text);
    EXPECT_EQ(value_of(store().read_chunk(collection, text, 7)), "of " + text);
    const auto by_attribute =
        all_documents(store(), {.collection = collection, .attributes = {{text, text}}});
    const auto by_unique =
        all_documents(store(), {.collection = collection, .unique = std::pair(text, text)});
    ASSERT_EQ(by_attribute.size(), 1u) << text;
    ASSERT_EQ(by_unique.size(), 1u) << text;
    EXPECT_EQ(by_attribute[0].key, text);
    EXPECT_EQ(by_unique[0].key, text);
  }
  const auto taken = store().apply(DocumentBatch{
      .collection = collection, .puts = {put_document("another", "1", {{texts[2], texts[2]}})}});
  expect_error(ErrorCode::AlreadyExists, taken);
  DocumentBatch change{.collection = collection};
  change.puts.push_back(put_document(texts[0], "2", {}, 1));
  change.deletes.push_back({texts[1], 1});
  change.delete_chunks.push_back({texts[1], 7, ""});
  expect_ok(store().apply(change));
  EXPECT_EQ(value_of(store().get_document(collection, texts[0])).value_or(Document()).version, 2u);
  EXPECT_FALSE(value_of(store().get_document(collection, texts[1])));
  EXPECT_FALSE(value_of(store().read_chunk(collection, texts[1], 7)));
  EXPECT_TRUE(value_of(store().get_document(collections[0], texts[1])));
  EXPECT_TRUE(value_of(store().find_damage()).empty());
}

RESULTSDB_CASE_OF(LongNames, OfOneByteMoreAreRefused) {
  const auto longer = noise(limits::kNameBytes + 1);
  const std::string_view view = longer, fine = "fine";
  const TimelineKey key{.branch = longer, .configuration = 1};
  expect_error(ErrorCode::InvalidArgument, store().intern_tests(longer, {&fine, 1}));
  expect_error(ErrorCode::InvalidArgument, store().intern_tests("suite", {&view, 1}));
  expect_error(ErrorCode::InvalidArgument, store().intern_timelines("suite", {&key, 1}));
  const std::string facet = "a=" + std::string(limits::kFacetBytes + 1, 'v');
  const std::string_view facets = facet;
  expect_error(ErrorCode::InvalidArgument, store().intern_configurations("suite", {&facets, 1}));
  const auto refused = [&](const std::string& collection, DocumentPut put) {
    expect_error(ErrorCode::InvalidArgument,
                 store().apply(DocumentBatch{.collection = collection, .puts = {put}}));
  };
  refused(longer, put_document("key"));
  refused("docs", put_document(longer));
  refused("docs", put_document("key", "{}", {{"name", longer}}));
  auto put = put_document("key");
  put.document.attributes = {{"name", longer}};
  refused("docs", put);
  expect_error(ErrorCode::InvalidArgument,
               store().apply(DocumentBatch{.collection = "docs", .put_chunks = {{longer, 0, "bytes"}}}));
  EXPECT_TRUE(value_of(store().list_collections()).empty());
  EXPECT_TRUE(value_of(store().find_suites()).empty());
}

}  // namespace
}  // namespace resultsdb::testing
