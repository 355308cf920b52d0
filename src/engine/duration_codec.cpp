#include "engine/duration_codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "engine/bytes.hpp"

// A blob: coding, columns, rows, the usual bitmap of the columns that have a value, the rows' lengths in
// bytes, the rows, checksum. A raw row of a run is stored as a matrix too, of 64 tests a row.
//
// A row of length 0 has no value at all. Else its first byte holds a number of bits k (6 bits), whether
// values are in whole milliseconds (bit 6), and whether a bitmap of its own follows instead of the usual one
// (bit 7). Then come the reference as a varint, the bitmap, and the values as their distances from the
// reference.
//
// Packed, what is soon folded into something else: the reference is the minimum, a distance has k bits.
//
// Rice, what stays: the reference is the mean, distances are folded to 0, -1, 1, -2, … = 0, 1, 2, 3, … and
// written with Rice's code (R. F. Rice, Some practical universal noiseless coding techniques, 1979): with
// q = distance >> k, q in unary, then the lowest k bits. Distances far out have an Elias gamma code of q:
// with n = q - 3, 4 + bit_width(n) - 1 ones, a zero, the bits of n below its highest, then the k bits. A
// test's durations scatter like a bell curve with a few outliers: that is 0.1 bits from its entropy.
namespace resultsdb::engine {

namespace {

enum class Coding : std::uint8_t { Packed = 1, Rice = 2 };
constexpr std::uint32_t kColumns = 64;
constexpr std::uint32_t kMaxBits = 52;       // k: with the unary part they fit into one store
constexpr std::uint32_t kUnary = 4;          // so many ones say that gamma's code follows
constexpr std::uint32_t kMaxGammaBits = 40;  // below the highest one
constexpr std::uint8_t kBitsMask = 0x3F, kMilliseconds = 0x40, kOwnBitmap = 0x80;
constexpr std::uint64_t kLargest = std::uint64_t{1} << 62;
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

std::uint64_t low_bits(std::uint64_t value, std::uint32_t count) {
  return value & ((std::uint64_t{1} << count) - 1);
}

std::uint64_t all_columns(std::size_t columns) {
  return columns == 64 ? ~std::uint64_t{0} : low_bits(~std::uint64_t{0}, static_cast<std::uint32_t>(columns));
}

std::uint64_t bitmap_of(std::span<const std::int64_t> values) {
  std::int64_t signs = 0;
  for (const std::int64_t value : values) signs |= value;
  if (signs >= 0) return all_columns(values.size());  // the usual case, at a fraction of the cost
  std::uint64_t bitmap = 0;
  for (std::size_t i = 0; i < values.size(); ++i) bitmap |= std::uint64_t{values[i] >= 0} << i;
  return bitmap;
}

/// The values of a row that are there: their distances from the reference in the row's unit.
struct Distances {
  std::array<std::uint64_t, kColumns> values;
  std::uint32_t count = 0;
  std::uint64_t reference = 0;
  std::uint32_t bits = 0;  ///< k
  bool milliseconds = true;
};

/// Whole milliseconds, if that is what all of them are.
bool to_milliseconds(std::span<const std::uint64_t> micros, std::span<std::uint64_t> millis) {
  std::uint64_t lost = 0;
  for (std::size_t i = 0; i < micros.size(); ++i) {
    millis[i] = micros[i] / 1000;
    lost |= micros[i] ^ (millis[i] * 1000);
  }
  return lost == 0;
}

/// Mean and largest; the mean is without the largest, so that one outlier does not move it, and meant for
/// values that can be summed up: for others it is anything.
struct Middle {
  std::uint64_t mean = 0, largest = 0;
};
Middle middle_of(std::span<const std::uint64_t> values) {
  std::uint64_t sum = 0, largest = 0;
  for (const std::uint64_t value : values) {
    sum += value;
    largest = std::max(largest, value);
  }
  if (values.size() == 1) return {values.front(), values.front()};
  return {std::min((sum - largest) / (values.size() - 1), kLargest), largest};
}

/// The k that suits the distances: measured for a bell curve, it changes where 7/8 of their mean passes a
/// power of two.
std::uint32_t choose_bits(std::span<const std::uint64_t> distances) {
  const auto [mean, largest] = middle_of(distances);
  const auto suited = static_cast<std::uint32_t>(std::bit_width((mean - mean / 8) / 2));
  const auto widest = static_cast<std::uint32_t>(std::bit_width(largest));
  return std::clamp(suited, widest > kMaxGammaBits ? widest - kMaxGammaBits : 0, kMaxBits);
}

Distances distances_of(std::span<const std::int64_t> values, Coding coding) {
  Distances row;
  std::array<std::uint64_t, kColumns> all;
  std::uint32_t count = 0;
  for (const std::int64_t value : values) {
    all[count] = static_cast<std::uint64_t>(value);
    count += value >= 0 ? 1 : 0;
  }
  row.count = count;
  const std::span micros(all.data(), count), distances(row.values.data(), count);
  row.milliseconds = to_milliseconds(micros, distances);
  const std::span<const std::uint64_t> wanted = row.milliseconds ? distances : micros;
  if (coding == Coding::Packed) {
    row.reference = *std::min_element(wanted.begin(), wanted.end());
    std::uint64_t together = 0;
    for (std::uint32_t i = 0; i < count; ++i) together |= distances[i] = wanted[i] - row.reference;
    row.bits = static_cast<std::uint32_t>(std::bit_width(together));
    return row;
  }
  row.reference = middle_of(wanted).mean;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto distance = static_cast<std::int64_t>(wanted[i] - row.reference);
    distances[i] = static_cast<std::uint64_t>(distance) << 1 ^ static_cast<std::uint64_t>(distance >> 63);
  }
  row.bits = choose_bits(distances);
  return row;
}

/// Without a branch: whether a word is full cannot be predicted. Writes up to 8 bytes behind its end.
class BitWriter {
 public:
  explicit BitWriter(char* to) : to_(to) {}
  void bits(std::uint64_t value, std::uint32_t width) {  // at most 56
    pending_ |= value << used_;
    store(to_, pending_);
    used_ += width;
    to_ += used_ / 8;
    pending_ >>= used_ / 8 * 8;
    used_ %= 8;
  }
  char* end() const { return to_ + (used_ + 7) / 8; }

 private:
  char* to_;
  std::uint64_t pending_ = 0;
  std::uint32_t used_ = 0;  // bits of pending_, less than 8
};

/// One encoded row, in place: a string that grows byte by byte costs more than the packing.
class RowBuffer {
 public:
  void clear() { size_ = 0; }
  void byte(std::uint8_t value) { bytes_[size_++] = static_cast<char>(value); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(0x80 | (value & 0x7F)));
    byte(static_cast<std::uint8_t>(value));
  }
  void pack(const Distances& row) {
    BitWriter out(bytes_.data() + size_);
    for (std::uint32_t i = 0; i < row.count; ++i) out.bits(row.values[i], row.bits);
    size_ = static_cast<std::size_t>(out.end() - bytes_.data());
  }
  void code(const Distances& row) {
    BitWriter out(bytes_.data() + size_);
    const std::uint32_t k = row.bits;
    for (std::uint32_t i = 0; i < row.count; ++i) {
      const std::uint64_t low = low_bits(row.values[i], k), quotient = row.values[i] >> k;
      if (quotient < kUnary) {
        const auto ones = static_cast<std::uint32_t>(quotient);
        out.bits(low << (ones + 1) | low_bits(~std::uint64_t{0}, ones), ones + 1 + k);
        continue;
      }
      const std::uint64_t gamma = quotient - kUnary + 1;
      const auto below = static_cast<std::uint32_t>(std::bit_width(gamma)) - 1;
      out.bits(low_bits(~std::uint64_t{0}, kUnary + below), kUnary + below + 1);
      out.bits(low_bits(gamma, below), below);
      out.bits(low, k);
    }
    size_ = static_cast<std::size_t>(out.end() - bytes_.data());
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  // Head, reference, bitmap, longest codes with the last store's overhang.
  static constexpr std::size_t kMost =
      1 + 10 + 8 + kColumns * (kUnary + 1 + 2 * kMaxGammaBits + kMaxBits) / 8 + 8;
  std::array<char, kMost> bytes_;
  std::size_t size_ = 0;
};

void encode_row(std::span<const std::int64_t> values, Coding coding, std::uint64_t usual, RowBuffer& out) {
  const std::uint64_t bitmap = bitmap_of(values);
  if (bitmap == 0) return;
  const Distances row = distances_of(values, coding);
  out.byte(static_cast<std::uint8_t>(row.bits | (row.milliseconds ? kMilliseconds : 0) |
                                     (bitmap != usual ? kOwnBitmap : 0)));
  out.varint(row.reference);
  if (bitmap != usual) {
    for (std::size_t shift = 0; shift < values.size(); shift += 8)
      out.byte(static_cast<std::uint8_t>(bitmap >> shift));
  }
  coding == Coding::Packed ? out.pack(row) : out.code(row);
}

/// Reads numbers; bytes behind them, up to `readable_end`, are touched but do not count.
class BitReader {
 public:
  BitReader(std::string_view codes, const char* readable_end)
      : bytes_(codes.data()), readable_end_(readable_end), end_(8 * codes.size()) {}

  /// Both are false if there are no such numbers, or something behind them.
  bool read_packed(std::uint32_t width, std::span<std::uint64_t> values) const {
    std::size_t at = 0;
    for (std::uint64_t& value : values) {
      value = low_bits(word_at(at), width);
      at += width;
    }
    return at <= end_ && end_ - at < 8;
  }
  bool read_codes(std::uint32_t k, std::span<std::uint64_t> values) const {
    std::size_t at = 0;
    for (std::uint64_t& value : values) {
      const std::uint64_t word = word_at(at);
      const auto ones = static_cast<std::uint32_t>(std::countr_one(word));
      if (ones < kUnary) {
        value = std::uint64_t{ones} << k | low_bits(word >> (ones + 1), k);
        at += ones + 1 + k;
        continue;
      }
      const std::uint32_t below = ones - kUnary;
      if (below > kMaxGammaBits) return false;
      at += ones + 1;
      const std::uint64_t gamma = std::uint64_t{1} << below | low_bits(word_at(at), below);
      at += below;
      const std::uint64_t quotient = gamma + kUnary - 1;
      if (static_cast<std::uint32_t>(std::bit_width(quotient)) + k > 64) return false;
      value = quotient << k | low_bits(word_at(at), k);
      at += k;
    }
    return at <= end_ && end_ - at < 8;
  }

 private:
  // At least 57 bits; zeros, which end any code, where there are none.
  std::uint64_t word_at(std::size_t at) const {
    if (at >= end_) return 0;
    const char* const from = bytes_ + at / 8;
    if (readable_end_ - from >= 8) return load(from) >> (at % 8);
    std::array<char, 8> last{};
    std::copy(from, readable_end_, last.begin());
    return load(last.data()) >> (at % 8);
  }

  const char* const bytes_;
  const char* const readable_end_;
  const std::size_t end_;
};

/// An opened blob: where its rows are.
struct Rows {
  Coding coding = Coding::Packed;
  std::uint32_t columns = 0, rows = 0;
  std::uint64_t usual = 0;     ///< bitmap
  bool short_lengths = false;  ///< each is one byte
  std::string_view lengths, payload;
};

bool all_below_128(std::string_view bytes) {
  std::uint64_t together = 0;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) together |= load(bytes.data());
  for (const char c : bytes) together |= static_cast<unsigned char>(c);
  return (together & 0x8080808080808080) == 0;
}

std::uint64_t sum_of_bytes(std::string_view bytes) {
  constexpr std::uint64_t kEveryOther = 0x00FF00FF00FF00FF;
  std::uint64_t sum = 0;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    const std::uint64_t word = load(bytes.data());
    sum += ((word & kEveryOther) + (word >> 8 & kEveryOther)) * 0x0001000100010001 >> 48;
  }
  for (const char c : bytes) sum += static_cast<unsigned char>(c);
  return sum;
}

bool decode_row(const Rows& rows, std::string_view bytes, std::span<std::int64_t> values) {
  std::fill(values.begin(), values.end(), kNoDuration);
  if (bytes.empty()) return true;
  ByteReader in(bytes);
  const std::uint8_t head = in.byte();
  const std::uint32_t k = head & kBitsMask;
  const std::uint64_t unit = (head & kMilliseconds) != 0 ? 1000 : 1;
  const std::uint64_t reference = in.varint();
  std::uint64_t bitmap = rows.usual;
  if ((head & kOwnBitmap) != 0) {
    bitmap = 0;
    for (std::size_t shift = 0; shift < values.size(); shift += 8)
      bitmap |= std::uint64_t{in.byte()} << shift;
  }
  const std::string_view distances = in.bytes(in.remaining());
  if (!in.ok() || k > kMaxBits || reference > kLargest || (bitmap & ~all_columns(values.size())) != 0)
    return false;
  std::array<std::uint64_t, kColumns> numbers;
  const std::span present(numbers.data(), static_cast<std::size_t>(std::popcount(bitmap)));
  const BitReader reader(distances, rows.payload.data() + rows.payload.size());
  if (!(rows.coding == Coding::Rice ? reader.read_codes(k, present) : reader.read_packed(k, present)))
    return false;
  if (rows.coding == Coding::Rice)
    for (std::uint64_t& value : present) value = value >> 1 ^ (0 - (value & 1));
  std::uint64_t largest = 0;
  for (std::uint64_t& value : present) {
    value += reference;  // wraps, and is too large, if a distance is impossible
    largest = std::max(largest, value);
    value *= unit;
  }
  if (largest > kLargest / unit) return false;
  if (present.size() == values.size()) {
    std::copy(present.begin(), present.end(), values.begin());
    return true;
  }
  for (const std::uint64_t value : present) {
    values[static_cast<std::size_t>(std::countr_zero(bitmap))] = static_cast<std::int64_t>(value);
    bitmap &= bitmap - 1;
  }
  return true;
}

Result<Rows> open_rows(std::string_view blob, std::uint32_t max_rows) {
  RESULTSDB_ASSIGN(const auto content, open_sealed(blob, kWhat));
  ByteReader in(content);
  Rows rows;
  rows.coding = Coding{in.byte()};
  if (rows.coding != Coding::Packed && rows.coding != Coding::Rice) return corrupt();
  rows.columns = in.varint32();
  rows.rows = in.varint32();
  rows.usual = in.varint();
  if (!in.ok() || rows.columns == 0 || rows.columns > kColumns || rows.rows > max_rows) return corrupt();
  if ((rows.usual & ~all_columns(rows.columns)) != 0) return corrupt();
  const std::string_view rest = content.substr(content.size() - in.remaining());
  rows.short_lengths = rest.size() >= rows.rows && all_below_128(rest.substr(0, rows.rows));
  if (rows.short_lengths) {
    in.bytes(rows.rows);
  } else {
    for (std::uint32_t i = 0; i < rows.rows; ++i) in.varint();
  }
  if (!in.ok()) return corrupt();
  rows.lengths = rest.substr(0, rest.size() - in.remaining());
  rows.payload = rest.substr(rows.lengths.size());
  return rows;
}

Result<std::vector<std::int64_t>> read_row(const Rows& rows, std::uint32_t row) {
  std::vector<std::int64_t> values(rows.columns, kNoDuration);
  if (row >= rows.rows) return values;
  ByteReader lengths(rows.lengths);
  std::uint64_t offset = 0;
  if (rows.short_lengths) {
    offset = sum_of_bytes(lengths.bytes(row));
  } else {
    for (std::uint32_t i = 0; i < row; ++i) offset += lengths.varint();
  }
  const std::uint64_t length = lengths.varint();
  if (offset > rows.payload.size() || length > rows.payload.size() - offset) return corrupt();
  if (!decode_row(rows, rows.payload.substr(offset, length), values)) return corrupt();
  return values;
}

/// A bitmap that most rows have, if any does (Boyer and Moore's vote; the rows without values do not count).
std::uint64_t usual_bitmap(std::span<const std::int64_t> values, std::uint32_t columns) {
  std::uint64_t usual = 0;
  std::size_t votes = 0;
  for (std::size_t at = 0; at < values.size(); at += columns) {
    const std::uint64_t bitmap =
        bitmap_of(values.subspan(at, std::min<std::size_t>(columns, values.size() - at)));
    if (bitmap == 0) continue;
    if (votes == 0) usual = bitmap;
    votes = bitmap == usual ? votes + 1 : votes - 1;
  }
  return usual;
}

storage::Bytes encode_rows(std::span<const std::int64_t> values, std::uint32_t columns, Coding coding) {
  std::int64_t together = 0;
  for (const std::int64_t value : values) together |= std::max(value, std::int64_t{0});
  if (together >> kMaxBits != 0) coding = Coding::Rice;  // has no limit
  const std::uint64_t usual = usual_bitmap(values, columns);
  ByteWriter lengths, payload;
  RowBuffer encoded;
  std::uint32_t rows = 0;
  for (std::size_t at = 0; at < values.size(); at += columns, ++rows) {
    encoded.clear();
    encode_row(values.subspan(at, std::min<std::size_t>(columns, values.size() - at)), coding, usual,
               encoded);
    payload.bytes(encoded.view());
    lengths.varint(encoded.view().size());
  }
  ByteWriter out;
  out.byte(static_cast<std::uint8_t>(coding));
  out.varint(columns);
  out.varint(rows);
  out.varint(usual);
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
    if (!payload.ok() || !decode_row(rows, bytes, values)) return corrupt();
  }
  if (!payload.at_end()) return corrupt();
  return matrix;
}

}  // namespace

storage::Bytes encode_tile(const DurationMatrix& tile) {
  return encode_rows(tile.values, tile.columns, tile.columns == kColumns ? Coding::Rice : Coding::Packed);
}

Result<DurationMatrix> decode_tile(std::string_view blob) { return decode_rows(blob, kBlockTests); }

Result<std::vector<std::int64_t>> tile_row(std::string_view blob, std::uint32_t test_in_block) {
  RESULTSDB_ASSIGN(const auto rows, open_rows(blob, kBlockTests));
  return read_row(rows, test_in_block);
}

storage::Bytes encode_raw(std::span<const std::int64_t> durations_us) {
  std::vector<std::int64_t> whole(durations_us.begin(), durations_us.end());
  whole.resize((whole.size() + kColumns - 1) / kColumns * kColumns, kNoDuration);
  return encode_rows(whole, kColumns, Coding::Packed);
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
