// What was not run, on small histories.
#include "resultsdb/coverage.hpp"

#include "aggregate/answers_fixture.hpp"
#include "domain/test_folders.hpp"

namespace resultsdb {
namespace {

class CoverageTest : public AnswersTest {
 protected:
  /// Every gap as `test@platform reason`.
  std::vector<std::string> gaps(CoverageGapsQuery query = ask<CoverageGapsQuery>()) {
    const auto answer = value_of(answers_.coverage_gaps(query));
    std::vector<std::string> lines;
    for (const CoverageGap& gap : answer.gaps)
      lines.push_back(gap.test + "@" +
                      std::string(*answer.timelines[gap.timeline].configuration.get("platform")) + " " +
                      std::string(to_string(gap.reason)));
    std::ranges::sort(lines);
    return lines;
  }
  using Gaps = std::vector<std::string>;
};

TEST_F(CoverageTest, EachReason) {
  //            commit  0123
  add("gtk", {"PPPP", "PPP.", "PPPL", "PPPS", "PPPP", "FFFF"});
  add("mac", {"PPPP", "PPPP", "PPPP", "SSSP", "...."});
  EXPECT_EQ(gaps(), (Gaps{"b@gtk dropped", "c@gtk lost", "d@gtk skipped", "e@mac never", "f@mac never"}));
  auto query = ask<CoverageGapsQuery>();
  query.reasons = {GapReason::Lost, GapReason::Dropped};
  EXPECT_EQ(gaps(query), (Gaps{"b@gtk dropped", "c@gtk lost"}));
  const auto answer = value_of(answers_.coverage_gaps(query));
  EXPECT_EQ(answer.total, 2);
  EXPECT_EQ(answer.by_reason, (std::array<std::uint64_t, kGapReasons>{0, 1, 1, 1, 2}));
  EXPECT_EQ(answer.gaps[0].last->position, place(2));
  EXPECT_EQ(answer.gaps[0].last_outcome, Outcome());
  ASSERT_EQ(answer.folders.size(), 1);
  EXPECT_EQ(answer.folders[0].tests, 6);
  EXPECT_EQ(answer.folders[0].covered,
            (std::vector<std::uint64_t>{3, 4}));  // never as covered: what was not run
  query.prefix = "c";
  EXPECT_EQ(gaps(query), (Gaps{"c@gtk lost"}));
  query.prefix = "nothing";
  EXPECT_EQ(gaps(query), Gaps{});
}

TEST_F(CoverageTest, WhatNeverRanIsFoundByItsNameToo) {
  add("gtk", {"PP", "LL", "PP"});
  auto query = ask<CoverageGapsQuery>();
  EXPECT_EQ(gaps(query), (Gaps{"b@gtk lost"}));
  query.name_contains = "b";
  EXPECT_EQ(gaps(query), (Gaps{"b@gtk lost"}));
  query.name_contains = "a";
  EXPECT_EQ(gaps(query), Gaps{});
}

TEST_F(CoverageTest, TheLargestLimitIsNoSmallOne) {
  add("gtk", {"PP", "P.", "P.", "PP", "PP"});
  auto query = ask<CoverageGapsQuery>();
  query.limit = UINT32_MAX;
  EXPECT_EQ(gaps(query), (Gaps{"b@gtk dropped", "c@gtk dropped"}));
}

TEST_F(CoverageTest, ASilentTimelineIsStaleWhateverItDid) {
  add("gtk", {repeat(100, "P"), repeat(100, "P")});
  add("mac", {"PP", "P.", "PP"});
  EXPECT_EQ(gaps(), (Gaps{"a@mac stale", "b@mac stale", "c@gtk never", "c@mac stale"}));
  auto query = ask<CoverageGapsQuery>();
  query.stale_after = std::chrono::hours(100);
  EXPECT_EQ(gaps(query), (Gaps{"b@mac dropped", "c@gtk never"}));
  query.range.from_position = place(50);  // no run of mac at all
  EXPECT_EQ(gaps(query), (Gaps{"a@mac stale", "b@mac stale", "c@mac stale"}));
}

TEST_F(CoverageTest, RepetitionsOfAFewTestsMakeNoGaps) {
  add("gtk", {"PPPP", "PP.P", "PP..", "PP..", "PP.."});
  EXPECT_EQ(gaps(), Gaps{});
  resultsdb::Run whole = header("gtk", 9);
  for (const char test : {'a', 'b', 'c'}) add(whole, std::string(1, test), 'P');
  ingest(whole);
  EXPECT_EQ(gaps(), (Gaps{"d@gtk dropped", "e@gtk dropped"}));
}

TEST_F(CoverageTest, ASuiteThatShrankIsWholeAgainAfterTwelveHours) {
  add("gtk", {"P" + repeat(80, "P"), "P", "P", "P"});
  EXPECT_EQ(gaps(), (Gaps{"b@gtk dropped", "c@gtk dropped", "d@gtk dropped"}));
}

TEST_F(CoverageTest, ARunThatWasCutOffLostWhatIsMissing) {
  add("gtk", {"PP", "PP", "PP", "PP", "PP"});
  resultsdb::Run cut = header("gtk", 5);
  cut.header.state = RunState::Incomplete;
  add(cut, "a", 'P');
  ingest(cut);
  EXPECT_EQ(gaps(), (Gaps{"b@gtk lost", "c@gtk lost", "d@gtk lost", "e@gtk lost"}));
}

TEST_F(CoverageTest, ARunThatGoesOnMakesNoGaps) {
  add("gtk", {"PP", "PP", "PP"});
  resultsdb::Run going = header("gtk", 5);
  auto writer = value_of(model_->start_run(going.header, going.header.started));
  for (const char* const test : {"a", "b"}) ASSERT_TRUE(writer.add({.test = test}));
  ASSERT_TRUE(writer.checkpoint(going.header.started));
  auto query = ask<CoverageGapsQuery>();
  query.now = going.header.started;
  EXPECT_EQ(gaps(query), Gaps{});
  query.now += std::chrono::hours(1);  // past its lease
  EXPECT_EQ(gaps(query), (Gaps{"c@gtk lost"}));
}

TEST_F(CoverageTest, OtherBranchesAreNoSiblings) {
  add("gtk", {"PP"});
  resultsdb::Run other = header("gtk", 1);
  other.header.branch = "feature";
  add(other, "b", 'P');
  ingest(other);
  EXPECT_EQ(gaps(), Gaps{});
}

TEST_F(CoverageTest, AtOnePlace) {
  add("gtk", {"PPP", "P.P", "PLP", "PSP"});
  add("mac", {"P.P", "P.P"});
  auto query = ask<CoverageAtQuery>();
  query.commit = RunCommit{"code", "r2", place(1)};
  const auto answer = value_of(answers_.coverage_at(query));
  ASSERT_EQ(answer.rows.size(), 2);
  const auto& gtk = answer.rows[0];
  EXPECT_EQ(gtk.run->position, place(1));
  EXPECT_EQ(std::tie(gtk.runs, gtk.covered, gtk.skipped, gtk.lost, gtk.of), std::tuple(1U, 2U, 1U, 1U, 4U));
  const auto& mac = answer.rows[1];  // not run is 0 of 2, not 0 of 0
  EXPECT_EQ(mac.run, nullptr);
  EXPECT_EQ(std::tie(mac.runs, mac.covered, mac.of), std::tuple(0U, 0U, 2U));
  query.commit.reset();
  EXPECT_EQ(answers_.coverage_at(query).error().code, ErrorCode::InvalidArgument);
}

TEST_F(CoverageTest, BeforeACommitIsBeforeItsBuild) {
  for (int i = 0; i < 3; ++i) {
    resultsdb::Run run = header("gtk", i);
    run.header.order_key = OrderKey::Build;
    run.header.position = i + 1;
    for (const char* const test : {"a", "b", "c"})
      if (i < 1 || *test == 'a' || (i == 2 && *test == 'c')) add(run, test, 'P');
    if (i == 2) add(run, "new", 'P');
    ingest(run);
  }
  auto query = ask<CoverageAtQuery>();
  query.commit = RunCommit{"code", "r2", place(1)};
  const auto answer = value_of(answers_.coverage_at(query));
  ASSERT_EQ(answer.rows.size(), 1);
  EXPECT_EQ(answer.rows[0].covered, 1U);
  EXPECT_EQ(answer.rows[0].of, 3U);
}

TEST_F(CoverageTest, RefusesASuiteWithoutNameAndKnowsNothingOfOneWithoutRuns) {
  EXPECT_EQ(answers_.coverage_gaps({}).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(gaps(), Gaps{});
}

TEST(TestFolders, OfEachKindOfName) {
  const auto folders = [](std::string_view name) {
    std::vector<std::string_view> parts;
    for (std::size_t from = 0; from != name.npos;) {
      const std::size_t end = domain::folder_end(name, from);
      parts.push_back(name.substr(from, end == name.npos ? end : end - from));
      from = end;
    }
    return parts;
  };
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(folders("css/grid/a.html"), (Parts{"css/", "grid/", "a.html"}));
  EXPECT_EQ(folders("tests/a.py::Case::one"), (Parts{"tests/", "a.py::", "Case::", "one"}));
  EXPECT_EQ(folders("org.example.Case.one"), (Parts{"org.", "example.", "Case.", "one"}));
  EXPECT_EQ(folders("one"), Parts{"one"});
  EXPECT_EQ(folders("a/"), (Parts{"a/", ""}));
}

}  // namespace
}  // namespace resultsdb
