#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(commit_cases)

namespace {

class Repository : public ConformanceCase {
 protected:
  Status apply(std::vector<CommitRow> puts, std::vector<CommitKey> deletes = {}) {
    RepositoryBatch batch = repository_batch("repo", version_ + 1, std::move(puts));
    batch.delete_commits = std::move(deletes);
    RESULTSDB_TRY(store().apply(batch));
    ++version_;
    return {};
  }
  std::vector<CommitRow> all() { return all_commits(store(), {.repository = "repo", .ascending = true}); }

  std::uint64_t version_ = 0;
};

RESULTSDB_CASE_OF(Repository, VersionIsThePrecondition) {
  expect_error(ErrorCode::Conflict, store().apply(repository_batch("repo", 2)));
  EXPECT_TRUE(value_of(store().find_repositories()).empty());
  const RepositoryBatch first = repository_batch("repo", 1, {make_commit("main", 1, "aa")});
  expect_ok(store().apply(first));
  expect_error(ErrorCode::Conflict, store().apply(first));
  RepositoryBatch stale = repository_batch("repo", 1, {make_commit("main", 2, "bb")});
  stale.row.text = "stale";
  expect_error(ErrorCode::Conflict, store().apply(stale));
  expect_error(ErrorCode::Conflict, store().apply(repository_batch("repo", 3)));
  EXPECT_EQ(all().size(), 1u);
  expect_ok(store().apply(repository_batch("repo", 2)));
  EXPECT_EQ(value_of(store().find_repositories()), (std::vector<RepositoryRow>{{"repo", 2, "text 2"}}));
}

RESULTSDB_CASE_OF(Repository, SameKeyIsReplacedOthersAreAdded) {
  CommitRow commit = make_commit("main", 100, "aa");
  expect_ok(apply({commit}));
  commit.message = "written later";
  commit.parents = {"bb"};
  expect_ok(apply({commit}));
  EXPECT_EQ(all(), std::vector{commit});
  expect_ok(apply(
      {make_commit("branch", 100, "aa"), make_commit("main", 101, "aa"), make_commit("main", 100, "ab")}));
  EXPECT_EQ(all().size(), 4u);
  EXPECT_EQ(all_commits(store(), {.repository = "repo", .hash_prefix = "aa"}).size(), 3u);
}

RESULTSDB_CASE_OF(Repository, IdIsHashElseRevisionElseIdentifier) {
  CommitRow by_revision{.repository = "repo", .branch = "main", .revision = 7, .position = 1};
  CommitRow by_identifier{.repository = "repo", .branch = "main", .identifier = "7@main", .position = 1};
  expect_ok(apply({make_commit("main", 1, "7"), by_revision, by_identifier}));
  EXPECT_EQ(all().size(), 3u);
  by_revision.identifier = "8@main";
  expect_ok(apply({by_revision}));
  EXPECT_EQ(all().size(), 3u) << "the revision names it, whatever its identifier is";
  expect_ok(apply({}, {{"main", 1, "r7"}, {"main", 1, "7@main"}}));
  EXPECT_EQ(all(), std::vector{make_commit("main", 1, "7")});
}

RESULTSDB_CASE_OF(Repository, DeletesComeBeforePuts) {
  expect_ok(apply({make_commit("main", 1, "aa"), make_commit("main", 2, "bb")}));
  CommitRow again = make_commit("main", 1, "aa");
  again.message = "again";
  expect_ok(apply({again}, {{"main", 1, "aa"}, {"main", 2, "bb"}, {"main", 3, "cc"}}));
  EXPECT_EQ(all(), std::vector{again});
}

RESULTSDB_CASE_OF(Repository, BranchesWithPrefixInByteOrder) {
  std::vector<CommitRow> commits;
  for (const char* branch : {"main", "Main", "eng/a", "eng/b", "eng", "eng/%", "eng%", "e_g", ""}) {
    commits.push_back(make_commit(branch, 1, "aa"));
    commits.push_back(make_commit(branch, 2, "bb"));
  }
  expect_ok(apply(commits));
  const auto branches = [&](std::string_view prefix) {
    return value_of(store().list_branches("repo", prefix));
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(branches(""), (Names{"", "Main", "e_g", "eng", "eng%", "eng/%", "eng/a", "eng/b", "main"}));
  EXPECT_EQ(branches("eng/"), (Names{"eng/%", "eng/a", "eng/b"}));
  EXPECT_EQ(branches("eng%"), Names{"eng%"});
  EXPECT_EQ(branches("e_g"), Names{"e_g"});
  EXPECT_EQ(branches("M"), Names{"Main"});
  EXPECT_EQ(branches("main/"), Names{});
  expect_ok(apply({}, {{"Main", 1, "aa"}, {"Main", 2, "bb"}, {"main", 1, "aa"}}));
  EXPECT_EQ(branches("M"), Names{}) << "a branch without commits is gone";
  EXPECT_EQ(branches("m"), Names{"main"});
}

RESULTSDB_CASE_OF(Repository, BranchFilterOfTheEmptyNameIsAFilter) {
  expect_ok(apply({make_commit("", 1, "aa"), make_commit("main", 1, "bb")}));
  EXPECT_EQ(all_commits(store(), {.repository = "repo", .branch = ""}).size(), 1u);
  EXPECT_EQ(all_commits(store(), {.repository = "repo"}).size(), 2u);
}

RESULTSDB_CASE_OF(Repository, RepositoriesAreIndependentAndSorted) {
  for (const char* name : {"b", "a", "B", "a "}) {
    expect_ok(store().apply(repository_batch(name, 1, {make_commit("main", 1, "aa")})));
  }
  std::vector<std::string> names;
  for (const RepositoryRow& row : value_of(store().find_repositories())) names.push_back(row.name);
  EXPECT_EQ(names, (std::vector<std::string>{"B", "a", "a ", "b"}));
  RepositoryBatch batch = repository_batch("a", 2);
  batch.delete_commits = {{"main", 1, "aa"}};
  expect_ok(store().apply(batch));
  EXPECT_TRUE(all_commits(store(), {.repository = "a"}).empty());
  EXPECT_EQ(all_commits(store(), {.repository = "a "}).size(), 1u);
}

RESULTSDB_CASE_OF(Repository, TenThousandCommitsInOneBatch) {
  std::vector<CommitRow> commits;
  for (int i = 0; i < 10'000; ++i) {
    CommitRow commit = make_commit("main", i * 100, std::to_string(100'000 + i));
    commit.parents = {std::to_string(99'999 + i)};
    commits.push_back(std::move(commit));
  }
  expect_ok(apply(commits));
  EXPECT_TRUE(all() == commits);
  const auto newest = value_of(store().find_commits({.repository = "repo"}, {.limit = 1})).rows;
  EXPECT_EQ(newest, std::vector{commits.back()});
}

}  // namespace
}  // namespace resultsdb::testing
