#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "repository/process.hpp"
#include "resultsdb/repository.hpp"
#include "unit/temporary_folder.hpp"

namespace resultsdb {
namespace {

using By = ResolveRequest::By;

/// main: one (1000), two (2000), three (2000, same second), merge (4000) of side: fork (2500); tag v1 = two.
class GitRepositoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(clone_);
    git({"init", "--quiet", "--initial-branch=main"});
    one_ = commit("one", 1000);
    two_ = commit("two\n\nwith a body", 2000);
    git({"tag", "v1"});
    git({"checkout", "--quiet", "-b", "eng/side"});
    fork_ = commit("fork", 2500);
    git({"checkout", "--quiet", "main"});
    three_ = commit("three", 2000);
    dates("4000");
    git({"merge", "--quiet", "--no-ff", "-m", "merge", "eng/side"});
    merge_ = git({"rev-parse", "HEAD"});
  }

  std::string git(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"git", "-C", clone_.string(), "-c", "user.name=Ändi", "-c", "user.email=a@example.org",
                      "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"});
    const auto output =
        repository::run_process(arguments, {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}, 1 << 20);
    EXPECT_TRUE(output.ok()) << output.error();
    EXPECT_EQ(output->exit_code, 0) << arguments.back() << ": " << output->err;
    return output->out.substr(0, output->out.find('\n'));
  }
  void dates(const std::string& seconds) {
    ::setenv("GIT_AUTHOR_DATE", ("@" + seconds + " +0000").c_str(), 1);
    ::setenv("GIT_COMMITTER_DATE", ("@" + seconds + " +0000").c_str(), 1);
  }
  std::string commit(const std::string& message, int seconds) {
    dates(std::to_string(seconds));
    git({"commit", "--quiet", "--allow-empty", "-m", message});
    return git({"rev-parse", "HEAD"});
  }
  std::shared_ptr<Repository> open(const std::string& key = {}) {
    auto repository = open_git_repository(clone_.string(), key);
    EXPECT_TRUE(repository.ok()) << repository.error();
    return *repository;
  }
  Result<std::optional<Commit>> ask(By by, std::string text) {
    return open()->resolve({.by = by, .text = std::move(text)});
  }

  TemporaryFolder folder_;
  std::filesystem::path clone_ = folder_.path() / "project one";
  std::string one_, two_, three_, fork_, merge_;
};

TEST_F(GitRepositoryTest, ResolvesAllForms) {
  const struct {
    By by;
    std::string text, hash;
  } cases[] = {
      {By::Reference, "HEAD", merge_},      {By::Reference, "main", merge_},
      {By::Reference, "eng/side", fork_},   {By::Reference, "v1", two_},
      {By::Reference, one_, one_},          {By::Hash, one_, one_},
      {By::Hash, one_.substr(0, 12), one_}, {By::Reference, one_.substr(0, 7), one_},
      {By::Reference, "1@main", one_},      {By::Identifier, "3@main", three_},
      {By::Identifier, "4", merge_},        {By::Reference, "3@eng/side", fork_},
      {By::Reference, "main~1", three_},
  };
  for (const auto& c : cases) {
    const auto commit = ask(c.by, c.text);
    ASSERT_TRUE(commit.ok()) << c.text << ": " << commit.error();
    ASSERT_TRUE(*commit) << c.text;
    EXPECT_EQ((*commit)->hash, c.hash) << c.text;
  }
}

TEST_F(GitRepositoryTest, FillsTheCommit) {
  const auto two = ask(By::Reference, "v1");
  ASSERT_TRUE(two.ok() && *two);
  const Commit expected{.repository = "project one",
                        .branch = "main",
                        .hash = two_,
                        .identifier = "2@main",
                        .timestamp = from_seconds(2000),
                        .author = {"Ändi", {"a@example.org"}},
                        .message = "two\n\nwith a body",
                        .parents = {one_}};
  EXPECT_EQ(**two, expected);

  const Commit three = **ask(By::Hash, three_);
  EXPECT_EQ(three.order, 1) << "the second commit of its second";
  EXPECT_EQ(three.identifier, "3@main");
  const Commit merge = **ask(By::Hash, merge_);
  EXPECT_EQ(merge.order, 0);
  EXPECT_EQ(merge.parents, (std::vector<std::string>{three_, fork_}));
  const Commit fork = **ask(By::Hash, fork_);
  EXPECT_EQ(fork.branch, "") << "reachable from main, but not along first parents";
  EXPECT_EQ(fork.identifier, "");
  EXPECT_EQ((**ask(By::Reference, "3@eng/side")).branch, "eng/side");
}

TEST_F(GitRepositoryTest, MissesAreEmptyAndOptionsAreRefused) {
  for (const std::string& text :
       {std::string("nowhere"), std::string("5@main"), std::string("0@main"), std::string("1@nowhere"),
        std::string(40, 'a'), std::string("abcdefa"), one_.substr(0, 5), std::string("1@main~1"),
        std::string("1.2@main"), std::string("99999999999999999999@main"), std::string("$(touch x)"),
        std::string("a b; exit 1")}) {
    const auto commit = ask(By::Reference, text);
    ASSERT_TRUE(commit.ok()) << text << ": " << commit.error();
    EXPECT_FALSE(*commit) << text;
  }
  EXPECT_FALSE(*ask(By::Revision, "12"));
  EXPECT_FALSE(*ask(By::Hash, "main"));
  EXPECT_FALSE(*ask(By::Identifier, "main"));
  for (const std::string text : {"--help", "-n1", "--output=/tmp/x", "-"}) {
    EXPECT_EQ(ask(By::Reference, text).error().code, ErrorCode::InvalidArgument) << text;
  }
  EXPECT_EQ(ask(By::Reference, "").error().code, ErrorCode::InvalidArgument);
}

TEST_F(GitRepositoryTest, ABranchThatLooksLikeAHashIsNoHash) {
  git({"branch", "abcdef0"});
  EXPECT_EQ((**ask(By::Reference, "abcdef0")).hash, merge_);
  EXPECT_FALSE(*ask(By::Hash, "abcdef0"));
}

TEST_F(GitRepositoryTest, KnowsItsNameAndDefaultBranch) {
  EXPECT_EQ(open()->key(), "project one");
  EXPECT_EQ(open("mine")->key(), "mine");
  EXPECT_EQ(open()->default_branch(), "main");
  for (const std::string url : {"https://example.org/group/tool.git", "git@example.org:tool.git",
                                "/srv/tool/", "ssh://example.org/tool"}) {
    git({"config", "remote.origin.url", url});
    EXPECT_EQ(open()->key(), "tool") << url;
  }
  git({"update-ref", "refs/remotes/origin/develop", two_});
  git({"symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop"});
  EXPECT_EQ(open()->default_branch(), "develop");
  EXPECT_EQ((**ask(By::Hash, one_)).identifier, "1@develop");
  EXPECT_EQ((**ask(By::Hash, three_)).branch, "");
  EXPECT_EQ((**ask(By::Reference, "develop")).hash, two_) << "a branch that only the origin has";
}

TEST_F(GitRepositoryTest, OpensClonesOnly) {
  EXPECT_EQ(open_git_repository(folder_.path().string()).error().code, ErrorCode::NotFound);
  EXPECT_EQ(open_git_repository((folder_.path() / "missing").string()).error().code, ErrorCode::NotFound);
  EXPECT_EQ(open_git_repository("").error().code, ErrorCode::InvalidArgument);
  std::filesystem::create_directory(clone_ / "below");
  const auto below = open_git_repository((clone_ / "below").string());
  ASSERT_TRUE(below.ok()) << below.error();
  EXPECT_EQ((*below)->key(), "project one");
}

TEST_F(GitRepositoryTest, AHooksVariablesDoNotLeadAstray) {
  ::setenv("GIT_DIR", "/nonexistent", 1);
  const auto commit = ask(By::Reference, "HEAD");
  ::unsetenv("GIT_DIR");
  ASSERT_TRUE(commit.ok()) << commit.error();
  EXPECT_EQ((*commit)->hash, merge_);
}

TEST(Process, ReportsHowItEnded) {
  const auto missing = repository::run_process({"resultsdb-no-such-program"}, {}, 100);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::Unavailable);
  const auto failed = repository::run_process({"sh", "-c", "echo out; echo err >&2; exit 3"}, {}, 100);
  ASSERT_TRUE(failed.ok()) << failed.error();
  EXPECT_EQ(failed->exit_code, 3);
  EXPECT_EQ(failed->out, "out\n");
  EXPECT_EQ(failed->err, "err\n");
  EXPECT_EQ(repository::run_process({"sh", "-c", "kill -9 $$"}, {}, 100)->exit_code, 137);
  EXPECT_EQ(repository::run_process({"yes"}, {}, 100'000).error().code, ErrorCode::ResourceExhausted);
  EXPECT_EQ(repository::run_process({"cat"}, {}, 100)->out, "") << "its input is empty";
}

}  // namespace
}  // namespace resultsdb
