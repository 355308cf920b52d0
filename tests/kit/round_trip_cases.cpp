#include <algorithm>
#include <limits>

#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(round_trip_cases)

namespace {

constexpr auto kMax32 = std::numeric_limits<std::uint32_t>::max();

std::vector<std::string> sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

/// A row with every member at the far end of its range.
RunRow extreme_run(TimelineId timeline) {
  return {.timeline = timeline,
          .serial = kMax32,
          .position = limits::kMaxPosition,
          .started = last_time(),
          .variant = std::string(limits::kNameBytes, 'v'),
          .id = std::string(limits::kPublicIdBytes, ':'),
          .received = first_time(),
          .state = RunState::Running,
          .lease_until = last_time(),
          .test_set = kMax32,
          .covered = kMax32,
          .lost = kMax32,
          .counters = all_bytes(),
          .digest = all_bytes().substr(0, 64),
          .header = "{\"text\":\"\U0001f980\u0001\"}",
          .indexed = {{"z", "last name first"}, {"a", ""}, {"a", "2"}, {"a", "1"}, {"%", "_"}}};
}

RESULTSDB_CASE(RunsAtTheEndsOfAllRanges) {
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  RunRow low{.timeline = timeline,
             .serial = 0,
             .position = -limits::kMaxPosition,
             .started = first_time(),
             .id = "-",
             .received = last_time(),
             .state = RunState::Incomplete};
  const RunRow high = extreme_run(timeline);
  SuiteBatch batch = writer.batch();
  batch.put_runs = {high, low};
  batch.timelines[0].order_key = OrderKey::Time;
  batch.timelines[0].runs = kMax32;
  batch.timelines[0].first_position = -limits::kMaxPosition;
  batch.timelines[0].last_position = limits::kMaxPosition;
  batch.timelines[0].last_received = first_time();
  batch.timelines[0].next_serial = kMax32;
  batch.timelines[0].state = all_bytes();
  expect_ok(writer.apply(batch));
  const auto runs = all_runs(store(), {.suite = "suite", .ascending = true});
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0], low);
  EXPECT_EQ(runs[1], high);
  EXPECT_EQ(value_of(store().find_timelines("suite")), batch.timelines);
  for (const Position position : {limits::kMaxPosition, -limits::kMaxPosition}) {
    EXPECT_EQ(value_of(store().count_runs({.suite = "suite", .position = {position, position}})), 1u);
  }
  EXPECT_EQ(value_of(store().count_runs({.suite = "suite", .started = {first_time(), first_time()}})), 1u);
}

RESULTSDB_CASE(EveryRunState) {
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  SuiteBatch batch = writer.batch();
  const RunState states[] = {RunState::Running, RunState::Final, RunState::Failed, RunState::Incomplete};
  for (const RunState state : states) {
    RunRow run = make_run(timeline, static_cast<RunSerial>(batch.put_runs.size() + 1));
    run.state = state;
    if (state == RunState::Running) run.lease_until = at(-5);
    batch.put_runs.push_back(run);
  }
  expect_ok(writer.apply(batch));
  EXPECT_EQ(all_runs(store(), {.suite = "suite", .ascending = true}), batch.put_runs);
}

RESULTSDB_CASE(BlobsOfAllBytesAndOfNone) {
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  const TestId test = writer.test("test");
  SuiteBatch batch = writer.batch();
  std::vector<RunRef> refs;
  for (const Bytes& blob : {Bytes(), Bytes(1, '\0'), all_bytes(), Bytes(5, '\0') + "x", Bytes("\xff\xfe")}) {
    const auto serial = static_cast<RunSerial>(refs.size() + 1);
    refs.push_back({timeline, serial});
    batch.put_runs.push_back(make_run(timeline, serial));
    batch.put_outcomes.push_back({timeline, serial, blob});
    batch.put_durations.push_back({timeline, 3, serial, blob});
    batch.put_tiles.push_back({timeline, 2, 1, serial, blob});
    batch.put_test_sets.push_back({timeline, serial, serial - 1, blob, blob});
    batch.put_details.push_back({timeline, serial, test, blob});
  }
  expect_ok(writer.apply(batch));
  const SuiteImage image = read_suite(store(), "suite");
  const auto outcomes = value_of(store().read_outcomes("suite", refs));
  ASSERT_EQ(outcomes.size(), refs.size());
  for (std::size_t i = 0; i < refs.size(); ++i) EXPECT_EQ(outcomes[i], batch.put_outcomes[i].blob) << i;
  EXPECT_EQ(image.durations, batch.put_durations);
  EXPECT_EQ(image.tiles, batch.put_tiles);
  EXPECT_EQ(image.test_sets, batch.put_test_sets);
  EXPECT_EQ(image.details, batch.put_details);
}

RESULTSDB_CASE(KeysAtTheEndsOfAllRanges) {
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  const TestId test = writer.test("test");
  SuiteBatch batch = writer.batch();
  batch.put_durations = {{timeline, 0, kMax32, "a"}, {timeline, kMax32, 0, "b"}};
  batch.put_tiles = {{timeline, kMax32, 0, kMax32, "a"}, {timeline, kMax32, 1, 0, "b"}};
  batch.put_test_sets = {{timeline, 1, kMax32, "a", ""}, {timeline, kMax32, 0, "b", "h"}};
  batch.put_changes = {{{test, timeline, -limits::kMaxPosition, first_time(), ""}, kMax32},
                       {{test, timeline, limits::kMaxPosition, last_time(), "\U0010ffff"}, 0}};
  expect_ok(writer.apply(batch));
  const DurationQuery queries[] = {{.timeline = timeline, .chunk = 0},
                                   {.timeline = timeline, .chunk = kMax32, .block = kMax32}};
  const Durations durations = value_of(store().read_durations("suite", queries));
  EXPECT_EQ(durations.raw, batch.put_durations);
  EXPECT_EQ(durations.tiles, batch.put_tiles);
  EXPECT_EQ(value_of(store().read_test_sets("suite", timeline)), batch.put_test_sets);
  EXPECT_EQ(value_of(store().read_test_sets("suite", timeline, kMax32)).size(), 1u);
  EXPECT_EQ(value_of(store().find_changes({.suite = "suite"})), batch.put_changes);
}

RESULTSDB_CASE(DetailsOfOneMegabyte) {
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  const auto tests = writer.tests({"a", "b", "c"});
  SuiteBatch batch = writer.batch();
  batch.put_runs = {make_run(timeline, 1)};
  for (const TestId test : tests) {
    Bytes blob(1 << 20, '\0');
    for (char& byte : blob) byte = static_cast<char>(random());
    batch.put_details.push_back({timeline, 1, test, std::move(blob)});
  }
  expect_ok(writer.apply(batch));
  const RunRef refs[] = {{timeline, 1}};
  EXPECT_TRUE(value_of(store().read_details("suite", refs)) == batch.put_details);
  const TestId one[] = {tests[1]};
  const auto found = value_of(store().read_details("suite", refs, one));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0] == batch.put_details[1]);
}

RESULTSDB_CASE(HardTestNames) {
  SuiteWriter writer(store(), "suite");
  const auto names = hard_names();
  const auto ids = writer.tests(names);
  EXPECT_EQ(value_of(store().read_test_names("suite", ids)), names);
  const auto found = value_of(store().look_up_tests("suite", views(names)));
  ASSERT_EQ(found.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(found[i], ids[i]) << names[i];
  SuiteBatch batch = writer.batch();
  batch.listed_tests = ids;
  expect_ok(writer.apply(batch));
  EXPECT_EQ(names_of(all_tests(store(), {.suite = "suite"})), sorted(names));
  for (const std::string& name : names) {
    for (const TestRow& row : all_tests(store(), {.suite = "suite", .prefix = name})) {
      EXPECT_EQ(row.name.compare(0, name.size(), name), 0) << name << " is no prefix of " << row.name;
    }
  }
}

RESULTSDB_CASE(HardSuiteNames) {
  std::vector<std::string> names = hard_names();
  for (const std::string& name : names) {
    SuiteWriter writer(store(), name);
    const TimelineId timeline = writer.timeline();
    SuiteBatch batch = writer.batch();
    batch.put_runs = {make_run(timeline, 1)};
    batch.put_runs[0].header = "\"" + std::to_string(name.size()) + "\"";
    expect_ok(writer.apply(batch));
  }
  EXPECT_EQ(value_of(store().find_suites()), sorted(names));
  for (const std::string& name : names) {
    const auto runs = all_runs(store(), {.suite = name});
    ASSERT_EQ(runs.size(), 1u) << name;
    EXPECT_EQ(runs[0].header, "\"" + std::to_string(name.size()) + "\"");
  }
}

RESULTSDB_CASE(HardBranchesConfigurationsAndVariants) {
  SuiteWriter writer(store(), "suite");
  std::vector<std::string> names = hard_names();
  names.emplace_back();
  std::vector<TimelineId> ids;
  for (const std::string& name : names) ids.push_back(writer.timeline(name, ""));
  const TestId test = writer.test("test");
  SuiteBatch batch = writer.batch();
  RunSerial serial = 0;
  for (const std::string& name : names) {
    RunRow run = make_run(ids[0], ++serial);
    run.started = at(0);
    run.variant = name;
    batch.put_runs.push_back(run);
    batch.put_changes.push_back({{test, ids[0], run.position, run.started, name}, serial});
  }
  expect_ok(writer.apply(batch));
  const auto timelines = value_of(store().find_timelines("suite"));
  ASSERT_EQ(timelines.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const TimelineId wanted[] = {ids[i]};
    const auto one = value_of(store().find_timelines("suite", wanted));
    ASSERT_EQ(one.size(), 1u);
    EXPECT_EQ(one[0].key.branch, names[i]);
  }
  std::vector<std::string> variants, changed;
  for (const RunRow& run : all_runs(store(), {.suite = "suite", .ascending = true})) {
    variants.push_back(run.variant);
  }
  for (const ChangeRow& row : value_of(store().find_changes({.suite = "suite"}))) {
    changed.push_back(row.key.variant);
  }
  EXPECT_EQ(variants, sorted(names));
  EXPECT_EQ(changed, sorted(names));
}

RESULTSDB_CASE(HardConfigurationKeys) {
  std::vector<std::string> keys = {""};
  for (const std::string& name : hard_names()) {
    if (name.size() <= limits::kFacetBytes) keys.push_back(Configuration({{name, name}, {"z", ""}}).key());
  }
  const auto ids = value_of(store().intern_configurations("suite", views(keys)));
  const auto rows = value_of(store().find_configurations("suite"));
  ASSERT_EQ(rows.size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(rows[i], (ConfigurationRow{ids[i], keys[i]}));
}

RESULTSDB_CASE(HardOutcomes) {
  std::vector<OutcomeKey> keys = {
      {"PASS", "PASS", ""}, {"", "", {}}, {"", "", ""}, {"PASS", "PASS", {}, true}};
  for (const std::string& name : hard_names()) {
    if (name.size() > limits::kOutcomeBytes / 4) continue;
    keys.push_back({name, "PASS", {}});
    keys.push_back({"PASS", name, {}});
    keys.push_back({"PASS", "PASS", name});
  }
  keys.push_back({"PASS", std::string(limits::kOutcomeBytes - 4, 'x'), {}});
  const auto ids = value_of(store().intern_outcomes("suite", keys));
  const auto rows = value_of(store().find_outcomes("suite"));
  ASSERT_EQ(rows.size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(rows[i], (OutcomeRow{ids[i], keys[i]})) << i;
}

RESULTSDB_CASE(HardCommits) {
  std::vector<CommitRow> commits;
  std::vector<std::string> branches;
  for (const std::string& name : hard_names()) {
    CommitRow commit{.repository = "repo",
                     .branch = name,
                     .hash = std::string(64, 'f'),
                     .revision = std::numeric_limits<std::int64_t>::max(),
                     .identifier = "1@main",
                     .timestamp = commits.size() % 2 == 0 ? first_time() : last_time(),
                     .order = commits.size() % 2 == 0 ? limits::kMaxPosition : 0,
                     .author = {name, {"a@b", "\U0001f980"}},
                     .message = name + "\n\nmore",
                     .parents = {std::string(40, 'a'), "0"},
                     .position = commits.size() % 2 == 0 ? limits::kMaxPosition : -limits::kMaxPosition};
    commits.push_back(std::move(commit));
    branches.push_back(name);
  }
  commits.push_back({.repository = "repo", .branch = "", .identifier = "2@main", .position = 0});
  commits.push_back({.repository = "repo", .branch = "", .revision = 1, .position = 0});
  branches.emplace_back();
  expect_ok(store().apply(repository_batch("repo", 1, commits)));
  EXPECT_EQ(value_of(store().list_branches("repo")), sorted(branches));
  for (const CommitRow& commit : commits) {
    const auto found = all_commits(
        store(), {.repository = "repo", .branch = commit.branch, .identifier = commit.identifier});
    if (commit.identifier.empty()) {
      EXPECT_EQ(found.size(), 2u);
      continue;
    }
    ASSERT_EQ(found.size(), 1u) << commit.branch;
    EXPECT_EQ(found[0], commit);
  }
}

RESULTSDB_CASE(HardRepositoriesAndCollections) {
  const auto names = hard_names();
  for (const std::string& name : names) {
    expect_ok(store().apply(repository_batch(name, 1, {make_commit("main", 1, "aa")})));
    expect_ok(store().apply(DocumentBatch{.collection = name, .puts = {put_document(name, "1")}}));
  }
  std::vector<std::string> found;
  for (const RepositoryRow& row : value_of(store().find_repositories())) {
    EXPECT_EQ(row.text, "text 1");
    found.push_back(row.name);
  }
  EXPECT_EQ(found, sorted(names));
  for (const std::string& name : names) {
    const auto commits = all_commits(store(), {.repository = name});
    ASSERT_EQ(commits.size(), 1u) << name;
    EXPECT_EQ(commits[0].repository, name);
    EXPECT_EQ(names_of(all_documents(store(), {.collection = name})), std::vector<std::string>{name});
  }
}

RESULTSDB_CASE(HardDocuments) {
  DocumentBatch batch{.collection = "docs"};
  for (const std::string& name : hard_names()) {
    DocumentPut put = put_document(name, R"({"b":1.0,"a":[12345678901234567890123,"\ud800"],"b":2e+5 })");
    put.document.attributes = {{name, name}, {"z", ""}, {"a", "2"}, {"a", "1"}};
    put.document.unique = {{"z", name}, {name, ""}};
    batch.puts.push_back(put);
  }
  expect_ok(store().apply(batch));
  for (const DocumentPut& put : batch.puts) {
    Document wanted = put.document;
    wanted.collection = "docs";
    wanted.version = 1;
    EXPECT_EQ(value_of(store().get_document("docs", wanted.key)), wanted);
    const DocumentQuery by_unique{.collection = "docs", .unique = {{"z", wanted.key}}};
    EXPECT_EQ(all_documents(store(), by_unique), std::vector{wanted});
    const DocumentQuery by_attribute{.collection = "docs", .attributes = {{wanted.key, wanted.key}}};
    EXPECT_EQ(all_documents(store(), by_attribute), std::vector{wanted});
  }
  EXPECT_EQ(names_of(all_documents(store(), {.collection = "docs"})), sorted(hard_names()));
}

}  // namespace
}  // namespace resultsdb::testing
