#include "engine/suite_tracks.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "engine/outcome_blob.hpp"

namespace resultsdb::engine {
namespace {

using storage::ChangeRow;
using storage::OutcomeId;
using storage::TestId;

struct TestChange {
  TestId test = 0;
  SuiteTrack::Change change;
};

/// A timeline of which nothing is kept, or an older version.
struct StaleTrack {
  TimelinePtr timeline;
  std::shared_ptr<SuiteTrack> track;
  std::vector<RunEntryPtr> runs;
  SuiteTrackPtr before;  // a version to which runs were only added behind the others; null: none
  std::vector<TestChange> changes;
};

class TrackReading {
 public:
  TrackReading(Suite& suite, const Selection& selection) : suite_(suite), selection_(selection) {}

  Result<SuiteTracks> read(Snapshot& snapshot) {
    stale_.clear();
    SuiteTracks answer;
    for (const TimelinePtr& timeline : snapshot.timelines()) {
      if (!matches(selection_, timeline->identity())) continue;
      const SuiteTrackPtr kept = timeline->suite_track();
      RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(*timeline));
      const auto& since = selection_.received_since;
      if (since && reader->row.last_received < *since) continue;
      answer.tracks.push_back(
          kept && kept->info.version == reader->row.version ? kept : begin(timeline, *reader, kept));
    }
    RESULTSDB_ASSIGN(answer.outcomes, suite_.outcomes().table());
    if (stale_.empty()) return answer;
    snapshot.reads_on();
    RESULTSDB_TRY(read_changes());
    RESULTSDB_TRY(read_added());
    for (StaleTrack& stale : stale_) RESULTSDB_TRY(finish(stale));
    answer.outcomes = outcomes_;
    return answer;
  }

  /// What was read has turned out to be of one state.
  void keep() {
    for (const StaleTrack& stale : stale_) stale.timeline->keep_suite_track(stale.track);
  }

 private:
  SuiteTrackPtr begin(const TimelinePtr& timeline, const TimelineContents& contents,
                      const SuiteTrackPtr& kept) {
    StaleTrack& stale = stale_.emplace_back();
    stale.timeline = timeline;
    stale.track = std::make_shared<SuiteTrack>();
    stale.track->info = to_info(timeline->identity(), contents.row);
    stale.runs = contents.runs;
    if (kept && contents.state.rewritten <= kept->info.version && kept->runs.size() <= stale.runs.size())
      stale.before = kept;
    return stale.track;
  }

  Status learn_outcomes(OutcomeId largest) {
    if (outcomes_ && largest < outcomes_->size()) return {};
    RESULTSDB_ASSIGN(outcomes_, suite_.outcomes().table(largest));
    return {};
  }

  /// The stored change points of timelines of which nothing is known.
  Status read_changes() {
    storage::ChangeQuery query{.suite = suite_.name()};
    std::unordered_map<storage::TimelineId, StaleTrack*> wanted;
    for (StaleTrack& stale : stale_) {
      if (stale.before) continue;
      query.timelines.push_back(stale.timeline->identity().number);
      wanted.emplace(query.timelines.back(), &stale);
    }
    RESULTSDB_TRY(learn_outcomes(0));
    if (query.timelines.empty()) return {};
    std::sort(query.timelines.begin(), query.timelines.end());
    RESULTSDB_ASSIGN(const auto rows, suite_.storage().find_changes(query));
    OutcomeId largest = 0;
    for (const ChangeRow& row : rows) largest = std::max(largest, row.outcome);
    RESULTSDB_TRY(learn_outcomes(largest));
    for (const ChangeRow& row : rows) {
      StaleTrack& stale = *wanted.at(row.key.timeline);
      const auto& runs = stale.runs;
      const auto run =
          std::lower_bound(runs.begin(), runs.end(), key_of(row.key),
                           [](const RunEntryPtr& entry, const RunKey& key) { return entry->key() < key; });
      // One that was written meanwhile: this answer will be thrown away.
      if (run == runs.end() || (*run)->key() != key_of(row.key)) continue;
      add(stale, row.key.test, static_cast<std::uint32_t>(run - runs.begin()), row.outcome);
    }
    return {};
  }

  /// `outcome` as stored; changes that differ in attributes alone are none.
  void add(StaleTrack& stale, TestId test, std::uint32_t run, OutcomeId outcome) {
    const OutcomeId shown = (*outcomes_)[outcome].shown;
    auto& changes = stale.changes;
    const OutcomeId last = changes.empty() || changes.back().test != test ? 0 : changes.back().change.outcome;
    if (shown != last) changes.push_back({test, {run, shown}});
  }

  /// The results of runs that were added behind the others since a track was read.
  Status read_added() {
    for (StaleTrack& stale : stale_) {
      if (!stale.before) continue;
      std::vector<storage::RunRef> refs;
      for (std::size_t i = stale.before->runs.size(); i < stale.runs.size(); ++i)
        refs.push_back({stale.timeline->identity().number, stale.runs[i]->serial});
      RESULTSDB_ASSIGN(const auto blobs, suite_.storage().read_outcomes(suite_.name(), refs));
      std::unordered_map<TestId, OutcomeId> last;  // those that are no plain pass
      const SuiteTrack& before = *stale.before;
      for (std::size_t i = 0; i < before.tests.size(); ++i) {
        const auto changes = before.changes_of(i);
        for (const SuiteTrack::Change& change : changes) stale.changes.push_back({before.tests[i], change});
        if (changes.back().outcome != 0) last[before.tests[i]] = changes.back().outcome;
      }
      const auto known = static_cast<std::ptrdiff_t>(stale.changes.size());
      for (std::size_t i = 0; i < blobs.size(); ++i) {
        RunOutcomes run;
        if (blobs[i]) {
          RESULTSDB_ASSIGN(run, decode_outcomes(*blobs[i]));
        }
        RESULTSDB_TRY(extend(stale, static_cast<std::uint32_t>(before.runs.size() + i), run, last));
      }
      // Few are new, and the known ones are in order.
      const auto by_test = [](const TestChange& a, const TestChange& b) { return a.test < b.test; };
      const auto fresh = stale.changes.begin() + known;
      std::stable_sort(fresh, stale.changes.end(), by_test);
      std::inplace_merge(stale.changes.begin(), fresh, stale.changes.end(), by_test);
    }
    return {};
  }

  Status extend(StaleTrack& stale, std::uint32_t run, const RunOutcomes& outcomes,
                std::unordered_map<TestId, OutcomeId>& last) {
    std::unordered_map<TestId, OutcomeId> now;
    for (const OutcomeEntry& entry : outcomes.entries) {
      RESULTSDB_TRY(learn_outcomes(entry.outcome));
      if (const OutcomeId shown = (*outcomes_)[entry.outcome].shown; shown != 0) now[entry.test] = shown;
    }
    RESULTSDB_ASSIGN(const TestSetPtr covered, stale.timeline->test_sets().get(stale.runs[run]->test_set));
    std::erase_if(last, [&](const auto& each) {
      if (now.contains(each.first) || !covered->contains(each.first)) return false;
      stale.changes.push_back({each.first, {run, 0}});
      return true;
    });
    for (const auto& [test, outcome] : now) {
      OutcomeId& known = last[test];
      if (known != outcome) stale.changes.push_back({test, {run, outcome}});
      known = outcome;
    }
    return {};
  }

  Status finish(StaleTrack& stale) {
    SuiteTrack& track = *stale.track;
    storage::TestSetId set = 0;
    track.number = stale.timeline->identity().number;
    track.runs = std::move(stale.runs);
    for (std::uint32_t i = 0; i < track.runs.size(); ++i) {
      if (track.covered.empty() || track.runs[i]->test_set != set) {
        set = track.runs[i]->test_set;
        RESULTSDB_ASSIGN(TestSetPtr tests, stale.timeline->test_sets().get(set));
        track.always = track.covered.empty() ? *tests : TestSet::intersection(track.always, *tests);
        track.covered.push_back({i, std::move(tests)});
      }
    }
    track.changes.reserve(stale.changes.size());
    for (const TestChange& each : stale.changes) {
      if (track.tests.empty() || track.tests.back() != each.test) {
        track.tests.push_back(each.test);
        track.begins.push_back(static_cast<std::uint32_t>(track.changes.size()));
      }
      track.changes.push_back(each.change);
    }
    track.begins.push_back(static_cast<std::uint32_t>(track.changes.size()));
    return {};
  }

  Suite& suite_;
  const Selection& selection_;
  std::vector<StaleTrack> stale_;
  OutcomeTablePtr outcomes_;
};

}  // namespace

std::span<const SuiteTrack::Change> SuiteTrack::find_changes(TestId test) const {
  const auto found = std::lower_bound(tests.begin(), tests.end(), test);
  if (found == tests.end() || *found != test) return {};
  return changes_of(static_cast<std::size_t>(found - tests.begin()));
}

Result<SuiteTracks> read_suite_tracks(Suite& suite, const Selection& selection) {
  TrackReading reading(suite, selection);
  auto answer =
      read_consistently(suite, Growth::Spoils, [&](Snapshot& snapshot) { return reading.read(snapshot); });
  if (answer) reading.keep();
  return answer;
}

}  // namespace resultsdb::engine
