// What the engine writes into TimelineRow::state.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::engine {

/// How far the durations of a timeline are folded into tiles of one level: all groups of runs below `group`
/// and, of that group, the chunks of tests below `chunk`.
struct FoldCursor {
  std::uint32_t group = 0, chunk = 0;

  bool covers(std::uint32_t a_group, std::uint32_t a_chunk) const {
    return a_group < group || (a_group == group && a_chunk < chunk);
  }
  bool operator==(const FoldCursor&) const = default;
};

struct TimelineState {
  storage::TestSetId next_test_set = 1;
  std::uint32_t chunks = 0;          ///< of tests that have durations: 0 up to this one
  std::array<FoldCursor, 2> folded;  ///< tiles of 8 and of 64 runs
  /// Version made by the last batch that did more than add a run behind all others: readers who know that
  /// version or a later one need only read what was added.
  std::uint64_t rewritten = 0;
  /// A writer who lost to others several times asks them to let it go next, by this number; 0: nobody does.
  /// The next batch with a run ends it, whoever writes it.
  std::uint64_t claim = 0;

  bool operator==(const TimelineState&) const = default;
};

storage::Bytes encode_state(const TimelineState& state);
/// The empty text is a new timeline's state. Corrupt if the bytes are damaged.
Result<TimelineState> decode_state(std::string_view bytes);

}  // namespace resultsdb::engine
