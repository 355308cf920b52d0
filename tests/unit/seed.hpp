// The seed of random tests: RESULTSDB_SEED, else a new one for each process.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace resultsdb {

inline std::uint64_t random_seed() {
  static const std::uint64_t seed = [] {
    const char* text = std::getenv("RESULTSDB_SEED");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
  }();
  return seed;
}

}  // namespace resultsdb
