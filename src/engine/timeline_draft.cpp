#include "engine/timeline_draft.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/change_points.hpp"
#include "engine/durations.hpp"
#include "engine/fold.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::engine {
namespace {

using storage::TestId;
using storage::TestSetId;

constexpr std::int32_t kUnknown = -1;

}  // namespace

TimelineDraft::TimelineDraft(Suite& suite, Timeline& timeline, const TimelineContents& contents)
    : suite_(suite),
      timeline_(timeline),
      contents_(contents),
      state_(contents.state),
      next_serial_(contents.row.next_serial),
      order_key_(contents.row.order_key) {
  batch_.suite = suite.name();
  if (timeline_.head_version != contents.row.version) timeline_.head.clear();
}

bool TimelineDraft::is_last(const RunKey& key) const {
  return contents_.runs.empty() || contents_.runs.back()->key() < key;
}

// Slots of tiles are written once: a run whose group is folded, be it in part, starts again under a new
// number.
bool TimelineDraft::keeps_serial() const {
  return removed_ && !state_.folded[0].covers(removed_->serial / kFoldedRuns[0], 0);
}

Status TimelineDraft::put(const RunEntryPtr& existing, const PreparedRun& run, const RunArrival& arrival) {
  removed_ = existing;
  appends_ = !existing && is_last(run.key());
  order_key_ = run.header.order_key;
  now_ = run.values;
  RESULTSDB_TRY(fill_run(run, arrival));
  if (existing) {
    RESULTSDB_ASSIGN(old_, read_values(suite_.storage(), timeline_, *existing));
    RESULTSDB_TRY(drop_test_set(existing->test_set, batch_.put_runs.front().test_set));
  }
  RESULTSDB_TRY(edit_changes(run.key(), now_));
  // Durations that cannot be folded are no reason to refuse a run; the next upload takes its turn again.
  if (!existing && state_.chunks != 0)
    (void)draft_fold(suite_, timeline_.identity().number, contents_.row.next_serial, state_, batch_);
  fill_timeline_row();
  RESULTSDB_ASSIGN(added_,
                   make_entry(batch_.put_runs.front(), timeline_.identity(), order_key_, suite_.outcomes()));
  return {};
}

Status TimelineDraft::erase(const RunEntryPtr& existing) {
  removed_ = existing;
  RESULTSDB_ASSIGN(old_, read_values(suite_.storage(), timeline_, *existing));
  batch_.delete_runs.push_back({timeline_.identity().number, existing->serial});
  drop_tiles();
  RESULTSDB_TRY(drop_test_set(existing->test_set, 0));
  RESULTSDB_TRY(edit_changes(existing->key(), {}));
  fill_timeline_row();
  return {};
}

Status TimelineDraft::rewrite(const RunEntryPtr& existing, storage::RunRow row) {
  removed_ = existing;
  RESULTSDB_ASSIGN(added_, make_entry(row, timeline_.identity(), order_key_, suite_.outcomes()));
  batch_.put_runs.push_back(std::move(row));
  fill_timeline_row();
  return {};
}

Status TimelineDraft::fill_run(const PreparedRun& run, const RunArrival& arrival) {
  const RunHeader& header = run.header;
  storage::RunRow row;
  row.timeline = timeline_.identity().number;
  row.serial = keeps_serial() ? removed_->serial : next_serial_++;
  row.position = *header.position;
  row.started = header.started;
  row.variant = header.variant;
  row.id = !header.id.empty() ? header.id
                              : run_id(header.suite, header.branch, header.configuration, *header.position,
                                       header.started, header.variant);
  row.received = arrival.received;
  row.state = header.state;
  row.lease_until = arrival.lease_until;
  row.covered = static_cast<std::uint32_t>(run.values.tests.size());
  row.lost = static_cast<std::uint32_t>(run.outcomes.lost.size());
  row.counters = encode_counters(run.counters);
  row.digest = header.digest;
  row.header = encode_header(run.text);
  row.indexed = run.indexed;
  RESULTSDB_TRY(fill_test_set(run, row));
  const bool all = !(arrival.fresh && keeps_serial());
  if (removed_ && all) batch_.delete_runs.push_back({row.timeline, removed_->serial});
  if (removed_ && row.serial != removed_->serial) drop_tiles();
  batch_.put_runs.push_back(std::move(row));
  fill_payload(run, arrival, all);
  for (const auto* tests : {&run.values.tests, &run.outcomes.lost}) {
    const std::vector<TestId> fresh = suite_.names().not_listed(*tests);
    batch_.listed_tests.insert(batch_.listed_tests.end(), fresh.begin(), fresh.end());
  }
  return {};
}

Status TimelineDraft::fill_test_set(const PreparedRun& run, storage::RunRow& row) {
  RESULTSDB_ASSIGN(const std::optional<TestSetId> known, timeline_.test_sets().find(*run.set));
  if (known) {
    row.test_set = *known;
    return {};
  }
  row.test_set = state_.next_test_set++;
  // The set of a neighbour that stays is the most alike.
  const std::size_t at = contents_.lower_bound(run.key());
  const TestSetId base = at > 0 ? contents_.runs[at - 1]->test_set : 0;
  RESULTSDB_ASSIGN(storage::TestSetRow set, timeline_.test_sets().make_row(row.test_set, *run.set, base));
  batch_.put_test_sets.push_back(std::move(set));
  new_set_ = run.set;
  return {};
}

// `all`: nothing of the run is stored yet; else only what the fresh tests brought.
void TimelineDraft::fill_payload(const PreparedRun& run, const RunArrival& arrival, bool all) {
  const storage::RunRow& row = batch_.put_runs.front();
  if (!run.outcomes.entries.empty() || !run.outcomes.lost.empty())
    batch_.put_outcomes.push_back({row.timeline, row.serial, encode_outcomes(run.outcomes)});
  const auto is_fresh = [&](TestId test) {
    return all || std::binary_search(arrival.fresh->begin(), arrival.fresh->end(), test);
  };
  for (const auto& [test, blob] : run.details)
    if (is_fresh(test)) batch_.put_details.push_back({row.timeline, row.serial, test, blob});
  if (run.durations_us.empty()) return;
  for (RawChunk& chunk : encode_chunks(run.values.tests, run.durations_us)) {
    const TestId first = chunk.number * static_cast<TestId>(kChunkTests);
    if (!all) {
      const auto fresh = std::lower_bound(arrival.fresh->begin(), arrival.fresh->end(), first);
      if (fresh == arrival.fresh->end() || *fresh - first >= kChunkTests) continue;
    }
    state_.chunks = std::max(state_.chunks, chunk.number + 1);
    batch_.put_durations.push_back({row.timeline, chunk.number, row.serial, std::move(chunk.blob)});
  }
}

// Deletes the set of the removed run if no other run and no other set needs it, then likewise its base.
Status TimelineDraft::drop_test_set(TestSetId set, TestSetId kept) {
  const auto base_of_new = [&](TestSetId id) {
    return std::any_of(batch_.put_test_sets.begin(), batch_.put_test_sets.end(),
                       [&](const storage::TestSetRow& row) { return row.base == id; });
  };
  TestSetId child = 0;
  while (set != 0 && set != kept && !base_of_new(set)) {
    const bool used = std::any_of(contents_.runs.begin(), contents_.runs.end(), [&](const RunEntryPtr& run) {
      return run != removed_ && run->test_set == set;
    });
    if (used) return {};
    RESULTSDB_ASSIGN(const bool base, timeline_.test_sets().is_base(set, child));
    if (base) return {};
    batch_.delete_test_sets.push_back({.timeline = timeline_.identity().number, .id = set});
    child = set;
    RESULTSDB_ASSIGN(set, timeline_.test_sets().base_of(set));
  }
  return {};
}

// A slot of a tile that loses its run stays as it is; a tile that loses its last one goes.
void TimelineDraft::drop_tiles() {
  for (std::uint32_t level = 0; level < kFoldedRuns.size(); ++level) {
    const std::uint32_t group = removed_->serial / kFoldedRuns[level];
    const bool used = std::any_of(contents_.runs.begin(), contents_.runs.end(), [&](const RunEntryPtr& run) {
      return run != removed_ && run->serial / kFoldedRuns[level] == group;
    });
    if (used) return;  // of the larger group as well
    for (std::uint32_t chunk = 0; chunk < state_.chunks; ++chunk) {
      if (!state_.folded[level].covers(group, chunk)) break;
      if (level == 0 && state_.folded[1].covers(removed_->serial / kFoldedRuns[1], chunk)) continue;
      for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block)
        batch_.delete_tiles.push_back(
            {timeline_.identity().number, chunk * kBlocksPerChunk + block, level, group, {}});
    }
  }
}

Status TimelineDraft::edit_changes(const RunKey& key, const RunValues& now) {
  const std::span<const std::int32_t> head =
      appends_ ? std::span<const std::int32_t>(timeline_.head) : std::span<const std::int32_t>();
  RESULTSDB_ASSIGN(ChangeEdit edit,
                   engine::edit_changes(suite_.storage(), timeline_, contents_, key, old_, now, head));
  batch_.put_changes = std::move(edit.puts);
  batch_.delete_changes = std::move(edit.deletes);
  return {};
}

void TimelineDraft::fill_timeline_row() {
  storage::TimelineRow row = contents_.row;
  ++row.version;
  row.next_serial = next_serial_;
  row.order_key = order_key_;
  if (!appends_) state_.rewritten = row.version;
  state_.claim = 0;
  row.state = encode_state(state_);
  row.runs = 0;
  row.first_position = row.last_position = 0;
  row.last_received = Time{};
  const auto count = [&](Position position, Time received) {
    row.first_position = row.runs == 0 ? position : std::min(row.first_position, position);
    row.last_position = row.runs == 0 ? position : std::max(row.last_position, position);
    row.last_received = row.runs == 0 ? received : std::max(row.last_received, received);
    ++row.runs;
  };
  if (removed_) {
    for (const RunEntryPtr& run : contents_.runs)
      if (run != removed_) count(run->info->position, run->info->received);
  } else if (contents_.row.runs != 0) {
    count(contents_.row.first_position, contents_.row.last_received);
    count(contents_.row.last_position, contents_.row.last_received);
    row.runs = contents_.row.runs;
  }
  for (const storage::RunRow& run : batch_.put_runs) count(run.position, run.received);
  batch_.timelines.push_back(std::move(row));
}

void TimelineDraft::applied() {
  for (const storage::TestSetRow& set : batch_.put_test_sets) timeline_.test_sets().stored(set, new_set_);
  for (const storage::TestSetRow& set : batch_.delete_test_sets) timeline_.test_sets().deleted(set.id);
  suite_.names().mark_listed(batch_.listed_tests);
  std::vector<std::int32_t>& head = timeline_.head;
  if (!now_.tests.empty() && now_.tests.back() >= head.size()) head.resize(now_.tests.back() + 1, kUnknown);
  // Tests that the run no longer covers, or covers somewhere in the middle, may end with another outcome now.
  if (!appends_) {
    for (const TestId test : old_.tests)
      if (test < head.size()) head[test] = kUnknown;
  }
  for (std::size_t i = 0; i < now_.tests.size(); ++i) {
    const auto outcome = static_cast<std::int32_t>(now_.outcomes[i]);
    std::int32_t& last = head[now_.tests[i]];
    if (last != outcome) last = appends_ ? outcome : kUnknown;
  }
  timeline_.head_version = row().version;
  timeline_.applied(row(), removed_, added_);
}

}  // namespace resultsdb::engine
