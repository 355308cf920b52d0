#include <set>

#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(life_cycle_cases)

namespace {

/// A suite, a repository and a collection with some rows of every kind.
void fill(Storage& storage) {
  SuiteWriter writer(storage, "suite");
  const TimelineId timeline = writer.timeline();
  const TestId test = writer.test("test");
  const OutcomeKey crash{"PASS", "CRASH", {}};
  expect_ok(storage.intern_outcomes("suite", {&crash, 1}));
  SuiteBatch batch = writer.batch();
  batch.listed_tests = {test};
  for (const RunSerial serial : {1u, 2u, 3u}) put_whole_run(batch, make_run(timeline, serial), test);
  expect_ok(writer.apply(batch));
  expect_ok(storage.apply(repository_batch("repo", 1, {make_commit("main", 100, "aa")})));
  expect_ok(storage.apply(DocumentBatch{.collection = "collection", .puts = {put_document("key")}}));
}

void expect_nothing(Storage& storage) {
  EXPECT_TRUE(value_of(storage.find_suites()).empty());
  EXPECT_TRUE(value_of(storage.find_repositories()).empty());
  EXPECT_TRUE(all_documents(storage, {.collection = "collection"}).empty());
  EXPECT_EQ(read_suite(storage, "suite"), SuiteImage());
}

RESULTSDB_CASE(InfoSaysWhatTheBackendDeclares) {
  const StorageInfo info = value_of(store().info());
  EXPECT_EQ(info.capabilities, backend().capabilities);
  EXPECT_FALSE(info.backend.empty());
  EXPECT_GE(info.schema_version, 1);
  EXPECT_EQ(info.schema_version, info.software_version);
  EXPECT_GE(info.oldest_reader, 1);
  EXPECT_LE(info.oldest_reader, info.schema_version);
}

RESULTSDB_CASE(PingAnswers) {
  expect_ok(store().ping());
  fill(store());
  expect_ok(store().ping());
}

RESULTSDB_CASE(MigrateIsRepeatableAndKeepsEverything) {
  expect_ok(store().migrate());
  fill(store());
  const SuiteImage before = read_suite(store(), "suite");
  expect_ok(store().migrate());
  expect_ok(store().migrate());
  EXPECT_EQ(read_suite(store(), "suite"), before);
  EXPECT_EQ(before.runs.size(), 3u);
}

RESULTSDB_CASE(SizesCountRowsOfEachTableOnce) {
  const auto total = [&] {
    std::uint64_t rows = 0;
    std::set<std::string> names;
    for (const TableSize& size : value_of(store().sizes())) {
      EXPECT_TRUE(names.insert(size.table).second) << size.table << " is there twice";
      rows += size.rows;
    }
    return rows;
  };
  const std::uint64_t empty = total();
  fill(store());
  // A test, 3 each of runs, outcomes, details, tiles, sets and changes, 6 durations: which other tables are
  // told of is the backend's business.
  EXPECT_GE(total(), empty + 25);
}

RESULTSDB_CASE(WhatWasWrittenIsNoDamage) {
  const auto expect_sound = [&] {
    for (const Damage& damage : value_of(store().find_damage()))
      ADD_FAILURE() << damage.table << ' ' << damage.key << ": " << damage.what;
  };
  expect_sound();
  fill(store());
  expect_sound();
}

RESULTSDB_CASE(FreshStoresAreIndependent) {
  fill(store());
  const auto other = open_fresh();
  ASSERT_NE(other, nullptr);
  expect_nothing(*other);
  fill(*other);
  EXPECT_EQ(read_suite(*other, "suite"), read_suite(store(), "suite"));
}

/// Durable stores keep what was acknowledged; the others declare that they do not, and offer no way back.
RESULTSDB_CASE(ReopenedStoreHasWhatIsDeclared) {
  fill(store());
  const SuiteImage before = read_suite(store(), "suite");
  const auto document = value_of(store().get_document("collection", "key"));
  const auto commits = all_commits(store(), {.repository = "repo"});
  close();
  if (!backend().capabilities.durable) {
    EXPECT_FALSE(backend().reopen) << "a store that can be opened again has to be declared durable";
    const auto again = open_fresh();
    ASSERT_NE(again, nullptr);
    expect_nothing(*again);
    return;
  }
  ASSERT_TRUE(backend().reopen);
  const auto again = value_of(backend().reopen());
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(read_suite(*again, "suite"), before);
  EXPECT_EQ(value_of(again->get_document("collection", "key")), document);
  EXPECT_EQ(all_commits(*again, {.repository = "repo"}), commits);
}

/// A revision may not miss what any handle wrote; it may be missing altogether.
RESULTSDB_CASE(RevisionChangesWithEveryBatch) {
  std::vector<std::shared_ptr<storage::Storage>> writers;
  if (backend().capabilities.shared_by_processes) writers.push_back(value_of(backend().reopen()));
  std::optional<std::uint64_t> before = store().revision(), asked_before = store().asked_revision();
  EXPECT_EQ(store().revision(), before) << "nothing was written";
  std::uint64_t version = 0;
  const auto compare = [&](std::optional<std::uint64_t>& old, std::optional<std::uint64_t> now) {
    EXPECT_EQ(now.has_value(), old.has_value());
    if (now) {
      EXPECT_NE(now, old) << "version " << version;
    }
    old = now;
  };
  const auto written = [&] {
    compare(before, store().revision());
    compare(asked_before, store().asked_revision());
  };
  for (int round = 0; round < 3; ++round) {
    expect_ok(store().apply(repository_batch("rounds", ++version)));
    written();
    for (const auto& writer : writers) {
      expect_ok(writer->apply(repository_batch("rounds", ++version)));
      written();
    }
  }
  fill(store());
  written();
}

/// Stores that processes share show each handle's batches to the others at once, and intern alike.
RESULTSDB_CASE(SecondHandleSeesWhatIsDeclared) {
  if (!backend().capabilities.shared_by_processes) {
    EXPECT_FALSE(value_of(store().info()).capabilities.shared_by_processes);
    return;
  }
  ASSERT_TRUE(backend().reopen);
  const auto other = value_of(backend().reopen());
  ASSERT_NE(other, nullptr);
  expect_nothing(*other);
  fill(store());
  EXPECT_EQ(read_suite(*other, "suite"), read_suite(store(), "suite"));
  for (const auto& name : {"b", "a", "test", "c"}) {
    const std::string_view names[] = {name};
    EXPECT_EQ(value_of(store().intern_tests("suite", names)), value_of(other->intern_tests("suite", names)));
  }
  expect_ok(other->apply(repository_batch("repo", 2)));
  expect_error(ErrorCode::Conflict, store().apply(repository_batch("repo", 2)));
  expect_ok(store().apply(repository_batch("repo", 3)));
}

}  // namespace
}  // namespace resultsdb::testing
