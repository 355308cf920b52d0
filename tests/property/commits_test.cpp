// Commits through Model: places that are fixed for ever, and references.
#include <gtest/gtest.h>

#include <sstream>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb {
namespace {

std::string hash_of(int number) {
  std::string hex = std::to_string(number);
  return std::string(40 - hex.size(), 'a') + hex;
}

Commit commit(int number, std::optional<std::int64_t> seconds, int parent = 0) {
  Commit commit{.repository = "widgets", .branch = "main", .hash = hash_of(number)};
  if (seconds) commit.timestamp = from_seconds(*seconds);
  if (parent != 0) commit.parents = {hash_of(parent)};
  return commit;
}

class Commits : public ::testing::Test {
 protected:
  std::vector<Position> positions(const std::vector<Commit>& commits) {
    const auto stored = model_->register_commits(commits);
    std::vector<Position> positions;
    if (!stored) {
      ADD_FAILURE() << stored.error();
      return positions;
    }
    for (const Commit& each : *stored) positions.push_back(*each.position);
    return positions;
  }

  std::shared_ptr<storage::Storage> storage_ = backends::open_memory();
  std::shared_ptr<Model> model_ = Model::create(storage_).value();
};

TEST_F(Commits, AreNeverPlacedBeforeTheirParents) {
  EXPECT_EQ(positions({commit(1, 1000), commit(2, 900, 1), commit(3, 1001, 2)}),
            (std::vector<Position>{100'000, 100'001, 100'100}));
}

TEST_F(Commits, WithoutTimesFollowTheBranch) {
  EXPECT_EQ(positions({commit(1, 10), commit(2, {}), commit(3, {})}),
            (std::vector<Position>{1000, 1001, 1002}));
  EXPECT_EQ(positions({commit(4, {})}), (std::vector<Position>{1003}));
}

TEST_F(Commits, KeepTheirPlaceAndWhatIsKnownOfThem) {
  Commit full = commit(1, 1000);
  full.message = "First\n\nbody";
  full.author = {"A", {"a@example.org"}};
  EXPECT_EQ(positions({full}), (std::vector<Position>{100'000}));
  Commit bare{.repository = "widgets", .branch = "main", .hash = hash_of(1), .revision = 7};
  const auto again = model_->register_commits({&bare, 1});
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->front().message, full.message);
  EXPECT_EQ(again->front().timestamp, full.timestamp);
  EXPECT_EQ(again->front().position, 100'000);
  EXPECT_EQ(again->front().revision, 7);
}

TEST_F(Commits, OfOneRevisionHaveOnePlaceOnAllBranches) {
  Commit other = commit(1, 2000);
  other.branch = "stable";
  EXPECT_EQ(positions({commit(1, 1000), other}), (std::vector<Position>{100'000, 100'000}));
}

// An identifier may look like a hash or a revision.
TEST_F(Commits, KnownByTheirIdentifierAloneKeepTheirPlaces) {
  std::vector<Commit> builds;
  for (const char* identifier : {"1234", "beef", "r7x", "build 8"})
    builds.push_back({.repository = "widgets", .branch = "main", .identifier = identifier});
  const std::vector<Position> first = positions(builds);
  EXPECT_EQ(first, (std::vector<Position>{1, 2, 3, 4}));
  EXPECT_EQ(positions(builds), first);
}

TEST_F(Commits, ThatNameAnotherBatchAsParentAreFound) {
  std::vector<Commit> many;
  for (int i = 1; i <= 12'000; ++i) many.push_back(commit(i, 5000 - i / 100, i - 1));
  const std::vector<Position> all = positions(many);
  ASSERT_EQ(all.size(), many.size());
  for (std::size_t i = 1; i < all.size(); ++i) ASSERT_GT(all[i], all[i - 1]);
  EXPECT_EQ(positions(many), all);
  const auto page = model_->commits({.repository = "widgets", .limit = 1});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.front().hash, hash_of(12'000));
}

TEST_F(Commits, PrescribedPlacesAreTaken) {
  Commit prescribed = commit(1, 10);
  prescribed.position = 4711;
  const auto stored = model_->register_commits({&prescribed, 1}, true);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->front().position, 4711);
  const Commit unplaced = commit(2, 10);
  EXPECT_EQ(model_->register_commits({&unplaced, 1}, true).error().code, ErrorCode::InvalidArgument);
}

TEST_F(Commits, RegisteredAtTwoPlacesAreImportedAtBoth) {
  std::vector<Commit> both = {commit(1, 10), commit(1, 20)};
  both[0].position = 1000;
  both[1].position = 2000;
  const auto stored = model_->register_commits(both, /*prescribed=*/true, /*overwrite=*/true);
  ASSERT_TRUE(stored) << stored.error();
  std::stringstream exported;
  ASSERT_TRUE(model_->export_to(exported, {}));
  const auto other = Model::create(backends::open_memory()).value();
  const auto report = other->import_from(exported, [] { return from_seconds(1); });
  ASSERT_TRUE(report) << report.error();
  std::ostringstream again;
  ASSERT_TRUE(other->export_to(again, {}));
  EXPECT_EQ(again.str(), exported.str());
  EXPECT_EQ(other->commits({.repository = "widgets"}).value().items.size(), 2u);
}

TEST_F(Commits, AreResolvedByWhatPeopleWrite) {
  Commit known = commit(5, 1000);
  known.revision = 99;
  known.identifier = "12@main";
  positions({known, commit(6, 2000)});
  for (const std::string& reference : {hash_of(5), std::string("r99"), std::string("12@main")}) {
    const auto found = model_->resolve({"widgets", reference}, {});
    ASSERT_TRUE(found) << found.error();
    EXPECT_EQ(found->commit.hash, hash_of(5));
    EXPECT_FALSE(found->registered);
  }
  EXPECT_EQ(model_->resolve({"widgets", "aaaaaaaaaa"}, {}).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(model_->resolve({"widgets", "bbbbbbb"}, {}).error().code, ErrorCode::NotFound);
  EXPECT_EQ(model_->resolve({"widgets", "HEAD"}, from_seconds(1)).error().code, ErrorCode::NotFound);
}

TEST_F(Commits, ThatNobodyKnowsAreRegisteredWithTheFallback) {
  EXPECT_EQ(model_->resolve({"widgets", hash_of(8)}, {}).error().code, ErrorCode::NotFound);
  const auto first = model_->resolve({"widgets", hash_of(8)}, from_seconds(50));
  ASSERT_TRUE(first) << first.error();
  EXPECT_TRUE(first->registered);
  EXPECT_EQ(first->commit.position, 5000);
  const auto second = model_->resolve({"widgets", hash_of(8)}, from_seconds(99));
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->registered);
  EXPECT_EQ(second->commit.position, 5000);
}

class OneCommit final : public Repository {
 public:
  std::string key() const override { return "widgets"; }
  std::string default_branch() const override { return "trunk"; }
  Result<std::optional<Commit>> resolve(const ResolveRequest& request) override {
    if (request.text != "HEAD") return std::optional<Commit>();
    return std::optional(Commit{.hash = hash_of(3), .timestamp = from_seconds(7)});
  }
};

TEST_F(Commits, AreAskedOfTheRepositoryAndKept) {
  model_ = Model::create(storage_, {.repositories = {std::make_shared<OneCommit>()}}).value();
  const auto found = model_->resolve({"widgets", "HEAD"}, {});
  ASSERT_TRUE(found) << found.error();
  EXPECT_TRUE(found->registered);
  EXPECT_EQ(found->commit.branch, "trunk");
  EXPECT_EQ(found->commit.position, 700);
  EXPECT_FALSE(model_->resolve({"widgets", hash_of(3)}, {})->registered);
  EXPECT_EQ(model_->repositories().value(), std::vector<std::string>{"widgets"});
}

}  // namespace
}  // namespace resultsdb
