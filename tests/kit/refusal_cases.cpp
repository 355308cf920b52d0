// What every backend refuses alike, with nothing stored.
#include <functional>
#include <limits>

#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(refusal_cases)

namespace {

/// Texts that are no names anywhere.
std::vector<std::string> bad_names() {
  return {std::string("a\0b", 3),
          std::string(1, '\0'),
          "\x80",
          "a\xff",
          "\xc3",
          "\xc0\xaf",
          "\xed\xa0\x80",
          "\xf4\x90\x80\x80",
          "\xf8\x88\x80\x80\x80",
          std::string(limits::kNameBytes + 1, 'n')};
}

class Refusals : public ConformanceCase {
 protected:
  void SetUp() override {
    ConformanceCase::SetUp();
    writer_ = std::make_unique<SuiteWriter>(store(), "suite");
    timeline_ = writer_->timeline();
    test_ = writer_->test("test");
    SuiteBatch batch = writer_->batch();
    batch.listed_tests = {test_};
    put_whole_run(batch, make_run(timeline_, 1), test_);
    expect_ok(writer_->apply(batch));
    before_ = read_suite(store(), "suite");
  }

  /// A good batch for run 2, spoilt by `change`, is InvalidArgument and stores nothing.
  void refuse(const char* what, const std::function<void(SuiteBatch&)>& change) {
    SCOPED_TRACE(what);
    SuiteBatch batch = writer_->batch();
    put_whole_run(batch, make_run(timeline_, 2), test_);
    change(batch);
    expect_error(ErrorCode::InvalidArgument, store().apply(batch));
    EXPECT_EQ(read_suite(store(), "suite"), before_);
  }
  void refuse_run(const char* what, const std::function<void(RunRow&)>& change) {
    refuse(what, [&](SuiteBatch& batch) { change(batch.put_runs[0]); });
  }
  void refuse(const DocumentBatch& batch) {
    expect_error(ErrorCode::InvalidArgument, store().apply(batch));
    EXPECT_TRUE(all_documents(store(), {.collection = "docs"}).empty());
  }
  void refuse(const RepositoryBatch& batch) {
    expect_error(ErrorCode::InvalidArgument, store().apply(batch));
    EXPECT_TRUE(value_of(store().find_repositories()).empty());
  }

  std::unique_ptr<SuiteWriter> writer_;
  TimelineId timeline_ = 0;
  TestId test_ = 0;
  SuiteImage before_;
};

RESULTSDB_CASE_OF(Refusals, BadNamesOfRuns) {
  for (const std::string& bad : bad_names()) {
    refuse_run("variant", [&](RunRow& run) { run.variant = bad; });
    refuse_run("name of an indexed attribute", [&](RunRow& run) { run.indexed = {{bad, "x"}}; });
    refuse_run("value of an indexed attribute", [&](RunRow& run) { run.indexed = {{"x", bad}}; });
    refuse_run("public id", [&](RunRow& run) { run.id = bad; });
    refuse("variant of a change", [&](SuiteBatch& batch) { batch.put_changes[0].key.variant = bad; });
    refuse("variant of a deleted change", [&](SuiteBatch& batch) {
      batch.delete_changes = {before_.changes[0].key};
      batch.delete_changes[0].variant = bad;
    });
    refuse("branch", [&](SuiteBatch& batch) { batch.timelines[0].key.branch = bad; });
    refuse("suite", [&](SuiteBatch& batch) { batch.suite = bad; });
  }
  for (const std::string& id : {std::string(), std::string("a b"), std::string("a/b"), std::string("\u00e9"),
                                std::string(limits::kPublicIdBytes + 1, 'a')}) {
    refuse_run("public id", [&](RunRow& run) { run.id = id; });
  }
  refuse_run("header", [](RunRow& run) { run.header = "\"\xff\""; });
  refuse_run("header", [](RunRow& run) { run.header = std::string("\"\0\"", 3); });
}

RESULTSDB_CASE_OF(Refusals, NumbersAndTimesOutOfRange) {
  for (const Position position :
       {limits::kMaxPosition + 1, -limits::kMaxPosition - 1, std::numeric_limits<Position>::min(),
        std::numeric_limits<Position>::max()}) {
    refuse_run("position", [&](RunRow& run) { run.position = position; });
    refuse("change", [&](SuiteBatch& batch) { batch.put_changes[0].key.position = position; });
    refuse("timeline", [&](SuiteBatch& batch) { batch.timelines[0].last_position = position; });
    expect_error(ErrorCode::InvalidArgument,
                 store().find_runs({.suite = "suite", .position = {position, {}}}, {}));
  }
  for (const Time time : {first_time() - Duration(1), last_time() + Duration(1), Time::min(), Time::max()}) {
    refuse_run("started", [&](RunRow& run) { run.started = time; });
    refuse_run("received", [&](RunRow& run) { run.received = time; });
    refuse_run("lease", [&](RunRow& run) { run.lease_until = time; });
    refuse("change", [&](SuiteBatch& batch) { batch.put_changes[0].key.started = time; });
    refuse("timeline", [&](SuiteBatch& batch) { batch.timelines[0].last_received = time; });
    expect_error(ErrorCode::InvalidArgument, store().count_runs({.suite = "suite", .started = {{}, time}}));
  }
  refuse("version", [](SuiteBatch& batch) { batch.timelines[0].version = 0; });
  refuse_run("digest", [](RunRow& run) { run.digest.assign(65, 'd'); });
  refuse_run("attributes", [](RunRow& run) {
    for (std::size_t i = 0; i <= limits::kAttributes; ++i) run.indexed.emplace_back(std::to_string(i), "");
  });
}

/// Twice the last element of a member, with another value beside the key.
template <class Rows>
void repeat_last(Rows& rows) {
  rows.push_back(rows.back());
}

RESULTSDB_CASE_OF(Refusals, DuplicateKeysWithinABatch) {
  refuse("timelines", [](SuiteBatch& batch) { repeat_last(batch.timelines); });
  refuse("runs", [](SuiteBatch& batch) {
    repeat_last(batch.put_runs);
    batch.put_runs.back().id = "other";
    batch.put_runs.back().variant = "other";
  });
  refuse("natural keys", [](SuiteBatch& batch) {
    repeat_last(batch.put_runs);
    batch.put_runs.back().id = "other";
    ++batch.put_runs.back().serial;
  });
  refuse("public ids", [](SuiteBatch& batch) {
    repeat_last(batch.put_runs);
    batch.put_runs.back().variant = "other";
    ++batch.put_runs.back().serial;
  });
  refuse("outcomes", [](SuiteBatch& batch) { repeat_last(batch.put_outcomes); });
  refuse("durations", [](SuiteBatch& batch) { repeat_last(batch.put_durations); });
  refuse("tiles", [](SuiteBatch& batch) { repeat_last(batch.put_tiles); });
  refuse("test sets", [](SuiteBatch& batch) { repeat_last(batch.put_test_sets); });
  refuse("changes", [](SuiteBatch& batch) { repeat_last(batch.put_changes); });
  refuse("details", [](SuiteBatch& batch) { repeat_last(batch.put_details); });
  refuse_run("indexed pairs", [](RunRow& run) { run.indexed = {{"a", "1"}, {"b", "1"}, {"a", "1"}}; });
}

RESULTSDB_CASE_OF(Refusals, RowsOfATimelineWithoutEntry) {
  const TimelineId other = timeline_ + 1;
  refuse("delete_runs", [&](SuiteBatch& batch) { batch.delete_runs = {{other, 1}}; });
  refuse("delete_durations", [&](SuiteBatch& batch) { batch.delete_durations = {{other, 0, 1, ""}}; });
  refuse("delete_tiles", [&](SuiteBatch& batch) { batch.delete_tiles = {{other, 0, 0, 1, ""}}; });
  refuse("delete_test_sets", [&](SuiteBatch& batch) { batch.delete_test_sets = {{other, 1, 0, "", ""}}; });
  refuse("delete_changes", [&](SuiteBatch& batch) { batch.delete_changes = {{test_, other, 1, at(1), ""}}; });
  refuse("delete_details", [&](SuiteBatch& batch) { batch.delete_details = {{other, 1, test_, ""}}; });
  refuse("put_runs", [&](SuiteBatch& batch) { batch.put_runs[0].timeline = other; });
  refuse("put_outcomes", [&](SuiteBatch& batch) { batch.put_outcomes[0].timeline = other; });
  refuse("put_durations", [&](SuiteBatch& batch) { batch.put_durations[0].timeline = other; });
  refuse("put_tiles", [&](SuiteBatch& batch) { batch.put_tiles[0].timeline = other; });
  refuse("put_test_sets", [&](SuiteBatch& batch) { batch.put_test_sets[0].timeline = other; });
  refuse("put_changes", [&](SuiteBatch& batch) { batch.put_changes[0].key.timeline = other; });
  refuse("put_details", [&](SuiteBatch& batch) { batch.put_details[0].timeline = other; });
  refuse("no timelines", [&](SuiteBatch& batch) { batch.timelines.clear(); });
}

RESULTSDB_CASE_OF(Refusals, EmptyBatches) {
  expect_error(ErrorCode::InvalidArgument, store().apply(SuiteBatch{.suite = "suite"}));
  expect_error(ErrorCode::InvalidArgument, store().apply(SuiteBatch{}));
  refuse(DocumentBatch{.collection = "docs"});
  refuse(RepositoryBatch{});
  EXPECT_EQ(read_suite(store(), "suite"), before_);
}

RESULTSDB_CASE_OF(Refusals, BadNamesToIntern) {
  auto names = bad_names();
  names.emplace_back();
  for (const std::string& bad : names) {
    const std::string_view tests[] = {"fine", bad};
    expect_error(ErrorCode::InvalidArgument, store().intern_tests("suite", tests));
    expect_error(ErrorCode::InvalidArgument, store().look_up_tests("suite", tests));
    const std::string_view fine[] = {"fine"};
    expect_error(ErrorCode::InvalidArgument, store().intern_tests(bad, fine));
    const TimelineKey key{"main", 1};
    expect_error(ErrorCode::InvalidArgument, store().intern_timelines(bad, {&key, 1}));
    if (bad.empty()) continue;  // an empty branch or outcome is one
    const TimelineKey timelines[] = {{"fine", 1}, {bad, 1}};
    expect_error(ErrorCode::InvalidArgument, store().intern_timelines("suite", timelines));
    const OutcomeKey outcomes[] = {{"FINE", "", {}}, {bad, "", {}}, {"", bad, {}}, {"", "", bad}};
    for (std::size_t i = 1; i < std::size(outcomes); ++i) {
      const OutcomeKey two[] = {outcomes[0], outcomes[i]};
      expect_error(ErrorCode::InvalidArgument, store().intern_outcomes("suite", two));
    }
    const std::string facet = "a=" + bad;
    const std::string_view configurations[] = {"fine=1", facet};
    expect_error(ErrorCode::InvalidArgument, store().intern_configurations("suite", configurations));
  }
  const OutcomeKey long_key{std::string(100, 'a'), std::string(100, 'b'), std::string(57, 'c')};
  expect_error(ErrorCode::InvalidArgument, store().intern_outcomes("suite", {&long_key, 1}));
  for (const char* key : {"b=1,a=1", "a=1,a=1", "a", "=1", "a=1,"}) {
    const std::string_view configurations[] = {key};
    expect_error(ErrorCode::InvalidArgument, store().intern_configurations("suite", configurations));
  }
  EXPECT_EQ(read_suite(store(), "suite"), before_);
}

RESULTSDB_CASE_OF(Refusals, BadNamesInQueries) {
  const auto bad_query = [&](const auto& answer) { expect_error(ErrorCode::InvalidArgument, answer); };
  auto names = bad_names();
  names.emplace_back();
  for (const std::string& bad : names) {
    bad_query(store().find_runs({.suite = bad}, {}));
    bad_query(store().find_tests({.suite = bad}, {}));
    bad_query(store().find_changes({.suite = bad}));
    bad_query(store().find_changes_and_timelines({.suite = bad}));
    bad_query(store().find_timelines(bad));
    bad_query(store().find_outcomes(bad));
    bad_query(store().find_configurations(bad));
    bad_query(store().scan_tests(bad, 0, 1));
    bad_query(store().count_tests(bad));
    bad_query(store().find_commits({.repository = bad}, {}));
    bad_query(store().list_branches(bad));
    bad_query(store().get_document(bad, "key"));
    bad_query(store().get_document("docs", bad));
    bad_query(store().find_documents({.collection = bad}, {}));
    bad_query(store().find_runs({.suite = "suite", .attributes = {{bad, "x"}}}, {}));
    if (bad.empty()) continue;  // an empty condition is none
    bad_query(store().find_tests({.suite = "suite", .prefix = bad}, {}));
    bad_query(store().find_tests({.suite = "suite", .contains = bad}, {}));
    bad_query(store().find_commits({.repository = "repo", .branch = bad}, {}));
    bad_query(store().find_commits({.repository = "repo", .text = bad}, {}));
    bad_query(store().list_branches("repo", bad));
    bad_query(store().find_documents({.collection = "docs", .key_prefix = bad}, {}));
    bad_query(store().find_documents({.collection = "docs", .unique = {{"name", bad}}}, {}));
  }
  for (const char* hash : {"AB", "xyz", "%", "ab "}) {
    bad_query(store().find_commits({.repository = "repo", .hash_prefix = hash}, {}));
  }
  for (const std::uint32_t limit : {0u, limits::kPageRows + 1})
    bad_query(store().scan_tests("suite", 0, limit));
}

RESULTSDB_CASE_OF(Refusals, BadDocuments) {
  for (const std::string& bad : bad_names()) {
    refuse(DocumentBatch{.collection = bad, .puts = {put_document("key")}});
    refuse(DocumentBatch{.collection = "docs", .puts = {put_document("good"), put_document(bad)}});
    refuse(DocumentBatch{.collection = "docs", .puts = {put_document("key", "{}", {{"name", bad}})}});
    DocumentPut put = put_document("key");
    put.document.attributes = {{bad, "x"}};
    refuse(DocumentBatch{.collection = "docs", .puts = {put}});
    refuse(DocumentBatch{.collection = "docs", .deletes = {{bad, {}}}, .puts = {put_document("key")}});
  }
  for (const char* text : {"", "{", "{}x", "\"\xff\"", "NaN", "'a'"}) {
    refuse(DocumentBatch{.collection = "docs", .puts = {put_document("good"), put_document("key", text)}});
  }
  refuse(DocumentBatch{.collection = "docs", .puts = {put_document("")}});
  refuse(DocumentBatch{.collection = "docs", .puts = {put_document("a"), put_document("a")}});
  refuse(DocumentBatch{.collection = "docs", .deletes = {{"a", {}}, {"a", {}}}});
  refuse(DocumentBatch{.collection = "docs", .deletes = {{"a", 0}}, .puts = {put_document("b")}});
  refuse(DocumentBatch{.collection = "docs", .puts = {put_document("a", "{}", {{"n", "1"}, {"n", "1"}})}});
}

RESULTSDB_CASE_OF(Refusals, BadCommits) {
  const CommitRow good = make_commit("main", 1, "aa");
  const auto refuse_commit = [&](const std::function<void(CommitRow&)>& change) {
    RepositoryBatch batch = repository_batch("repo", 1, {good, good});
    batch.put_commits[1].position = 2;
    change(batch.put_commits[1]);
    refuse(batch);
  };
  for (const std::string& bad : bad_names()) {
    refuse(repository_batch(bad, 1, {good}));
    refuse_commit([&](CommitRow& commit) { commit.branch = bad; });
    refuse_commit([&](CommitRow& commit) { commit.identifier = bad; });
    refuse_commit([&](CommitRow& commit) { commit.author.name = bad; });
    refuse_commit([&](CommitRow& commit) { commit.author.emails = {bad}; });
  }
  refuse_commit([&](CommitRow& commit) { commit.hash.clear(); });
  refuse_commit([&](CommitRow& commit) { commit.hash = "AA"; });
  refuse_commit([&](CommitRow& commit) { commit.hash.assign(65, 'a'); });
  refuse_commit([&](CommitRow& commit) { commit.parents = {"x"}; });
  refuse_commit([&](CommitRow& commit) { commit.revision = -1; });
  refuse_commit([&](CommitRow& commit) { commit.position.reset(); });
  refuse_commit([&](CommitRow& commit) { commit.position = limits::kMaxPosition + 1; });
  refuse_commit([&](CommitRow& commit) { commit.timestamp = last_time() + Duration(1); });
  refuse_commit([&](CommitRow& commit) { commit.repository = "another"; });
  refuse_commit([&](CommitRow& commit) { commit.position = good.position; });
  refuse(repository_batch("repo", 0, {good}));
}

}  // namespace
}  // namespace resultsdb::testing
