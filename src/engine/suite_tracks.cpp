#include "engine/suite_tracks.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "engine/outcome_blob.hpp"

namespace resultsdb::engine {
namespace {

using storage::ChangeRow;
using storage::OutcomeId;
using storage::TestId;

/// A timeline of which nothing is kept, or an older version.
struct StaleTrack {
  TimelinePtr timeline;
  std::shared_ptr<SuiteTrack> track;
  SuiteTrackPtr before;  // a version to which runs were only added behind the others; null: none
  std::vector<TrackChanges::OfTest> changes;  // those that `before` has not
};

class TrackReading {
 public:
  TrackReading(Suite& suite, std::span<const Selection> selections, const SuiteTracksVisitor& visit)
      : suite_(suite), selections_(selections), visit_(visit) {}

  Result<std::vector<SuiteTracks>> read(Snapshot& snapshot) {
    stale_.clear();
    outcomes_.reset();  // what somebody kept since the last attempt may have new ones
    std::vector<SuiteTracks> answers(selections_.size());
    for (const TimelinePtr& timeline : snapshot.timelines()) RESULTSDB_TRY(open(snapshot, timeline, answers));
    if (stale_.empty()) {
      RESULTSDB_ASSIGN(outcomes_, suite_.outcomes().table());
    } else {
      RESULTSDB_TRY(read_changes());
      for (StaleTrack& stale : stale_) {
        RESULTSDB_TRY(cover(stale));
        RESULTSDB_TRY(stale.before ? read_added(stale) : finish(stale));
      }
    }
    for (SuiteTracks& answer : answers) answer.outcomes = outcomes_;
    if (visit_) RESULTSDB_TRY(visit_(answers));
    return answers;
  }

  /// What was read has turned out to be of one state.
  void keep() {
    if (stale_.empty()) return;
    for (const StaleTrack& stale : stale_) stale.timeline->keep_suite_track(stale.track);
    suite_.unload_unused();
  }

 private:
  /// Adds the timeline's track to the answers that ask for it. Stale ones are filled later.
  Status open(Snapshot& snapshot, const TimelinePtr& timeline, std::vector<SuiteTracks>& answers) {
    const auto named = [&](const Selection& each) { return matches(each, timeline->identity()); };
    if (std::ranges::none_of(selections_, named)) return {};
    const SuiteTrackPtr kept = timeline->suite_track();
    RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(*timeline));
    SuiteTrackPtr track;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto& since = selections_[i].received_since;
      if (!named(selections_[i]) || (since && reader->row.last_received < *since)) continue;
      const bool as_kept = kept && kept->info.version == reader->row.version;
      if (!track) track = as_kept ? kept : begin(timeline, *reader, kept);
      answers[i].tracks.push_back(track);
      if (!as_kept) ++(stale_.back().before ? answers[i].extended : answers[i].read_anew);
    }
    return {};
  }

  SuiteTrackPtr begin(const TimelinePtr& timeline, const TimelineContents& contents,
                      const SuiteTrackPtr& kept) {
    StaleTrack& stale = stale_.emplace_back();
    stale.timeline = timeline;
    stale.track = std::make_shared<SuiteTrack>();
    stale.track->info = to_info(timeline->identity(), contents.row);
    stale.track->number = timeline->identity().number;
    stale.track->runs = contents.runs;
    if (kept && contents.state.rewritten <= kept->info.version && kept->runs.size() <= contents.runs.size())
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
      const auto& runs = stale.track->runs;
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

  /// Which tests the runs cover that `before` has not.
  Status cover(StaleTrack& stale) {
    SuiteTrack& track = *stale.track;
    std::uint32_t run = 0;
    if (stale.before) {
      track.covered = stale.before->covered;
      track.always = stale.before->always;
      run = static_cast<std::uint32_t>(stale.before->runs.size());
    }
    for (; run < track.runs.size(); ++run) {
      const storage::TestSetId set = track.runs[run]->test_set;
      if (run > 0 && track.runs[run - 1]->test_set == set) continue;
      RESULTSDB_ASSIGN(TestSetPtr tests, stale.timeline->test_sets().get(set));
      if (run == 0) {
        track.always = tests;
      } else if (*track.always != *tests) {
        track.always = std::make_shared<const TestSet>(TestSet::intersection(*track.always, *tests));
      }
      track.covered.push_back({run, std::move(tests)});
    }
    if (!track.always) track.always = std::make_shared<const TestSet>();
    return {};
  }

  /// Reads the results of the runs behind those of `before`, and nothing else.
  Status read_added(StaleTrack& stale) {
    SuiteTrack& track = *stale.track;
    track.standing = stale.before->standing;
    std::vector<storage::RunRef> refs;
    const auto known = static_cast<std::uint32_t>(stale.before->runs.size());
    for (std::size_t i = known; i < track.runs.size(); ++i)
      refs.push_back({track.number, track.runs[i]->serial});
    RESULTSDB_ASSIGN(const auto blobs, suite_.storage().read_outcomes(suite_.name(), refs));
    for (std::uint32_t i = 0; i < blobs.size(); ++i) {
      RunOutcomes run;
      if (blobs[i]) {
        RESULTSDB_ASSIGN(run, decode_outcomes(*blobs[i]));
      } else if (needs_blob(*track.runs[known + i])) {
        return make_error(ErrorCode::Corrupt, "the outcomes of a run are missing; run a check",
                          "run " + track.runs[known + i]->info->id);
      }
      RESULTSDB_TRY(add_run(stale, known + i, run));
    }
    std::stable_sort(stale.changes.begin(), stale.changes.end(),
                     [](const auto& a, const auto& b) { return a.test < b.test; });
    track.changes = stale.before->changes.extended(stale.changes);
    return {};
  }

  /// It has more than plain expected passes.
  static bool needs_blob(const RunEntry& run) {
    const auto& outcomes = run.info->counts.outcomes;
    return run.lost != 0 || std::ranges::any_of(outcomes, [](const RunCounts::Count& count) {
             return !count.outcome.plain_pass();
           });
  }

  /// The run behind those that made `standing`: tests that neither were nor are anything but plain passes
  /// are not looked at.
  Status add_run(StaleTrack& stale, std::uint32_t run, const RunOutcomes& outcomes) {
    if (!outcomes.entries.empty()) {
      const auto largest = std::ranges::max_element(outcomes.entries, {}, &OutcomeEntry::outcome);
      RESULTSDB_TRY(learn_outcomes(largest->outcome));
    }
    SuiteTrack& track = *stale.track;
    RESULTSDB_ASSIGN(const TestSetPtr covered, stale.timeline->test_sets().get(track.runs[run]->test_set));
    std::vector<SuiteTrack::Standing> standing;
    standing.reserve(track.standing.size() + outcomes.entries.size());
    auto last = track.standing.begin();
    const auto pass_up_to = [&](TestId end) {
      for (; last != track.standing.end() && last->test < end; ++last) {
        if (covered->contains(last->test)) {
          stale.changes.push_back({last->test, {run, 0}});
        } else {
          standing.push_back(*last);
        }
      }
    };
    for (const OutcomeEntry& entry : outcomes.entries) {
      pass_up_to(entry.test);
      const OutcomeId shown = (*outcomes_)[entry.outcome].shown;
      const OutcomeId before =
          last != track.standing.end() && last->test == entry.test ? (last++)->outcome : 0;
      if (shown != before) stale.changes.push_back({entry.test, {run, shown}});
      if (shown != 0) standing.push_back({entry.test, shown});
    }
    pass_up_to(std::numeric_limits<TestId>::max());
    track.standing = std::move(standing);
    return {};
  }

  /// All changes were read.
  static Status finish(StaleTrack& stale) {
    stale.track->changes = TrackChanges(stale.changes);
    for (auto at = stale.track->changes.begin(); !at.done(); at.next()) {
      const TestChanges changes = at.changes();
      const OutcomeId last = changes[changes.size() - 1].outcome;
      if (last != 0) stale.track->standing.push_back({at.test(), last});
    }
    return {};
  }

  Suite& suite_;
  const std::span<const Selection> selections_;
  const SuiteTracksVisitor& visit_;
  std::vector<StaleTrack> stale_;
  OutcomeTablePtr outcomes_;
};

}  // namespace

TestSet SuiteTrack::ever() const {
  TestSet all;
  for (const Covered& each : covered) all = TestSet::united(all, *each.tests);
  return all;
}

std::size_t SuiteTrack::bytes() const {
  return sizeof *this + runs.capacity() * sizeof runs[0] + covered.capacity() * sizeof covered[0] +
         standing.capacity() * sizeof standing[0] + changes.bytes();
}

Result<std::vector<SuiteTracks>> read_suite_tracks(Suite& suite, std::span<const Selection> selections,
                                                   const SuiteTracksVisitor& visit) {
  TrackReading reading(suite, selections, visit);
  auto answer =
      read_consistently(suite, Growth::Spoils, [&](Snapshot& snapshot) { return reading.read(snapshot); });
  if (answer) reading.keep();
  return answer;
}

}  // namespace resultsdb::engine
