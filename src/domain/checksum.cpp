#include "resultsdb/storage/checksum.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace resultsdb::storage {

namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

constexpr auto kTable = make_table();

constexpr std::uint32_t add_byte(std::uint32_t crc, unsigned char byte) {
  return (crc >> 8) ^ kTable[(crc ^ byte) & 0xFF];
}

std::uint32_t crc_by_table(std::uint32_t crc, std::string_view bytes) noexcept {
  for (const char c : bytes) crc = add_byte(crc, static_cast<unsigned char>(c));
  return crc;
}

#if defined(__x86_64__)
// The instruction takes three cycles and the next one may begin after one: three lanes of bytes at a time.
constexpr std::size_t kLane = 512;

/// A register after kLane zero bytes, by each of its bytes: the register is linear in its bits.
using Shift = std::array<std::array<std::uint32_t, 256>, 4>;
constexpr Shift make_shift() {
  Shift shift{};
  for (std::size_t bit = 0; bit < 32; ++bit) {
    std::uint32_t crc = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < kLane; ++i) crc = add_byte(crc, 0);
    for (std::size_t byte = 0; byte < 256; ++byte)
      if ((byte >> (bit % 8) & 1) != 0) shift[bit / 8][byte] ^= crc;
  }
  return shift;
}

std::uint64_t shift_lane(std::uint64_t crc) noexcept {
  static constexpr Shift kShift = make_shift();
  return kShift[0][crc & 0xFF] ^ kShift[1][crc >> 8 & 0xFF] ^ kShift[2][crc >> 16 & 0xFF] ^
         kShift[3][crc >> 24 & 0xFF];
}

std::uint64_t word_at(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t crc_by_instruction(std::uint32_t crc,
                                                                   std::string_view bytes) noexcept {
  std::uint64_t wide = crc;
  for (; bytes.size() >= 3 * kLane; bytes.remove_prefix(3 * kLane)) {
    std::uint64_t second = 0, third = 0;
    for (std::size_t i = 0; i < kLane; i += 8) {
      wide = __builtin_ia32_crc32di(wide, word_at(bytes.data() + i));
      second = __builtin_ia32_crc32di(second, word_at(bytes.data() + kLane + i));
      third = __builtin_ia32_crc32di(third, word_at(bytes.data() + 2 * kLane + i));
    }
    wide = shift_lane(shift_lane(wide) ^ second) ^ third;
  }
  for (; bytes.size() >= 8; bytes.remove_prefix(8))
    wide = __builtin_ia32_crc32di(wide, word_at(bytes.data()));
  crc = static_cast<std::uint32_t>(wide);
  for (const char c : bytes) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(c));
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) noexcept {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~crc_by_instruction(~before, bytes);
#endif
  return ~crc_by_table(~before, bytes);
}

}  // namespace resultsdb::storage
