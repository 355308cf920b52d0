// How often ranges hold the true commit, and how often a difference is found where there is none.
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

/// Comparisons of 300 tests, 20 runs on each side, no rate different: any discovery is a false one.
void simulate_comparisons(Report& report) {
  progress("comparisons without a difference");
  constexpr int kTrials = 1000, kTests = 300, kRuns = 20;
  Random random;
  int with_discovery = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> p;
    for (int test = 0; test < kTests; ++test) {
      const double rate = random.unit() < 0.7 ? 0 : random.unit();
      std::uint64_t bad[2] = {};
      for (auto& side : bad)
        for (int run = 0; run < kRuns; ++run) side += random.unit() < rate ? 1 : 0;
      // As Answers::compare() does: of the side that looks worse.
      p.push_back(aggregate::fisher_exact(std::max(bad[0], bad[1]), kRuns, std::min(bad[0], bad[1]), kRuns));
    }
    const auto q = aggregate::q_values(p);
    with_discovery += std::any_of(q.begin(), q.end(), [](double each) { return each <= 0.05; }) ? 1 : 0;
  }
  report.ratio("false discoveries where nothing differs", static_cast<double>(with_discovery) / kTrials, 0.05,
               true, std::to_string(with_discovery) + " of " + std::to_string(kTrials) + " comparisons");
}

}  // namespace

void simulate(Report& report) {
  simulate_culprits(report);
  simulate_comparisons(report);
}

}  // namespace resultsdb::bench
