// One batch for one timeline in the making: a run is removed, added, or replaced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/prepared_run.hpp"
#include "engine/suite.hpp"
#include "engine/timeline.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

/// How a run is stored that is not part of the run itself.
struct RunArrival {
  Time received{};
  std::optional<Time> lease_until;
  /// The stored run that is replaced holds all of the new one but what is said about these tests (ascending):
  /// the rest need not be written again.
  std::optional<std::vector<storage::TestId>> fresh;
};

/// Lives while the caller holds the timeline's write_turns and a Reader on `contents`.
class TimelineDraft {
 public:
  TimelineDraft(Suite& suite, Timeline& timeline, const TimelineContents& contents);

  /// Replaces `existing` (null: adds a run).
  Status put(const RunEntryPtr& existing, const PreparedRun& run, const RunArrival& arrival);
  Status erase(const RunEntryPtr& existing);
  /// Rewrites the narrow row alone.
  Status rewrite(const RunEntryPtr& existing, storage::RunRow row);

  const storage::SuiteBatch& batch() const { return batch_; }
  const storage::TimelineRow& row() const { return batch_.timelines.front(); }
  const RunEntryPtr& removed() const { return removed_; }
  const RunEntryPtr& added() const { return added_; }
  /// After the batch was applied: what this process knows besides the runs. Not under a Reader.
  void applied();

 private:
  Status fill_run(const PreparedRun& run, const RunArrival& arrival);
  Status fill_test_set(const PreparedRun& run, storage::RunRow& row);
  void fill_payload(const PreparedRun& run, const RunArrival& arrival, bool all);
  Status drop_test_set(storage::TestSetId set, storage::TestSetId kept);
  void drop_tiles();
  Status edit_changes(const RunKey& key, const RunValues& now);
  bool is_last(const RunKey& key) const;
  bool keeps_serial() const;
  void fill_timeline_row();

  Suite& suite_;
  Timeline& timeline_;
  const TimelineContents& contents_;
  storage::SuiteBatch batch_;
  TimelineState state_;
  storage::RunSerial next_serial_;
  OrderKey order_key_;
  bool appends_ = false;
  RunEntryPtr removed_, added_;
  RunValues old_, now_;
  TestSetPtr new_set_;
};

}  // namespace resultsdb::engine
