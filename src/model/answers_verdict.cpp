// What is the matter with one test.
#include <algorithm>
#include <map>

#include "model/verdict.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {
namespace {

class Judging {
 public:
  Judging(const Survey& survey, const VerdictQuery& query, storage::TestId test)
      : survey_(survey),
        query_(query),
        test_(test),
        course_(survey, aggregate::ChangePrior{}.change),
        fresh_since_(survey.newest_received() - query.stale_after) {}

  VerdictAnswer judge() {
    VerdictAnswer answer;
    FlakinessCounts sum;
    for (std::uint32_t w = 0; w < survey_.windows.size(); ++w) {
      const Window& window = survey_.windows[w];
      window.read_pieces(test_, window.track().changes.find(test_), pieces_);
      course_.read(window, pieces_);
      FlakinessCounts counts = course_.count();
      counts.disagreement.n = course_.repeated_commits(test_);
      sum += counts;
      answer.per_timeline.push_back(judge(w, window));
      answer.per_timeline.back().flakiness = counts.flakiness();
      note_commits(window);
    }
    for (const auto& each : answer.per_timeline) answer.verdict = more_urgent(answer.verdict, each.verdict);
    answer.flakiness = sum.flakiness();
    answer.across_configurations = across_configurations();
    answer.timelines = survey_.timelines;
    answer.basis = survey_.basis;
    return answer;
  }

 private:
  VerdictAnswer::OnTimeline judge(std::uint32_t w, const Window& window) {
    VerdictAnswer::OnTimeline on{
        .timeline = w, .flakiness = {}, .segment_start = {}, .last_good = {}, .first_bad = {}, .events = {}};
    if (course_.pieces().empty()) return on;
    on.runs = course_.runs();
    on.events = course_.events();
    for (ChangeEvent& event : on.events) {
      event.timeline = w;
      event.test = query_.test;
    }
    const Segment& newest = course_.segments().back();
    on.segment_start = window.run(course_.pieces()[newest.first_piece].first);
    if (course_.ends_bad()) {
      const std::uint32_t bad = course_.newest_stretch();
      on.first_bad = window.run(course_.pieces()[bad].first);
      if (bad > 0) on.last_good = window.run(course_.pieces()[bad - 1].last);
    }
    on.verdict = verdict_of(window, course_, fresh_since_);
    return on;
  }

  struct Seen {
    std::uint32_t timelines = 0;
    const Window* last = nullptr;
    bool good = false, bad = false;
  };

  void note_commits(const Window& window) {
    course_.visit_runs(test_, [&](std::uint32_t run, const Piece& piece) {
      Seen& seen = commits_[window.run(run)->position];
      if (seen.last != &window) ++seen.timelines;
      seen.last = &window;
      (survey_.is_bad(piece.outcome) ? seen.bad : seen.good) = true;
    });
  }

  Proportion across_configurations() const {
    std::uint64_t several = 0, disagree = 0;
    for (const auto& [position, seen] : commits_) {
      if (seen.timelines < 2) continue;
      ++several;
      disagree += seen.good && seen.bad ? 1 : 0;
    }
    return aggregate::wilson(disagree, several);
  }

  const Survey& survey_;
  const VerdictQuery& query_;
  const storage::TestId test_;
  Course course_;
  const Time fresh_since_;
  std::vector<Piece> pieces_;
  std::map<Position, Seen> commits_;
};

}  // namespace

std::string_view to_string(Verdict verdict) noexcept {
  constexpr std::string_view kNames[] = {"stale", "unknown", "regressed", "broken",
                                         "flaky", "fixed",   "healthy"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Result<VerdictAnswer> Answers::verdict(const VerdictQuery& query) {
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "verdict/1"));
  RESULTSDB_ASSIGN(const storage::TestId test, survey.find_test(query.test));
  return Judging(survey, query, test).judge();
}

}  // namespace resultsdb
