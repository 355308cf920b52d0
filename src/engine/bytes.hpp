// Numbers in bytes, and a checksum at the end of every blob.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/checksum.hpp"

namespace resultsdb::engine {

using storage::crc32c;

/// The content followed by its checksum: what every stored blob looks like.
std::string seal(std::string content);
/// The content of a sealed blob, a view into it; Corrupt if the checksum is wrong. `what` names the blob in
/// messages.
Result<std::string_view> open_sealed(std::string_view blob, std::string_view what);

/// Appends little-endian base-128 numbers and raw bytes.
class ByteWriter {
 public:
  void byte(std::uint8_t value) { out_ += static_cast<char>(value); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(0x80 | (value & 0x7F));
    out_ += static_cast<char>(value);
  }
  void bytes(std::string_view value) { out_ += value; }
  std::string& buffer() { return out_; }
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

/// Reads what ByteWriter wrote. Past the end or after a number that does not fit everything reads as zero or
/// empty and ok() is false for good: callers check once, at the end, but must bound loops by remaining().
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1) ? bytes_[at_ - 1] : 0); }
  std::uint64_t varint() {
    if (at_ < bytes_.size() && ok_ && static_cast<unsigned char>(bytes_[at_]) < 0x80)
      return static_cast<unsigned char>(bytes_[at_++]);
    return long_varint();
  }
  std::uint32_t varint32();
  /// A view into the bytes read from.
  std::string_view bytes(std::uint64_t size) {
    return take(size) ? bytes_.substr(at_ - size, size) : std::string_view();
  }
  std::size_t remaining() const { return ok_ ? bytes_.size() - at_ : 0; }
  bool ok() const { return ok_; }
  /// Everything was read and nothing was wrong.
  bool at_end() const { return ok_ && at_ == bytes_.size(); }

 private:
  bool take(std::uint64_t size);
  std::uint64_t long_varint();
  void fail() { ok_ = false; }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace resultsdb::engine
