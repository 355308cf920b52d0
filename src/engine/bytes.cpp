#include "engine/bytes.hpp"

#include <limits>

namespace resultsdb::engine {

namespace {

constexpr std::size_t kChecksumBytes = 4;

}  // namespace

std::string seal(std::string content) {
  const std::uint32_t crc = crc32c(content);
  for (unsigned shift = 0; shift < 32; shift += 8) content += static_cast<char>((crc >> shift) & 0xFF);
  return content;
}

Result<std::string_view> open_sealed(std::string_view blob, std::string_view what) {
  if (blob.size() >= kChecksumBytes) {
    const auto content = blob.substr(0, blob.size() - kChecksumBytes);
    std::uint32_t stored = 0;
    for (std::size_t i = 0; i < kChecksumBytes; ++i)
      stored |= std::uint32_t{static_cast<unsigned char>(blob[content.size() + i])} << (8 * i);
    if (stored == crc32c(content)) return content;
  }
  return make_error(ErrorCode::Corrupt, "the checksum is wrong", std::string(what));
}

bool ByteReader::take(std::uint64_t size) {
  if (!ok_ || size > bytes_.size() - at_) {
    fail();
    return false;
  }
  at_ += size;
  return true;
}

std::uint64_t ByteReader::long_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t part = byte();
    if (!ok_) return 0;
    if (shift == 63 && part > 1) break;
    value |= std::uint64_t{part & 0x7FU} << shift;
    if (part < 0x80) return value;
  }
  fail();
  return 0;
}

std::uint32_t ByteReader::varint32() {
  const std::uint64_t value = varint();
  if (value <= std::numeric_limits<std::uint32_t>::max()) return static_cast<std::uint32_t>(value);
  fail();
  return 0;
}

}  // namespace resultsdb::engine
