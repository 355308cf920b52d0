// The operations that judge tests give the numbers that Answers gives, whatever the page, on random
// histories. RESULTSDB_SEED repeats a run.
#include <limits>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "http/judgement_fixture.hpp"
#include "resultsdb/answers.hpp"
#include "resultsdb/clusters.hpp"
#include "resultsdb/coverage.hpp"
#include "resultsdb/failing_tests.hpp"
#include "resultsdb/gate.hpp"
#include "resultsdb/rerun_plan.hpp"
#include "resultsdb/stored_expectations.hpp"
#include "resultsdb/test_durations.hpp"
#include "resultsdb/test_list.hpp"
#include "unit/seed.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

constexpr int kCommits = 60, kTests = 14;
const char* const kSystems[] = {"linux", "mac", "windows"};

class AnswersContract : public JudgementFixture {
 protected:
  AnswersContract() : random_(seed_), answers_(model_) {
    register_commits(kCommits);
    for (const char* const os : kSystems) add_timeline(os);
  }

  bool chance(double p) { return std::bernoulli_distribution(p)(random_); }

  /// Each test fails at one rate before a random commit, and at another from there on.
  void add_timeline(const std::string& os) {
    static constexpr double kRates[] = {0, 0, 0.1, 0.3, 1};
    std::uniform_int_distribution<std::size_t> rate(0, 4);
    std::uniform_int_distribution<int> place(5, kCommits - 5);
    std::vector<std::tuple<double, double, int>> tests;
    for (int i = 0; i < kTests; ++i)
      tests.emplace_back(kRates[rate(random_)], kRates[rate(random_)], place(random_));
    for (int commit = 0; commit < kCommits; ++commit) {
      if (chance(0.2)) continue;
      std::string results = "other=PASS";
      for (int i = 0; i < kTests; ++i) {
        const auto& [before, after, change] = tests[static_cast<std::size_t>(i)];
        if (chance(0.1)) continue;  // not run
        results +=
            " t" + std::to_string(i) + '=' + (chance(commit < change ? before : after) ? "FAIL" : "PASS");
        if (i % 2 == 0) results += '@' + std::to_string(1000 * (i + 1) + commit);
      }
      add({.os = os, .commit = commit}, results);
    }
  }

  template <class Query>
  Query query() const {
    Query query;
    static_cast<Question&>(query) = {.suite = "unit", .last = 500, .now = clock_.now()};
    return query;
  }
  /// All items of a list, read three at a time.
  std::vector<json::value> read_all(const std::string& target) const {
    std::vector<json::value> all;
    std::string page;
    do {
      const auto answer = get(target + "&limit=3" + page);
      all.insert(all.end(), items(answer).begin(), items(answer).end());
      const auto& next = answer.at("next");
      page = next.is_null() ? "" : "&page=" + std::string(next.as_string());
      EXPECT_EQ(next.is_null(), all.size() == answer.at("total").to_number<std::size_t>());
    } while (!page.empty());
    return all;
  }
  static void expect_equal(const json::value& shown, const Proportion& real) {
    EXPECT_EQ(k_of_n(shown), KofN(real.k, real.n));
    EXPECT_DOUBLE_EQ(shown.at("low").to_number<double>(), real.low);
    EXPECT_DOUBLE_EQ(shown.at("high").to_number<double>(), real.high);
  }
  static void expect_run(const json::value& shown, const RunInfoPtr& real) {
    ASSERT_EQ(shown.is_null(), real == nullptr);
    if (real) {
      EXPECT_EQ(shown.at("run").as_string(), real->id);
    }
  }

  const std::uint64_t seed_ = random_seed();
  std::mt19937_64 random_;
  Answers answers_;
};

TEST_F(AnswersContract, Regressions) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  auto asked = query<RegressionsQuery>();
  asked.state = RegressionsQuery::State::All;
  asked.limit = 0;
  const auto real = answers_.regressions(asked).value();
  const auto shown = read_all("/v1/regressions?suite=unit&state=all");
  ASSERT_EQ(shown.size(), real.regressions.size());
  Position newest = std::numeric_limits<Position>::max();
  for (const json::value& item : shown) {
    const auto found =
        std::ranges::find(real.regressions, std::string(item.at("id").as_string()), &Regression::id);
    ASSERT_NE(found, real.regressions.end());
    EXPECT_EQ(item.at("kind").as_string(), to_string(found->kind));
    EXPECT_EQ(item.at("open"), found->open);
    EXPECT_EQ(item.at("tests").to_number<std::size_t>(), found->tests.size());
    EXPECT_EQ(item.at("range").at("after"), found->after);
    EXPECT_EQ(item.at("range").at("to"), found->to);
    expect_equal(item.at("before"), found->before);
    expect_equal(item.at("after"), found->after_rate);
    expect_run(item.at("last_good"), found->last_good);
    expect_run(item.at("first_bad"), found->first_bad);
    EXPECT_LE(found->to, newest);
    newest = found->to;
  }
  std::size_t events = 0;
  for (const Regression& regression : real.regressions) events += regression.events.size();
  EXPECT_EQ(read_all("/v1/regressions?suite=unit&state=all&group=none&sort=-severity").size(), events);
}

TEST_F(AnswersContract, Flakiness) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  for (const bool by_timeline : {false, true}) {
    auto asked = query<FlakyQuery>();
    asked.limit = 0;
    asked.by_timeline = by_timeline;
    const auto real = answers_.flaky(asked).value();
    const auto shown =
        read_all(std::string("/v1/flaky?suite=unit&by=") + (by_timeline ? "timeline" : "test"));
    ASSERT_EQ(shown.size(), real.tests.size());
    for (std::size_t i = 0; i < shown.size(); ++i) {
      EXPECT_DOUBLE_EQ(shown[i].at("score").to_number<double>(), real.tests[i].flakiness.score());
      if (!by_timeline) {  // equal scores of one test on two timelines may change places
        EXPECT_EQ(shown[i].at("test").as_string(), real.tests[i].test);
        expect_equal(shown[i].at("same_revision"), real.tests[i].flakiness.disagreement);
        expect_run(shown[i].at("last_fail"), real.tests[i].last_bad);
      }
      expect_equal(shown[i].at("rate"), real.tests[i].flakiness.minority);
    }
  }
}

TEST_F(AnswersContract, Failures) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  const auto real = answers_.failures(query<FailuresQuery>()).value();
  const auto shown = read_all("/v1/failures?suite=unit&sort=test");
  ASSERT_EQ(shown.size(), real.tests.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const FailingTest& test = real.tests[i];
    EXPECT_EQ(shown[i].at("test").as_string(), test.test);
    EXPECT_EQ(shown[i].at("count").to_number<std::uint64_t>(), test.bad);
    EXPECT_EQ(shown[i].at("runs").to_number<std::uint64_t>(), test.runs);
    expect_run(shown[i].at("first"), test.first);
    expect_run(shown[i].at("newest"), test.newest);
    std::set<std::string> not_run, really_not_run;
    for (const auto& cell : shown[i].at("matrix").as_array())
      if (cell.at(1) == kNotCovered) not_run.emplace(cell.at(0).as_string());
    for (std::size_t t = 0; t < test.on.size(); ++t)
      if (test.on[t].worst == kNotCovered) really_not_run.insert(real.timelines[t].configuration_id);
    EXPECT_EQ(not_run, really_not_run);
  }
  for (const char* const order : {"-worst", "-count", "-newest"})
    EXPECT_EQ(read_all(std::string("/v1/failures?suite=unit&sort=") + order).size(), real.tests.size());
}

TEST_F(AnswersContract, CoverageGaps) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  auto asked = query<CoverageGapsQuery>();
  asked.limit = 0;
  const auto real = answers_.coverage_gaps(asked).value();
  const auto shown = read_all("/v1/coverage-gaps?suite=unit");
  ASSERT_EQ(shown.size(), real.gaps.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    EXPECT_EQ(shown[i].at("test").as_string(), real.gaps[i].test);
    EXPECT_EQ(shown[i].at("timeline").as_string(), real.timelines[real.gaps[i].timeline].id);
    EXPECT_EQ(shown[i].at("reason").as_string(), to_string(real.gaps[i].reason));
    expect_run(shown[i].at("last"), real.gaps[i].last);
  }
}

TEST_F(AnswersContract, VerdictsAndCulprits) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  for (int i = 0; i < kTests; ++i) {
    const std::string test = "t" + std::to_string(i);
    auto verdict_query = query<VerdictQuery>();
    verdict_query.test = test;
    const auto verdict = answers_.verdict(verdict_query).value();
    const auto shown = get("/v1/verdict?suite=unit&test=" + test);
    ASSERT_TRUE(verdict.verdict);
    EXPECT_EQ(shown.at("verdict").as_string(), to_string(*verdict.verdict));
    expect_equal(shown.at("segment").at("minority"), verdict.flakiness.minority);
    expect_equal(shown.at("across_configurations"), verdict.across_configurations);
    ASSERT_EQ(shown.at("per_timeline").as_array().size(), verdict.per_timeline.size());
    for (std::size_t t = 0; t < verdict.per_timeline.size(); ++t) {
      const auto& on = verdict.per_timeline[t];
      const auto& each = shown.at("per_timeline").at(t);
      EXPECT_EQ(each.at("verdict").as_string(), to_string(*on.verdict));
      EXPECT_EQ(each.at("events").as_array().size(), on.events.size());
      expect_run(each.at("first_bad"), on.first_bad);
    }

    auto culprit_query = query<CulpritQuery>();
    culprit_query.test = test;
    const auto culprit = answers_.culprit(culprit_query).value();
    const auto range = get("/v1/culprit?suite=unit&test=" + test);
    EXPECT_EQ(range.at("status") == "found", culprit.status == CulpritAnswer::Status::Found);
    EXPECT_EQ(range.at("combined").is_null(), !culprit.combined);
    ASSERT_EQ(range.at("posterior").as_array().size(), culprit.posterior.size());
    for (std::size_t p = 0; p < culprit.posterior.size(); ++p) {
      const auto& part = range.at("posterior").at(p);
      EXPECT_EQ(part.at("to"), culprit.posterior[p].to);
      EXPECT_DOUBLE_EQ(part.at("mass").to_number<double>(), culprit.posterior[p].mass);
      EXPECT_EQ(part.at("commits").as_array().size(), culprit.posterior[p].commits.size());
    }
  }
}

TEST_F(AnswersContract, FixChecks) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  for (const int fix : {15, 30, 45}) {
    auto asked = query<FixCheckQuery>();
    std::string target = "/v1/fix-check?suite=unit&fix=ref:r:" + hash(fix);
    for (int i = 0; i < kTests; ++i) {
      asked.tests.push_back("t" + std::to_string(i));
      target += "&test=" + asked.tests.back();
    }
    asked.fix = RunCommit{"r", hash(fix), position(fix)};
    const auto real = answers_.fix_check(asked).value();
    const auto shown = get(target);
    ASSERT_EQ(shown.at("per_timeline").as_array().size(), real.per_timeline.size());
    for (std::size_t i = 0; i < real.per_timeline.size(); ++i) {
      const auto& on = real.per_timeline[i];
      const auto& each = shown.at("per_timeline").at(i);
      EXPECT_EQ(each.at("test").as_string(), on.test);
      EXPECT_EQ(each.at("timeline").as_string(), real.timelines[on.timeline].id);
      EXPECT_EQ(each.at("state").as_string(), aggregate::to_string(on.state));
      expect_equal(each.at("before"), on.before);
      expect_equal(each.at("after"), on.after);
      EXPECT_EQ(each.at("runs_needed").to_number<std::uint64_t>(), on.runs_needed);
    }
    for (std::size_t i = 0; i < aggregate::kFixStates; ++i)
      EXPECT_EQ(shown.at("summary").at(aggregate::to_string(static_cast<FixState>(i))), real.counts[i]);
    EXPECT_EQ(shown.at("basis").at("runs"), real.basis.runs);
  }
}

TEST_F(AnswersContract, FacetSplits) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  for (int i = 0; i < kTests; ++i) {
    auto asked = query<FacetSplitQuery>();
    asked.test = "t" + std::to_string(i);
    for (const std::string& at : {std::string(), "&at=pos:" + std::to_string(position(kCommits - 10))}) {
      if (!at.empty()) asked.range.to_position = asked.range.from_position = position(kCommits - 10);
      const auto real = answers_.facet_split(asked).value();
      const auto shown = get("/v1/facet-split?suite=unit&test=" + asked.test + at);
      std::size_t places = 0;
      for (const aggregate::Place& place : real.places) {
        const auto& ids = shown.at(aggregate::to_string(place.state)).as_array();
        EXPECT_NE(std::ranges::find(ids, json::value(configuration_id(place.configuration))), ids.end());
        ++places;
      }
      for (const char* const state : {"failing", "passing", "not_run", "flaky"})
        places -= shown.at(state).as_array().size();
      EXPECT_EQ(places, 0u);
      ASSERT_EQ(shown.at("rules").as_array().size(), real.split.rules.size());
      for (std::size_t r = 0; r < real.split.rules.size(); ++r) {
        const auto& rule = shown.at("rules").at(r);
        EXPECT_EQ(rule.at("exact"), real.split.rules[r].rule.exact);
        EXPECT_EQ(rule.at("where").as_object().size(), real.split.rules[r].rule.where.size());
        EXPECT_EQ(rule.at("failing"), real.split.rules[r].counts.of(PlaceState::Failing));
      }
      ASSERT_EQ(shown.at("facets").as_array().size(), real.split.facets.size());
      for (std::size_t f = 0; f < real.split.facets.size(); ++f) {
        const auto& values = shown.at("facets").at(f).at("values");
        for (std::size_t v = 0; v < real.split.facets[f].values.size(); ++v) {
          EXPECT_EQ(values.at(v).at("value").as_string(), real.split.facets[f].values[v].value);
          EXPECT_EQ(values.at(v).at("passing"),
                    real.split.facets[f].values[v].counts.of(PlaceState::Passing));
        }
      }
    }
  }
}

TEST_F(AnswersContract, Comparisons) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  for (const std::uint32_t last : {1u, 25u}) {
    CompareQuery asked;
    asked.suite = "unit";
    asked.a.range.to_position = position(kCommits / 2);
    asked.a.last = 0;
    asked.b.last = last;
    asked.limit = 0;
    asked.now = clock_.now();
    const auto real = answers_.compare(asked).value();
    const std::string target =
        "/v1/compare?suite=unit&a=range%3D..pos:" + std::to_string(position(kCommits / 2)) +
        "&b=range%3Dlast:" + std::to_string(last);
    const auto shown = read_all(target);
    ASSERT_EQ(shown.size(), real.tests.size());
    for (std::size_t i = 0; i < shown.size(); ++i) {
      EXPECT_EQ(shown[i].at("test").as_string(), real.tests[i].test);
      EXPECT_EQ(shown[i].at("configuration").as_string(), real.tests[i].configuration);
      EXPECT_EQ(shown[i].at("change").as_string(), to_string(real.tests[i].difference));
      EXPECT_DOUBLE_EQ(shown[i].at("q_value").to_number<double>(), real.tests[i].q_value);
    }
    const auto counts = get(target).at("counts");
    for (std::size_t i = 0; i < kDifferences; ++i) {
      EXPECT_EQ(counts.at(to_string(static_cast<Difference>(i))).to_number<std::uint64_t>(), real.counts[i]);
    }
  }
}

TEST_F(AnswersContract, Summaries) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  const auto real = answers_.summary(query<SummaryQuery>()).value();
  const auto shown = get("/v1/summary").at("suites").at(0);
  expect_equal(shown.at("total").at("passing"), real.total.passing);
  ASSERT_EQ(shown.at("timelines").as_array().size(), real.rows.size());
  for (std::size_t i = 0; i < real.rows.size(); ++i) {
    EXPECT_EQ(shown.at("timelines").at(i).at("timeline").as_string(), real.timelines[i].id);
    EXPECT_EQ(shown.at("timelines").at(i).at("runs"), real.rows[i].runs);
    expect_equal(shown.at("timelines").at(i).at("expected"), real.rows[i].expected);
  }
  // And the counts that lists of runs add up to.
  std::uint64_t unexpected = 0;
  const auto runs = get("/v1/runs?suite=unit&limit=1000");
  for (const auto& run : items(runs)) {
    for (const auto& [name, count] : run.at("counts").at("unexpected").as_object())
      unexpected += count.to_number<std::uint64_t>();
  }
  EXPECT_EQ(shown.at("total").at("unexpected").to_number<std::uint64_t>(), unexpected);
}

TEST_F(AnswersContract, Finds) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  for (const char* const text : {"failing", "flaky", "regressed", "count(fail) >= 3"}) {
    auto asked = query<FindQuery>();
    asked.query = aggregate::parse_query(text).value();
    asked.limit = 0;
    const auto real = answers_.find(asked).value();
    std::string words(text);
    for (std::size_t at; (at = words.find(' ')) != words.npos;) words.replace(at, 1, "%20");
    const auto shown = read_all("/v1/tests?suite=unit&range=last:500&q=" + words);
    ASSERT_EQ(shown.size(), real.tests.size()) << text;
    for (std::size_t i = 0; i < shown.size(); ++i) EXPECT_EQ(shown[i].at("test").as_string(), real.tests[i]);
  }
}

/// What a row of /v1/tests says is what the questions about one test say, and every order is one.
TEST_F(AnswersContract, ListsOfTests) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  add({.os = "linux", .commit = kCommits}, "never=SKIP");
  const std::string target = "/v1/tests?suite=unit";
  const auto all = read_all(target);
  ASSERT_GT(all.size(), static_cast<std::size_t>(kTests));
  const auto flaky = answers_
                         .flaky([&] {
                           auto asked = query<FlakyQuery>();
                           asked.min_runs = 1;
                           asked.limit = 0;
                           return asked;
                         }())
                         .value();
  auto slow_query = query<SlowQuery>();
  slow_query.last = TestListQuery::kDurationRuns;
  slow_query.limit = 0;
  const auto slow = answers_.slow(slow_query).value();
  for (const json::value& row : all) {
    const std::string test(row.at("test").as_string());
    const auto& members = row.as_object();
    auto asked = query<VerdictQuery>();
    asked.test = test;
    const auto verdict = answers_.verdict(asked).value();
    ASSERT_EQ(members.contains("verdict"), verdict.verdict.has_value()) << test;
    if (verdict.verdict) {
      EXPECT_EQ(row.at("verdict").as_string(), resultsdb::to_string(*verdict.verdict));
    }
    const auto listed = std::ranges::find(flaky.tests, test, &FlakyTest::test);
    ASSERT_EQ(members.contains("flaky"), listed != flaky.tests.end()) << test;
    if (listed != flaky.tests.end()) expect_equal(row.at("flaky"), listed->flakiness.minority);
    const auto timed = std::ranges::find(slow.tests, test, &SlowTest::test);
    const bool has_median = timed != slow.tests.end() && timed->durations.n > 0;
    ASSERT_EQ(members.contains("p50_us"), has_median) << test;
    if (has_median) {
      EXPECT_EQ(row.at("p50_us"), timed->durations.p50.count());
    }
  }
}

TEST_F(AnswersContract, OrdersOfTests) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  const std::string target = "/v1/tests?suite=unit";
  const auto answer = get(target);
  const auto& outcomes = answer.at("outcomes").as_array();
  const auto number = [&](const std::string& field, const json::object& row) -> double {
    if (field == "streak")
      return row.contains("streak") ? row.at("streak").at("runs").to_number<double>() : 0;
    if (field == "flaky") return row.contains("flaky") ? row.at("flaky").at("low").to_number<double>() : 0;
    if (field == "p50") return row.contains("p50_us") ? row.at("p50_us").to_number<double>() : -1;
    if (field == "last_run")
      return static_cast<double>(to_micros(*parse_rfc3339(row.at("last_run").as_string())));
    if (field == "verdict") {
      static constexpr std::string_view kUrgency[] = {"stale", "healthy", "fixed",    "unknown",
                                                      "flaky", "broken",  "regressed"};
      return static_cast<double>(
          std::ranges::find(kUrgency, std::string_view(row.at("verdict").as_string())) -
          std::begin(kUrgency));
    }
    double worst = -1;
    for (const auto& state : row.at("states").as_array()) {
      const auto& outcome = outcomes.at(state.at("worst").to_number<std::size_t>());
      worst = std::max(worst,
                       2 * outcome.at("severity").to_number<double>() + outcome.at("unexpected").as_bool());
    }
    return worst;
  };
  std::map<std::string, json::object> rows;
  for (const auto& row : items(answer)) rows[std::string(row.at("test").as_string())] = row.as_object();
  for (const std::string field : {"worst", "verdict", "streak", "flaky", "p50", "last_run"})
    for (const bool down : {false, true}) {
      std::vector<std::string> wanted, shown;
      for (const auto& [name, row] : rows) wanted.push_back(name);
      std::ranges::stable_sort(wanted, [&](const std::string& a, const std::string& b) {
        return (number(field, rows[a]) < number(field, rows[b])) != down &&
               number(field, rows[a]) != number(field, rows[b]);
      });
      for (const auto& row : read_all(target + "&sort=" + (down ? "-" : "") + field))
        shown.emplace_back(row.at("test").as_string());
      EXPECT_EQ(shown, wanted) << field << down;
    }
  std::vector<std::string> names;
  for (const auto& row : read_all(target + "&sort=-name")) names.emplace_back(row.at("test").as_string());
  EXPECT_TRUE(std::ranges::is_sorted(names, std::greater()));
  EXPECT_EQ(names.size(), rows.size());
}

TEST_F(AnswersContract, Gates) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  const Position middle = position(kCommits / 2);
  GateQuery asked;
  asked.suite = "unit";
  asked.base.range.to_position = middle;
  asked.base.last = 0;
  asked.candidate.last = 3;
  asked.now = clock_.now();
  const auto real = answers_.gate(asked).value();
  const auto shown =
      get("/v1/gate?suite=unit&candidate=range%3Dlast:3&base=range%3D..pos:" + std::to_string(middle));
  EXPECT_EQ(shown.at("open"), real.open);
  ASSERT_EQ(shown.at("rules").as_array().size(), real.rules.size());
  for (std::size_t i = 0; i < real.rules.size(); ++i) {
    EXPECT_EQ(shown.at("rules").at(i).at("rule").as_string(), to_string(real.rules[i].kind));
    EXPECT_EQ(shown.at("rules").at(i).at("state").as_string(), to_string(real.rules[i].state));
    EXPECT_EQ(shown.at("rules").at(i).at("total"), real.rules[i].total);
  }
  ASSERT_EQ(shown.at("new_failures").as_array().size(), real.new_failures.size());
  for (std::size_t i = 0; i < real.new_failures.size(); ++i) {
    EXPECT_EQ(shown.at("new_failures").at(i).at("test").as_string(), real.new_failures[i].test);
    expect_equal(shown.at("new_failures").at(i).at("candidate_rate"), real.new_failures[i].candidate_rate);
  }
  EXPECT_EQ(shown.at("counted"), real.counted);
  EXPECT_EQ(shown.at("fixed"), real.fixed);
}

TEST_F(AnswersContract, Plans) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  auto asked = query<PlanQuery>();
  asked.budget = std::chrono::milliseconds(50);
  const auto real = answers_.plan(asked).value();
  const auto shown = get("/v1/rerun-plan?suite=unit&budget_us=50000");
  ASSERT_EQ(items(shown).size(), real.items.size());
  for (std::size_t i = 0; i < real.items.size(); ++i) {
    const auto& item = items(shown)[i];
    EXPECT_EQ(item.at("test").as_string(), real.items[i].test);
    EXPECT_EQ(item.at("configuration").as_string(), real.items[i].configuration);
    EXPECT_EQ(item.at("reason").as_string(), to_string(real.items[i].reason));
    EXPECT_EQ(item.at("repeats"), real.items[i].repeats);
    EXPECT_DOUBLE_EQ(item.at("value").to_number<double>(), real.items[i].value);
    EXPECT_EQ(item.at("estimate_us"), real.items[i].estimate.count());
  }
  EXPECT_EQ(shown.at("total_us"), real.total.count());
  EXPECT_EQ(shown.at("candidates"), real.candidates);
}

TEST_F(AnswersContract, SlowTestsAndShards) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  for (const auto& [order, sort] :
       {std::pair{SlowQuery::Order::P50, "-p50"}, std::pair{SlowQuery::Order::Spent, "-spent"}}) {
    auto asked = query<SlowQuery>();
    asked.last = 10;
    asked.order = order;
    asked.limit = 0;
    const auto real = answers_.slow(asked).value();
    EXPECT_GT(real.tests.size(), 3u);
    const auto shown = read_all(std::string("/v1/slow?suite=unit&sort=") + sort);
    ASSERT_EQ(shown.size(), real.tests.size());
    for (std::size_t i = 0; i < shown.size(); ++i) {
      EXPECT_EQ(shown[i].at("test").as_string(), real.tests[i].test);
      EXPECT_EQ(shown[i].at("n"), real.tests[i].durations.n);
      EXPECT_EQ(shown[i].at("p50_us"), real.tests[i].durations.p50.count());
      EXPECT_EQ(shown[i].at("spent_us"), real.tests[i].spent.count());
      EXPECT_EQ(shown[i].as_object().contains("growth"), real.tests[i].growth.has_value());
    }
  }
  auto asked = query<ShardsQuery>();
  asked.last = 10;
  asked.shards = 3;
  const auto real = answers_.shards(asked).value();
  const auto shown = get("/v1/shards?suite=unit&shards=3");
  ASSERT_EQ(shown.at("shards").as_array().size(), real.shards.size());
  for (std::size_t i = 0; i < real.shards.size(); ++i) {
    EXPECT_EQ(shown.at("shards").at(i).at("predicted_us"), real.shards[i].predicted.count());
    EXPECT_EQ(json::value_to<std::vector<std::string>>(shown.at("shards").at(i).at("tests")),
              real.shards[i].tests);
  }
  EXPECT_EQ(shown.at("unknown"), real.unknown);
}

TEST_F(AnswersContract, Durations) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  std::size_t points = 0;
  const auto tests = answers_.slow(query<SlowQuery>()).value().tests;
  for (const auto& slow : tests) {
    auto asked = query<DurationsQuery>();
    asked.test = slow.test;
    const auto real = answers_.durations(asked).value();
    const auto shown = get("/v1/durations?suite=unit&test=" + slow.test);
    ASSERT_EQ(shown.at("series").as_array().size(), real.per_timeline.size());
    std::size_t changes = 0;
    for (std::size_t i = 0; i < real.per_timeline.size(); ++i) {
      const auto& on = real.per_timeline[i];
      const auto& series = shown.at("series").at(i);
      EXPECT_EQ(series.at("timeline").as_string(), real.timelines[on.timeline].id);
      EXPECT_EQ(series.at("n"), on.durations.n);
      if (on.durations.n > 0) {
        EXPECT_EQ(series.at("p90_us"), on.durations.p90.count());
      }
      ASSERT_EQ(series.at("points").as_array().size(), on.points.size());
      for (std::size_t j = 0; j < on.points.size(); ++j, ++points) {
        EXPECT_EQ(series.at("points").at(j).at("run").as_string(), on.points[j].run->id);
        EXPECT_EQ(series.at("points").at(j).at("duration_us"), on.points[j].duration.count());
      }
      changes += on.changes.size();
    }
    EXPECT_EQ(shown.at("change_points").as_array().size(), changes);
  }
  EXPECT_GT(points, 100u);
}

TEST_F(AnswersContract, ClustersAndExpectations) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  auto asked = query<ClustersQuery>();
  asked.limit = 0;
  const auto real = answers_.clusters(asked).value();
  const auto shown = read_all("/v1/clusters?suite=unit");
  ASSERT_EQ(shown.size(), real.clusters.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    EXPECT_EQ(shown[i].at("id").as_string(), real.clusters[i].id);
    EXPECT_EQ(shown[i].at("count"), real.clusters[i].results);
    EXPECT_EQ(shown[i].at("tests"), real.clusters[i].test_count);
    expect_run(shown[i].at("newest"), real.clusters[i].newest);
  }

  ASSERT_TRUE(answers_.put_expectation("unit", {.test = "gone", .words = {"FAIL"}}));
  auto review = query<ExpectationReviewQuery>();
  review.limit = 0;
  const auto changes = answers_.review_expectations(review).value();
  const auto told = read_all("/v1/expectation-changes?suite=unit");
  EXPECT_EQ(told.size(), changes.stale.size() + changes.suggestions.size());
  for (const auto& suggestion : changes.suggestions) {
    const auto same = std::ranges::find_if(
        told, [&](const auto& item) { return item.at("test").as_string() == suggestion.test; });
    ASSERT_NE(same, told.end());
    EXPECT_EQ(same->at("proposed").as_array().size(), suggestion.lines.size());
    EXPECT_EQ(same->at("evidence").as_array().size(), suggestion.observed.size());
  }
}

}  // namespace
}  // namespace resultsdb::http
