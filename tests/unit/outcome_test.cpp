#include "resultsdb/outcome.hpp"

#include <gtest/gtest.h>

namespace resultsdb {
namespace {

TEST(Outcome, WorstWordDecides) {
  const struct {
    std::string_view actual;
    Severity severity;
    std::string_view name;
  } cases[] = {
      {"", Severity::Pass, "pass"},
      {" ", Severity::Pass, "pass"},
      {"PASS", Severity::Pass, "pass"},
      {"SKIP", Severity::Skip, "skip"},
      {"PASS SKIP", Severity::Skip, "skip"},
      {"WARNING", Severity::Fail, "warn"},
      {"FAIL", Severity::Fail, "fail"},
      {"TEXT", Severity::Fail, "fail"},
      {"LEAK", Severity::Fail, "fail"},
      {"MISSING", Severity::Fail, "fail"},
      {"IMAGE", Severity::Fail, "image"},
      {"IMAGE+TEXT", Severity::Fail, "image"},
      {"AUDIO", Severity::Fail, "image"},
      {"IMAGE TEXT", Severity::Fail, "fail"},
      {"WARNING FAIL", Severity::Fail, "fail"},
      {"WARNING ODD", Severity::Fail, "other"},
      {"ODD", Severity::Fail, "other"},
      {"pass", Severity::Fail, "other"},
      {"PASSED", Severity::Fail, "other"},
      {"ERROR", Severity::Error, "error"},
      {"FAIL ERROR", Severity::Error, "error"},
      {"TIMEOUT ERROR", Severity::Timeout, "timeout"},
      {"CRASH PASS", Severity::Crash, "crash"},
      {"  TIMEOUT   CRASH  ", Severity::Crash, "crash"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(worst_severity(c.actual), c.severity) << c.actual;
    EXPECT_EQ(outcome_class(c.actual), c.name) << c.actual;
    EXPECT_EQ(is_failing(c.actual), c.severity >= Severity::Fail) << c.actual;
  }
  EXPECT_EQ(word_severity("ERROR"), Severity::Error);
  EXPECT_EQ(word_severity("CRASH PASS"), Severity::Fail) << "one word only";
}

TEST(Outcome, SeverityIsOrdered) {
  EXPECT_LT(Severity::Pass, Severity::Skip);
  EXPECT_LT(Severity::Skip, Severity::Fail);
  EXPECT_LT(Severity::Fail, Severity::Error);
  EXPECT_LT(Severity::Error, Severity::Timeout);
  EXPECT_LT(Severity::Timeout, Severity::Crash);
}

TEST(Outcome, UnexpectedIsAWordThatIsNotExpected) {
  const struct {
    std::string_view expected, actual;
    bool unexpected;
  } cases[] = {
      {"PASS", "PASS", false},
      {"", "PASS", false},
      {"PASS", "", false},
      {"", "", false},
      {"PASS", "FAIL", true},
      {"FAIL", "PASS", true},
      {"FAIL", "FAIL", false},
      {"PASS FAIL", "FAIL", false},
      {"PASS  FAIL", "FAIL PASS", false},
      {"PASS FAIL", "CRASH", true},
      {"FAIL", "FAIL PASS", true},
      {"PASS", "SKIP", false},
      {"FAIL", "SKIP", false},
      {"SKIP", "PASS", true},
      {"PASS", "SKIP FAIL", true},
      {"FAIL", "TEXT", true},
      {"FAILURE", "FAIL", true},
      {"FAIL", "", true},
      {"CRASH", "CRASH SKIP", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(is_unexpected(c.expected, c.actual), c.unexpected) << c.expected << " / " << c.actual;
  }
}

TEST(Outcome, PlainPass) {
  EXPECT_TRUE(Outcome{}.plain_pass());
  EXPECT_FALSE((Outcome{"PASS", "FAIL"}.plain_pass()));
  EXPECT_FALSE((Outcome{"PASS FAIL", "PASS"}.plain_pass()));
}

}  // namespace
}  // namespace resultsdb
