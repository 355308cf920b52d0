#include "resultsdb/run.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace resultsdb {
namespace {

constexpr std::size_t kEarlyKinds = 8;
constexpr std::array<std::string_view, 4> kStates = {"running", "final", "failed", "incomplete"};
constexpr std::array<std::string_view, 3> kOrderKeys = {"commit", "build", "time"};

template <class Enum, std::size_t N>
std::optional<Enum> find_word(const std::array<std::string_view, N>& words, std::string_view text) noexcept {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) return std::nullopt;
  return static_cast<Enum>(found - words.begin());
}

/// Outcomes are a few letters, mostly four: comparing those here takes a fraction of a call of memcmp, twice
/// a result.
bool same_word(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  return a.size() == 4 ? std::memcmp(a.data(), b.data(), 4) == 0 : a == b;
}

/// Lengths first, so that no text can run into its neighbour.
std::string kind_key(const TestResult& result) {
  std::string key;
  key.reserve(2 * sizeof(std::size_t) + result.expected.size() + result.actual.size() +
              result.attributes.size());
  for (const std::size_t size : {result.expected.size(), result.actual.size()}) {
    key.append(reinterpret_cast<const char*>(&size), sizeof size);
  }
  return key.append(result.expected).append(result.actual).append(result.attributes);
}

}  // namespace

std::string_view to_string(RunState state) noexcept { return kStates[static_cast<std::size_t>(state)]; }
std::optional<RunState> parse_run_state(std::string_view text) noexcept {
  return find_word<RunState>(kStates, text);
}

std::string_view to_string(OrderKey key) noexcept { return kOrderKeys[static_cast<std::size_t>(key)]; }
std::optional<OrderKey> parse_order_key(std::string_view text) noexcept {
  return find_word<OrderKey>(kOrderKeys, text);
}

void ResultTable::reserve(std::size_t results, std::size_t text_bytes) {
  rows_.reserve(results);
  block_.reserve(text_bytes);
}

ResultTable::Text ResultTable::store(std::string_view text) {
  const Text stored{block_.size(), static_cast<std::uint32_t>(text.size())};
  block_.append(text);
  return stored;
}

std::uint32_t ResultTable::find_kind(const TestResult& result) {
  const auto is_kind = [&](std::uint32_t index) {
    const StoredKind& kind = kinds_[index];
    return same_word(kind.expected, result.expected) && same_word(kind.actual, result.actual) &&
           kind.attributes == result.attributes;
  };
  // Nearly all results are of the kind of their predecessor or of one of the run's first: no hashing then.
  if (!rows_.empty() && is_kind(rows_.back().kind)) return rows_.back().kind;
  for (std::uint32_t early = 0; early < std::min<std::size_t>(kinds_.size(), kEarlyKinds); ++early) {
    if (is_kind(early)) return early;
  }
  const auto [entry, added] =
      kind_index_.try_emplace(kind_key(result), static_cast<std::uint32_t>(kinds_.size()));
  if (added) {
    kinds_.push_back(
        {std::string(result.expected), std::string(result.actual), std::string(result.attributes)});
  }
  return entry->second;
}

void ResultTable::add(const TestResult& result) {
  const std::uint32_t kind = find_kind(result);
  const auto index = static_cast<std::uint32_t>(rows_.size());
  const Text name = store(result.test);
  const bool timed = result.duration && result.duration->count() >= 0;
  rows_.push_back({name.offset, name.size, kind, timed ? result.duration->count() : -1});
  if (result.tries != 0 || !result.detail.empty()) {
    extras_.push_back({index, result.tries, result.tries != 0 ? result.passes : 0, store(result.detail)});
  }
}

void ResultTable::add_pass(std::string_view test, std::optional<Duration> duration) {
  if (!pass_kind_ || kinds_.empty()) pass_kind_ = find_kind({});  // none: the table was moved from
  rows_.push_back({block_.size(), static_cast<std::uint32_t>(test.size()), *pass_kind_,
                   duration && duration->count() >= 0 ? duration->count() : -1});
  block_.append(test);
}

void ResultTable::add_lost(std::string_view test) { lost_.push_back(store(test)); }

void ResultTable::clear() {
  block_.clear();
  rows_.clear();
  lost_.clear();
  kinds_.clear();
  pass_kind_.reset();
  kind_index_.clear();
  extras_.clear();
}

ResultKind ResultTable::kind(std::size_t index) const {
  const StoredKind& kind = kinds_[index];
  return {kind.expected, kind.actual, kind.attributes};
}

ResultTable::Extra ResultTable::extra(std::size_t index) const {
  const StoredExtra& extra = extras_[index];
  return {extra.result, extra.tries, extra.passes, view(extra.detail)};
}

TestResult ResultTable::operator[](std::size_t index) const {
  const Row& row = rows_[index];
  const StoredKind& kind = kinds_[row.kind];
  TestResult result{
      .test = name(index), .expected = kind.expected, .actual = kind.actual, .attributes = kind.attributes};
  if (row.duration_us >= 0) result.duration = Duration{row.duration_us};
  const auto extra = std::lower_bound(extras_.begin(), extras_.end(), index,
                                      [](const StoredExtra& e, std::size_t i) { return e.result < i; });
  if (extra != extras_.end() && extra->result == index) {
    result.tries = extra->tries;
    result.passes = extra->passes;
    result.detail = view(extra->detail);
  }
  return result;
}

bool ResultTable::operator==(const ResultTable& other) const {
  if (size() != other.size() || lost_size() != other.lost_size()) return false;
  for (std::size_t i = 0; i < size(); ++i) {
    if (!((*this)[i] == other[i])) return false;
  }
  for (std::size_t i = 0; i < lost_size(); ++i) {
    if (lost(i) != other.lost(i)) return false;
  }
  return true;
}

}  // namespace resultsdb
