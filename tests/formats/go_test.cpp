// Rules of `go test -json` and of GoogleTest's own formats that no sample shows.
#include <gtest/gtest.h>

#include "formats/samples.hpp"

namespace resultsdb::formats {
namespace {

std::string event(std::string_view action, std::string_view test = "", std::string_view more = "") {
  std::string line = R"({"Action":")" + std::string(action) + R"(","Package":"p")";
  if (!test.empty()) line += R"(,"Test":")" + std::string(test) + "\"";
  return line + std::string(more) + "}\n";
}

ImportedRun read_run(const std::string& text) {
  const ReadOutcome outcome = read_text(text);
  EXPECT_TRUE(outcome.run) << text;
  return outcome.run.value_or(ImportedRun{});
}

TEST(Go, ASecondRunIsARetry) {
  const ImportedRun run =
      read_run(event("start") + event("run", "T") + event("fail", "T") + event("run", "T") +
               event("pass", "T", R"(,"Elapsed":0.25)") + event("pass"));
  ASSERT_EQ(run.tests.size(), 1u);
  EXPECT_EQ(run.tests[0].outcome, "PASS");
  EXPECT_EQ(run.tests[0].duration_ms, 250);
  ASSERT_EQ(run.tests[0].attempts.size(), 2u);
  EXPECT_EQ(run.tests[0].attempts[0].outcome, "FAIL");
  EXPECT_EQ(run.tests[0].attempts[0].kind, AttemptKind::Retry);
  EXPECT_FALSE(run.incomplete);
}

TEST(Go, BenchmarksOfAPassedPackageHavePassed) {
  const ImportedRun run =
      read_run(event("start") + event("run", "BenchmarkX") + event("run", "TestY") + event("pass"));
  ASSERT_EQ(run.tests.size(), 2u);
  EXPECT_EQ(run.tests[0].outcome, "PASS");
  EXPECT_EQ(run.tests[1].outcome, "CRASH");
  EXPECT_TRUE(run.incomplete);
}

TEST(Go, OutputAfterTheEndDoesNotStartATestAgain) {
  const ImportedRun run = read_run(event("start") + event("run", "T") + event("pass", "T") +
                                   event("output", "T", R"(,"Output":"late\n")") + event("pass"));
  EXPECT_EQ(run.tests.at(0).outcome, "PASS");
  EXPECT_TRUE(run.warnings.empty());
}

TEST(Go, LinesThatAreNoEventsAreOutput) {
  const ImportedRun run =
      read_run(event("start") + "go: downloading x\n" + event("run", "T") +
               event("attr", "T", R"(,"Key":"k","Value":"v")") + event("pass", "T") + event("pass"));
  EXPECT_EQ(run.output, "go: downloading x\n");
  EXPECT_EQ(run.tests.at(0).properties.at(0), (std::pair<std::string, std::string>("k", "v")));
  EXPECT_FALSE(run.incomplete);
  const ImportedRun cut =
      read_run(event("start") + event("run", "T") + event("pass", "T") + R"({"Action":"pa)");
  EXPECT_TRUE(cut.incomplete);
  EXPECT_EQ(cut.tests.at(0).outcome, "PASS");
}

const Warning* find_warning(const ImportedRun& run, std::string_view code) {
  for (const Warning& warning : run.warnings) {
    if (warning.code == code) return &warning;
  }
  return nullptr;
}

TEST(Go, BuildsMayPrintBeforeTheFirstEvent) {
  const ImportedRun run = read_run("go: downloading x v1.2\n{\"level\":\"info\"}\n" + event("start") +
                                   event("run", "T") + event("pass", "T") + event("pass"));
  EXPECT_EQ(run.tool, "go test");
  EXPECT_EQ(run.output, "go: downloading x v1.2\n{\"level\":\"info\"}\n");
  EXPECT_TRUE(run.warnings.empty());
}

TEST(Go, ABrokenEventMakesTheRunIncomplete) {
  const ImportedRun run = read_run(event("start") + R"({"Action":"run","Package":"p","Te)" + "\n" +
                                   R"({"Action":"fail","Package":"p" "Test":"T"})" + "\n\n" + event("pass"));
  const Warning* warning = find_warning(run, "truncated");
  ASSERT_NE(warning, nullptr);
  EXPECT_EQ(warning->line, 2u);
  EXPECT_NE(warning->text.find("(and 1 more)"), std::string::npos) << warning->text;
  EXPECT_TRUE(run.incomplete);
}

TEST(Go, AStreamOfMostlyOtherLinesIsTold) {
  std::string text = event("start");
  for (int i = 0; i < 10; ++i) text += "{ not an event }\n";
  const ImportedRun run = read_run(text + event("run", "T") + event("pass", "T") + event("pass"));
  const Warning* warning = find_warning(run, "malformed_repaired");
  ASSERT_NE(warning, nullptr);
  EXPECT_EQ(warning->line, 2u);
  EXPECT_NE(warning->text.find("10 of 14 lines"), std::string::npos) << warning->text;
  EXPECT_FALSE(run.incomplete);
}

TEST(Go, TheLastLineIsTheLastThatIsNotBlank) {
  const ImportedRun run =
      read_run(event("start") + event("run", "T") + event("pass", "T") + event("pass") + "{\"Act\n\n");
  ASSERT_NE(find_warning(run, "truncated"), nullptr);
  EXPECT_EQ(find_warning(run, "truncated")->line, 5u);
}

TEST(Go, OutputBeyondItsLimitIsReported) {
  std::string text = event("start") + event("run", "T");
  for (int i = 0; i < 70; ++i)
    text += event("output", "T", R"(,"Output":")" + std::string(10'000, 'x') + "\\n\"");
  const ImportedRun run = read_run(text + event("pass", "T") + event("pass"));
  EXPECT_LE(run.tests.at(0).output.size(), 512u << 10);
  EXPECT_NE(find_warning(run, "limit"), nullptr);
}

TEST(Go, BytesThatAreNoUtf8AreReplaced) {
  const ImportedRun run =
      read_run(event("start") + event("run", "T") + event("output", "T", ",\"Output\":\"\xFFx\"") +
               event("fail", "T") + event("fail"));
  EXPECT_EQ(run.tests.at(0).outcome, "FAIL");
  EXPECT_EQ(run.tests.at(0).output, "\xEF\xBF\xBDx");
  EXPECT_NE(find_warning(run, "invalid_utf8"), nullptr);
}

TEST(Go, AFailedBuildWithoutItsPackageIsIncomplete) {
  const ImportedRun run = read_run(R"({"Action":"build-output","ImportPath":"p","Output":"x.go:1: no\n"})"
                                   "\n"
                                   R"({"Action":"build-fail","ImportPath":"p"})"
                                   "\n");
  EXPECT_TRUE(run.incomplete);
}

TEST(GtestJson, RefusesCutAndDamagedDocuments) {
  const std::string bytes = read_sample("gtest/main.json");
  EXPECT_EQ(read_text(bytes.substr(0, bytes.size() / 2)).refused->code, "not well-formed");
  EXPECT_EQ(read_text(bytes + "x").refused->code, "not well-formed");
  EXPECT_EQ(read_text("{\"testsuites\":" + std::string(600, '[')).refused->code, "nesting too deep");
  ReadOptions options;
  options.format = "gtest";
  EXPECT_TRUE(read_text(bytes, options).run);
}

std::string gtest_case(const std::string& members) {
  return R"({"testsuites":[{"name":"S","testsuite":[{"name":"t",)" + members + "}]}]}";
}

TEST(GtestJson, OnlyWordsOfAPassArePasses) {
  const auto outcome = [](const std::string& members) {
    const ImportedRun run = read_run(gtest_case(R"("classname":"S",)" + members));
    return run.tests.size() == 1 ? run.tests[0].outcome : "";
  };
  EXPECT_EQ(outcome(R"("status":"RUN","result":"COMPLETED")"), "PASS");
  EXPECT_EQ(outcome(R"("status":"RUN")"), "PASS");  // before results had a word of their own
  EXPECT_EQ(outcome(R"("status":"NOTRUN")"), "SKIP");
  EXPECT_EQ(outcome(R"("status":"RUN","result":"SKIPPED")"), "SKIP");
  EXPECT_EQ(outcome(R"("status":"RUN","result":"INTERRUPTED")"), "INTERRUPTED");
  EXPECT_EQ(outcome(R"("status":"LOST","result":"COMPLETED")"), "LOST");
  EXPECT_EQ(outcome(R"("status":"RUN","result":"two words")"), "ERROR");
  EXPECT_EQ(outcome(R"("status":"RUN","result":true)"), "true");
  EXPECT_EQ(outcome(R"("status":"RUN","result":"COMPLETED","failures":["text"])"), "FAIL");
  EXPECT_EQ(outcome(R"("status":"RUN","result":"NEW","failures":[{"failure":"x"}])"), "FAIL");
}

TEST(GtestJson, AListOfTestsIsNoGreenRun) {
  const ImportedRun run = read_run(gtest_case(R"("file":"a.cc","line":5)"));
  ASSERT_EQ(run.tests.size(), 1u);
  EXPECT_EQ(run.tests[0].name, "S.t");
  EXPECT_EQ(run.tests[0].outcome, "NOTRUN");
  EXPECT_TRUE(run.incomplete);
  const ImportedRun xml = read_run(R"(<testsuites tests="1" name="AllTests"><testsuite name="S" tests="1">
    <testcase name="t" file="a.cc" line="5" /></testsuite></testsuites>)");
  EXPECT_EQ(xml.tests.at(0).name, "S.t");
  EXPECT_EQ(xml.tests.at(0).outcome, "NOTRUN");
  EXPECT_TRUE(xml.incomplete);
}

TEST(GtestJson, CasesThatAreNoObjectsAreMissed) {
  EXPECT_TRUE(read_run(R"({"testsuites":[{"name":"S","testsuite":["t"]}]})").incomplete);
}

TEST(GtestConsole, ReadsSkipsAndEndMarksBehindOutput) {
  const ImportedRun run = read_run(
      "[==========] Running 3 tests from 1 test suite.\n[ RUN      ] S.Skips\na.cc:3: Skipped\nno GPU\n"
      "[  SKIPPED ] S.Skips (12 ms)\n[ RUN      ] S.Prints\nno newline[       OK ] S.Prints (0 ms)\n"
      "[ RUN      ] S.Dies\n[==========] 3 tests from 1 test suite ran. (12 ms total)\n");
  ASSERT_EQ(run.tests.size(), 3u);
  EXPECT_EQ(run.tests[0].outcome, "SKIP");
  EXPECT_EQ(run.tests[0].message, "no GPU");
  EXPECT_EQ(run.tests[0].duration_ms, 12);
  EXPECT_EQ(run.tests[1].outcome, "PASS");
  EXPECT_EQ(run.tests[1].output, "no newline");
  EXPECT_EQ(run.tests[2].outcome, "CRASH");
}

}  // namespace
}  // namespace resultsdb::formats
