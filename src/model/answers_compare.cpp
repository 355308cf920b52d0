// Two sides of runs, test by test.
#include <algorithm>
#include <map>
#include <set>

#include "model/comparing.hpp"
#include "model/flaky_tests.hpp"
#include "model/survey.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {
namespace {

using engine::TestSet;
using storage::TestId;

constexpr double kSignificant = 0.05;

/// What one side's runs of a pair say of a test.
struct Seen {
  std::uint64_t bad = 0, runs = 0;
  std::optional<storage::OutcomeId> newest;
  const RunInfo* run = nullptr;

  double rate() const { return runs == 0 ? 0 : static_cast<double>(bad) / static_cast<double>(runs); }
};

/// One side of a pair of configurations.
struct Side {
  std::vector<const Window*> windows;
  TestSet covered, lost;
  std::uint32_t runs = 0;
};

class Comparing {
 public:
  Comparing(const CompareQuery& query, const Survey& a, const Survey& b) : query_(query), a_(a), b_(b) {}

  Result<Comparison> compare() {
    for (const OutcomeInfo& outcome : a_.outcomes())
      notable_.push_back(a_.is_bad(outcome.id) || a_.is_skip(outcome.id));
    pair_up();
    for (auto& [configuration, sides] : pairs_)
      RESULTSDB_TRY(compare(configuration, sides.first, sides.second));
    std::vector<double> p;
    for (const Item& item : items_)
      if (item.is_compared()) p.push_back(item.p_value);
    const std::vector<double> q = aggregate::q_values(p, compared_);
    auto next = q.begin();
    for (Item& item : items_) {
      if (item.is_compared()) item.q_value = *next++;
      classify(item);
    }
    RESULTSDB_TRY(show());
    return std::move(comparison_);
  }

 private:
  /// A test of a pair. Most of many are left out by the limit: what is shown is made of those that are not.
  struct Item {
    TestId test = 0;
    const std::string* configuration = nullptr;
    std::string_view name;
    Difference difference = Difference::Same;
    Seen a, b;
    bool rates = false;
    double p_value = 1, q_value = 1;

    bool is_compared() const { return a.newest && b.newest; }
  };

  void pair_up() {
    const auto add = [&](const Survey& survey, bool first) {
      for (std::size_t w = 0; w < survey.windows.size(); ++w) {
        const Window& window = survey.windows[w];
        if (window.runs().empty()) continue;
        const Configuration& configuration = survey.timelines[w].configuration;
        auto& pair = pairs_[query_.pair_configurations ? configuration_id(configuration) : std::string()];
        (first ? pair.first : pair.second).windows.push_back(&window);
        auto& runs = first ? comparison_.runs_a : comparison_.runs_b;
        for (const std::uint32_t run : window.runs()) runs.push_back(window.run(run));
      }
    };
    add(a_, true);
    add(b_, false);
    comparison_.basis = a_.basis;
    comparison_.basis.runs += b_.basis.runs;
    comparison_.basis.results += b_.basis.results;
    comparison_.basis.excluded.insert(comparison_.basis.excluded.end(), b_.basis.excluded.begin(),
                                      b_.basis.excluded.end());
  }

  /// Only tests that are asked for.
  Status cover(const Survey& survey, Side& side) const {
    for (const Window* window : side.windows) {
      side.runs += static_cast<std::uint32_t>(window->runs().size());
      side.covered = TestSet::united(side.covered, window->covered_by(window->runs()));
      for (const std::uint32_t run : window->runs()) {
        RESULTSDB_ASSIGN(const auto lost, survey.lost_tests(*window, run));
        if (!lost->empty()) side.lost = TestSet::united(side.lost, TestSet::from_sorted(*lost));
      }
    }
    if (const auto& wanted = survey.wanted()) side.covered = TestSet::intersection(side.covered, *wanted);
    return {};
  }

  Status compare(const std::string& configuration, Side& a, Side& b) {
    RESULTSDB_TRY(cover(a_, a));
    RESULTSDB_TRY(cover(b_, b));
    if (a.windows.empty() || b.windows.empty()) {
      const Side& there = a.windows.empty() ? b : a;
      count(a.windows.empty() ? Difference::NotRunA : Difference::NotRunB) += there.covered.size();
      (a.windows.empty() ? comparison_.only_in_b : comparison_.only_in_a)
          .push_back(there.windows.front()->track().info.configuration);
      return {};
    }
    for (const TestId test : TestSet::difference(a.covered, b.covered).ids()) {
      const bool in_a = a.covered.contains(test);
      const bool was_lost = (in_a ? b : a).lost.contains(test);
      Item& item = items_.emplace_back(Item{.test = test, .configuration = &configuration});
      item.difference = was_lost ? (in_a ? Difference::NotRunB : Difference::NotRunA)
                                 : (in_a ? Difference::OnlyA : Difference::OnlyB);
      (in_a ? item.a : item.b) = look(in_a ? a : b, test);
    }
    const TestSet both = TestSet::intersection(a.covered, b.covered);
    compared_ += both.size();
    std::uint64_t listed = 0;
    for (const TestId test : notable_tests(a, b))
      if (both.contains(test) && compare_test(configuration, a, b, test)) ++listed;
    count(Difference::Same) += both.size() - listed;
    return {};
  }

  /// Calls `each(test)` for those that are not all good in one of these windows of a track.
  template <class Each>
  void visit_notable(const engine::SuiteTrack& track, std::span<const Window* const> windows, Each each) {
    const auto notable = [this](storage::OutcomeId outcome) { return notable_[outcome] != 0; };
    const auto one_run = [](const Window* window) { return window->runs().size() == 1; };
    if (std::ranges::all_of(windows, one_run)) {
      std::vector<std::uint32_t> runs;
      for (const Window* window : windows) runs.push_back(window->runs().front());
      for (auto at = track.changes.begin(); !at.done(); at.next()) {
        const engine::TestChanges changes = at.changes();
        bool found = false;
        for (const std::uint32_t run : runs) found = found || notable(changes.outcome_at(run));
        if (found) each(at.test());
      }
      return;
    }
    for (auto at = track.changes.begin(); !at.done(); at.next()) {
      const engine::TestChanges changes = at.changes();
      if (!changes.any_outcome(notable)) continue;
      const bool found = std::ranges::any_of(windows, [&](const Window* window) {
        window->read_pieces(at.test(), changes, pieces_);
        return std::ranges::any_of(pieces_, notable, &Piece::outcome);
      });
      if (found) each(at.test());
    }
  }

  /// Those that are not all good on one side, ascending.
  std::vector<TestId> notable_tests(const Side& a, const Side& b) {
    // The sides are mostly of the same timelines: their changes are gone through once.
    std::map<const engine::SuiteTrack*, std::vector<const Window*>> tracks;
    for (const Side* side : {&a, &b})
      for (const Window* window : side->windows) tracks[&window->track()].push_back(window);
    std::vector<TestId> tests;
    for (const auto& [track, windows] : tracks)
      visit_notable(*track, windows, [&](TestId test) { tests.push_back(test); });
    if (tracks.size() > 1) {
      std::ranges::sort(tests);
      tests.erase(std::ranges::unique(tests).begin(), tests.end());
    }
    return tests;
  }

  Seen look(const Side& side, TestId test) {
    Seen seen;
    for (const Window* window : side.windows) {
      window->read_pieces(test, window->track().changes.find(test), pieces_);
      for (const Piece& piece : pieces_) {
        if (!a_.is_skip(piece.outcome)) seen.runs += piece.runs;
        seen.bad += a_.is_bad(piece.outcome) ? piece.runs : 0;
      }
      if (pieces_.empty()) continue;
      const RunInfo* run = window->run(pieces_.back().last).get();
      if (seen.run != nullptr &&
          std::tie(run->position, run->started) < std::tie(seen.run->position, seen.run->started))
        continue;
      seen.run = run;
      seen.newest = pieces_.back().outcome;
    }
    return seen;
  }

  /// False: the test is good on both sides.
  bool compare_test(const std::string& configuration, const Side& a, const Side& b, TestId test) {
    const Seen x = look(a, test), y = look(b, test);
    if (x.bad == 0 && y.bad == 0 && is_skip(x) == is_skip(y)) return false;
    Item& item = items_.emplace_back(Item{.test = test, .configuration = &configuration, .a = x, .b = y});
    item.rates = a.runs > 1 || b.runs > 1;
    // Which side is worse was seen before it is asked: the tail counts twice.
    const double tail = y.rate() >= x.rate() ? aggregate::fisher_exact(y.bad, y.runs, x.bad, x.runs)
                                             : aggregate::fisher_exact(x.bad, x.runs, y.bad, y.runs);
    item.p_value = std::min(1.0, 2 * tail);
    return true;
  }

  bool is_skip(const Seen& seen) const { return a_.is_skip(*seen.newest); }

  std::uint64_t& count(Difference difference) {
    return comparison_.counts[static_cast<std::size_t>(difference)];
  }

  void classify(Item& item) {
    const double a = item.a.rate(), b = item.b.rate();
    const bool differs = !item.rates || item.q_value <= kSignificant;
    if (!item.is_compared()) {
      // one side alone
    } else if (is_skip(item.a) != is_skip(item.b)) {
      item.difference = is_skip(item.a) ? Difference::NotRunA : Difference::NotRunB;
    } else if (a < b && differs) {
      item.difference = Difference::NewFailure;
    } else if (a > b && differs) {
      item.difference = Difference::Fixed;
    } else if (a > 0 && b > 0) {
      const bool same_kind = a_.outcome(*item.a.newest).actual == a_.outcome(*item.b.newest).actual;
      item.difference = item.rates || same_kind ? Difference::StillFailing : Difference::ChangedKind;
    }
    ++count(item.difference);
  }

  Status show() {
    std::erase_if(items_, [](const Item& item) { return item.difference == Difference::Same; });
    std::vector<TestId> tests;
    for (const Item& item : items_) tests.push_back(item.test);
    RESULTSDB_ASSIGN(const auto names, a_.names(tests));
    std::vector<const Item*> order;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      items_[i].name = names[i];
      order.push_back(&items_[i]);
    }
    comparison_.total = items_.size();
    const std::size_t shown =
        query_.limit == 0 ? order.size() : std::min<std::size_t>(order.size(), query_.limit);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                      [](const Item* x, const Item* y) {
                        return std::tie(x->difference, x->p_value, x->name, *x->configuration) <
                               std::tie(y->difference, y->p_value, y->name, *y->configuration);
                      });
    for (std::size_t i = 0; i < shown; ++i) comparison_.tests.push_back(to_compared_test(*order[i]));
    return {};
  }

  ComparedTest to_compared_test(const Item& item) const {
    ComparedTest test{.test = std::string(item.name),
                      .configuration = *item.configuration,
                      .difference = item.difference,
                      .a = {},
                      .b = {},
                      .rate_a = aggregate::wilson(item.a.bad, item.a.runs),
                      .rate_b = aggregate::wilson(item.b.bad, item.b.runs),
                      .p_value = item.p_value,
                      .q_value = item.q_value,
                      .flaky = {}};
    if (item.a.newest) test.a = a_.outcome(*item.a.newest);
    if (item.b.newest) test.b = a_.outcome(*item.b.newest);
    return test;
  }

  const CompareQuery& query_;
  const Survey &a_, &b_;
  std::map<std::string, std::pair<Side, Side>> pairs_;  // by configuration
  std::vector<Item> items_;
  std::size_t compared_ = 0;
  std::vector<std::uint8_t> notable_;  // by outcome: not good; the same on both sides
  std::vector<Piece> pieces_;
  Comparison comparison_;
};

}  // namespace

std::string_view to_string(Difference difference) noexcept {
  constexpr std::string_view kNames[kDifferences] = {"new_failure",  "fixed",     "still_failing",
                                                     "changed_kind", "only_a",    "only_b",
                                                     "not_run_a",    "not_run_b", "same"};
  return kNames[static_cast<std::size_t>(difference)];
}

Question question_of(const CompareQuery& query, const CompareSide& side) {
  Question question{.suite = query.suite,
                    .selection = side.selection,
                    .range = side.range,
                    .commit = side.commit,
                    .run = side.run,
                    .last = side.last,
                    .name_contains = query.name_contains,
                    .bad = query.bad,
                    .now = query.now};
  return question;
}

Result<Comparison> compare_sides(ModelCore& core, const CompareQuery& query,
                                 std::span<const std::string> never_in_a) {
  const Survey::Request sides[] = {{question_of(query, query.a), never_in_a},
                                   {question_of(query, query.b), {}}};
  RESULTSDB_ASSIGN(const auto surveys,
                   Survey::read_together(core, sides, "compare.fisher/1", Survey::read_all_lost));
  return Comparing(query, surveys[0], surveys[1]).compare();
}

Result<Comparison> Answers::compare(const CompareQuery& query) {
  return compare_sides(*model_->implementation_, query, {});
}

Status Answers::note_flaky(const CompareQuery& query, Comparison& comparison) {
  if (comparison.tests.empty() || comparison.runs_a.empty()) return {};
  std::vector<std::string> b;
  for (const RunInfoPtr& run : comparison.runs_b) b.push_back(run->id);
  RESULTSDB_ASSIGN(const FlakyTests flaky,
                   FlakyTests::read(*model_->implementation_, query, comparison.runs_a, b, {}));
  for (ComparedTest& test : comparison.tests) {
    RESULTSDB_ASSIGN(test.flaky, flaky.find(test.test, test.configuration));
  }
  return {};
}

}  // namespace resultsdb
