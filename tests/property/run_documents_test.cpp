// Documents that belong to runs go with them, and with nothing else.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/testing/faulty_storage.hpp"

namespace resultsdb {
namespace {

class DocumentsOfRuns : public ::testing::Test {
 protected:
  void ingest(const std::string& suite, const std::string& id, std::int64_t received = 1) {
    resultsdb::Run run{.header = {.suite = suite, .branch = "main", .id = id}};
    run.header.position = static_cast<Position>(id.size());
    run.header.started = from_seconds(1);
    run.results.add({.test = "t"});
    const auto stored = model_->ingest(run, {.received = from_seconds(received)});
    ASSERT_TRUE(stored) << stored.error();
  }
  static Status put(Model& model, const std::string& suite, const std::string& id, const std::string& name,
                    Attributes attributes = {}) {
    const RunDocuments place = run_documents(suite, id);
    return model.change_documents({.collection = place.collection,
                                   .puts = {{.document = {.key = place.key_prefix + name,
                                                          .text = "{}",
                                                          .attributes = std::move(attributes)},
                                             .expected_version = {}}},
                                   .deletes = {}});
  }
  Status put(const std::string& suite, const std::string& id, const std::string& name,
             Attributes attributes = {}) {
    return put(*model_, suite, id, name, std::move(attributes));
  }
  std::set<std::string> names(const std::string& suite, const std::string& id) {
    const RunDocuments place = run_documents(suite, id);
    std::set<std::string> names;
    const auto page =
        model_->documents({.collection = place.collection, .key_prefix = place.key_prefix}).value();
    for (const Document& document : page.items) names.insert(document.key.substr(place.key_prefix.size()));
    return names;
  }
  void purge(PurgeOptions options) {
    const auto purged = model_->purge(options);
    ASSERT_TRUE(purged) << purged.error();
    EXPECT_EQ(*purged, 1u);
  }

  using Names = std::set<std::string>;
  std::shared_ptr<testing::FaultyStorage> storage_ =
      std::make_shared<testing::FaultyStorage>(backends::open_memory());
  std::shared_ptr<Model> model_ = Model::create(storage_).value();
};

TEST_F(DocumentsOfRuns, GoWithTheRunOfTheirSuiteAlone) {
  for (const std::string suite : {"s", "s/x", "other"}) {
    ingest(suite, "build-1");
    ASSERT_TRUE(put(suite, "build-1", "a"));
    ASSERT_TRUE(put(suite, "build-1", "x/a"));
  }
  ingest("s", "build-10");
  ASSERT_TRUE(put("s", "build-10", "a"));
  purge({.suite = "s", .run = "build-1"});
  EXPECT_EQ(names("s", "build-1"), Names());
  EXPECT_EQ(names("s/x", "build-1"), (Names{"a", "x/a"}));
  EXPECT_EQ(names("other", "build-1"), (Names{"a", "x/a"}));
  EXPECT_EQ(names("s", "build-10"), Names{"a"});
}

TEST_F(DocumentsOfRuns, HaveKeysOfABoundedLength) {
  ingest(std::string(4096, 's'), std::string(128, 'r'));
  EXPECT_TRUE(put(std::string(4096, 's'), std::string(128, 'r'), "a"));
}

TEST_F(DocumentsOfRuns, GoAllHoweverManyThereAre) {
  ingest("s", "r");
  for (int i = 0; i < 45; ++i) ASSERT_TRUE(put("s", "r", std::to_string(i)));
  purge({.suite = "s", .run = "r"});
  EXPECT_EQ(names("s", "r"), Names());
}

TEST_F(DocumentsOfRuns, StayWhenTheRunStays) {
  ingest("s", "r");
  ASSERT_TRUE(put("s", "r", "a"));
  // The run comes again, with another result, just before it would be deleted.
  bool repeated = false;
  storage_->set_hook([&](const testing::FaultyStorage::Call& call) {
    if (call.operation != "find_documents" || std::exchange(repeated, true)) return Status();
    resultsdb::Run run{.header = {.suite = "s", .branch = "main", .id = "r"}};
    run.header.position = 1;
    run.header.started = from_seconds(1);
    run.results.add({.test = "t", .actual = "FAIL"});
    const auto stored = Model::create(storage_->inner()).value()->ingest(run, {.received = from_seconds(9)});
    return stored ? Status() : Status(stored.error());
  });
  EXPECT_EQ(model_->purge({.suite = "s", .received_before = from_seconds(5)}).value(), 0u);
  EXPECT_TRUE(repeated);
  EXPECT_EQ(names("s", "r"), Names{"a"});
}

TEST_F(DocumentsOfRuns, ThatArePutMeanwhileStay) {
  ingest("s", "r");
  ASSERT_TRUE(put("s", "r", "a"));
  ASSERT_TRUE(put("s", "r", "b"));
  bool repeated = false;
  storage_->set_hook([&](const testing::FaultyStorage::Call& call) {
    if (call.operation != "find_documents" || call.when != testing::FaultyStorage::When::After ||
        std::exchange(repeated, true))
      return Status();
    return put(*Model::create(storage_->inner()).value(), "s", "r", "b");
  });
  purge({.suite = "s", .run = "r"});
  EXPECT_EQ(names("s", "r"), Names{"b"});
}

TEST_F(DocumentsOfRuns, ThatCameInLaterOutliveAPurgeOfWhatCameBefore) {
  const auto received = [](std::int64_t seconds) {
    return Attributes{{kDocumentReceived, std::to_string(seconds * 1'000'000)}};
  };
  ingest("s", "r");
  ASSERT_TRUE(put("s", "r", "earlier", received(4)));
  ASSERT_TRUE(put("s", "r", "later", received(5)));
  ASSERT_TRUE(put("s", "r", "unknown"));
  purge({.suite = "s", .received_before = from_seconds(5)});
  EXPECT_EQ(names("s", "r"), Names{"later"});
  ingest("s", "r");
  purge({.suite = "s", .run = "r"});
  EXPECT_EQ(names("s", "r"), Names());
}

}  // namespace
}  // namespace resultsdb
