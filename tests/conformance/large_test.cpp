// Amounts at which SQL backends choose other statements; the memory backend says what is right.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/backends/sqlite.hpp"
#include "unit/temporary_folder.hpp"

namespace resultsdb {
namespace {

using namespace storage;

constexpr int kRuns = 6000;

std::vector<std::string> ids_of(Storage& storage, const RunQuery& query) {
  std::vector<std::string> ids;
  Paging paging{.limit = 700};
  do {
    auto page = storage.find_runs(query, paging);
    EXPECT_TRUE(page.ok()) << page.error();
    if (!page) break;
    for (const auto& run : page->rows) ids.push_back(run.id);
    paging.token = page->next;
  } while (!paging.token.empty());
  return ids;
}

/// Runs on two timelines in turn; attributes that all, half and a hundredth of them have.
SuiteBatch make_many_runs(const std::vector<TimelineId>& timelines) {
  SuiteBatch batch{.suite = "suite"};
  for (std::size_t t = 0; t < timelines.size(); ++t)
    batch.timelines.push_back({.id = timelines[t], .key = {"branch " + std::to_string(t), 1}, .version = 1});
  for (int i = 0; i < kRuns; ++i) {
    RunRow run{.timeline = timelines[static_cast<std::size_t>(i) % timelines.size()],
               .serial = static_cast<RunSerial>(i + 1),
               .position = i * 7919 % kRuns};
    run.started = from_seconds(i % 50);  // many begin together
    run.received = from_seconds(i / 10);
    run.id = "run-" + std::to_string(i);
    run.header = "{}";
    run.indexed = {{"all", "yes"}, {"half", std::to_string(i % 2)}, {"rare", std::to_string(i % 100)}};
    batch.put_runs.push_back(std::move(run));
  }
  return batch;
}

class Large : public ::testing::Test {
 protected:
  Large() {
    for (Storage* storage : {memory_.get(), sqlite_.get()}) {
      const std::vector<TimelineKey> keys{{"branch 0", 1}, {"branch 1", 1}};
      timelines_ = storage->intern_timelines("suite", keys).value();
    }
  }
  TemporaryFolder folder_;
  std::shared_ptr<Storage> memory_ = backends::open_memory();
  std::shared_ptr<Storage> sqlite_ =
      backends::open_sqlite({.path = (folder_.path() / "store.db").string()}).value();
  std::vector<TimelineId> timelines_;
};

TEST_F(Large, RunsByAttributesInEveryOrder) {
  for (Storage* storage : {memory_.get(), sqlite_.get()}) {
    const auto status = storage->apply(make_many_runs(timelines_));
    ASSERT_TRUE(status.ok()) << status.error();
  }
  const std::vector<Attributes> conditions{{},
                                           {{"all", "yes"}},
                                           {{"half", "1"}},
                                           {{"all", "yes"}, {"half", "0"}},
                                           {{"all", "yes"}, {"rare", "17"}},
                                           {{"half", "0"}, {"rare", "17"}},
                                           {{"all", "no"}, {"half", "0"}}};
  for (const auto& attributes : conditions) {
    for (const auto order :
         {RunQuery::Order::Position, RunQuery::Order::Started, RunQuery::Order::Received}) {
      for (const bool ascending : {true, false}) {
        RunQuery query{.suite = "suite", .attributes = attributes, .order = order, .ascending = ascending};
        EXPECT_EQ(ids_of(*sqlite_, query), ids_of(*memory_, query)) << static_cast<int>(order);
        query.timelines = {timelines_[1]};
        query.started.from = from_seconds(20);
        EXPECT_EQ(ids_of(*sqlite_, query), ids_of(*memory_, query)) << static_cast<int>(order);
        EXPECT_EQ(sqlite_->count_runs(query).value(), memory_->count_runs(query).value());
      }
    }
    const RunQuery query{.suite = "suite", .attributes = attributes};
    EXPECT_EQ(sqlite_->count_runs(query).value(), memory_->count_runs(query).value());
  }
}

TEST_F(Large, ManyNamesAtOnce) {
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) texts.push_back("test " + std::to_string(i * 31 % 3000));
  const std::vector<std::string_view> first(texts.begin(), texts.begin() + 2000);
  std::vector<std::string_view> all(texts.begin(), texts.end());
  all.insert(all.end(), first.begin(), first.end());  // named twice in one call
  for (const auto& names : {first, all, all}) {
    EXPECT_EQ(sqlite_->intern_tests("suite", names).value(), memory_->intern_tests("suite", names).value());
    EXPECT_EQ(sqlite_->look_up_tests("suite", all).value(), memory_->look_up_tests("suite", all).value());
  }
  EXPECT_EQ(sqlite_->scan_tests("suite", 0, 10'000).value(), memory_->scan_tests("suite", 0, 10'000).value());
}

TEST_F(Large, TimelinesNearAndFarApart) {
  std::vector<TimelineKey> keys;
  for (int i = 0; i < 200; ++i) keys.push_back({"branch " + std::to_string(i), 1});
  std::vector<TimelineId> ids;
  for (Storage* storage : {memory_.get(), sqlite_.get()}) {
    ids = storage->intern_timelines("suite", keys).value();
    SuiteBatch batch{.suite = "suite"};
    for (std::size_t i = 0; i < ids.size(); i += 3)
      batch.timelines.push_back({.id = ids[i], .key = keys[i], .version = 1});
    ASSERT_TRUE(storage->apply(batch).ok());
  }
  for (const auto& asked : std::vector<std::vector<TimelineId>>{{},
                                                                {ids[3]},
                                                                {ids[4]},
                                                                {ids[6], ids[3], ids[4], ids[3]},
                                                                {ids[198], ids[0]},
                                                                {ids[150], ids[0], ids[99], ids[199]}})
    EXPECT_EQ(sqlite_->find_timelines("suite", asked).value(),
              memory_->find_timelines("suite", asked).value());
}

}  // namespace
}  // namespace resultsdb
