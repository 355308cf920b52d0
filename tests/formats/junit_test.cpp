// Rules of JUnit dialects that no sample shows.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "formats/samples.hpp"

namespace resultsdb::formats {
namespace {

ImportedRun read_run(std::string_view text) {
  const ReadOutcome outcome = read_text(text);
  EXPECT_TRUE(outcome.run) << text;
  return outcome.run.value_or(ImportedRun{});
}

/// `name outcome/expected [kind outcome]…`, one line a test.
std::string summary(const ImportedRun& run) {
  std::string out;
  for (const ImportedTest& test : run.tests) {
    out += test.name + " " + test.outcome + "/" + test.expected;
    for (const Attempt& attempt : test.attempts) {
      out += " [" + std::string(to_string(attempt.kind)) + " " + attempt.outcome + "]";
    }
    out += "\n";
  }
  return out;
}

bool warned(const ImportedRun& run, std::string_view code) {
  return std::any_of(run.warnings.begin(), run.warnings.end(),
                     [&](const Warning& w) { return w.code == code; });
}

TEST(Junit, GenericAttemptsFollowTheElements) {
  const ImportedRun run = read_run(R"(<testsuites><testsuite name="s">
    <testcase classname="c" name="flaky" time="2"><flakyFailure message="m"/><flakyError/></testcase>
    <testcase classname="c" name="never" time="3"><error message="first"/><rerunError time="4"/></testcase>
    <testcase name="c" classname="c"/></testsuite></testsuites>)");
  EXPECT_EQ(run.tool, "generic");
  EXPECT_EQ(summary(run),
            "c.flaky PASS/PASS [retry FAIL] [retry ERROR] [retry PASS]\n"
            "c.never ERROR/PASS [retry ERROR] [retry ERROR]\n"
            "c PASS/PASS\n");
  EXPECT_EQ(run.tests[1].duration_ms, 3000);
}

TEST(Junit, UnknownWordsAreNoPasses) {
  const auto outcome = [](const std::string& root, const std::string& attributes) {
    return read_run("<testsuite " + root + "><testcase classname=\"c\" name=\"t\" " + attributes +
                    "/></testsuite>")
        .tests.at(0)
        .outcome;
  };
  EXPECT_EQ(outcome("", ""), "PASS");
  EXPECT_EQ(outcome("", "status=\"Passed\""), "PASS");
  EXPECT_EQ(outcome("", "status=\"FAILED\""), "FAIL");
  EXPECT_EQ(outcome("", "status=\"broken\""), "broken");
  EXPECT_EQ(outcome("", "status=\"run\" result=\"interrupted\""), "interrupted");
  const std::string ctest = "tests=\"1\" failures=\"0\" disabled=\"0\" skipped=\"0\"";
  EXPECT_EQ(outcome(ctest, "status=\"run\""), "PASS");
  EXPECT_EQ(outcome(ctest, "status=\"lost\""), "lost");
  EXPECT_EQ(outcome("name=\"AllTests\"", "status=\"run\" result=\"interrupted\""), "interrupted");
}

TEST(Junit, NamelessTestsAreContainersOrDropped) {
  const ImportedRun run =
      read_run(R"(<testsuites><testsuite name="s"><testcase classname="C"><failure/></testcase>
    <testcase classname="D"/></testsuite></testsuites>)");
  EXPECT_EQ(summary(run), "C ERROR/PASS\n");
  EXPECT_TRUE(run.tests[0].container);
  EXPECT_TRUE(warned(run, "suite_failure") && warned(run, "nameless_test") && run.incomplete);
}

TEST(Junit, FailuresOutsideOfTestCasesAreTheSuites) {
  const ImportedRun run =
      read_run(R"(<testsuites><testsuite name="s" tests="1"><error message="set-up died">trace</error>
    <testcase classname="c" name="a"/></testsuite></testsuites>)");
  EXPECT_EQ(summary(run), "s ERROR/PASS\nc.a PASS/PASS\n");
  EXPECT_TRUE(run.tests[0].container);
  EXPECT_EQ(run.tests[0].message, "set-up died");
  EXPECT_TRUE(warned(run, "suite_failure") && !warned(run, "count_mismatch") && !run.incomplete);
  const ImportedRun cut = read_run(R"(<testsuites><testsuite name="s"><failure message="m">tra)");
  EXPECT_EQ(summary(cut), "s ERROR/PASS\n");
  EXPECT_TRUE(cut.incomplete);
}

TEST(Junit, FailuresDeepInsideACaseAreItsOwn) {
  const ImportedRun run =
      read_run(R"(<testsuites><testcase name="a"><step><failure message="m"/></step></testcase>
    <testcase name="b"><system-out><failure message="m"/></system-out></testcase></testsuites>)");
  EXPECT_EQ(summary(run), "a FAIL/PASS\nb PASS/PASS\n");
}

TEST(Junit, GenericStatusWithoutAChildIsTheVerdict) {
  const ImportedRun run = read_run(R"(<testsuites><testcase name="a" status="Failed"/>
    <testcase name="b" result="error"/><testcase name="c" status="notrun"/><testcase name="d" status="run"/>
    <testcase name="e" status="failed"><flakyFailure/></testcase></testsuites>)");
  EXPECT_EQ(summary(run),
            "a FAIL/PASS\nb ERROR/PASS\nc SKIP/PASS\nd PASS/PASS\ne PASS/PASS [retry FAIL] [retry PASS]\n");
}

TEST(Junit, MarkersInOutputBecomeMembers) {
  const ImportedRun run = read_run(
      "<testsuites><testcase "
      "name='a'><system-out>x\n[[ATTACHMENT|shot.png]]\n[[PROPERTY|k=v=w]]\n</system-out>"
      "<properties><property name='text'>body</property></properties></testcase></testsuites>");
  const ImportedTest& test = run.tests.at(0);
  EXPECT_EQ(test.attachments, std::vector<std::string>{"shot.png"});
  EXPECT_EQ(test.properties.at(0), (std::pair<std::string, std::string>("text", "body")));
  EXPECT_EQ(test.properties.at(1), (std::pair<std::string, std::string>("k", "v=w")));
}

std::string start_of(const ImportedRun& run) { return run.started ? format_rfc3339(*run.started) : "none"; }

std::string start_of(const std::string& stamp) {
  return start_of(read_run("<testsuites timestamp='" + stamp + "'><testcase name='a'/></testsuites>"));
}

TEST(Junit, TheStartIsTheFirstTimestamp) {
  EXPECT_EQ(start_of("2026-11-22T02:41:08Z"), "2026-11-22T02:41:08Z");
  EXPECT_EQ(start_of("2026-11-22T02:41:08+01:00"), "2026-11-22T01:41:08Z");
  for (const char* none :
       {"1970-01-01T00:00:00Z", "0001-01-01T00:00:00", "yesterday", "2026-02-30T00:00:00", ""})
    EXPECT_EQ(start_of(none), "none") << none;
}

TEST(Junit, TimesWithoutZoneAreNoStartUnlessTheZoneIsGiven) {
  const std::string text =
      "<testsuites><testsuite timestamp='2026-11-22T02:41:08.5'><testcase name='a'/></testsuite>\n"
      "<testsuite timestamp='2026-11-22T02:42:08'><testcase name='b'/></testsuite></testsuites>";
  const ImportedRun run = read_run(text);
  EXPECT_EQ(start_of(run), "none");
  EXPECT_TRUE(run.warnings.empty());
  EXPECT_EQ(run.attributes.at(0),
            (std::pair<std::string, std::string>("timestamp", "2026-11-22T02:41:08.5")));

  ReadOptions options;
  options.time_zone = [](Time clock) { return clock - std::chrono::hours{1}; };
  std::istringstream in(text);
  const ReadOutcome outcome = read_results(in, options);
  ASSERT_TRUE(outcome.run);
  EXPECT_EQ(start_of(*outcome.run), "2026-11-22T01:41:08.500Z");
  EXPECT_TRUE(outcome.run->warnings.empty());
  options.time_zone = [](Time) { return Time::max(); };
  std::istringstream again(text);
  EXPECT_FALSE(read_results(again, options).run->started);
}

TEST(GoogleTestJson, TheStartIsOfTheLocalClockAlthoughItEndsInZ) {
  const std::string text =
      R"({"tests":1,"timestamp":"2026-11-22T02:41:08Z","testsuites":[{"name":"S","testsuite":[)"
      R"({"name":"a","status":"RUN","result":"COMPLETED","classname":"S"}]}]})";
  const ImportedRun run = read_run(text);
  EXPECT_EQ(start_of(run), "none");
  EXPECT_EQ(run.attributes.at(0), (std::pair<std::string, std::string>("timestamp", "2026-11-22T02:41:08")));

  ReadOptions options;
  options.time_zone = [](Time clock) { return clock - std::chrono::hours{1}; };
  std::istringstream in(text);
  const ReadOutcome outcome = read_results(in, options);
  ASSERT_TRUE(outcome.run);
  EXPECT_EQ(start_of(*outcome.run), "2026-11-22T01:41:08Z");
}

TEST(GoogleTest, AMessageThatEndsInANumberIsNoPlace) {
  const auto message_of = [](const std::string& message) {
    const ImportedRun run = read_run(
        "<testsuites name='AllTests'><testsuite name='S' disabled='0'><testcase name='a' status='run' "
        "result='completed' classname='S'><failure message='" +
        message + "' type=''/></testcase></testsuite></testsuites>");
    return run.tests.at(0).message;
  };
  EXPECT_EQ(message_of("no answer from localhost:80"), "no answer from localhost:80");
  EXPECT_EQ(message_of("a_test.cc:7&#x0A;Value of: x"), "Value of: x");
}

TEST(Junit, BatsNamesBeginWithTheFile) {
  const ImportedRun run = read_run(R"(<testsuites time="1"><testsuite name="a.bats" tests="9">
    <testcase classname="a.bats" name="adds"/><testcase classname="a.bats" name="skips"><skipped>why</skipped></testcase>
    </testsuite></testsuites>)");
  EXPECT_EQ(run.tool, "bats");
  EXPECT_EQ(summary(run), "a.bats > adds PASS/PASS\na.bats > skips SKIP/PASS\n");
  EXPECT_FALSE(warned(run, "count_mismatch"));
}

TEST(Junit, MochaJunitReporterHasTheFullTitleAsName) {
  const ImportedRun run = read_run(R"(<testsuites name="Mocha Tests"><testsuite name="calc">
    <testcase name="calc adds" classname="adds"/>
    <testcase name="calc &quot;before all&quot; hook" classname="hook"><failure/></testcase>
    <testcase name="calc slow" classname="slow"><failure message="Timeout of 50ms exceeded."/></testcase>
    </testsuite></testsuites>)");
  EXPECT_EQ(run.tool, "mocha-junit");
  EXPECT_EQ(summary(run),
            "calc adds PASS/PASS\ncalc \"before all\" hook ERROR/PASS\ncalc slow TIMEOUT/PASS\n");
}

TEST(Junit, JestSuitesThatFailedToRunAreContainers) {
  const ImportedRun run = read_run(R"(<testsuites name="jest tests"><testsuite name="undefined">
    <testcase classname="Test suite failed to run" name="bad.test.js"><error>SyntaxError</error></testcase>
    <testcase classname="calc › deep" name="adds"/></testsuite></testsuites>)");
  EXPECT_EQ(summary(run), "bad.test.js ERROR/PASS\ncalc > deep > adds PASS/PASS\n");
  EXPECT_TRUE(run.tests.at(0).container);
}

TEST(Junit, PlaywrightRetriesComeBeforeTheFailure) {
  const ImportedRun run = read_run(R"(<testsuites id="" name=""><testsuite name="a.ts">
    <testcase name="x" classname="a.ts"><failure message="last" type="e"/><rerunFailure message="Test timeout of 5ms exceeded."/></testcase>
    </testsuite></testsuites>)");
  EXPECT_EQ(summary(run), "a.ts > x FAIL/PASS [retry TIMEOUT] [retry FAIL]\n");
}

TEST(Junit, XmlrunnerJoinsSubtests) {
  const ImportedRun run = read_run(
      "<testsuites><testsuite name='t.C-20261122024651' file='t.py'>"
      "<testcase classname='t.C' name='test_subs (i=1)'><failure message='one'/></testcase>"
      "<testcase classname='t.C' name='test_subs [text] (i=2)'><error message='two'/></testcase>"
      "</testsuite></testsuites>");
  EXPECT_EQ(run.tool, "xmlrunner");
  EXPECT_EQ(summary(run), "t.C.test_subs ERROR/PASS [subtest FAIL] [subtest ERROR]\n");
  EXPECT_FALSE(warned(run, "duplicate_name"));
}

TEST(Junit, GotestsumTimeOutsReachTheRunningTests) {
  const ImportedRun run = read_run(
      "<testsuites tests='2'><testsuite name='x.com/p'><properties><property name='go.version' "
      "value='1'/></properties>"
      "<testcase classname='' name='TestMain'><failure message='Failed'>panic: test timed out after "
      "1s\n\trunning "
      "tests:\n\t\tTestHangs (1s)\n\n</failure></testcase>"
      "<testcase classname='x.com/p' name='TestHangs'><failure message='Failed'>=== RUN "
      "TestHangs\n</failure></testcase>"
      "</testsuite></testsuites>");
  EXPECT_EQ(run.tool, "gotestsum");
  EXPECT_EQ(summary(run), "x.com/p TIMEOUT/PASS\nx.com/p.TestHangs TIMEOUT/PASS\n");
  EXPECT_TRUE(run.incomplete);
}

TEST(Junit, SurefireKeepsNoEnvironment) {
  const ImportedRun run = read_run(read_sample("surefire/TEST-com.example.BadSetupTest.xml"));
  const auto has = [&](std::string_view key) {
    return std::any_of(run.attributes.begin(), run.attributes.end(),
                       [&](const auto& a) { return a.first == key; });
  };
  EXPECT_TRUE(has("java.version") && has("os.name") && has("properties.dropped"));
  EXPECT_FALSE(has("user.home") || has("user.name") || has("java.home"));
}

TEST(Junit, DuplicatesDoNotDependOnOrder) {
  const auto outcome = [](std::string_view first, std::string_view second) {
    const ImportedRun run =
        read_run("<testsuites x='1'><testcase name='a'>" + std::string(first) +
                 "</testcase><testcase name='a'>" + std::string(second) + "</testcase></testsuites>");
    return run.tests.at(0).outcome + " " + run.tests.at(0).message;
  };
  EXPECT_EQ(outcome("<failure message='f'/>", ""), "FAIL f");
  EXPECT_EQ(outcome("", "<failure message='f'/>"), "FAIL f");
  EXPECT_EQ(outcome("<error message='e'/>", "<failure message='f'/>"), "ERROR e");
  EXPECT_EQ(outcome("<skipped/>", ""), "SKIP ");
}

TEST(Junit, WhatACutFileCouldStillRevokeHasNoVerdict) {
  const ImportedRun pytest = read_run(
      "<testsuites name='pytest tests'><testsuite name='pytest'><testcase classname='t' name='a'/>"
      "<testcase classname='t' name='b'/>");
  EXPECT_EQ(summary(pytest), "t.py::a PASS/PASS\nt.py::b NOTRUN/PASS\n");
  const ImportedRun catch2 = read_run(
      "<testsuites><testsuite name='x' hostname='tbd'><testcase name='done'/><testcase name='s'/>"
      "<testcase name='s/one'/><testcase name='s/t");
  EXPECT_EQ(summary(catch2), "done PASS/PASS\ns NOTRUN/PASS\ns/one NOTRUN/PASS\n");
}

TEST(Junit, PytestCountsPhasesInItsOwnWay) {
  const auto counted = [](int tests, const std::string& cases) {
    return !warned(read_run("<testsuites name='pytest tests'><testsuite name='pytest' tests='" +
                            std::to_string(tests) + "'>" + cases + "</testsuite></testsuites>"),
                   "count_mismatch");
  };
  const std::string begin = "<testcase classname='t' name='a'>", end = "</testcase>",
                    teardown = "<error message='failed on teardown with \"x\"'/>";
  EXPECT_TRUE(counted(1, begin + "<failure/>" + end + begin + teardown + end));
  EXPECT_TRUE(counted(2, begin + "<failure/>" + end + begin + teardown + end));
  EXPECT_FALSE(counted(3, begin + "<failure/>" + end + begin + teardown + end));
  EXPECT_TRUE(counted(2, begin + teardown + end));
  EXPECT_TRUE(counted(2, begin + "<skipped/>" + teardown + end));
  EXPECT_TRUE(counted(2, begin + "<error message='failed on setup with \"x\"'/>" + teardown + end));
  EXPECT_TRUE(counted(1, begin + "<error message='failed on setup with \"x\"'/>" + end));
  EXPECT_FALSE(counted(2, begin + end));
}

std::string limits(const ImportedRun& run) {
  std::string out;
  for (const Warning& warning : run.warnings) {
    if (warning.code == "limit") out += warning.text + "\n";
  }
  return out;
}

TEST(Junit, TextsJustBeyondTheirLimitAreReportedToo) {
  const ImportedRun run = read_run("<testsuites><testcase name='a'><system-out>" + std::string(600'000, 'x') +
                                   "</system-out></testcase></testsuites>");
  EXPECT_EQ(run.tests.at(0).output.size(), 512u << 10);
  EXPECT_TRUE(warned(run, "limit"));
}

TEST(Junit, PropertiesOfSuitesBeyondTheLimitAreNamed) {
  std::string many = "<testsuites><testsuite name='s'><properties><property value='nameless'/>";
  for (int i = 0; i < 300; ++i) many += "<property name='p" + std::to_string(i) + "' value='v'/>";
  many += "</properties><testcase name='a'";
  for (int i = 0; i < 300; ++i) many += " a" + std::to_string(i) + "='v'";
  const ImportedRun run = read_run(many + "/></testsuite></testsuites>");
  EXPECT_EQ(run.attributes.size(), 256u);
  EXPECT_EQ(run.attributes.at(0), (std::pair<std::string, std::string>("property", "nameless")));
  EXPECT_EQ(limits(run),
            "the suites have more than 256 properties; dropped: \"p255\" (and 44 more)\n"
            "an element has more than 256 attributes; the rest was dropped: \"a255\" of <testcase>\n");
}

TEST(Junit, AnEnvironmentThatIsNotKeptIsNamed) {
  const ImportedRun run = read_run(
      "<testsuite xmlns:xsi='x' xsi:noNamespaceSchemaLocation='https://x/surefire-test-report.xsd' name='C'>"
      "<properties><property name='os.name' value='Linux'/><property name='SECRET' value='x'/>"
      "<property name='HOME' value='/root'/></properties><testcase classname='C' name='a'/></testsuite>");
  EXPECT_EQ(run.attributes, (Attributes{{"os.name", "Linux"}, {"properties.dropped", "SECRET, HOME"}}));
}

TEST(Junit, ManyLongFailuresOfOneTestAreBounded) {
  std::string many = "<testsuites><testcase name='a'>";
  for (int i = 0; i < 40; ++i) many += "<failure message='m'>" + std::string(500'000, 't') + "</failure>";
  const ImportedRun run = read_run(many + "<error message='last'/></testcase></testsuites>");
  EXPECT_EQ(run.tests.at(0).outcome, "ERROR");
  EXPECT_EQ(run.tests.at(0).message, "last");
  EXPECT_NE(limits(run).find("have more than 4 MiB"), std::string::npos) << limits(run);
}

TEST(Junit, LimitsAreReported) {
  std::string many = "<testsuites><testcase name='a'>";
  many += "<properties>";
  for (int i = 0; i < 300; ++i) many += "<property name='p" + std::to_string(i) + "' value='v'/>";
  many += "</properties><failure message='" + std::string(2000, 'm') + "'>" + std::string(2 << 20, 't') +
          "</failure></testcase></testsuites>";
  const ImportedRun run = read_run(many);
  EXPECT_EQ(
      limits(run),
      "a text is longer than 512 KiB; its first and last half were kept (and 1 more)\n"
      "a message is longer than 1,024 bytes and was cut: test \"a\"\n"
      "a test has more than 256 properties or 1 MiB of them; dropped: \"p256\" and what follows of: test "
      "\"a\"\n");
  EXPECT_EQ(run.tests.at(0).properties.size(), 256u);
  EXPECT_EQ(run.tests.at(0).message.size(), 1024u);
  EXPECT_LE(run.tests.at(0).detail.size(), 512u << 10);
}

}  // namespace
}  // namespace resultsdb::formats
