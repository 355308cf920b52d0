// The gate: each rule alone, what is never a pass, and what a pull request is told.
#include "resultsdb/gate.hpp"

#include <gtest/gtest.h>

#include "aggregate/answers_fixture.hpp"

namespace resultsdb {
namespace {

using State = GateRule::State;
using Kind = GateRule::Kind;

class Gate : public AnswersTest {
 protected:
  void SetUp() override {
    query_ = ask<GateQuery>();
    query_.base.selection.branches = {"main"};
    query_.candidate.selection.branches = {"change"};
  }

  /// A run of the candidate: a letter a test, as in add().
  resultsdb::Run candidate(std::string_view platform, std::string_view results) const {
    resultsdb::Run run = header(platform, 1000);
    run.header.branch = "change";
    for (std::size_t t = 0; t < results.size(); ++t)
      AnswersTest::add(run, std::string(1, static_cast<char>('a' + t)), results[t]);
    return run;
  }
  GateAnswer ask_gate() { return value_of(answers_.gate(query_)); }
  static const GateRule& rule(const GateAnswer& answer, Kind kind) {
    for (const GateRule& each : answer.rules)
      if (each.kind == kind) return each;
    ADD_FAILURE() << "there is no rule " << to_string(kind);
    return answer.rules.front();
  }
  static std::string shown(const GateRule& rule) {
    std::string text = std::string(to_string(rule.state)) + ": " + rule.explanation;
    for (const std::string& item : rule.items) text += " [" + item + "]";
    return text;
  }
  std::string shown(Kind kind) { return shown(rule(ask_gate(), kind)); }

  GateQuery query_;
};

TEST_F(Gate, OpensWhereNothingIsWorse) {
  add("gtk", {repeat(20, "P"), repeat(20, "F"), repeat(19, "P") + "F"});
  ingest(candidate("gtk", "PFP"));
  const GateAnswer answer = ask_gate();
  EXPECT_TRUE(answer.open);
  ASSERT_EQ(answer.rules.size(), 4u);  // runs, new failures, complete, lost
  EXPECT_EQ(shown(answer.rules[0]), "met: 1 run of the candidate, 1 of the base");
  EXPECT_EQ(shown(answer.rules[1]), "met: 0 new failures, at most 0 allowed");
  EXPECT_EQ(shown(answer.rules[2]), "met: all runs are complete");
  EXPECT_EQ(shown(answer.rules[3]), "met: 0 planned tests without a result, at most 0 allowed");
  EXPECT_EQ(answer.fixed, 1u);
  EXPECT_EQ(answer.still_failing, 1u);
  EXPECT_EQ(answer.basis.definition, "gate/1");
}

TEST_F(Gate, NewFailuresCloseIt) {
  add("gtk", {repeat(20, "P"), repeat(20, "P"), repeat(20, "P")});
  add("mac", {repeat(20, "P"), repeat(20, "P"), repeat(20, "P")});
  ingest(candidate("gtk", "PFC"));
  ingest(candidate("mac", "PFP"));
  query_.new_failures = 2;
  EXPECT_FALSE(ask_gate().open);
  EXPECT_EQ(shown(Kind::NewFailures), "broken: 3 new failures, at most 2 allowed [b] [c]");
  query_.new_failures = 3;
  query_.limit = 1;
  const GateAnswer answer = ask_gate();
  EXPECT_TRUE(answer.open);
  EXPECT_EQ(answer.counted, 3u);
  EXPECT_EQ(rule(answer, Kind::NewFailures).total, 2u);
  ASSERT_EQ(answer.new_failures.size(), 1u);
  EXPECT_EQ(answer.new_failures[0].test, "b");
  EXPECT_EQ(answer.new_failures[0].configuration.label(), "gtk");
  EXPECT_EQ(answer.new_failures[0].candidate->actual, "FAIL");
}

TEST_F(Gate, FlakyTestsDoNotCountUnlessAsked) {
  add("gtk", {repeat(10, "PPPF") + "P", repeat(41, "P"), repeat(20, "P") + "F" + repeat(20, "P")});
  ingest(candidate("gtk", "FPP"));
  GateAnswer answer = ask_gate();
  EXPECT_TRUE(answer.open);
  EXPECT_EQ(shown(Kind::NewFailures), "met: 0 new failures, at most 0 allowed; 1 of flaky tests not counted");
  ASSERT_EQ(answer.new_failures.size(), 1u);
  ASSERT_TRUE(answer.new_failures[0].flaky);
  EXPECT_EQ(answer.new_failures[0].flaky->k, 10u);
  EXPECT_EQ(answer.new_failures[0].flaky->n, 41u);
  query_.flaky_results = 11;
  EXPECT_FALSE(ask_gate().open);
  query_.flaky_results = 2;
  query_.flaky_min_runs = 42;
  EXPECT_FALSE(ask_gate().open);
  query_.flaky_min_runs = 10;
  query_.count_flaky = true;
  EXPECT_FALSE(ask_gate().open);
}

TEST_F(Gate, OneOddFailureAndOtherConfigurationsExcuseNothing) {
  add("gtk", {repeat(20, "P") + "F" + repeat(20, "P"), repeat(41, "P")});
  add("mac", {repeat(41, "P"), repeat(10, "PPPF") + "P"});
  ingest(candidate("gtk", "FF"));
  EXPECT_EQ(shown(Kind::NewFailures), "broken: 2 new failures, at most 0 allowed [a] [b]");
}

TEST_F(Gate, ACandidateIsNeitherItsOwnBaseNorItsOwnExcuse) {
  query_.candidate = {};  // the newest run of all
  query_.base = {};
  query_.flaky_results = 1;
  add("gtk", {repeat(40, "P") + "F"});
  EXPECT_EQ(shown(Kind::NewFailures), "broken: 1 new failure, at most 0 allowed [a]");
  const GateAnswer answer = ask_gate();
  ASSERT_EQ(answer.base.size(), 1u);
  EXPECT_EQ(answer.base[0]->position, place(39));
  EXPECT_EQ(answer.candidate[0]->position, place(40));
}

TEST_F(Gate, NothingRunIsNoPass) {
  add("gtk", {"PPP"});
  query_.configurations = {{{"platform", {"gtk"}}}};
  query_.missing_tests = 5;
  query_.duration = std::chrono::hours(1);
  query_.forbidden = value_of(aggregate::parse_query("crash"));
  const GateAnswer answer = ask_gate();
  EXPECT_FALSE(answer.open);
  ASSERT_EQ(answer.rules.size(), kGateRules);
  for (const GateRule& rule : answer.rules) EXPECT_EQ(shown(rule), "unknown: the candidate was not run");
}

TEST_F(Gate, WithoutABaseThereIsNothingToCompareWith) {
  ingest(candidate("gtk", "PPF"));
  const GateAnswer answer = ask_gate();
  EXPECT_FALSE(answer.open);
  EXPECT_EQ(shown(answer.rules[0]), "unknown: the base was not run: there is nothing to compare with");
  EXPECT_EQ(shown(answer.rules[1]), "broken: 1 new failure, at most 0 allowed [c]");
}

TEST_F(Gate, FailuresThatNoBaseExcusesAreNew) {
  add("gtk", {"PPP"});
  ingest(candidate("gtk", "PF"));    // b is new
  ingest(candidate("mac", "FPPP"));  // a configuration that the base has not
  const GateAnswer answer = ask_gate();
  EXPECT_EQ(shown(answer.rules[0]), "met: 2 runs of the candidate, 1 of the base");
  EXPECT_EQ(shown(answer.rules[1]), "broken: 2 new failures, at most 0 allowed [a] [b]");
  EXPECT_EQ(answer.new_failures[0].configuration.label(), "mac");
  EXPECT_FALSE(answer.new_failures[0].base);
  EXPECT_EQ(answer.new_failures[1].configuration.label(), "gtk");
}

TEST_F(Gate, RunsThatTellNothingAboutTheChangeCloseIt) {
  const std::vector<std::string> lines(25, "P");
  add("gtk", lines);
  ingest(candidate("gtk", std::string(25, 'P')));
  EXPECT_TRUE(ask_gate().open);
  auto broken = candidate("gtk", std::string(24, 'F') + "P");
  broken.header.started += std::chrono::hours(1);
  broken.header.finished.reset();
  const auto run = ingest(broken);
  const GateAnswer answer = ask_gate();  // the run before it must not answer in its place
  EXPECT_FALSE(answer.open);
  EXPECT_EQ(shown(answer.rules[0]),
            "broken: 1 run of the candidate failed or had mostly bad results [" + run->id + "]");
}

TEST_F(Gate, RequiredConfigurations) {
  add("gtk", {"P"});
  add("mac", {"P"});
  ingest(candidate("gtk", "P"));
  query_.configurations = {{{"platform", {"gtk"}}}, {{"platform", {"mac"}}, {"style", {"debug"}}}};
  EXPECT_EQ(shown(Kind::Configurations),
            "broken: 1 of 2 required configurations run [platform:mac style:debug]");
  query_.configurations.pop_back();
  EXPECT_EQ(shown(Kind::Configurations), "met: 1 of 1 required configuration run");
}

TEST_F(Gate, IncompleteRunsCloseItUnlessAllowed) {
  add("gtk", {"P"});
  auto run = candidate("gtk", "P");
  run.header.state = RunState::Incomplete;
  const std::string id = ingest(run)->id;
  EXPECT_EQ(shown(Kind::Complete), "broken: 1 run not complete [" + id + "]");
  EXPECT_FALSE(ask_gate().open);
  query_.allow_incomplete = true;
  EXPECT_TRUE(ask_gate().open);
}

TEST_F(Gate, LostAndMissingTests) {
  add("gtk", {"P", "P", "P", "P"});
  const std::string id = ingest(candidate("gtk", "PLS"))->id;
  EXPECT_EQ(shown(Kind::Lost), "broken: 1 planned test without a result, at most 0 allowed [" + id + "]");
  query_.lost_tests = 1;
  EXPECT_TRUE(ask_gate().open);
  query_.missing_tests = 2;
  EXPECT_EQ(shown(Kind::Missing),
            "broken: 3 results of the base that the candidate does not have, at most 2 allowed [b] [c] [d]");
  query_.missing_tests = 3;
  EXPECT_TRUE(ask_gate().open);
}

TEST_F(Gate, DurationOfRuns) {
  add("gtk", {"P"});
  const std::string id = ingest(candidate("gtk", "P"))->id;
  query_.duration = std::chrono::seconds(120);
  EXPECT_EQ(shown(Kind::Duration), "met: the longest run took 120 s, at most 120 s allowed");
  query_.duration = std::chrono::seconds(119);
  EXPECT_EQ(shown(Kind::Duration), "broken: the longest run took 120 s, at most 119 s allowed [" + id + "]");
  add("mac", {"P"});
  auto open_end = candidate("mac", "P");
  open_end.header.finished.reset();
  ingest(open_end);
  query_.duration = std::chrono::seconds(120);
  EXPECT_EQ(rule(ask_gate(), Kind::Duration).state, State::Unknown);
  EXPECT_FALSE(ask_gate().open);
}

TEST_F(Gate, ForbiddenStates) {
  add("gtk", {"CCC", "PPP"});
  ingest(candidate("gtk", "CP"));
  EXPECT_TRUE(ask_gate().open);
  query_.forbidden = value_of(aggregate::parse_query("crash"));
  EXPECT_EQ(shown(Kind::Forbidden), "broken: 1 test matched by the query that must match none [a]");
  query_.forbidden = value_of(aggregate::parse_query("crash name:b"));
  EXPECT_TRUE(ask_gate().open);
}

TEST_F(Gate, HostileNamesStayNames) {
  EXPECT_EQ(markdown_code("a/b.html"), "`a/b.html`");
  EXPECT_EQ(markdown_code("a`b``c"), "```a`b``c```");
  EXPECT_EQ(markdown_code("`"), "`` ` ``");
  EXPECT_EQ(markdown_code(""), "` `");
  EXPECT_EQ(markdown_code("a\n# b\r\x1b[31m\x7f"), "`a�# b��[31m�`");
  EXPECT_EQ(markdown_code("\u202egpj.exe\u2028\u200b"), "`�gpj.exe��`");
  EXPECT_EQ(markdown_code("\xff\xc3"), "`��`");
  EXPECT_EQ(markdown_code("äääää", 7), "`äää…`");

  add("gtk", {"PP"});
  auto run = candidate("gtk", "P");
  const std::string name = "x`\n\n# [all is well](http://evil) <img src=x onerror=alert(1)> @everyone ``";
  run.results.add({.test = name, .actual = "FAIL`<b>"});
  ingest(run);
  const std::string page = to_markdown(ask_gate());
  EXPECT_NE(page.find("### ❌ The gate is closed\n"), std::string::npos) << page;
  EXPECT_NE(
      page.find(
          "- ``` x`��# [all is well](http://evil) <img src=x onerror=alert(1)> @everyone `` ``` on `gtk`: "
          "not run → ``FAIL`<b>``\n"),
      std::string::npos)
      << page;
  EXPECT_EQ(page.find("\n# "), std::string::npos);
}

TEST_F(Gate, MarkdownIsBounded) {
  add("gtk", {"P"});
  auto run = candidate("gtk", "P");
  for (int i = 0; i < 300; ++i) run.results.add({.test = "test " + std::to_string(1000 + i)});
  for (int i = 0; i < 200; ++i)
    run.results.add({.test = "bad " + std::to_string(1000 + i) + std::string(500, 'x'), .actual = "FAIL"});
  ingest(run);
  query_.limit = 50;
  const GateAnswer answer = ask_gate();
  std::string page = to_markdown(answer);
  EXPECT_NE(page.find("bad 1019"), std::string::npos);
  EXPECT_EQ(page.find("bad 1020"), std::string::npos);
  EXPECT_NE(page.find("- and 180 more\n"), std::string::npos) << page;
  page = to_markdown(answer, {.most_items = 1000, .most_bytes = 1});
  EXPECT_LE(page.size(), 4000u);
  EXPECT_NE(page.find(" more\n"), std::string::npos);
}

TEST_F(Gate, RefusesASuiteWithoutName) {
  query_.suite.clear();
  EXPECT_EQ(answers_.gate(query_).error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace resultsdb
