#include "engine/test_sets.hpp"

#include <utility>
#include <vector>

namespace resultsdb::engine {
namespace {

using storage::TestSetId;

constexpr int kLongestChain = 16;
constexpr std::size_t kDecodedSets = 512;  // kept per timeline

}  // namespace

TestSets::TestSets(storage::Storage& storage, std::string suite, storage::TimelineId timeline)
    : storage_(storage), suite_(std::move(suite)), timeline_(timeline) {}

Status TestSets::load() {
  ++reads_;
  RESULTSDB_ASSIGN(auto rows, storage_.read_test_sets(suite_, timeline_, read_up_to_ + 1));
  if (!rows.empty()) read_up_to_ = rows.back().id;
  for (storage::TestSetRow& row : rows) rows_.insert_or_assign(row.id, std::move(row));
  complete_ = true;
  return {};
}

Result<const storage::TestSetRow*> TestSets::row_of(TestSetId id) {
  auto found = rows_.find(id);
  if (found == rows_.end()) {
    RESULTSDB_TRY(load());
    found = rows_.find(id);
  }
  if (found == rows_.end())
    return make_error(ErrorCode::Corrupt, "test set " + std::to_string(id) + " is missing; run a check",
                      "suite " + suite_ + ", timeline " + std::to_string(timeline_));
  return &found->second;
}

Result<TestSetPtr> TestSets::get(TestSetId id) {
  std::lock_guard lock(mutex_);
  return find_decoded(id);
}

Result<std::vector<TestSetPtr>> TestSets::get(std::span<const TestSetId> ids) {
  std::vector<TestSetPtr> sets;
  sets.reserve(ids.size());
  std::lock_guard lock(mutex_);
  for (const TestSetId id : ids) {
    RESULTSDB_ASSIGN(sets.emplace_back(), find_decoded(id));
  }
  return sets;
}

Result<TestSetPtr> TestSets::find_decoded(TestSetId id) {
  static const TestSetPtr empty = std::make_shared<const TestSet>();
  if (id == 0) return empty;
  if (const auto found = decoded_.find(id); found != decoded_.end()) return found->second;
  return decode(id);
}

Result<TestSetPtr> TestSets::decode(TestSetId id) {
  std::vector<const storage::TestSetRow*> chain;
  TestSetPtr set;
  for (TestSetId next = id; next != 0; next = chain.back()->base) {
    if (const auto found = decoded_.find(next); found != decoded_.end()) {
      set = found->second;
      break;
    }
    RESULTSDB_ASSIGN(const storage::TestSetRow* row, row_of(next));
    if (row->base >= row->id)
      return make_error(ErrorCode::Corrupt, "test set " + std::to_string(next) + " is based on a later one");
    chain.push_back(row);
  }
  if (decoded_.size() + chain.size() > kDecodedSets) decoded_.clear();
  for (auto row = chain.rbegin(); row != chain.rend(); ++row) {
    RESULTSDB_ASSIGN(TestSet next, decode_test_set((*row)->blob, set.get()));
    set = std::make_shared<const TestSet>(std::move(next));
    decoded_[(*row)->id] = set;
  }
  return set;
}

Result<std::optional<TestSetId>> TestSets::find(const TestSet& set) {
  if (set.size() == 0) return std::optional<TestSetId>(0);
  std::lock_guard lock(mutex_);
  if (!complete_) RESULTSDB_TRY(load());
  const storage::Bytes hash = set.hash();
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
    if (row->second.hash != hash) continue;
    RESULTSDB_ASSIGN(const TestSetPtr stored, decode(row->first));
    if (*stored == set) return std::optional<TestSetId>(row->first);
  }
  return std::optional<TestSetId>();
}

Result<storage::TestSetRow> TestSets::make_row(TestSetId id, const TestSet& set, TestSetId base) {
  std::lock_guard lock(mutex_);
  int length = 0;
  for (TestSetId next = base; next != 0; ++length) {
    RESULTSDB_ASSIGN(const storage::TestSetRow* row, row_of(next));
    next = row->base;
  }
  storage::TestSetRow row{.timeline = timeline_, .id = id, .base = length < kLongestChain ? base : 0};
  TestSetPtr base_set;
  if (row.base != 0) {
    RESULTSDB_ASSIGN(base_set, decode(row.base));
  }
  row.blob = encode_test_set(set, base_set.get());
  row.hash = set.hash();
  return row;
}

Result<bool> TestSets::is_base(TestSetId id, TestSetId but) {
  std::lock_guard lock(mutex_);
  if (!complete_) RESULTSDB_TRY(load());
  for (auto row = rows_.upper_bound(id); row != rows_.end(); ++row)
    if (row->second.base == id && row->first != but) return true;
  return false;
}

Result<TestSetId> TestSets::base_of(TestSetId id) {
  std::lock_guard lock(mutex_);
  RESULTSDB_ASSIGN(const storage::TestSetRow* row, row_of(id));
  return row->base;
}

void TestSets::stored(const storage::TestSetRow& row, TestSetPtr set) {
  std::lock_guard lock(mutex_);
  rows_.insert_or_assign(row.id, row);
  decoded_[row.id] = std::move(set);
}

void TestSets::deleted(TestSetId id) {
  std::lock_guard lock(mutex_);
  rows_.erase(id);
  decoded_.erase(id);
}

void TestSets::expect_more() {
  std::lock_guard lock(mutex_);
  complete_ = false;
}

void TestSets::forget_all() {
  std::lock_guard lock(mutex_);
  rows_.clear();
  decoded_.clear();
  read_up_to_ = 0;
  complete_ = false;
}

}  // namespace resultsdb::engine
