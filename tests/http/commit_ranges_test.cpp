// Counting the commits of many ranges.
#include "http/commit_ranges.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/testing/faulty_storage.hpp"
#include "unit/seed.hpp"

namespace resultsdb::http {
namespace {

class CommitRangesTest : public ::testing::Test {
 protected:
  /// Positions 0, 100, …; by A, B or C; every fifth is on another branch, too.
  void register_commits(int count) {
    std::vector<Commit> commits;
    for (int i = 0; i < count; ++i) {
      Commit commit{.repository = "r", .branch = "main", .revision = i + 1, .position = 100 * i};
      commit.author.name = std::string(1, static_cast<char>('A' + i % 3));
      if (i % 5 == 0) {
        commits.push_back(commit);
        commits.back().branch = "other";
      }
      commits.push_back(std::move(commit));
    }
    ASSERT_TRUE(model_->register_commits(commits, true));
  }
  std::uint64_t reads() const { return storage_->calls("find_commits"); }

  std::shared_ptr<testing::FaultyStorage> storage_ =
      std::make_shared<testing::FaultyStorage>(backends::open_memory());
  std::shared_ptr<Model> model_ = Model::create(storage_).value();
};

TEST_F(CommitRangesTest, CountWhatOneReadEachWouldFind) {
  const auto seed = random_seed();
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  register_commits(300);
  std::uniform_int_distribution<Position> place(-500, 31'000);
  std::vector<std::pair<Position, Position>> ranges;
  for (int i = 0; i < 60; ++i) ranges.emplace_back(place(random), place(random));
  CommitRanges all;
  for (const auto& [after, to] : ranges) all.add("r", after, to);
  ASSERT_TRUE(all.load(*model_));
  for (const auto& [after, to] : ranges) {
    std::size_t count = 0;
    std::set<std::string> authors;
    for (int i = 0; i < 300; ++i)
      if (100 * i > after && 100 * i <= to) {
        ++count;
        authors.insert(std::string(1, static_cast<char>('A' + i % 3)));
      }
    const auto found = all.find("r", after, to);
    EXPECT_EQ(found.commits, count) << after << ' ' << to;
    EXPECT_EQ(std::set(found.authors.begin(), found.authors.end()), authors);
  }
  EXPECT_EQ(all.find("none", 0, 100).commits, 0u);
}

TEST_F(CommitRangesTest, OverlappingRangesAreReadOnce) {
  register_commits(300);
  CommitRanges all;
  for (int i = 0; i < 100; ++i) all.add("r", 100 * i, 100 * i + 5'000);
  const auto before = reads();
  ASSERT_TRUE(all.load(*model_));
  EXPECT_EQ(reads() - before, 1u);
  EXPECT_EQ(all.find("r", 0, 5'000).commits, 50u);
  EXPECT_EQ(all.find("r", 0, 5'000).authors, (std::vector<std::string>{"C", "B", "A"})) << "newest first";
}

TEST_F(CommitRangesTest, WhatWasNotReadIsNotCounted) {
  register_commits(static_cast<int>(CommitRanges::kMost) + 20'000);  // of which 10,000 and more stand twice
  CommitRanges all;
  const Position newest = 100 * static_cast<Position>(CommitRanges::kMost + 20'000);
  all.add("r", 0, newest);
  all.add("r", newest - 1'000, newest);
  all.add("r", 0, 1'000);
  ASSERT_TRUE(all.load(*model_));
  EXPECT_FALSE(all.find("r", 0, newest).commits);
  EXPECT_FALSE(all.find("r", 0, 1'000).commits);
  EXPECT_EQ(all.find("r", newest - 1'000, newest).commits, 9u);
}

}  // namespace
}  // namespace resultsdb::http
