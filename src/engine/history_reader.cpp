#include "engine/history_reader.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/detail_blob.hpp"
#include "engine/durations.hpp"
#include "engine/outcome_blob.hpp"
#include "engine/run_selection.hpp"

namespace resultsdb::engine {
namespace {

using storage::ChangeRow;
using storage::OutcomeId;
using storage::TestId;

/// What one timeline contributes: copied out, so that nothing is locked while the store is read. Runs and
/// sets are kept alive by the answer and by `kept`, once each: counting references would take most of the
/// time.
struct Slice {
  Timeline* timeline = nullptr;
  TimelineState state;
  std::vector<const RunEntry*> runs;
  std::vector<const TestSet*> sets;  // by run
  std::vector<RunEntryPtr> kept_runs;
  std::vector<TestSetPtr> kept_sets;
};

/// Whether one run covers a test; for most runs the answer of the run before.
class Coverage {
 public:
  explicit Coverage(TestId test) : test_(test) {}
  bool covers(const TestSet* set) {
    if (set != last_) {
      last_ = set;
      covered_ = set->contains(test_);
    }
    return covered_;
  }

 private:
  const TestId test_;
  const TestSet* last_ = nullptr;
  bool covered_ = false;
};

class Reading {
 public:
  Reading(Suite& suite, std::span<const TestId> tests, const HistoryQuery& query)
      : suite_(suite), tests_(tests), query_(query) {}

  Result<History> read(Snapshot& snapshot) {
    for (const TimelinePtr& timeline : snapshot.timelines())
      if (matches(query_.selection, timeline->identity())) RESULTSDB_TRY(add_slice(snapshot, *timeline));
    RESULTSDB_TRY(read_changes());
    if (query_.tries) RESULTSDB_TRY(read_outcomes());
    if (query_.details) RESULTSDB_TRY(read_details());
    for (std::uint32_t test = 0; test < tests_.size(); ++test) {
      const std::size_t first = history_.series.size();
      for (std::uint32_t timeline = 0; timeline < slices_.size(); ++timeline)
        RESULTSDB_TRY(add_series(test, timeline));
      if (query_.durations)
        RESULTSDB_TRY(add_durations(tests_[test], std::span(history_.series).subspan(first)));
    }
    for (const OutcomeId id : shown_) history_.outcomes.push_back({id, (*outcomes_)[id].outcome()});
    return std::move(history_);
  }

 private:
  RunFilter filter_for(Timeline& timeline) const {
    RunFilter filter{.range = query_.range,
                     .states = query_.states,
                     .order = query_.order,
                     .ascending = query_.ascending,
                     .limit = query_.limit,
                     .now = query_.now};
    if (query_.only_covering)
      filter.accept = [this, &timeline](const RunEntry& run) -> Result<bool> {
        RESULTSDB_ASSIGN(const TestSetPtr set, timeline.test_sets().get(run.test_set));
        return std::any_of(tests_.begin(), tests_.end(), [&](TestId test) { return set->contains(test); });
      };
    return filter;
  }

  Status add_slice(Snapshot& snapshot, Timeline& timeline) {
    Slice slice{.timeline = &timeline};
    History::Timeline answer;
    {
      RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(timeline));
      if (query_.selection.received_since && reader->row.last_received < *query_.selection.received_since)
        return {};
      RESULTSDB_ASSIGN(SelectedRuns selected, select_runs(*reader, filter_for(timeline)));
      slice.state = reader->state;
      answer.more = selected.more;
      answer.runs.reserve(selected.runs.size());
      slice.runs.reserve(selected.runs.size());
      for (RunEntryPtr& run : selected.runs) add_run(std::move(run), slice, answer);
      answer.info = to_info(timeline.identity(), reader->row);
    }
    RESULTSDB_TRY(add_sets(slice));
    slices_.push_back(std::move(slice));
    history_.timelines.push_back(std::move(answer));
    return {};
  }

  void add_run(RunEntryPtr run, Slice& slice, History::Timeline& answer) const {
    slice.runs.push_back(run.get());
    if (state_as_of(*run->info, query_.now) == run->info->state) {
      const RunInfo* const info = run->info.get();
      answer.runs.push_back(RunInfoPtr(std::move(run), info));
    } else {
      answer.runs.push_back(as_of(run->info, query_.now));
      slice.kept_runs.push_back(std::move(run));
    }
  }

  static Status add_sets(Slice& slice) {
    std::vector<storage::TestSetId> ids;  // once for neighbours that share a set
    for (const RunEntry* run : slice.runs)
      if (ids.empty() || ids.back() != run->test_set) ids.push_back(run->test_set);
    RESULTSDB_ASSIGN(slice.kept_sets, slice.timeline->test_sets().get(ids));
    slice.sets.reserve(slice.runs.size());
    std::size_t at = 0;
    for (const RunEntry* run : slice.runs) {
      if (run->test_set != ids[at]) ++at;
      slice.sets.push_back(slice.kept_sets[at].get());
    }
    return {};
  }

  Status read_changes() {
    storage::ChangeQuery query{.suite = suite_.name()};
    query.tests.assign(tests_.begin(), tests_.end());
    std::sort(query.tests.begin(), query.tests.end());
    for (const Slice& slice : slices_)
      if (!slice.runs.empty()) query.timelines.push_back(slice.timeline->identity().number);
    std::sort(query.timelines.begin(), query.timelines.end());
    OutcomeId largest = 0;
    if (!query.tests.empty() && !query.timelines.empty()) {
      RESULTSDB_ASSIGN(changes_, suite_.storage().find_changes(query));
      for (const ChangeRow& change : changes_) largest = std::max(largest, change.outcome);
    }
    RESULTSDB_ASSIGN(outcomes_, suite_.outcomes().table(largest));
    return {};
  }

  std::vector<storage::RunRef> all_refs() const {
    std::vector<storage::RunRef> refs;
    for (const Slice& slice : slices_)
      for (const RunEntry* run : slice.runs) refs.push_back({slice.timeline->identity().number, run->serial});
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

  std::span<const ChangeRow> changes_of(TestId test, storage::TimelineId timeline) const {
    const auto [first, last] = std::equal_range(
        changes_.begin(), changes_.end(), ChangeRow{.key = {.test = test, .timeline = timeline}},
        [](const ChangeRow& a, const ChangeRow& b) {
          return std::pair(a.key.test, a.key.timeline) < std::pair(b.key.test, b.key.timeline);
        });
    return {first, last};
  }

  static OutcomeId outcome_at(std::span<const ChangeRow> changes, const RunKey& key) {
    const auto after =
        std::upper_bound(changes.begin(), changes.end(), key,
                         [](const RunKey& k, const ChangeRow& change) { return k < key_of(change.key); });
    return after == changes.begin() ? 0 : std::prev(after)->outcome;
  }

  Result<bool> is_lost(const Slice& slice, const RunEntry& run, TestId test) {
    if (run.lost == 0) return false;
    RESULTSDB_ASSIGN(const auto lost, slice.timeline->lost_tests(run));
    return std::binary_search(lost->begin(), lost->end(), test);
  }

  static void push(std::vector<RunLength>& lengths, std::int32_t outcome) {
    if (!lengths.empty() && lengths.back().outcome == outcome) {
      ++lengths.back().count;
    } else {
      lengths.push_back({1, outcome});
    }
  }

  Status add_series(std::uint32_t test, std::uint32_t timeline) {
    const Slice& slice = slices_[timeline];
    const TestId id = tests_[test];
    const std::span<const ChangeRow> changes = changes_of(id, slice.timeline->identity().number);
    History::Series series{.test = test, .timeline = timeline};
    Coverage coverage(id);
    for (std::uint32_t i = 0; i < slice.runs.size(); ++i) {
      const RunEntry& run = *slice.runs[i];
      if (coverage.covers(slice.sets[i])) {
        const OutcomeId outcome = changes.empty() ? 0 : outcome_at(changes, run.key());
        const OutcomeId shown = (*outcomes_)[outcome].shown;
        push(series.outcomes, static_cast<std::int32_t>(shown));
        add_extras(series, slice, i, id, (*outcomes_)[outcome]);
      } else {
        RESULTSDB_ASSIGN(const bool lost, is_lost(slice, run, id));
        push(series.outcomes, lost ? kLost : kNotCovered);
      }
    }
    if (series.outcomes.empty() ||
        (series.outcomes.size() == 1 && series.outcomes.front().outcome == kNotCovered))
      return {};
    for (const RunLength& length : series.outcomes)
      if (length.outcome >= 0) shown_.insert(static_cast<OutcomeId>(length.outcome));
    history_.series.push_back(std::move(series));
    return {};
  }

  void add_extras(History::Series& series, const Slice& slice, std::uint32_t index, TestId test,
                  const DictionaryEntry& outcome) {
    if (!query_.tries && !query_.details) return;
    const RunEntry& run = *slice.runs[index];
    const std::pair key(storage::RunRef{slice.timeline->identity().number, run.serial}, test);
    if (const auto found = tries_.find(key); found != tries_.end())
      series.tries.push_back({index, found->second.first, found->second.second});
    if (!query_.details) return;
    History::Series::Extra extra{.run = index};
    const auto detail = details_.find(key);
    if (detail != details_.end()) extra.detail = detail->second.detail;
    if (!outcome.key.in_detail) {
      extra.attributes = outcome.key.attributes ? *outcome.key.attributes : run.common_attributes;
    } else if (detail != details_.end()) {
      extra.attributes = detail->second.attributes;
    }
    if (!extra.attributes.empty() || !extra.detail.empty()) series.extras.push_back(std::move(extra));
  }

  Status add_durations(TestId test, std::span<History::Series> series) const {
    std::vector<TimedRuns> runs;
    for (const History::Series& each : series) {
      const Slice& slice = slices_[each.timeline];
      TimedRuns timed{&slice.timeline->identity(), &slice.state, {}};
      timed.serials.reserve(slice.runs.size());
      for (const RunEntry* run : slice.runs) timed.serials.push_back(run->serial);
      runs.push_back(std::move(timed));
    }
    RESULTSDB_ASSIGN(auto durations, read_durations_of_test(suite_.storage(), test, runs));
    for (std::size_t i = 0; i < series.size(); ++i) series[i].duration_us = std::move(durations[i]);
    return {};
  }

  Suite& suite_;
  const std::span<const TestId> tests_;
  const HistoryQuery& query_;
  History history_;
  std::vector<Slice> slices_;
  std::vector<ChangeRow> changes_;
  OutcomeTablePtr outcomes_;
  std::set<OutcomeId> shown_ = {0};
  std::map<std::pair<storage::RunRef, TestId>, std::pair<std::uint32_t, std::uint32_t>> tries_;
  std::map<std::pair<storage::RunRef, TestId>, Detail> details_;
};

}  // namespace

Result<History> read_history(Suite& suite, std::span<const TestId> tests, const HistoryQuery& query) {
  return read_consistently(suite,
                           [&](Snapshot& snapshot) { return Reading(suite, tests, query).read(snapshot); });
}

}  // namespace resultsdb::engine
