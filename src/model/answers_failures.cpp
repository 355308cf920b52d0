// What failed in a window of runs, and why single results did.
#include <algorithm>
#include <map>
#include <set>

#include "engine/bad_details.hpp"
#include "engine/run_selection.hpp"
#include "model/failure_text.hpp"
#include "model/survey.hpp"
#include "resultsdb/failing_tests.hpp"

namespace resultsdb {
namespace {

using storage::OutcomeId;
using storage::TestId;

class FailureReader {
 public:
  explicit FailureReader(const Survey& survey) : survey_(survey), outcomes_(survey.outcomes()) {
    for (const OutcomeInfo& info : outcomes_)
      badness_.emplace_back(worst_severity(info.outcome.actual),
                            is_unexpected(info.outcome.expected, info.outcome.actual));
  }

  /// Tests with a bad result in the window, ascending.
  std::vector<TestId> failing() const {
    std::set<TestId> failing;
    survey_.visit_bad([&](std::uint32_t, TestId test, std::span<const Piece> pieces) {
      if (std::ranges::any_of(pieces, [&](const Piece& piece) { return survey_.is_bad(piece.outcome); }))
        failing.insert(test);
    });
    return {failing.begin(), failing.end()};
  }

  FailingTest read(TestId test, std::string_view name) {
    FailingTest failing{.test = std::string(name), .first = {}, .newest = {}, .on = {}};
    bool any = false;
    for (const Window& window : survey_.windows) {
      auto& on = failing.on.emplace_back();
      window.read_pieces(test, window.track().changes.find(test), pieces_);
      for (const Piece& piece : pieces_) {
        if (on.worst < 0 || is_worse(piece.outcome, static_cast<OutcomeId>(on.worst)))
          on.worst = static_cast<std::int32_t>(piece.outcome);
        if (!survey_.is_skip(piece.outcome)) on.runs += piece.runs;
        if (!survey_.is_bad(piece.outcome)) continue;
        on.bad += piece.runs;
        if (!any || is_worse(piece.outcome, failing.worst)) failing.worst = piece.outcome;
        any = true;
        const RunInfoPtr &first = window.run(piece.first), &last = window.run(piece.last);
        if (!failing.first || before(*first, *failing.first)) failing.first = first;
        if (!failing.newest || before(*failing.newest, *last)) failing.newest = last;
      }
      failing.bad += on.bad;
      failing.runs += on.runs;
    }
    return failing;
  }

 private:
  static bool before(const RunInfo& a, const RunInfo& b) {
    return engine::run_before(a, b, RunOrder::Position);
  }
  bool is_worse(OutcomeId a, OutcomeId b) const { return badness_[a] > badness_[b]; }

  const Survey& survey_;
  const std::vector<OutcomeInfo> outcomes_;
  std::vector<std::pair<Severity, bool>> badness_;  // by outcome; of equal ones the unexpected is worse
  std::vector<Piece> pieces_;
};

/// What was planned and lost is neither run nor passed.
Status mark_lost(const Survey& survey, std::span<const TestId> ids, std::vector<FailingTest>& tests) {
  for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
    const auto not_run = [w](const FailingTest& test) { return test.on[w].worst == kNotCovered; };
    if (std::ranges::none_of(tests, not_run)) continue;
    RESULTSDB_ASSIGN(const auto lost, survey.lost_tests(survey.windows[w], survey.windows[w].runs()));
    for (std::size_t i = 0; i < tests.size(); ++i)
      if (not_run(tests[i]) && lost.contains(ids[i])) tests[i].on[w].worst = kLost;
  }
  return {};
}

std::vector<RunInfoPtr> runs_newest_first(const Survey& survey, Time now) {
  std::vector<RunInfoPtr> runs;
  for (const Window& window : survey.windows)
    for (const std::uint32_t run : window.runs()) runs.push_back(engine::as_of(window.run(run), now));
  std::stable_sort(runs.begin(), runs.end(), [](const RunInfoPtr& a, const RunInfoPtr& b) {
    return engine::run_before(*b, *a, RunOrder::Position);
  });
  return runs;
}

/// Where a run of the survey stands; nothing: it is gone.
std::optional<storage::RunRef> find_run(const Survey& survey, const RunInfo& run) {
  for (const Window& window : survey.windows) {
    const engine::SuiteTrack& track = window.track();
    if (track.info.id != run.timeline) continue;
    const auto found = std::ranges::find(track.runs, run.id,
                                         [](const engine::RunEntryPtr& entry) { return entry->info->id; });
    if (found != track.runs.end()) return storage::RunRef{track.number, (*found)->serial};
  }
  return std::nullopt;
}

}  // namespace

Result<FailuresAnswer> Answers::failures(const FailuresQuery& query) {
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "failures/1", {},
                                                     Survey::read_all_lost));
  FailureReader reader(survey);
  std::vector<TestId> ids = reader.failing();
  if (!query.test.empty()) {
    RESULTSDB_ASSIGN(const TestId wanted, survey.find_test(query.test));
    std::erase_if(ids, [&](TestId id) { return id != wanted; });
  }
  FailuresAnswer answer{.timelines = survey.timelines,
                        .runs = runs_newest_first(survey, query.now),
                        .outcomes = survey.outcomes(),
                        .tests = {},
                        .basis = survey.basis};
  RESULTSDB_ASSIGN(const auto names, survey.names(ids));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    FailingTest test = reader.read(ids[i], names[i]);
    for (RunInfoPtr* run : {&test.first, &test.newest}) *run = engine::as_of(*run, query.now);
    answer.tests.push_back(std::move(test));
  }
  RESULTSDB_TRY(mark_lost(survey, ids, answer.tests));
  std::ranges::sort(answer.tests, {}, &FailingTest::test);
  return answer;
}

Result<std::vector<ReasonOfResult>> Answers::reasons(const std::string& suite, Question::Bad bad,
                                                     std::span<const BadAt> results) {
  Question question{.suite = suite, .bad = bad};
  std::set<std::string> timelines;
  for (const BadAt& result : results) timelines.insert(result.run->timeline);
  question.selection.timelines.assign(timelines.begin(), timelines.end());
  std::vector<ReasonOfResult> reasons(results.size());
  if (results.empty()) return reasons;
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, question, "reasons/1"));
  std::map<std::string_view, std::map<TestId, std::vector<std::size_t>>> by_run;  // indexes into `results`
  for (std::size_t i = 0; i < results.size(); ++i) {
    RESULTSDB_ASSIGN(const TestId test, survey.find_test(results[i].test));
    by_run[results[i].run->id][test].push_back(i);
  }
  for (const auto& [run, wanted] : by_run) {
    const auto ref = find_run(survey, *results[wanted.begin()->second.front()].run);
    if (!ref) continue;
    const engine::BadResultsQuery read{
        .runs = {&*ref, 1},
        .bad = bad == Question::Bad::Failing ? engine::BadResults::Failing : engine::BadResults::Unexpected,
        .limit = wanted.size(),
        .wanted = [&wanted](TestId test) { return wanted.contains(test); }};
    RESULTSDB_TRY(engine::visit_bad_results(survey.suite(), read, [&](const engine::BadResult& result) {
      const auto told = tell_reason(result.actual, read_failure_text(result.detail));
      for (const std::size_t i : wanted.at(result.test))
        if (told) reasons[i] = {told->reason.id, told->reason.pattern, told->crash};
    }));
  }
  return reasons;
}

}  // namespace resultsdb
