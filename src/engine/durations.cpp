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

namespace {

/// Tests of one chunk on one timeline.
class ChunkDurations {
 public:
  ChunkDurations(std::span<const RunSerial> serials, TestRange tests)
      : serials_(serials), tests_(tests), chunk_(tests.first / kChunkTests) {}

  Result<std::vector<std::int64_t>> read(storage::Storage& storage, const TimelineIdentity& timeline,
                                         const TimelineState& state) {
    std::vector<std::int64_t> values(std::size_t{tests_.count} * serials_.size(), kNoDuration);
    const auto queries = make_queries(timeline.number, state);
    if (queries.empty()) return values;
    RESULTSDB_ASSIGN(const storage::Durations stored, storage.read_durations(timeline.suite, queries));
    const auto places = places_by_serial();
    const auto place = [&](RunSerial serial, Place kind) {
      const auto found = places.find(serial);
      const bool here = found != places.end() && place_of(state, serial, chunk_) == kind;
      return here ? std::optional(found->second) : std::nullopt;
    };
    for (const storage::DurationsRow& row : stored.raw) {
      const auto run = place(row.serial, Place::Raw);
      if (!run) continue;
      RESULTSDB_ASSIGN(const auto column, decode_raw(row.blob));
      const std::size_t first = tests_.first % kChunkTests;
      for (std::size_t i = 0; i < tests_.count && first + i < column.size(); ++i)
        values[i * serials_.size() + *run] = column[first + i];
    }
    for (const storage::TileRow& row : stored.tiles) {
      if (row.level >= kFoldedRuns.size() || row.block / kBlocksPerChunk != chunk_)
        return make_error(ErrorCode::Corrupt, "a tile is of another level or block", "duration_tile");
      RESULTSDB_ASSIGN(const DurationMatrix tile, decode_tile(row.blob));
      const TestId first = row.block * kBlockTests;
      for (std::uint32_t column = 0; column < std::min(tile.columns, kFoldedRuns[row.level]); ++column) {
        const auto run = place(row.tile * kFoldedRuns[row.level] + column,
                               row.level == 1 ? Place::LargeTile : Place::SmallTile);
        if (!run) continue;
        for (std::uint32_t test = 0; test < std::min(tile.rows, kBlockTests); ++test)
          if (tests_.contains(first + test))
            values[std::size_t{first + test - tests_.first} * serials_.size() + *run] = tile.at(test, column);
      }
    }
    return values;
  }

 private:
  std::vector<storage::DurationQuery> make_queries(storage::TimelineId timeline,
                                                   const TimelineState& state) const {
    storage::DurationQuery raw{.timeline = timeline, .chunk = chunk_};
    storage::DurationQuery tiles{.timeline = timeline};
    for (const RunSerial serial : serials_) {
      const Place place = place_of(state, serial, chunk_);
      const std::size_t level = place == Place::LargeTile ? 1 : 0;
      if (place == Place::Raw) {
        widen(raw.serials, serial);
      } else {
        widen(tiles.tiles[level], serial / kFoldedRuns[level]);
      }
    }
    std::vector<storage::DurationQuery> queries;
    if (raw.serials.from) queries.push_back(raw);
    if (!tiles.tiles[0].from && !tiles.tiles[1].from) return queries;
    for (auto& range : tiles.tiles)
      if (!range.from) range = {.from = 1, .to = 0};
    for (std::uint32_t block = tests_.first / kBlockTests;
         block <= (tests_.first + tests_.count - 1) / kBlockTests; ++block) {
      tiles.block = block;
      queries.push_back(tiles);
    }
    return queries;
  }

  std::map<RunSerial, std::size_t> places_by_serial() const {
    std::map<RunSerial, std::size_t> places;
    for (std::size_t i = 0; i < serials_.size(); ++i) places.emplace(serials_[i], i);
    return places;
  }

  const std::span<const RunSerial> serials_;
  const TestRange tests_;
  const std::uint32_t chunk_;
};

}  // namespace

TestRange tests_at_once(TestId test, TestId last, std::size_t runs) {
  constexpr std::size_t kMost = kBytesAtOnce / sizeof(std::int64_t);
  std::uint32_t count = kChunkTests;
  while (count > 1 && count * runs > kMost) count /= 2;
  const TestId first = test - test % count;
  return {first, std::min(count, last - first + 1)};
}

Result<std::vector<std::int64_t>> read_durations_of_tests(Suite& suite, storage::TimelineId timeline,
                                                          std::span<const RunSerial> serials,
                                                          TestRange tests) {
  if (tests.count == 0) return std::vector<std::int64_t>();
  return read_consistently(
      suite, Growth::Spoils, [&](Snapshot& snapshot) -> Result<std::vector<std::int64_t>> {
        for (const TimelinePtr& each : snapshot.timelines()) {
          if (each->identity().number != timeline) continue;
          TimelineState state;
          {
            RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(*each));
            state = reader->state;
          }
          snapshot.reads_on();
          return ChunkDurations(serials, tests).read(suite.storage(), each->identity(), state);
        }
        return std::vector<std::int64_t>(std::size_t{tests.count} * serials.size(), kNoDuration);
      });
}

Result<std::vector<std::vector<std::int64_t>>> read_durations_of_test(Suite& suite, TestId test,
                                                                      std::span<const RunsOfTimeline> runs) {
  using Answer = std::vector<std::vector<std::int64_t>>;
  return read_consistently(suite, Growth::Spoils, [&](Snapshot& snapshot) -> Result<Answer> {
    Answer answer;
    for (const RunsOfTimeline& each : runs) answer.emplace_back(each.serials.size(), kNoDuration);
    std::vector<TimelineState> states(runs.size());
    std::vector<TimedRuns> timed;
    std::vector<std::size_t> places;
    for (const TimelinePtr& timeline : snapshot.timelines()) {
      const auto wanted =
          std::ranges::find(runs, timeline->identity().number, &RunsOfTimeline::timeline) - runs.begin();
      const auto place = static_cast<std::size_t>(wanted);
      if (place == runs.size() || runs[place].serials.empty()) continue;
      {
        RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(*timeline));
        states[place] = reader->state;
      }
      timed.push_back({&timeline->identity(), &states[place], runs[place].serials});
      places.push_back(place);
    }
    snapshot.reads_on();
    RESULTSDB_ASSIGN(auto durations, read_durations_of_test(suite.storage(), test, timed));
    for (std::size_t i = 0; i < places.size(); ++i) answer[places[i]] = std::move(durations[i]);
    return answer;
  });
}

}  // namespace resultsdb::engine
