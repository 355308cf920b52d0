#include "engine/timeline.hpp"

#include <algorithm>
#include <utility>

#include "engine/outcome_blob.hpp"
#include "engine/run_header.hpp"
#include "engine/suite_tracks.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::engine {
namespace {

constexpr int kLoadAttempts = 16;
constexpr std::size_t kRunBytes = 1000;  // in memory, with its texts, about

bool by_key(const RunEntryPtr& a, const RunEntryPtr& b) { return a->key() < b->key(); }

bool by_start(const RunEntryPtr& a, const RunEntryPtr& b) {
  if (a->info->started != b->info->started) return a->info->started < b->info->started;
  return a->key() < b->key();
}

bool by_receipt(const RunEntryPtr& a, const RunEntryPtr& b) {
  if (a->info->received != b->info->received) return a->info->received < b->info->received;
  return a->key() < b->key();
}

template <class Before>
void insert_sorted(std::vector<RunEntryPtr>& runs, const RunEntryPtr& entry, Before before) {
  runs.insert(std::upper_bound(runs.begin(), runs.end(), entry, before), entry);
}

template <class Before>
void erase_sorted(std::vector<RunEntryPtr>& runs, const RunEntryPtr& entry, Before before) {
  const auto place = std::lower_bound(runs.begin(), runs.end(), entry, before);
  if (place != runs.end() && (*place)->key() == entry->key()) runs.erase(place);
}

}  // namespace

Result<RunEntryPtr> make_entry(const storage::RunRow& row, const TimelineIdentity& timeline,
                               OrderKey order_key, OutcomeDictionary& outcomes) {
  if (row.state > RunState::Incomplete || order_key > OrderKey::Time)
    return make_error(ErrorCode::Corrupt, "its state or order key is unknown; run a check", "run " + row.id);
  RESULTSDB_ASSIGN(HeaderText header, decode_header(row.header));
  RESULTSDB_ASSIGN(const Counters counters, decode_counters(row.counters));
  storage::OutcomeId largest = 0;
  for (const auto& [outcome, count] : counters) largest = std::max(largest, outcome);
  RESULTSDB_ASSIGN(const OutcomeTablePtr table, outcomes.table(largest));
  auto info = std::make_shared<RunInfo>();
  info->id = row.id;
  info->timeline = timeline.id;
  info->suite = timeline.suite;
  info->branch = timeline.branch;
  info->configuration = timeline.configuration;
  info->order_key = order_key;
  info->position = row.position;
  info->started = row.started;
  info->received = row.received;
  info->finished = header.finished;
  info->lease_until = row.lease_until;
  info->variant = row.variant;
  info->state = row.state;
  info->attempt = header.attempt;
  info->commits = std::move(header.commits);
  info->counts = to_run_counts(counters, row.covered, row.lost, *table);
  std::uint32_t failing = 0, unexpected = 0;
  for (const auto& [outcome, count] : counters) {
    failing += (*table)[outcome].failing ? count : 0;
    unexpected += (*table)[outcome].unexpected ? count : 0;
  }
  info->attributes = std::move(header.attributes);
  info->links = std::move(header.links);
  info->digest = row.digest;
  return std::make_shared<const RunEntry>(RunEntry{.info = std::move(info),
                                                   .serial = row.serial,
                                                   .test_set = row.test_set,
                                                   .lost = row.lost,
                                                   .failing = failing,
                                                   .unexpected = unexpected,
                                                   .common_attributes = std::move(header.common_attributes)});
}

void TimelineContents::insert(const RunEntryPtr& entry) {
  insert_sorted(runs, entry, by_key);
  insert_sorted(by_start, entry, engine::by_start);
  insert_sorted(by_receipt, entry, engine::by_receipt);
}

void TimelineContents::erase(const RunEntryPtr& entry) {
  erase_sorted(runs, entry, by_key);
  erase_sorted(by_start, entry, engine::by_start);
  erase_sorted(by_receipt, entry, engine::by_receipt);
}

std::size_t TimelineContents::lower_bound(const RunKey& key) const {
  const auto place = std::lower_bound(runs.begin(), runs.end(), key,
                                      [](const RunEntryPtr& run, const RunKey& k) { return run->key() < k; });
  return static_cast<std::size_t>(place - runs.begin());
}

Timeline::Timeline(storage::Storage& storage, OutcomeDictionary& outcomes, TimelineIdentity identity)
    : storage_(storage),
      outcomes_(outcomes),
      identity_(std::move(identity)),
      test_sets_(storage, identity_.suite, identity_.number) {
  announced_.id = identity_.number;
  announced_.key = identity_.key;
}

Result<Timeline::Reader> Timeline::read() {
  const std::uint64_t wanted = announced_version();
  for (;;) {
    {
      Reader reader(mutex_, contents_);
      if (loaded_ && contents_.row.version >= wanted) return reader;
    }
    RESULTSDB_TRY(load(std::nullopt));
  }
}

void Timeline::announce(const storage::TimelineRow& row) {
  std::lock_guard lock(side_mutex_);
  if (row.version > announced_.version) announced_ = row;
}

storage::TimelineRow Timeline::announced() const {
  std::lock_guard lock(side_mutex_);
  return announced_;
}

std::uint64_t Timeline::announced_version() const {
  std::lock_guard lock(side_mutex_);
  return announced_.version;
}

Result<storage::TimelineRow> Timeline::stored_row() {
  const storage::TimelineId id = identity_.number;
  RESULTSDB_ASSIGN(auto rows, storage_.find_timelines(identity_.suite, {&id, 1}));
  if (!rows.empty()) return std::move(rows.front());
  storage::TimelineRow row;  // interned, never written
  row.id = id;
  row.key = identity_.key;
  return row;
}

Status Timeline::refresh() {
  RESULTSDB_ASSIGN(storage::TimelineRow row, stored_row());
  announce(row);
  return load(std::move(row));
}

// `row` is what the caller has just read, if anything.
Status Timeline::load(std::optional<storage::TimelineRow> row) {
  std::unique_lock lock(mutex_);
  for (int attempt = 0; attempt < kLoadAttempts; ++attempt) {
    if (!row) {
      RESULTSDB_ASSIGN(row, stored_row());
      announce(*row);
    }
    if (loaded_ && contents_.row.version >= row->version) return {};
    RESULTSDB_ASSIGN(const TimelineState state, decode_state(row->state));
    const bool only_added = loaded_ && !contents_.runs.empty() && state.rewritten <= contents_.row.version;
    TimelineContents contents;
    std::optional<RunKey> after;
    if (only_added) {
      contents = contents_;
      after = contents.runs.back()->key();
      test_sets_.expect_more();
    } else {
      test_sets_.forget_all();
    }
    contents.row = *row;
    contents.state = state;
    RESULTSDB_TRY(read_runs(*row, contents, after));
    RESULTSDB_ASSIGN(storage::TimelineRow again, stored_row());
    RESULTSDB_ASSIGN(const TimelineState later, decode_state(again.state));
    if (again.version == row->version || later.rewritten <= row->version) {
      // Runs that somebody added meanwhile belong to a later version.
      const auto added = [&](const RunEntryPtr& run) { return run->serial >= row->next_serial; };
      std::erase_if(contents.runs, added);
      std::erase_if(contents.by_start, added);
      std::erase_if(contents.by_receipt, added);
      contents_ = std::move(contents);
      loaded_ = true;
      return {};
    }
    announce(again);
    row = std::move(again);
  }
  return make_error(ErrorCode::Conflict,
                    "the timeline is written faster than it can be read; repeat the call",
                    "timeline " + identity_.id);
}

// Pages are appended in key order; what is not after `after` is known already.
Status Timeline::read_runs(const storage::TimelineRow& row, TimelineContents& contents,
                           std::optional<RunKey> after) {
  if (row.runs == 0) return {};
  storage::RunQuery query;
  query.suite = identity_.suite;
  query.timelines = {identity_.number};
  query.ascending = true;
  if (after) query.position.from = after->position;
  const RunEntryPtr last = after ? contents.runs.back() : nullptr;
  storage::Paging paging{.limit = limits::kPageRows};
  do {
    RESULTSDB_ASSIGN(auto page, storage_.find_runs(query, paging));
    for (const storage::RunRow& run : page.rows) {
      if (last && key_of(run) <= last->key()) continue;
      RESULTSDB_ASSIGN(RunEntryPtr entry, make_entry(run, identity_, row.order_key, outcomes_));
      contents.runs.push_back(entry);
      contents.by_start.push_back(entry);
      contents.by_receipt.push_back(std::move(entry));
    }
    paging.token = std::move(page.next);
  } while (!paging.token.empty());
  std::sort(contents.by_start.begin(), contents.by_start.end(), engine::by_start);
  std::sort(contents.by_receipt.begin(), contents.by_receipt.end(), engine::by_receipt);
  return {};
}

void Timeline::applied(const storage::TimelineRow& row, const RunEntryPtr& removed,
                       const RunEntryPtr& added) {
  announce(row);
  std::unique_lock lock(mutex_);
  if (!loaded_ || contents_.row.version + 1 != row.version) return;
  auto state = decode_state(row.state);
  if (!state) return;  // cannot happen: we encoded it; if it does, the next read loads and reports
  contents_.row = row;
  contents_.state = *state;
  if (removed) contents_.erase(removed);
  if (added) contents_.insert(added);
}

Result<std::shared_ptr<const std::vector<storage::TestId>>> Timeline::lost_tests(const RunEntry& run) {
  static const auto none = std::make_shared<const std::vector<storage::TestId>>();
  if (run.lost == 0) return none;
  {
    std::lock_guard lock(side_mutex_);
    if (run.lost_tests) return run.lost_tests;
  }
  ++lost_reads_;
  const storage::RunRef ref{identity_.number, run.serial};
  RESULTSDB_ASSIGN(const auto blobs, storage_.read_outcomes(identity_.suite, {&ref, 1}));
  if (!blobs.front())
    return make_error(ErrorCode::Corrupt, "the outcomes of a run are missing; run a check",
                      "run " + run.info->id);
  RESULTSDB_ASSIGN(RunOutcomes outcomes, decode_outcomes(*blobs.front()));
  auto lost = std::make_shared<const std::vector<storage::TestId>>(std::move(outcomes.lost));
  std::lock_guard lock(side_mutex_);
  run.lost_tests = lost;
  return lost;
}

std::shared_ptr<const SuiteTrack> Timeline::suite_track() const {
  std::lock_guard lock(side_mutex_);
  return suite_track_;
}

void Timeline::keep_suite_track(std::shared_ptr<const SuiteTrack> track) {
  std::lock_guard lock(side_mutex_);
  if (track && suite_track_ && track->info.version < suite_track_->info.version) return;
  suite_track_ = std::move(track);
}

std::size_t Timeline::kept_bytes() const {
  const std::shared_lock lock(mutex_, std::try_to_lock);
  if (!lock) return 0;
  std::size_t runs = contents_.runs.size(), bytes = 0;
  // An answer may keep a track that has outlived the runs here.
  if (const auto track = suite_track()) {
    runs = std::max(runs, track->runs.size());
    bytes = track->bytes();
  }
  return runs * kRunBytes + bytes;
}

bool Timeline::unload() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return false;
  contents_ = {};
  loaded_ = false;
  test_sets_.forget_all();
  keep_suite_track(nullptr);
  return true;
}

}  // namespace resultsdb::engine
