// Keys whose byte order is the order of what they encode, and the compact form of rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "resultsdb/time.hpp"

namespace resultsdb::backends::redis {

/// Big-endian.
template <class Unsigned>
void append_big_endian(std::string& out, Unsigned value) {
  for (int shift = 8 * (static_cast<int>(sizeof(Unsigned)) - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}
template <class Unsigned>
Unsigned read_big_endian(std::string_view bytes) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
    value = static_cast<Unsigned>(value << 8 | static_cast<unsigned char>(bytes[i]));
  return value;
}

/// Builds keys and rows.
class ByteWriter {
 public:
  ByteWriter& u8(std::uint8_t value) { return out_ += static_cast<char>(value), *this; }
  ByteWriter& u32(std::uint32_t value) { return append_big_endian(out_, value), *this; }
  ByteWriter& u64(std::uint64_t value) { return append_big_endian(out_, value), *this; }
  /// Eight bytes in the order of the numbers.
  ByteWriter& ordered(std::int64_t value) {
    return u64(static_cast<std::uint64_t>(value) ^ std::uint64_t{1} << 63);
  }
  ByteWriter& ordered(Time value) { return ordered(to_micros(value)); }
  ByteWriter& varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    return out_ += static_cast<char>(value), *this;
  }
  ByteWriter& signed_varint(std::int64_t value) {
    return varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  ByteWriter& raw(std::string_view text) { return out_ += text, *this; }
  /// Ends with a byte that no text of ours has, so that order is that of the texts.
  ByteWriter& ended(std::string_view text) { return (out_ += text) += '\0', *this; }
  ByteWriter& sized(std::string_view text) { return varint(text.size()).raw(text); }

  const std::string& text() const& { return out_; }
  std::string text() && { return std::move(out_); }

 private:
  std::string out_;
};

/// Reads what ByteWriter wrote. After a read beyond the end, ok() is false and all values are empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::string_view raw(std::uint64_t size) {
    if (size > rest_.size()) return fail(), std::string_view();
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::int64_t ordered() { return static_cast<std::int64_t>(u64() ^ std::uint64_t{1} << 63); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = u8();
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    return fail(), 0;
  }
  std::int64_t signed_varint() {
    const auto value = varint();
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  std::string_view ended() {
    const auto size = rest_.find('\0');
    const auto text = raw(size);
    raw(1);
    return text;
  }
  std::string_view sized() { return raw(varint()); }
  std::string_view rest() { return raw(rest_.size()); }

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  template <class Unsigned>
  Unsigned number() {
    const auto bytes = raw(sizeof(Unsigned));
    return ok_ ? read_big_endian<Unsigned>(bytes) : Unsigned{0};
  }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace resultsdb::backends::redis
