// The flakiest tests of a suite.
#include <algorithm>
#include <unordered_map>

#include "model/course.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {
namespace {

using storage::TestId;

/// A test, or a test on one timeline, while it is added up.
struct Candidate {
  TestId test = 0;
  FlakinessCounts counts;
  std::vector<FlakyTest::OnTimeline> timelines;
  RunInfoPtr last_bad, last_good;
  double score = 0;
};

const RunInfoPtr& newer(const RunInfoPtr& a, const RunInfoPtr& b) {
  if (!a || !b) return a ? a : b;
  return std::tie(a->position, a->started) < std::tie(b->position, b->started) ? b : a;
}

class Ranking {
 public:
  Ranking(const Survey& survey, const FlakyQuery& query)
      : survey_(survey), query_(query), course_(survey, aggregate::ChangePrior{}.change) {}

  Result<FlakyAnswer> rank() {
    survey_.visit_bad(
        [&](std::uint32_t window, TestId test, std::span<const Piece> pieces) { add(window, test, pieces); });
    FlakyAnswer answer;
    answer.total = candidates_.size();
    for (Candidate& candidate : candidates_) candidate.score = candidate.counts.flakiness().score();
    std::vector<TestId> tests;
    for (const Candidate& candidate : candidates_) tests.push_back(candidate.test);
    RESULTSDB_ASSIGN(const auto names, survey_.names(tests));
    std::vector<std::size_t> order(candidates_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const std::size_t shown =
        query_.limit == 0 ? order.size() : std::min<std::size_t>(query_.limit, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                      [&](std::size_t a, std::size_t b) {
                        const Candidate &x = candidates_[a], &y = candidates_[b];
                        if (x.score != y.score) return x.score > y.score;
                        if (x.counts.flips.k != y.counts.flips.k) return x.counts.flips.k > y.counts.flips.k;
                        return names[a] != names[b] ? names[a] < names[b] : a < b;
                      });
    for (std::size_t i = 0; i < shown; ++i)
      answer.tests.push_back(show(candidates_[order[i]], names[order[i]]));
    answer.timelines = survey_.timelines;
    answer.basis = survey_.basis;
    return answer;
  }

 private:
  void add(std::uint32_t window, TestId test, std::span<const Piece> pieces) {
    course_.read(survey_.windows[window], pieces);
    if (!course_.changes_between_good_and_bad()) return;
    const FlakinessCounts counts = course_.count();
    if (counts.minority.k == 0 || counts.minority.n < query_.min_runs) return;
    Candidate& candidate = candidate_of(test);
    candidate.counts += counts;
    candidate.timelines.push_back({window, counts.minority.proportion()});
    const auto note = [&](bool bad) -> RunInfoPtr {
      const auto last =
          std::find_if(course_.pieces().rbegin(), course_.pieces().rend(),
                       [&](const Piece& piece) { return survey_.is_bad(piece.outcome) == bad; });
      return survey_.windows[window].run(last->last);
    };
    candidate.last_bad = newer(candidate.last_bad, note(true));
    candidate.last_good = newer(candidate.last_good, note(false));
  }

  Candidate& candidate_of(TestId test) {
    if (!query_.by_timeline) {
      const auto [found, fresh] = places_.emplace(test, candidates_.size());
      if (!fresh) return candidates_[found->second];
    }
    candidates_.push_back({.test = test, .counts = {}, .timelines = {}, .last_bad = {}, .last_good = {}});
    return candidates_.back();
  }

  std::uint64_t repeated_commits(const Window& window, TestId test) {
    window.read_pieces(test, window.track().changes.find(test), pieces_);
    course_.read(window, pieces_);
    return course_.repeated_commits(test);
  }

  FlakyTest show(Candidate& candidate, std::string_view name) {
    for (const auto& each : candidate.timelines)
      candidate.counts.disagreement.n += repeated_commits(survey_.windows[each.timeline], candidate.test);
    return {std::string(name), candidate.counts.flakiness(), std::move(candidate.timelines),
            candidate.last_bad, candidate.last_good};
  }

  const Survey& survey_;
  const FlakyQuery& query_;
  Course course_;
  std::vector<Piece> pieces_;
  std::vector<Candidate> candidates_;
  std::unordered_map<TestId, std::size_t> places_;
};

}  // namespace

Result<FlakyAnswer> Answers::flaky(const FlakyQuery& query) {
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "flaky.minority/1"));
  return Ranking(survey, query).rank();
}

}  // namespace resultsdb
