// One timeline in memory: its runs in order, validated by the version of the stored row.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/outcome_dictionary.hpp"
#include "engine/test_sets.hpp"
#include "engine/timeline_state.hpp"
#include "engine/turns.hpp"
#include "resultsdb/configuration.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::engine {

/// Place of a run on its timeline.
struct RunKey {
  Position position = 0;
  Time started{};
  std::string_view variant;
  auto operator<=>(const RunKey&) const = default;
};
inline RunKey key_of(const storage::RunRow& row) { return {row.position, row.started, row.variant}; }
inline RunKey key_of(const storage::ChangeKey& key) { return {key.position, key.started, key.variant}; }

struct RunEntry {
  RunInfoPtr info;  ///< state as stored
  storage::RunSerial serial = 0;
  storage::TestSetId test_set = 0;
  std::uint32_t lost = 0;
  std::uint32_t failing = 0, unexpected = 0;  ///< results, as DictionaryEntry says
  std::string common_attributes;
  mutable std::shared_ptr<const std::vector<storage::TestId>> lost_tests;  ///< see Timeline::lost_tests()

  RunKey key() const { return {info->position, info->started, info->variant}; }
};
using RunEntryPtr = std::shared_ptr<const RunEntry>;

/// What never changes about a timeline.
struct TimelineIdentity {
  std::string suite, branch;
  Configuration configuration;
  std::string configuration_key;
  std::string id, configuration_id;  ///< public
  storage::TimelineKey key;
  storage::TimelineId number = 0;
};

/// Entry of a stored row. Corrupt if its header or counters are damaged.
Result<RunEntryPtr> make_entry(const storage::RunRow& row, const TimelineIdentity& timeline,
                               OrderKey order_key, OutcomeDictionary& outcomes);

/// The runs of a timeline at one version.
struct TimelineContents {
  storage::TimelineRow row;
  TimelineState state;
  std::vector<RunEntryPtr> runs;        ///< by (position, started, variant)
  std::vector<RunEntryPtr> by_start;    ///< by (started, position, variant)
  std::vector<RunEntryPtr> by_receipt;  ///< by (received, position, started, variant)

  void insert(const RunEntryPtr& entry);
  void erase(const RunEntryPtr& entry);
  /// Index of the first run not before `key`.
  std::size_t lower_bound(const RunKey& key) const;
};

struct SuiteTrack;  // suite_tracks.hpp

/// Safe for concurrent use.
class Timeline {
 public:
  Timeline(storage::Storage& storage, OutcomeDictionary& outcomes, TimelineIdentity identity);

  const TimelineIdentity& identity() const { return identity_; }
  TestSets& test_sets() { return test_sets_; }

  /// Shared access to the contents, which stay as they are while it lives. Do not keep one while calling
  /// anything that may load this timeline.
  class Reader {
   public:
    const TimelineContents& operator*() const { return contents_; }
    const TimelineContents* operator->() const { return &contents_; }

   private:
    friend class Timeline;
    Reader(std::shared_mutex& mutex, const TimelineContents& contents) : lock_(mutex), contents_(contents) {}
    std::shared_lock<std::shared_mutex> lock_;
    const TimelineContents& contents_;
  };
  /// What this process knows: at least as new as the last announced version.
  Result<Reader> read();
  /// Somebody saw this row in the store.
  void announce(const storage::TimelineRow& row);
  /// The newest row that was announced.
  storage::TimelineRow announced() const;
  std::uint64_t announced_version() const;
  /// Reads the row and, if its version is not the known one, the runs.
  Status refresh();

  /// Takes over what a batch of this process did. Ignored if the contents are of another version than the
  /// batch's precondition.
  void applied(const storage::TimelineRow& row, const RunEntryPtr& removed, const RunEntryPtr& added);

  /// Lost tests of a run with a lost count, ascending; read from its blob.
  Result<std::shared_ptr<const std::vector<storage::TestId>>> lost_tests(const RunEntry& run);

  /// How often what hangs on the runs (test sets, lost tests) was read from the store.
  std::uint64_t reads() const { return lost_reads_ + test_sets_.reads(); }

  /// What statistics read of it, of some version; null: nothing is kept.
  std::shared_ptr<const SuiteTrack> suite_track() const;
  void keep_suite_track(std::shared_ptr<const SuiteTrack> track);

  /// About what its runs and what is kept for statistics take; 0 if it is being written or loaded just now.
  std::size_t kept_bytes() const;
  /// Forgets them: they are read again when asked for. False, and nothing done, if it is in use just now.
  bool unload();
  std::atomic<std::uint64_t> last_use{0};

  /// Held by a writer of this process from its first read to its batch: writers of one process take turns,
  /// so that only those of other processes meet Conflict. What follows belongs to the holder.
  Turns write_turns;
  /// Last outcome of each test, -1 = not known; of version `head_version`.
  std::vector<std::int32_t> head;
  std::uint64_t head_version = 0;

 private:
  Status load(std::optional<storage::TimelineRow> row);
  Result<storage::TimelineRow> stored_row();
  Status read_runs(const storage::TimelineRow& row, TimelineContents& contents, std::optional<RunKey> after);

  storage::Storage& storage_;
  OutcomeDictionary& outcomes_;
  const TimelineIdentity identity_;
  TestSets test_sets_;
  std::atomic<std::uint64_t> lost_reads_{0};
  mutable std::shared_mutex mutex_;  // guards contents_
  TimelineContents contents_;
  bool loaded_ = false;
  mutable std::mutex side_mutex_;  // guards what follows and the lost tests of the entries
  storage::TimelineRow announced_;
  std::shared_ptr<const SuiteTrack> suite_track_;
};
using TimelinePtr = std::shared_ptr<Timeline>;

}  // namespace resultsdb::engine
