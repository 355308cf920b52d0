#include <algorithm>
#include <set>

#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(interning_cases)

namespace {

/// Sorted, the ids are `first`, `first` + 1, …
void expect_dense(std::vector<std::uint32_t> ids, std::uint32_t first) {
  std::sort(ids.begin(), ids.end());
  for (std::size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], first + i);
}

RESULTSDB_CASE(TestIdsAreDenseAndRepeatable) {
  const std::string_view names[] = {"c", "a", "b"};
  const auto ids = value_of(store().intern_tests("suite", names));
  ASSERT_EQ(ids.size(), 3u);
  expect_dense(ids, 0);
  EXPECT_EQ(value_of(store().intern_tests("suite", names)), ids);
  const std::string_view more[] = {"b", "d", "c", "e", "a"};
  const auto with_more = value_of(store().intern_tests("suite", more));
  ASSERT_EQ(with_more.size(), 5u);
  EXPECT_EQ((std::vector{with_more[0], with_more[2], with_more[4]}), (std::vector{ids[2], ids[0], ids[1]}));
  expect_dense(with_more, 0);
  const std::string_view other[] = {"z"};
  EXPECT_EQ(value_of(store().intern_tests("other", other)), std::vector<TestId>{0}) << "ids count per suite";
}

RESULTSDB_CASE(DuplicatesInOneCallGetOneId) {
  const std::string_view names[] = {"b", "a", "b", "b", "a"};
  const auto ids = value_of(store().intern_tests("suite", names));
  ASSERT_EQ(ids.size(), 5u);
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_EQ(ids[0], ids[3]);
  EXPECT_EQ(ids[1], ids[4]);
  expect_dense({ids[0], ids[1]}, 0);
  EXPECT_EQ(value_of(store().scan_tests("suite", 0, 100)).size(), 2u);

  const OutcomeKey keys[] = {{"PASS", "FAIL", {}}, {"PASS", "PASS", {}}, {"PASS", "FAIL", {}}};
  EXPECT_EQ(value_of(store().intern_outcomes("suite", keys)), (std::vector<OutcomeId>{1, 0, 1}));
  const std::string_view configurations[] = {"a=b", "", "a=b"};
  EXPECT_EQ(value_of(store().intern_configurations("suite", configurations)),
            (std::vector<ConfigurationId>{1, 2, 1}));
  const TimelineKey timelines[] = {{"main", 1}, {"main", 2}, {"main", 1}, {"", 1}};
  EXPECT_EQ(value_of(store().intern_timelines("suite", timelines)), (std::vector<TimelineId>{1, 2, 1, 3}));
}

RESULTSDB_CASE(PlainPassIsAlwaysZeroAndNoRow) {
  const OutcomeKey keys[] = {{"PASS", "PASS", {}}, {"PASS", "FAIL", {}}, {"PASS", "PASS", {}, true}};
  EXPECT_EQ(value_of(store().intern_outcomes("suite", keys)), (std::vector<OutcomeId>{0, 1, 2}));
  const auto rows = value_of(store().find_outcomes("suite", 0));
  EXPECT_EQ(rows, (std::vector<OutcomeRow>{{1, keys[1]}, {2, keys[2]}}));
  EXPECT_EQ(value_of(store().find_outcomes("suite", 2)).size(), 1u);
  EXPECT_TRUE(value_of(store().find_outcomes("suite", 3)).empty());
}

RESULTSDB_CASE(OutcomesDifferInEachMember) {
  const OutcomeKey keys[] = {{"A", "B", {}},       {"B", "A", {}}, {"A", "B", ""}, {"A", "B", "{}"},
                             {"A", "B", {}, true}, {"AB", "", {}}, {"", "AB", {}}, {"a", "B", {}}};
  expect_dense(value_of(store().intern_outcomes("suite", keys)), 1);
  EXPECT_EQ(value_of(store().find_outcomes("suite")).size(), std::size(keys));
}

RESULTSDB_CASE(InternedNamesAreUnlistedUntilUsed) {
  SuiteWriter writer(store(), "suite");
  const auto tests = writer.tests({"c", "a", "b"});
  writer.timeline();
  EXPECT_TRUE(value_of(store().find_suites()).empty());
  EXPECT_TRUE(value_of(store().find_timelines("suite")).empty());
  EXPECT_TRUE(all_tests(store(), {.suite = "suite"}).empty());
  EXPECT_EQ(value_of(store().count_tests("suite")), 0u);
  EXPECT_EQ(value_of(store().scan_tests("suite", 0, 100)).size(), 3u);
  SuiteBatch batch = writer.batch();
  batch.listed_tests = {tests[0], tests[2]};
  expect_ok(writer.apply(batch));
  EXPECT_EQ(value_of(store().find_suites()), std::vector<std::string>{"suite"});
  EXPECT_EQ(names_of(all_tests(store(), {.suite = "suite"})), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(value_of(store().count_tests("suite")), 2u);
  batch = writer.batch();
  batch.listed_tests = {tests[2], tests[1]};
  expect_ok(writer.apply(batch));
  EXPECT_EQ(value_of(store().count_tests("suite")), 3u) << "listing a listed test is no error";
}

RESULTSDB_CASE(ScanGivesAllTestsById) {
  SuiteWriter writer(store(), "suite");
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("test " + std::to_string(i * 7919 % 50));
  auto ids = writer.tests(names);
  std::vector<TestRow> wanted;
  for (std::size_t i = 0; i < names.size(); ++i) wanted.push_back({ids[i], names[i]});
  std::sort(wanted.begin(), wanted.end(), [](const TestRow& a, const TestRow& b) { return a.id < b.id; });
  EXPECT_EQ(value_of(store().scan_tests("suite", 0, 100)), wanted);
  for (std::uint32_t limit = 1; limit <= 8; ++limit) {
    std::vector<TestRow> found;
    for (TestId first = 0; found.size() < 1000; first = found.back().id + 1) {
      const auto rows = value_of(store().scan_tests("suite", first, limit));
      EXPECT_LE(rows.size(), limit);
      if (rows.empty()) break;
      found.insert(found.end(), rows.begin(), rows.end());
    }
    EXPECT_EQ(found, wanted) << "limit " << limit;
  }
}

RESULTSDB_CASE(LookUpCreatesNothing) {
  SuiteWriter writer(store(), "suite");
  const TestId known = writer.test("known");
  const std::string_view names[] = {"x", "known", "KNOWN", "known", "know"};
  const std::vector<std::optional<TestId>> wanted = {{}, known, {}, known, {}};
  EXPECT_EQ(value_of(store().look_up_tests("suite", names)), wanted);
  EXPECT_EQ(value_of(store().look_up_tests("suite", names)), wanted);
  EXPECT_EQ(value_of(store().scan_tests("suite", 0, 100)).size(), 1u);
}

RESULTSDB_CASE(NamesComeInTheOrderAsked) {
  SuiteWriter writer(store(), "suite");
  const std::vector<std::string> names = {"z", "y", "x", "w"};
  const auto ids = writer.tests(names);
  const TestId asked[] = {ids[3], ids[0], ids[2], ids[0]};
  EXPECT_EQ(value_of(store().read_test_names("suite", asked)),
            (std::vector<std::string>{"w", "z", "x", "z"}));
}

RESULTSDB_CASE(FullDictionaryRefusesAndAddsNothing) {
  std::vector<OutcomeKey> keys;
  for (std::size_t i = 0; i < limits::kOutcomesPerSuite; ++i) keys.push_back({"PASS", std::to_string(i), {}});
  const std::span<const OutcomeKey> all(keys);
  const auto ids = value_of(store().intern_outcomes("suite", all.first(limits::kOutcomesPerSuite - 2)));
  expect_dense(ids, 1);
  const OutcomeKey three[] = {{"A", "", {}}, keys[0], {"B", "", {}}, {"C", "", {}}};
  expect_error(ErrorCode::ResourceExhausted, store().intern_outcomes("suite", three));
  EXPECT_EQ(value_of(store().find_outcomes("suite")).size(), ids.size());
  expect_dense(value_of(store().intern_outcomes("suite", all)), 1);
  expect_error(ErrorCode::ResourceExhausted, store().intern_outcomes("suite", std::span(three, 1)));
  // What is there already, plain passes and other suites are not concerned.
  const OutcomeKey known[] = {{"PASS", "PASS", {}}, keys[7]};
  EXPECT_EQ(value_of(store().intern_outcomes("suite", known)), (std::vector<OutcomeId>{0, ids[7]}));
  EXPECT_EQ(value_of(store().intern_outcomes("other", std::span(three, 1))), std::vector<OutcomeId>{1});
  EXPECT_EQ(value_of(store().find_outcomes("suite")).size(), limits::kOutcomesPerSuite);
}

RESULTSDB_CASE(RefusedCallUsesUpNoIds) {
  const std::string_view bad[] = {"fine", "\xff"};
  expect_error(ErrorCode::InvalidArgument, store().intern_tests("suite", bad));
  EXPECT_TRUE(value_of(store().scan_tests("suite", 0, 100)).empty());
  const std::string_view good[] = {"good", "fine"};
  const auto ids = value_of(store().intern_tests("suite", good));
  ASSERT_EQ(ids.size(), 2u);
  expect_dense(ids, 0);
}

RESULTSDB_CASE(ConfigurationsAndTimelinesReadBackById) {
  const std::string_view keys[] = {"os=b", "os=a", "os=c"};
  const auto ids = value_of(store().intern_configurations("suite", keys));
  expect_dense(ids, 1);
  const auto rows = value_of(store().find_configurations("suite"));
  ASSERT_EQ(rows.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(rows[i].id, i + 1);
    const auto asked = std::find(ids.begin(), ids.end(), rows[i].id) - ids.begin();
    EXPECT_EQ(rows[i].key, keys[asked]);
  }
  EXPECT_EQ(value_of(store().find_configurations("suite", 3)).size(), 1u);
  SuiteWriter writer(store(), "suite");
  const TimelineId one = writer.timeline("b", "os=c"), two = writer.timeline("a", "os=b");
  EXPECT_EQ(writer.timeline("b", "os=c"), one);
  expect_dense({one, two}, 1);
  expect_ok(writer.apply(writer.batch()));
  const auto timelines = value_of(store().find_timelines("suite"));
  ASSERT_EQ(timelines.size(), 2u);
  EXPECT_EQ(timelines[0].key, (TimelineKey{"b", ids[2]}));
  EXPECT_EQ(timelines[1].key, (TimelineKey{"a", ids[0]}));
}

}  // namespace
}  // namespace resultsdb::testing
