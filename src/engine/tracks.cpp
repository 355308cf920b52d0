#include "engine/tracks.hpp"

#include <algorithm>
#include <utility>

#include "engine/durations.hpp"

namespace resultsdb::engine {
namespace {

using storage::ChangeRow;
using storage::OutcomeId;
using storage::TestId;

/// Change points of one test on one timeline.
using Changes = std::span<const ChangeRow>;

std::int32_t outcome_at(Changes changes, const RunKey& key) {
  const auto after =
      std::upper_bound(changes.begin(), changes.end(), key,
                       [](const RunKey& k, const ChangeRow& change) { return k < key_of(change.key); });
  return after == changes.begin() ? 0 : static_cast<std::int32_t>(std::prev(after)->outcome);
}

void push(std::vector<RunLength>& lengths, std::int32_t outcome) {
  if (!lengths.empty() && lengths.back().outcome == outcome) {
    ++lengths.back().count;
  } else {
    lengths.push_back({1, outcome});
  }
}

class TrackReading {
 public:
  TrackReading(Suite& suite, const TrackQuery& query, const TrackVisitor& visit)
      : suite_(suite), query_(query), visit_(visit) {}

  Result<std::vector<Track>> read(Snapshot& snapshot) {
    // Versions are noted before the change points are read. Runs that a writer of this process adds until the
    // runs are looked at are left out: their change points may be missing. An answer that saw two versions
    // which differ in more is thrown away.
    for (const TimelinePtr& timeline : snapshot.timelines()) {
      if (!matches(query_.selection, timeline->identity())) continue;
      RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(*timeline));
      const auto& since = query_.selection.received_since;
      if (since && reader->row.last_received < *since) continue;
      tracks_.push_back({.timeline = timeline});
      seen_.push_back({reader->row.version, reader->row.next_serial});
    }
    RESULTSDB_TRY(read_changes(snapshot));
    for (std::size_t i = 0; i < tracks_.size(); ++i) RESULTSDB_TRY(fill(snapshot, tracks_[i], seen_[i]));
    return std::move(tracks_);
  }

 private:
  Status read_changes(Snapshot& snapshot) {
    storage::ChangeQuery query{.suite = suite_.name()};
    query.tests.assign(query_.tests.begin(), query_.tests.end());
    std::sort(query.tests.begin(), query.tests.end());
    for (const Track& track : tracks_) query.timelines.push_back(track.timeline->identity().number);
    std::sort(query.timelines.begin(), query.timelines.end());
    if (query.tests.empty() || query.timelines.empty()) return {};
    if (suite_.has_revisions()) {
      RESULTSDB_ASSIGN(changes_, suite_.storage().find_changes(query));
      return {};
    }
    RESULTSDB_ASSIGN(auto found, suite_.storage().find_changes_and_timelines(query));
    changes_ = std::move(found.changes);
    RESULTSDB_ASSIGN(const auto now, suite_.learn(found.timelines));
    snapshot.validate(*now);
    return {};
  }

  struct Seen {
    std::uint64_t version;
    storage::RunSerial next_serial;
  };

  Status fill(Snapshot& snapshot, Track& track, const Seen& seen) {
    RESULTSDB_ASSIGN(const Timeline::Reader reader, track.timeline->read());
    const bool same = reader->row.version == seen.version;
    if (!same) snapshot.reads_on();
    if (!same && reader->state.rewritten > seen.version) snapshot.note(*track.timeline, reader->row.version);
    track.state = reader->state;
    RunFilter filter = filter_for(*track.timeline);
    if (!same)
      filter.accept = [&seen, accept = std::move(filter.accept)](const RunEntry& run) -> Result<bool> {
        if (run.serial >= seen.next_serial) return false;
        return accept ? accept(run) : true;
      };
    RESULTSDB_ASSIGN(const SelectedRuns selected, select_runs(*reader, filter));
    track.serials.reserve(selected.runs.size());
    for (const RunEntryPtr* run : selected.runs) track.serials.push_back((*run)->serial);
    RESULTSDB_TRY(fill_outcomes(track, selected));
    if (visit_) visit_(track, *reader, selected);
    return {};
  }

  RunFilter filter_for(Timeline& timeline) const {
    RunFilter filter = query_.runs;
    if (query_.only_covering)
      filter.accept = [this, &timeline](const RunEntry& run) -> Result<bool> {
        RESULTSDB_ASSIGN(const TestSetPtr set, timeline.test_sets().get(run.test_set));
        return std::any_of(query_.tests.begin(), query_.tests.end(),
                           [&](TestId test) { return set->contains(test); });
      };
    return filter;
  }

  // Neighbours mostly share a test set: each of these spans of runs is looked at once a test.
  Status fill_outcomes(Track& track, const SelectedRuns& selected) {
    const auto& runs = selected.runs;
    track.outcomes.resize(query_.tests.size());
    for (std::size_t first = 0, next = 0; first < runs.size(); first = next) {
      const storage::TestSetId set_id = (*runs[first])->test_set;
      while (next < runs.size() && (*runs[next])->test_set == set_id) ++next;
      RESULTSDB_ASSIGN(const TestSetPtr set, track.timeline->test_sets().get(set_id));
      const std::span span(runs.data() + first, next - first);
      for (std::size_t test = 0; test < query_.tests.size(); ++test)
        RESULTSDB_TRY(set->contains(query_.tests[test]) ? add_covered(track, test, span)
                                                        : add_not_covered(track, test, span));
    }
    return {};
  }

  Status add_covered(Track& track, std::size_t test, std::span<const RunEntryPtr* const> runs) const {
    std::vector<RunLength>& lengths = track.outcomes[test];
    const Changes changes = changes_of(query_.tests[test], track.timeline->identity().number);
    if (changes.empty()) {
      push(lengths, 0);
      lengths.back().count += static_cast<std::uint32_t>(runs.size()) - 1;
      return {};
    }
    for (const RunEntryPtr* run : runs) push(lengths, outcome_at(changes, (*run)->key()));
    return {};
  }

  Status add_not_covered(Track& track, std::size_t test, std::span<const RunEntryPtr* const> runs) const {
    for (const RunEntryPtr* run : runs) {
      bool lost = false;
      if ((*run)->lost != 0) {
        RESULTSDB_ASSIGN(const auto tests, track.timeline->lost_tests(**run));
        lost = std::binary_search(tests->begin(), tests->end(), query_.tests[test]);
      }
      push(track.outcomes[test], lost ? kLost : kNotCovered);
    }
    return {};
  }

  Changes changes_of(TestId test, storage::TimelineId timeline) const {
    const auto [first, last] = std::equal_range(
        changes_.begin(), changes_.end(), ChangeRow{.key = {.test = test, .timeline = timeline}},
        [](const ChangeRow& a, const ChangeRow& b) {
          return std::pair(a.key.test, a.key.timeline) < std::pair(b.key.test, b.key.timeline);
        });
    return {first, last};
  }

  Suite& suite_;
  const TrackQuery& query_;
  const TrackVisitor& visit_;
  std::vector<Track> tracks_;
  std::vector<Seen> seen_;  // of each track, before the change points were read
  std::vector<ChangeRow> changes_;
};

}  // namespace

Result<std::vector<Track>> read_tracks(Suite& suite, Snapshot& snapshot, const TrackQuery& query,
                                       const TrackVisitor& visit) {
  return TrackReading(suite, query, visit).read(snapshot);
}

Result<std::vector<Track>> read_tracks(Suite& suite, const TrackQuery& query) {
  return read_consistently(suite, Growth::Harmless,
                           [&](Snapshot& snapshot) { return read_tracks(suite, snapshot, query); });
}

Result<std::vector<std::vector<std::int64_t>>> read_durations(Suite& suite, TestId test,
                                                              std::span<const Track* const> tracks) {
  std::vector<TimedRuns> runs;
  runs.reserve(tracks.size());
  for (const Track* track : tracks)
    runs.push_back({&track->timeline->identity(), &track->state, track->serials});
  return read_durations_of_test(suite.storage(), test, runs);
}

}  // namespace resultsdb::engine
