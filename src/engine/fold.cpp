#include "engine/fold.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/durations.hpp"

namespace resultsdb::engine {
namespace {

using storage::RunSerial;

class Folding {
 public:
  Folding(Suite& suite, const TimelineContents& contents)
      : suite_(suite), row_(contents.row), state_(contents.state) {
    batch_.suite = suite.name();
  }

  /// False if nothing has its turn.
  Result<bool> draft() {
    const FoldCursor small = state_.folded[0], large = state_.folded[1];
    // Large tiles first: they are made of small ones that are stored, not of those in this batch.
    RESULTSDB_TRY(take_turn(1));
    RESULTSDB_TRY(take_turn(0));
    if (state_.folded[0] == small && state_.folded[1] == large) return false;
    ++row_.version;
    row_.state = encode_state(state_);
    batch_.timelines.push_back(row_);
    return true;
  }

  const storage::SuiteBatch& batch() const { return batch_; }
  const storage::TimelineRow& row() const { return row_; }

 private:
  // Runs that are complete at this level: arrived, for small tiles; folded into small ones, for large ones.
  bool group_is_complete(std::size_t level) const {
    const std::uint64_t end = (std::uint64_t{state_.folded[level].group} + 1) * kFoldedRuns[level];
    if (level == 0) return row_.next_serial >= end;
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
    storage::DurationQuery query{.timeline = row_.id, .chunk = cursor.chunk};
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
            {row_.id, cursor.chunk * kBlocksPerChunk + block, 0, cursor.group, encode_tile(tile)});
    }
    return {};
  }

  Status fold_tiles(const FoldCursor& cursor) {
    const std::uint32_t tiles = kFoldedRuns[1] / kFoldedRuns[0];
    std::vector<storage::DurationQuery> queries;
    for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block) {
      storage::DurationQuery query{.timeline = row_.id, .block = cursor.chunk * kBlocksPerChunk + block};
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
      batch_.put_tiles.push_back({row_.id, block, 1, cursor.group, encode_tile(tile)});
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
  storage::TimelineRow row_;
  TimelineState state_;
  storage::SuiteBatch batch_;
};

}  // namespace

Status fold_next(Suite& suite, Timeline& timeline) {
  storage::TimelineRow row;
  {
    RESULTSDB_ASSIGN(const Timeline::Reader reader, timeline.read());
    if (reader->state.chunks == 0) return {};
    Folding folding(suite, *reader);
    RESULTSDB_ASSIGN(const bool any, folding.draft());
    if (!any) return {};
    RESULTSDB_TRY(suite.storage().apply(folding.batch()));
    row = folding.row();
  }
  if (timeline.head_version + 1 == row.version) timeline.head_version = row.version;
  timeline.applied(row, nullptr, nullptr);
  return {};
}

}  // namespace resultsdb::engine
