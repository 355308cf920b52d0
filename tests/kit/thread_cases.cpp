// Writers and readers on threads of their own. Nothing here depends on who comes first.
#include <algorithm>
#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(thread_cases)

namespace {

/// Runs `work(0)` to `work(count - 1)` at the same time.
void run_together(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::latch start(static_cast<std::ptrdiff_t>(count));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
}

void expect_dense(std::vector<std::uint32_t> ids, std::uint32_t first) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (std::size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], first + i) << "a gap";
}

RESULTSDB_CASE(ManyThreadsFirstWriteOneName) {
  constexpr std::size_t kThreads = 64;
  std::vector<std::vector<TestId>> ids(kThreads);
  run_together(kThreads, [&](std::size_t i) {
    const std::string_view names[] = {"the one"};
    ids[i] = value_of(store().intern_tests("suite", names));
  });
  for (const auto& found : ids) EXPECT_EQ(found, ids[0]);
  EXPECT_EQ(ids[0], std::vector<TestId>{0});
  EXPECT_EQ(value_of(store().scan_tests("suite", 0, 100)), (std::vector<TestRow>{{0, "the one"}}));
}

RESULTSDB_CASE(ManyThreadsInternOverlappingNames) {
  constexpr std::size_t kThreads = 64, kNames = 60, kEach = 25;
  std::vector<std::map<std::string, TestId>> seen(kThreads);
  run_together(kThreads, [&](std::size_t i) {
    std::vector<std::string> names;
    for (std::size_t n = 0; n < kEach; ++n)
      names.push_back("test " + std::to_string((i * 7 + n * 11) % kNames));
    const auto ids = value_of(store().intern_tests("suite", views(names)));
    for (std::size_t n = 0; n < ids.size(); ++n) seen[i][names[n]] = ids[n];
  });
  std::map<std::string, TestId> stored;
  std::vector<TestId> ids;
  for (const TestRow& row : value_of(store().scan_tests("suite", 0, 1000))) {
    EXPECT_TRUE(stored.emplace(row.name, row.id).second) << row.name << " has two ids";
    ids.push_back(row.id);
  }
  EXPECT_EQ(stored.size(), kNames);
  expect_dense(ids, 0);
  for (const auto& map : seen) {
    for (const auto& [name, id] : map) EXPECT_EQ(id, stored[name]) << name;
  }
}

RESULTSDB_CASE(ManyThreadsInternAllOtherKinds) {
  constexpr std::size_t kThreads = 16, kKeys = 20;
  std::mutex mutex;
  std::map<std::string, std::set<std::uint32_t>> ids;
  run_together(kThreads, [&](std::size_t i) {
    for (std::size_t n = 0; n < kKeys; ++n) {
      const std::string text = "k=" + std::to_string((n + i) % kKeys);
      const OutcomeKey outcome{"PASS", text, {}};
      const std::string_view configuration[] = {text};
      const TimelineKey timeline{text, 1};
      const auto outcomes = value_of(store().intern_outcomes("suite", {&outcome, 1}));
      const auto configurations = value_of(store().intern_configurations("suite", configuration));
      const auto timelines = value_of(store().intern_timelines("suite", {&timeline, 1}));
      const std::lock_guard lock(mutex);
      ids["outcome " + text].insert(outcomes.begin(), outcomes.end());
      ids["configuration " + text].insert(configurations.begin(), configurations.end());
      ids["timeline " + text].insert(timelines.begin(), timelines.end());
    }
  });
  std::map<char, std::vector<std::uint32_t>> by_kind;
  for (const auto& [key, set] : ids) {
    ASSERT_EQ(set.size(), 1u) << key;
    by_kind[key[0]].push_back(*set.begin());
  }
  for (const auto& [kind, all] : by_kind) {
    EXPECT_EQ(all.size(), kKeys);
    expect_dense(all, 1);
  }
}

/// Each batch moves all of its rows from one generation to the next; no answer shows two.
RESULTSDB_CASE(ReadersNeverSeeHalfABatch) {
  constexpr std::uint32_t kGenerations = 40, kRuns = 12, kReaders = 3;
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  const TestId test = writer.test("test");
  const auto write = [&](std::uint32_t generation) {
    SuiteBatch batch = writer.batch();
    for (RunSerial serial = 1; serial <= kRuns; ++serial) {
      RunRow run = make_run(timeline, serial, serial);
      run.covered = generation;
      batch.put_runs.push_back(run);
      batch.put_changes.push_back({{test, timeline, serial, run.started, ""}, generation});
      batch.put_outcomes.push_back({timeline, serial, std::to_string(generation)});
    }
    // One more run of each generation, which the next one deletes.
    RunRow guest = make_run(timeline, 1000 + generation, 500);
    guest.covered = generation;
    batch.put_runs.push_back(guest);
    if (generation > 1) batch.delete_runs = {{timeline, 999 + generation}};
    expect_ok(writer.apply(batch));
  };
  write(1);
  std::vector<RunRef> refs;
  for (RunSerial serial = 1; serial <= kRuns; ++serial) refs.push_back({timeline, serial});
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> reads = 0;
  run_together(kReaders + 1, [&](std::size_t i) {
    if (i == kReaders) {
      for (std::uint32_t generation = 2; generation <= kGenerations; ++generation) {
        const std::uint64_t before = reads;
        write(generation);
        while (reads == before && !HasFailure()) std::this_thread::yield();
      }
      done = true;
      return;
    }
    std::uint32_t newest = 0;
    for (; !done && !HasFailure(); ++reads) {
      const auto runs = value_of(store().find_runs({.suite = "suite"}, {})).rows;
      ASSERT_EQ(runs.size(), kRuns + 1);
      for (const RunRow& run : runs) ASSERT_EQ(run.covered, runs[0].covered);
      ASSERT_GE(runs[0].covered, newest) << "a later answer is older";
      newest = runs[0].covered;
      const auto changes = value_of(store().find_changes({.suite = "suite"}));
      ASSERT_EQ(changes.size(), kRuns);
      for (const ChangeRow& change : changes) ASSERT_EQ(change.outcome, changes[0].outcome);
      const auto both = value_of(
          store().find_changes_and_timelines({.suite = "suite", .tests = {test}, .timelines = {timeline}}));
      ASSERT_EQ(both.changes.size(), kRuns);
      for (const ChangeRow& change : both.changes) ASSERT_EQ(change.outcome, both.changes[0].outcome);
      ASSERT_GE(both.timelines.at(0).version, both.changes[0].outcome) << "versions are older than changes";
      const auto outcomes = value_of(store().read_outcomes("suite", refs));
      for (const auto& outcome : outcomes) ASSERT_EQ(outcome, outcomes[0]);
    }
  });
  EXPECT_EQ(all_runs(store(), {.suite = "suite"})[0].covered, kGenerations);
}

RESULTSDB_CASE(OneOfManyWritersOfAVersionWins) {
  constexpr std::size_t kThreads = 8;
  constexpr std::uint64_t kRounds = 10;
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    const SuiteBatch next = writer.batch();
    std::atomic<std::size_t> winners = 0;
    run_together(kThreads, [&](std::size_t i) {
      SuiteBatch batch = next;
      batch.put_runs = {make_run(timeline, static_cast<RunSerial>(round * 100 + i), 1)};
      const Status status = store().apply(batch);
      if (status.ok()) {
        ++winners;
      } else {
        expect_error(ErrorCode::Conflict, status);
      }
    });
    ASSERT_EQ(winners, 1u);
    ASSERT_EQ(value_of(store().count_runs({.suite = "suite"})), round);
    writer.remember(next);
  }
}

RESULTSDB_CASE(WritersThatRetryAllGetThrough) {
  constexpr std::size_t kThreads = 8, kEach = 5;
  run_together(kThreads, [&](std::size_t i) {
    for (std::size_t n = 0; n < kEach; ++n) {
      const std::string branch = "b" + std::to_string(i % 2);
      for (;;) {
        std::uint64_t version = 0;
        for (const RepositoryRow& row : value_of(store().find_repositories())) version = row.version;
        const auto commit = make_commit(branch, static_cast<Position>(i * 100 + n), "aa");
        const Status status = store().apply(repository_batch("repo", version + 1, {commit}));
        if (status.ok()) break;
        expect_error(ErrorCode::Conflict, status);
        if (HasFailure()) return;
      }
    }
  });
  EXPECT_EQ(all_commits(store(), {.repository = "repo"}).size(), kThreads * kEach);
  EXPECT_EQ(value_of(store().find_repositories()).at(0).version, kThreads * kEach);
}

RESULTSDB_CASE(ManyThreadsCreateOneDocument) {
  constexpr std::size_t kThreads = 64;
  std::atomic<std::size_t> by_key = 0, by_name = 0;
  run_together(kThreads, [&](std::size_t i) {
    const auto put = [&](std::string key, Attributes unique) {
      return store().apply(DocumentBatch{.collection = "docs",
                                         .puts = {put_document(std::move(key), "{}", std::move(unique), 0)}});
    };
    if (const Status status = put("key", {}); status.ok()) {
      ++by_key;
    } else {
      expect_error(ErrorCode::Conflict, status);
    }
    if (const Status status = put("key " + std::to_string(i), {{"name", "the one"}}); status.ok()) {
      ++by_name;
    } else {
      expect_error(ErrorCode::AlreadyExists, status);
    }
  });
  EXPECT_EQ(by_key, 1u);
  EXPECT_EQ(by_name, 1u);
  EXPECT_EQ(all_documents(store(), {.collection = "docs"}).size(), 2u);
}

RESULTSDB_CASE(SuitesAreWrittenSideBySide) {
  constexpr std::size_t kThreads = 8;
  run_together(kThreads, [&](std::size_t i) {
    SuiteWriter writer(store(), "suite " + std::to_string(i));
    const TimelineId timeline = writer.timeline();
    const TestId test = writer.test("test");
    for (RunSerial serial = 1; serial <= 5; ++serial) {
      SuiteBatch batch = writer.batch();
      put_whole_run(batch, make_run(timeline, serial), test);
      expect_ok(writer.apply(batch));
    }
    EXPECT_EQ(all_runs(store(), {.suite = writer.suite()}).size(), 5u);
  });
  EXPECT_EQ(value_of(store().find_suites()).size(), kThreads);
}

}  // namespace
}  // namespace resultsdb::testing
