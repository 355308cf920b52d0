#include "engine/duration_codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "engine/bytes.hpp"

// A blob: version, columns, rows, the rows' lengths in bytes, the rows, checksum. A raw row of a run is
// stored as a matrix too, of 64 tests a row.
//
// A row of length 0 has no value at all. Else its first byte holds the width w of a packed value (6 bits),
// whether values are in whole milliseconds (bit 6), and whether an extension byte follows (bit 7): bit 0 a
// bitmap of the columns that have a value (else all have one), bit 1 a list of outliers. Then come the
// minimum as a varint, the bitmap, the values less the minimum in w bits each, and the outliers: count, then
// column among those with a value and what to add above the w bits. The encoder chooses w so that the row is
// smallest.
namespace resultsdb::engine {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint32_t kColumns = 64;
constexpr std::uint32_t kMaxWidth = 56;  // with 7 bits before it a value still fits into 64
constexpr std::uint8_t kWidthMask = 0x3F, kMilliseconds = 0x40, kExtended = 0x80;
constexpr std::uint8_t kHasBitmap = 1, kHasOutliers = 2;
constexpr const char* kWhat = "durations";

Error corrupt() { return make_error(ErrorCode::Corrupt, "the durations cannot be decoded", kWhat); }

void store(char* to, std::uint64_t value) {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(to, &value, sizeof value);
  } else {
    for (std::size_t i = 0; i < sizeof value; ++i) to[i] = static_cast<char>(value >> (8 * i));
  }
}

std::uint64_t load(const char* from) {
  std::uint64_t value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, from, sizeof value);
  } else {
    for (std::size_t i = 0; i < sizeof value; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  }
  return value;
}

/// The values of a row that are there, less their minimum, in the row's unit.
struct PackedRow {
  std::array<std::uint64_t, kColumns> offsets;
  std::uint32_t count = 0;
  std::uint64_t bitmap = 0;
  std::uint64_t minimum = 0;
  bool milliseconds = true;
};

PackedRow pack(std::span<const std::int64_t> values) {
  PackedRow row;
  std::uint64_t minimum = ~std::uint64_t{0};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0) continue;
    const auto value = static_cast<std::uint64_t>(values[i]);
    row.bitmap |= std::uint64_t{1} << i;
    row.offsets[row.count++] = value;
    minimum = std::min(minimum, value);
    row.milliseconds = row.milliseconds && value % 1000 == 0;
  }
  if (row.milliseconds) {  // dividing by a constant is several times faster than by a variable
    row.minimum = minimum / 1000;
    for (std::uint32_t i = 0; i < row.count; ++i) row.offsets[i] = (row.offsets[i] - minimum) / 1000;
  } else {
    row.minimum = minimum;
    for (std::uint32_t i = 0; i < row.count; ++i) row.offsets[i] -= minimum;
  }
  return row;
}

/// The width that makes packed values and outliers smallest together.
std::uint32_t best_width(const PackedRow& row) {
  std::array<std::uint32_t, 64> wider{};  // at first: how many values need exactly so many bits
  std::uint32_t widest = 0;
  for (std::uint32_t i = 0; i < row.count; ++i) {
    const auto width = static_cast<std::uint32_t>(std::bit_width(row.offsets[i]));
    ++wider[width];
    widest = std::max(widest, width);
  }
  std::uint32_t best = 0, best_bits = ~std::uint32_t{0}, more = 0;
  for (std::uint32_t width = widest + 1; width-- > 0;) {
    more += std::exchange(wider[width], more);  // from here on: how many need more bits
    if (width > kMaxWidth) continue;
    std::uint32_t outlier_bytes = width < widest ? 2 + wider[width] : 0;  // extension byte, count, columns
    for (std::uint32_t part = width; part < widest; part += 7) outlier_bytes += wider[part];
    if (row.count * width + 8 * outlier_bytes < best_bits) {
      best_bits = row.count * width + 8 * outlier_bytes;
      best = width;
    }
    if (8 * outlier_bytes > best_bits) break;
  }
  return best;
}

/// One encoded row, in place: a string that grows byte by byte costs more than the packing.
class RowBuffer {
 public:
  void clear() { size_ = 0; }
  void byte(std::uint8_t value) { bytes_[size_++] = static_cast<char>(value); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(0x80 | (value & 0x7F)));
    byte(static_cast<std::uint8_t>(value));
  }
  /// The lowest `width` bits of each offset.
  void packed(const PackedRow& row, std::uint32_t width) {
    char* to = bytes_.data() + size_;
    size_ += (std::size_t{row.count} * width + 7) / 8;
    const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
    std::uint64_t pending = 0;
    std::uint32_t bits = 0;  // of pending
    for (std::uint32_t i = 0; i < row.count; ++i) {
      const std::uint64_t value = row.offsets[i] & mask;
      pending |= value << bits;
      bits += width;
      if (bits < 64) continue;
      store(to, pending);
      to += sizeof pending;
      bits -= 64;
      pending = bits == 0 ? 0 : value >> (width - bits);
    }
    store(to, pending);
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  // Head, extension, minimum, bitmap, widest packed values with the last store's overhang, outliers.
  static constexpr std::size_t kMost = 2 + 10 + 8 + kColumns * kMaxWidth / 8 + 8 + 1 + kColumns * (1 + 10);
  std::array<char, kMost> bytes_;
  std::size_t size_ = 0;
};

void encode_row(std::span<const std::int64_t> values, RowBuffer& out) {
  const PackedRow row = pack(values);
  if (row.count == 0) return;
  const std::uint32_t width = best_width(row);
  std::uint32_t outliers = 0;
  for (std::uint32_t i = 0; i < row.count; ++i) outliers += row.offsets[i] >> width != 0 ? 1 : 0;
  const std::uint8_t extension = static_cast<std::uint8_t>((row.count < values.size() ? kHasBitmap : 0) |
                                                           (outliers > 0 ? kHasOutliers : 0));
  out.byte(static_cast<std::uint8_t>(width | (row.milliseconds ? kMilliseconds : 0) |
                                     (extension != 0 ? kExtended : 0)));
  if (extension != 0) out.byte(extension);
  out.varint(row.minimum);
  if ((extension & kHasBitmap) != 0) {
    for (std::size_t shift = 0; shift < values.size(); shift += 8)
      out.byte(static_cast<std::uint8_t>(row.bitmap >> shift));
  }
  out.packed(row, width);
  if (outliers == 0) return;
  out.varint(outliers);
  for (std::uint32_t i = 0; i < row.count; ++i) {
    if (row.offsets[i] >> width == 0) continue;
    out.byte(static_cast<std::uint8_t>(i));
    out.varint(row.offsets[i] >> width);
  }
}

/// Values of `width` bits each.
void unpack(std::string_view packed, std::uint32_t width, std::span<std::uint64_t> values) {
  std::array<char, kColumns * kMaxWidth / 8 + sizeof(std::uint64_t)>
      bytes;  // so that every load is a whole one
  std::memcpy(bytes.data(), packed.data(), packed.size());
  std::memset(bytes.data() + packed.size(), 0, sizeof(std::uint64_t));
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  for (std::size_t i = 0, at = 0; i < values.size(); ++i, at += width)
    values[i] = (load(bytes.data() + at / 8) >> (at % 8)) & mask;
}

bool decode_row(std::string_view bytes, std::span<std::int64_t> values) {
  std::fill(values.begin(), values.end(), kNoDuration);
  if (bytes.empty()) return true;
  ByteReader in(bytes);
  const std::uint8_t head = in.byte();
  const std::uint32_t width = head & kWidthMask;
  if (width > kMaxWidth) return false;
  const std::uint64_t unit = (head & kMilliseconds) != 0 ? 1000 : 1;
  const std::uint8_t extension = (head & kExtended) != 0 ? in.byte() : 0;
  const std::uint64_t minimum = in.varint();
  std::uint64_t bitmap = values.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << values.size()) - 1;
  if ((extension & kHasBitmap) != 0) {
    std::uint64_t read = 0;
    for (std::size_t shift = 0; shift < values.size(); shift += 8) read |= std::uint64_t{in.byte()} << shift;
    if ((read & ~bitmap) != 0) return false;
    bitmap = read;
  }
  const auto count = static_cast<std::uint32_t>(std::popcount(bitmap));
  const auto packed = in.bytes((std::uint64_t{count} * width + 7) / 8);
  if (!in.ok()) return false;
  std::array<std::uint64_t, kColumns> offsets;
  unpack(packed, width, std::span(offsets).first(count));
  if ((extension & kHasOutliers) != 0) {
    for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
      const std::uint8_t column = in.byte();
      const std::uint64_t high = in.varint();
      if (column >= count || std::bit_width(high) + static_cast<int>(width) > 63) return false;
      offsets[column] |= high << width;
    }
  }
  if (!in.at_end()) return false;
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if ((bitmap >> i & 1) == 0) continue;
    const std::uint64_t offset = offsets[next++];
    const std::uint64_t most = static_cast<std::uint64_t>(INT64_MAX) / unit;
    if (minimum > most || offset > most - minimum) return false;
    values[i] = static_cast<std::int64_t>((minimum + offset) * unit);
  }
  return true;
}

/// An opened blob: where its rows are.
struct Rows {
  std::uint32_t columns = 0, rows = 0;
  std::string_view lengths, payload;
};

Result<Rows> open_rows(std::string_view blob, std::uint32_t max_rows) {
  RESULTSDB_ASSIGN(const auto content, open_sealed(blob, kWhat));
  ByteReader in(content);
  Rows rows;
  if (in.byte() != kVersion) return corrupt();
  rows.columns = in.varint32();
  rows.rows = in.varint32();
  if (!in.ok() || rows.columns == 0 || rows.columns > kColumns || rows.rows > max_rows) return corrupt();
  const std::size_t begin = content.size() - in.remaining();
  for (std::uint32_t i = 0; i < rows.rows; ++i) in.varint();
  if (!in.ok()) return corrupt();
  const std::size_t end = content.size() - in.remaining();
  rows.lengths = content.substr(begin, end - begin);
  rows.payload = content.substr(end);
  return rows;
}

Result<std::vector<std::int64_t>> read_row(const Rows& rows, std::uint32_t row) {
  std::vector<std::int64_t> values(rows.columns, kNoDuration);
  if (row >= rows.rows) return values;
  ByteReader lengths(rows.lengths);
  std::uint64_t offset = 0;
  for (std::uint32_t i = 0; i < row; ++i) offset += lengths.varint();
  const std::uint64_t length = lengths.varint();
  if (offset > rows.payload.size() || length > rows.payload.size() - offset) return corrupt();
  if (!decode_row(rows.payload.substr(offset, length), values)) return corrupt();
  return values;
}

storage::Bytes encode_rows(std::span<const std::int64_t> values, std::uint32_t columns) {
  ByteWriter lengths, payload;
  RowBuffer encoded;
  std::uint32_t rows = 0;
  for (std::size_t at = 0; at < values.size(); at += columns, ++rows) {
    encoded.clear();
    encode_row(values.subspan(at, std::min<std::size_t>(columns, values.size() - at)), encoded);
    payload.bytes(encoded.view());
    lengths.varint(encoded.view().size());
  }
  ByteWriter out;
  out.byte(kVersion);
  out.varint(columns);
  out.varint(rows);
  out.bytes(lengths.buffer());
  out.bytes(payload.buffer());
  return seal(std::move(out).take());
}

Result<DurationMatrix> decode_rows(std::string_view blob, std::uint32_t max_rows) {
  RESULTSDB_ASSIGN(const auto rows, open_rows(blob, max_rows));
  DurationMatrix matrix(rows.rows, rows.columns);
  ByteReader lengths(rows.lengths), payload(rows.payload);
  for (std::uint32_t row = 0; row < rows.rows; ++row) {
    const auto bytes = payload.bytes(lengths.varint());
    const std::span<std::int64_t> values(matrix.values.data() + std::size_t{row} * rows.columns,
                                         rows.columns);
    if (!payload.ok() || !decode_row(bytes, values)) return corrupt();
  }
  if (!payload.at_end()) return corrupt();
  return matrix;
}

}  // namespace

storage::Bytes encode_tile(const DurationMatrix& tile) { return encode_rows(tile.values, tile.columns); }

Result<DurationMatrix> decode_tile(std::string_view blob) { return decode_rows(blob, kBlockTests); }

Result<std::vector<std::int64_t>> tile_row(std::string_view blob, std::uint32_t test_in_block) {
  RESULTSDB_ASSIGN(const auto rows, open_rows(blob, kBlockTests));
  return read_row(rows, test_in_block);
}

storage::Bytes encode_raw(std::span<const std::int64_t> durations_us) {
  std::vector<std::int64_t> whole(durations_us.begin(), durations_us.end());
  whole.resize((whole.size() + kColumns - 1) / kColumns * kColumns, kNoDuration);
  return encode_rows(whole, kColumns);
}

Result<std::vector<std::int64_t>> decode_raw(std::string_view blob) {
  RESULTSDB_ASSIGN(auto matrix, decode_rows(blob, kChunkTests / kColumns));
  if (matrix.columns != kColumns) return corrupt();
  matrix.values.resize(kChunkTests, kNoDuration);
  return std::move(matrix.values);
}

Result<std::int64_t> raw_at(std::string_view blob, std::uint32_t test_in_chunk) {
  RESULTSDB_ASSIGN(const auto rows, open_rows(blob, kChunkTests / kColumns));
  RESULTSDB_ASSIGN(const auto row, read_row(rows, test_in_chunk / kColumns));
  if (row.size() != kColumns) return corrupt();
  return row[test_in_chunk % kColumns];
}

}  // namespace resultsdb::engine
