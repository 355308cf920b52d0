// Two sides of runs, test by test.
#include <algorithm>
#include <map>
#include <set>

#include "model/comparing.hpp"
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
    pair_up();
    for (auto& [configuration, sides] : pairs_)
      RESULTSDB_TRY(compare(configuration, sides.first, sides.second));
    std::vector<double> p;
    const auto is_compared = [](const Item& item) { return item.shown.a && item.shown.b; };
    for (const Item& item : items_)
      if (is_compared(item)) p.push_back(item.shown.p_value);
    const std::vector<double> q = aggregate::q_values(p, compared_);
    auto next = q.begin();
    for (Item& item : items_) {
      if (is_compared(item)) item.shown.q_value = *next++;
      classify(item);
    }
    RESULTSDB_TRY(show());
    return std::move(comparison_);
  }

 private:
  struct Item {
    TestId test = 0;
    ComparedTest shown;
    bool rates = false;
    bool skipped_a = false, skipped_b = false;
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
      const TestSet* last = nullptr;
      for (const std::uint32_t run : window->runs()) {
        const TestSet& tests = window->covered_by(run);
        if (&tests != last) side.covered = TestSet::united(side.covered, tests);
        last = &tests;
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
      Item& item = add(configuration, test);
      item.shown.difference = was_lost ? (in_a ? Difference::NotRunB : Difference::NotRunA)
                                       : (in_a ? Difference::OnlyA : Difference::OnlyB);
      const Survey& survey = in_a ? a_ : b_;
      const Seen seen = look(survey, in_a ? a : b, test);
      (in_a ? item.shown.a : item.shown.b) = survey.outcome(*seen.newest);
      (in_a ? item.shown.rate_a : item.shown.rate_b) = aggregate::wilson(seen.bad, seen.runs);
    }
    const TestSet both = TestSet::intersection(a.covered, b.covered);
    compared_ += both.size();
    std::uint64_t listed = 0;
    for (const TestId test : notable_tests(a, b))
      if (both.contains(test) && compare_test(configuration, a, b, test)) ++listed;
    count(Difference::Same) += both.size() - listed;
    return {};
  }

  /// Adds the tests that are not all good on this side.
  void add_notable(const Survey& survey, const Side& side, std::vector<TestId>& tests) {
    const auto notable = [&](storage::OutcomeId id) { return survey.is_bad(id) || survey.is_skip(id); };
    for (const Window* window : side.windows) {
      for (auto at = window->track().changes.begin(); !at.done(); at.next()) {
        const engine::TestChanges changes = at.changes();
        if (window->runs().size() == 1) {
          if (notable(window->only_outcome(changes))) tests.push_back(at.test());
          continue;
        }
        if (!changes.any_outcome(notable)) continue;
        window->read_pieces(at.test(), changes, pieces_);
        if (std::ranges::any_of(pieces_, notable, &Piece::outcome)) tests.push_back(at.test());
      }
    }
  }

  std::vector<TestId> notable_tests(const Side& a, const Side& b) {
    std::vector<TestId> tests;
    add_notable(a_, a, tests);
    add_notable(b_, b, tests);
    std::sort(tests.begin(), tests.end());
    tests.erase(std::unique(tests.begin(), tests.end()), tests.end());
    return tests;
  }

  Seen look(const Survey& survey, const Side& side, TestId test) {
    Seen seen;
    for (const Window* window : side.windows) {
      window->read_pieces(test, window->track().changes.find(test), pieces_);
      for (const Piece& piece : pieces_) {
        if (!survey.is_skip(piece.outcome)) seen.runs += piece.runs;
        seen.bad += survey.is_bad(piece.outcome) ? piece.runs : 0;
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
    const Seen x = look(a_, a, test), y = look(b_, b, test);
    const bool skipped_a = a_.is_skip(*x.newest), skipped_b = b_.is_skip(*y.newest);
    if (x.bad == 0 && y.bad == 0 && skipped_a == skipped_b) return false;
    Item& item = add(configuration, test);
    item.skipped_a = skipped_a;
    item.skipped_b = skipped_b;
    item.shown.a = a_.outcome(*x.newest);
    item.shown.b = b_.outcome(*y.newest);
    item.shown.rate_a = aggregate::wilson(x.bad, x.runs);
    item.shown.rate_b = aggregate::wilson(y.bad, y.runs);
    item.rates = a.runs > 1 || b.runs > 1;
    // Which side is worse was seen before it is asked: the tail counts twice.
    const double tail = item.shown.rate_b.rate() >= item.shown.rate_a.rate()
                            ? aggregate::fisher_exact(y.bad, y.runs, x.bad, x.runs)
                            : aggregate::fisher_exact(x.bad, x.runs, y.bad, y.runs);
    item.shown.p_value = std::min(1.0, 2 * tail);
    return true;
  }

  Item& add(const std::string& configuration, TestId test) {
    Item& item = items_.emplace_back();
    item.test = test;
    item.shown.configuration = configuration;
    return item;
  }

  std::uint64_t& count(Difference difference) {
    return comparison_.counts[static_cast<std::size_t>(difference)];
  }

  void classify(Item& item) {
    ComparedTest& shown = item.shown;
    const double a = shown.rate_a.rate(), b = shown.rate_b.rate();
    const bool differs = !item.rates || shown.q_value <= kSignificant;
    if (shown.difference != Difference::Same) {
      // one side alone
    } else if (item.skipped_a != item.skipped_b) {
      shown.difference = item.skipped_a ? Difference::NotRunA : Difference::NotRunB;
    } else if (a < b && differs) {
      shown.difference = Difference::NewFailure;
    } else if (a > b && differs) {
      shown.difference = Difference::Fixed;
    } else if (a > 0 && b > 0) {
      shown.difference = item.rates || shown.a->actual == shown.b->actual ? Difference::StillFailing
                                                                          : Difference::ChangedKind;
    }
    ++count(shown.difference);
  }

  Status show() {
    std::erase_if(items_, [](const Item& item) { return item.shown.difference == Difference::Same; });
    std::vector<TestId> tests;
    for (const Item& item : items_) tests.push_back(item.test);
    RESULTSDB_ASSIGN(const auto names, a_.names(tests));
    for (std::size_t i = 0; i < items_.size(); ++i) items_[i].shown.test = names[i];
    std::sort(items_.begin(), items_.end(), [](const Item& x, const Item& y) {
      return std::tie(x.shown.difference, x.shown.p_value, x.shown.test, x.shown.configuration) <
             std::tie(y.shown.difference, y.shown.p_value, y.shown.test, y.shown.configuration);
    });
    comparison_.total = items_.size();
    if (query_.limit != 0 && items_.size() > query_.limit) items_.resize(query_.limit);
    for (Item& item : items_) comparison_.tests.push_back(std::move(item.shown));
    return {};
  }

  const CompareQuery& query_;
  const Survey &a_, &b_;
  std::map<std::string, std::pair<Side, Side>> pairs_;  // by configuration
  std::vector<Item> items_;
  std::size_t compared_ = 0;
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

}  // namespace resultsdb
