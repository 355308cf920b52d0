// Folding raw durations into tiles, a few chunks with each upload.
#pragma once

#include "engine/suite.hpp"
#include "engine/timeline_state.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/write_batch.hpp"

namespace resultsdb::engine {

/// Folds the chunks whose turn it is: what is to be written is added to `batch`, and the cursors of `state`
/// move on. `stored`: the timeline's runs with serials below it are stored, and the batch changes none of
/// them. Does nothing if no group of them is complete. On an error nothing has changed.
Status draft_fold(Suite& suite, storage::TimelineId timeline, storage::RunSerial stored, TimelineState& state,
                  storage::SuiteBatch& batch);

}  // namespace resultsdb::engine
