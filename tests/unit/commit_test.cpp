#include "resultsdb/commit.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "resultsdb/limits.hpp"

namespace resultsdb {
namespace {

using Kind = CommitReference::Kind;
using namespace std::string_literals;

const std::string kHash = "9b8311f25a77ba14923d9d5a6532103f54abefcb";

TEST(Commit, NamesItself) {
  const struct {
    Commit commit;
    std::string id, label;
  } cases[] = {
      {{.hash = kHash, .revision = 3, .identifier = "1@main"}, kHash, "1@main"},
      {{.hash = kHash, .revision = 3}, kHash, "r3"},
      {{.hash = kHash}, kHash, "9b8311f25a77"},
      {{.hash = "9b83"}, "9b83", "9b83"},
      {{.revision = 3, .identifier = "1@main"}, "r3", "1@main"},
      {{.identifier = "1@main"}, "1@main", "1@main"},
      {{}, "", "?"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.commit.id(), c.id);
    EXPECT_EQ(c.commit.label(), c.label);
  }
  EXPECT_EQ((Commit{.message = "one\ntwo"}.subject()), "one");
  EXPECT_EQ((Commit{.message = "one\r\ntwo"}.subject()), "one");
  EXPECT_EQ((Commit{.message = "one"}.subject()), "one");
  EXPECT_EQ(Commit{}.subject(), "");
}

TEST(Commit, PositionFollowsTimeAndNeverHistoryBackwards) {
  const auto at = [](std::int64_t micros, std::int64_t order) {
    Commit commit;
    commit.timestamp = from_micros(micros);
    commit.order = order;
    return commit;
  };
  const struct {
    Commit commit;
    std::optional<Position> parent, previous;
    Position position;
  } cases[] = {
      {at(1601660000'000000, 0), {}, {}, 160166000000},
      {at(1601660000'999999, 0), {}, {}, 160166000000},
      {at(1601660000'000000, 7), {}, {}, 160166000007},
      {at(1601660000'000000, 0), 160165999900, {}, 160166000000},
      {at(1601660000'000000, 0), 160166000000, {}, 160166000001},
      {at(1601660000'000000, 0), 170000000000, {}, 170000000001},
      {at(1601660000'000000, 0), {}, 999999999999, 160166000000},
      {at(-1, 0), {}, {}, -100},
      {Commit{}, {}, {}, 1},
      {Commit{}, {}, 41, 42},
      {Commit{}, 99, 41, 100},
  };
  for (const auto& c : cases) EXPECT_EQ(commit_position(c.commit, c.parent, c.previous), c.position);
}

TEST(Commit, OrderIsTotal) {
  const auto make = [](std::optional<Position> position, std::string repository, std::int64_t revision,
                       std::string identifier, std::string hash, std::string branch) {
    Commit commit{.repository = repository,
                  .branch = branch,
                  .hash = hash,
                  .revision = revision,
                  .identifier = identifier};
    commit.position = position;
    return commit;
  };
  const std::vector<Commit> sorted = {
      make({}, "z", 9, "9@main", "ff", ""), make(-5, "z", 0, "", "aa", ""),
      make(1, "a", 0, "", "aa", ""),        make(1, "b", 0, "9@main", "aa", ""),
      make(1, "b", 0, "10@main", "aa", ""), make(1, "b", 0, "10.2@x", "aa", ""),
      make(1, "b", 0, "10.11@x", "aa", ""), make(1, "b", 2, "", "aa", ""),
      make(1, "b", 10, "", "aa", "a"),      make(1, "b", 10, "", "aa", "b"),
      make(1, "b", 10, "", "ab", "a"),      make(2, "a", 0, "", "aa", ""),
  };
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      EXPECT_EQ(commit_before(sorted[i], sorted[j]), i < j) << i << ' ' << j;
    }
  }
}

TEST(Commit, ValidationNamesTheMember) {
  const Commit good{
      .repository = "webkit", .branch = "main", .hash = kHash, .revision = 3, .identifier = "1@main"};
  EXPECT_TRUE(validate_commit(good).ok());
  const struct {
    std::string_view member;
    void (*spoil)(Commit&);
  } cases[] = {
      {"commit.repository", [](Commit& c) { c.repository.clear(); }},
      {"commit.repository", [](Commit& c) { c.repository = "a\0b"s; }},
      {"commit.branch", [](Commit& c) { c.branch = "\xff"; }},
      {"commit.branch", [](Commit& c) { c.branch = std::string(limits::kNameBytes + 1, 'x'); }},
      {"commit.hash", [](Commit& c) { c.hash = "ABCDEF"; }},
      {"commit.hash", [](Commit& c) { c.hash = "xyz"; }},
      {"commit.hash", [](Commit& c) { c.hash = std::string(65, 'a'); }},
      {"commit.revision", [](Commit& c) { c.revision = -1; }},
      {"commit.identifier", [](Commit& c) { c.identifier = "\xc3"; }},
      {"commit", [](Commit& c) { c.hash.clear(), c.revision = 0, c.identifier.clear(); }},
      {"commit.timestamp", [](Commit& c) { c.timestamp = Time::max(); }},
      {"commit.order", [](Commit& c) { c.order = -limits::kMaxPosition - 1; }},
      {"commit.order", [](Commit& c) { c.order = limits::kMaxPosition + 1; }},
      {"commit.author.name", [](Commit& c) { c.author.name = "\xff"; }},
      {"commit.author.emails", [](Commit& c) { c.author.emails = {"ok", "\xff"}; }},
      {"commit.message", [](Commit& c) { c.message = "a\0"s; }},
      {"commit.parents", [](Commit& c) { c.parents = {kHash, ""}; }},
      {"commit.position", [](Commit& c) { c.position = -limits::kMaxPosition - 1; }},
  };
  for (const auto& c : cases) {
    Commit commit = good;
    c.spoil(commit);
    const Status status = validate_commit(commit);
    ASSERT_FALSE(status.ok()) << c.member;
    EXPECT_EQ(status.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(status.error().context, c.member);
  }
}

TEST(CommitReference, Forms) {
  const struct {
    std::string text;
    CommitReference reference;
  } cases[] = {
      {"r123", {Kind::Revision, "123", 123}},
      {"r0", {Kind::Name, "r0"}},
      {"r", {Kind::Name, "r"}},
      {"r12a", {Kind::Name, "r12a"}},
      {"r99999999999999999999", {Kind::Name, "r99999999999999999999"}},
      {kHash, {Kind::Hash, kHash}},
      {"9B8311F25A77BA14923D9D5A6532103F54ABEFCB", {Kind::Hash, kHash}},
      {std::string(64, 'a'), {Kind::Hash, std::string(64, 'a')}},
      {std::string(41, 'a'), {Kind::HashPrefix, std::string(41, 'a')}},
      {std::string(65, 'a'), {Kind::Name, std::string(65, 'a')}},
      {"9B8311F", {Kind::HashPrefix, "9b8311f"}},
      {"1234567", {Kind::HashPrefix, "1234567"}},
      {"9b8311", {Kind::Name, "9b8311"}},
      {"123456", {Kind::Name, "123456"}},
      {"1234@main", {Kind::Identifier, "1234@main"}},
      {"1230.2@eng/branch", {Kind::Identifier, "1230.2@eng/branch"}},
      {"1230.-2@branch", {Kind::Identifier, "1230.-2@branch"}},
      {"1@a@b", {Kind::Identifier, "1@a@b"}},
      {"@main", {Kind::Name, "@main"}},
      {"1@", {Kind::Name, "1@"}},
      {"1.@main", {Kind::Name, "1.@main"}},
      {".1@main", {Kind::Name, ".1@main"}},
      {"1.2.3@main", {Kind::Name, "1.2.3@main"}},
      {"x1@main", {Kind::Name, "x1@main"}},
      {"HEAD", {Kind::Name, "HEAD"}},
      {"eng/branch", {Kind::Name, "eng/branch"}},
      {"deadbee\xc3\xa9", {Kind::Name, "deadbee\xc3\xa9"}},
  };
  for (const auto& c : cases) {
    const auto reference = parse_commit_reference(c.text);
    ASSERT_TRUE(reference.ok()) << c.text;
    EXPECT_EQ(*reference, c.reference) << c.text;
  }
  for (const std::string& text : {""s, "\xff"s, "a\0"s, std::string(limits::kNameBytes + 1, 'a')}) {
    EXPECT_FALSE(parse_commit_reference(text).ok());
  }
}

TEST(CommitReference, RepositoryStandsBeforeTheFirstAt) {
  EXPECT_EQ(*parse_repository_reference("webkit@r12"), (RepositoryReference{"webkit", "r12"}));
  EXPECT_EQ(*parse_repository_reference("webkit@1234@main"), (RepositoryReference{"webkit", "1234@main"}));
  for (const std::string_view text : {"", "webkit", "@r12", "webkit@", "@"}) {
    const auto reference = parse_repository_reference(text);
    ASSERT_FALSE(reference.ok()) << text;
    EXPECT_EQ(reference.error().code, ErrorCode::InvalidArgument);
  }
}

}  // namespace
}  // namespace resultsdb
