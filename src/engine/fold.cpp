#include "engine/fold.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "engine/durations.hpp"

namespace resultsdb::engine {
namespace {

using storage::RunSerial;

class Folding {
 public:
  Folding(Suite& suite, storage::TimelineId timeline, RunSerial stored, const TimelineState& state)
      : suite_(suite), timeline_(timeline), stored_(stored), state_(state) {}

  // Large tiles first: they are made of small ones that are stored, not of those in this batch.
  Status draft() {
    RESULTSDB_TRY(take_turn(1));
    return take_turn(0);
  }

  void move_to(TimelineState& state, storage::SuiteBatch& batch) {
    const auto append = [](auto& to, auto& rows) {
      to.insert(to.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
    };
    append(batch.delete_durations, batch_.delete_durations);
    append(batch.delete_tiles, batch_.delete_tiles);
    append(batch.put_tiles, batch_.put_tiles);
    state.folded = state_.folded;
  }

 private:
  // Runs that are complete at this level: arrived, for small tiles; folded into small ones, for large ones.
  bool group_is_complete(std::size_t level) const {
    const std::uint64_t end = (std::uint64_t{state_.folded[level].group} + 1) * kFoldedRuns[level];
    if (level == 0) return stored_ >= end;
    return std::uint64_t{state_.folded[0].group} * kFoldedRuns[0] >= end;
  }

  // The chunks of a group are shared out over as many uploads as it takes to complete the next one.
  Status take_turn(std::size_t level) {
    if (!group_is_complete(level)) return {};
    FoldCursor& cursor = state_.folded[level];
    const std::uint32_t share =
        std::max<std::uint32_t>(1, (state_.chunks + kFoldedRuns[level] - 1) / kFoldedRuns[level]);
    const std::uint32_t end = std::min(state_.chunks, cursor.chunk + share);
    for (; cursor.chunk < end; ++cursor.chunk)
      RESULTSDB_TRY(level == 0 ? fold_raw(cursor) : fold_tiles(cursor));
    if (cursor.chunk >= state_.chunks) cursor = {cursor.group + 1, 0};
    return {};
  }

  Status fold_raw(const FoldCursor& cursor) {
    const std::uint32_t runs = kFoldedRuns[0];
    storage::DurationQuery query{.timeline = timeline_, .chunk = cursor.chunk};
    query.serials = {.from = cursor.group * runs, .to = cursor.group * runs + runs - 1};
    RESULTSDB_ASSIGN(storage::Durations stored, suite_.storage().read_durations(suite_.name(), {&query, 1}));
    std::vector<std::vector<std::int64_t>> columns(runs);
    for (storage::DurationsRow& row : stored.raw) {
      RESULTSDB_ASSIGN(columns[row.serial % runs], decode_raw(row.blob));
      row.blob.clear();
      batch_.delete_durations.push_back(std::move(row));
    }
    if (stored.raw.empty()) return {};
    for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block) {
      DurationMatrix tile(kBlockTests, runs);
      bool any = false;
      for (std::uint32_t run = 0; run < runs; ++run) {
        if (columns[run].empty()) continue;
        for (std::uint32_t test = 0; test < kBlockTests; ++test) {
          tile.at(test, run) = columns[run][std::size_t{block} * kBlockTests + test];
          any = any || tile.at(test, run) >= 0;
        }
      }
      if (any)
        batch_.put_tiles.push_back(
            {timeline_, cursor.chunk * kBlocksPerChunk + block, 0, cursor.group, encode_tile(tile)});
    }
    return {};
  }

  Status fold_tiles(const FoldCursor& cursor) {
    const std::uint32_t tiles = kFoldedRuns[1] / kFoldedRuns[0];
    std::vector<storage::DurationQuery> queries;
    for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block) {
      storage::DurationQuery query{.timeline = timeline_, .block = cursor.chunk * kBlocksPerChunk + block};
      query.tiles[0] = {.from = cursor.group * tiles, .to = cursor.group * tiles + tiles - 1};
      query.tiles[1] = {.from = 1, .to = 0};
      queries.push_back(query);
    }
    RESULTSDB_ASSIGN(storage::Durations stored, suite_.storage().read_durations(suite_.name(), queries));
    for (std::size_t first = 0; first < stored.tiles.size();) {
      const std::uint32_t block = stored.tiles[first].block;
      DurationMatrix tile(kBlockTests, kFoldedRuns[1]);
      std::size_t next = first;
      for (; next < stored.tiles.size() && stored.tiles[next].block == block; ++next)
        RESULTSDB_TRY(copy_small(stored.tiles[next], tile));
      batch_.put_tiles.push_back({timeline_, block, 1, cursor.group, encode_tile(tile)});
      first = next;
    }
    return {};
  }

  Status copy_small(storage::TileRow& small, DurationMatrix& tile) {
    RESULTSDB_ASSIGN(const DurationMatrix durations, decode_tile(small.blob));
    const std::uint32_t slot = small.tile % (kFoldedRuns[1] / kFoldedRuns[0]) * kFoldedRuns[0];
    if (durations.rows > tile.rows || durations.columns > kFoldedRuns[0])
      return make_error(ErrorCode::Corrupt, "a tile is larger than its level allows", "duration_tile");
    for (std::uint32_t test = 0; test < durations.rows; ++test)
      for (std::uint32_t run = 0; run < durations.columns; ++run)
        tile.at(test, slot + run) = durations.at(test, run);
    small.blob.clear();
    batch_.delete_tiles.push_back(std::move(small));
    return {};
  }

  Suite& suite_;
  const storage::TimelineId timeline_;
  const RunSerial stored_;
  TimelineState state_;
  storage::SuiteBatch batch_;
};

}  // namespace

Status draft_fold(Suite& suite, storage::TimelineId timeline, RunSerial stored, TimelineState& state,
                  storage::SuiteBatch& batch) {
  Folding folding(suite, timeline, stored, state);
  RESULTSDB_TRY(folding.draft());
  folding.move_to(state, batch);
  return {};
}

}  // namespace resultsdb::engine
