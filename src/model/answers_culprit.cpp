// Which commits may have changed a test.
#include <algorithm>
#include <cmath>
#include <set>

#include "model/course.hpp"
#include "resultsdb/aggregate/culprit.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {
namespace {

// Places this much less likely than the best one (in nats) are not looked at: together they weigh nothing.
constexpr double kNegligible = 30;
constexpr std::uint32_t kCommitsPerPage = 10'000, kMostCommits = 50'000, kShownCommits = 100;
constexpr double kLeastShownMass = 1e-3;
constexpr std::uint32_t kMostRepeats = 5;
constexpr std::size_t kPlacesOfGap = 64;

/// What one timeline's runs around its change say.
struct Evidence {
  std::uint32_t window = 0;
  ChangeEvent event;
  Position after = 0, to = 0;  // of two runs of one commit: that commit
  double rate_before = 0, rate_after = 0, minutes = 1;
  std::vector<Position> positions;  // of its runs, ascending
  std::vector<double> places;       // ln P(the change is before run i), i = 0 … n
};

bool went_bad(const ChangeEvent& event) {
  return (event.kind == ChangeKind::Regression || event.kind == ChangeKind::Flaky) &&
         event.after.rate() > event.before.rate();
}

class Search {
 public:
  Search(const Survey& survey, const CulpritQuery& query, storage::TestId test)
      : survey_(survey), query_(query), test_(test), course_(survey, query.change) {}

  Result<CulpritAnswer> search(Model& model) {
    for (std::uint32_t w = 0; w < survey_.windows.size(); ++w) gather(w);
    answer_.timelines = survey_.timelines;
    answer_.basis = survey_.basis;
    if (evidence_.empty()) {
      using Status = CulpritAnswer::Status;
      answer_.status = expectation_changed_ ? Status::ExpectationChange
                       : ends_bad_          ? Status::NotEnoughData
                                            : Status::None;
      return answer_;
    }
    answer_.status = CulpritAnswer::Status::Found;
    keep_one_cause();
    weigh_gaps();
    RESULTSDB_TRY(count_commits(model));
    spread_mass();
    intersect();
    show_posterior();
    plan();
    return answer_;
  }

 private:
  void gather(std::uint32_t w) {
    const Window& window = survey_.windows[w];
    window.read_pieces(test_, window.track().changes.find(test_), pieces_);
    course_.read(window, pieces_);
    ends_bad_ = ends_bad_ || course_.ends_bad();
    const std::vector<ChangeEvent> events = course_.events();
    std::optional<std::size_t> chosen;
    for (std::size_t i = 0; i < events.size(); ++i) {
      expectation_changed_ = expectation_changed_ || events[i].kind == ChangeKind::Expectation;
      if (!went_bad(events[i])) continue;
      if (!chosen || !query_.near || distance(events[i]) <= distance(events[*chosen])) chosen = i;
    }
    if (!chosen) return;
    Evidence evidence{.window = w, .event = events[*chosen], .positions = {}, .places = {}};
    evidence.event.timeline = w;
    evidence.event.test = query_.test;
    const Segment &before = course_.segments()[*chosen], &after = course_.segments()[*chosen + 1];
    const auto pieces = course_.pieces();
    const std::uint32_t first = pieces[before.first_piece].first, last = pieces[after.end_piece - 1].last;
    course_.visit_runs(test_, [&](std::uint32_t run, const Piece&) {
      if (first <= run && run <= last) evidence.positions.push_back(window.run(run)->position);
    });
    evidence.rate_before = mean_rate(evidence.event.before);
    evidence.rate_after = mean_rate(evidence.event.after);
    evidence.minutes = run_minutes(window);
    evidence.after = evidence.event.cause_after();
    evidence.to = evidence.event.after_run->position;
    const double none = course_.finder().log_likelihood(before.bad + after.bad, before.runs + after.runs);
    evidence.places = course_.finder().log_place(course_.stretches_around(*chosen + 1));
    evidence.places.insert(evidence.places.begin(), none);
    evidence.places.push_back(none);
    evidence_.push_back(std::move(evidence));
  }

  Position distance(const ChangeEvent& event) const {
    return std::abs(event.after_run->position - *query_.near);
  }

  /// Timelines whose ranges meet that of the newest change (or the nearest to what was asked) share its
  /// cause.
  void keep_one_cause() {
    const auto lead =
        std::max_element(evidence_.begin(), evidence_.end(), [this](const Evidence& a, const Evidence& b) {
          if (query_.near) return distance(a.event) > distance(b.event);
          return a.event.after_run->position < b.event.after_run->position;
        });
    const Position after = lead->after, to = lead->to;
    std::erase_if(evidence_, [&](const Evidence& each) { return each.to <= after || to <= each.after; });
  }

  /// Gaps between neighbouring tested places of all timelines, and how likely each timeline makes them.
  void weigh_gaps() {
    std::set<Position> tested;
    for (const Evidence& evidence : evidence_) {
      tested.insert(evidence.positions.begin(), evidence.positions.end());
      tested.insert(evidence.after);
    }
    ends_.assign(tested.begin(), tested.end());
    for (std::size_t i = 1; i < ends_.size(); ++i) {
      double sum = 0;
      for (const Evidence& evidence : evidence_) {
        const auto before =
            std::upper_bound(evidence.positions.begin(), evidence.positions.end(), ends_[i - 1]);
        sum += evidence.places[static_cast<std::size_t>(before - evidence.positions.begin())];
      }
      weights_.push_back(sum);
    }
    if (weights_.empty()) return;
    const double best = *std::max_element(weights_.begin(), weights_.end());
    const auto counts = [&](double weight) { return weight > best - kNegligible; };
    const auto first = std::find_if(weights_.begin(), weights_.end(), counts) - weights_.begin();
    const auto last = weights_.rend() - std::find_if(weights_.rbegin(), weights_.rend(), counts);
    ends_ = {ends_.begin() + first, ends_.begin() + last + 1};
    weights_ = {weights_.begin() + first, weights_.begin() + last};
    commits_.resize(weights_.size());
  }

  Status count_commits(Model& model) {
    if (weights_.empty()) return {};
    const RunInfo& run = *evidence_.front().event.after_run;
    const auto of_position = std::ranges::find(run.commits, run.position, &RunCommit::position);
    if (of_position == run.commits.end()) return {};
    CommitsQuery query{.repository = of_position->repository,
                       .branch = {},
                       .from_position = ends_.front() + 1,
                       .to_position = ends_.back(),
                       .ascending = true,
                       .limit = kCommitsPerPage};
    RESULTSDB_ASSIGN(query.branch, branch_of(model, *of_position, run.branch));
    std::uint32_t seen = 0;
    std::set<std::string> known;
    do {
      RESULTSDB_ASSIGN(auto page, model.commits(query));
      for (Commit& commit : page.items) {
        // One that several branches have is one candidate.
        if (!commit.position || !known.insert(commit.id()).second) continue;
        const auto gap =
            std::lower_bound(ends_.begin() + 1, ends_.end(), *commit.position) - ends_.begin() - 1;
        commits_[static_cast<std::size_t>(gap)].push_back(std::move(commit));
        ++seen;
      }
      query.page = std::move(page.next);
    } while (!query.page.empty() && seen < kMostCommits);
    return {};
  }

  /// Commits of other branches are no suspects: the one that has the run's commit, `likely` if several do.
  static Result<std::optional<std::string>> branch_of(Model& model, const RunCommit& of,
                                                      std::string_view likely) {
    RESULTSDB_ASSIGN(const auto page, model.commits({.repository = of.repository,
                                                     .branch = {},
                                                     .from_position = of.position,
                                                     .to_position = of.position}));
    std::optional<std::string> branch;
    for (const Commit& commit : page.items)
      if (commit.id() == of.id && (!branch || commit.branch == likely)) branch = commit.branch;
    return branch;
  }

  void spread_mass() {
    if (weights_.empty()) return;
    const double best = *std::max_element(weights_.begin(), weights_.end());
    double sum = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const auto candidates = static_cast<double>(std::max<std::size_t>(1, commits_[i].size()));
      sum += mass_.emplace_back(candidates * std::exp(weights_[i] - best));
    }
    for (double& each : mass_) each /= sum;
  }

  CulpritAnswer::Range range(std::size_t first, std::size_t end) const {
    CulpritAnswer::Range range{.after = ends_[first], .to = ends_[end], .mass = 0, .commits = {}};
    for (std::size_t i = first; i < end; ++i) {
      range.mass += mass_[i];
      for (const Commit& commit : commits_[i])
        if (range.commits.size() < kShownCommits) range.commits.push_back(commit);
    }
    return range;
  }

  void intersect() {
    Position after = evidence_.front().after, to = evidence_.front().to;
    for (const Evidence& evidence : evidence_) {
      after = std::max(after, evidence.after);
      to = std::min(to, evidence.to);
      answer_.per_timeline.push_back(evidence.event);
    }
    const auto first = std::lower_bound(ends_.begin(), ends_.end(), after);
    const auto last = std::lower_bound(ends_.begin(), ends_.end(), to);
    if (after < to && first != ends_.end() && last != ends_.end())
      answer_.combined = range(static_cast<std::size_t>(first - ends_.begin()),
                               static_cast<std::size_t>(last - ends_.begin()));
  }

  void show_posterior() {
    for (std::size_t i = 0; i < mass_.size(); ++i)
      if (mass_[i] >= kLeastShownMass) answer_.posterior.push_back(range(i, i + 1));
    std::stable_sort(answer_.posterior.begin(), answer_.posterior.end(),
                     [](const auto& a, const auto& b) { return a.mass > b.mass; });
    for (const double confidence : {0.5, 0.95, 0.99}) {
      const aggregate::GapRange found = aggregate::credible_range(mass_, confidence);
      if (found.first == found.last) continue;
      CulpritAnswer::Range shown = range(found.first, found.last);
      shown.commits.clear();
      answer_.credible.push_back({confidence, std::move(shown)});
    }
  }

  /// The commit, timeline and number of runs that tell most a minute. Within a gap only the share below
  /// moves: a few dozen of its places are enough.
  void plan() {
    const aggregate::GapRange likely = aggregate::credible_range(mass_, 0.99);
    double below = 0, most = 0;
    for (std::size_t i = 0; i < likely.first; ++i) below += mass_[i];
    for (std::size_t i = likely.first; i < likely.last; below += mass_[i++]) {
      const std::size_t places = std::max<std::size_t>(1, commits_[i].size());
      const std::size_t step = (places + kPlacesOfGap - 1) / kPlacesOfGap;
      for (std::size_t c = step - 1; c < places; c += step) {
        const double share = below + mass_[i] * static_cast<double>(c + 1) / static_cast<double>(places);
        const Position place = commits_[i].empty() ? ends_[i + 1] : *commits_[i][c].position;
        for (const Evidence& evidence : evidence_) consider(evidence, place, std::min(1.0, share), most);
      }
    }
  }

  void consider(const Evidence& evidence, Position place, double below, double& most) {
    for (std::uint32_t repeats = 1; repeats <= kMostRepeats; ++repeats) {
      const double gain = aggregate::expected_gain(below, evidence.rate_before, evidence.rate_after, repeats);
      // Not worth anybody's time, and ties go to the first.
      if (gain < 0.01 || gain / (evidence.minutes * repeats) <= most * (1 + 1e-9)) continue;
      most = gain / (evidence.minutes * repeats);
      answer_.next_test = {place, evidence.window, repeats, gain};
    }
  }

  /// Of the posterior under Jeffreys' prior.
  static double mean_rate(const Proportion& p) {
    return (static_cast<double>(p.k) + 0.5) / (static_cast<double>(p.n) + 1);
  }

  /// Median length of the timeline's newest runs; one minute if it is not known.
  static double run_minutes(const Window& window) {
    std::vector<double> minutes;
    for (auto run = window.runs().rbegin(); run != window.runs().rend() && minutes.size() < 20; ++run) {
      const RunInfo& info = *window.run(*run);
      if (info.finished && *info.finished > info.started)
        minutes.push_back(
            std::chrono::duration<double, std::ratio<60>>(*info.finished - info.started).count());
    }
    if (minutes.empty()) return 1;
    std::nth_element(minutes.begin(), minutes.begin() + static_cast<long>(minutes.size() / 2), minutes.end());
    return minutes[minutes.size() / 2];
  }

  const Survey& survey_;
  const CulpritQuery& query_;
  const storage::TestId test_;
  Course course_;
  std::vector<Piece> pieces_;
  bool ends_bad_ = false, expectation_changed_ = false;
  std::vector<Evidence> evidence_;
  std::vector<Position> ends_;                // gap i is (ends_[i], ends_[i + 1]]
  std::vector<double> weights_;               // ln, by gap
  std::vector<std::vector<Commit>> commits_;  // by gap
  std::vector<double> mass_;                  // by gap
  CulpritAnswer answer_;
};

}  // namespace

Result<CulpritAnswer> Answers::culprit(const CulpritQuery& query) {
  if (!(query.change > 0 && query.change < 1)) return invalid_argument("must be between 0 and 1", "change");
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "culprit.posterior/1"));
  RESULTSDB_ASSIGN(const storage::TestId test, survey.find_test(query.test));
  return Search(survey, query, test).search(*model_);
}

}  // namespace resultsdb
