// Damages stored rows one byte at a time: check must find every one, and repair what can be derived again.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "property/random_history.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb {
namespace {

using storage::SuiteBatch;

const std::string kSuite = "random";

class Damaged : public ::testing::Test {
 protected:
  void SetUp() override {
    property::RandomRuns runs(4711, {.timelines = 1, .late_percent = 20});
    const auto model = fresh();
    for (int i = 0; i < 70; ++i) {
      const auto stored = model->ingest(runs.next(), {.received = from_seconds(1'000'000 + i)});
      ASSERT_TRUE(stored) << stored.error();
    }
    ASSERT_TRUE(problems().empty());
    sound_ = exported();
  }

  std::shared_ptr<Model> fresh() { return Model::create(storage_).value(); }
  std::vector<Problem> problems() {
    const auto report = fresh()->check(false);
    EXPECT_TRUE(report) << report.error();
    return report ? report->problems : std::vector<Problem>();
  }
  std::string exported() {
    std::ostringstream out;
    const Status status = fresh()->export_to(out, {.with_received = true});
    EXPECT_TRUE(status.ok());
    return out.str();
  }
  storage::TimelineRow timeline() { return storage_->find_timelines(kSuite).value().front(); }
  std::vector<storage::RunRow> runs() {
    return storage_->find_runs({.suite = kSuite}, {.limit = 1000}).value().rows;
  }
  std::vector<storage::RunRef> refs() {
    std::vector<storage::RunRef> refs;
    for (const auto& run : runs()) refs.push_back(run.ref());
    std::sort(refs.begin(), refs.end());
    return refs;
  }

  /// Writes `damage` as any writer could.
  void write(SuiteBatch damage) {
    damage.suite = kSuite;
    if (damage.timelines.empty()) damage.timelines.push_back(timeline());
    damage.timelines.front().version = timeline().version + 1;
    const Status status = storage_->apply(damage);
    ASSERT_TRUE(status) << status.error();
  }

  /// Flips every byte of every row's blob in turn.
  template <class Row, class Put>
  void flip_all(const std::vector<Row>& rows, storage::Bytes Row::* blob, Put put) {
    ASSERT_FALSE(rows.empty());
    int flips = 0;
    const std::size_t stride = std::max<std::size_t>(1, rows.size() / 5);
    for (std::size_t i = 0; i < rows.size(); i += stride) {
      const std::size_t size = (rows[i].*blob).size();
      for (std::size_t byte = 0; byte < size; byte += std::max<std::size_t>(1, size / 8), ++flips) {
        Row damaged = rows[i];
        (damaged.*blob)[byte] = static_cast<char>((damaged.*blob)[byte] ^ (1 << flips % 8));
        write(put(damaged));
        EXPECT_FALSE(problems().empty()) << "row " << i << ", byte " << byte;
        write(put(rows[i]));
      }
    }
    EXPECT_TRUE(problems().empty());
    EXPECT_GT(flips, 4);
  }

  void expect_repaired() {
    ASSERT_FALSE(problems().empty());
    const auto report = fresh()->check(true);
    ASSERT_TRUE(report) << report.error();
    EXPECT_TRUE(report->repaired);
    for (const Problem& problem : problems())
      ADD_FAILURE() << problem.table << ' ' << problem.key << ": " << problem.what;
    EXPECT_EQ(exported(), sound_);
  }

  std::shared_ptr<storage::Storage> storage_ = backends::open_memory();
  std::string sound_;
};

TEST_F(Damaged, OutcomesAreFound) {
  const auto all = refs();
  const auto blobs = storage_->read_outcomes(kSuite, all).value();
  std::vector<storage::OutcomesRow> rows;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (blobs[i]) rows.push_back({all[i].timeline, all[i].serial, *blobs[i]});
  flip_all(rows, &storage::OutcomesRow::blob,
           [](const auto& row) { return SuiteBatch{.put_outcomes = {row}}; });
}

TEST_F(Damaged, TestSetsAreFound) {
  const auto rows = storage_->read_test_sets(kSuite, timeline().id).value();
  const auto put = [](const auto& row) { return SuiteBatch{.put_test_sets = {row}}; };
  flip_all(rows, &storage::TestSetRow::blob, put);
  flip_all(rows, &storage::TestSetRow::hash, put);
}

TEST_F(Damaged, DurationsAreFound) {
  std::vector<storage::DurationQuery> queries = {{.timeline = timeline().id, .chunk = 0, .block = 0}};
  const auto stored = storage_->read_durations(kSuite, queries).value();
  flip_all(stored.raw, &storage::DurationsRow::blob,
           [](const auto& row) { return SuiteBatch{.put_durations = {row}}; });
  flip_all(stored.tiles, &storage::TileRow::blob,
           [](const auto& row) { return SuiteBatch{.put_tiles = {row}}; });
}

TEST_F(Damaged, DetailsAreFound) {
  flip_all(storage_->read_details(kSuite, refs()).value(), &storage::DetailRow::blob,
           [](const auto& row) { return SuiteBatch{.put_details = {row}}; });
}

TEST_F(Damaged, CountersAreFoundAndCountedAgain) {
  const auto put = [](const auto& row) { return SuiteBatch{.put_runs = {row}}; };
  flip_all(runs(), &storage::RunRow::counters, put);
  auto run = runs().front();
  run.counters[0] ^= 1;
  ++run.lost;
  write(put(run));
  expect_repaired();
}

TEST_F(Damaged, ChangePointsAreDerivedAgain) {
  const auto changes = storage_->find_changes({.suite = kSuite}).value();
  ASSERT_GT(changes.size(), 20u);
  for (std::size_t i = 0; i < changes.size(); i += 7) {
    write({.delete_changes = {changes[i].key}});
    EXPECT_FALSE(problems().empty());
    write({.put_changes = {changes[i]}});
    auto other = changes[i];
    other.outcome ^= 1;
    write({.put_changes = {other}});
    EXPECT_FALSE(problems().empty());
    write({.put_changes = {changes[i]}});
  }
  auto invented = changes.front();
  invented.key.variant = "never";
  write({.delete_changes = {changes[3].key, changes[9].key}, .put_changes = {invented}});
  expect_repaired();
}

TEST_F(Damaged, CountersOfTheTimelineAreCountedAgain) {
  for (int field = 0; field < 4; ++field) {
    auto row = timeline();
    if (field == 0) ++row.runs;
    if (field == 1) --row.first_position;
    if (field == 2) ++row.last_position;
    if (field == 3) row.last_received += Duration(1);
    write({.timelines = {row}});
    expect_repaired();
  }
}

TEST_F(Damaged, BookkeepingOfTheTimelineIsDerivedAgain) {
  auto row = timeline();
  for (std::size_t byte = 0; byte < row.state.size(); ++byte) {
    auto damaged = row;
    damaged.state[byte] ^= 4;
    write({.timelines = {damaged}});
    EXPECT_FALSE(problems().empty()) << byte;
  }
  expect_repaired();
  property::RandomRuns more(4712, {.timelines = 1});
  const auto model = fresh();
  for (int i = 0; i < 20; ++i) {
    resultsdb::Run run = more.next();
    *run.header.position += 1000;
    ASSERT_TRUE(model->ingest(run, {.received = from_seconds(2'000'000 + i)}));
  }
  EXPECT_TRUE(problems().empty());
}

TEST_F(Damaged, CanonicalRowsAreNotInvented) {
  const auto all = refs();
  const auto blobs = storage_->read_outcomes(kSuite, all).value();
  const auto damaged = static_cast<std::size_t>(
      std::find_if(blobs.begin(), blobs.end(), [](const auto& blob) { return blob.has_value(); }) -
      blobs.begin());
  std::string blob = *blobs[damaged];
  blob[blob.size() / 2] ^= 1;
  write({.put_outcomes = {{all[damaged].timeline, all[damaged].serial, blob}}});
  ASSERT_TRUE(fresh()->check(true));
  EXPECT_FALSE(problems().empty());
  write({.put_outcomes = {{all[damaged].timeline, all[damaged].serial, *blobs[damaged]}}});
  EXPECT_TRUE(problems().empty());
  EXPECT_EQ(exported(), sound_);
}

}  // namespace
}  // namespace resultsdb
