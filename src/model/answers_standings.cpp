// Verdicts, failing streaks and newest results of some tests.
#include <algorithm>

#include "engine/durations.hpp"
#include "engine/run_selection.hpp"
#include "model/verdict.hpp"
#include "resultsdb/standings.hpp"

namespace resultsdb {
namespace {

StandingsAnswer::Streak streak_of(const Survey& survey, const Window& window, const Course& course,
                                  Time now) {
  const std::uint32_t first = course.newest_stretch();
  const auto pieces = course.pieces();
  return {.outcome = survey.outcome(pieces.back().outcome),
          .runs = course.stretches().back().runs,
          .first_bad = engine::as_of(window.run(pieces[first].first), now),
          .last_good = first == 0 ? nullptr : engine::as_of(window.run(pieces[first - 1].last), now)};
}

std::span<const std::uint32_t> newest_of(const Window& window, std::uint32_t runs) {
  return std::span(window.runs()).last(std::min<std::size_t>(runs, window.runs().size()));
}

/// Of results that came to an end, in the newest `runs` of each timeline.
Result<aggregate::DurationSummary> summarise_durations(const Survey& survey, storage::TestId test,
                                                       std::uint32_t runs) {
  std::vector<engine::RunsOfTimeline> wanted;
  for (const Window& window : survey.windows) {
    engine::RunsOfTimeline& of = wanted.emplace_back();
    of.timeline = window.track().number;
    for (const std::uint32_t run : newest_of(window, runs))
      of.serials.push_back(window.track().runs[run]->serial);
  }
  RESULTSDB_ASSIGN(const auto durations, engine::read_durations_of_test(survey.suite(), test, wanted));
  std::vector<Duration> values;
  std::vector<RunLength> lengths;
  for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
    const Window& window = survey.windows[w];
    window.read_lengths(test, window.track().changes.find(test), {}, lengths);
    std::size_t end = durations[w].size();  // lengths begin with the newest run
    for (const RunLength& length : lengths) {
      const std::size_t first = end - std::min<std::size_t>(end, length.count);
      for (std::size_t i = first; length.outcome >= 0 && i < end; ++i)
        if (durations[w][i] >= 0 &&
            worst_severity(survey.outcome(static_cast<storage::OutcomeId>(length.outcome)).actual) <
                Severity::Timeout)
          values.emplace_back(durations[w][i]);
      end = first;
    }
  }
  return aggregate::summarise(values);
}

}  // namespace

Result<StandingsAnswer> Answers::standings(const StandingsQuery& query) {
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "verdict/1"));
  RESULTSDB_ASSIGN(const auto ids, survey.suite().names().look_up(query.tests));
  StandingsAnswer answer{.timelines = survey.timelines, .tests = {}, .basis = survey.basis};
  answer.tests.resize(ids.size());
  const Time fresh_since = survey.newest_received() - query.stale_after;
  Course course(survey, aggregate::ChangePrior{}.change);
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!ids[i]) continue;
    FlakinessCounts flaky;
    for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
      const Window& window = survey.windows[w];
      window.read_pieces(*ids[i], window.track().changes.find(*ids[i]), pieces);
      course.read(window, pieces);
      if (pieces.empty()) continue;
      StandingsAnswer::Test& test = answer.tests[i];
      test.newest.push_back({w, survey.outcome(pieces.back().outcome),
                             engine::as_of(window.run(pieces.back().last), query.now)});
      const auto verdict = verdict_of(window, course, fresh_since);
      if (!verdict) continue;  // all of it is skipped
      test.verdict = more_urgent(test.verdict, verdict);
      if (const FlakinessCounts counts = course.count(); counts.minority.k > 0) flaky += counts;
      auto& on = test.per_timeline.emplace_back();
      on.timeline = w;
      on.verdict = *verdict;
      if (course.ends_bad()) on.streak = streak_of(survey, window, course, query.now);
    }
    if (flaky.minority.k > 0) answer.tests[i].flaky = flaky.minority.proportion();
    if (query.durations_of > 0) {
      RESULTSDB_ASSIGN(answer.tests[i].durations, summarise_durations(survey, *ids[i], query.durations_of));
    }
  }
  return answer;
}

}  // namespace resultsdb
