// Verdicts and failing streaks of some tests.
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
    for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
      const Window& window = survey.windows[w];
      window.read_pieces(*ids[i], window.track().changes.find(*ids[i]), pieces);
      course.read(window, pieces);
      const auto verdict = verdict_of(window, course, fresh_since);
      if (!verdict) continue;
      answer.tests[i].verdict = more_urgent(answer.tests[i].verdict, verdict);
      auto& on = answer.tests[i].per_timeline.emplace_back();
      on.timeline = w;
      on.verdict = *verdict;
      if (course.ends_bad()) on.streak = streak_of(survey, window, course, query.now);
    }
  }
  return answer;
}

}  // namespace resultsdb
