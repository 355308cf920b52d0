// How a suite stands now.
#include <algorithm>
#include <tuple>

#include "engine/run_selection.hpp"
#include "model/survey.hpp"
#include "resultsdb/overview.hpp"

namespace resultsdb {
namespace {

using Line = OverviewAnswer::Line;

std::uint64_t count_unexpected(const RunInfo& run) {
  std::uint64_t count = 0;
  for (const auto& [outcome, results] : run.counts.outcomes)
    if (is_unexpected(outcome.expected, outcome.actual)) count += results;
  return count;
}

Outcome worst_unexpected(const RunInfo& run) {
  Outcome worst;
  for (const auto& [outcome, results] : run.counts.outcomes)
    if (is_unexpected(outcome.expected, outcome.actual) &&
        (worst.plain_pass() || worst_severity(outcome.actual) > worst_severity(worst.actual)))
      worst = outcome;
  return worst;
}

/// `runs` are those that came to an end, newest first, at least one.
Line read_line(std::uint32_t timeline, const std::vector<RunInfoPtr>& runs) {
  Line line{.timeline = timeline, .newest = runs.front(), .worst = worst_unexpected(*runs.front())};
  line.unexpected = count_unexpected(*line.newest);
  for (std::size_t i = 0; i < std::min<std::size_t>(runs.size(), OverviewAnswer::kTrend); ++i)
    line.trend.push_back(count_unexpected(*runs[i]));
  const auto good =
      std::ranges::find_if(runs, [](const RunInfoPtr& run) { return count_unexpected(*run) == 0; });
  if (good != runs.begin()) line.first_bad = *std::prev(good);
  if (good != runs.begin() && good != runs.end()) line.last_good = *good;
  return line;
}

std::vector<RunInfoPtr> newest_first(std::vector<RunInfoPtr> runs) {
  std::ranges::stable_sort(runs, [](const RunInfoPtr& a, const RunInfoPtr& b) {
    return engine::run_before(*b, *a, RunOrder::Position);
  });
  return runs;
}

/// The newest first. Those in which nearly everything is bad are among them: statistics pass them over, but a
/// suite where all tests fail does not stand well.
std::vector<RunInfoPtr> runs_of(const Window& window, Time now) {
  std::vector<RunInfoPtr> runs;
  for (const std::uint32_t run : window.runs()) runs.push_back(engine::as_of(window.run(run), now));
  for (const ExcludedRun& excluded : window.excluded())
    if (excluded.why == ExcludedRun::Why::MostFailed) runs.push_back(excluded.run);
  return newest_first(std::move(runs));
}

/// Declared so, the newest first.
std::vector<RunInfoPtr> failed_runs_of(const Window& window) {
  std::vector<RunInfoPtr> runs;
  for (const ExcludedRun& excluded : window.excluded())
    if (excluded.why == ExcludedRun::Why::Declared) runs.push_back(excluded.run);
  return newest_first(std::move(runs));
}

/// As runs_of() has them.
Basis basis_of(const Survey& survey) {
  Basis basis = survey.basis;
  std::erase_if(basis.excluded, [&](const ExcludedRun& excluded) {
    if (excluded.why != ExcludedRun::Why::MostFailed) return false;
    ++basis.runs;
    basis.results += excluded.run->counts.covered;
    return true;
  });
  return basis;
}

}  // namespace

Result<OverviewAnswer> Answers::overview(const OverviewQuery& query) {
  Question question{.suite = query.suite, .selection = query.selection, .last = query.look_back};
  question.now = query.now;
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, question, "overview/1"));
  OverviewAnswer answer{.timelines = survey.timelines, .basis = basis_of(survey)};
  const Time newest = survey.newest_received();
  for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
    const Time last = survey.timelines[w].last_received;
    if (last < newest - query.expire_after) continue;
    if (last < newest - query.stale_after) answer.stale.push_back(w);
    std::vector<RunInfoPtr> ended;
    for (RunInfoPtr& run : runs_of(survey.windows[w], query.now)) {
      auto& list = run->state == RunState::Running ? answer.running : ended;
      list.push_back(std::move(run));
    }
    const std::vector<RunInfoPtr> failed = failed_runs_of(survey.windows[w]);
    if (ended.empty() && failed.empty()) continue;
    Line& line = answer.lines.emplace_back(read_line(w, ended.empty() ? failed : ended));
    line.failed_runs = static_cast<std::uint32_t>(std::ranges::count_if(failed, [&](const RunInfoPtr& run) {
      return ended.empty() || engine::run_before(*line.newest, *run, RunOrder::Position);
    }));
  }
  std::ranges::stable_sort(answer.running, [](const RunInfoPtr& a, const RunInfoPtr& b) {
    return engine::run_before(*b, *a, RunOrder::Started);
  });
  std::ranges::stable_sort(answer.stale, {}, [&](auto w) { return survey.timelines[w].last_received; });
  const auto rank = [](const Line& line) {
    return std::tuple(line.healthy(), -static_cast<int>(worst_severity(line.worst.actual)),
                      -static_cast<std::int64_t>(line.unexpected));
  };
  std::ranges::stable_sort(answer.lines, {}, rank);
  return answer;
}

}  // namespace resultsdb
