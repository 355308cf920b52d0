// Stores that answer with what no sound store holds.
#include <gtest/gtest.h>

#include "engine/test_set.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/testing/faulty_storage.hpp"

namespace resultsdb {
namespace {

constexpr std::uint32_t kBeyond = engine::TestSet::kMaxId + 1;

/// Gives tests ids of its own choice.
class OwnIds final : public testing::FaultyStorage {
 public:
  explicit OwnIds(storage::TestId first) : FaultyStorage(backends::open_memory()), first_(first) {}

 protected:
  Result<std::vector<storage::TestId>> do_intern_tests(std::string_view,
                                                       std::span<const std::string_view> names) override {
    std::vector<storage::TestId> ids;
    for (std::size_t i = 0; i < names.size(); ++i) ids.push_back(first_ + static_cast<storage::TestId>(i));
    return ids;
  }

 private:
  const storage::TestId first_;
};

TEST(HostileStore, TestIdsBeyondTheLimitAreRefused) {
  for (const storage::TestId first : {kBeyond, kBeyond - 1, 0xfffffffeu}) {
    for (const bool lost : {false, true}) {
      const auto model = Model::create(std::make_shared<OwnIds>(first)).value();
      resultsdb::Run run{.header = {.suite = "hostile"}};
      run.results.add({.test = "a"});
      lost ? run.results.add_lost("b") : run.results.add({.test = "b"});
      const auto stored = model->ingest(run, {});
      ASSERT_FALSE(stored) << first;
      EXPECT_EQ(stored.error().code, ErrorCode::ResourceExhausted) << stored.error();
    }
  }
}

TEST(HostileStore, RunsOfUnknownStatesAreDamaged) {
  const auto store = backends::open_memory();
  resultsdb::Run run{.header = {.suite = "hostile"}};
  run.results.add({.test = "a"});
  ASSERT_TRUE(Model::create(store).value()->ingest(run, {}));
  storage::SuiteBatch batch{.suite = "hostile"};
  batch.timelines = store->find_timelines("hostile").value();
  ++batch.timelines.front().version;
  batch.put_runs = store->find_runs({.suite = "hostile"}, {}).value().rows;
  batch.put_runs.front().state = static_cast<RunState>(77);
  ASSERT_TRUE(store->apply(batch));
  const auto runs = Model::create(store).value()->runs({.suite = "hostile"});
  ASSERT_FALSE(runs);
  EXPECT_EQ(runs.error().code, ErrorCode::Corrupt) << runs.error();
}

}  // namespace
}  // namespace resultsdb
