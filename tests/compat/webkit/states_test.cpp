#include "compat/webkit/states.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace resultsdb::webkit {
namespace {

TEST(States, ParsedAndJoined) {
  for (const char* pass :
       {"", "PASS", "PAS", "pass", "SKIP", "MISSING", "IMAGE+TEXT", "TEXT.IMAGE", "PASS,FAIL"}) {
    EXPECT_EQ(StateSet::parse(pass).text(), "PASS") << pass;
  }
  EXPECT_EQ(StateSet::parse("TIMEOUT PASS").text(), "TIMEOUT PASS");
  EXPECT_EQ(StateSet::parse("PASS TIMEOUT").text(), "TIMEOUT PASS");
  EXPECT_EQ(StateSet::parse("TEXT IMAGE").text(), "IMAGE TEXT");
  EXPECT_EQ(StateSet::parse("FAIL  FAIL").text(), "FAIL");
  const char* all = "CRASH TIMEOUT IMAGE AUDIO TEXT FAIL ERROR WARNING PASS";
  EXPECT_EQ(StateSet::parse(all).text(), all);
  EXPECT_EQ(StateSet::parse(all).worst(), State::Crash);
}

using Results = std::vector<std::pair<const char*, const char*>>;

SuiteStatistics count(const Results& results) {
  SuiteStatistics statistics;
  for (const auto& [actual, expected] : results) {
    statistics.add(StateSet::parse(actual), StateSet::parse(expected));
  }
  return statistics;
}

TEST(SuiteStatistics, Vectors) {
  EXPECT_EQ(count({{"FAIL", "PASS"}, {"FAIL", "FAIL"}, {"PASS", "FAIL"}, {"PAS", "PASS"}}),
            (SuiteStatistics{.run = 4, .failed = 2, .unexpected_failed = 1}));
  EXPECT_EQ(count({{"TEXT", "FAIL"},
                   {"IMAGE TEXT", "FAIL"},
                   {"TIMEOUT", "FAIL"},
                   {"ERROR", "FAIL"},
                   {"CRASH", "CRASH TIMEOUT"},
                   {"WARNING", "PASS"},
                   {"PASS", "WARNING"}}),
            (SuiteStatistics{.run = 7,
                             .failed = 5,
                             .timedout = 2,
                             .crashed = 1,
                             .unexpected_failed = 2,
                             .unexpected_timedout = 1}));
  EXPECT_EQ(count({{"TIMEOUT PASS", "PASS"},
                   {"PASS", "TIMEOUT PASS"},
                   {"TEXT", "IMAGE"},
                   {"FAIL", "TEXT"},
                   {"AUDIO", "FAIL PASS"}}),
            (SuiteStatistics{
                .run = 5, .failed = 4, .timedout = 1, .unexpected_failed = 3, .unexpected_timedout = 1}));
  EXPECT_EQ(count({{"FAIL", ""}, {"TIMEOUT", "TIMEOUT"}, {"PASS", ""}, {"PASS", ""}}),
            (SuiteStatistics{.run = 4, .failed = 2, .timedout = 1, .unexpected_failed = 1}));
  EXPECT_EQ(count({{"TIMEOUT", "FAIL"}, {"IMAGE", "FAIL"}, {"PASS", ""}, {"PASS", ""}}),
            (SuiteStatistics{
                .run = 4, .failed = 2, .timedout = 1, .unexpected_failed = 1, .unexpected_timedout = 1}));
}

}  // namespace
}  // namespace resultsdb::webkit
