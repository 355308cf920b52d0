#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "resultsdb/aggregate/failure_reason.hpp"

namespace resultsdb::aggregate {
namespace {

constexpr std::size_t kShingle = 3, kMostCompared = 64;
constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;

/// The finisher of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input reaches every bit.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}

std::uint64_t hash_word(std::string_view word) {  // FNV-1a
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return mix(hash);
}

std::vector<std::uint64_t> word_hashes(std::string_view text) {
  std::vector<std::uint64_t> hashes;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find_first_of(" \t\n"), text.size());
    if (size != 0) hashes.push_back(hash_word(text.substr(0, size)));
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return hashes;
}

std::uint64_t band_hash(const MinHash& sketch, std::size_t band) {
  std::uint64_t hash = band;
  for (std::size_t row = 0; row < MinHash::kRows; ++row) {
    hash = mix(hash + kStep + sketch.least[band * MinHash::kRows + row]);
  }
  return hash;
}

/// Sets that grow together; the smallest index speaks for a set.
class Groups {
 public:
  explicit Groups(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0); }
  std::size_t first(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) {
    a = first(a), b = first(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace

MinHash min_hash(std::string_view text) {
  MinHash sketch;
  sketch.least.fill(UINT64_MAX);
  const std::vector<std::uint64_t> words = word_hashes(text);
  const std::size_t length = std::min(kShingle, words.size());
  for (std::size_t i = 0; length > 0 && i + length <= words.size(); ++i) {
    std::uint64_t shingle = 0;
    for (std::size_t j = i; j < i + length; ++j) shingle = mix(shingle + kStep + words[j]);
    for (std::size_t h = 0; h < MinHash::kHashes; ++h) {
      sketch.least[h] = std::min(sketch.least[h], mix(shingle ^ mix(kStep * (h + 1))));
    }
  }
  return sketch;
}

double estimated_jaccard(const MinHash& a, const MinHash& b) {
  std::size_t equal = 0;
  for (std::size_t h = 0; h < MinHash::kHashes; ++h) equal += a.least[h] == b.least[h] ? 1 : 0;
  return static_cast<double>(equal) / MinHash::kHashes;
}

bool share_a_band(const MinHash& a, const MinHash& b) {
  for (std::size_t at = 0; at < MinHash::kHashes; at += MinHash::kRows) {
    if (std::equal(&a.least[at], &a.least[at] + MinHash::kRows, &b.least[at])) return true;
  }
  return false;
}

std::vector<std::size_t> near_duplicates(std::span<const std::string> patterns, double threshold) {
  Groups groups(patterns.size());
  std::vector<MinHash> sketches;
  sketches.reserve(patterns.size());
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> buckets;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    sketches.push_back(min_hash(patterns[i]));
    for (std::size_t band = 0; band < MinHash::kBands; ++band) {
      std::vector<std::size_t>& bucket = buckets[band_hash(sketches[i], band)];
      bool repeated = false;
      for (const std::size_t other : bucket) {
        repeated = repeated || sketches[other] == sketches[i];
        if (estimated_jaccard(sketches[other], sketches[i]) >= threshold) groups.join(other, i);
      }
      if (!repeated && bucket.size() < kMostCompared) bucket.push_back(i);
    }
  }
  std::vector<std::size_t> first(patterns.size());
  for (std::size_t i = 0; i < first.size(); ++i) first[i] = groups.first(i);
  return first;
}

}  // namespace resultsdb::aggregate
