#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(empty_store_cases)

namespace {

void expect_no_suite(Storage& storage, const std::string& suite) {
  SCOPED_TRACE(suite);
  EXPECT_EQ(read_suite(storage, suite), SuiteImage());
  EXPECT_EQ(value_of(storage.count_tests(suite)), 0u);
  EXPECT_EQ(value_of(storage.count_runs({.suite = suite})), 0u);
  const std::string_view names[] = {"a", "b"};
  EXPECT_EQ(value_of(storage.look_up_tests(suite, names)), std::vector<std::optional<TestId>>(2));
  const TimelineId timelines[] = {0, 1, 7};
  EXPECT_TRUE(value_of(storage.find_timelines(suite, timelines)).empty());
  const RunRef runs[] = {{1, 1}, {2, 1}};
  EXPECT_EQ(value_of(storage.read_outcomes(suite, runs)), std::vector<std::optional<Bytes>>(2));
  EXPECT_TRUE(value_of(storage.read_details(suite, runs)).empty());
  EXPECT_TRUE(value_of(storage.read_test_sets(suite, 1)).empty());
  const DurationQuery durations[] = {{.timeline = 1, .chunk = 0, .block = 0}};
  const Durations found = value_of(storage.read_durations(suite, durations));
  EXPECT_TRUE(found.raw.empty());
  EXPECT_TRUE(found.tiles.empty());
  EXPECT_TRUE(value_of(storage.find_changes({.suite = suite, .tests = {1}, .timelines = {1}})).empty());
  const auto both = value_of(storage.find_changes_and_timelines({.suite = suite, .tests = {1}}));
  EXPECT_TRUE(both.changes.empty() && both.timelines.empty());
}

RESULTSDB_CASE(EveryReadOfAnEmptyStoreIsEmpty) {
  EXPECT_TRUE(value_of(store().find_suites()).empty());
  EXPECT_TRUE(value_of(store().find_repositories()).empty());
  EXPECT_TRUE(value_of(store().list_collections()).empty());
  expect_no_suite(store(), "nowhere");
  EXPECT_TRUE(all_commits(store(), {.repository = "nowhere"}).empty());
  EXPECT_TRUE(value_of(store().list_branches("nowhere")).empty());
  EXPECT_FALSE(value_of(store().get_document("nowhere", "key")).has_value());
  EXPECT_TRUE(all_documents(store(), {.collection = "nowhere"}).empty());
}

RESULTSDB_CASE(ReadingCreatesNothing) {
  expect_no_suite(store(), "nowhere");
  EXPECT_TRUE(value_of(store().find_suites()).empty());
  EXPECT_TRUE(value_of(store().find_repositories()).empty());
}

RESULTSDB_CASE(NeighboursOfAFullSuiteStayEmpty) {
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  SuiteBatch batch = writer.batch();
  batch.listed_tests = {writer.test("test")};
  put_whole_run(batch, make_run(timeline, 1), batch.listed_tests[0]);
  expect_ok(writer.apply(batch));
  for (const char* name : {"suit", "suite2", "Suite", "suite ", "s%", "_____", "*", "repo"}) {
    expect_no_suite(store(), name);
  }
  expect_ok(store().apply(repository_batch("repo", 1, {make_commit("main", 1, "aa")})));
  for (const char* name : {"rep", "repo2", "Repo", "repo ", "%", "____"}) {
    EXPECT_TRUE(all_commits(store(), {.repository = name}).empty()) << name;
    EXPECT_TRUE(value_of(store().list_branches(name)).empty()) << name;
  }
  expect_ok(store().apply(DocumentBatch{.collection = "docs", .puts = {put_document("key")}}));
  for (const char* name : {"doc", "docs2", "Docs", "docs ", "%", "____"}) {
    EXPECT_TRUE(all_documents(store(), {.collection = name}).empty()) << name;
    EXPECT_FALSE(value_of(store().get_document(name, "key")).has_value()) << name;
  }
}

RESULTSDB_CASE(UnknownTestIdIsNotFound) {
  const TestId ids[] = {5};
  expect_error(ErrorCode::NotFound, store().read_test_names("nowhere", ids));
  SuiteWriter writer(store(), "suite");
  const TestId known = writer.test("test");
  const TestId mixed[] = {known, known + 1};
  expect_error(ErrorCode::NotFound, store().read_test_names("suite", mixed));
  EXPECT_EQ(value_of(store().read_test_names("suite", std::span(mixed, 1))),
            std::vector<std::string>{"test"});
}

RESULTSDB_CASE(EmptyRequestsHaveEmptyAnswers) {
  EXPECT_TRUE(value_of(store().intern_tests("suite", {})).empty());
  EXPECT_TRUE(value_of(store().intern_outcomes("suite", {})).empty());
  EXPECT_TRUE(value_of(store().intern_configurations("suite", {})).empty());
  EXPECT_TRUE(value_of(store().intern_timelines("suite", {})).empty());
  EXPECT_TRUE(value_of(store().look_up_tests("suite", {})).empty());
  EXPECT_TRUE(value_of(store().read_test_names("suite", {})).empty());
  EXPECT_TRUE(value_of(store().read_outcomes("suite", {})).empty());
  EXPECT_TRUE(value_of(store().read_details("suite", {})).empty());
  EXPECT_TRUE(value_of(store().read_durations("suite", {})).raw.empty());
}

}  // namespace
}  // namespace resultsdb::testing
