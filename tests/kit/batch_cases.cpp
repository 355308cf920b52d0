#include <algorithm>

#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(batch_cases)

namespace {

/// One suite with a timeline, a test and runs 1, 2, 3 of all kinds of rows.
struct Filled {
  explicit Filled(Storage& storage) : writer(storage, "suite") {
    timeline = writer.timeline();
    test = writer.test("test");
    SuiteBatch batch = writer.batch();
    batch.listed_tests = {test};
    for (const RunSerial serial : {1u, 2u, 3u}) put_whole_run(batch, make_run(timeline, serial), test);
    expect_ok(writer.apply(batch));
  }
  SuiteWriter writer;
  TimelineId timeline = 0;
  TestId test = 0;
};

RESULTSDB_CASE(BatchIsVisibleAsAWhole) {
  Filled filled(store());
  const SuiteImage image = read_suite(store(), "suite");
  EXPECT_EQ(image.timelines.size(), 1u);
  EXPECT_EQ(image.listed, (std::vector<TestRow>{{filled.test, "test"}}));
  EXPECT_EQ(image.runs.size(), 3u);
  EXPECT_EQ(image.durations.size(), 6u);
  EXPECT_EQ(image.tiles.size(), 3u);
  EXPECT_EQ(image.test_sets.size(), 3u);
  EXPECT_EQ(image.changes.size(), 3u);
  EXPECT_EQ(image.details.size(), 3u);
  EXPECT_EQ(std::count(image.outcomes.begin(), image.outcomes.end(), std::nullopt), 0);
}

RESULTSDB_CASE(FailingPutAtTheEndOfALargeBatchLeavesNothing) {
  Filled filled(store());
  const TestId unlisted = filled.writer.test("unlisted");
  const SuiteImage before = read_suite(store(), "suite");
  for (const bool same_key : {true, false}) {
    SuiteBatch batch = filled.writer.batch();
    batch.listed_tests = {unlisted};
    batch.delete_runs = {{filled.timeline, 2}};
    batch.delete_changes = {before.changes[0].key};
    batch.delete_tiles = {before.tiles[0]};
    for (RunSerial serial = 10; serial < 1010; ++serial) {
      put_whole_run(batch, make_run(filled.timeline, serial, serial), filled.test);
    }
    RunRow& last = batch.put_runs.back();
    if (same_key) {
      std::tie(last.position, last.started, last.variant) =
          std::tuple(before.runs[0].position, before.runs[0].started, before.runs[0].variant);
    } else {
      last.id = before.runs[0].id;
    }
    expect_error(ErrorCode::AlreadyExists, filled.writer.apply(batch));
    EXPECT_EQ(read_suite(store(), "suite"), before);
  }
}

RESULTSDB_CASE(OneStaleTimelineOfManyIsConflict) {
  SuiteWriter writer(store(), "suite");
  const TimelineId first = writer.timeline("a"), second = writer.timeline("b");
  expect_ok(writer.apply(writer.batch()));
  const SuiteImage before = read_suite(store(), "suite");
  for (const int step : {-1, 1}) {
    SuiteBatch batch = writer.batch();
    for (TimelineRow& row : batch.timelines) {
      if (row.id == second) row.version = static_cast<std::uint64_t>(static_cast<int>(row.version) + step);
    }
    batch.put_runs = {make_run(first, 1)};
    expect_error(ErrorCode::Conflict, store().apply(batch));
    EXPECT_EQ(read_suite(store(), "suite"), before);
  }
  expect_ok(writer.apply(writer.batch()));
}

RESULTSDB_CASE(SuiteBatchReplayIsConflictAndChangesNothing) {
  Filled filled(store());
  SuiteBatch batch = filled.writer.batch();
  batch.delete_runs = {{filled.timeline, 1}};
  put_whole_run(batch, make_run(filled.timeline, 4), filled.test);
  expect_ok(filled.writer.apply(batch));
  const SuiteImage before = read_suite(store(), "suite");
  expect_error(ErrorCode::Conflict, store().apply(batch));
  expect_error(ErrorCode::Conflict, store().apply(batch));
  EXPECT_EQ(read_suite(store(), "suite"), before);
}

RESULTSDB_CASE(TimelineVersionsGrowAlone) {
  SuiteWriter writer(store(), "suite");
  const TimelineId first = writer.timeline("a");
  expect_ok(writer.apply(writer.batch()));
  expect_ok(writer.apply(writer.batch()));
  const TimelineId second = writer.timeline("b");
  EXPECT_EQ(value_of(store().find_timelines("suite")).size(), 1u) << "an interned timeline is not listed";
  SuiteBatch only_second = writer.batch();
  std::erase_if(only_second.timelines, [&](const TimelineRow& row) { return row.id == first; });
  expect_ok(writer.apply(only_second));
  const TimelineId wanted[] = {second, first, second + 1};
  const auto rows = value_of(store().find_timelines("suite", wanted));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].id, std::min(first, second));
  for (const TimelineRow& row : rows) EXPECT_EQ(row.version, row.id == first ? 2u : 1u);
}

RESULTSDB_CASE(SuitesDoNotConflictWithEachOther) {
  SuiteWriter one(store(), "one"), two(store(), "two");
  EXPECT_EQ(one.timeline(), two.timeline()) << "ids count per suite";
  for (int round = 0; round < 3; ++round) {
    expect_ok(one.apply(one.batch()));
    expect_ok(two.apply(two.batch()));
  }
  EXPECT_EQ(value_of(store().find_suites()), (std::vector<std::string>{"one", "two"}));
}

RESULTSDB_CASE(DeletesComeBeforePuts) {
  Filled filled(store());
  const SuiteImage before = read_suite(store(), "suite");
  SuiteBatch batch = filled.writer.batch();
  batch.delete_runs = {{filled.timeline, 1}};
  batch.delete_durations = {{filled.timeline, 0, 1, ""}};
  batch.delete_tiles = {{filled.timeline, 0, 0, 1, ""}};
  batch.delete_test_sets = {{filled.timeline, 1, 0, "", ""}};
  batch.delete_changes = {{filled.test, filled.timeline, 100, at(1), ""}};
  batch.delete_details = {{filled.timeline, 1, filled.test, ""}};
  put_whole_run(batch, make_run(filled.timeline, 1), filled.test);
  expect_ok(filled.writer.apply(batch));
  SuiteImage after = read_suite(store(), "suite");
  EXPECT_EQ(after.timelines[0].version, 2u);
  after.timelines = before.timelines;
  EXPECT_EQ(after, before);
}

RESULTSDB_CASE(EachKindOfRowIsDeletedByItsKeyAlone) {
  Filled filled(store());
  SuiteBatch batch = filled.writer.batch();
  batch.delete_durations = {{filled.timeline, 1, 2, "ignored"}};
  batch.delete_tiles = {{filled.timeline, 0, 0, 2, "ignored"}};
  batch.delete_test_sets = {{filled.timeline, 2, 9, "ignored", "ignored"}};
  batch.delete_changes = {{filled.test, filled.timeline, 100, at(2), ""}};
  batch.delete_details = {{filled.timeline, 2, filled.test, "ignored"}};
  expect_ok(filled.writer.apply(batch));
  const SuiteImage image = read_suite(store(), "suite");
  EXPECT_EQ(image.runs.size(), 3u);
  EXPECT_EQ(image.durations.size(), 5u);
  EXPECT_EQ(image.tiles.size(), 2u);
  EXPECT_EQ(image.test_sets.size(), 2u);
  EXPECT_EQ(image.changes.size(), 2u);
  EXPECT_EQ(image.details.size(), 2u);
}

RESULTSDB_CASE(DeletingWhatIsNotThereIsNoError) {
  Filled filled(store());
  SuiteImage before = read_suite(store(), "suite");
  SuiteBatch batch = filled.writer.batch();
  batch.delete_runs = {{filled.timeline, 99}};
  batch.delete_durations = {{filled.timeline, 9, 9, ""}};
  batch.delete_tiles = {{filled.timeline, 9, 9, 9, ""}};
  batch.delete_test_sets = {{filled.timeline, 99, 0, "", ""}};
  batch.delete_changes = {{filled.test, filled.timeline, 1, at(1), ""}};
  batch.delete_details = {{filled.timeline, 99, filled.test, ""}};
  expect_ok(filled.writer.apply(batch));
  before.timelines = batch.timelines;
  EXPECT_EQ(read_suite(store(), "suite"), before);
}

RESULTSDB_CASE(DeletedRunTakesItsOwnRowsAlong) {
  Filled filled(store());
  const SuiteImage before = read_suite(store(), "suite");
  SuiteBatch batch = filled.writer.batch();
  batch.delete_runs = {{filled.timeline, 2}};
  expect_ok(filled.writer.apply(batch));
  const SuiteImage after = read_suite(store(), "suite");
  EXPECT_EQ(after.runs.size(), 2u);
  EXPECT_EQ(after.durations.size(), 4u);
  EXPECT_EQ(after.tiles, before.tiles);
  EXPECT_EQ(after.test_sets, before.test_sets);
  EXPECT_EQ(after.changes, before.changes);
  const RunRef deleted[] = {{filled.timeline, 2}};
  EXPECT_FALSE(value_of(store().read_outcomes("suite", deleted)).at(0).has_value());
  EXPECT_TRUE(value_of(store().read_details("suite", deleted)).empty());

  // Nothing of the earlier run comes back with a later one of the same key.
  batch = filled.writer.batch();
  batch.put_runs = {make_run(filled.timeline, 2)};
  expect_ok(filled.writer.apply(batch));
  EXPECT_EQ(all_runs(store(), {.suite = "suite"}), before.runs);
  EXPECT_FALSE(value_of(store().read_outcomes("suite", deleted)).at(0).has_value());
  EXPECT_TRUE(value_of(store().read_details("suite", deleted)).empty());
  EXPECT_EQ(read_suite(store(), "suite").durations.size(), 4u);
}

RESULTSDB_CASE(PutReplacesTheWholeRow) {
  Filled filled(store());
  const SuiteImage before = read_suite(store(), "suite");
  SuiteBatch batch = filled.writer.batch();
  RunRow run = make_run(filled.timeline, 2, 500);
  run.started = at(77);
  run.id = "another";
  run.state = RunState::Incomplete;
  run.indexed = {{"a", "b"}};
  batch.put_runs = {run};
  batch.put_outcomes = {{filled.timeline, 2, "new"}};
  batch.put_durations = {{filled.timeline, 0, 2, "new"}};
  batch.put_tiles = {{filled.timeline, 0, 0, 2, "new"}};
  batch.put_test_sets = {{filled.timeline, 2, 1, "new", "new"}};
  batch.put_details = {{filled.timeline, 2, filled.test, "new"}};
  batch.put_changes = {{before.changes[1].key, 7}};
  expect_ok(filled.writer.apply(batch));
  const SuiteImage after = read_suite(store(), "suite");
  EXPECT_EQ(after.runs.size(), 3u);
  EXPECT_EQ(after.runs[0], run) << "the largest position is first";
  EXPECT_EQ(after.changes[1].outcome, 7u);
  EXPECT_EQ(after.test_sets[1], batch.put_test_sets[0]);
  EXPECT_EQ(after.tiles[1], batch.put_tiles[0]);
  EXPECT_EQ(after.details[1], batch.put_details[0]);
  EXPECT_EQ(after.outcomes[0], "new");
  EXPECT_EQ(after.durations.size(), 6u);
  // Indexed attributes follow the row, both ways.
  EXPECT_EQ(value_of(store().count_runs({.suite = "suite", .attributes = {{"a", "b"}}})), 1u);
  batch = filled.writer.batch();
  run.indexed.clear();
  batch.put_runs = {run};
  expect_ok(filled.writer.apply(batch));
  EXPECT_EQ(value_of(store().count_runs({.suite = "suite", .attributes = {{"a", "b"}}})), 0u);
}

RESULTSDB_CASE(NaturalKeyAndPublicIdOfARunAreUnique) {
  Filled filled(store());
  const TimelineId other = filled.writer.timeline("other");
  const SuiteImage before = read_suite(store(), "suite");
  RunRow same_key = make_run(filled.timeline, 9);
  same_key.started = at(1);
  SuiteBatch batch = filled.writer.batch();
  batch.put_runs = {same_key};
  expect_error(ErrorCode::AlreadyExists, filled.writer.apply(batch));
  RunRow same_id = make_run(other, 1);
  same_id.id = before.runs[0].id;
  batch.put_runs = {same_id};
  expect_error(ErrorCode::AlreadyExists, filled.writer.apply(batch));
  EXPECT_EQ(read_suite(store(), "suite"), before);

  // The same natural key on another timeline, another variant, or the same id in another suite are free.
  RunRow variant = same_key;
  variant.variant = "v";
  RunRow elsewhere = make_run(other, 1);
  elsewhere.started = at(1);
  batch.put_runs = {variant, elsewhere};
  expect_ok(filled.writer.apply(batch));
  SuiteWriter second(store(), "second");
  second.timeline();
  batch = second.batch();
  batch.put_runs = {before.runs[0]};
  expect_ok(second.apply(batch));
}

RESULTSDB_CASE(DeletedRunFreesItsKeysInTheSameBatch) {
  Filled filled(store());
  RunRow heir = make_run(filled.timeline, 9);
  heir.started = at(1);
  heir.id = make_run(filled.timeline, 2).id;
  SuiteBatch batch = filled.writer.batch();
  batch.delete_runs = {{filled.timeline, 1}, {filled.timeline, 2}};
  batch.put_runs = {heir};
  expect_ok(filled.writer.apply(batch));
  const auto runs = all_runs(store(), {.suite = "suite", .ascending = true});
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0], heir);
}

/// As large as an upload of 100,000 results on a young timeline.
RESULTSDB_CASE(HundredThousandResults) {
  constexpr std::size_t kResults = 100'000;
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kResults; ++i) names.push_back("folder/test-" + std::to_string(i) + ".html");
  const auto tests = writer.tests(names);
  SuiteBatch batch = writer.batch();
  batch.listed_tests = tests;
  const RunRow run = make_run(timeline, 1);
  batch.put_runs = {run};
  batch.put_outcomes = {{timeline, 1, Bytes(3 * kResults, 'o')}};
  batch.put_test_sets = {{timeline, 1, 0, Bytes(kResults / 8, 's'), "hash"}};
  for (std::uint32_t chunk = 0; chunk < kResults / 4096 + 1; ++chunk) {
    batch.put_durations.push_back({timeline, chunk, 1, Bytes(8192, 'd')});
  }
  for (const TestId test : tests) {
    batch.put_changes.push_back({{test, timeline, run.position, run.started, ""}, test % 7});
  }
  expect_ok(writer.apply(batch));
  EXPECT_EQ(value_of(store().count_tests("suite")), kResults);
  auto changes = value_of(store().find_changes({.suite = "suite"}));
  std::sort(batch.put_changes.begin(), batch.put_changes.end());
  EXPECT_TRUE(changes == batch.put_changes);
  const TestId some[] = {tests[99'999], tests[0]};
  EXPECT_EQ(value_of(store().read_test_names("suite", some)),
            (std::vector<std::string>{names[99'999], names[0]}));

  SuiteBatch undo = writer.batch();
  undo.delete_runs = {run.ref()};
  for (const ChangeRow& change : changes) undo.delete_changes.push_back(change.key);
  expect_ok(writer.apply(undo));
  EXPECT_TRUE(value_of(store().find_changes({.suite = "suite"})).empty());
  EXPECT_TRUE(all_runs(store(), {.suite = "suite"}).empty());
}

RESULTSDB_CASE(ThousandsOfKeysInOneRead) {
  constexpr RunSerial kRuns = 3000;
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  const TestId test = writer.test("test");
  SuiteBatch batch = writer.batch();
  std::vector<RunRef> refs;
  std::vector<DurationQuery> queries;
  for (RunSerial serial = kRuns; serial > 0; --serial) {
    put_whole_run(batch, make_run(timeline, serial), test);
    refs.push_back({timeline, serial});
    queries.push_back({.timeline = timeline, .chunk = 0, .serials = {serial, serial}});
  }
  expect_ok(writer.apply(batch));
  refs.push_back({timeline, kRuns + 1});
  refs.push_back(refs[0]);
  const auto outcomes = value_of(store().read_outcomes("suite", refs));
  ASSERT_EQ(outcomes.size(), refs.size());
  for (RunSerial i = 0; i < kRuns; ++i) ASSERT_EQ(outcomes[i], batch.put_outcomes[i].blob);
  EXPECT_FALSE(outcomes[kRuns].has_value());
  EXPECT_EQ(outcomes[kRuns + 1], outcomes[0]) << "a run may be asked for twice";
  refs.resize(kRuns);
  const auto details = value_of(store().read_details("suite", refs));
  ASSERT_EQ(details.size(), kRuns);
  for (RunSerial i = 0; i < kRuns; ++i) ASSERT_EQ(details[i].serial, i + 1);
  const auto raw = value_of(store().read_durations("suite", queries)).raw;
  ASSERT_EQ(raw.size(), kRuns);
  for (RunSerial i = 0; i < kRuns; ++i) ASSERT_EQ(raw[i].serial, i + 1);
  std::vector<TestId> tests(kRuns, test + 1);
  tests.back() = test;
  EXPECT_EQ(value_of(store().find_changes({.suite = "suite", .tests = tests})).size(), kRuns);
  std::vector<TimelineId> timelines;
  for (TimelineId id = 0; id < kRuns; ++id) timelines.push_back(id);
  EXPECT_EQ(value_of(store().count_runs({.suite = "suite", .timelines = timelines})), kRuns);
  EXPECT_EQ(value_of(store().find_timelines("suite", timelines)).size(), 1u);
}

}  // namespace
}  // namespace resultsdb::testing
