#include "engine/durations.hpp"

#include <algorithm>
#include <utility>

namespace resultsdb::engine {
namespace {

using storage::RunSerial;
using storage::TestId;

void widen(storage::Range<std::uint32_t>& range, std::uint32_t value) {
  range.from = range.from ? std::min(*range.from, value) : value;
  range.to = range.to ? std::max(*range.to, value) : value;
}

/// Where the durations of a run and a chunk are.
enum class Place { Raw, SmallTile, LargeTile };
Place place_of(const TimelineState& state, RunSerial serial, std::uint32_t chunk) {
  if (state.folded[1].covers(serial / kFoldedRuns[1], chunk)) return Place::LargeTile;
  return state.folded[0].covers(serial / kFoldedRuns[0], chunk) ? Place::SmallTile : Place::Raw;
}

storage::DurationQuery make_query(storage::TimelineId timeline, const TimelineState& state, TestId test,
                                  const Serials& serials) {
  const std::uint32_t chunk = test / kChunkTests, block = test / kBlockTests;
  storage::DurationQuery query{.timeline = timeline};
  for (const RunSerial serial : serials) {
    const Place place = place_of(state, serial, chunk);
    if (place == Place::Raw) {
      query.chunk = chunk;
      widen(query.serials, serial);
      continue;
    }
    const std::size_t level = place == Place::LargeTile ? 1 : 0;
    query.block = block;
    widen(query.tiles[level], serial / kFoldedRuns[level]);
  }
  // A level that is not wanted is an empty range.
  for (auto& range : query.tiles)
    if (!range.from) range = {.from = 1, .to = 0};
  return query;
}

}  // namespace

std::vector<RawChunk> encode_chunks(std::span<const TestId> tests,
                                    std::span<const std::int64_t> durations_us) {
  std::vector<RawChunk> chunks;
  std::vector<std::int64_t> values;
  for (std::size_t first = 0; first < tests.size();) {
    const std::uint32_t number = tests[first] / kChunkTests;
    values.assign(kChunkTests, kNoDuration);
    bool any = false;
    std::size_t next = first;
    for (; next < tests.size() && tests[next] / kChunkTests == number; ++next) {
      values[tests[next] % kChunkTests] = durations_us[next];
      any = any || durations_us[next] >= 0;
    }
    if (any) chunks.push_back({number, encode_raw(values)});
    first = next;
  }
  return chunks;
}

Result<std::vector<std::int64_t>> read_durations_of_test(storage::Storage& storage,
                                                         const TimelineIdentity& timeline,
                                                         const TimelineState& state, TestId test,
                                                         const Serials& serials) {
  std::vector<std::int64_t> durations(serials.size(), kNoDuration);
  if (serials.empty()) return durations;
  const storage::DurationQuery query = make_query(timeline.number, state, test, serials);
  RESULTSDB_ASSIGN(const storage::Durations stored, storage.read_durations(timeline.suite, {&query, 1}));
  std::map<RunSerial, std::int64_t> raw;
  for (const storage::DurationsRow& row : stored.raw) {
    RESULTSDB_ASSIGN(raw[row.serial], raw_at(row.blob, test % kChunkTests));
  }
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::int64_t>> tiles;  // by level and tile
  for (const storage::TileRow& row : stored.tiles) {
    if (row.level >= kFoldedRuns.size())
      return make_error(ErrorCode::Corrupt, "a tile is of an unknown level", "duration_tile");
    RESULTSDB_ASSIGN((tiles[{row.level, row.tile}]), tile_row(row.blob, test % kBlockTests));
  }
  for (std::size_t i = 0; i < serials.size(); ++i) {
    const Place place = place_of(state, serials[i], test / kChunkTests);
    if (place == Place::Raw) {
      if (const auto found = raw.find(serials[i]); found != raw.end()) durations[i] = found->second;
      continue;
    }
    const std::uint32_t level = place == Place::LargeTile ? 1 : 0;
    const auto found = tiles.find({level, serials[i] / kFoldedRuns[level]});
    const std::uint32_t slot = serials[i] % kFoldedRuns[level];
    if (found != tiles.end() && slot < found->second.size()) durations[i] = found->second[slot];
  }
  return durations;
}

Result<std::vector<std::int64_t>> read_durations_of_run(storage::Storage& storage,
                                                        const TimelineIdentity& timeline,
                                                        const TimelineState& state, RunSerial serial,
                                                        std::span<const TestId> tests) {
  std::vector<std::int64_t> durations(tests.size(), kNoDuration);
  std::vector<storage::DurationQuery> queries;
  std::uint32_t last_raw = 0xffffffff, last_block = 0xffffffff;
  for (const TestId test : tests) {
    const bool raw = place_of(state, serial, test / kChunkTests) == Place::Raw;
    std::uint32_t& last = raw ? last_raw : last_block;
    const std::uint32_t unit = raw ? test / kChunkTests : test / kBlockTests;
    if (unit == last) continue;
    last = unit;
    queries.push_back(make_query(timeline.number, state, test, {serial}));
  }
  if (queries.empty()) return durations;
  RESULTSDB_ASSIGN(const storage::Durations stored, storage.read_durations(timeline.suite, queries));
  std::map<std::uint32_t, std::vector<std::int64_t>> chunks;
  for (const storage::DurationsRow& row : stored.raw) {
    RESULTSDB_ASSIGN(chunks[row.chunk], decode_raw(row.blob));
  }
  std::map<std::uint32_t, DurationMatrix> blocks;
  for (const storage::TileRow& row : stored.tiles) {
    if (row.level >= kFoldedRuns.size())
      return make_error(ErrorCode::Corrupt, "a tile is of an unknown level", "duration_tile");
    RESULTSDB_ASSIGN(blocks[row.block], decode_tile(row.blob));
  }
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const TestId test = tests[i];
    if (place_of(state, serial, test / kChunkTests) == Place::Raw) {
      const auto found = chunks.find(test / kChunkTests);
      const std::size_t index = test % kChunkTests;
      if (found != chunks.end() && index < found->second.size()) durations[i] = found->second[index];
      continue;
    }
    const auto found = blocks.find(test / kBlockTests);
    const std::uint32_t row = test % kBlockTests;
    if (found == blocks.end() || row >= found->second.rows || found->second.columns == 0) continue;
    durations[i] = found->second.at(row, serial % found->second.columns);
  }
  return durations;
}

}  // namespace resultsdb::engine
