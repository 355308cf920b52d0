// The small text rules.
#include "formats/text.hpp"

#include <gtest/gtest.h>

#include "formats/go_text.hpp"
#include "formats/json_repair.hpp"

namespace resultsdb::formats {
namespace {

TEST(ParseSeconds, AcceptsWhatToolsWrite) {
  const std::pair<std::string_view, double> cases[] = {
      {"0.007", 7},           {"0.", 0},        {".5", 500},       {"8.3e-05", 0.083}, {"0.007s", 7},
      {"1,234.567", 1234567}, {"PT1.5S", 1500}, {"PT1M2S", 62000}, {" 2 ", 2000}};
  for (const auto& [text, milliseconds] : cases) {
    bool bad = false;
    const auto is = parse_seconds(text, bad);
    ASSERT_TRUE(is) << text;
    EXPECT_NEAR(*is, milliseconds, 1e-9) << text;
    EXPECT_FALSE(bad) << text;
  }
}

TEST(ParseSeconds, TellsBlankFromBad) {
  bool bad = false;
  EXPECT_FALSE(parse_seconds("", bad));
  EXPECT_FALSE(bad);
  for (const std::string_view text : {"-1", "NaN", "inf", "fast", "1e300", "PTS", "PT5", "1 2"}) {
    bad = false;
    EXPECT_FALSE(parse_seconds(text, bad)) << text;
    EXPECT_TRUE(bad) << text;
  }
}

TEST(FirstLine, IsTheFirstThatSaysSomething) {
  EXPECT_EQ(first_line("\n  \r\n\x1B[31m \x1B[0m\n \x1B[31mred\x1B[0m alert \nmore"), "red alert");
  EXPECT_EQ(first_line(" \n\t\n"), "");
}

TEST(CanonicalName, HasNoControlCharacters) {
  EXPECT_EQ(canonical_name(" a\x01 \xC2\x85\x7F/\"<b> "), "a\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD/\"<b>");
}

TEST(BoundedText, KeepsFirstAndLastHalf) {
  BoundedText text(10);
  for (int i = 0; i < 26; ++i) text.append(std::string(1, static_cast<char>('a' + i)));
  bool was_cut = false;
  EXPECT_EQ(text.take(was_cut), "abcdevwxyz");
  EXPECT_TRUE(was_cut);
  BoundedText large(10);
  large.append("0123456789ABCDEFGHIJ0123456789");
  EXPECT_EQ(large.take(was_cut), "0123456789");
  BoundedText wide(8);
  for (int i = 0; i < 9; ++i) wide.append("\xE2\x82\xAC");
  const std::string cut = wide.take(was_cut);
  EXPECT_EQ(cut, "\xE2\x82\xAC\xE2\x82\xAC");
  wide.append(std::string(20, 'x') + "\xE2\x82\xAC\xE2\x82\xAC");
  EXPECT_EQ(wide.take(was_cut), "xxxx\xE2\x82\xAC");
  wide.append("\xE2\x82\xAC");
  wide.append("\xE2\x82\xAC" + std::string(20, 'x'));
  EXPECT_EQ(wide.take(was_cut), "\xE2\x82\xACxxxx");
  EXPECT_TRUE(was_cut);
  wide.append("a");
  EXPECT_EQ(wide.take(was_cut), "a");
  EXPECT_FALSE(was_cut);
}

TEST(Severity, OrdersOutcomes) {
  const std::string_view order[] = {"PASS", "SKIP", "NOTRUN", "FAIL", "ERROR", "TIMEOUT", "CRASH"};
  for (std::size_t i = 1; i < std::size(order); ++i) EXPECT_LT(severity(order[i - 1]), severity(order[i]));
  EXPECT_EQ(severity("IMAGE+TEXT"), severity("FAIL"));
}

TEST(GoText, FindsTheMessage) {
  EXPECT_EQ(go_message("=== RUN   T\n    a_test.go:11: got 4\n--- FAIL: T\n"), "got 4");
  EXPECT_EQ(go_message("x\npanic: boom\n"), "panic: boom");
  EXPECT_EQ(go_message("=== RUN   T\n--- FAIL: T\n"), "");
  EXPECT_EQ(go_panic("panic: test timed out after 1s\n"), "TIMEOUT");
  EXPECT_EQ(go_running_tests("\trunning tests:\n\t\tTestA (1s)\n\t\tTestB/x (0s)\n\nmore\n"),
            (std::vector<std::string>{"TestA", "TestB/x"}));
}

std::string repaired(std::string_view text, std::size_t piece) {
  JsonRepair repair;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece) repair.feed(text.substr(at, piece), out);
  repair.finish(out);
  return out;
}

TEST(JsonRepair, RepairsTheSameHoweverTheTextIsCut) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"a":[{"b":1}  {"c":2}]})", R"({"a":[{"b":1}  ,{"c":2}]})"},
      {R"({"a":"} {"} )", R"({"a":"} {"} )"},
      {R"(["\ud800","\udc00x","\ud83d\ude00","\\ud800","\ud800\n"])",
       R"(["\ufffd","\ufffdx","\ud83d\ude00","\\ud800","\ufffd\n"])"},
      {"{} {}", "{} {}"},
  };
  for (const auto& [is, becomes] : cases) {
    for (std::size_t piece = 1; piece <= is.size(); ++piece) ASSERT_EQ(repaired(is, piece), becomes) << piece;
  }
}

}  // namespace
}  // namespace resultsdb::formats
