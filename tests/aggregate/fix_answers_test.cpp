// Whether a fix is one, and where a test fails, on histories whose answers are known.
#include <map>
#include <random>

#include "answers_fixture.hpp"
#include "unit/seed.hpp"

namespace resultsdb {
namespace {

using Counts = std::pair<std::uint64_t, std::uint64_t>;
Counts counts(const Proportion& proportion) { return {proportion.k, proportion.n}; }

class FixAnswers : public AnswersTest {
 protected:
  static FixPlace at(int commit) {
    return RunCommit{"code", "r" + std::to_string(commit + 1), place(commit)};
  }

  FixCheckAnswer check(std::vector<std::string> tests, FixPlace fix) {
    auto query = ask<FixCheckQuery>();
    query.tests = std::move(tests);
    query.fix = std::move(fix);
    return value_of(answers_.fix_check(query));
  }
  Error refused(const FixCheckQuery& query) {
    const auto answer = answers_.fix_check(query);
    EXPECT_FALSE(answer);
    return answer ? Error() : answer.error();
  }
};

TEST_F(FixAnswers, OneOfTwelveTakesFourGoodRuns) {
  add("mac", {repeat(20, "P") + repeat(12, "F") + "PPP"});
  const auto early = check({"a"}, at(32));
  ASSERT_EQ(early.per_timeline.size(), 1u);
  EXPECT_EQ(early.per_timeline.at(0).test, "a");
  EXPECT_EQ(early.per_timeline.at(0).state, FixState::TooEarly);
  EXPECT_EQ(counts(early.per_timeline.at(0).before), Counts(12, 12));
  EXPECT_EQ(counts(early.per_timeline.at(0).after), Counts(0, 3));
  EXPECT_EQ(early.per_timeline.at(0).runs_needed, 4u);
  EXPECT_EQ(early.counts[static_cast<std::size_t>(FixState::TooEarly)], 1u);
  EXPECT_EQ(early.basis.definition, "fix-check/1");
  EXPECT_EQ(early.basis.runs, 35u);
  resultsdb::Run run = header("mac", 35);
  add(run, "a", 'P');
  ingest(run);
  EXPECT_EQ(check({"a"}, at(32)).per_timeline.at(0).state, FixState::Fixed);
  EXPECT_EQ(check({"a"}, place(32)).per_timeline.at(0).state, FixState::Fixed);
  EXPECT_EQ(check({"a"}, from_seconds(32 * 600)).per_timeline.at(0).state, FixState::Fixed);
  auto query = ask<FixCheckQuery>();
  query.tests = {"a"};
  query.fix = at(32);
  query.range.to_position = place(31);
  EXPECT_EQ(value_of(answers_.fix_check(query)).per_timeline.at(0).state, FixState::NotRun);
}

TEST_F(FixAnswers, RunsInTheOrderOfTheirBuildsHaveTheFixByTheirCommits) {
  const std::string line = repeat(20, "P") + repeat(12, "F") + repeat(6, "P");
  for (int i = 0; i < static_cast<int>(line.size()); ++i) {
    resultsdb::Run run = header("mac", i);
    run.header.order_key = OrderKey::Build;
    run.header.position = i + 1;
    add(run, "a", line[static_cast<std::size_t>(i)]);
    ingest(run);
  }
  const auto answer = check({"a"}, at(32));
  ASSERT_EQ(answer.per_timeline.size(), 1u);
  EXPECT_EQ(counts(answer.per_timeline.at(0).before), Counts(12, 12));
  EXPECT_EQ(counts(answer.per_timeline.at(0).after), Counts(0, 6));
  EXPECT_EQ(answer.per_timeline.at(0).state, FixState::Fixed);
}

TEST_F(FixAnswers, SkippedAndExcludedRunsSayNothing) {
  add("mac", {repeat(20, "P") + repeat(12, "F") + "PSSPSSSSP"});
  EXPECT_EQ(counts(check({"a"}, at(32)).per_timeline.at(0).after), Counts(0, 3));
  EXPECT_EQ(check({"a"}, at(32)).per_timeline.at(0).state, FixState::TooEarly);
  resultsdb::Run run = header("mac", 41);
  run.header.attributes = {{"infrastructure_failure", "true"}};
  add(run, "a", 'P');
  ingest(run);
  EXPECT_EQ(counts(check({"a"}, at(32)).per_timeline.at(0).after), Counts(0, 3));
  EXPECT_EQ(check({"a"}, at(32)).basis.excluded.size(), 1u);
  // The newest ten that count, whatever else came in.
  auto query = ask<FixCheckQuery>();
  query.tests = {"a"};
  query.fix = at(32);
  query.last = 10;
  const auto newest = value_of(answers_.fix_check(query));
  EXPECT_EQ(newest.basis.runs, 10u);
  EXPECT_EQ(counts(newest.per_timeline.at(0).before), Counts(1, 1));  // and nine runs with the fix
}

TEST_F(FixAnswers, SeveralTestsAreAnsweredByNameThenTimeline) {
  const std::string broken = repeat(20, "P") + repeat(10, "F") + repeat(8, "P");
  add("mac", {broken, repeat(38, "P"), broken});
  add("win", {broken, broken, repeat(30, "F")});
  const auto answer = check({"c", "a", "b", "a"}, at(30));
  std::vector<std::pair<std::string, std::string>> order;
  for (const auto& on : answer.per_timeline) order.emplace_back(on.test, answer.timelines[on.timeline].id);
  EXPECT_TRUE(std::ranges::is_sorted(order));
  ASSERT_EQ(order.size(), 5u);  // b on mac was never bad
  EXPECT_EQ(std::ranges::count(answer.per_timeline, FixState::Fixed, &FixCheckAnswer::OnTimeline::state), 4);
  EXPECT_EQ(std::ranges::count(answer.per_timeline, FixState::NotRun, &FixCheckAnswer::OnTimeline::state), 1);
  EXPECT_EQ(answer.counts[static_cast<std::size_t>(FixState::Fixed)], 4u);
  EXPECT_EQ(answer.counts[static_cast<std::size_t>(FixState::NotRun)], 1u);
}

TEST_F(FixAnswers, ARegressionIsCheckedOnItsTimelines) {
  const std::string broken = repeat(20, "P") + repeat(12, "F") + repeat(8, "P"), good = repeat(40, "P");
  add("mac", {broken, broken, broken});
  add("win", {good, good, repeat(10, "P") + repeat(22, "F") + repeat(8, "P")});
  auto asked = ask<RegressionsQuery>();
  asked.state = RegressionsQuery::State::All;
  asked.kinds = {ChangeKind::Regression};
  const auto regressions = value_of(answers_.regressions(asked)).regressions;
  const auto group =
      std::ranges::find(regressions, 3u, [](const Regression& each) { return each.tests.size(); });
  ASSERT_NE(group, regressions.end());
  auto query = ask<FixCheckQuery>();
  query.regression = group->id;
  query.fix = at(32);
  const auto all = value_of(answers_.fix_check(query));
  EXPECT_EQ(all.counts[static_cast<std::size_t>(FixState::Fixed)], 3u);  // c on win broke for itself
  EXPECT_FALSE(all.truncated);
  EXPECT_EQ(all.timelines.size(), 1u);
  query.limit = 2;
  const auto two = value_of(answers_.fix_check(query));
  EXPECT_TRUE(two.truncated);
  EXPECT_EQ(two.per_timeline.size(), 2u);
  query.regression = "g_nothing";
  EXPECT_EQ(refused(query).code, ErrorCode::NotFound);
}

TEST_F(FixAnswers, WhatIsAskedWrongIsSaid) {
  add("mac", {"PF"});
  auto query = ask<FixCheckQuery>();
  query.tests = {"a"};
  EXPECT_EQ(refused(query).context, "fix");  // is missing
  query.fix = Position{1} << 60;
  EXPECT_EQ(refused(query).code, ErrorCode::InvalidArgument);
  query.fix = Time::min();
  EXPECT_EQ(refused(query).code, ErrorCode::InvalidArgument);
  query.fix = RunCommit{"", "x", 5};
  EXPECT_EQ(refused(query).code, ErrorCode::InvalidArgument);
  query.fix = at(1);
  query.regression = "g_1";
  EXPECT_EQ(refused(query).context, "regression");  // beside a test
  query.tests.clear();
  query.regression.clear();
  EXPECT_EQ(refused(query).context, "test");
  query.tests = {"a", "nothing"};
  EXPECT_EQ(refused(query).code, ErrorCode::NotFound);
}

/// Against counting letter by letter, from where verdict() says that the ways before the fix began.
TEST_F(FixAnswers, CountsAreThoseOfTheLetters) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr int kRuns = 50;
  std::map<std::string, std::vector<std::string>> letters;  // by platform
  for (const char* const platform : {"mac", "win"}) {
    auto& lines = letters[platform];
    for (int t = 0; t < 5; ++t) {
      const double before = std::uniform_real_distribution(0.0, 1.0)(random), after = before * before;
      const int change = std::uniform_int_distribution(10, 40)(random);
      std::string line;
      for (int i = 0; i < kRuns; ++i) {
        const bool bad = std::bernoulli_distribution(i < change ? before : after)(random);
        const int odd = std::uniform_int_distribution(0, 9)(random);
        line += odd == 0 ? 'S' : odd == 1 ? '.' : bad ? 'F' : 'P';
      }
      lines.push_back(line);
    }
    add(platform, lines);
  }
  for (int fix = 5; fix < kRuns; fix += 11) {
    const auto answer = check({"a", "b", "c", "d", "e"}, at(fix));
    std::size_t found = 0;
    for (int t = 0; t < 5; ++t) {
      const std::string test(1, static_cast<char>('a' + t));
      auto query = ask<VerdictQuery>();
      query.test = test;
      query.range.to_position = place(fix - 1);
      const auto before = value_of(answers_.verdict(query));
      for (const auto& on : before.per_timeline) {
        if (!on.segment_start) continue;
        const TimelineInfo& timeline = before.timelines[on.timeline];
        const std::string platform(*timeline.configuration.get("platform"));
        const auto first = (on.segment_start->position - place(0)) / 100;
        std::uint64_t bad[2] = {}, runs[2] = {};
        for (int i = static_cast<int>(first); i < kRuns; ++i) {
          const char letter = letters[platform][static_cast<std::size_t>(t)][static_cast<std::size_t>(i)];
          if (letter != 'P' && letter != 'F') continue;
          ++runs[i >= fix];
          bad[i >= fix] += letter == 'F' ? 1 : 0;
        }
        const auto shown = std::ranges::find_if(answer.per_timeline, [&](const auto& each) {
          return each.test == test && answer.timelines[each.timeline].id == timeline.id;
        });
        ASSERT_EQ(shown != answer.per_timeline.end(), bad[0] > 0);
        if (bad[0] == 0) continue;
        ++found;
        EXPECT_EQ(counts(shown->before), Counts(bad[0], runs[0]));
        EXPECT_EQ(counts(shown->after), Counts(bad[1], runs[1]));
      }
    }
    EXPECT_EQ(found, answer.per_timeline.size());
  }
}

TEST_F(FixAnswers, WhereATestFails) {
  const std::string good = repeat(20, "P"), bad = repeat(12, "P") + repeat(8, "F");
  add("gtk", {bad, repeat(5, "FPPP")});
  add("mac", {good, good});
  add("win", {repeat(20, "S"), good});
  auto query = ask<FacetSplitQuery>();
  query.test = "a";
  const auto answer = value_of(answers_.facet_split(query));
  std::map<std::string, PlaceState> states;
  for (const auto& each : answer.places) states[each.configuration.label()] = each.state;
  EXPECT_EQ(states,
            (std::map<std::string, PlaceState>{
                {"gtk", PlaceState::Failing}, {"mac", PlaceState::Passing}, {"win", PlaceState::NotRun}}));
  ASSERT_EQ(answer.split.rules.size(), 1u);
  EXPECT_TRUE(answer.split.rules[0].rule.exact);
  EXPECT_EQ(answer.split.rules[0].rule.where.at("platform"), std::set<std::string>{"gtk"});
  EXPECT_EQ(answer.basis.definition, "facet-split/1");
  EXPECT_EQ(answer.basis.runs, 60u);
  query.range.to_position = place(3);
  EXPECT_TRUE(value_of(answers_.facet_split(query)).split.rules.empty());
  query.range = {};
  query.test = "b";
  const auto flaky = value_of(answers_.facet_split(query));
  EXPECT_TRUE(flaky.split.rules.empty());
  EXPECT_EQ(std::ranges::count(flaky.places, PlaceState::Flaky, &aggregate::Place::state), 1);
  query.test = "nothing";
  EXPECT_EQ(answers_.facet_split(query).error().code, ErrorCode::NotFound);
}

TEST_F(FixAnswers, GoodAndBadRunsOfOneCommitAreFlakyThere) {
  add("mac", {repeat(6, "P")});
  resultsdb::Run again = header("mac", 5);
  again.header.started = from_seconds(5 * 600 + 300);
  add(again, "a", 'F');
  ingest(again);
  auto query = ask<FacetSplitQuery>();
  query.test = "a";
  EXPECT_EQ(value_of(answers_.facet_split(query)).places.at(0).state, PlaceState::Failing);
  query.commit = RunCommit{"code", "r6", place(5)};
  EXPECT_EQ(value_of(answers_.facet_split(query)).places.at(0).state, PlaceState::Flaky);
  query.commit.reset();
  query.range.from_position = query.range.to_position = place(5);
  EXPECT_EQ(value_of(answers_.facet_split(query)).places.at(0).state, PlaceState::Flaky);
}

}  // namespace
}  // namespace resultsdb
