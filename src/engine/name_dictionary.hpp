// Test names of a suite and their ids. Uploads name the tests of a suite in much the same order every time:
// the next name is compared with the one that followed in the previous upload before anything is hashed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/content_hash.hpp"
#include "engine/test_set.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::engine {

inline constexpr storage::TestId kNoTest = 0xffffffff;
/// Tests of a suite have smaller ids: tables by id would grow without bounds for others.
inline constexpr storage::TestId kTestsPerSuite = TestSet::kMaxId + 1;

/// Names by id and ids by name, in memory only. Texts stay where they are for the life of the table.
class NameTable {
 public:
  storage::TestId find(std::string_view name) const;
  /// Does nothing for ids of kTestsPerSuite or more.
  void add(storage::TestId id, std::string_view name);
  /// Without data() for an id that is not known.
  std::string_view name(storage::TestId id) const {
    return id < names_.size() ? names_[id] : std::string_view();
  }
  bool knows(storage::TestId id) const { return name(id).data() != nullptr; }
  const ContentHash& hash(storage::TestId id) const { return hashes_[id]; }

 private:
  std::string_view keep(std::string_view text);
  void grow();
  std::size_t slot_of(std::string_view name) const;

  std::vector<std::string_view> names_;  // by id
  std::vector<ContentHash> hashes_;      // by id
  std::vector<storage::TestId> slots_;   // open addressing, kNoTest = free
  std::size_t size_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_free_ = 0;
};

/// What a run's names are called in the store, in the table's order.
struct RunNames {
  std::vector<storage::TestId> tests, lost;
};

/// Safe for concurrent use.
class NameDictionary {
 public:
  NameDictionary(storage::Storage& storage, std::string suite);

  /// The names of a run, interned where missing in one call. InvalidArgument for an invalid name and for a
  /// name that occurs twice among results and lost tests (nothing is interned then); ResourceExhausted if the
  /// suite has named too many tests.
  Result<RunNames> intern(const ResultTable& results);
  /// Empty where no run ever used the name.
  Result<std::vector<std::optional<storage::TestId>>> look_up(std::span<const std::string> names);
  /// By id, in the order asked. The texts live as long as the dictionary.
  Result<std::vector<std::string_view>> names(std::span<const storage::TestId> ids);
  /// Sum over hashes of known tests, each mixed with what `salt(index)` gives.
  template <class Salt>
  ContentHash sum_hashes(std::span<const storage::TestId> ids, Salt salt) const {
    std::shared_lock lock(mutex_);
    ContentHash sum;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto [a, b] = salt(i);
      sum += mix(table_.hash(ids[i]), a, b);
    }
    return sum;
  }
  /// Those of `ids` that no batch has listed yet as far as this process knows.
  std::vector<storage::TestId> not_listed(std::span<const storage::TestId> ids) const;
  void mark_listed(std::span<const storage::TestId> ids);

 private:
  struct Order {
    std::vector<storage::TestId> tests;  // as an upload named them
    std::vector<std::uint32_t> places;   // by test: its index in `tests`
  };
  struct Prediction {
    std::vector<storage::TestId> tests;
    std::vector<std::uint32_t> unknown;  // indexes of the results whose names are not known
    bool in_order = true;                // the known ones follow the previous upload, so none occurs twice
  };
  Prediction predict(const ResultTable& results) const;
  Status add_missing(const ResultTable& results, std::span<const std::uint32_t> unknown, RunNames& names);
  Status fill(std::size_t wanted);
  void remember_order(std::span<const storage::TestId> tests);
  Error named_twice(storage::TestId test);

  storage::Storage& storage_;
  const std::string suite_;
  mutable std::shared_mutex mutex_;  // guards what follows
  NameTable table_;
  std::shared_ptr<const Order> order_;
  std::vector<bool> listed_;
  bool filled_ = false;
};

}  // namespace resultsdb::engine
