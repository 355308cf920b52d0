// Which tests a run covered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::engine {

/// A set of test ids as a bitmap with counts: membership and rank take constant time. Ids are dense within a
/// suite, so 60,000 tests are 11 KB. Immutable; safe to share between threads.
class TestSet {
 public:
  /// Larger ids cannot be in a set; they would make the bitmap of a damaged blob arbitrarily large.
  static constexpr storage::TestId kMaxId = (1U << 24) - 1;

  TestSet() = default;
  /// `ids` strictly ascending and at most kMaxId.
  static TestSet from_sorted(std::span<const storage::TestId> ids);

  bool contains(storage::TestId id) const {
    const std::size_t word = id / 64;
    return word >= first_word_ && word - first_word_ < words_.size() &&
           (words_[word - first_word_] >> (id % 64) & 1) != 0;
  }
  std::size_t size() const { return size_; }
  /// Number of members below `id`.
  std::size_t rank(storage::TestId id) const;
  std::vector<storage::TestId> ids() const;
  static TestSet intersection(const TestSet& a, const TestSet& b);
  static TestSet united(const TestSet& a, const TestSet& b);
  /// Members of exactly one of the two.
  static TestSet difference(const TestSet& a, const TestSet& b);
  /// 16 bytes, the same on every machine; equal sets have equal hashes.
  storage::Bytes hash() const;

  bool operator==(const TestSet& other) const {
    return first_word_ == other.first_word_ && words_ == other.words_;
  }

 private:
  friend storage::Bytes encode_test_set(const TestSet& set, const TestSet* base);
  friend Result<TestSet> decode_test_set(std::string_view blob, const TestSet* base);

  static TestSet from_words(std::size_t first_word, std::vector<std::uint64_t> words);
  template <class Combine>
  static TestSet combined(const TestSet& a, const TestSet& b, Combine combine);

  // Without zero words at either end, so that equal sets are equal member by member.
  std::size_t first_word_ = 0;
  std::vector<std::uint64_t> words_;
  std::vector<std::uint32_t> before_;  // members before each word
  std::size_t size_ = 0;
};

/// As intervals; against a base as the intervals of the difference.
storage::Bytes encode_test_set(const TestSet& set, const TestSet* base);
/// `base` must be the set it was encoded against.
Result<TestSet> decode_test_set(std::string_view blob, const TestSet* base);

}  // namespace resultsdb::engine
