// Answers::find() gives what matches() says of facts that a plain loop over the matrix of results finds.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "aggregate/random_query.hpp"
#include "property/matrix_oracle.hpp"
#include "property/random_history.hpp"
#include "property/random_store.hpp"
#include "resultsdb/aggregate/change_points.hpp"
#include "resultsdb/aggregate/durations.hpp"
#include "resultsdb/answers.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "support/value_of.hpp"

namespace resultsdb::property {
namespace {

using TimelineKey = std::pair<std::string, std::string>;  // branch, configuration key

const aggregate::Vocabulary kVocabulary = {
    .names = {"suite/*", "suite/test-a", "*-b", "suite/test-*"},
    .parts = {"test", "-c", "x"},
    .facets = {"platform", "branch", "style"},
    .values = {"p0", "p1", "main", "stable"},
    .words = {"PASS", "FAIL", "TIMEOUT", "CRASH", "TEXT"},
};

/// The facts of all tests, run by run.
class Expanded {
 public:
  Expanded(const std::map<TimelineKey, Configuration>& timelines, const MatrixOracle& oracle,
           const FindQuery& query)
      : timelines_(timelines), query_(query) {
    for (const auto& [key, run] : oracle.runs()) {
      for (const auto& [test, result] : run.results) tests_.insert(test);
      newest_ = std::max(newest_, run.received);
      runs_[{key.branch, key.configuration}].push_back(&run);
    }
    for (auto& [key, runs] : runs_) {
      std::erase_if(runs, [&](const OracleRun* run) { return is_excluded(*run); });
      if (query.last != 0 && runs.size() > query.last) runs.erase(runs.begin(), runs.end() - query.last);
      if (needs_coverage(query.query))
        for (const OracleRun* run : runs) tests_.insert(run->lost.begin(), run->lost.end());
    }
  }

  std::vector<std::string> matching() {
    std::vector<std::string> names;
    for (const std::string& test : tests_)
      if (test.find(query_.name_contains) != std::string::npos && matches(test)) names.push_back(test);
    return names;
  }

 private:
  struct OnTimeline {
    std::vector<RunLength> outcomes;  // of one run each, newest first
    std::optional<Verdict> verdict;
    std::optional<aggregate::DurationFacts> durations;
  };

  bool is_bad(const Outcome& outcome) const {
    return query_.bad == Question::Bad::Failing ? is_failing(outcome.actual)
                                                : is_unexpected(outcome.expected, outcome.actual);
  }
  bool is_excluded(const OracleRun& run) const {
    const auto bad =
        std::ranges::count_if(run.results, [&](const auto& result) { return is_bad(result.second.outcome); });
    return run.results.size() >= 20 && static_cast<std::size_t>(bad) * 5 > run.results.size() * 4;
  }

  bool matches(const std::string& test) {
    std::vector<OnTimeline> facts;
    for (const auto& [key, configuration] : timelines_) facts.push_back(look(runs_[key], test));
    const auto classes = aggregate::outcome_classes(outcomes_);
    std::vector<aggregate::TimelineFacts> shown;
    std::size_t i = 0;
    for (const auto& [key, configuration] : timelines_) {
      shown.push_back(
          {&configuration, key.first, facts[i].outcomes, classes, facts[i].verdict, facts[i].durations});
      ++i;
    }
    return aggregate::matches(query_.query, {test, shown});
  }

  OnTimeline look(const std::vector<const OracleRun*>& runs, const std::string& test) {
    OnTimeline facts;
    std::vector<const OracleRun*> covering;
    std::vector<Duration> durations;
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
      const auto found = (*run)->results.find(test);
      if (found == (*run)->results.end()) {
        facts.outcomes.push_back({1, (*run)->lost.contains(test) ? kLost : kNotCovered});
        continue;
      }
      facts.outcomes.push_back({1, id_of_outcome(found->second.outcome)});
      // Skipped results say nothing.
      if (found->second.outcome.actual != "SKIP") covering.insert(covering.begin(), *run);
      if (found->second.duration_us >= 0 && worst_severity(found->second.outcome.actual) < Severity::Timeout)
        durations.emplace_back(found->second.duration_us);
    }
    facts.verdict = judge(covering, test);
    if (!durations.empty()) {
      const auto summary = aggregate::summarise(durations);
      facts.durations = {summary.p50.count(), summary.p95.count(), summary.max.count()};
    }
    return facts;
  }

  std::int32_t id_of_outcome(const Outcome& outcome) {
    for (const OutcomeInfo& known : outcomes_)
      if (known.outcome == outcome) return static_cast<std::int32_t>(known.id);
    outcomes_.push_back({static_cast<std::uint32_t>(outcomes_.size()), outcome});
    return static_cast<std::int32_t>(outcomes_.back().id);
  }

  std::optional<Verdict> judge(const std::vector<const OracleRun*>& runs, const std::string& test) const {
    if (runs.empty()) return std::nullopt;
    if (newest_ - runs.back()->received > query_.stale_after) return Verdict::Stale;
    std::vector<aggregate::Stretch> single;
    std::size_t all_bad = 0;
    for (const OracleRun* run : runs) {
      single.push_back({1, is_bad(run->results.at(test).outcome)});
      all_bad += single.back().bad ? 1 : 0;
    }
    if (runs.size() < 10 && all_bad != 0 && all_bad != runs.size()) return Verdict::Unknown;
    aggregate::ChangePointFinder finder;
    const auto changes = finder.find(single);
    std::vector<std::size_t> starts(changes.begin(), changes.end());
    const std::size_t start = starts.empty() ? 0 : starts.back();
    const std::size_t earlier = starts.size() < 2 ? 0 : starts[starts.size() - 2];
    const auto bad_in = [&](std::size_t from, std::size_t to) {
      std::size_t bad = 0;
      for (; from < to; ++from) bad += single[from].bad ? 1 : 0;
      return bad;
    };
    const std::size_t bad = bad_in(start, single.size()), size = single.size() - start;
    const std::size_t old_bad = bad_in(earlier, start), old_size = start - earlier;
    bool worse = false, better = false;
    if (start > 0 && runs[start - 1]->results.at(test).outcome.expected ==
                         runs[start]->results.at(test).outcome.expected) {
      worse = bad * old_size > old_bad * size && bad * 5 >= size * 4;
      better = bad * old_size <= old_bad * size;
    }
    if (worse && single.back().bad) return Verdict::Regressed;
    if (bad == size) return Verdict::Broken;
    if (bad > 0) return Verdict::Flaky;
    return better && size <= 20 ? Verdict::Fixed : Verdict::Healthy;
  }

  const std::map<TimelineKey, Configuration>& timelines_;
  const FindQuery& query_;
  std::map<TimelineKey, std::vector<const OracleRun*>> runs_;
  std::set<std::string> tests_;
  Time newest_{};
  std::vector<OutcomeInfo> outcomes_ = {{0, {}}};
};

class Trial : RandomStore {
 public:
  Trial(std::uint64_t seed, const Shape& shape, int delete_percent)
      : RandomStore(seed, shape, delete_percent), random_(seed) {}

  void run(int operations) {
    for (int i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      step(i);
      if (i % 5 == 4) compare(40);
    }
  }
  std::size_t some = 0, none = 0, all = 0;

 private:
  void step(int number) {
    if (const auto run = RandomStore::step(from_seconds(1'000'000 + 100 * number)))
      timelines_[{run->header.branch, run->header.configuration.key()}] = run->header.configuration;
  }

  void compare(int queries) {
    aggregate::RandomQuery random(random_, kVocabulary);
    for (int i = 0; i < queries && !::testing::Test::HasFailure(); ++i) {
      FindQuery query{{.suite = "random", .last = runs_.chance(50) ? 0U : 7U}};
      query.bad = runs_.chance(50) ? Question::Bad::Failing : Question::Bad::Unexpected;
      query.name_contains = runs_.chance(20) ? "-c" : "";
      query.query = random.query();
      query.stale_after = std::chrono::seconds(runs_.chance(50) ? 100'000 : 700);
      query.limit = static_cast<std::uint32_t>(runs_.pick(4));
      const std::vector<std::string> wanted = Expanded(timelines_, oracle_, query).matching();
      std::vector<std::string> found;
      FindAnswer page;
      do {
        query.after = found.empty() ? "" : found.back();
        page = value_of(answers_.find(query));
        EXPECT_EQ(page.total, wanted.size());
        found.insert(found.end(), page.tests.begin(), page.tests.end());
      } while (page.more && !page.tests.empty());
      EXPECT_EQ(found, wanted) << to_text(query.query) << "\nlast " << query.last;
      ++(wanted.empty() ? none : wanted.size() == runs_.tests().size() ? all : some);
    }
  }

  std::mt19937_64 random_;
  std::map<TimelineKey, Configuration> timelines_;
};

TEST(FindProperty, EqualsMatchesOnTheMatrix) {
  const bool one = std::getenv("RESULTSDB_SEED") != nullptr;
  std::size_t some = 0, none = 0, all = 0;
  for (int i = 0; i < (one ? 1 : 8); ++i)
    for (const auto& [shape, deleted] : {std::pair{Shape{.timelines = 2}, 0},
                                         {Shape{.tests = 22, .timelines = 1, .late_percent = 20}, 0},
                                         {Shape{.timelines = 4, .late_percent = 40, .partial = true}, 10}}) {
      const std::uint64_t seed = seed_or(20261126) + static_cast<std::uint64_t>(i);
      SCOPED_TRACE("to run it again: RESULTSDB_SEED=" + std::to_string(seed));
      Trial trial(seed, shape, deleted);
      trial.run(i == 0 ? 120 : 40);
      some += trial.some, none += trial.none, all += trial.all;
      if (::testing::Test::HasFailure()) return;
    }
  std::printf("%zu queries matched some tests, %zu none, %zu all\n", some, none, all);
  if (!one) {
    EXPECT_GT(some, 2000U);
  }
}

TEST(Find, RefusesASuiteWithoutName) {
  Answers answers(value_of(Model::create(backends::open_memory())));
  EXPECT_EQ(answers.find({}).error().code, ErrorCode::InvalidArgument);
  EXPECT_TRUE(value_of(answers.find(FindQuery{{.suite = "nothing"}})).tests.empty());
}

}  // namespace
}  // namespace resultsdb::property
