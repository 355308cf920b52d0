// The test sets of one timeline, read from the store when asked for.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/test_set.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::engine {

using TestSetPtr = std::shared_ptr<const TestSet>;

/// Safe for concurrent use.
class TestSets {
 public:
  TestSets(storage::Storage& storage, std::string suite, storage::TimelineId timeline);

  /// 0 is the empty set. Corrupt if the store has no such set or its bytes are damaged.
  Result<TestSetPtr> get(storage::TestSetId id);
  /// The same for many, in the order asked.
  Result<std::vector<TestSetPtr>> get(std::span<const storage::TestSetId> ids);
  /// The stored set that is equal to `set`.
  Result<std::optional<storage::TestSetId>> find(const TestSet& set);
  /// How a new set is stored: as difference to the stored `base`, or alone when the chain gets too long.
  Result<storage::TestSetRow> make_row(storage::TestSetId id, const TestSet& set, storage::TestSetId base);
  /// True if another stored set than `but` is a difference to this one.
  Result<bool> is_base(storage::TestSetId id, storage::TestSetId but);
  Result<storage::TestSetId> base_of(storage::TestSetId id);

  /// What a batch stored and deleted.
  void stored(const storage::TestSetRow& row, TestSetPtr set);
  void deleted(storage::TestSetId id);
  /// Somebody else stored runs, perhaps with new sets; those known are still there.
  void expect_more();
  void forget_all();
  /// How often this asked the store.
  std::uint64_t reads() const { return reads_; }

 private:
  Status load();
  Result<const storage::TestSetRow*> row_of(storage::TestSetId id);
  Result<TestSetPtr> find_decoded(storage::TestSetId id);
  Result<TestSetPtr> decode(storage::TestSetId id);

  storage::Storage& storage_;
  const std::string suite_;
  const storage::TimelineId timeline_;
  std::atomic<std::uint64_t> reads_{0};
  std::mutex mutex_;                   // guards what follows
  storage::TestSetId read_up_to_ = 0;  // all stored sets up to this one are in rows_
  bool complete_ = false;              // as far as the timeline is known, there are no others
  std::map<storage::TestSetId, storage::TestSetRow> rows_;
  std::unordered_map<storage::TestSetId, TestSetPtr> decoded_;
};

}  // namespace resultsdb::engine
