// What to run next.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "engine/durations.hpp"
#include "model/verdict.hpp"
#include "resultsdb/aggregate/culprit.hpp"
#include "resultsdb/aggregate/durations.hpp"
#include "resultsdb/aggregate/priority.hpp"
#include "resultsdb/rerun_plan.hpp"

namespace resultsdb {
namespace {

using engine::TestSet;
using storage::TestId;

constexpr std::size_t kMostCandidates = 100'000;
constexpr std::uint32_t kTimedRuns = 8;  // newest runs that a duration is estimated from
constexpr double kStaleValue = 0.05, kLostValue = 0.5;
constexpr double kRealRate = 0.95;  // of failures, if a fresh failure is real
constexpr std::chrono::seconds kUnknownDuration{1};

struct Found {
  TestId test = 0;
  PlanItem item;
  std::vector<TestId> instead;  // tests of the same cause, of which the fastest is run
};

class Planning {
 public:
  Planning(const Survey& survey, const PlanQuery& query)
      : survey_(survey),
        query_(query),
        course_(survey, aggregate::ChangePrior{}.change),
        fresh_since_(survey.newest_received() - query.stale_after),
        stale_(survey.windows.size()),
        lost_(survey.windows.size()) {}

  Result<PlanAnswer> plan(Answers& answers) {
    RESULTSDB_TRY(find_asked());
    if (wants(PlanReason::CulpritGap)) RESULTSDB_TRY(add_gaps(answers));
    if (wants(PlanReason::Lost)) RESULTSDB_TRY(find_lost());
    if (wants(PlanReason::Stale)) find_stale();
    survey_.visit_bad([&](std::uint32_t w, TestId test, std::span<const Piece> pieces) {
      course_.read(survey_.windows[w], pieces);
      add(w, test);
    });
    add_clean_ones();
    RESULTSDB_TRY(estimate());
    return choose();
  }

 private:
  bool wants(PlanReason reason) const {
    return query_.reasons.empty() || std::ranges::find(query_.reasons, reason) != query_.reasons.end();
  }
  bool is_asked(TestId test) const { return survey_.is_wanted(test) && is_chosen(test); }
  bool is_chosen(TestId test) const { return query_.tests.empty() || asked_.contains(test); }

  Status find_asked() {
    if (query_.tests.empty()) return {};
    RESULTSDB_ASSIGN(const auto ids, survey_.suite().names().look_up(query_.tests));
    for (const auto& id : ids)
      if (id) asked_.insert(*id);
    return {};
  }

  // --- what there is to do

  Found* add(std::uint32_t w, TestId test, PlanReason reason, double value) {
    if (found_.size() == kMostCandidates) {
      more_ = true;
      return nullptr;
    }
    Found& found = found_.emplace_back();
    found.test = test;
    found.item.timeline = w;
    found.item.reason = reason;
    found.item.value = value;
    return &found;
  }
  void add_at_newest(std::uint32_t w, TestId test, PlanReason reason, double value) {
    const Window& window = survey_.windows[w];
    if (Found* found = add(w, test, reason, value))
      found->item.position = window.run(window.runs().back())->position;
  }

  Status add_gaps(Answers& answers) {
    RegressionsQuery open{query_};
    open.kinds = {ChangeKind::Regression, ChangeKind::Flaky};
    open.limit = query_.regressions;
    RESULTSDB_ASSIGN(const RegressionsAnswer regressions, answers.regressions(open));
    for (const Regression& regression : regressions.regressions) {
      RESULTSDB_ASSIGN(const std::vector<TestId> tests, find_tests(regression.tests));
      if (tests.empty()) continue;
      CulpritQuery culprit{query_};
      RESULTSDB_ASSIGN(const auto names, survey_.names({tests.data(), 1}));
      culprit.test = names.front();
      culprit.near = regression.to;
      RESULTSDB_ASSIGN(const CulpritAnswer answer, answers.culprit(culprit));
      if (!answer.next_test) continue;
      const std::string& timeline = answer.timelines[answer.next_test->timeline].id;
      const auto w = find_window(timeline);
      if (!w) continue;  // it has come since
      Found* found = add(*w, tests.front(), PlanReason::CulpritGap, answer.next_test->gain_bits);
      if (found == nullptr) break;
      found->item.position = answer.next_test->position;
      found->item.repeats = answer.next_test->repeats;
      std::vector<std::string> there;
      for (const ChangeEvent& event : regression.events)
        if (regressions.timelines[event.timeline].id == timeline) there.push_back(event.test);
      RESULTSDB_ASSIGN(found->instead, find_tests(there));
    }
    return {};
  }
  Result<std::vector<TestId>> find_tests(const std::vector<std::string>& names) const {
    RESULTSDB_ASSIGN(const auto ids, survey_.suite().names().look_up(names));
    std::vector<TestId> tests;
    for (const auto& id : ids)
      if (id && is_asked(*id)) tests.push_back(*id);
    return tests;
  }
  std::optional<std::uint32_t> find_window(const std::string& timeline) const {
    const auto found = std::ranges::find(survey_.timelines, timeline, &TimelineInfo::id);
    if (found == survey_.timelines.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - survey_.timelines.begin());
  }

  Status find_lost() {
    for (std::size_t w = 0; w < survey_.windows.size(); ++w) {
      const Window& window = survey_.windows[w];
      if (window.runs().empty()) continue;
      RESULTSDB_ASSIGN(const auto lost, survey_.lost_tests(window, window.runs().back()));
      RESULTSDB_ASSIGN(lost_[w], survey_.named(TestSet::from_sorted(*lost)));
    }
    return {};
  }

  /// A test that nothing newer has is not stale but gone.
  void find_stale() {
    std::vector<TestSet> all(stale_.size()), fresh(stale_.size());
    TestSet alive;
    for (std::size_t w = 0; w < stale_.size(); ++w) {
      const Window& window = survey_.windows[w];
      all[w] = window.covered_by(window.runs());
      std::vector<std::uint32_t> fresh_runs;
      for (const std::uint32_t run : window.runs())
        if (window.run(run)->received >= fresh_since_) fresh_runs.push_back(run);
      fresh[w] = window.covered_by(fresh_runs);
      alive = TestSet::united(alive, fresh[w]);
    }
    for (std::size_t w = 0; w < stale_.size(); ++w) {
      const Window& window = survey_.windows[w];
      stale_[w] = TestSet::intersection(TestSet::difference(all[w], fresh[w]), alive);
      if (!window.runs().empty() && window.run(window.runs().back())->received < fresh_since_)
        stale_[w] = TestSet::united(stale_[w], window.covered_by(window.runs().back()));
    }
  }

  /// A test that was bad at some time; the course has it.
  void add(std::uint32_t w, TestId test) {
    if (!is_asked(test)) return;
    if (lost_[w].contains(test) || stale_[w].contains(test)) seen_.insert({w, test});
    const Window& window = survey_.windows[w];
    const double score = aggregate::history_score(course_.stretches(), missed(window));
    if (lost_[w].contains(test)) return add_at_newest(w, test, PlanReason::Lost, kLostValue + score);
    if (stale_[w].contains(test)) {
      add(w, test, PlanReason::Stale, kStaleValue + score);
      return;
    }
    const auto verdict = verdict_of(window, course_, fresh_since_);
    if (verdict == Verdict::Stale) return;
    if (wants(PlanReason::Confirm) && is_fresh_failure(*verdict))
      return add_at_newest(w, test, PlanReason::Confirm, value_of_confirming());
    if (wants(PlanReason::Flaky) && (verdict == Verdict::Flaky || verdict == Verdict::Unknown)) {
      const Proportion rarer = course_.count().minority.proportion();
      add_at_newest(w, test, PlanReason::Flaky, rarer.high - rarer.low);
    }
  }

  std::uint32_t missed(const Window& window) const {
    const auto& runs = window.runs();
    return static_cast<std::uint32_t>(runs.end() -
                                      std::ranges::upper_bound(runs, course_.pieces().back().last));
  }

  bool is_fresh_failure(Verdict verdict) const {
    const auto& stretches = course_.stretches();
    return verdict != Verdict::Regressed && stretches.size() > 1 && stretches.back().bad &&
           stretches.back().runs <= query_.confirm_runs;
  }

  double value_of_confirming() const {
    std::uint64_t bad = 0, runs = 0;
    for (const aggregate::Stretch& stretch : course_.stretches().first(course_.stretches().size() - 1)) {
      bad += stretch.bad ? stretch.runs : 0;
      runs += stretch.runs;
    }
    // The failure that asks for it: were it a flake, the test would be one that fails now and then.
    return aggregate::expected_gain(0.5, aggregate::jeffreys(bad + 1, runs + 1).mean, kRealRate, 1);
  }

  /// Tests that never were bad: lost or stale all the same.
  void add_clean_ones() {
    for (std::uint32_t w = 0; w < survey_.windows.size(); ++w)
      for (const PlanReason reason : {PlanReason::Lost, PlanReason::Stale}) {
        const bool lost = reason == PlanReason::Lost;
        for (const TestId test : (lost ? lost_ : stale_)[w].ids()) {
          if (!(lost ? is_chosen(test) : is_asked(test)) || !seen_.insert({w, test}).second) continue;
          if (lost) {
            add_at_newest(w, test, reason, kLostValue);
          } else {
            add(w, test, reason, kStaleValue);
          }
        }
      }
  }

  // --- what it costs

  /// Of the newest runs, read once for all tests of a chunk; a gap takes the fastest of its tests.
  Status estimate() {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::pair<Found*, TestId>>> wanted;
    for (Found& found : found_) {
      const std::span<const TestId> tests = found.instead.empty() ? std::span(&found.test, 1) : found.instead;
      for (const TestId test : tests)
        wanted[{found.item.timeline, test / engine::kChunkTests}].push_back({&found, test});
    }
    for (const auto& [place, tests] : wanted) {
      const Window& window = survey_.windows[place.first];
      std::vector<storage::RunSerial> serials;
      for (auto run = window.runs().rbegin(); run != window.runs().rend() && serials.size() < kTimedRuns;
           ++run)
        serials.push_back(window.track().runs[*run]->serial);
      RESULTSDB_ASSIGN(
          const auto durations,
          engine::read_durations_of_tests(survey_.suite(), window.track().number, serials,
                                          {place.second * engine::kChunkTests, engine::kChunkTests}));
      for (const auto& [found, test] : tests) {
        const auto each =
            std::span(durations).subspan(test % engine::kChunkTests * serials.size(), serials.size());
        std::vector<double> known;
        std::ranges::copy_if(each, std::back_inserter(known), [](std::int64_t value) { return value >= 0; });
        if (known.empty()) continue;
        const Duration typical(static_cast<std::int64_t>(aggregate::median(known)));
        auto& duration = durations_.try_emplace(found, typical).first->second;
        if (typical > duration) continue;
        duration = typical;
        found->test = test;
      }
    }
    return {};
  }

  Result<PlanAnswer> choose() {
    std::vector<std::optional<Duration>> known;
    for (Found& found : found_) {
      const auto duration = durations_.find(&found);
      known.push_back(duration == durations_.end() ? std::nullopt : std::optional(duration->second));
    }
    const std::vector<Duration> durations = durations_.empty()
                                                ? std::vector<Duration>(known.size(), kUnknownDuration)
                                                : aggregate::known_or_median(known);
    std::vector<aggregate::Candidate> candidates;
    for (std::size_t i = 0; i < found_.size(); ++i) {
      PlanItem& item = found_[i].item;
      item.guessed = !known[i];
      item.estimate = durations[i] * item.repeats;
      candidates.push_back({item.value, item.estimate});
    }
    const aggregate::BudgetedPlan plan = aggregate::plan_within(candidates, query_.budget);
    PlanAnswer answer{
        .timelines = survey_.timelines, .items = {}, .candidates = found_.size(), .more = more_};
    answer.basis = survey_.basis;
    std::vector<TestId> tests;
    for (const std::size_t i : plan.order) {
      if (query_.limit != 0 && tests.size() == query_.limit) break;
      tests.push_back(found_[i].test);
      answer.items.push_back(std::move(found_[i].item));
    }
    RESULTSDB_ASSIGN(const auto names, survey_.names(tests));
    for (std::size_t i = 0; i < names.size(); ++i) {
      PlanItem& item = answer.items[i];
      item.test = names[i];
      item.configuration = survey_.timelines[item.timeline].configuration_id;
      answer.total += item.estimate;
    }
    return answer;
  }

  const Survey& survey_;
  const PlanQuery& query_;
  Course course_;
  const Time fresh_since_;
  std::unordered_set<TestId> asked_;
  std::vector<TestSet> stale_, lost_;                // by window
  std::set<std::pair<std::uint32_t, TestId>> seen_;  // lost or stale ones that were bad at some time
  std::vector<Found> found_;
  std::map<const Found*, Duration> durations_;  // of those that are known
  bool more_ = false;
};

}  // namespace

Result<PlanAnswer> Answers::plan(const PlanQuery& query) {
  if (query.budget.count() < 0) return invalid_argument("must not be negative", "budget");
  const auto read_newest_lost = [](std::span<const Survey> surveys) -> Status {
    for (const Window& window : surveys.front().windows)
      if (!window.runs().empty()) RESULTSDB_TRY(surveys.front().lost_tests(window, window.runs().back()));
    return {};
  };
  RESULTSDB_ASSIGN(const Survey survey,
                   Survey::read(*model_->implementation_, query, "plan/1", {}, read_newest_lost));
  return Planning(survey, query).plan(*this);
}

}  // namespace resultsdb
