#include "engine/content_hash.hpp"

#include <algorithm>
#include <cstddef>

namespace resultsdb::engine {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kFirst = 0x9e3779b97f4a7c15, kSecond = 0xd1b54a32d192ed03,
                        kThird = 0x8cb92ba72f3d8dd7;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(std::string_view text) {
  std::uint64_t word = 0;
  for (std::size_t i = std::min<std::size_t>(8, text.size()); i-- > 0;)
    word = word << 8 | static_cast<unsigned char>(text[i]);
  return word;
}

std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 32)) * kSecond;
  x = (x ^ (x >> 29)) * kThird;
  return x ^ (x >> 32);
}

}  // namespace

ContentHash hash_content(std::string_view text, std::uint64_t seed) {
  ContentHash hash{seed ^ kFirst, text.size() * kSecond ^ kThird};
  for (std::size_t at = 0; at < text.size(); at += 8) {
    const std::uint64_t word = load(text.substr(at));
    hash.low = fold(hash.low ^ word, kSecond) + kFirst;
    hash.high = (hash.high ^ scramble(word)) * kFirst;
    hash.high ^= hash.high >> 31;
  }
  return mix(hash, 0, text.size());
}

}  // namespace resultsdb::engine
