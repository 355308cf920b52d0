#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "resultsdb/repository.hpp"
#include "unit/temporary_folder.hpp"

namespace resultsdb {
namespace {

using By = ResolveRequest::By;

constexpr std::string_view kFile = R"({"format": 1, "comment": "ignored", "repositories": {
  "list": {
    "commits": [
      {"branch": "main", "hash": "1111111aaaa", "revision": 1, "identifier": "1@main", "timestamp": 1601660000,
       "author": {"name": "A Developer", "emails": ["dev@example.org"], "nick": "a"}, "message": "1st commit\n"},
      {"branch": "main", "hash": "1111111bbbb", "revision": 2, "timestamp": "2020-10-02T17:50:00Z", "order": 3},
      {"branch": "main", "hash": "1111111bbbb", "revision": 2, "identifier": "2@main", "author": "Someone",
       "timestamp": 1601661000, "parents": ["1111111aaaa"]}],
    "branches": {"main": [0, 2]},
    "url_for_commit": ["https://example.org/1", null, "https://example.org/2@main"]},
  "tables": {
    "default_branch": "trunk",
    "representations": ["hash", "revision"],
    "commits": [{"hash": "abcdef1", "message": "short"}, {"hash": "abcdef1", "identifier": "7@trunk"}],
    "lookups": {
      "ref": {"tip": {"fast": 0, "full": 1}, "gone": {"fast": {"status": 404, "text": "It is gone"}},
              "down": {"full": {"status": 500}}},
      "hash": {"gone": {"fast": {"status": 404}}}}}}})";

class StaticRepositoryTest : public ::testing::Test {
 protected:
  Result<RepositoryList> load(std::string_view text) {
    std::ofstream(path_, std::ios::binary) << text;
    return load_static_repositories(path_);
  }
  Result<std::optional<Commit>> ask(Repository& repository, By by, std::string text, bool full = false) {
    return repository.resolve({.by = by, .text = std::move(text), .full = full});
  }

  TemporaryFolder folder_;
  std::string path_ = (folder_.path() / "repositories.json").string();
};

TEST_F(StaticRepositoryTest, ReadsTheFile) {
  const auto list = load(kFile);
  ASSERT_TRUE(list.ok()) << list.error();
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0]->key(), "list");
  EXPECT_EQ((*list)[0]->default_branch(), "main");
  EXPECT_TRUE((*list)[0]->representations().empty());
  EXPECT_EQ((*list)[1]->default_branch(), "trunk");
  EXPECT_EQ((*list)[1]->representations(), (std::vector<std::string>{"hash", "revision"}));
  const auto commit = ask(*(*list)[0], By::Reference, "1111111aaaa");
  ASSERT_TRUE(commit.ok() && *commit);
  const Commit expected{.repository = "list",
                        .branch = "main",
                        .hash = "1111111aaaa",
                        .revision = 1,
                        .identifier = "1@main",
                        .timestamp = from_seconds(1601660000),
                        .author = {"A Developer", {"dev@example.org"}},
                        .message = "1st commit\n"};
  EXPECT_EQ(**commit, expected);
}

TEST_F(StaticRepositoryTest, SearchesTheListWithoutTables) {
  const auto list = load(kFile);
  ASSERT_TRUE(list.ok()) << list.error();
  Repository& repository = *(*list)[0];
  const struct {
    By by;
    std::string text, identifier;
  } cases[] = {
      {By::Reference, "r2", "2@main"},          {By::Revision, "2", "2@main"},
      {By::Revision, "r2", "2@main"},           {By::Reference, "1@main", "1@main"},
      {By::Identifier, "2", "2@main"},          {By::Identifier, "2@main", "2@main"},
      {By::Hash, "1111111b", "2@main"},         {By::Hash, "1111111AAAA", "1@main"},
      {By::Reference, "main", "2@main"},        {By::Reference, "HEAD", "2@main"},
      {By::Reference, "1111111bbbb", "2@main"},
  };
  for (const auto& c : cases) {
    const auto commit = ask(repository, c.by, c.text);
    ASSERT_TRUE(commit.ok()) << c.text << ": " << commit.error();
    ASSERT_TRUE(*commit) << c.text;
    EXPECT_EQ((*commit)->identifier, c.identifier) << c.text;
  }
  for (const std::string text : {"r3", "3@main", "2222222", "nowhere", "1@other", "11111"}) {
    const auto commit = ask(repository, By::Reference, text);
    ASSERT_TRUE(commit.ok()) << text;
    EXPECT_FALSE(*commit) << text;
  }
  EXPECT_EQ(ask(repository, By::Reference, "1111111").error().code, ErrorCode::NotFound) << "ambiguous";
  EXPECT_EQ(ask(repository, By::Reference, "").error().code, ErrorCode::InvalidArgument);
}

TEST_F(StaticRepositoryTest, PrescribedAnswersComeFirst) {
  const auto list = load(kFile);
  ASSERT_TRUE(list.ok()) << list.error();
  Repository& repository = *(*list)[1];
  EXPECT_EQ((*ask(repository, By::Reference, "tip"))->identifier, "");
  EXPECT_EQ((*ask(repository, By::Reference, "tip", true))->identifier, "7@trunk");
  const auto gone = ask(repository, By::Reference, "gone");
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, ErrorCode::NotFound);
  EXPECT_EQ(gone.error().text(), "It is gone");
  EXPECT_EQ(ask(repository, By::Hash, "gone").error().message, "") << "the table of the kind asked for";
  EXPECT_EQ(ask(repository, By::Reference, "down", true).error().code, ErrorCode::Unavailable);
  EXPECT_FALSE(*ask(repository, By::Reference, "down")) << "this form has no prescribed answer";
  EXPECT_EQ((*ask(repository, By::Hash, "abcdef1"))->identifier, "7@trunk");
}

TEST_F(StaticRepositoryTest, LinksCommits) {
  const auto list = load(kFile);
  ASSERT_TRUE(list.ok()) << list.error();
  const Repository& repository = *(*list)[0];
  EXPECT_EQ(repository.link({.hash = "1111111aaaa", .revision = 1, .identifier = "1@main"}),
            "https://example.org/1");
  EXPECT_EQ(repository.link({.hash = "1111111bbbb"}), "https://example.org/2@main");
  EXPECT_EQ(repository.link({.hash = "cccccccc"}), std::nullopt);
}

TEST_F(StaticRepositoryTest, SaysWhereAFileIsWrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "JSON"},
      {"[]", "file"},
      {R"({"repositories": {}})", "file.format"},
      {R"({"format": 2, "repositories": {}})", "file.format"},
      {R"({"format": 1})", "file.repositories"},
      {R"({"format": 1, "repositories": {"a": []}})", "repositories.a"},
      {R"({"format": 1, "repositories": {"a": {"commits": {}}}})", "repositories.a.commits"},
      {R"({"format": 1, "repositories": {"a": {"commits": [{"hash": "XYZ"}]}}})",
       "repositories.a.commits[0]"},
      {R"({"format": 1, "repositories": {"a": {"commits": [{"hash": 12}]}}})",
       "repositories.a.commits[0].hash"},
      {R"({"format": 1, "repositories": {"a": {"commits": [{"hash": "aa", "timestamp": 1e99}]}}})",
       "timestamp"},
      {R"({"format": 1, "repositories": {"a": {"commits": [{"hash": "aa", "timestamp": 9223372036854775807}]}}})",
       "timestamp"},
      {R"({"format": 1, "repositories": {"a": {"commits": [{"hash": "aa", "author": 1}]}}})", "author"},
      {R"({"format": 1, "repositories": {"a": {"branches": {"main": [0]}}}})", "branches.main"},
      {R"({"format": 1, "repositories": {"a": {"url_for_commit": ["x"]}}})", "url_for_commit"},
      {R"({"format": 1, "repositories": {"a": {"lookups": {"ref": {"x": {"fast": -1}}}}}})",
       "lookups.ref.x.fast"},
      {R"({"format": 1, "repositories": {"a": {"lookups": {"ref": {"x": {"full": {"status": 200}}}}}}})",
       "status"},
  };
  for (const auto& [text, where] : cases) {
    const auto list = load(text);
    ASSERT_FALSE(list.ok()) << text;
    EXPECT_EQ(list.error().code, ErrorCode::InvalidArgument) << text;
    EXPECT_NE(list.error().text().find(where), std::string::npos) << text << ": " << list.error();
    EXPECT_NE(list.error().text().find("repositories.json"), std::string::npos) << list.error();
  }
  EXPECT_FALSE(load(std::string(100'000, '[')).ok());
  EXPECT_EQ(load_static_repositories(path_ + ".missing").error().code, ErrorCode::NotFound);
  EXPECT_FALSE(load_static_repositories(folder_.path().string()).ok()) << "a folder";
}

}  // namespace
}  // namespace resultsdb
