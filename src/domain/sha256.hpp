// SHA-256 (FIPS 180-4), for ids and digests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace resultsdb::domain {

class Sha256 {
 public:
  static constexpr std::size_t kBytes = 32;

  Sha256& update(std::string_view bytes);
  /// The digest of everything given so far, as 32 bytes. Nothing may follow.
  std::string finish();

 private:
  static constexpr std::size_t kBlock = 64;
  void block(const unsigned char* bytes);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, kBlock> buffer_{};
  std::uint64_t size_ = 0;
};

inline std::string sha256(std::string_view bytes) { return Sha256().update(bytes).finish(); }

}  // namespace resultsdb::domain
