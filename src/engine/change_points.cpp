#include "engine/change_points.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/outcome_blob.hpp"

namespace resultsdb::engine {
namespace {

using storage::OutcomeId;
using storage::TestId;

constexpr std::int32_t kNone = -1;    // not covered
constexpr std::size_t kNearRuns = 8;  // decoded before the derived table is asked

/// A test that the written run may have changed.
struct Difference {
  TestId test = 0;
  std::int32_t old = kNone, now = kNone;
  std::int32_t previous = kNone;  // of the last covering run before; kNone = not known yet

  std::int32_t left_before() const { return old != kNone ? old : previous; }
  std::int32_t left_now() const { return now != kNone ? now : previous; }
};

/// The first covering run after the written one.
struct Next {
  TestId test = 0;
  std::size_t run = 0;           // index in contents.runs
  std::int32_t outcome = kNone;  // kNone = not known yet
};

std::vector<Difference> compare(const RunValues& old, const RunValues& now,
                                std::span<const std::int32_t> head) {
  std::vector<Difference> differences;
  std::size_t i = 0, j = 0;
  while (i < old.tests.size() || j < now.tests.size()) {
    Difference next;
    const bool take_old = j == now.tests.size() || (i < old.tests.size() && old.tests[i] <= now.tests[j]);
    const bool take_now = i == old.tests.size() || (j < now.tests.size() && now.tests[j] <= old.tests[i]);
    if (take_old) {
      next.test = old.tests[i];
      next.old = static_cast<std::int32_t>(old.outcomes[i++]);
    }
    if (take_now) {
      next.test = now.tests[j];
      next.now = static_cast<std::int32_t>(now.outcomes[j++]);
    }
    if (next.old == next.now) continue;
    if (next.test < head.size()) next.previous = head[next.test];
    if (next.old == kNone && next.now == next.previous) continue;
    differences.push_back(next);
  }
  return differences;
}

class Editor {
 public:
  Editor(storage::Storage& storage, Timeline& timeline, const TimelineContents& contents, const RunKey& key)
      : storage_(storage),
        timeline_(timeline),
        contents_(contents),
        key_(key),
        at_(contents.lower_bound(key)) {
    after_ = at_ < contents.runs.size() && contents.runs[at_]->key() == key ? at_ + 1 : at_;
  }

  Result<ChangeEdit> edit(std::vector<Difference> differences) {
    RESULTSDB_TRY(find_previous(differences));
    for (const Difference& each : differences)
      replace(each.test, key_, each.old != kNone && each.old != each.previous,
              each.now != kNone && each.now != each.previous, each.now);
    std::erase_if(differences, [](const Difference& each) { return each.left_before() == each.left_now(); });
    RESULTSDB_ASSIGN(const std::vector<Next> next, find_next(differences));
    auto difference = differences.begin();
    for (const Next& each : next) {
      while (difference->test != each.test) ++difference;
      replace(each.test, contents_.runs[each.run]->key(), each.outcome != difference->left_before(),
              each.outcome != difference->left_now(), each.outcome);
    }
    return std::move(edit_);
  }

 private:
  void replace(TestId test, const RunKey& key, bool was, bool is, std::int32_t outcome) {
    if (!was && !is) return;
    storage::ChangeKey row{.test = test,
                           .timeline = timeline_.identity().number,
                           .position = key.position,
                           .started = key.started,
                           .variant = std::string(key.variant)};
    if (is) {
      if (was && key != key_) return;  // the row of a neighbour stays as it is
      edit_.puts.push_back({std::move(row), static_cast<OutcomeId>(outcome)});
    } else {
      edit_.deletes.push_back(std::move(row));
    }
  }

  // Hands each test of `tests` (ascending) that the run covers to `found(index, outcome)`, which returns
  // nothing; `outcomes` is the run's decoded blob.
  template <class Found>
  Status look_in(const RunEntry& run, const RunOutcomes& outcomes, std::span<const TestId> tests,
                 Found found) {
    RESULTSDB_ASSIGN(const TestSetPtr set, timeline_.test_sets().get(run.test_set));
    auto entry = outcomes.entries.begin();
    for (std::size_t i = 0; i < tests.size(); ++i) {
      if (!set->contains(tests[i])) continue;
      while (entry != outcomes.entries.end() && entry->test < tests[i]) ++entry;
      const bool listed = entry != outcomes.entries.end() && entry->test == tests[i];
      found(i, listed ? static_cast<std::int32_t>(entry->outcome) : 0);
    }
    return {};
  }

  // Outcomes of the runs, decoded; of none, where the run has no blob.
  Result<std::vector<RunOutcomes>> decode(std::span<const RunEntryPtr> runs) {
    std::vector<storage::RunRef> refs;
    for (const RunEntryPtr& run : runs) refs.push_back({timeline_.identity().number, run->serial});
    RESULTSDB_ASSIGN(const auto blobs, storage_.read_outcomes(timeline_.identity().suite, refs));
    std::vector<RunOutcomes> decoded(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (!blobs[i]) continue;
      RESULTSDB_ASSIGN(decoded[i], decode_outcomes(*blobs[i]));
    }
    return decoded;
  }

  Result<std::vector<storage::ChangeRow>> changes_of(std::vector<TestId> tests) {
    storage::ChangeQuery query;
    query.suite = timeline_.identity().suite;
    query.tests = std::move(tests);
    query.timelines = {timeline_.identity().number};
    return storage_.find_changes(query);
  }

  Status find_previous(std::vector<Difference>& differences) {
    std::vector<Difference*> open;
    for (Difference& each : differences)
      if (each.previous == kNone) open.push_back(&each);
    // Nearly always one run answers, so the others are read only when it did not.
    for (std::size_t done = 0, count = 1; !open.empty() && done < at_ && done < kNearRuns; done += count) {
      count = std::min({done == 0 ? 1 : kNearRuns - done, at_ - done});
      std::vector<RunEntryPtr> runs;
      for (std::size_t i = 0; i < count; ++i) runs.push_back(contents_.runs[at_ - done - 1 - i]);
      RESULTSDB_ASSIGN(const auto outcomes, decode(runs));
      for (std::size_t i = 0; i < count && !open.empty(); ++i)
        RESULTSDB_TRY(
            look_in(*runs[i], outcomes[i], tests_of(open),
                    [&](std::size_t index, std::int32_t outcome) { open[index]->previous = outcome; }));
    }
    if (!open.empty() && at_ > kNearRuns) RESULTSDB_TRY(previous_from_changes(open));
    for (Difference& each : differences)
      if (each.previous == kNone) each.previous = 0;
    return {};
  }

  // Drops from `open` what is known meanwhile, and names the rest.
  static std::vector<TestId> tests_of(std::vector<Difference*>& open) {
    std::erase_if(open, [](const Difference* each) { return each->previous != kNone; });
    std::vector<TestId> tests;
    tests.reserve(open.size());
    for (const Difference* each : open) tests.push_back(each->test);
    return tests;
  }

  Status previous_from_changes(std::vector<Difference*>& open) {
    std::vector<TestId> tests = tests_of(open);
    if (tests.empty()) return {};
    RESULTSDB_ASSIGN(const auto changes, changes_of(std::move(tests)));
    auto change = changes.begin();
    for (Difference* each : open) {
      for (; change != changes.end() && change->key.test <= each->test; ++change)
        if (change->key.test == each->test && engine::key_of(change->key) < key_)
          each->previous = static_cast<std::int32_t>(change->outcome);
    }
    return {};
  }

  Result<std::vector<Next>> find_next(const std::vector<Difference>& differences) {
    std::vector<Next> found;
    std::vector<TestId> open;
    for (const Difference& each : differences) open.push_back(each.test);
    for (std::size_t run = after_; run < contents_.runs.size() && !open.empty(); ++run) {
      const RunEntry& entry = *contents_.runs[run];
      RESULTSDB_ASSIGN(const TestSetPtr set, timeline_.test_sets().get(entry.test_set));
      std::erase_if(open, [&](TestId test) {
        if (!set->contains(test)) return false;
        found.push_back({.test = test, .run = run});
        return true;
      });
    }
    RESULTSDB_TRY(near_outcomes(found));
    RESULTSDB_TRY(far_outcomes(found));
    std::sort(found.begin(), found.end(), [](const Next& a, const Next& b) { return a.test < b.test; });
    return found;
  }

  // `found` is in the order of runs here.
  Status near_outcomes(std::vector<Next>& found) {
    for (std::size_t first = 0; first < found.size();) {
      const std::size_t run = found[first].run;
      if (run >= after_ + kNearRuns) break;
      std::size_t last = first;
      std::vector<TestId> tests;
      for (; last < found.size() && found[last].run == run; ++last) tests.push_back(found[last].test);
      RESULTSDB_ASSIGN(const auto outcomes, decode({&contents_.runs[run], 1}));
      RESULTSDB_TRY(
          look_in(*contents_.runs[run], outcomes.front(), tests,
                  [&](std::size_t i, std::int32_t outcome) { found[first + i].outcome = outcome; }));
      first = last;
    }
    return {};
  }

  // The outcome of a run is that of the last change point up to it.
  Status far_outcomes(std::vector<Next>& found) {
    std::vector<Next*> open;
    for (Next& each : found)
      if (each.outcome == kNone) open.push_back(&each);
    if (open.empty()) return {};
    std::sort(open.begin(), open.end(), [](const Next* a, const Next* b) { return a->test < b->test; });
    std::vector<TestId> tests;
    for (const Next* each : open) tests.push_back(each->test);
    RESULTSDB_ASSIGN(const auto changes, changes_of(std::move(tests)));
    auto change = changes.begin();
    for (Next* each : open) {
      each->outcome = 0;
      for (; change != changes.end() && change->key.test <= each->test; ++change)
        if (change->key.test == each->test && engine::key_of(change->key) <= contents_.runs[each->run]->key())
          each->outcome = static_cast<std::int32_t>(change->outcome);
    }
    return {};
  }

  storage::Storage& storage_;
  Timeline& timeline_;
  const TimelineContents& contents_;
  const RunKey key_;
  const std::size_t at_;
  std::size_t after_ = 0;
  ChangeEdit edit_;
};

}  // namespace

Result<RunValues> read_values(storage::Storage& storage, Timeline& timeline, const RunEntry& run) {
  RESULTSDB_ASSIGN(const TestSetPtr set, timeline.test_sets().get(run.test_set));
  RunOutcomes outcomes;
  const storage::RunRef ref{timeline.identity().number, run.serial};
  RESULTSDB_ASSIGN(const auto blobs, storage.read_outcomes(timeline.identity().suite, {&ref, 1}));
  if (blobs.front()) {
    RESULTSDB_ASSIGN(outcomes, decode_outcomes(*blobs.front()));
  }
  RunValues values;
  values.tests = set->ids();
  values.outcomes.assign(values.tests.size(), 0);
  std::size_t at = 0;
  for (const OutcomeEntry& entry : outcomes.entries) {
    while (at < values.tests.size() && values.tests[at] < entry.test) ++at;
    if (at < values.tests.size() && values.tests[at] == entry.test) values.outcomes[at] = entry.outcome;
  }
  return values;
}

Result<ChangeEdit> edit_changes(storage::Storage& storage, Timeline& timeline,
                                const TimelineContents& contents, const RunKey& key, const RunValues& old,
                                const RunValues& now, std::span<const std::int32_t> head) {
  return Editor(storage, timeline, contents, key).edit(compare(old, now, head));
}

}  // namespace resultsdb::engine
