// A 128-bit hash of texts, the same on every machine: part of what run digests are computed from. It tells
// different contents apart; it is no defence against somebody who builds two contents of one hash.
#pragma once

#include <cstdint>
#include <string_view>

namespace resultsdb::engine {

struct ContentHash {
  std::uint64_t low = 0, high = 0;

  /// A sum does not depend on the order of its parts.
  ContentHash& operator+=(const ContentHash& other) {
    low += other.low;
    high += other.high + (low < other.low ? 1 : 0);
    return *this;
  }
  bool operator==(const ContentHash&) const = default;
};

ContentHash hash_content(std::string_view text, std::uint64_t seed = 0);

/// The hash of a hash and two numbers.
inline ContentHash mix(const ContentHash& hash, std::uint64_t a, std::uint64_t b) {
  const auto scramble = [](std::uint64_t x) {
    x = (x ^ (x >> 32)) * 0xd1b54a32d192ed03;
    x = (x ^ (x >> 29)) * 0x8cb92ba72f3d8dd7;
    return x ^ (x >> 32);
  };
  const std::uint64_t low = scramble(hash.low + a * 0x9e3779b97f4a7c15 + b * 0xc2b2ae3d27d4eb4f);
  return {low, scramble(hash.high + a * 0xa0761d6478bd642f + (b ^ low) * 0xe7037ed1a0b428db)};
}

}  // namespace resultsdb::engine
