// How many alerts are true, how often ranges hold the true commit, and how often a difference is found where
// there is none.
#include <algorithm>
#include <map>
#include <random>

#include "answers_bench.hpp"
#include "resultsdb/aggregate/change_points.hpp"
#include "resultsdb/aggregate/statistics.hpp"

namespace resultsdb::bench {
namespace {

constexpr int kEvents = 5000;

class Random {
 public:
  double unit() { return std::uniform_real_distribution<>()(engine_); }
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  double beta(double a, double b) {
    const double x = std::gamma_distribution<>(a)(engine_), y = std::gamma_distribution<>(b)(engine_);
    return x / (x + y);
  }

 private:
  std::mt19937_64 engine_{5};
};

/// Rates of bad runs before and after a change.
struct Change {
  const char* name;
  double (*before)(Random&);
  double (*after)(Random&);
};
const Change kChanges[] = {
    {"any rates", [](Random& r) { return r.beta(0.3, 0.5); }, [](Random& r) { return r.beta(0.3, 0.5); }},
    {"flaky before, mostly bad after", [](Random& r) { return 0.2 * r.unit(); },
     [](Random& r) { return 0.4 + 0.6 * r.unit(); }},
    {"never before, always after", [](Random&) { return 0.0; }, [](Random&) { return 1.0; }},
};

struct Coverage {
  int events = 0, held = 0, held_half = 0;
  double mass = 0;
};

/// One history in which a share of the commits is tested; counted if exactly its one change is found.
void try_event(const Change& change, double tested, aggregate::ChangePointFinder& finder, Random& random,
               Coverage& coverage) {
  const int commits = static_cast<int>(200 / tested), cause = 1 + random.below(commits);
  const double before = change.before(random), after = change.after(random);
  if (after <= before) return;
  std::vector<int> places;
  std::vector<aggregate::Stretch> stretches;
  for (int commit = 0; commit <= commits; ++commit) {
    if (random.unit() >= tested) continue;
    const bool bad = random.unit() < (commit >= cause ? after : before);
    places.push_back(commit);
    if (stretches.empty() || stretches.back().bad != bad) stretches.push_back({0, bad});
    ++stretches.back().runs;
  }
  if (finder.find(stretches).size() != 1 || cause <= places.front() || cause > places.back()) return;
  std::vector<double> weights;
  for (std::size_t i = 1; i < places.size(); ++i) weights.push_back(places[i] - places[i - 1]);
  const auto mass = finder.locate(stretches, weights);
  const auto holds = [&](double confidence) {
    const auto range = aggregate::credible_range(mass, confidence);
    if (confidence == 0.95) coverage.mass += range.mass;
    return places[range.first] < cause && cause <= places[range.last];
  };
  ++coverage.events;
  coverage.held += holds(0.95) ? 1 : 0;
  coverage.held_half += holds(0.5) ? 1 : 0;
}

void simulate_culprits(Report& report) {
  progress("ranges of culprits");
  Random random;
  aggregate::ChangePointFinder finder;
  for (const Change& change : kChanges)
    for (const double tested : {1.0, 0.5, 0.1}) {
      Coverage coverage;
      while (coverage.events < kEvents) try_event(change, tested, finder, random, coverage);
      report.figure(
          "95 % range holds the cause: " + std::string(change.name) +
              format(", %.0f %% tested", 100 * tested),
          format("%.1f %%", 100.0 * coverage.held / kEvents) +
              format(" (the ranges' own mass %.1f %%; 50 %% range: ", 100 * coverage.mass / kEvents) +
              format("%.1f %%)", 100.0 * coverage.held_half / kEvents));
    }
}

/// Comparisons of 50 tests that differ nowhere: any discovery is a false one.
void simulate_comparisons(int runs, Report& report) {
  progress("comparisons without a difference");
  constexpr int kTrials = 1000, kTests = 50;
  Random random;
  int with_discovery = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> p;
    for (int test = 0; test < kTests; ++test) {
      const double rate = random.unit() < 0.5 ? 0 : random.unit();
      std::uint64_t bad[2] = {};
      for (auto& side : bad)
        for (int run = 0; run < runs; ++run) side += random.unit() < rate ? 1 : 0;
      // As Answers::compare() does: of the side that looks worse.
      const auto size = static_cast<std::uint64_t>(runs);
      const double tail =
          aggregate::fisher_exact(std::max(bad[0], bad[1]), size, std::min(bad[0], bad[1]), size);
      p.push_back(std::min(1.0, 2 * tail));
    }
    const auto q = aggregate::q_values(p);
    with_discovery += std::any_of(q.begin(), q.end(), [](double each) { return each <= 0.05; }) ? 1 : 0;
  }
  report.ratio("false discoveries where nothing differs, " + std::to_string(runs) + " runs a side",
               static_cast<double>(with_discovery) / kTrials, 0.05, true,
               std::to_string(with_discovery) + " of " + std::to_string(kTrials) + " comparisons");
}

/// Regressions of one configuration: by test, the commits at which one begins and how many it lasts. One that
/// is covered by another begins nothing there.
using Truth = std::map<std::uint32_t, std::map<std::uint32_t, std::uint32_t>>;
using Matrix = std::vector<std::vector<std::uint8_t>>;  // outcomes by commit and test

Truth begins(const Corpus& corpus, std::uint32_t configuration, const Matrix& outcomes) {
  Truth truth;
  for (const Corpus::Regression& regression : corpus.regressions()) {
    if ((regression.configurations >> configuration & 1) == 0 || regression.from == 0) continue;
    const std::uint32_t end = std::min(corpus.scale().tests, regression.first + regression.tests);
    for (std::uint32_t test = regression.first; test < end; ++test) {
      if (outcomes[regression.from - 1][test] != kPass ||
          outcomes[regression.from][test] != regression.outcome)
        continue;
      std::uint32_t after = regression.from;
      while (after < outcomes.size() && outcomes[after][test] >= kFail && outcomes[after][test] <= kTimeout)
        ++after;
      truth[test][regression.from] = after - regression.from;
    }
  }
  return truth;
}

/// Commits at which the rate of unexpected results of a test goes up.
std::vector<std::uint32_t> alerts(const Matrix& outcomes, std::uint32_t test,
                                  aggregate::ChangePointFinder& finder) {
  std::vector<aggregate::Stretch> stretches;
  std::vector<std::uint32_t> first;  // commit of each
  for (std::uint32_t commit = 0; commit < outcomes.size(); ++commit) {
    const std::uint8_t outcome = outcomes[commit][test];
    if (outcome == kAbsent) continue;
    const bool bad = outcome >= kFail && outcome <= kUnexpectedPass;
    if (stretches.empty() || stretches.back().bad != bad) {
      stretches.push_back({0, bad});
      first.push_back(commit);
    }
    ++stretches.back().runs;
  }
  std::vector<std::uint32_t> found;
  const auto changes = finder.find(stretches);
  const auto rate = [&](std::size_t segment) {
    const std::size_t from = segment == 0 ? 0 : changes[segment - 1];
    const std::size_t end = segment < changes.size() ? changes[segment] : stretches.size();
    double bad = 0, runs = 0;
    for (std::size_t i = from; i < end; ++i) {
      runs += stretches[i].runs;
      bad += stretches[i].bad ? stretches[i].runs : 0;
    }
    return bad / runs;
  };
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (rate(i + 1) > rate(i)) found.push_back(first[changes[i]]);
  return found;
}

/// An alert is true, and a regression found, if they are at most two commits apart.
void judge_regressions(Report& report) {
  progress("precision and recall");
  std::uint64_t all = 0, right = 0, lasting = 0, found = 0;
  const auto near = [](std::uint32_t a, std::uint32_t b) { return a <= b + 2 && b <= a + 2; };
  aggregate::ChangePointFinder finder;
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Corpus corpus(seed, {.tests = 60'000, .configurations = 8, .commits = 400});
    for (std::uint32_t configuration = 0; configuration < 8; ++configuration) {
      Matrix outcomes;
      for (std::uint32_t commit = 0; commit < corpus.scale().commits; ++commit)
        outcomes.push_back(corpus.generate({commit, configuration}).outcomes);
      const Truth truth = begins(corpus, configuration, outcomes);
      for (std::uint32_t test = 0; test < corpus.scale().tests; ++test) {
        const auto places = alerts(outcomes, test, finder);
        const auto true_ones = truth.find(test);
        all += places.size();
        if (true_ones == truth.end()) continue;
        for (const std::uint32_t place : places)
          right +=
              std::ranges::any_of(true_ones->second, [&](const auto& one) { return near(place, one.first); });
        for (const auto& [begin, length] : true_ones->second) {
          if (length < 5) continue;
          ++lasting;
          found += std::ranges::any_of(places, [&](std::uint32_t place) { return near(place, begin); });
        }
      }
    }
  }
  const auto share = [](std::uint64_t k, std::uint64_t n) {
    return static_cast<double>(k) / static_cast<double>(n);
  };
  report.ratio("regressions: precision", share(right, all), 0.98, false,
               std::to_string(right) + " of " + std::to_string(all) + " alerts");
  report.ratio("regressions of five commits or more: recall", share(found, lasting), 0.99, false,
               std::to_string(found) + " of " + std::to_string(lasting));
}

}  // namespace

void simulate(Report& report) {
  judge_regressions(report);
  simulate_culprits(report);
  for (const int runs : {20, 400}) simulate_comparisons(runs, report);
}

}  // namespace resultsdb::bench
