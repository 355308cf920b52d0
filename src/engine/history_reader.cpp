#include "engine/history_reader.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "engine/detail_blob.hpp"
#include "engine/outcome_blob.hpp"
#include "engine/run_selection.hpp"
#include "engine/tracks.hpp"

namespace resultsdb::engine {
namespace {

using storage::OutcomeId;
using storage::TestId;

class Reading {
 public:
  Reading(Suite& suite, std::span<const TestId> tests, const HistoryQuery& query)
      : suite_(suite), tests_(tests), query_(query) {}

  Result<History> read(Snapshot& snapshot) {
    const TrackQuery query{.tests = tests_,
                           .selection = query_.selection,
                           .runs = {.range = query_.range,
                                    .states = query_.states,
                                    .order = query_.order,
                                    .ascending = query_.ascending,
                                    .limit = query_.limit,
                                    .now = query_.now,
                                    .accept = {}},
                           .only_covering = query_.only_covering};
    RESULTSDB_ASSIGN(tracks_, read_tracks(suite_, snapshot, query,
                                          [this](const Track& track, const TimelineContents& contents,
                                                 const SelectedRuns& selected) {
                                            add_timeline(track, contents, selected);
                                          }));
    RESULTSDB_TRY(read_dictionary());
    if (query_.tries || query_.details || query_.durations) snapshot.reads_on();
    if (query_.tries) RESULTSDB_TRY(read_outcomes());
    if (query_.details) RESULTSDB_TRY(read_details());
    for (std::uint32_t test = 0; test < tests_.size(); ++test) {
      const std::size_t first = history_.series.size();
      for (std::uint32_t timeline = 0; timeline < tracks_.size(); ++timeline) add_series(test, timeline);
      if (query_.durations)
        RESULTSDB_TRY(add_durations(tests_[test], std::span(history_.series).subspan(first)));
    }
    for (const OutcomeId id : shown_) history_.outcomes.push_back({id, (*outcomes_)[id].outcome()});
    return std::move(history_);
  }

 private:
  void add_timeline(const Track& track, const TimelineContents& contents, const SelectedRuns& selected) {
    History::Timeline& answer = history_.timelines.emplace_back();
    answer.info = to_info(track.timeline->identity(), contents.row);
    answer.more = selected.more;
    answer.runs.reserve(selected.runs.size());
    std::vector<RunEntryPtr>& kept = kept_.emplace_back();
    for (const RunEntryPtr* run : selected.runs) {
      const RunInfoPtr& info = (*run)->info;
      answer.runs.push_back(state_as_of(*info, query_.now) == info->state ? info : as_of(info, query_.now));
      if (query_.details) kept.push_back(*run);
    }
  }

  Status read_dictionary() {
    std::int32_t largest = 0;
    for (const Track& track : tracks_)
      for (const auto& lengths : track.outcomes)
        for (const RunLength& length : lengths) largest = std::max(largest, length.outcome);
    RESULTSDB_ASSIGN(outcomes_, suite_.outcomes().table(static_cast<OutcomeId>(largest)));
    return {};
  }

  std::vector<storage::RunRef> all_refs() const {
    std::vector<storage::RunRef> refs;
    for (const Track& track : tracks_)
      for (const storage::RunSerial serial : track.serials)
        refs.push_back({track.timeline->identity().number, serial});
    return refs;
  }

  Status read_outcomes() {
    const std::vector<storage::RunRef> refs = all_refs();
    if (refs.empty()) return {};
    RESULTSDB_ASSIGN(const auto blobs, suite_.storage().read_outcomes(suite_.name(), refs));
    for (std::size_t i = 0; i < refs.size(); ++i) {
      if (!blobs[i]) continue;
      RESULTSDB_ASSIGN(const RunOutcomes decoded, decode_outcomes(*blobs[i]));
      for (const OutcomeEntry& entry : decoded.entries)
        if (entry.tries != 0 && std::find(tests_.begin(), tests_.end(), entry.test) != tests_.end())
          tries_[{refs[i], entry.test}] = {entry.tries, entry.passes};
    }
    return {};
  }

  Status read_details() {
    std::vector<storage::RunRef> refs = all_refs();
    if (refs.empty() || tests_.empty()) return {};
    std::sort(refs.begin(), refs.end());
    std::vector<TestId> tests(tests_.begin(), tests_.end());
    std::sort(tests.begin(), tests.end());
    RESULTSDB_ASSIGN(const auto rows, suite_.storage().read_details(suite_.name(), refs, tests));
    for (const storage::DetailRow& row : rows) {
      RESULTSDB_ASSIGN(details_[(std::pair{storage::RunRef{row.timeline, row.serial}, row.test})],
                       decode_detail(row.blob));
    }
    return {};
  }

  void add_series(std::uint32_t test, std::uint32_t timeline) {
    const std::vector<RunLength>& outcomes = tracks_[timeline].outcomes[test];
    if (outcomes.empty() || (outcomes.size() == 1 && outcomes.front().outcome == kNotCovered)) return;
    History::Series& series = history_.series.emplace_back();
    series.test = test;
    series.timeline = timeline;
    std::uint32_t run = 0;
    for (const RunLength& length : outcomes) {
      RunLength shown = length;
      if (length.outcome >= 0) {
        const DictionaryEntry& entry = (*outcomes_)[static_cast<OutcomeId>(length.outcome)];
        shown.outcome = static_cast<std::int32_t>(entry.shown);
        shown_.insert(entry.shown);
        if (query_.tries || query_.details)
          for (std::uint32_t i = 0; i < length.count; ++i) add_extras(series, run + i, entry);
      }
      run += length.count;
      if (!series.outcomes.empty() && series.outcomes.back().outcome == shown.outcome) {
        series.outcomes.back().count += shown.count;
      } else {
        series.outcomes.push_back(shown);
      }
    }
  }

  void add_extras(History::Series& series, std::uint32_t run, const DictionaryEntry& outcome) {
    const Track& track = tracks_[series.timeline];
    const std::pair key(storage::RunRef{track.timeline->identity().number, track.serials[run]},
                        tests_[series.test]);
    if (const auto found = tries_.find(key); found != tries_.end())
      series.tries.push_back({run, found->second.first, found->second.second});
    if (!query_.details) return;
    History::Series::Extra extra{.run = run};
    const auto detail = details_.find(key);
    if (detail != details_.end()) extra.detail = detail->second.detail;
    if (!outcome.key.in_detail) {
      extra.attributes =
          outcome.key.attributes ? *outcome.key.attributes : kept_[series.timeline][run]->common_attributes;
    } else if (detail != details_.end()) {
      extra.attributes = detail->second.attributes;
    }
    if (!extra.attributes.empty() || !extra.detail.empty()) series.extras.push_back(std::move(extra));
  }

  Status add_durations(TestId test, std::span<History::Series> series) {
    std::vector<const Track*> tracks;
    for (const History::Series& each : series) tracks.push_back(&tracks_[each.timeline]);
    RESULTSDB_ASSIGN(auto durations, engine::read_durations(suite_, test, tracks));
    for (std::size_t i = 0; i < series.size(); ++i) series[i].duration_us = std::move(durations[i]);
    return {};
  }

  Suite& suite_;
  const std::span<const TestId> tests_;
  const HistoryQuery& query_;
  History history_;
  std::vector<Track> tracks_;
  std::vector<std::vector<RunEntryPtr>> kept_;  // by track, if their attributes are asked for
  OutcomeTablePtr outcomes_;
  std::set<OutcomeId> shown_ = {0};
  std::map<std::pair<storage::RunRef, TestId>, std::pair<std::uint32_t, std::uint32_t>> tries_;
  std::map<std::pair<storage::RunRef, TestId>, Detail> details_;
};

}  // namespace

Result<History> read_history(Suite& suite, std::span<const TestId> tests, const HistoryQuery& query) {
  const auto growth = query.durations ? Growth::Spoils : Growth::Harmless;
  return read_consistently(suite, growth,
                           [&](Snapshot& snapshot) { return Reading(suite, tests, query).read(snapshot); });
}

}  // namespace resultsdb::engine
