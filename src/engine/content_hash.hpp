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
ContentHash mix(const ContentHash& hash, std::uint64_t a, std::uint64_t b);

}  // namespace resultsdb::engine
