// Folding raw durations into tiles, a few chunks with each upload.
#pragma once

#include "engine/suite.hpp"
#include "engine/timeline.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

/// Folds the chunks whose turn it is, in a batch of its own. The caller holds the timeline's write_mutex and
/// no Reader. Does nothing if no group of runs is complete.
Status fold_next(Suite& suite, Timeline& timeline);

}  // namespace resultsdb::engine
