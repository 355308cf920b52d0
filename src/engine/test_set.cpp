#include "engine/test_set.hpp"

#include <algorithm>
#include <bit>
#include <functional>

#include "engine/bytes.hpp"

namespace resultsdb::engine {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr const char* kWhat = "test_set";

struct Interval {
  std::uint64_t first = 0, count = 0;
};

std::vector<Interval> to_intervals(std::span<const storage::TestId> ids) {
  std::vector<Interval> intervals;
  for (const auto id : ids) {
    if (intervals.empty() || intervals.back().first + intervals.back().count != id)
      intervals.push_back({id, 0});
    ++intervals.back().count;
  }
  return intervals;
}

/// The finalizer of a 64-bit mixing function: every input bit changes half of the output bits.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93;
  value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93;
  return value ^ (value >> 32);
}

}  // namespace

TestSet TestSet::from_words(std::size_t first_word, std::vector<std::uint64_t> words) {
  TestSet set;
  while (!words.empty() && words.back() == 0) words.pop_back();
  const auto begin = std::find_if(words.begin(), words.end(), [](std::uint64_t word) { return word != 0; });
  set.first_word_ = words.empty() ? 0 : first_word + static_cast<std::size_t>(begin - words.begin());
  words.erase(words.begin(), begin);
  set.words_ = std::move(words);
  set.before_.reserve(set.words_.size());
  for (const auto word : set.words_) {
    set.before_.push_back(static_cast<std::uint32_t>(set.size_));
    set.size_ += static_cast<std::size_t>(std::popcount(word));
  }
  return set;
}

TestSet TestSet::from_sorted(std::span<const storage::TestId> ids) {
  if (ids.empty()) return {};
  const std::size_t first_word = ids.front() / 64;
  std::vector<std::uint64_t> words(ids.back() / 64 - first_word + 1);
  for (const auto id : ids) words[id / 64 - first_word] |= std::uint64_t{1} << (id % 64);
  return from_words(first_word, std::move(words));
}

/// Word by word; words that a set does not have are 0.
template <class Combine>
TestSet TestSet::combined(const TestSet& a, const TestSet& b, Combine combine) {
  if (a.words_.empty() && b.words_.empty()) return {};
  const TestSet &x = a.words_.empty() ? b : a, &y = b.words_.empty() ? a : b;
  const std::size_t first = std::min(x.first_word_, y.first_word_);
  const std::size_t end = std::max(x.first_word_ + x.words_.size(), y.first_word_ + y.words_.size());
  const auto word = [](const TestSet& set, std::size_t at) -> std::uint64_t {
    const bool has = at >= set.first_word_ && at - set.first_word_ < set.words_.size();
    return has ? set.words_[at - set.first_word_] : 0;
  };
  std::vector<std::uint64_t> words;
  words.reserve(end - first);
  for (std::size_t at = first; at < end; ++at) words.push_back(combine(word(a, at), word(b, at)));
  return from_words(first, std::move(words));
}

TestSet TestSet::difference(const TestSet& a, const TestSet& b) { return combined(a, b, std::bit_xor<>()); }
TestSet TestSet::intersection(const TestSet& a, const TestSet& b) { return combined(a, b, std::bit_and<>()); }
TestSet TestSet::united(const TestSet& a, const TestSet& b) { return combined(a, b, std::bit_or<>()); }

std::size_t TestSet::rank(storage::TestId id) const {
  const std::size_t word = id / 64;
  if (word < first_word_) return 0;
  if (word - first_word_ >= words_.size()) return size_;
  const std::uint64_t below = words_[word - first_word_] & ((std::uint64_t{1} << (id % 64)) - 1);
  return before_[word - first_word_] + static_cast<std::size_t>(std::popcount(below));
}

std::vector<storage::TestId> TestSet::ids() const {
  std::vector<storage::TestId> ids;
  ids.reserve(size_);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    for (std::uint64_t left = words_[i]; left != 0; left &= left - 1)
      ids.push_back(static_cast<storage::TestId>((first_word_ + i) * 64 +
                                                 static_cast<std::size_t>(std::countr_zero(left))));
  }
  return ids;
}

storage::Bytes TestSet::hash() const {
  std::uint64_t halves[2] = {mix(first_word_ + 1), mix(~std::uint64_t{first_word_})};
  for (const auto word : words_) {
    halves[0] = mix(halves[0] ^ word) + 0x9E3779B97F4A7C15;
    halves[1] = mix(halves[1] + word) ^ 0xC2B2AE3D27D4EB4F;
  }
  storage::Bytes bytes;
  for (const auto half : halves)
    for (unsigned shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((half >> shift) & 0xFF);
  return bytes;
}

// version, 1 if there is a base, then per interval the gap before it and its length less 1.
storage::Bytes encode_test_set(const TestSet& set, const TestSet* base) {
  ByteWriter out;
  out.byte(kVersion);
  out.byte(base ? 1 : 0);
  std::uint64_t next = 0;
  for (const auto& interval : to_intervals(base ? TestSet::difference(set, *base).ids() : set.ids())) {
    out.varint(interval.first - next);
    out.varint(interval.count - 1);
    next = interval.first + interval.count;
  }
  return seal(std::move(out).take());
}

Result<TestSet> decode_test_set(std::string_view blob, const TestSet* base) {
  RESULTSDB_ASSIGN(const auto content, open_sealed(blob, kWhat));
  const auto corrupt = [] { return make_error(ErrorCode::Corrupt, "the test set cannot be decoded", kWhat); };
  ByteReader in(content);
  if (in.byte() != kVersion || in.byte() != (base ? 1 : 0)) return corrupt();
  std::vector<std::uint64_t> words;
  std::uint64_t next = 0;
  while (in.remaining() > 0) {
    const std::uint64_t gap = in.varint(), more = in.varint();
    if (gap > TestSet::kMaxId || more > TestSet::kMaxId || next + gap + more > TestSet::kMaxId)
      return corrupt();
    const std::uint64_t first = next + gap;
    next = first + more + 1;
    words.resize((next + 63) / 64);
    for (std::uint64_t id = first; id < next; ++id) words[id / 64] |= std::uint64_t{1} << (id % 64);
  }
  if (!in.at_end()) return corrupt();
  const auto set = TestSet::from_words(0, std::move(words));
  return base ? TestSet::difference(set, *base) : set;
}

}  // namespace resultsdb::engine
