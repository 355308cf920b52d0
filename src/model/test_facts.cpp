#include "model/test_facts.hpp"

#include <algorithm>
#include <unordered_map>

#include "model/verdict.hpp"
#include "resultsdb/aggregate/durations.hpp"

namespace resultsdb {
namespace {

using engine::TestSet;
using storage::TestId;

constexpr std::uint32_t kNoKind = 0xffffffff;

/// Every bit of the text so far changes half of the bits.
std::uint64_t mix(std::uint64_t value, std::uint64_t next) {
  value = (value ^ next) * 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93;
  return value ^ (value >> 29);
}

}  // namespace

TestFactsReader::TestFactsReader(const Survey& survey, Wanted wanted, std::chrono::seconds stale_after)
    : survey_(survey),
      wanted_(wanted),
      fresh_since_(survey.newest_received() - stale_after),
      course_(survey, aggregate::ChangePrior{}.change),
      outcomes_(survey.outcomes()),
      classes_(aggregate::outcome_classes(outcomes_)),
      windows_(survey.windows.size()),
      kinds_(survey.windows.size(), kNoKind) {}

Status TestFactsReader::prepare() {
  TestSet all;
  for (std::uint32_t w = 0; w < windows_.size(); ++w) {
    const engine::SuiteTrack& track = survey_.windows[w].track();
    windows_[w].changed = track.changes.begin();
    all = TestSet::united(all, track.ever());
    if (!wanted_.coverage) continue;
    RESULTSDB_ASSIGN(windows_[w].lost, survey_.lost_tests(survey_.windows[w], survey_.windows[w].runs()));
    std::vector<TestId> lost;
    for (const auto& [test, runs] : windows_[w].lost) lost.push_back(test);
    all = TestSet::united(all, TestSet::from_sorted(lost));
  }
  tests_ = all.ids();
  for (std::uint32_t w = 0; w < windows_.size(); ++w) {
    const TimelineInfo& timeline = survey_.timelines[w];
    facts_.push_back({.configuration = &timeline.configuration,
                      .branch = timeline.branch,
                      .outcomes = {},
                      .classes = classes_,
                      .verdict = {},
                      .durations = {}});
    tell_plain_ones_apart(w);
  }
  return {};
}

/// Tests are of one kind if the same runs cover them. They are told apart where the covered tests change.
void TestFactsReader::tell_plain_ones_apart(std::uint32_t w) {
  if (tests_.empty()) return;
  const engine::SuiteTrack& track = survey_.windows[w].track();
  std::vector<std::uint64_t> covered(tests_.back() + 1);
  const TestSet none;
  const TestSet* before = &none;
  for (const auto& [first, tests] : track.covered) {
    for (const TestId test : TestSet::difference(*before, *tests).ids())
      covered[test] = mix(covered[test], first + 1);
    before = tests.get();
  }
  OnWindow& on = windows_[w];
  on.kinds.assign(covered.size(), kNoKind);
  std::unordered_map<std::uint64_t, std::uint32_t> kinds;
  for (const TestId test : tests_) {
    const auto [kind, fresh] = kinds.emplace(covered[test], static_cast<std::uint32_t>(on.plain.size()));
    if (fresh) on.plain.push_back(read_plain(survey_.windows[w], test));
    on.kinds[test] = kind->second;
  }
}

TestFactsReader::Plain TestFactsReader::read_plain(const Window& window, TestId test) {
  Plain plain;
  if (wanted_.outcomes || wanted_.durations) window.read_lengths(test, {}, {}, plain.lengths);
  if (wanted_.verdicts) plain.verdict = judge(window, test, {});
  return plain;
}

std::optional<Verdict> TestFactsReader::judge(const Window& window, TestId test,
                                              const engine::TestChanges& changes) {
  window.read_pieces(test, changes, pieces_);
  course_.read(window, pieces_);
  return verdict_of(window, course_, fresh_since_);
}

/// Nowhere a result but plain expected passes, and nowhere lost.
bool TestFactsReader::is_plain(TestId test) {
  bool plain = true;
  for (std::uint32_t w = 0; w < windows_.size(); ++w) {
    auto& changed = *windows_[w].changed;
    while (!changed.done() && changed.test() < test) changed.next();
    plain = plain && (changed.done() || changed.test() != test) && !windows_[w].lost.contains(test);
  }
  return plain;
}

void TestFactsReader::read_one(std::uint32_t w, TestId test) {
  const Window& window = survey_.windows[w];
  OnWindow& on = windows_[w];
  const bool active = !on.changed->done() && on.changed->test() == test;
  const auto lost = on.lost.find(test);
  aggregate::TimelineFacts& facts = facts_[w];
  if (!active && lost == on.lost.end()) {
    const Plain& plain = on.plain[on.kinds[test]];
    facts.outcomes = plain.lengths;
    facts.verdict = plain.verdict;
    return;
  }
  const auto changes = active ? on.changed->changes() : engine::TestChanges();
  if (wanted_.outcomes || wanted_.durations) {
    const auto runs = lost == on.lost.end() ? std::span<const std::uint32_t>() : std::span(lost->second);
    window.read_lengths(test, changes, runs, on.lengths);
    facts.outcomes = on.lengths;
  }
  if (wanted_.verdicts) facts.verdict = judge(window, test, changes);
}

Result<std::span<const aggregate::TimelineFacts>> TestFactsReader::read(TestId test) {
  const bool plain = is_plain(test);
  same_ = plain && facts_are_plain_ && !wanted_.durations;
  for (std::uint32_t w = 0; same_ && w < windows_.size(); ++w) same_ = windows_[w].kinds[test] == kinds_[w];
  const std::span<const aggregate::TimelineFacts> facts(facts_);
  if (same_) return facts;
  for (std::uint32_t w = 0; w < windows_.size(); ++w) {
    read_one(w, test);
    kinds_[w] = windows_[w].kinds[test];
  }
  facts_are_plain_ = plain;
  if (wanted_.durations) {
    RESULTSDB_TRY(read_durations(test));
    for (std::uint32_t w = 0; w < windows_.size(); ++w) facts_[w].durations = durations(w, test);
  }
  return facts;
}

Status TestFactsReader::read_durations(TestId test) {
  if (timed_.contains(test)) return {};
  std::size_t runs = 0;
  for (const Window& window : survey_.windows) runs += window.runs().size();
  timed_ = engine::tests_at_once(test, tests_.back(), runs);
  for (std::uint32_t w = 0; w < windows_.size(); ++w) {
    const Window& window = survey_.windows[w];
    std::vector<storage::RunSerial> serials;
    for (const std::uint32_t run : window.runs()) serials.push_back(window.track().runs[run]->serial);
    RESULTSDB_ASSIGN(windows_[w].durations,
                     engine::read_durations_of_tests(survey_.suite(), window.track().number, serials,
                                                     timed_));
  }
  return {};
}

std::optional<aggregate::DurationFacts> TestFactsReader::durations(std::uint32_t w, TestId test) {
  const std::size_t runs = survey_.windows[w].runs().size();
  const auto all = std::span(windows_[w].durations).subspan((test - timed_.first) * runs, runs);
  std::vector<Duration> values;
  std::size_t end = runs;  // lengths begin with the newest run
  for (const RunLength& length : facts_[w].outcomes) {
    const std::size_t first = end - length.count;
    const auto severity =
        length.outcome < 0 ? Severity::Crash : classes_[static_cast<std::size_t>(length.outcome)].severity;
    if (severity < Severity::Timeout)
      for (const std::int64_t value : all.subspan(first, length.count))
        if (value >= 0) values.emplace_back(value);
    end = first;
  }
  if (values.empty()) return std::nullopt;
  const aggregate::DurationSummary summary = aggregate::summarise(values);
  return aggregate::DurationFacts{summary.p50.count(), summary.p95.count(), summary.max.count()};
}

}  // namespace resultsdb
