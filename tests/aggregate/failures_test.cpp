// What failed in a window of runs, on small histories.
#include "aggregate/answers_fixture.hpp"
#include "resultsdb/failing_tests.hpp"

namespace resultsdb {
namespace {

class FailuresTest : public AnswersTest {
 protected:
  FailuresAnswer failures(const FailuresQuery& query = ask<FailuresQuery>()) {
    return value_of(answers_.failures(query));
  }
};

TEST_F(FailuresTest, HowOftenWhereAndSinceWhen) {
  add("gtk", {"PFCP", "PPPP", "SFSS", "xxxx"});
  add("mac", {"PPPP", "....", "LL..", "FPPP"});
  const FailuresAnswer answer = failures();
  ASSERT_EQ(answer.tests.size(), 3);
  EXPECT_EQ(answer.runs.size(), 8);
  EXPECT_EQ(answer.runs.front()->position, place(3));
  const FailingTest& a = answer.tests[0];
  EXPECT_EQ(a.test, "a");
  EXPECT_EQ(a.bad, 2);
  EXPECT_EQ(a.runs, 8);
  EXPECT_EQ(answer.outcomes[a.worst].outcome.actual, "CRASH");
  EXPECT_EQ(a.first->position, place(1));
  EXPECT_EQ(a.newest->position, place(2));
  EXPECT_EQ(a.on[1].worst, 0);  // a pass, seen
  const FailingTest& c = answer.tests[1];
  EXPECT_EQ(c.test, "c");
  EXPECT_EQ(c.on[0].bad, 1);
  EXPECT_EQ(c.on[0].runs, 1);  // skipped results say nothing
  EXPECT_EQ(c.on[1].worst, kLost);
  const FailingTest& d = answer.tests[2];
  EXPECT_EQ(d.on[0].bad, 0);  // as expected
  EXPECT_EQ(answer.outcomes[static_cast<std::size_t>(d.on[0].worst)].outcome.expected, "FAIL");

  auto query = ask<FailuresQuery>();
  query.bad = Question::Bad::Failing;
  EXPECT_EQ(failures(query).tests[2].bad, 5);
  query.test = "a";
  EXPECT_EQ(failures(query).tests.size(), 1);
  query.range = {place(0), place(0), {}, {}};
  EXPECT_TRUE(failures(query).tests.empty());
  query.test = "none";
  EXPECT_EQ(answers_.failures(query).error().code, ErrorCode::NotFound);
}

TEST_F(FailuresTest, NotRunIsNoPass) {
  add("gtk", {"F"});
  add("mac", {".", "P"});
  EXPECT_EQ(failures().tests[0].on[1].worst, kNotCovered);
}

TEST_F(FailuresTest, ReasonsOfSingleResults) {
  resultsdb::Run run = header("gtk", 1);
  run.results.add({.test = "a", .actual = "FAIL", .detail = R"({"message":"got 1 of 2"})"});
  run.results.add({.test = "b", .actual = "FAIL", .detail = R"({"message":"got 3 of 4"})"});
  run.results.add({.test = "c", .actual = "FAIL"});
  run.results.add({.test = "d"});
  const RunInfoPtr stored = ingest(run);
  std::vector<BadAt> asked;
  for (const char* const test : {"b", "c", "a", "b", "d"}) asked.push_back({stored, test});
  auto reasons = value_of(answers_.reasons("suite", Question::Bad::Unexpected, asked));
  ASSERT_EQ(reasons.size(), 5);
  EXPECT_EQ(reasons[0].pattern, "got % of %");
  EXPECT_EQ(reasons[1].id, "");
  EXPECT_EQ(reasons[2].id, reasons[0].id);
  EXPECT_EQ(reasons[3].id, reasons[0].id);
  EXPECT_EQ(reasons[4].id, "");
  value_of(model_->purge({.suite = "suite", .run = stored->id}));
  asked.resize(1);
  EXPECT_EQ(value_of(answers_.reasons("suite", Question::Bad::Unexpected, asked))[0].id, "");
  EXPECT_TRUE(value_of(answers_.reasons("suite", Question::Bad::Unexpected, {})).empty());
}

}  // namespace
}  // namespace resultsdb
