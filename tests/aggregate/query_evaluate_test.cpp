// Which tests match: what is promised for runs without results, and agreement with a walk over single runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "aggregate/random_query.hpp"
#include "resultsdb/aggregate/query_language.hpp"
#include "unit/seed.hpp"

namespace resultsdb::aggregate {
namespace {

const std::vector<OutcomeInfo> kOutcomes = {
    {0, {"PASS", "PASS"}}, {1, {"PASS", "TEXT"}},    {2, {"PASS", "CRASH"}},      {3, {"FAIL", "FAIL"}},
    {4, {"PASS", "SKIP"}}, {5, {"PASS", "TIMEOUT"}}, {6, {"PASS", "CRASH PASS"}}, {8, {"PASS", "ERROR"}},
};
constexpr std::int32_t kPass = 0, kText = 1, kCrash = 2, kKnownFail = 3, kSkip = 4;

/// Facts that own what they are made of.
struct Timeline {
  Configuration configuration;
  std::string branch = "main";
  std::vector<RunLength> outcomes;  // newest first
  std::optional<Verdict> verdict;
  std::optional<DurationFacts> durations;
};

bool matches_of(const Query& query, std::string_view name, const std::vector<Timeline>& timelines) {
  static const auto classes = outcome_classes(kOutcomes);
  std::vector<TimelineFacts> facts;
  for (const Timeline& timeline : timelines)
    facts.push_back({&timeline.configuration, timeline.branch, timeline.outcomes, classes, timeline.verdict,
                     timeline.durations});
  return matches(query, {name, facts});
}
bool holds(std::string_view text, const std::vector<Timeline>& timelines,
           std::string_view name = "fast/css/a.html") {
  const auto query = parse_query(text);
  EXPECT_TRUE(query.ok()) << query.error();
  return query.ok() && matches_of(*query, name, timelines);
}
Timeline on(std::string facets, std::vector<RunLength> outcomes) {
  return {Configuration::parse(facets).value(), "main", std::move(outcomes), {}, {}};
}

TEST(QueryMatches, Names) {
  for (const char* text : {"name:fast/*", "name:*", "name:fast/css/a.html", "name:*.html",
                           "name:f*/*/*.html*", "name~css", "name~t/c name~html", "-name~svg", ""})
    EXPECT_TRUE(holds(text, {})) << text;
  for (const char* text : {"name:fast", "name:css", "name:FAST/*", "name~CSS", "name:fast/css/a.html*l",
                           "name:*.htm", "name~*", "name:fast/css/a.htmla.html"})
    EXPECT_FALSE(holds(text, {})) << text;
}

TEST(QueryMatches, FailsOnOneAndPassesOnTheOther) {
  const std::vector<Timeline> timelines = {on("platform=gtk,style=debug", {{2, kText}, {5, kPass}}),
                                           on("platform=gtk,style=release", {{7, kPass}}),
                                           on("platform=mac", {{1, kNotCovered}, {3, kPass}})};
  for (const char* text :
       {"exists(platform:gtk, failing) all(platform:mac, passing)", "failing", "passing",
        "none(platform:mac, failing)", "exists(platform:gtk, style:debug, unexpected)",
        "exists(style:, passing)", "all(!platform:gtk, passing)", "all(platform:gtk, branch:main, runs = 7)",
        "exists(platform:mac, platform:gtk, failing)",
        "exists(platform:gtk, seq(pass, fail+) count(TEXT) = 2)", "outcome = TEXT", "failing not crash"})
    EXPECT_TRUE(holds(text, timelines)) << text;
  for (const char* text :
       {"all(platform:gtk, failing)", "exists(failing passing)", "all(platform:win, passing)",
        "none(style:debug, failing)", "exists(platform:GTK, failing)", "exists(branch:next, failing)",
        "exists(!branch:main, runs >= 0)", "crash"})
    EXPECT_FALSE(holds(text, timelines)) << text;
}

TEST(QueryMatches, WithoutResultsNothingIsAPassOrAFailure) {
  const std::vector<std::vector<Timeline>> nothing = {{},
                                                      {on("platform=mac", {})},
                                                      {on("platform=mac", {{5, kNotCovered}})},
                                                      {on("platform=mac", {{5, kLost}})}};
  for (const auto& timelines : nothing) {
    for (const char* text :
         {"passing", "failing", "skipped", "expected", "unexpected", "outcome = PASS", "seq(*)", "seq(pass)",
          "new", "rate(fail) < 1", "rate(fail) = 0", "rate(pass) >= 0", "count(pass) > 0", "runs > 0",
          "duration < 1h", "healthy", "all(platform:mac, passing)", "all(platform:win, runs >= 0)"})
      EXPECT_FALSE(holds(text, timelines)) << text;
    for (const char* text : {"none(platform:mac, failing)", "not passing", "none(runs > 0)"})
      EXPECT_TRUE(holds(text, timelines)) << text;
  }
  EXPECT_TRUE(holds("runs = 0 and count(fail) = 0 and lost", nothing[3]));
  EXPECT_FALSE(holds("lost", nothing[2]));
  EXPECT_FALSE(holds("runs = 0", nothing[0]));  // no timeline on which it holds
}

TEST(QueryMatches, LostRunsArePassedOver) {
  const std::vector<Timeline> timelines = {
      on("", {{1, kNotCovered}, {2, kLost}, {1, kText}, {1, kNotCovered}, {3, kLost}, {1, kPass}})};
  for (const char* text :
       {"lost", "failing", "seq(pass, fail)", "runs = 2", "rate(fail) = 50%", "count(pass, last 1) = 0"})
    EXPECT_TRUE(holds(text, timelines)) << text;
  EXPECT_FALSE(holds("lost", {on("", {{1, kNotCovered}, {1, kPass}, {2, kLost}})}));
}

TEST(QueryMatches, Sequences) {
  const std::vector<Timeline> timelines = {
      on("", {{2, kText}, {1, kCrash}, {100'000, kPass}, {1, kSkip}, {4'000'000'000, kKnownFail}})};
  for (const char* text :
       {"seq(fail)", "seq(fail, fail, fail)", "seq(pass, fail+)", "seq(pass, CRASH, TEXT, TEXT)",
        "seq(pass, CRASH, TEXT+)", "seq(skip, pass+, fail+)", "seq(skip, *, TEXT)",
        "seq(expected, unexpected+)", "seq(fail, *)", "seq(skip, *)", "seq(*, *)",
        "seq(fail, *, skip, *, fail)", "seq(fail, fail, skip, pass+, *)"})
    EXPECT_TRUE(holds(text, timelines)) << text;
  for (const char* text :
       {"seq(pass)", "seq(pass, fail)", "seq(TEXT, TEXT, TEXT)", "seq(skip, pass, fail+)",
        "seq(pass, skip, *)", "seq(timeout, *)", "seq(skip, skip, *)", "seq(skip, fail, *)"})
    EXPECT_FALSE(holds(text, timelines)) << text;
}

TEST(QueryMatches, NewTests) {
  EXPECT_TRUE(holds("new", {on("", {{9, kPass}, {5, kNotCovered}})}));
  EXPECT_FALSE(holds("new", {on("", {{10, kPass}, {5, kNotCovered}})}));
  EXPECT_FALSE(holds("new", {on("", {{9, kPass}})}));
  EXPECT_FALSE(holds("new", {on("", {{9, kPass}, {2, kLost}})}));
}

TEST(QueryMatches, DurationsVerdictsAndUnknownOutcomes) {
  Timeline timeline = on("", {{3, 7}, {2, 99}});
  timeline.durations = {2'000'000, 3'000'000, 60'000'000};
  timeline.verdict = Verdict::Flaky;
  for (const char* text :
       {"duration = 2s", "duration.p95 > 2999ms", "duration.max = 1m", "flaky", "runs = 5"})
    EXPECT_TRUE(holds(text, {timeline})) << text;
  for (const char* text :
       {"duration > 2s", "broken", "healthy", "passing", "failing", "expected", "outcome = PASS"})
    EXPECT_FALSE(holds(text, {timeline})) << text;
}

TEST(QueryMatches, AnEmptyOutcomeIsAPass) {
  const std::vector<OutcomeInfo> outcomes = {{1, {"", ""}}, {5'000'000, {"PASS", "TEXT"}}};
  const auto classes = outcome_classes(outcomes);
  ASSERT_EQ(classes.size(), 2U);
  EXPECT_EQ(classes[1], (OutcomeClass{"PASS", false, false, Severity::Pass}));
  EXPECT_EQ(classes[0], OutcomeClass{});
}

TEST(QueryNeeds, TellWhatTheAnswerDependsOn) {
  const auto needs = [](std::string_view text) {
    const Query query = parse_query(text).value();
    return std::string(needs_outcomes(query) ? "o" : "") + (needs_durations(query) ? "d" : "") +
           (needs_verdicts(query) ? "v" : "") + " " + name_prefix(query);
  };
  EXPECT_EQ(needs(""), " ");
  EXPECT_EQ(needs("name:fast/css/*.html"), " fast/css/");
  EXPECT_EQ(needs("failing name:fast/* (name:fast/css/* or name:fast/cs*x) -flaky"), "ov fast/cs");
  EXPECT_EQ(needs("exists(a:b, not (broken or duration > 1s)) name~css"), "dv ");
  EXPECT_EQ(needs("name:a* or runs < 3"), "o ");
  EXPECT_EQ(needs("not name:a*"), " ");
  EXPECT_EQ(needs("none(lost)"), "o ");
}

// --- the same, run by run

struct Brute {
  std::string_view name;
  const std::vector<Timeline>& timelines;

  static std::vector<std::int32_t> planned(const Timeline& timeline) {
    std::vector<std::int32_t> runs;
    for (const RunLength& length : timeline.outcomes) runs.insert(runs.end(), length.count, length.outcome);
    return runs;
  }
  static std::vector<std::int32_t> results(const Timeline& timeline, std::size_t last = 0) {
    std::vector<std::int32_t> runs = planned(timeline);
    std::erase_if(runs, [](std::int32_t outcome) { return outcome < 0; });
    if (last != 0 && runs.size() > last) runs.resize(last);
    return runs;
  }
  static bool is(const ast::Selector& selector, std::int32_t id) {
    using Kind = ast::Selector::Kind;
    const auto known = std::find_if(kOutcomes.begin(), kOutcomes.end(), [&](const OutcomeInfo& info) {
      return static_cast<std::int32_t>(info.id) == id;
    });
    if (known == kOutcomes.end()) return false;
    const Outcome& outcome = known->outcome;
    const Severity worst = worst_severity(outcome.actual);
    const bool unexpected = is_unexpected(outcome.expected, outcome.actual);
    const std::map<Kind, bool> table = {
        {Kind::Pass, worst == Severity::Pass},
        {Kind::Fail, is_failing(outcome.actual)},
        {Kind::Skip, worst == Severity::Skip},
        {Kind::Error, worst == Severity::Error},
        {Kind::Timeout, worst == Severity::Timeout},
        {Kind::Crash, worst == Severity::Crash},
        {Kind::Expected, !unexpected},
        {Kind::Unexpected, unexpected},
        {Kind::Word, (" " + outcome.actual + " ").find(" " + selector.word + " ") != std::string::npos}};
    return table.at(selector.kind);
  }
  template <class T>
  static bool compare(ast::Comparison comparison, T a, T b) {
    const std::vector<bool> table = {a < b, a <= b, a == b, a != b, a >= b, a > b};
    return table[static_cast<std::size_t>(comparison)];
  }
  static std::uint64_t count(const ast::Selector& of, const std::vector<std::int32_t>& runs) {
    return static_cast<std::uint64_t>(
        std::count_if(runs.begin(), runs.end(), [&](auto id) { return is(of, id); }));
  }
  /// Steps `step`… against the runs that end before `end` (runs oldest first): by trying.
  static bool fits(const ast::Sequence& sequence, std::size_t step, const std::vector<std::int32_t>& runs,
                   std::size_t begin, std::map<std::pair<std::size_t, std::size_t>, bool>& seen) {
    if (step == sequence.steps.size()) return begin == runs.size();
    const auto [known, added] = seen.try_emplace({step, begin}, false);
    if (!added) return known->second;
    const auto& [of, repeat] = sequence.steps[step];
    bool found = !of && fits(sequence, step + 1, runs, begin, seen);
    if (!found && begin < runs.size() && (!of || is(*of, runs[begin])))
      found = (of && fits(sequence, step + 1, runs, begin + 1, seen)) ||
              ((!of || repeat) && fits(sequence, step, runs, begin + 1, seen));
    return seen[{step, begin}] = found;
  }

  bool on_timeline(const ast::Expression& expression, const Timeline& timeline) const {
    const auto all = results(timeline);
    if (const auto* group = std::get_if<ast::Group>(&expression.node)) {
      std::size_t held = 0;
      for (const auto& part : group->of) held += on_timeline(part, timeline) ? 1 : 0;
      return combined(*group, held);
    }
    if (const auto* newest = std::get_if<ast::Newest>(&expression.node))
      return !all.empty() && is(newest->is, all.front());
    if (const auto* has = std::get_if<ast::HasVerdict>(&expression.node))
      return timeline.verdict.has_value() && *timeline.verdict == has->verdict;
    if (const auto* coverage = std::get_if<ast::Coverage>(&expression.node)) {
      auto runs = planned(timeline);
      if (coverage->kind == ast::Coverage::Kind::New)
        return !runs.empty() && runs.back() == kNotCovered && !all.empty() && all.size() < kNewTestRuns;
      std::erase(runs, kNotCovered);
      return !runs.empty() && runs.front() == kLost;
    }
    if (const auto* wanted = std::get_if<ast::Count>(&expression.node))
      return compare(wanted->comparison, count(wanted->of, results(timeline, wanted->last)), wanted->value);
    if (const auto* rate = std::get_if<ast::Rate>(&expression.node)) {
      const auto runs = results(timeline, rate->last);
      return !runs.empty() && compare(rate->comparison, count(rate->of, runs) * 1'000'000,
                                      runs.size() * std::uint64_t{rate->millionths});
    }
    if (const auto* runs = std::get_if<ast::Runs>(&expression.node))
      return compare(runs->comparison, std::uint64_t{all.size()}, runs->value);
    if (const auto* duration = std::get_if<ast::Duration>(&expression.node)) {
      if (!timeline.durations) return false;
      const std::vector<std::int64_t> values = {timeline.durations->p50_us, timeline.durations->p95_us,
                                                timeline.durations->max_us};
      return compare(duration->comparison, values[static_cast<std::size_t>(duration->measure)],
                     duration->value_us);
    }
    const auto& sequence = std::get<ast::Sequence>(expression.node);
    const std::vector<std::int32_t> oldest_first(all.rbegin(), all.rend());
    std::map<std::pair<std::size_t, std::size_t>, bool> seen;
    for (std::size_t begin = 0; begin <= oldest_first.size() && !all.empty(); ++begin)
      if (fits(sequence, 0, oldest_first, begin, seen)) return true;
    return false;
  }
  static bool combined(const ast::Group& group, std::size_t held) {
    if (group.kind == ast::Group::Kind::Not) return held == 0;
    return group.kind == ast::Group::Kind::And ? held == group.of.size() : held > 0;
  }
  static bool glob(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*')
      return glob(pattern.substr(1), text) || (!text.empty() && glob(pattern, text.substr(1)));
    return !text.empty() && pattern.front() == text.front() && glob(pattern.substr(1), text.substr(1));
  }
  bool of_test(const ast::Expression& expression) const {
    if (const auto* group = std::get_if<ast::Group>(&expression.node)) {
      std::size_t held = 0;
      for (const auto& part : group->of) held += of_test(part) ? 1 : 0;
      return combined(*group, held);
    }
    if (const auto* wanted = std::get_if<ast::Name>(&expression.node))
      return wanted->part ? name.find(wanted->text) != std::string_view::npos : glob(wanted->text, name);
    const auto* quantified = std::get_if<ast::Quantified>(&expression.node);
    std::size_t there = 0, held = 0;
    for (const Timeline& timeline : timelines) {
      Configuration with_branch = timeline.configuration;
      with_branch.set("branch", timeline.branch);
      if (quantified != nullptr && !std::all_of(quantified->where.begin(), quantified->where.end(),
                                                [&](const FacetFilter& f) { return f.matches(with_branch); }))
        continue;
      ++there;
      held += on_timeline(quantified != nullptr ? quantified->of.front() : expression, timeline) ? 1 : 0;
    }
    if (quantified == nullptr || quantified->kind == ast::Quantified::Kind::Exists) return held > 0;
    if (quantified->kind == ast::Quantified::Kind::None) return held == 0;
    return there > 0 && held == there;
  }
};

std::vector<Timeline> random_timelines(RandomQuery& random) {
  std::vector<Timeline> timelines(random.below(5));
  for (Timeline& timeline : timelines) {
    for (const char* facet : {"platform", "style"})
      if (random.below(4) != 0) timeline.configuration.set(facet, random.below(2) == 0 ? "a" : "b");
    if (random.below(3) == 0) timeline.branch = "a";
    const bool quiet = random.below(2) == 0;  // long stretches of few outcomes
    for (std::size_t i = random.below(8); i > 0; --i)
      timeline.outcomes.push_back({static_cast<std::uint32_t>(random.below(random.below(4) == 0 ? 60 : 4)),
                                   static_cast<std::int32_t>(random.below(quiet ? 4 : 12)) - 2});
    if (random.below(2) == 0) timeline.verdict = static_cast<Verdict>(random.below(7));
    if (random.below(2) == 0) {
      const auto value = static_cast<std::int64_t>(random.below(100'000'000));
      timeline.durations = {value, 2 * value, 5 * value};
    }
  }
  return timelines;
}

TEST(QueryMatches, AgreesWithAWalkOverSingleRuns) {
  const Vocabulary vocabulary{{"a*", "*b", "a/*/b", "a", "*a*b*", "ab", "*ab*ab"},
                              {"a", "/", "ab", "b/"},
                              {"platform", "style", "branch"},
                              {"a", "b", ""},
                              {"TEXT", "CRASH", "PASS", "SKIP", "CRA"}};
  const std::vector<std::string> names = {"a", "ab", "a/b", "a/x/b", "abab", "b/a", ""};
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(random_seed()));
  std::mt19937_64 random(random_seed());
  RandomQuery generator(random, vocabulary);
  int matching = 0;
  constexpr int kRounds = 10'000, kFactsPerQuery = 3;
  for (int i = 0; i < kRounds; ++i) {
    const Query query = generator.query();
    for (int j = 0; j < kFactsPerQuery; ++j) {
      const std::string& name = generator.one_of(names);
      const std::vector<Timeline> timelines = random_timelines(generator);
      const bool found = matches_of(query, name, timelines);
      ASSERT_EQ(found, (Brute{name, timelines}.of_test(query.root))) << to_text(query) << "\n" << name;
      EXPECT_TRUE(!found || name.starts_with(name_prefix(query))) << to_text(query) << "\n" << name;
      matching += found ? 1 : 0;
    }
  }
  EXPECT_GT(matching, kRounds * kFactsPerQuery / 5);
  EXPECT_LT(matching, kRounds * kFactsPerQuery * 4 / 5);
}

}  // namespace
}  // namespace resultsdb::aggregate
