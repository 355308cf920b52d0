#include "corpus.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <random>

namespace resultsdb::bench {

namespace {

/// Small and fast; good enough for what is drawn here (splitmix64).
struct Random {
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(unit() * bound); }
  bool chance(double probability) { return unit() < probability; }
};

constexpr std::array<Words, kOutcomes> kWords = {{{"PASS", "PASS", false},
                                                  {"FAIL", "FAIL", true},
                                                  {"CRASH", "CRASH", true},
                                                  {"TIMEOUT", "TIMEOUT", true},
                                                  {"PASS", "FAIL", true},
                                                  {"PASS", "CRASH", true},
                                                  {"PASS", "TIMEOUT", true},
                                                  {"FAIL", "PASS", false},
                                                  {"PASS FAIL", "PASS", false},
                                                  {"PASS FAIL", "FAIL", true}}};

std::uint64_t mix(std::uint64_t a, std::uint64_t b) { return Random{a * 0x9E3779B97F4A7C15 + b}.next(); }

}  // namespace

const Words& words(Outcome outcome) { return kWords[outcome]; }

Corpus::Corpus(std::uint64_t seed, Scale scale) : seed_(seed), scale_(scale) {
  Random random{seed};
  std::mt19937_64 engine(seed);
  std::lognormal_distribution<float> base(std::log(40.0F), 1.2F);
  std::normal_distribution<float> noise(0.0F, 0.15F);
  constexpr std::uint64_t kOne = 1;
  const std::uint64_t everywhere = (kOne << scale.configurations) - 1;
  const auto somewhere = [&] {  // everywhere, one platform (a quarter), or one configuration
    const double where = random.unit();
    if (where < 0.5) return everywhere;
    const std::uint32_t quarter = std::max(1U, scale.configurations / 4);
    if (where < 0.8)
      return ((kOne << quarter) - 1) << (random.below(scale.configurations / quarter) * quarter);
    return kOne << random.below(scale.configurations);
  };
  for (std::uint32_t i = 0; i < scale.tests; ++i) {
    Test test{.configurations = somewhere(), .base_ms = base(engine)};
    const double kind = random.unit();
    if (kind < 0.018)
      test.kind = Kind::ExpectedFail;
    else if (kind < 0.019)
      test.kind = Kind::ExpectedCrash;
    else if (kind < 0.020)
      test.kind = Kind::ExpectedTimeout;
    else if (kind < 0.027)
      test.kind = Kind::Flaky;
    else if (kind < 0.031)
      test.kind = Kind::MarkedFlaky;
    test.flakiness = static_cast<float>(0.002 * std::pow(250.0, random.unit()));
    if (random.chance(0.01)) test.absent = somewhere();
    if (random.chance(0.02)) test.born = random.below(scale.commits);
    tests_.push_back(test);
    char name[64];
    std::snprintf(name, sizeof name, "fast/group-%03u/case-%05u.html", i / 64, i);
    names_.emplace_back(name);
  }
  for (std::uint32_t commit = 0; commit < scale.commits; ++commit) {
    if (!random.chance(0.05 + 0.15 * scale.tests / 30'000)) continue;
    Regression regression{.from = commit, .first = random.below(scale.tests)};
    regression.tests = random.chance(0.04) ? 1 + random.below(200) : 1 + random.below(8);
    regression.until =
        commit + 1 + static_cast<std::uint32_t>(12.0 * std::exp(std::normal_distribution<>(0, 1)(engine)));
    regression.configurations = random.chance(0.6) ? everywhere : somewhere();
    regression.becomes_expected = random.chance(0.3);
    regression.outcome = random.chance(0.8) ? kFail : random.chance(0.5) ? kCrash : kTimeout;
    regressions_.push_back(regression);
  }
  for (std::uint32_t i = 0; i < 1U << 16; ++i)
    noise_.push_back(std::exp(noise(engine)) * (random.chance(0.01) ? 3.0F : 1.0F));
  std::vector<std::pair<std::uint64_t, Arrival>> order;
  for (std::uint32_t commit = 0; commit < scale.commits; ++commit) {
    for (std::uint32_t configuration = 0; configuration < scale.configurations; ++configuration) {
      const std::uint64_t delay = random.chance(scale.late) ? 1 + random.below(30) : 0;
      order.push_back(
          {(commit + delay) * 1000 + configuration + (delay > 0 ? 500 : 0), {commit, configuration}});
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [when, arrival] : order) arrivals_.push_back(arrival);
}

Outcome Corpus::draw(const Test& test, std::uint32_t configuration, std::uint64_t random) const {
  const bool here = (test.configurations >> configuration & 1) != 0;
  const float unit = static_cast<float>(random >> 40) * 0x1p-24F;
  if ((random & 0xFFFF) < 1) return (random & 0x10000) != 0 ? kCrash : kTimeout;  // about 2e-5
  switch (test.kind) {
    case Kind::Stable:
      break;
    case Kind::ExpectedFail:
      return here ? kExpectedFail : kPass;
    case Kind::ExpectedCrash:
      return here ? kExpectedCrash : kPass;
    case Kind::ExpectedTimeout:
      return here ? kExpectedTimeout : kPass;
    case Kind::Flaky:
      return here && unit < test.flakiness ? kFail : kPass;
    case Kind::MarkedFlaky:
      return here && unit < test.flakiness ? kFlakyFail : kFlakyPass;
  }
  return kPass;
}

GeneratedRun Corpus::generate(Arrival arrival) const {
  GeneratedRun run{.commit = arrival.commit, .configuration = arrival.configuration};
  Random random{mix(seed_ + arrival.commit, arrival.configuration + 1)};
  const float factor = 0.8F + 0.1F * static_cast<float>(arrival.configuration);
  const bool stops = random.chance(0.003), slow = random.chance(0.003);
  const std::uint32_t end = stops ? scale_.tests / 4 + random.below(scale_.tests / 2) : scale_.tests;
  const float slow_share = 0.01F + 0.05F * static_cast<float>(random.unit());
  run.outcomes.assign(scale_.tests, kAbsent);
  run.duration_ms.assign(scale_.tests, -1);
  for (std::uint32_t i = 0; i < end; ++i) {
    const Test& test = tests_[i];
    const std::uint64_t drawn = random.next();
    if (test.born > arrival.commit || (test.absent >> arrival.configuration & 1) != 0) continue;
    Outcome outcome = draw(test, arrival.configuration, drawn);
    if (slow && static_cast<float>(drawn >> 8 & 0xFFFF) * 0x1p-16F < slow_share) outcome = kTimeout;
    if (stops && i + 200 > end && (drawn >> 20 & 7) == 0) outcome = kCrash;
    run.outcomes[i] = outcome;
    run.duration_ms[i] =
        static_cast<std::int32_t>(test.base_ms * factor * noise_[drawn >> 24 & 0xFFFF] + 0.5F);
  }
  for (const auto& regression : regressions_) {
    if (arrival.commit < regression.from || (regression.configurations >> arrival.configuration & 1) == 0)
      continue;
    if (arrival.commit >= regression.until && !regression.becomes_expected) continue;
    const bool expected = arrival.commit >= regression.until;
    for (std::uint32_t i = regression.first; i < std::min(end, regression.first + regression.tests); ++i) {
      if (run.outcomes[i] == kPass) run.outcomes[i] = expected ? kExpectedFail : regression.outcome;
    }
  }
  return run;
}

Run Corpus::to_run(const GeneratedRun& generated, bool durations) const {
  Run run;
  run.header.suite = "layout-tests";
  run.header.branch = "main";
  run.header.configuration.set("platform", "p" + std::to_string(generated.configuration / 2));
  run.header.configuration.set("style", generated.configuration % 2 == 0 ? "release" : "debug");
  run.header.position = position(generated.commit);
  run.header.started = from_seconds(1'600'000'000 + std::int64_t{generated.commit} * 600);
  run.results.reserve(scale_.tests, std::size_t{scale_.tests} * 40);
  for (std::uint32_t i = 0; i < scale_.tests; ++i) {
    if (generated.outcomes[i] == kAbsent) continue;
    const auto& word = kWords[generated.outcomes[i]];
    run.results.add({.test = names_[i],
                     .expected = word.expected,
                     .actual = word.actual,
                     .duration = std::chrono::milliseconds(durations ? generated.duration_ms[i] : -1)});
  }
  return run;
}

}  // namespace resultsdb::bench
