// A writer between every two storage calls of a reader or another writer: answers belong to one state of the
// store, and no write is lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "engine/timeline_state.hpp"
#include "engine/turns.hpp"
#include "property/matrix_oracle.hpp"
#include "property/random_history.hpp"
#include "property/soundness.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/testing/faulty_storage.hpp"

namespace resultsdb {
namespace {

using testing::FaultyStorage;

std::string exported(Model& model) {
  std::ostringstream out;
  const Status status = model.export_to(out, {.with_received = true});
  EXPECT_TRUE(status.ok());
  return out.str();
}

/// Two models on one store; the second one writes whenever the hook says so.
class Interleaving : public ::testing::Test {
 protected:
  Interleaving() : runs_(99, {.timelines = 2, .late_percent = 30}) {
    for (int i = 0; i < 6; ++i) write_other();
  }

  void write_other() {
    resultsdb::Run run = runs_.next();
    const Time received = from_seconds(1'000'000 + ++writes_);
    const auto stored = other_->ingest(run, {.received = received});
    ASSERT_TRUE(stored) << stored.error();
    oracle_.put(run, received);
  }
  void delete_other() {
    const auto key = oracle_.runs().begin()->first;
    ASSERT_EQ(
        other_->purge({.suite = "random", .run = property::id_of(oracle_.runs().begin()->second.header)})
            .value(),
        1u);
    oracle_.erase(key);
  }

  /// Whether the store says that nothing was written; PostgreSQL and Redis do not.
  bool revisions_ = true;

  /// Lets the second model write just before the `call`-th storage call of `action`, then checks its effect.
  /// Returns false when the action makes fewer calls.
  template <class Action>
  bool disturb(std::uint64_t call, bool deletion, Action action) {
    std::uint64_t calls = 0;
    bool disturbed = false;
    slow_->set_hook([&](const FaultyStorage::Call& each) -> Status {
      if (!revisions_ && each.operation == "revision") return make_error(ErrorCode::Unavailable, "not here");
      if (each.when == FaultyStorage::When::Before && ++calls == call && !disturbed) {
        disturbed = true;
        deletion ? delete_other() : write_other();
      }
      return {};
    });
    action();
    slow_->set_hook({});
    return disturbed;
  }

  std::shared_ptr<storage::Storage> storage_ = backends::open_memory();
  std::shared_ptr<FaultyStorage> slow_ = std::make_shared<FaultyStorage>(storage_);
  std::shared_ptr<Model> other_ = Model::create(storage_).value();
  std::shared_ptr<Model> model_ = Model::create(slow_).value();
  property::RandomRuns runs_;
  property::MatrixOracle oracle_;
  int writes_ = 0;
};

TEST_F(Interleaving, HistoriesAreOfOneMoment) {
  for (int kind = 0; kind < 16; ++kind) {
    const bool deletion = kind & 1, cached = kind & 2, whole = kind & 4;
    revisions_ = kind & 8;
    const HistoryQuery query{
        .suite = "random", .tests = runs_.tests(), .durations = whole, .tries = whole, .details = whole};
    std::uint64_t call = 1;
    for (bool more = true; more; ++call) {
      if (!cached) model_ = Model::create(slow_).value();
      std::string before = oracle_.history(query);
      std::string answer;
      more = disturb(call, deletion, [&] {
        const auto history = model_->history(query);
        ASSERT_TRUE(history) << history.error();
        answer = property::describe(*history, query);
      });
      EXPECT_TRUE(answer == before || answer == oracle_.history(query))
          << "kind " << kind << ", disturbed before call " << call;
      if (oracle_.runs().size() < 3) write_other(), write_other();
    }
    EXPECT_GT(call, 2u);
  }
}

TEST_F(Interleaving, ACachedHistoryTakesOneCallWhereTheStoreHasNoRevisions) {
  revisions_ = false;
  const HistoryQuery query{.suite = "random", .tests = runs_.tests()};
  const auto read = [&] {
    EXPECT_FALSE(disturb(1000, false, [&] {
      const auto history = model_->history(query);
      ASSERT_TRUE(history) << history.error();
      EXPECT_EQ(property::describe(*history, query), oracle_.history(query));
    }));
  };
  read();
  auto before = slow_->calls();
  const auto revisions = slow_->calls("revision");
  read();
  EXPECT_EQ(slow_->calls() - before, 1u);
  EXPECT_EQ(slow_->calls("revision"), revisions);
  write_other();
  read();
  before = slow_->calls();
  read();
  EXPECT_EQ(slow_->calls() - before, 1u);
}

TEST(Readers, GetThroughWhileWritersOfNewRunsNeverPause) {
  const auto storage = backends::open_memory();
  const auto slow = std::make_shared<FaultyStorage>(storage);
  auto writer = Model::create(storage).value();
  auto reader = Model::create(slow).value();
  property::RandomRuns runs(7, {.timelines = 1});
  property::MatrixOracle oracle;
  auto write = [&, received = 0]() mutable {
    auto run = runs.next();
    run.header.position = ++received;  // behind all others
    ASSERT_TRUE(writer->ingest(run, {.received = from_seconds(received)}));
    oracle.put(run, from_seconds(received));
  };
  for (int i = 0; i < 3; ++i) write();
  bool writing = false;
  const HistoryQuery query{.suite = "random", .tests = runs.tests(), .tries = true, .details = true};
  for (int i = 0; i < 8; ++i) {
    if (i % 2 == 0) reader = Model::create(slow).value();  // knows nothing yet
    if (i >= 4) writer = reader;                           // both in one process
    std::vector<std::string> moments{oracle.history(query)};
    slow->set_hook([&](const FaultyStorage::Call& each) -> Status {
      if (each.when != FaultyStorage::When::Before || writing) return {};
      // A writer of this process waits where the reader holds a lock.
      if (writer == reader && each.operation != "find_changes") return {};
      writing = true;
      write();
      writing = false;
      moments.push_back(oracle.history(query));
      return {};
    });
    const auto history = reader->history(query);
    slow->set_hook({});
    ASSERT_TRUE(history) << history.error();
    EXPECT_GT(moments.size(), 2u);
    EXPECT_EQ(std::count(moments.begin(), moments.end(), property::describe(*history, query)), 1) << i;
  }
}

/// A writer of another process says that it wants to be the next one.
void claim(storage::Storage& storage) {
  storage::SuiteBatch batch{.suite = "random", .timelines = storage.find_timelines("random").value()};
  auto& row = batch.timelines.at(0);
  auto state = engine::decode_state(row.state).value();
  state.claim = 12345;
  ++row.version;
  row.state = engine::encode_state(state);
  ASSERT_TRUE(storage.apply(batch));
}

std::uint64_t claim_of(storage::Storage& storage) {
  return engine::decode_state(storage.find_timelines("random").value().at(0).state).value().claim;
}

TEST(Writers, WaitForOneWhoClaimsToBeNext) {
  const auto storage = backends::open_memory();
  const auto slow = std::make_shared<FaultyStorage>(storage);
  const auto claimer = Model::create(storage).value(), writer = Model::create(slow).value();
  property::RandomRuns runs(3, {.timelines = 1});
  ASSERT_TRUE(writer->ingest(runs.next(), {.received = from_seconds(1)}));
  claim(*storage);
  bool written = false;
  int looks = 0, applied = 0;
  slow->set_hook([&](const FaultyStorage::Call& each) -> Status {
    if (each.when != FaultyStorage::When::Before) return {};
    if (each.operation == "apply") {
      EXPECT_TRUE(written || ++applied == 1);  // the first knows of no claim yet
    }
    if (each.operation != "find_timelines" || ++looks != 5) return {};
    // As the writer who claimed: another number would have to wait itself.
    auto rows = storage->find_timelines("random").value();
    auto state = engine::decode_state(rows[0].state).value();
    state.claim = 0;
    ++rows[0].version;
    rows[0].state = engine::encode_state(state);
    EXPECT_TRUE(storage->apply(storage::SuiteBatch{.suite = "random", .timelines = rows}));
    EXPECT_TRUE(claimer->ingest(runs.next(), {.received = from_seconds(2)}));
    written = true;
    return {};
  });
  ASSERT_TRUE(writer->ingest(runs.next(), {.received = from_seconds(3)}));
  slow->set_hook({});
  EXPECT_TRUE(written);
  EXPECT_EQ(claimer->runs({.suite = "random"})->size(), 3u);
}

TEST(Writers, DoNotWaitForOneWhoClaimedAndDied) {
  const auto storage = backends::open_memory();
  const auto writer = Model::create(storage).value();
  property::RandomRuns runs(3, {.timelines = 1});
  ASSERT_TRUE(writer->ingest(runs.next(), {.received = from_seconds(1)}));
  claim(*storage);
  ASSERT_TRUE(writer->ingest(runs.next(), {.received = from_seconds(2)}));
  EXPECT_EQ(claim_of(*storage), 0u);
  EXPECT_EQ(writer->runs({.suite = "random"})->size(), 2u);
  property::expect_sound(*writer);
}

TEST(Writers, WhoLosesAgainAndAgainClaimsToBeNext) {
  const auto storage = backends::open_memory();
  const auto slow = std::make_shared<FaultyStorage>(storage);
  const auto others = Model::create(storage).value(), writer = Model::create(slow).value();
  property::RandomRuns runs(3, {.timelines = 1});
  ASSERT_TRUE(writer->ingest(runs.next(), {.received = from_seconds(1)}));
  int applied = 0;
  bool claimed = false;
  slow->set_hook([&](const FaultyStorage::Call& each) -> Status {
    if (each.operation != "apply") return {};
    if (each.when == FaultyStorage::When::After) {
      claimed = claimed || claim_of(*storage) != 0;
    } else if (++applied <= 2) {
      EXPECT_TRUE(others->ingest(runs.next(), {.received = from_seconds(1 + applied)}));
    }
    return {};
  });
  ASSERT_TRUE(writer->ingest(runs.next(), {.received = from_seconds(9)}));
  slow->set_hook({});
  EXPECT_TRUE(claimed);
  EXPECT_EQ(claim_of(*storage), 0u);
  EXPECT_EQ(writer->runs({.suite = "random"})->size(), 4u);
}

TEST(Writers, WhoCannotEvenReadClaimsToBeNext) {
  const auto storage = backends::open_memory();
  const auto slow = std::make_shared<FaultyStorage>(storage);
  const auto others = Model::create(storage).value(), writer = Model::create(slow).value();
  property::RandomRuns runs(3, {.timelines = 1});
  const auto first = runs.next();
  ASSERT_TRUE(others->ingest(first, {.received = from_seconds(1)}));
  int replaced = 0;
  slow->set_hook([&](const FaultyStorage::Call& each) -> Status {
    if (each.operation != "find_runs" || each.when != FaultyStorage::When::Before) return {};
    if (claim_of(*storage) != 0) return {};  // as all writers do, if not for ever
    ++replaced;
    EXPECT_TRUE(others->ingest(runs.again(first.header), {.received = from_seconds(1 + replaced)}));
    return {};
  });
  const auto written = writer->ingest(runs.next(), {.received = from_seconds(99)});
  slow->set_hook({});
  ASSERT_TRUE(written) << written.error();
  EXPECT_GT(replaced, 3);
  EXPECT_EQ(claim_of(*storage), 0u);
  EXPECT_EQ(writer->runs({.suite = "random"})->size(), 2u);
}

TEST(Turns, AreTakenInTheOrderOfAsking) {
  engine::Turns turns;
  std::vector<int> order;
  std::vector<std::thread> threads;
  turns.lock();
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      std::lock_guard turn(turns);
      order.push_back(i);
    });
    while (turns.waiting() <= static_cast<std::uint64_t>(i)) std::this_thread::yield();
  }
  turns.unlock();
  turns.lock();  // behind them
  turns.unlock();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
}

TEST_F(Interleaving, ResultsAreOfOneMoment) {
  for (std::uint64_t call = 1;; ++call) {
    const resultsdb::Run again{.header = oracle_.runs().rbegin()->second.header, .results = {}};
    const std::string id = property::id_of(again.header), before = oracle_.results(id);
    std::string answer;
    std::uint64_t calls = 0;
    bool disturbed = false;
    slow_->set_hook([&](const FaultyStorage::Call& each) -> Status {
      if (each.when == FaultyStorage::When::Before && ++calls == call && !disturbed) {
        disturbed = true;
        const resultsdb::Run other = runs_.again(again.header);
        EXPECT_TRUE(other_->ingest(other, {.received = from_seconds(5)}));
        oracle_.put(other, from_seconds(5));
      }
      return {};
    });
    const auto results = model_->results({.run = id, .suite = "random", .details = true}, {});
    slow_->set_hook({});
    ASSERT_TRUE(results) << results.error();
    answer = property::describe(*results);
    EXPECT_TRUE(answer == before || answer == oracle_.results(id)) << "disturbed before call " << call;
    if (!disturbed) break;
  }
}

TEST_F(Interleaving, NoUploadIsLost) {
  for (std::uint64_t call = 1;; ++call) {
    if (call % 3 == 0) model_ = Model::create(slow_).value();
    const resultsdb::Run run = runs_.next();
    const bool disturbed = disturb(call, false, [&] {
      const auto stored = model_->ingest(run, {.received = from_seconds(77)});
      ASSERT_TRUE(stored) << stored.error();
      EXPECT_EQ(stored->stored, Ingested::Stored::Added);
    });
    oracle_.put(run, from_seconds(77));
    const HistoryQuery query{.suite = "random", .tests = runs_.tests(), .durations = true};
    EXPECT_EQ(property::describe(*model_->history(query), query), oracle_.history(query));
    if (!disturbed && call > 12) break;
  }
  property::expect_sound(*Model::create(storage_).value());
}

TEST_F(Interleaving, AnUploadWithoutAnswerMayBeRepeated) {
  for (int i = 0; i < 12; ++i) {
    const resultsdb::Run run = runs_.next();
    int applies = 0;
    slow_->set_hook([&](const FaultyStorage::Call& each) -> Status {
      const bool lost =
          each.operation == "apply" && each.when == FaultyStorage::When::After && ++applies == 1;
      return lost ? Status(make_error(ErrorCode::Unavailable, "the answer is lost")) : Status();
    });
    auto stored = model_->ingest(run, {.received = from_seconds(77)});
    slow_->set_hook({});
    if (!stored) stored = model_->ingest(run, {.received = from_seconds(77)});
    ASSERT_TRUE(stored) << stored.error();
    oracle_.put(run, from_seconds(77));
    EXPECT_EQ(property::describe(model_->runs({.suite = "random", .order = RunOrder::Position}).value()),
              oracle_.run_list({.suite = "random", .order = RunOrder::Position}));
  }
}

TEST_F(Interleaving, FailuresOfTheStoreAreReportedAndLeaveNothingHalfDone) {
  const std::string before = exported(*other_);
  for (std::uint64_t call = 1;; ++call) {
    if (call % 2 == 0) model_ = Model::create(slow_).value();
    std::uint64_t calls = 0;
    bool failed = false;
    slow_->set_hook([&](const FaultyStorage::Call& each) -> Status {
      if (each.when != FaultyStorage::When::Before || ++calls < call) return {};
      failed = true;
      return make_error(ErrorCode::Unavailable, "the store is away");
    });
    const resultsdb::Run run = runs_.next();
    const auto stored = model_->ingest(run, {.received = from_seconds(77)});
    slow_->set_hook({});
    if (stored) {
      EXPECT_TRUE(!failed || call > 2);
      ASSERT_EQ(other_->purge({.suite = "random", .run = stored->run->id}).value(), 1u);
      EXPECT_EQ(exported(*other_), before);
      if (!failed) break;
    } else {
      EXPECT_EQ(stored.error().code, ErrorCode::Unavailable);
      EXPECT_EQ(exported(*other_), before);
    }
  }
  property::expect_sound(*Model::create(storage_).value());
}

}  // namespace
}  // namespace resultsdb
