// Every statistic over segments equals what a plain loop over the matrix of results gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <tuple>

#include "property/matrix_oracle.hpp"
#include "property/random_history.hpp"
#include "property/random_store.hpp"
#include "resultsdb/aggregate/change_points.hpp"
#include "resultsdb/answers.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "support/value_of.hpp"

namespace resultsdb::property {
namespace {

using Lines = std::multiset<std::string>;

/// A run's result of one test.
struct Cell {
  const OracleRun* run;
  Outcome outcome;
  bool bad;
};
using Column = std::vector<Cell>;  // of one test on one timeline, oldest first

std::string text_of(const Proportion& p) { return std::to_string(p.k) + "/" + std::to_string(p.n); }
std::string ratio(std::uint64_t k, std::uint64_t n) { return std::to_string(k) + "/" + std::to_string(n); }

class Matrix {
 public:
  Matrix(const MatrixOracle& oracle, const Question& question) : bad_(question.bad) {
    std::map<std::string, std::vector<const OracleRun*>> timelines;
    for (const auto& [key, run] : oracle.runs())  // by (timeline, position, started, variant)
      timelines[timeline_id("random", run.header.branch, run.header.configuration)].push_back(&run);
    for (auto& [id, runs] : timelines) {
      std::erase_if(runs, [&](const OracleRun* run) { return excluded(*run); });
      if (question.last != 0 && runs.size() > question.last)
        runs.erase(runs.begin(), runs.end() - question.last);
      for (const OracleRun* run : runs)
        for (const auto& [test, result] : run->results) {
          const Cell cell{run, result.outcome, is_bad(result.outcome)};
          covered_[{id, test}].push_back(cell);
          if (!is_skip(cell)) columns_[{id, test}].push_back(cell);
        }
    }
  }

  /// Skipped results say nothing.
  const std::map<std::pair<std::string, std::string>, Column>& columns() const { return columns_; }
  /// With skipped results.
  const std::map<std::pair<std::string, std::string>, Column>& covered() const { return covered_; }
  static bool is_skip(const Cell& cell) { return cell.outcome.actual == "SKIP"; }

  bool is_bad(const Outcome& outcome) const {
    return bad_ == Question::Bad::Failing ? is_failing(outcome.actual)
                                          : is_unexpected(outcome.expected, outcome.actual);
  }
  bool excluded(const OracleRun& run) const {
    if (run.header.state == RunState::Failed) return true;
    std::size_t bad = 0;
    for (const auto& [test, result] : run.results) bad += is_bad(result.outcome) ? 1 : 0;
    return run.results.size() >= 20 && bad * 5 > run.results.size() * 4;
  }

  /// First cells of the segments.
  static std::vector<std::size_t> segments(const Column& column, double change) {
    std::vector<aggregate::Stretch> single;
    for (const Cell& cell : column) single.push_back({1, cell.bad});
    aggregate::ChangePointFinder finder({.change = change});
    const auto found = finder.find(single);
    std::vector<std::size_t> firsts{0};
    firsts.insert(firsts.end(), found.begin(), found.end());
    return firsts;
  }

 private:
  Question::Bad bad_;
  std::map<std::pair<std::string, std::string>, Column> columns_, covered_;
};

std::size_t count_bad(const Column& column, std::size_t first, std::size_t end) {
  return static_cast<std::size_t>(std::count_if(column.begin() + static_cast<long>(first),
                                                column.begin() + static_cast<long>(end),
                                                [](const Cell& cell) { return cell.bad; }));
}

Lines expected_flaky(const Matrix& matrix) {
  Lines lines;
  for (const auto& [key, column] : matrix.columns()) {
    const std::size_t first = Matrix::segments(column, 1e-3).back(), n = column.size() - first;
    const std::size_t bad = count_bad(column, first, column.size()), rarer = std::min(bad, n - bad);
    if (rarer == 0) continue;
    std::size_t flips = 0, all_flips = 0, mixed = 0;
    std::map<Position, std::pair<int, int>> commits;  // good, bad
    for (std::size_t i = 0; i < column.size(); ++i) {
      const bool flip = i > 0 && column[i].bad != column[i - 1].bad;
      all_flips += flip ? 1 : 0;
      flips += flip && i > first ? 1 : 0;
      mixed += column[i].outcome.actual == "CRASH PASS" ? 1 : 0;
      auto& [good, wrong] = commits[*column[i].run->header.position];
      ++(column[i].bad ? wrong : good);
    }
    std::size_t repeated = 0, disagree = 0;
    for (const auto& [position, counts] : commits) {
      repeated += counts.first + counts.second > 1 ? 1 : 0;
      disagree += counts.first > 0 && counts.second > 0 ? 1 : 0;
    }
    lines.insert(key.first + " " + key.second + " minority " + ratio(rarer, n) + " flips " +
                 ratio(flips, n - 1) + " disagreement " + ratio(disagree, repeated) + " retries " +
                 ratio(mixed, column.size()) + " all " + std::to_string(all_flips));
  }
  return lines;
}

Lines described(const FlakyAnswer& answer) {
  Lines lines;
  for (const FlakyTest& test : answer.tests) {
    const Flakiness& f = test.flakiness;
    lines.insert(answer.timelines[test.timelines.front().timeline].id + " " + test.test + " minority " +
                 text_of(f.minority) + " flips " + text_of(f.flips) + " disagreement " +
                 text_of(f.disagreement) + " retries " + text_of(f.retries) + " all " +
                 std::to_string(f.all_flips));
  }
  return lines;
}

constexpr double kChange = 0.02;  // histories are short here

Lines expected_events(const Matrix& matrix) {
  Lines lines;
  for (const auto& [key, column] : matrix.columns()) {
    std::vector<std::size_t> firsts = Matrix::segments(column, kChange);
    firsts.push_back(column.size());
    for (std::size_t i = 1; i + 1 < firsts.size(); ++i) {
      const std::size_t at = firsts[i];
      const std::size_t bad_before = count_bad(column, firsts[i - 1], at), before = at - firsts[i - 1];
      const std::size_t bad_after = count_bad(column, at, firsts[i + 1]), after = firsts[i + 1] - at;
      std::string kind = bad_after * 5 <= after ? "fix" : "flaky";
      if (column[at - 1].outcome.expected != column[at].outcome.expected) {
        kind = "expectation";
      } else if (bad_after * before > bad_before * after) {
        kind = bad_after * 5 >= after * 4 ? "regression" : "flaky";
      }
      const bool open = i + 2 == firsts.size() && (kind == "regression" || kind == "flaky");
      lines.insert(key.first + " " + key.second + " " + kind + (open ? " open " : " ") +
                   id_of(column[at - 1].run->header) + " " + id_of(column[at].run->header) + " " +
                   ratio(bad_before, before) + " " + ratio(bad_after, after) + " " +
                   column[at].outcome.actual);
    }
  }
  return lines;
}

Lines described(const RegressionsAnswer& answer) {
  Lines lines;
  for (const Regression& regression : answer.regressions) {
    EXPECT_LT(regression.after, regression.to);
    EXPECT_TRUE(std::is_sorted(regression.tests.begin(), regression.tests.end()));
    for (const ChangeEvent& event : regression.events) {
      EXPECT_EQ(event.kind, regression.kind);
      EXPECT_LE(event.before_run->position, regression.after + 1);
      EXPECT_GE(event.after_run->position, regression.to);
      lines.insert(answer.timelines[event.timeline].id + " " + event.test + " " +
                   std::string(to_string(event.kind)) + (event.open ? " open " : " ") + event.before_run->id +
                   " " + event.after_run->id + " " + text_of(event.before) + " " + text_of(event.after) +
                   " " + event.outcome.actual);
    }
  }
  return lines;
}

/// The newest run of each timeline in A against the newest but `back` in B, configurations not paired.
Lines expected_comparison(const Matrix& a, const Matrix& b, std::map<std::string, std::uint64_t>& counts) {
  struct Side {
    std::map<std::string, std::vector<Cell>> tests;
  };
  const auto gather = [](const Matrix& matrix) {
    Side side;
    for (const auto& [key, column] : matrix.covered())
      for (const Cell& cell : column) side.tests[key.second].push_back(cell);
    return side;
  };
  const Side x = gather(a), y = gather(b);
  Lines lines;
  for (const auto& [test, cells] : x.tests) {
    const auto other = y.tests.find(test);
    if (other == y.tests.end()) continue;
    const auto bad = [](const std::vector<Cell>& all) { return count_bad(all, 0, all.size()); };
    const auto ran = [](const std::vector<Cell>& all) {
      return all.size() - static_cast<std::size_t>(std::count_if(all.begin(), all.end(), Matrix::is_skip));
    };
    lines.insert(test + " " + ratio(bad(cells), ran(cells)) + " " +
                 ratio(bad(other->second), ran(other->second)));
    ++counts["both"];
  }
  return lines;
}

class Trial : RandomStore {
 public:
  using RandomStore::RandomStore;

  void run(int operations, int compared_every) {
    for (int i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      step(i);
      if (i % compared_every == compared_every - 1) compare();
    }
  }
  std::size_t events() const { return events_; }
  std::size_t flaky() const { return flaky_; }

 private:
  void step(int number) { RandomStore::step(from_seconds(1'000'000 + number)); }

  void compare() {
    Answers kept(model_);
    const auto fresh_model = value_of(Model::create(alias(model_)));
    Answers fresh(fresh_model);
    for (const auto bad : {Question::Bad::Unexpected, Question::Bad::Failing})
      for (const std::uint32_t last : {0U, 7U}) {
        Question question{.suite = "random", .last = last, .bad = bad};
        const Matrix matrix(oracle_, question);
        FlakyQuery flaky{question};
        flaky.min_runs = 1;
        flaky.limit = 0;
        flaky.by_timeline = true;
        const Lines wanted_flaky = expected_flaky(matrix);
        EXPECT_EQ(described(value_of(kept.flaky(flaky))), wanted_flaky);
        EXPECT_EQ(described(value_of(fresh.flaky(flaky))), wanted_flaky);
        flaky_ += wanted_flaky.size();
        RegressionsQuery regressions{question};
        regressions.state = RegressionsQuery::State::All;
        regressions.change = kChange;
        regressions.limit = 0;
        const Lines wanted = expected_events(matrix);
        EXPECT_EQ(described(value_of(kept.regressions(regressions))), wanted);
        EXPECT_EQ(described(value_of(fresh.regressions(regressions))), wanted);
        events_ += wanted.size();
        compare_sides(kept, question);
      }
  }

  /// All runs but the newest three of each timeline against all of them: rates, whatever they differ in.
  void compare_sides(Answers& answers, const Question& question) {
    CompareQuery query{.suite = "random", .pair_configurations = false, .bad = question.bad, .limit = 0};
    query.a.last = question.last;
    query.b.last = 3;
    Question newest = question;
    newest.last = 3;
    std::map<std::string, std::uint64_t> counts;
    const Lines wanted = expected_comparison(Matrix(oracle_, question), Matrix(oracle_, newest), counts);
    const Comparison comparison = value_of(answers.compare(query));
    std::uint64_t on_both = 0;
    for (const ComparedTest& test : comparison.tests) {
      if (!test.a || !test.b) continue;
      ++on_both;
      EXPECT_TRUE(wanted.contains(test.test + " " + text_of(test.rate_a) + " " + text_of(test.rate_b)))
          << test.test << ' ' << text_of(test.rate_a) << ' ' << text_of(test.rate_b);
    }
    if (!comparison.runs_a.empty() && !comparison.runs_b.empty()) {
      EXPECT_EQ(on_both + comparison.counts[static_cast<std::size_t>(Difference::Same)], counts["both"]);
    }
  }

  /// The model's store, for another model.
  static std::shared_ptr<storage::Storage> alias(const std::shared_ptr<Model>& model) {
    return {model, &model->storage()};
  }

  std::size_t events_ = 0, flaky_ = 0;
};

void try_all(int trials, int operations, int compared_every) {
  const bool one = std::getenv("RESULTSDB_SEED") != nullptr;
  std::size_t events = 0, flaky = 0;
  for (int i = 0; i < (one ? 1 : trials); ++i)
    for (const auto& [shape, deleted] : {std::pair{Shape{.timelines = 2}, 0},
                                         {Shape{.tests = 22, .timelines = 1, .late_percent = 20}, 0},
                                         {Shape{.timelines = 3, .late_percent = 40, .partial = true}, 10}}) {
      const std::uint64_t seed = seed_or(20261126) + static_cast<std::uint64_t>(i);
      SCOPED_TRACE("to run it again: RESULTSDB_SEED=" + std::to_string(seed));
      Trial trial(seed, shape, deleted);
      trial.run(operations, compared_every);
      events += trial.events();
      flaky += trial.flaky();
      if (::testing::Test::HasFailure()) return;
    }
  std::printf("%zu change points and %zu flaky histories compared\n", events, flaky);
  if (!one) {
    EXPECT_GT(events, 100U);
    EXPECT_GT(flaky, 1000U);
  }
}

TEST(AnswersProperty, EqualTheMatrixInManyTrials) { try_all(40, 24, 6); }
TEST(AnswersProperty, EqualTheMatrixAfterEveryRun) { try_all(8, 40, 1); }
TEST(AnswersProperty, EqualTheMatrixOverLongHistories) { try_all(2, 200, 50); }

}  // namespace
}  // namespace resultsdb::property
