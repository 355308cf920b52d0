// A reader with a writer between every two of its calls, on one thread.
#include <algorithm>
#include <set>

#include "case.hpp"
#include "resultsdb/testing/faulty_storage.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(interleaving_cases)

namespace {

/// Calls `write` before each operation of its reader.
class Interleaved {
 public:
  Interleaved(std::shared_ptr<Storage> storage, std::function<void()> write) : reader(std::move(storage)) {
    reader.set_hook([write = std::move(write)](const FaultyStorage::Call& call) {
      if (call.when == FaultyStorage::When::Before) write();
      return Status();
    });
  }
  FaultyStorage reader;
};

/// A suite whose runs 1 to 20 stay, while each write replaces the run that came with the one before.
class Churn {
 public:
  explicit Churn(Storage& storage) : writer_(storage, "suite") {
    timeline_ = writer_.timeline();
    test_ = writer_.test("test");
    SuiteBatch batch = writer_.batch();
    batch.listed_tests = {test_};
    for (RunSerial serial = 1; serial <= kStay; ++serial) put_whole_run(batch, run(serial), test_);
    expect_ok(writer_.apply(batch));
  }

  static constexpr RunSerial kStay = 20;
  TimelineId timeline() const { return timeline_; }
  TestId test() const { return test_; }

  void write() {
    SuiteBatch batch = writer_.batch();
    const RunRow last = run(next_ - 1);
    if (next_ > kStay + 1) {
      batch.delete_runs = {last.ref()};
      batch.delete_changes = {{test_, timeline_, last.position, last.started, ""}};
    }
    put_whole_run(batch, run(next_++), test_);
    expect_ok(writer_.apply(batch));
  }

 private:
  /// Runs that come and go are spread over the places between those that stay.
  RunRow run(RunSerial serial) const {
    const Position position = serial <= kStay ? serial * 100 : serial * 37 % (kStay * 100) + 1;
    return make_run(timeline_, serial, position);
  }

  SuiteWriter writer_;
  TimelineId timeline_ = 0;
  TestId test_ = 0;
  RunSerial next_ = kStay + 1;
};

RESULTSDB_CASE(WriterBetweenAnyTwoPagesOfRuns) {
  Churn churn(store());
  Interleaved between(shared_store(), [&] { churn.write(); });
  for (const auto order : {RunQuery::Order::Position, RunQuery::Order::Started, RunQuery::Order::Received}) {
    for (const std::uint32_t limit : {1u, 3u, 7u}) {
      Paging paging{.limit = limit};
      std::vector<RunSerial> found;
      do {
        const auto page =
            value_of(between.reader.find_runs({.suite = "suite", .order = order, .ascending = true}, paging));
        for (const RunRow& run : page.rows) found.push_back(run.serial);
        paging.token = page.next;
      } while (!paging.token.empty() && found.size() < 1000);
      for (RunSerial serial = 1; serial <= Churn::kStay; ++serial) {
        EXPECT_EQ(std::count(found.begin(), found.end(), serial), 1) << serial << ", limit " << limit;
      }
    }
  }
  EXPECT_GT(between.reader.calls("find_runs"), 60u);
}

RESULTSDB_CASE(EachAnswerIsOneState) {
  Churn churn(store());
  Interleaved between(shared_store(), [&] { churn.write(); });
  Storage& reader = between.reader;
  for (int repeat = 0; repeat < 10; ++repeat) {
    EXPECT_EQ(value_of(reader.find_runs({.suite = "suite"}, {})).rows.size(), Churn::kStay + 1u);
    EXPECT_EQ(value_of(reader.count_runs({.suite = "suite"})), Churn::kStay + 1u);
    EXPECT_EQ(value_of(reader.find_changes({.suite = "suite"})).size(), Churn::kStay + 1u);
    const DurationQuery durations[] = {{.timeline = churn.timeline(), .chunk = 0},
                                       {.timeline = churn.timeline(), .chunk = 1}};
    EXPECT_EQ(value_of(reader.read_durations("suite", durations)).raw.size(), 2 * (Churn::kStay + 1u));
  }
}

/// What the core relies on: versions that are equal before and after say that nothing came between.
RESULTSDB_CASE(TimelineVersionsTellOfEveryWrite) {
  Churn churn(store());
  Interleaved between(shared_store(), [&] { churn.write(); });
  std::uint64_t last = value_of(store().find_timelines("suite")).at(0).version;
  for (int repeat = 0; repeat < 10; ++repeat) {
    const auto version = value_of(between.reader.find_timelines("suite")).at(0).version;
    EXPECT_EQ(version, last + 1);
    last = version;
  }
  EXPECT_EQ(value_of(store().find_timelines("suite")).at(0).version, last);
  EXPECT_EQ(value_of(store().find_timelines("suite")).at(0).version, last);
}

RESULTSDB_CASE(WriterBeforeTheWriteIsConflict) {
  Churn churn(store());
  SuiteWriter writer(store(), "suite");
  writer.timeline();
  SuiteBatch batch = writer.batch();
  batch.timelines[0].version = value_of(store().find_timelines("suite")).at(0).version + 1;
  put_whole_run(batch, make_run(churn.timeline(), 1000), churn.test());
  Interleaved between(shared_store(), [&] { churn.write(); });
  expect_error(ErrorCode::Conflict, between.reader.apply(batch));
  EXPECT_EQ(value_of(store().count_runs({.suite = "suite", .id = batch.put_runs[0].id})), 0u);
  EXPECT_EQ(between.reader.calls(), 1u);
}

RESULTSDB_CASE(WriterBetweenPagesOfTestsCommitsAndDocuments) {
  std::uint32_t writes = 0;
  SuiteWriter writer(store(), "suite");
  writer.timeline();
  std::uint64_t version = 0;
  const auto write = [&] {
    const std::string name = "n" + std::to_string(writes * 7919 % 1000) + "x";
    SuiteBatch batch = writer.batch();
    batch.listed_tests = {writer.test(name)};
    expect_ok(writer.apply(batch));
    CommitRow commit = make_commit(name, writes * 7919 % 1000, "ff");
    expect_ok(store().apply(repository_batch("repo", ++version, {commit})));
    expect_ok(store().apply(DocumentBatch{.collection = "docs", .puts = {put_document(name)}}));
    ++writes;
  };
  for (int i = 0; i < 10; ++i) write();
  const auto tests = names_of(all_tests(store(), {.suite = "suite"}));
  const auto commits = names_of(all_commits(store(), {.repository = "repo"}));
  const auto documents = names_of(all_documents(store(), {.collection = "docs"}));
  Interleaved between(shared_store(), write);
  const auto expect_all = [](const std::vector<std::string>& stayed, auto find) {
    Paging paging{.limit = 2};
    std::multiset<std::string> found;
    do {
      const auto page = value_of(find(paging));
      for (const auto& row : page.rows) found.insert(name_of(row));
      paging.token = page.next;
    } while (!paging.token.empty() && found.size() < 1000);
    for (const std::string& name : stayed) EXPECT_EQ(found.count(name), 1u) << name;
  };
  FaultyStorage& reader = between.reader;
  expect_all(tests, [&](const Paging& paging) { return reader.find_tests({.suite = "suite"}, paging); });
  expect_all(commits,
             [&](const Paging& paging) { return reader.find_commits({.repository = "repo"}, paging); });
  expect_all(documents,
             [&](const Paging& paging) { return reader.find_documents({.collection = "docs"}, paging); });
}

/// An acknowledgement that gets lost: the writer repeats and is told that the batch is there.
RESULTSDB_CASE(LostAcknowledgementIsConflictWhenRepeated) {
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  SuiteBatch batch = writer.batch();
  put_whole_run(batch, make_run(timeline, 1), writer.test("test"));
  FaultyStorage faulty(shared_store(), [](const FaultyStorage::Call& call) -> Status {
    if (call.when == FaultyStorage::When::Before) return {};
    return make_error(ErrorCode::Unavailable, "the connection is gone");
  });
  expect_error(ErrorCode::Unavailable, faulty.apply(batch));
  const SuiteImage stored = read_suite(store(), "suite");
  EXPECT_EQ(stored.runs, batch.put_runs);
  faulty.set_hook({});
  expect_error(ErrorCode::Conflict, faulty.apply(batch));
  EXPECT_EQ(read_suite(store(), "suite"), stored);
}

}  // namespace
}  // namespace resultsdb::testing
