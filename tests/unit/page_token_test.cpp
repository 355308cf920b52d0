#include "domain/page_token.hpp"

#include <gtest/gtest.h>

#include "resultsdb/base64url.hpp"
#include "unit/fake_storage.hpp"

namespace resultsdb::storage {
namespace {

template <class T>
void expect_refused(const Result<T>& page) {
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(page.error().context, "page token");
}

TEST(Paging, AsksForOneRowMoreAndCuts) {
  FakeStorage storage;
  storage.tests = {{1, "a"}, {2, "b"}, {3, "c\xc3\xa9"}};
  const TestQuery query{.suite = "s"};
  const auto all = storage.find_tests(query, {.limit = 3});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->rows.size(), 3u);
  EXPECT_EQ(all->next, "") << "a full page that is the last one has no token";
  EXPECT_EQ(storage.limit, 4u);
  EXPECT_EQ(storage.after_text, std::nullopt);

  const auto two = storage.find_tests(query, {.limit = 2});
  EXPECT_EQ(two->rows.size(), 2u);
  ASSERT_NE(two->next, "");
  const auto next = storage.find_tests(query, {.limit = 7, .token = two->next});
  ASSERT_TRUE(next.ok()) << "the limit may differ: " << next.error();
  EXPECT_EQ(storage.after_text, "b");

  storage.tests.clear();
  const auto none = storage.find_tests(query, {.limit = 1});
  EXPECT_TRUE(none->rows.empty());
  EXPECT_EQ(none->next, "");
}

TEST(Paging, CursorsHoldWhatTheOrderUses) {
  FakeStorage storage;
  const RunRow row{.timeline = 7,
                   .serial = 9,
                   .position = -limits::kMaxPosition,
                   .started = from_micros(-5),
                   .variant = "v\xc3\xa9",
                   .id = "r",
                   .received = from_micros(123456789)};
  storage.runs = {row, row};
  for (const auto order : {RunQuery::Order::Position, RunQuery::Order::Started, RunQuery::Order::Received}) {
    const RunQuery query{.suite = "s", .order = order};
    const auto page = storage.find_runs(query, {.limit = 1});
    ASSERT_TRUE(page.ok()) << page.error();
    EXPECT_EQ(storage.after_run, std::nullopt);
    ASSERT_TRUE(storage.find_runs(query, {.limit = 1, .token = page->next}).ok());
    const auto& after = storage.after_run;
    ASSERT_TRUE(after);
    const bool by_receipt = order == RunQuery::Order::Received;
    EXPECT_EQ(after->timeline, 7u);
    EXPECT_EQ(after->serial, by_receipt ? 9u : 0u);
    EXPECT_EQ(after->received, by_receipt ? row.received : Time{});
    EXPECT_EQ(after->position, by_receipt ? 0 : row.position);
    EXPECT_EQ(after->started, by_receipt ? Time{} : row.started);
    EXPECT_EQ(after->variant, by_receipt ? "" : row.variant);
  }
  Commit commit{.repository = "r", .branch = "main", .revision = 12};
  commit.position = 34;
  storage.commits = {commit, commit};
  const auto commits = storage.find_commits({.repository = "r"}, {.limit = 1});
  ASSERT_TRUE(storage.find_commits({.repository = "r"}, {.limit = 1, .token = commits->next}).ok());
  EXPECT_EQ(storage.after_commit->position, 34);
  EXPECT_EQ(storage.after_commit->branch, "main");
  EXPECT_EQ(storage.after_commit->id, "r12");
  storage.documents = {{.key = "k"}, {.key = "l"}};
  const auto documents = storage.find_documents({.collection = "c"}, {.limit = 1});
  ASSERT_TRUE(storage.find_documents({.collection = "c"}, {.limit = 1, .token = documents->next}).ok());
  EXPECT_EQ(storage.after_text, "k");
}

TEST(Paging, TokensOfOtherQueriesAreRefused) {
  FakeStorage storage;
  storage.runs = {RunRow{}, RunRow{}};
  storage.tests = {{1, "a"}, {2, "b"}};
  const RunQuery query{.suite = "s"};
  const std::string token = storage.find_runs(query, {.limit = 1})->next;
  std::vector<RunQuery> others(14, query);
  others[0].suite = "t";
  others[1].timelines = {1};
  others[2].states = {RunState::Running};
  others[3].id = "x";
  others[4].digest = "x";
  others[5].attributes = {{"a", "b"}};
  others[6].position.from = 0;
  others[7].position.to = 0;
  others[8].started.from = Time{};
  others[9].started.to = Time{};
  others[10].received.from = Time{};
  others[11].order = RunQuery::Order::Started;
  others[12].ascending = true;
  others[13].attributes = {{"ab", ""}};
  for (std::size_t i = 0; i < others.size(); ++i) {
    SCOPED_TRACE(i);
    expect_refused(storage.find_runs(others[i], {.limit = 1, .token = token}));
    const std::string other_token = domain::make_token(domain::query_fields(others[i]), {});
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(other_token, domain::make_token(domain::query_fields(others[j]), {})) << j;
    }
  }
  expect_refused(storage.find_tests({.suite = "s"}, {.limit = 1, .token = token}));
  EXPECT_TRUE(storage.find_runs(query, {.limit = 1, .token = token}).ok());
}

TEST(Paging, BrokenTokensAreRefused) {
  FakeStorage storage;
  storage.tests = {{1, "some name"}, {2, "b"}};
  const TestQuery query{.suite = "s"};
  const std::string token = storage.find_tests(query, {.limit = 1})->next;
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  for (std::size_t i = 0; i < token.size(); ++i) {
    SCOPED_TRACE(i);
    std::string broken = token;
    broken[i] = broken[i] == 'A' ? 'B' : 'A';
    expect_refused(storage.find_tests(query, {.limit = 1, .token = broken}));
    if (i > 0) expect_refused(storage.find_tests(query, {.limit = 1, .token = token.substr(0, i)}));
  }
  for (const std::string& broken :
       {token + "A", token + "=", " " + token, std::string("x"), std::string(10'000, 'A')}) {
    expect_refused(storage.find_tests(query, {.limit = 1, .token = broken}));
  }
  // Right checksum, wrong fields: a token of a later form of the same version.
  const std::string other =
      domain::make_token(domain::query_fields(query), domain::FieldWriter().text("a").number(1));
  expect_refused(storage.find_tests(query, {.limit = 1, .token = other}));
}

TEST(Paging, QueriesHaveOneByteForm) {
  const auto bytes = [](const auto& query) { return domain::query_fields(query).bytes(); };
  EXPECT_EQ(bytes(CommitQuery{.repository = "r"}), bytes(CommitQuery{.repository = "r"}));
  EXPECT_NE(bytes(CommitQuery{.repository = "r"}), bytes(CommitQuery{.repository = "r", .branch = ""}));
  EXPECT_NE(bytes(CommitQuery{.repository = "r", .hash_prefix = "a"}),
            bytes(CommitQuery{.repository = "r", .identifier = "a"}));
  EXPECT_NE(bytes(CommitQuery{.repository = "r", .text = "a"}),
            bytes(CommitQuery{.repository = "r", .identifier = "a"}));
  EXPECT_NE(bytes(CommitQuery{.repository = "r", .revision = 1}), bytes(CommitQuery{.repository = "r"}));
  EXPECT_NE(bytes(DocumentQuery{.collection = "c"}),
            bytes(DocumentQuery{.collection = "c", .descending = true}));
  EXPECT_NE(bytes(DocumentQuery{.collection = "c", .attributes = {{"a", "b"}}}),
            bytes(DocumentQuery{.collection = "c", .unique = {{"a", "b"}}}));
  EXPECT_NE(bytes(TestQuery{.suite = "a", .prefix = "b"}), bytes(TestQuery{.suite = "a", .contains = "b"}));
}

}  // namespace
}  // namespace resultsdb::storage
