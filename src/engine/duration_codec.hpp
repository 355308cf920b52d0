// Exact durations, small: rows of values packed against their own minimum, each readable alone.
//
// A new run's durations are raw rows of 4,096 tests. Later they are folded into tiles of 8 and of 64 runs by
// 256 tests, test-major: one test's durations hardly vary from run to run, so a row needs few bits a value.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::engine {

inline constexpr std::uint32_t kChunkTests = 4096;  ///< tests of a raw row
inline constexpr std::uint32_t kBlockTests = 256;   ///< tests of a tile
inline constexpr std::int64_t kNoDuration = -1;     ///< not covered, or not told

/// Values in microseconds (0 to 2^62) or kNoDuration; row by row.
struct DurationMatrix {
  std::uint32_t rows = 0;     ///< tests of a tile, at most kBlockTests
  std::uint32_t columns = 0;  ///< runs of a tile, at most 64
  std::vector<std::int64_t> values;

  DurationMatrix() = default;
  DurationMatrix(std::uint32_t row_count, std::uint32_t column_count)
      : rows(row_count), columns(column_count), values(std::size_t{row_count} * column_count, kNoDuration) {}
  std::int64_t& at(std::uint32_t row, std::uint32_t column) {
    return values[std::size_t{row} * columns + column];
  }
  std::int64_t at(std::uint32_t row, std::uint32_t column) const {
    return values[std::size_t{row} * columns + column];
  }
  bool operator==(const DurationMatrix&) const = default;
};

storage::Bytes encode_tile(const DurationMatrix& tile);
Result<DurationMatrix> decode_tile(std::string_view blob);
/// One test's durations: decodes that row alone. Rows beyond those stored are all kNoDuration.
Result<std::vector<std::int64_t>> tile_row(std::string_view blob, std::uint32_t test_in_block);

/// At most kChunkTests values, by test within the chunk.
storage::Bytes encode_raw(std::span<const std::int64_t> durations_us);
/// kChunkTests values.
Result<std::vector<std::int64_t>> decode_raw(std::string_view blob);
Result<std::int64_t> raw_at(std::string_view blob, std::uint32_t test_in_chunk);

}  // namespace resultsdb::engine
