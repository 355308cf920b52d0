#include <gtest/gtest.h>

#include <functional>

#include "unit/fake_storage.hpp"

namespace resultsdb::storage {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr Position kTooFar = limits::kMaxPosition + 1;

SuiteBatch good_batch() {
  SuiteBatch batch;
  batch.suite = "layout-tests";
  batch.timelines = {{.id = 1, .key = {"main", 1}, .version = 1},
                     {.id = 2, .key = {"main", 2}, .version = 1}};
  batch.put_runs = {{.timeline = 1, .serial = 1, .position = 5, .id = "r_1"},
                    {.timeline = 1, .serial = 2, .position = 5, .variant = "b", .id = "r_2"}};
  batch.put_outcomes = {{1, 2, "x"}, {1, 1, "x"}};
  batch.put_durations = {{1, 0, 1, "x"}};
  batch.put_tiles = {{1, 0, 0, 1, "x"}};
  batch.put_test_sets = {{1, 1, 0, "x", "h"}};
  batch.put_changes = {{{7, 1, 5}, 3}, {{7, 1, 5, {}, "b"}, 3}, {{1, 2, -5}, 0}};
  batch.put_details = {{1, 1, 7, "x"}};
  batch.delete_runs = {{2, 9}};
  return batch;
}

template <class Batch>
struct BatchCase {
  std::string_view context;
  std::function<void(Batch&)> spoil;
};

template <class Batch>
void expect_refused(const Batch& good, std::initializer_list<BatchCase<Batch>> cases) {
  FakeStorage storage;
  const Status accepted = storage.apply(good);
  ASSERT_TRUE(accepted.ok()) << accepted.error();
  EXPECT_EQ(storage.calls, 1);
  int number = 0;
  for (const auto& c : cases) {
    Batch batch = good;
    c.spoil(batch);
    const Status status = storage.apply(batch);
    ++number;
    ASSERT_FALSE(status.ok()) << c.context << ", case " << number;
    EXPECT_EQ(status.error().code, ErrorCode::InvalidArgument) << status.error();
    EXPECT_EQ(status.error().context, c.context) << "case " << number << ": " << status.error();
    EXPECT_EQ(storage.calls, 1) << c.context << ": the backend must not see it";
  }
}

TEST(StorageChecks, SuiteBatches) {
  using B = SuiteBatch;
  expect_refused<SuiteBatch>(
      good_batch(),
      {
          {"suite", [](B& b) { b.suite.clear(); }},
          {"suite", [](B& b) { b.suite = "a\0b"s; }},
          {"suite", [](B& b) { b.suite = "\xff"; }},
          {"suite", [](B& b) { b.suite = std::string(limits::kNameBytes + 1, 'x'); }},
          {"suite s", [](B& b) { b = {}, b.suite = "s"; }},
          {"timelines.branch", [](B& b) { b.timelines[0].key.branch = "\xff"; }},
          {"timelines.version", [](B& b) { b.timelines[0].version = 0; }},
          {"timelines.first_position", [](B& b) { b.timelines[0].first_position = -kTooFar; }},
          {"timelines.last_position", [](B& b) { b.timelines[0].last_position = kTooFar; }},
          {"timelines.last_received", [](B& b) { b.timelines[0].last_received = Time::max(); }},
          {"timelines", [](B& b) { b.timelines.push_back({.id = 1, .key = {"x", 9}, .version = 1}); }},
          {"timelines", [](B& b) { b.timelines[1].key = b.timelines[0].key; }},
          {"put_runs.position", [](B& b) { b.put_runs[0].position = kTooFar; }},
          {"put_runs.started", [](B& b) { b.put_runs[0].started = Time::min(); }},
          {"put_runs.received", [](B& b) { b.put_runs[0].received = Time::max(); }},
          {"put_runs.lease_until", [](B& b) { b.put_runs[0].lease_until = Time::max(); }},
          {"put_runs.variant", [](B& b) { b.put_runs[0].variant = "\0"s; }},
          {"put_runs.id", [](B& b) { b.put_runs[0].id.clear(); }},
          {"put_runs.id", [](B& b) { b.put_runs[0].id = "a b"; }},
          {"put_runs.id", [](B& b) { b.put_runs[0].id = std::string(129, 'a'); }},
          {"put_runs.id", [](B& b) { b.put_runs[0].id = b.put_runs[1].id; }},
          {"put_runs.digest", [](B& b) { b.put_runs[0].digest = std::string(65, 'a'); }},
          {"put_runs.header", [](B& b) { b.put_runs[0].header = "\xff"; }},
          {"put_runs.indexed", [](B& b) { b.put_runs[0].indexed = {{"", "a"}}; }},
          {"put_runs.indexed", [](B& b) { b.put_runs[0].indexed = {{"a", "1"}, {"b", "1"}, {"a", "1"}}; }},
          {"put_runs", [](B& b) { b.put_runs[1].serial = 1; }},
          {"put_runs", [](B& b) { b.put_runs[1].variant.clear(); }},
          {"put_runs", [](B& b) { b.put_runs[1].timeline = 3; }},
          {"put_outcomes", [](B& b) { b.put_outcomes[1].serial = 2; }},
          {"put_outcomes", [](B& b) { b.put_outcomes[1].timeline = 3; }},
          {"put_durations", [](B& b) { b.put_durations.push_back(b.put_durations[0]); }},
          {"put_tiles", [](B& b) { b.put_tiles.push_back(b.put_tiles[0]); }},
          {"put_test_sets", [](B& b) { b.put_test_sets.push_back(b.put_test_sets[0]); }},
          {"put_changes", [](B& b) { b.put_changes.push_back(b.put_changes[0]); }},
          {"put_changes", [](B& b) { b.put_changes[1].key.position = kTooFar; }},
          {"put_changes", [](B& b) { b.put_changes[2].key.timeline = 3; }},
          {"put_details", [](B& b) { b.put_details.push_back(b.put_details[0]); }},
          {"put_details", [](B& b) { b.put_details[0].timeline = 3; }},
          {"delete_runs", [](B& b) { b.delete_runs = {{3, 1}}; }},
          {"delete_durations", [](B& b) { b.delete_durations = {{3, 1, 1, ""}}; }},
          {"delete_tiles", [](B& b) { b.delete_tiles = {{3, 1, 1, 1, ""}}; }},
          {"delete_test_sets", [](B& b) { b.delete_test_sets = {{.timeline = 3, .id = 1}}; }},
          {"delete_changes", [](B& b) { b.delete_changes = {{1, 3, 1}}; }},
          {"delete_changes", [](B& b) { b.delete_changes = {{1, 1, kTooFar}}; }},
          {"delete_details", [](B& b) { b.delete_details = {{3, 1, 1, ""}}; }},
      });
}

TEST(StorageChecks, ManyUnsortedChangesAreCheckedToo) {
  SuiteBatch batch = good_batch();
  batch.put_changes.clear();
  for (TestId test = 60'000; test > 0; --test) batch.put_changes.push_back({{test, 1, 5}, 1});
  FakeStorage storage;
  EXPECT_TRUE(storage.apply(batch).ok());
  batch.put_changes.push_back({{30'000, 1, 5}, 2});
  EXPECT_EQ(storage.apply(batch).error().context, "put_changes");
}

TEST(StorageChecks, RepositoryBatches) {
  using B = RepositoryBatch;
  B good;
  good.row = {.name = "webkit", .version = 1};
  Commit commit{.repository = "webkit", .branch = "main", .hash = "abc"};
  commit.position = 1;
  good.put_commits = {commit, commit};
  good.put_commits[1].position = 2;
  good.delete_commits = {{"main", 1, "abc"}};
  expect_refused<B>(good,
                    {
                        {"row.name", [](B& b) { b.row.name.clear(); }},
                        {"row.version", [](B& b) { b.row.version = 0; }},
                        {"row.text", [](B& b) { b.row.text = "\0"s; }},
                        {"commit.hash", [](B& b) { b.put_commits[0].hash = "XYZ"; }},
                        {"commit.position", [](B& b) { b.put_commits[0].position = kTooFar; }},
                        {"put_commits.position", [](B& b) { b.put_commits[0].position.reset(); }},
                        {"put_commits.repository", [](B& b) { b.put_commits[0].repository = "other"; }},
                        {"put_commits", [](B& b) { b.put_commits[1].position = 1; }},
                        {"delete_commits.position", [](B& b) { b.delete_commits[0].position = kTooFar; }},
                        {"delete_commits.id", [](B& b) { b.delete_commits[0].id.clear(); }},
                    });
}

TEST(StorageChecks, DocumentBatches) {
  using B = DocumentBatch;
  B good;
  good.collection = "pods";
  good.deletes = {{"old", 3}, {"older", {}}};
  good.puts = {
      {{.key = "b", .text = "{}", .attributes = {{"n", "1"}, {"n", "2"}}, .unique = {{"name", "x"}}}, 0},
      {{.key = "a", .text = "1.0", .unique = {{"name", "y"}}}, {}}};
  expect_refused<B>(good,
                    {
                        {"collection", [](B& b) { b.collection.clear(); }},
                        {"collection pods", [](B& b) { b.puts.clear(), b.deletes.clear(); }},
                        {"deletes.key", [](B& b) { b.deletes[0].key.clear(); }},
                        {"deletes.expected_version", [](B& b) { b.deletes[0].expected_version = 0; }},
                        {"deletes", [](B& b) { b.deletes[1].key = "old"; }},
                        {"puts.key", [](B& b) { b.puts[0].document.key = "\0"s; }},
                        {"puts.text", [](B& b) { b.puts[0].document.text = "{"; }},
                        {"puts.text", [](B& b) { b.puts[0].document.text.clear(); }},
                        {"puts.attributes", [](B& b) { b.puts[0].document.attributes[1].second = "1"; }},
                        {"puts.unique", [](B& b) { b.puts[0].document.unique.emplace_back("name", "x"); }},
                        {"puts", [](B& b) { b.puts[1].document.key = "b"; }},
                    });
  good.puts[1].document.unique = {{"name", "x"}};
  FakeStorage storage;
  EXPECT_EQ(storage.apply(good).error().code, ErrorCode::AlreadyExists);
}

/// Calls that must be refused before the backend sees them.
TEST(StorageChecks, Arguments) {
  FakeStorage s;
  const std::vector<std::string_view> bad_test = {"ok", ""sv}, nul_test = {"a\0"sv}, no_key = {"b=1,a=2"};
  const std::vector<OutcomeKey> long_outcome = {
      {std::string(100, 'x'), std::string(100, 'x'), std::string(57, 'x')}};
  const std::vector<TimelineKey> bad_branch = {{"\xff", 1}};
  const std::vector<RunRef> runs = {{1, 1}};
  const std::vector<DurationQuery> durations(1);
  RunQuery far{.suite = "s"}, late{.suite = "s"}, pairs{.suite = "s", .attributes = {{"a", "1"}, {"a", "1"}}};
  far.position.to = kTooFar;
  late.started.from = Time::max();
  const auto refused = [](const auto& result) {
    return !result.ok() && result.error().code == ErrorCode::InvalidArgument &&
           !result.error().context.empty();
  };
  EXPECT_TRUE(refused(s.intern_tests("", {})));
  EXPECT_TRUE(refused(s.intern_tests("s", bad_test)));
  EXPECT_TRUE(refused(s.intern_tests("s", nul_test)));
  EXPECT_TRUE(refused(s.intern_outcomes("s", long_outcome)));
  EXPECT_TRUE(refused(s.intern_configurations("s", no_key)));
  EXPECT_TRUE(refused(s.intern_timelines("s", bad_branch)));
  EXPECT_TRUE(refused(s.find_tests({.suite = ""}, {})));
  EXPECT_TRUE(refused(s.find_tests({.suite = "s", .contains = "\xff"}, {})));
  EXPECT_TRUE(refused(s.find_tests({.suite = "s"}, {.limit = 0})));
  EXPECT_TRUE(refused(s.find_tests({.suite = "s"}, {.limit = limits::kPageRows + 1})));
  EXPECT_TRUE(refused(s.count_tests("")));
  EXPECT_TRUE(refused(s.look_up_tests("s", nul_test)));
  EXPECT_TRUE(refused(s.read_test_names("", {})));
  EXPECT_TRUE(refused(s.scan_tests("s", 0, 0)));
  EXPECT_TRUE(refused(s.scan_tests("s", 0, limits::kPageRows + 1)));
  EXPECT_TRUE(refused(s.find_outcomes("")));
  EXPECT_TRUE(refused(s.find_configurations("")));
  EXPECT_TRUE(refused(s.find_timelines("")));
  EXPECT_TRUE(refused(s.find_runs(far, {})));
  EXPECT_TRUE(refused(s.find_runs(late, {})));
  EXPECT_TRUE(refused(s.count_runs(pairs)));
  EXPECT_TRUE(refused(s.read_outcomes("", runs)));
  EXPECT_TRUE(refused(s.read_durations("", durations)));
  EXPECT_TRUE(refused(s.read_test_sets("", 1)));
  EXPECT_TRUE(refused(s.find_changes({})));
  EXPECT_TRUE(refused(s.find_changes_and_timelines({})));
  EXPECT_TRUE(refused(s.read_details("", runs)));
  EXPECT_TRUE(refused(s.find_commits({}, {})));
  EXPECT_TRUE(refused(s.find_commits({.repository = "r", .hash_prefix = "ABC"}, {})));
  EXPECT_TRUE(refused(s.find_commits({.repository = "r", .hash_prefix = std::string(65, 'a')}, {})));
  EXPECT_TRUE(refused(s.list_branches("")));
  EXPECT_TRUE(refused(s.get_document("", "k")));
  EXPECT_TRUE(refused(s.get_document("c", "")));
  EXPECT_TRUE(refused(s.read_chunk("", "k", 0)));
  EXPECT_TRUE(refused(s.read_chunk("c", "", 0)));
  EXPECT_TRUE(refused(s.find_documents({}, {})));
  EXPECT_TRUE(refused(s.find_documents({.collection = "c", .unique = {{"", "x"}}}, {})));
  EXPECT_EQ(s.calls, 0);
}

TEST(StorageChecks, EmptyListsNeedNoBackend) {
  FakeStorage s;
  EXPECT_TRUE(s.intern_tests("s", {})->empty());
  EXPECT_TRUE(s.intern_outcomes("s", {})->empty());
  EXPECT_TRUE(s.intern_configurations("s", {})->empty());
  EXPECT_TRUE(s.intern_timelines("s", {})->empty());
  EXPECT_TRUE(s.look_up_tests("s", {})->empty());
  EXPECT_TRUE(s.read_test_names("s", {})->empty());
  EXPECT_TRUE(s.read_outcomes("s", {})->empty());
  EXPECT_TRUE(s.read_durations("s", {})->raw.empty());
  EXPECT_TRUE(s.read_details("s", {})->empty());
  EXPECT_EQ(s.calls, 0);
  EXPECT_TRUE(s.find_timelines("s", {}).ok()) << "no ids means all of them";
  EXPECT_EQ(s.calls, 1);
}

TEST(StorageChecks, LimitsThemselvesAreAllowed) {
  FakeStorage s;
  const std::string longest(limits::kNameBytes, 'x');
  const std::vector<std::string_view> names = {longest, longest, "\xf0\x9f\x98\x80"},
                                      keys = {"", "a=1,b=2", R"(a=\,)"};
  const std::vector<OutcomeKey> outcomes = {{std::string(128, 'x'), std::string(128, 'x'), {}},
                                            {"PASS", "", "{}"}};
  EXPECT_TRUE(s.intern_tests(longest, names).ok());
  EXPECT_TRUE(s.intern_configurations("s", keys).ok());
  EXPECT_TRUE(s.intern_outcomes("s", outcomes).ok());
  EXPECT_TRUE(s.find_tests({.suite = "s"}, {.limit = limits::kPageRows}).ok());
  EXPECT_EQ(s.limit, limits::kPageRows + 1);
  RunQuery query{.suite = "s"};
  query.position = {-limits::kMaxPosition, limits::kMaxPosition};
  EXPECT_TRUE(s.count_runs(query).ok());
  EXPECT_EQ(s.calls, 5);
}

}  // namespace
}  // namespace resultsdb::storage
