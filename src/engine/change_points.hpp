// Change points of a timeline: the runs at which a test takes another outcome than at the previous run that
// covers it (a plain expected pass before the first one).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/timeline.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::engine {

/// The covered tests of a run, ascending, and their outcomes.
struct RunValues {
  std::vector<storage::TestId> tests;
  std::vector<storage::OutcomeId> outcomes;
};
/// As the store has them.
Result<RunValues> read_values(storage::Storage& storage, Timeline& timeline, const RunEntry& run);

struct ChangeEdit {
  std::vector<storage::ChangeRow> puts;
  std::vector<storage::ChangeKey> deletes;
};

/// What must change in the derived table when the run at `key` goes from `old` (empty: it was not there) to
/// `now` (empty: it is deleted). Exact for any place on the timeline. `contents` is the timeline before that.
/// `head`, if given, holds the last outcome of each test (-1: not known) and is only given for a run behind
/// all others that was not there.
Result<ChangeEdit> edit_changes(storage::Storage& storage, Timeline& timeline,
                                const TimelineContents& contents, const RunKey& key, const RunValues& old,
                                const RunValues& now, std::span<const std::int32_t> head = {});

}  // namespace resultsdb::engine
