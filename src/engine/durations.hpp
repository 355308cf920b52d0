// Where the durations of a timeline are: raw rows of new runs, tiles of 8 and of 64 runs.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/duration_codec.hpp"
#include "engine/suite.hpp"
#include "engine/timeline.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::engine {

inline constexpr std::array<std::uint32_t, 2> kFoldedRuns = {8, 64};  ///< by level of a tile
inline constexpr std::uint32_t kBlocksPerChunk = kChunkTests / kBlockTests;

struct RawChunk {
  std::uint32_t number = 0;
  storage::Bytes blob;
};
/// Raw rows of one run: the chunks with any duration. `tests` ascending, `durations_us` parallel to it.
std::vector<RawChunk> encode_chunks(std::span<const storage::TestId> tests,
                                    std::span<const std::int64_t> durations_us);

/// Runs of one timeline of which durations are wanted.
struct TimedRuns {
  const TimelineIdentity* timeline = nullptr;
  const TimelineState* state = nullptr;
  std::vector<storage::RunSerial> serials;
};

/// Durations of one test by timeline (all of one suite), parallel to the serials, -1 = none.
Result<std::vector<std::vector<std::int64_t>>> read_durations_of_test(storage::Storage& storage,
                                                                      storage::TestId test,
                                                                      std::span<const TimedRuns> runs);

/// Durations of one run for `tests` (ascending), -1 = none.
Result<std::vector<std::int64_t>> read_durations_of_run(storage::Storage& storage,
                                                        const TimelineIdentity& timeline,
                                                        const TimelineState& state, storage::RunSerial serial,
                                                        std::span<const storage::TestId> tests);

/// Tests with neighbouring ids, all of one chunk.
struct TestRange {
  storage::TestId first = 0;
  std::uint32_t count = 0;

  bool contains(storage::TestId test) const { return test >= first && test - first < count; }
  bool operator==(const TestRange&) const = default;
};
/// Who goes through all tests up to `last` reads the durations of `runs` runs of so many at once, of which
/// `test` is one: all of its chunk, or as few as take kBytesAtOnce at most.
inline constexpr std::size_t kBytesAtOnce = 128u << 20;
TestRange tests_at_once(storage::TestId test, storage::TestId last, std::size_t runs);

/// Durations of these tests, -1 = none: by test, then by serial in the order given. A consistent read of its
/// own; serials that are gone have none.
Result<std::vector<std::int64_t>> read_durations_of_tests(Suite& suite, storage::TimelineId timeline,
                                                          std::span<const storage::RunSerial> serials,
                                                          TestRange tests);

/// Durations of one test, parallel to the serials, -1 = none. A consistent read of its own; timelines and
/// serials that are gone have none.
struct RunsOfTimeline {
  storage::TimelineId timeline = 0;
  std::vector<storage::RunSerial> serials;
};
Result<std::vector<std::vector<std::int64_t>>> read_durations_of_test(Suite& suite, storage::TestId test,
                                                                      std::span<const RunsOfTimeline> runs);

}  // namespace resultsdb::engine
