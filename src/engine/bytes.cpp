#include "engine/bytes.hpp"

#include <array>
#include <cstring>
#include <limits>

namespace resultsdb::engine {

namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected
constexpr std::size_t kChecksumBytes = 4;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

std::uint32_t crc_by_table(std::uint32_t crc, std::string_view bytes) noexcept {
  static constexpr auto kTable = make_table();
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc_by_instruction(std::uint32_t crc,
                                                                   std::string_view bytes) noexcept {
  std::uint64_t wide = crc;
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    wide = __builtin_ia32_crc32di(wide, word);
    bytes.remove_prefix(8);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (const char c : bytes) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(c));
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~crc_by_instruction(~0U, bytes);
#endif
  return ~crc_by_table(~0U, bytes);
}

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
