#include "resultsdb/aggregate/failure_reason.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <regex>
#include <set>

#include "resultsdb/json.hpp"

namespace resultsdb::aggregate {
namespace {

TEST(FailureReason, ReplacesWhatVaries) {
  EXPECT_EQ(normalise_reason("Timed out after 30000 ms at 0x7fff5fbff8a0"), "Timed out after % ms at %");
  EXPECT_EQ(normalise_reason("expected 100 but got 101"), "expected % but got %");
  EXPECT_EQ(normalise_reason("assertion failed: node->parent() == 0xdeadbeef, file Foo.cpp, line 231"),
            "assertion failed: node->parent() == %, file Foo.cpp, line %");
  EXPECT_EQ(normalise_reason("got dGhpcyBpcyBhIHRlc3Q== here"), "got % here");
  EXPECT_EQ(normalise_reason("key 123e4567-e89b-12d3-a456-426614174000!"), "key%!");
}

TEST(FailureReason, ChoosesTheTellingLines) {
  EXPECT_EQ(normalise_reason("\n  \r\n\x1B[31mError\x1B[0m: no\r\nmore"), "Error: no");
  EXPECT_EQ(normalise_reason("a.cc:12: Failure\nExpected equality of these values:\n  x\n  y"),
            "a.cc:%: Failure Expected equality of these values: x");
  EXPECT_EQ(normalise_reason(
                "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nValueError: 7"),
            "ValueError: %");
  EXPECT_EQ(normalise_reason("Traceback (most recent call last):"), "Traceback (most recent call last):");
}

TEST(FailureReason, HostileTexts) {
  for (const char* blank : {"", " \t\r\n\n", "\x1B[0m"}) EXPECT_FALSE(failure_reason(blank)) << blank;
  EXPECT_EQ(normalise_reason(std::string("a\0b\xFF", 4)), "a b\xEF\xBF\xBD");
  for (const std::string& unit : {std::string("ab"), std::string("g1"), std::string("="), std::string("ä"),
                                  std::string(":\n"), std::string("\n"), std::string("zzzzzzzzz ")}) {
    std::string text;
    while (text.size() < 4'000'000) text += unit;
    const std::string pattern = normalise_reason(text);
    EXPECT_LE(pattern.size(), kReasonBytes);
    EXPECT_TRUE(json::is_utf8(pattern));
    EXPECT_EQ(normalise_reason(pattern), pattern);
  }
}

TEST(FailureReason, EqualsTheExpression) {
  const std::regex expression(R"([/+0-9a-zA-Z]{10,}=+|[\-0-9a-fA-F \t]{16,}|[0-9a-fA-Fx]{8,}|[0-9]+)");
  std::mt19937 random(7);
  const std::string letters = "0123abcdefx-- =/+zzz.";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "(";
    for (std::size_t size = random() % 60; text.size() < size;) text += letters[random() % letters.size()];
    text += ')';
    ASSERT_EQ(normalise_reason(text), std::regex_replace(text, expression, "%")) << text;
  }
}

TEST(FailureReason, IdsAreStable) {
  const auto reason = failure_reason("Timed out after 30000 ms");
  ASSERT_TRUE(reason);
  EXPECT_TRUE(std::regex_match(reason->id, std::regex("k_[A-Za-z0-9_-]{20}"))) << reason->id;
  EXPECT_EQ(reason, failure_reason("Timed out after 1 ms\nwhatever"));
  EXPECT_NE(reason->id, failure_reason("Timed out after 1 s")->id);
}

using Frames = std::vector<std::string>;

TEST(CrashSignature, ReadsManyFormats) {
  EXPECT_EQ(
      crash_frames("#0  0x00007f00 in raise () from /lib/libc.so.6\n"
                   "#1  0x00007f01 in WTFCrash () at ../wtf/Assertions.cpp:305\n"
                   "#2  0x00007f02 in WTF::Vector<int, 3>::at<char>(int) const (this=0x0) at Vector.h:3\n"
                   "#3  (anonymous namespace)::f (x=<optimized out>) at a.cc:1\n"
                   "#4  operator<< <char> (a=...) at b.cc:1\n#5  main () at m.cc:3\n"),
      (Frames{"WTF::Vector::at", "{anonymous}::f", "operator<<", "main"}));
  EXPECT_EQ(crash_frames("* thread #1\n  * frame #0: 0x00007fff libsystem`__pthread_kill + 10\n"
                         "    frame #1: 0x0001 WebCore`WebCore::Node::foo(this=0x0) at Node.cpp:12:3\n"),
            (Frames{"WebCore::Node::foo"}));
  EXPECT_EQ(
      crash_frames(
          "==1==ERROR: AddressSanitizer: heap-use-after-free\n    #0 0x4a in void foo<int>(int) /s/a.c:10:3\n"
          "    #1 0x4b in main /s/a.c:12\n    #2 0x7f  (/lib/x.so+0x1)\n\nfreed by thread T0 here:\n"
          "    #0 0x4c in free /x.cc:1\n    #1 0x4b in bar /s/a.c:2\n"),
      (Frames{"foo", "main"}));
  EXPECT_EQ(crash_frames("Thread 0:\n0   x  0x01 idle + 1\n\nThread 3 Crashed:\n"
                         "0   com.apple.JavaScriptCore  0x0000000110 JSC::VM::run(int) + 16 (VM.cpp:3)\n"),
            (Frames{"JSC::VM::run"}));
  EXPECT_EQ(crash_frames(" 0  libfoo.so!Foo::Bar [foo.cc : 305 + 0x5]\n 1  libc.so!abort\n"),
            (Frames{"Foo::Bar"}));
  EXPECT_EQ(
      crash_frames("Traceback (most recent call last):\n  File \"a.py\", line 3, in outer\n    inner()\n"
                   "  File \"a.py\", line 9, in inner\n    x\nValueError"),
      (Frames{"inner", "outer"}));
  EXPECT_EQ(crash_frames("java.lang.Error: x\n\tat com.foo.Bar.baz(Bar.java:12)\n"
                         "\tat java.base/java.lang.Thread.run(Thread.java:1)\n"),
            (Frames{"com.foo.Bar.baz"}));
  EXPECT_EQ(
      crash_frames("Error: x\n    at Foo.bar (a.js:1:2)\n    at a.js:3:4\n    at async run (b.js:1:1)\n"),
      (Frames{"Foo.bar", "run"}));
}

TEST(CrashSignature, AddressesDoNotMatterAndFiveFramesDo) {
  const auto trace = [](int address, int frames) {
    std::string text;
    for (int i = 0; i < frames; ++i) {
      text += "#" + std::to_string(i) + " 0x" + std::to_string(address + i) + " in f" +
              std::string(1, char('a' + i)) + " () at x.cc:1\n";
    }
    return text;
  };
  EXPECT_EQ(crash_signature(trace(100, 9)), crash_signature(trace(900, 6)));
  EXPECT_NE(crash_signature(trace(100, 3)), crash_signature(trace(100, 4)));
  EXPECT_EQ(crash_signature(trace(100, 3))->pattern, "fa < fb < fc");
}

TEST(CrashSignature, HostileTexts) {
  for (const char* none :
       {"", "no stack here", "#", "# 0", "#0", "12 drummers", "at ", "File \"", "#0 0x1", "0:"}) {
    EXPECT_FALSE(crash_signature(none)) << none;
  }
  for (const char* unit :
       {"<", "(", "{lambda", "#0 <", "operator", "#0 operator<", "#1 a<b>::\xFF", "-[", "at (", "\n"}) {
    std::string text;
    while (text.size() < 2'000'000) text += unit;
    const auto signature = crash_signature(text);
    const auto lines = crash_signature("#0 0x1 in " + text);
    EXPECT_TRUE(!signature || json::is_utf8(signature->pattern));
    EXPECT_TRUE(!lines || lines->pattern.size() <= kReasonBytes);
  }
}

TEST(NearDuplicates, EstimatesTheJaccardIndex) {
  // shingles abc bcd cde def and bcd cde def efg: 3 of 5
  EXPECT_NEAR(estimated_jaccard(min_hash("a b c d e f"), min_hash("b c d e f g")), 0.6, 0.2);
  EXPECT_EQ(estimated_jaccard(min_hash("a b"), min_hash("a  b")), 1);
  EXPECT_LT(estimated_jaccard(min_hash("a b c"), min_hash("c b a")), 0.2);
}

TEST(NearDuplicates, CandidatesAreAsLikelyAsTheFormulaSays) {
  // One text without repeats and one that shares its beginning: `shared` shingles of 2 * 40 - shared.
  int number = 0;
  for (const int shared : {18, 27, 33}) {
    const double jaccard = shared / (80.0 - shared);
    double estimate = 0, candidates = 0;
    for (int round = 0; round < 400; ++round) {
      std::string a, b;
      for (int word = 0; word < 42; ++word) {
        const std::string text = std::to_string(++number);
        a += text + ' ';
        b += (word < shared + 2 ? text : "x" + text) + ' ';
      }
      const MinHash x = min_hash(a), y = min_hash(b);
      estimate += estimated_jaccard(x, y) / 400;
      candidates += share_a_band(x, y) ? 1.0 / 400 : 0;
    }
    EXPECT_NEAR(estimate, jaccard, 0.02);
    EXPECT_NEAR(candidates, 1 - std::pow(1 - std::pow(jaccard, 4), 16), 0.08);
  }
}

TEST(NearDuplicates, Groups) {
  const std::vector<std::string> patterns{"could not open the file at % because of error %",
                                          "page crashed while loading a b c d e f g",
                                          "could not open the file at % because of error code",
                                          "page crashed while loading a b c d e f h",
                                          "something else",
                                          ""};
  EXPECT_EQ(near_duplicates(patterns), (std::vector<std::size_t>{0, 1, 0, 1, 4, 5}));
  EXPECT_TRUE(near_duplicates({}).empty());
  const std::vector<std::string> many(20'000, "the same text again");
  EXPECT_EQ(near_duplicates(many), std::vector<std::size_t>(many.size(), 0));
}

}  // namespace
}  // namespace resultsdb::aggregate
