// Several files as one run, and a run as results of the store.
#include <gtest/gtest.h>

#include <algorithm>

#include "formats/samples.hpp"

namespace resultsdb::formats {
namespace {

ImportedRun run_of(std::vector<std::pair<std::string, std::string>> tests, std::string digest) {
  ImportedRun run;
  run.tool = "generic";
  run.digest = std::move(digest);
  for (auto& [name, outcome] : tests) {
    ImportedTest test;
    test.name = name;
    test.outcome = outcome;
    test.duration_ms = 5;
    run.tests.push_back(std::move(test));
  }
  return run;
}

TEST(Merge, JoinsFilesInAnyOrder) {
  const ImportedRun a = run_of({{"x", "PASS"}, {"y", "FAIL"}}, "A"),
                    b = run_of({{"y", "PASS"}, {"z", "SKIP"}}, "B");
  const ImportedRun ab = merge({a, b}), ba = merge({b, a});
  EXPECT_EQ(ab.digest, ba.digest);
  EXPECT_EQ(ab.digest.size(), 32u);
  for (const ImportedRun& run : {ab, ba}) {
    ASSERT_EQ(run.tests.size(), 3u);
    const auto y =
        std::find_if(run.tests.begin(), run.tests.end(), [](const auto& test) { return test.name == "y"; });
    EXPECT_EQ(y->outcome, "FAIL");
    EXPECT_EQ(y->attempts.size(), 2u);
    EXPECT_EQ(y->duration_ms, 10);
    EXPECT_EQ(run.warnings.at(0).code, "duplicate_name");
    EXPECT_FALSE(run.incomplete);
  }
}

TEST(Merge, OneIncompleteFileMakesTheRunIncomplete) {
  ImportedRun cut = run_of({{"a", "PASS"}}, "A");
  cut.incomplete = true;
  EXPECT_TRUE(merge({cut, run_of({{"b", "PASS"}}, "B")}).incomplete);
}

TEST(Merge, OutputThatIsCutIsReported) {
  ImportedRun a = run_of({{"a", "PASS"}}, "A"), b = run_of({{"b", "PASS"}}, "B");
  a.output = std::string(700'000, 'a'), b.output = std::string(700'000, 'b');
  const ImportedRun run = merge({a, b});
  EXPECT_EQ(run.output.size(), 1u << 20);
  EXPECT_EQ(run.warnings.at(0).code, "limit");
}

TEST(Merge, SurefireFilesWithoutTestsAreNoWarningBesideOthers) {
  std::vector<ImportedRun> runs;
  for (const std::string& name : sample_names()) {
    if (name.starts_with("surefire/outer-class-empty/")) runs.push_back(*read_text(read_sample(name)).run);
  }
  ASSERT_EQ(runs.size(), 3u);
  const ImportedRun run = merge(std::move(runs));
  EXPECT_EQ(run.tests.size(), 25u);
  EXPECT_TRUE(run.warnings.empty());
  EXPECT_EQ(merge({}).tests.size(), 0u);
}

TEST(ToResults, PlainPassesHaveNoDetailAndLostTestsNoResult) {
  ImportedRun run = run_of({{"a", "PASS"}, {"b", "NOTRUN"}, {"c", "FAIL"}}, "A");
  run.tests[0].file = "a.cc";
  run.tests[0].line = 7;
  run.tests[2].message = "say \"why\"";
  run.tests[2].file = "c.cc";
  run.tests[2].line = 9;
  run.tests[2].attempts = {{"FAIL", 1.5, AttemptKind::Retry, "x"},
                           {"FAIL", std::nullopt, AttemptKind::Retry, ""}};
  ResultTable results;
  to_results(run, results);
  ASSERT_EQ(results.size(), 2u);
  ASSERT_EQ(results.lost_size(), 1u);
  EXPECT_EQ(results.lost(0), "b");
  EXPECT_EQ(results[0].detail, "");
  EXPECT_EQ(results[0].duration, Duration(5000));
  EXPECT_EQ(results[1].tries, 2u);
  EXPECT_EQ(results[1].passes, 0u);
  EXPECT_EQ(
      results[1].detail,
      R"({"message":"say \"why\"","attempts":[{"outcome":"FAIL","duration_ms":1.5,"kind":"retry","message":"x"},)"
      R"({"outcome":"FAIL","kind":"retry"}],"file":"c.cc","line":9})");
}

TEST(ToResults, PassesWithPropertiesHaveADetail) {
  ImportedRun run = run_of({{"a", "PASS"}}, "A");
  run.tests[0].properties = {{"k", "1"}, {"k", "2"}};
  run.tests[0].metrics = {{"ms", 1.5}};
  run.tests[0].attachments = {"a.png"};
  run.tests[0].output = "o";
  ResultTable results;
  to_results(run, results);
  EXPECT_EQ(
      results[0].detail,
      R"({"output":"o","properties":[["k","1"],["k","2"]],"metrics":{"ms":1.5},"attachments":["a.png"]})");
}

}  // namespace
}  // namespace resultsdb::formats
