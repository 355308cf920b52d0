#include "resultsdb/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "resultsdb/json_scanner.hpp"

namespace resultsdb::json {
namespace {

using namespace std::string_literals;

TEST(JsonValidate, AcceptsValues) {
  const std::string cases[] = {
      "null",
      "true",
      "false",
      "0",
      "-0",
      "1.0",
      "1E400",
      "-1.5e-7",
      "123456789012345678901234567890123456789",
      "\"\"",
      "\"a\\n\\\"\\\\\\/\\u00e9\"",
      "\"\\ud800\"",
      "\"\\udc00\\ud800\"",
      "\"\\u0000\"",
      "\"\x7f\"",
      "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf\"",
      "[]",
      "{}",
      "[1,[2,{}],{\"a\":[]}]",
      " \t\r\n{ \"a\" : 1 , \"a\" : 2 } \n",
      "{\"\":{\"\":null}}",
      "[[],[]]",
      "[{},[],0]",
  };
  for (const std::string& text : cases) {
    const Status status = validate(text);
    EXPECT_TRUE(status.ok()) << text << ": " << status.error();
  }
}

TEST(JsonValidate, RefusesTheRestAndSaysWhere) {
  const std::pair<std::string, int> cases[] = {
      {"", 0},
      {"  ", 2},
      {"nul", 0},
      {"nulll", 4},
      {"True", 0},
      {"NaN", 0},
      {"-", 1},
      {"-a", 1},
      {"01", 1},
      {"1.", 2},
      {".5", 0},
      {"+1", 0},
      {"1e", 2},
      {"1e+", 3},
      {"0x10", 1},
      {"-Infinity", 1},
      {"\"", 1},
      {"\"a", 2},
      {"\"\\\"", 3},
      {"\"\\x\"", 1},
      {"\"\\u12g4\"", 1},
      {"\"\\u123\"", 1},
      {"\"\\", 1},
      {"\"\n\"", 1},
      {"\"\0\""s, 1},
      {"\"\x1f\"", 1},
      {"'a'", 0},
      {"[", 1},
      {"]", 0},
      {"[1", 2},
      {"[1,", 3},
      {"[1,]", 3},
      {"[,1]", 1},
      {"[1 2]", 3},
      {"[1}", 2},
      {"{", 1},
      {"}", 0},
      {"{]", 1},
      {"{\"a\"}", 4},
      {"{\"a\":}", 5},
      {"{\"a\":1,}", 7},
      {"{a:1}", 1},
      {"{1:1}", 1},
      {"{\"a\":1]", 6},
      {"{\"a\" 1}", 5},
      {"{\"a\":1 \"b\":2}", 7},
      {"1 2", 2},
      {"[] []", 3},
      {"1\0"s, 1},
      {"\xef\xbb\xbf"
       "1",
       0},
      {"/**/1", 0},
      {"\xa0"
       "1",
       0},
      // Overlong, surrogates, beyond U+10FFFF, cut off, stray continuation.
      {"\"\xc0\x80\"", 1},
      {"\"\xc1\xbf\"", 1},
      {"\"\xe0\x9f\xbf\"", 1},
      {"\"\xf0\x8f\xbf\xbf\"", 1},
      {"\"\xed\xa0\x80\"", 1},
      {"\"\xf4\x90\x80\x80\"", 1},
      {"\"\xf5\x80\x80\x80\"", 1},
      {"\"\xe2\x82\"", 1},
      {"\"\xe2", 1},
      {"\"\x80\"", 1},
      {"\"\xff\"", 1},
  };
  for (const auto& [text, offset] : cases) {
    const Status status = validate(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(status.error().message.find("byte " + std::to_string(offset) + ":"), std::string::npos)
        << text << ": " << status.error();
  }
}

TEST(JsonValidate, LimitsDepthWithoutRecursion) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(validate(nested(512)).ok());
  EXPECT_FALSE(validate(nested(513)).ok());
  EXPECT_FALSE(validate(std::string(10'000'000, '[')).ok());
  EXPECT_TRUE(validate(nested(3), 3).ok());
  EXPECT_FALSE(validate(nested(4), 3).ok());
  EXPECT_TRUE(validate("1", 0).ok());
  EXPECT_FALSE(validate("[]", 0).ok());
  EXPECT_FALSE(validate(nested(513), 100'000).ok()) << "kMaxDepth holds whatever is asked";

  std::string objects;
  for (int i = 0; i < 256; ++i) objects += "[{\"a\":";
  EXPECT_FALSE(validate(objects + "[]" + "}]").ok());
  objects += "1";
  for (int i = 0; i < 256; ++i) objects += "}]";
  EXPECT_TRUE(validate(objects).ok());
  EXPECT_TRUE(validate("[" + nested(511) + "," + nested(511) + "]").ok()) << "depth, not number";
}

TEST(JsonWrite, EscapesStringsAsPythonDoes) {
  const struct {
    std::string text, kept, ascii;
  } cases[] = {
      {"", R"("")", R"("")"},
      {"a\"b\\c/", R"("a\"b\\c/")", R"("a\"b\\c/")"},
      {"\b\f\n\r\t\x01\x1f"s, R"("\b\f\n\r\t\u0001\u001f")", R"("\b\f\n\r\t\u0001\u001f")"},
      {"\0x"s, R"("\u0000x")", R"("\u0000x")"},
      {"\x7f", "\"\x7f\"", R"("\u007f")"},
      {"\xc3\xa9\xe2\x82\xac", "\"\xc3\xa9\xe2\x82\xac\"", R"("\u00e9\u20ac")"},
      {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"", R"("\ud83d\ude00")"},
      {"a\xff\xe2\x82", "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", R"("a\ufffd\ufffd\ufffd")"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(quote(c.text), c.kept);
    std::string out;
    append_string(out, c.text, true);
    EXPECT_EQ(out, c.ascii);
    EXPECT_TRUE(validate(c.kept).ok());
  }
}

TEST(JsonWrite, NumbersLookLikePythonsRepr) {
  const std::pair<double, std::string_view> cases[] = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {-1.5, "-1.5"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {100.0, "100.0"},
      {123456789.125, "123456789.125"},
      {1e15, "1000000000000000.0"},
      {1e16, "1e+16"},
      {9999999999999998.0, "9999999999999998.0"},
      {12345678901234567890.0, "1.2345678901234567e+19"},
      {1e-4, "0.0001"},
      {1.5e-4, "0.00015"},
      {1e-5, "1e-05"},
      {1.25e-7, "1.25e-07"},
      {1e22, "1e+22"},
      {1e100, "1e+100"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {9007199254740993.0, "9007199254740992.0"},
      {1601668000.25, "1601668000.25"},
      {2.5, "2.5"},
      {1e1, "10.0"},
      {123e-3, "0.123"},
  };
  for (const auto& [value, text] : cases) {
    std::string out = "x";
    append_number(out, value);
    EXPECT_EQ(out.substr(1), text);
  }
  for (const double value :
       {std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    std::string out;
    append_number(out, value);
    EXPECT_EQ(out, "null");
  }
  std::string out;
  append_number(out, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(out, "-9223372036854775808");
}

TEST(JsonUtf8, ChecksAndRepairs) {
  EXPECT_TRUE(is_utf8("a\xc3\xa9\xf4\x8f\xbf\xbf"));
  EXPECT_TRUE(is_utf8("\0"s));
  EXPECT_FALSE(is_utf8("\xed\xbf\xbf"));
  EXPECT_FALSE(is_utf8("a\xf0\x9f\x98"));
  for (std::size_t before = 0; before < 20; ++before) {
    EXPECT_TRUE(is_utf8(std::string(before, 'x') + "\xc3\xa9" + std::string(20 - before, 'x'))) << before;
    EXPECT_FALSE(is_utf8(std::string(before, 'x') + "\xc3" + std::string(20 - before, 'x'))) << before;
    EXPECT_FALSE(is_utf8(std::string(before, 'x') + "\x80")) << before;
  }
  EXPECT_EQ(repair_utf8("a\xc3\xa9"), "a\xc3\xa9");
  EXPECT_EQ(repair_utf8("a\xc3(\xed\xa0\x80"), "a\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(repair_utf8("a\0b"s),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(repair_utf8("a\0b"s, false), "a\0b"s);
}

TEST(JsonUtf8, ReplacesLoneSurrogatesOnly) {
  const std::pair<std::string, std::string> cases[] = {
      {R"("\ud800")", R"("\ufffd")"},
      {R"("\uDC00x")", R"("\ufffdx")"},
      {R"("\ud83d\ude00")", R"("\ud83d\ude00")"},
      {R"("\ud83d\ud83d\ude00")", R"("\ufffd\ud83d\ude00")"},
      {R"("\ude00\ud83d")", R"("\ufffd\ufffd")"},
      {R"("\\ud800")", R"("\\ud800")"},
      {R"("\\\ud800")", R"("\\\ufffd")"},
      {R"("\ud800\\udc00")", R"("\ufffd\\udc00")"},
      {R"("\u00e9\n")", R"("\u00e9\n")"},
      {R"("\ud8)", R"("\ud8)"},
      {R"("\)", R"("\)"},
      {"[1.0]", "[1.0]"},
  };
  for (const auto& [text, expected] : cases) {
    std::string out = text;
    EXPECT_EQ(replace_lone_surrogates(out), text != expected) << text;
    EXPECT_EQ(out, expected);
  }
}

}  // namespace

/// What a scanner said, one word an event.
struct Told {
  std::string events;
  void begin_object() { events += "{ "; }
  void end_object() { events += "} "; }
  void begin_array() { events += "[ "; }
  void end_array() { events += "] "; }
  void key(std::string_view name) { events += std::string(name) + ": "; }
  void string(std::string_view text) { events += '\'' + std::string(text) + "' "; }
  void number(std::string_view digits) { events += std::string(digits) + ' '; }
  void boolean(bool value) { events += value ? "yes " : "no "; }
  void null() { events += "null "; }
};

std::string scan(std::string_view text) {
  Told told;
  const Status status = json::Scanner(text, told).run();
  return status ? told.events : status.error().message;
}

TEST(JsonScanner, TellsEveryPartInOrder) {
  EXPECT_EQ(scan(R"( {"a" : [1, -2.50e+3,true ,false,null,{}, []], "b":{"c":"d"}} )"),
            "{ a: [ 1 -2.50e+3 yes no null { } [ ] ] b: { c: 'd' } } ");
  EXPECT_EQ(scan("12345678901234567890123"), "12345678901234567890123 ");
}

TEST(JsonScanner, DecodesTextsOfEveryLengthAroundWhatIsNotPlain) {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 20; ++after) {
      const std::string head(before, 'x'), tail(after, 'y');
      EXPECT_EQ(scan('"' + head + "\\n" + tail + '"'), '\'' + head + '\n' + tail + "' ");
      EXPECT_EQ(scan('"' + head + "\xC3\xA9" + tail + '"'), '\'' + head + "\xC3\xA9" + tail + "' ");
      EXPECT_EQ(scan('"' + head + '\x01' + tail + '"'),
                "invalid JSON at byte " + std::to_string(before + 1) + ": a control character in a string");
      EXPECT_EQ(scan('"' + head + '\xFF' + tail + '"'),
                "invalid JSON at byte " + std::to_string(before + 1) + ": invalid UTF-8");
    }
  }
}

TEST(JsonScanner, DecodesEscapes) {
  EXPECT_EQ(scan(R"("\"\\\/\b\f\n\r\t")"), "'\"\\/\b\f\n\r\t' ");
  EXPECT_EQ(scan(R"("\u0041\u00e9\u20AC\ud83d\ude00")"), "'A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80' ");
  EXPECT_EQ(scan(R"("\ud800\udc")"), "invalid JSON at byte 7: a wrong escape");
  EXPECT_EQ(scan(R"("\ud800x\udc00")"), "'\xEF\xBF\xBDx\xEF\xBF\xBD' ") << "lone surrogates";
  EXPECT_EQ(scan(R"({"\u006b":1})"), "{ k: 1 } ");
}

}  // namespace resultsdb::json
