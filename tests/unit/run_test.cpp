#include "resultsdb/run.hpp"

#include <gtest/gtest.h>

namespace resultsdb {
namespace {

using namespace std::chrono_literals;

TEST(RunWords, RoundTrip) {
  for (const RunState state : {RunState::Running, RunState::Final, RunState::Failed, RunState::Incomplete}) {
    EXPECT_EQ(parse_run_state(to_string(state)), state);
  }
  for (const OrderKey key : {OrderKey::Commit, OrderKey::Build, OrderKey::Time}) {
    EXPECT_EQ(parse_order_key(to_string(key)), key);
  }
  EXPECT_EQ(to_string(RunState::Incomplete), "incomplete");
  EXPECT_EQ(to_string(OrderKey::Build), "build");
  EXPECT_EQ(parse_run_state("Final"), std::nullopt);
  EXPECT_EQ(parse_order_key(""), std::nullopt);
}

std::vector<TestResult> sample() {
  return {
      {.test = "a"},
      {.test = "b", .duration = 0us},
      {.test = "c", .actual = "FAIL", .duration = 1500us, .tries = 3, .passes = 1},
      {.test = "",
       .expected = "PASS FAIL",
       .actual = "TEXT",
       .attributes = R"({"x":1})",
       .detail = R"({"log":"…"})"},
      {.test = "d\0e"},
      {.test = "f", .actual = "FAIL"},
      {.test = "g", .detail = "null"},
  };
}

TEST(ResultTable, PassesAreWhatAddMakesOfThem) {
  ResultTable one, other;
  one.add_pass("a", Duration{7});
  one.add({.test = "b", .actual = "FAIL"});
  one.add_pass("c");
  other.add({.test = "a", .duration = Duration{7}});
  other.add({.test = "b", .actual = "FAIL"});
  other.add({.test = "c"});
  EXPECT_EQ(one, other);
  EXPECT_EQ(one.kind_count(), other.kind_count());
  other = std::move(one);
  one = std::move(other);
  other.add_pass("d");  // of what was moved from, nothing is left
  EXPECT_EQ(other[0].test, "d");
  EXPECT_EQ(other[0].actual, "PASS");
}

TEST(ResultTable, GivesBackWhatWasAdded) {
  ResultTable table;
  EXPECT_TRUE(table.empty());
  for (const TestResult& result : sample()) table.add(result);
  table.add_lost("lost one");
  table.add_lost("lost two");
  ASSERT_EQ(table.size(), sample().size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ(table[i], sample()[i]) << i;
    EXPECT_EQ(table.name(i), sample()[i].test);
    const ResultKind kind = table.kind(table.kind_of(i));
    EXPECT_EQ(kind, (ResultKind{sample()[i].expected, sample()[i].actual, sample()[i].attributes}));
  }
  EXPECT_EQ(table.kind_count(), 3u);
  EXPECT_EQ(table.duration_us(0), -1);
  EXPECT_EQ(table.duration_us(1), 0);
  EXPECT_EQ(table.duration_us(2), 1500);
  ASSERT_EQ(table.extra_count(), 3u);
  EXPECT_EQ(table.extra(0).result, 2u);
  EXPECT_EQ(table.extra(0).tries, 3u);
  EXPECT_EQ(table.extra(1).detail, R"({"log":"…"})");
  EXPECT_EQ(table.extra(2).result, 6u);
  ASSERT_EQ(table.lost_size(), 2u);
  EXPECT_EQ(table.lost(1), "lost two");
}

TEST(ResultTable, NormalisesWhatMakesNoSense) {
  ResultTable table;
  table.add({.test = "a", .duration = -1us, .passes = 4, .detail = "1"});
  EXPECT_EQ(table[0].duration, std::nullopt);
  EXPECT_EQ(table[0].passes, 0u);
}

TEST(ResultTable, KindsDoNotRunIntoEachOther) {
  ResultTable table;
  const std::pair<std::string_view, std::string_view> pairs[] = {
      {"A", "BC"}, {"AB", "C"}, {"ABC", ""}, {"", "ABC"}};
  for (const auto& [expected, actual] : pairs)
    table.add({.test = "t", .expected = expected, .actual = actual});
  table.add({.test = "t", .expected = "A", .actual = "B", .attributes = "C"});
  EXPECT_EQ(table.kind_count(), 5u);
  for (const auto& [expected, actual] : pairs)
    table.add({.test = "t", .expected = expected, .actual = actual});
  EXPECT_EQ(table.kind_count(), 5u);
}

TEST(ResultTable, ComparesByContent) {
  ResultTable a, b;
  for (const TestResult& result : sample()) a.add(result), b.add(result);
  EXPECT_EQ(a, b);
  b.add_lost("x");
  EXPECT_FALSE(a == b);
  a.add_lost("y");
  EXPECT_FALSE(a == b);
  a.clear();
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(a, ResultTable());
  a.add({.test = "again", .actual = "CRASH"});
  EXPECT_EQ(a[0].actual, "CRASH");
  EXPECT_EQ(a.kind_count(), 1u);
}

}  // namespace
}  // namespace resultsdb
