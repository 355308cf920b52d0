#include "repository/git_repository.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "repository/first_parents.hpp"
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
      {By::Identifier, "4", merge_},        {By::Reference, "1@eng/side", fork_},
      {By::Reference, "main~1", three_},    {By::Identifier, "2.1@eng/side", fork_},
      {By::Reference, "0@eng/side", two_},  {By::Reference, "2.-1@eng/side", one_},
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
  EXPECT_EQ(fork.branch, "eng/side") << "reachable from main, but not along first parents";
  EXPECT_EQ(fork.identifier, "2.1@eng/side");
  EXPECT_EQ((**ask(By::Reference, "-1@eng/side")).identifier, "1@main") << "before the branch point";
  git({"branch", "-D", "--quiet", "eng/side"});
  EXPECT_EQ((**ask(By::Hash, fork_)).branch, "") << "a branch that is gone";
}

TEST_F(GitRepositoryTest, MissesAreEmptyAndOptionsAreRefused) {
  for (const std::string& text :
       {std::string("nowhere"), std::string("5@main"), std::string("0@main"), std::string("1@nowhere"),
        std::string(40, 'a'), std::string("abcdefa"), one_.substr(0, 5), std::string("1@main~1"),
        std::string("1.2@main"), std::string("-1@main"), std::string("2@eng/side"),
        std::string("1.1@eng/side"), std::string("-2@eng/side"), std::string("99999999999999999999@main"),
        std::string("$(touch x)"), std::string("a b; exit 1")}) {
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
  EXPECT_EQ((**ask(By::Hash, three_)).identifier, "2.1@main");
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

/// What of `git` was started, by its command.
class Counter {
 public:
  std::shared_ptr<Repository> open(const std::string& clone, const std::string& index_file = {}) {
    auto repository = repository::open_clone(
        repository::Git(clone,
                        [this](const std::vector<std::string>& argv, const std::vector<std::string>& unset,
                               std::size_t max_bytes) -> Result<repository::ProcessOutput> {
                          const bool list = std::find(argv.begin(), argv.end(), "rev-list") != argv.end();
                          const bool limited = std::find(argv.begin(), argv.end(),
                                                         "--exclude-first-parent-only") != argv.end();
                          if (list && limited && old_git) return repository::ProcessOutput{.exit_code = 129};
                          auto output = repository::run_process(argv, unset, max_bytes);
                          processes += 1;
                          lists += list;
                          if (list && output)
                            lines += std::count(output->out.begin(), output->out.end(), '\n');
                          return output;
                        }),
        "project", index_file);
    EXPECT_TRUE(repository.ok()) << repository.error();
    return *repository;
  }
  void reset() { processes = lists = lines = 0; }

  bool old_git = false;
  std::int64_t processes = 0, lists = 0, lines = 0;
};

std::string identifier_of(Repository& repository, const std::string& text) {
  const auto commit = repository.resolve({.text = text});
  EXPECT_TRUE(commit.ok()) << text << ": " << commit.error();
  return commit.ok() && *commit ? (*commit)->identifier : "";
}

std::string hash_of(Repository& repository, const std::string& text) {
  const auto commit = repository.resolve({.text = text});
  EXPECT_TRUE(commit.ok()) << text << ": " << commit.error();
  return commit.ok() && *commit ? (*commit)->hash : "";
}

TEST_F(GitRepositoryTest, FollowsBranchesThatMove) {
  Counter counter;
  const auto repository = counter.open(clone_.string());
  EXPECT_EQ(identifier_of(*repository, merge_), "4@main");
  counter.reset();
  const std::string five = commit("five", 5000);
  EXPECT_EQ(identifier_of(*repository, five), "5@main");
  EXPECT_EQ(counter.lists, 1);
  EXPECT_EQ(counter.lines, 1) << "only what is new is listed";
  git({"checkout", "--quiet", "eng/side"});
  const std::string second = commit("second", 5100);
  EXPECT_EQ(hash_of(*repository, "2.2@eng/side"), second);
  EXPECT_EQ(counter.lines, 2);

  git({"checkout", "--quiet", "main"});
  git({"branch", "release", five});
  const std::string six = commit("six", 6000);
  git({"checkout", "--quiet", "release"});
  const std::string fix = commit("fix", 6100);
  git({"branch", "eng/more"});
  EXPECT_EQ(identifier_of(*repository, fix), "5.1@release") << "branches of no developer come first";
  EXPECT_EQ(identifier_of(*repository, "eng/more"), "5.1@eng/more") << "but the one that is asked for counts";
  EXPECT_EQ(identifier_of(*repository, five), "5@main");
  EXPECT_EQ(identifier_of(*repository, six), "6@main");

  git({"branch", "-f", "main", fix});  // the branch becomes the default branch's history
  EXPECT_EQ(identifier_of(*repository, fix), "6@main");
  EXPECT_EQ(identifier_of(*repository, six), "");
}

TEST_F(GitRepositoryTest, FollowsRewrittenHistory) {
  Counter counter;
  const auto repository = counter.open(clone_.string());
  EXPECT_EQ(identifier_of(*repository, merge_), "4@main");
  git({"reset", "--quiet", "--hard", one_});
  const std::string other = commit("other two", 2100);
  for (const auto& reader : {repository, counter.open(clone_.string())}) {
    EXPECT_EQ(hash_of(*reader, "2@main"), other);
    EXPECT_EQ(hash_of(*reader, "3@main"), "");
    EXPECT_EQ(identifier_of(*reader, three_), "") << "no branch has it any more";
    EXPECT_EQ(identifier_of(*reader, fork_), "1.2@eng/side");
  }
  git({"checkout", "--quiet", "--orphan", "apart"});
  const std::string root = commit("root", 2200);
  EXPECT_EQ(identifier_of(*repository, root), "1@apart") << "without a branch point";
  EXPECT_EQ(hash_of(*repository, "1@apart"), root);
}

TEST_F(GitRepositoryTest, OriginsCommitsCountWhereTheLocalBranchIsBehind) {
  git({"update-ref", "refs/remotes/origin/main", merge_});
  git({"reset", "--quiet", "--hard", two_});
  const auto repository = open();
  EXPECT_EQ(identifier_of(*repository, merge_), "4@main");
  EXPECT_EQ(hash_of(*repository, "4@main"), merge_);
  git({"checkout", "--quiet", "-b", "late", merge_});
  EXPECT_EQ(identifier_of(*repository, commit("late", 7000)), "4.1@late");
}

TEST_F(GitRepositoryTest, TheFileSurvivesRestartsAndIsNotTrusted) {
  Counter counter;
  const std::string file = (folder_.path() / "index").string();
  EXPECT_EQ(identifier_of(*counter.open(clone_.string(), file), merge_), "4@main");
  EXPECT_FALSE(std::filesystem::exists(clone_ / ".git" / "resultsdb-identifiers"));
  std::ifstream stream(file, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(stream), {}};
  const auto starts_again = [&](const std::string& content) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
    counter.reset();
    EXPECT_EQ(identifier_of(*counter.open(clone_.string(), file), three_), "3@main");
    return counter.lists > 0;
  };
  EXPECT_FALSE(starts_again(good));
  for (std::size_t i = 0; i < good.size(); i += 7) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    EXPECT_TRUE(starts_again(bad)) << "byte " << i;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{30}, good.size() - 1}) {
    EXPECT_TRUE(starts_again(good.substr(0, size))) << size << " bytes";
  }
  EXPECT_FALSE(starts_again(good));
}

TEST_F(GitRepositoryTest, AFileThatContradictsGitIsMadeAnew) {
  // A valid file of other facts: one's child is three, as a replaced commit of another time would say.
  Counter counter;
  const std::string file = (folder_.path() / "index").string();
  repository::FirstParents wrong;
  ASSERT_TRUE(wrong.add_lines("4000 " + merge_ + " " + three_ + "\n2000 " + three_ + " " + one_ + "\n2500 " +
                              fork_ + " " + one_ + "\n1000 " + one_ + "\n"));
  ASSERT_TRUE(wrong.save(file));
  EXPECT_EQ(identifier_of(*counter.open(clone_.string(), file), three_), "3@main");
  counter.reset();
  EXPECT_EQ(identifier_of(*counter.open(clone_.string(), file), merge_), "4@main");
  EXPECT_EQ(counter.lists, 0) << "the file was written anew";
}

TEST_F(GitRepositoryTest, WorksWithoutAFileWithAnOldGitAndNotAtAllWithoutHistory) {
  Counter counter;
  counter.old_git = true;
  const auto repository = counter.open(clone_.string(), (folder_.path() / "no folder" / "index").string());
  EXPECT_EQ(identifier_of(*repository, merge_), "4@main");
  EXPECT_EQ(identifier_of(*repository, commit("five", 5000)), "5@main");

  const std::filesystem::path shallow = folder_.path() / "shallow";
  git({"clone", "--quiet", "--depth=2", "file://" + clone_.string(), shallow.string()});
  const auto cut = open_git_repository(shallow.string());
  ASSERT_TRUE(cut.ok()) << cut.error();
  EXPECT_EQ(identifier_of(**cut, merge_), "") << "a number would be wrong";
  EXPECT_EQ(hash_of(**cut, merge_), merge_);
  EXPECT_EQ(hash_of(**cut, "1@main"), "");
}

TEST_F(GitRepositoryTest, ManyCommitsAreListedOnce) {
  constexpr int kCommits = 20'000;
  const std::filesystem::path stream = folder_.path() / "stream";
  std::ofstream out(stream);
  for (int i = 1; i <= kCommits; ++i) {
    const std::string message = std::to_string(i);
    out << "commit refs/heads/main\nmark :" << i << "\ncommitter A <a@example.org> " << 1'000'000 + i
        << " +0000\ndata " << message.size() << '\n'
        << message << '\n';
  }
  out.close();
  const std::string many = (folder_.path() / "many").string();
  git({"init", "--quiet", "--bare", "--initial-branch=main", many});
  const auto imported = repository::run_process(
      {"sh", "-c", R"(git -C "$1" fast-import --quiet < "$2")", "sh", many, stream.string()}, {}, 1 << 20);
  ASSERT_TRUE(imported.ok() && imported->exit_code == 0);

  Counter counter;
  const auto repository = counter.open(many);
  const std::string hash = hash_of(*repository, "12345@main");
  EXPECT_EQ(counter.lists, 1);
  EXPECT_EQ(counter.lines, kCommits);
  counter.reset();
  EXPECT_EQ(identifier_of(*repository, hash), "12345@main");
  EXPECT_EQ(counter.lists, 0);
  EXPECT_EQ(counter.processes, 3) << "the name, the branches, the commit";
  counter.reset();
  EXPECT_NE(hash_of(*repository, "20000@main"), "");
  EXPECT_EQ(counter.processes, 2);
  EXPECT_EQ(hash_of(*repository, "20001@main"), "");
  counter.reset();
  EXPECT_EQ(identifier_of(*counter.open(many), hash), "12345@main") << "after a restart";
  EXPECT_EQ(counter.lists, 0);
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
