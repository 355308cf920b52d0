#include "engine/durations.hpp"

#include <algorithm>
#include <map>
#include <tuple>
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
                                  std::span<const RunSerial> serials) {
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

constexpr std::size_t kTimelinesPerCall = 256;  // bounds the memory of one answer

/// The values of one test in rows that are stored, decoded one by one as runs ask for them.
class StoredDurations {
 public:
  StoredDurations(const storage::Durations& stored, storage::TimelineId timeline, TestId test)
      : test_(test), raw_(rows_of(stored.raw, timeline)), tiles_(rows_of(stored.tiles, timeline)) {}

  Result<std::int64_t> at(Place place, RunSerial serial) {
    return place == Place::Raw ? raw_at(serial) : tile_at(place == Place::LargeTile ? 1 : 0, serial);
  }

 private:
  template <class Row>
  static std::span<const Row> rows_of(const std::vector<Row>& rows, storage::TimelineId timeline) {
    const auto found = std::equal_range(rows.begin(), rows.end(), Row{.timeline = timeline},
                                        [](const Row& a, const Row& b) { return a.timeline < b.timeline; });
    return {found.first, found.second};
  }

  Result<std::int64_t> raw_at(RunSerial serial) const {
    const auto row = std::lower_bound(raw_.begin(), raw_.end(), serial,
                                      [](const auto& stored, RunSerial s) { return stored.serial < s; });
    if (row == raw_.end() || row->serial != serial) return kNoDuration;
    return engine::raw_at(row->blob, test_ % kChunkTests);
  }

  Result<std::int64_t> tile_at(std::uint32_t level, RunSerial serial) {
    const std::pair key(level, serial / kFoldedRuns[level]);
    if (key != current_) {  // neighbours share a tile
      current_ = key;
      values_.clear();
      const auto row = std::lower_bound(
          tiles_.begin(), tiles_.end(), key,
          [](const auto& stored, auto wanted) { return std::pair(stored.level, stored.tile) < wanted; });
      if (row != tiles_.end() && std::pair(row->level, row->tile) == key) {
        RESULTSDB_ASSIGN(values_, tile_row(row->blob, test_ % kBlockTests));
      }
    }
    const std::uint32_t slot = serial % kFoldedRuns[level];
    return slot < values_.size() ? values_[slot] : kNoDuration;
  }

  const TestId test_;
  const std::span<const storage::DurationsRow> raw_;
  const std::span<const storage::TileRow> tiles_;
  std::pair<std::uint32_t, std::uint32_t> current_{kFoldedRuns.size(), 0};  // level and tile of values_
  std::vector<std::int64_t> values_;
};

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

Result<std::vector<std::vector<std::int64_t>>> read_durations_of_test(storage::Storage& storage, TestId test,
                                                                      std::span<const TimedRuns> runs) {
  std::vector<std::vector<std::int64_t>> answer;
  answer.reserve(runs.size());
  while (!runs.empty()) {
    const auto some = runs.first(std::min(runs.size(), kTimelinesPerCall));
    runs = runs.subspan(some.size());
    std::vector<storage::DurationQuery> queries;
    for (const TimedRuns& each : some)
      queries.push_back(make_query(each.timeline->number, *each.state, test, each.serials));
    RESULTSDB_ASSIGN(const storage::Durations stored,
                     storage.read_durations(some.front().timeline->suite, queries));
    for (const TimedRuns& each : some) {
      StoredDurations found(stored, each.timeline->number, test);
      std::vector<std::int64_t>& durations = answer.emplace_back(each.serials.size());
      for (std::size_t i = 0; i < durations.size(); ++i) {
        const Place place = place_of(*each.state, each.serials[i], test / kChunkTests);
        RESULTSDB_ASSIGN(durations[i], found.at(place, each.serials[i]));
      }
    }
  }
  return answer;
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
    queries.push_back(make_query(timeline.number, state, test, {&serial, 1}));
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
