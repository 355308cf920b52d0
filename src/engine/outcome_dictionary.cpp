#include "engine/outcome_dictionary.hpp"

#include <algorithm>
#include <mutex>
#include <string_view>
#include <utility>

#include "resultsdb/limits.hpp"

namespace resultsdb::engine {
namespace {

using storage::OutcomeId;
using storage::OutcomeKey;

// A run whose results all carry different attributes would fill the dictionary of its suite alone.
constexpr std::size_t kNewAttributesPerRun = 256;
// The rest is kept for outcomes, which have no other place: without it no run with a new one could be stored.
constexpr std::size_t kEntriesWithAttributes = limits::kOutcomesPerSuite * 3 / 4;

void append(OutcomeTable& table, const OutcomeKey& key) {
  DictionaryEntry entry;
  entry.key = key;
  entry.shown = static_cast<OutcomeId>(table.size());
  for (OutcomeId id = 0; id < table.size(); ++id) {
    if (table[id].key.expected != key.expected || table[id].key.actual != key.actual) continue;
    entry.shown = id;
    break;
  }
  entry.failing = is_failing(key.actual);
  entry.unexpected = is_unexpected(key.expected, key.actual);
  table.push_back(std::move(entry));
}

OutcomeTablePtr initial_table() {
  auto table = std::make_shared<OutcomeTable>();
  append(*table, {.expected = "PASS", .actual = "PASS"});
  return table;
}

OutcomeKey key_of(const ResultKind& kind, std::string_view common) {
  OutcomeKey key{.expected = std::string(kind.expected), .actual = std::string(kind.actual)};
  if (kind.attributes == common) return key;
  if (kind.expected.size() + kind.actual.size() + kind.attributes.size() > limits::kOutcomeBytes) {
    key.in_detail = true;
  } else {
    key.attributes = std::string(kind.attributes);
  }
  return key;
}

void move_to_detail(OutcomeKey& key) {
  key.attributes.reset();
  key.in_detail = true;
}

}  // namespace

std::string common_attributes(const ResultTable& results) {
  std::vector<std::uint32_t> uses(results.kind_count());
  for (std::size_t i = 0; i < results.size(); ++i) ++uses[results.kind_of(i)];
  std::map<std::string_view, std::uint64_t> counts;
  for (std::size_t kind = 0; kind < uses.size(); ++kind)
    if (uses[kind] != 0) counts[results.kind(kind).attributes] += uses[kind];
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? std::string() : std::string(most->first);
}

OutcomeDictionary::OutcomeDictionary(storage::Storage& storage, std::string suite)
    : storage_(storage), suite_(std::move(suite)), table_(initial_table()) {
  ids_.emplace(table_->front().key, 0);
}

Result<OutcomeTablePtr> OutcomeDictionary::table(OutcomeId id) {
  {
    std::shared_lock lock(mutex_);
    if (id < table_->size()) return table_;
  }
  RESULTSDB_TRY(refresh());
  std::shared_lock lock(mutex_);
  if (id < table_->size()) return table_;
  return make_error(ErrorCode::Corrupt,
                    "outcome " + std::to_string(id) + " is used but not in the dictionary; run a check",
                    "suite " + suite_);
}

Status OutcomeDictionary::refresh() {
  OutcomeId first = 1;
  {
    std::shared_lock lock(mutex_);
    first = static_cast<OutcomeId>(table_->size());
  }
  RESULTSDB_ASSIGN(const auto rows, storage_.find_outcomes(suite_, first));
  std::unique_lock lock(mutex_);
  auto table = std::make_shared<OutcomeTable>(*table_);
  for (const storage::OutcomeRow& row : rows) {
    if (row.id < table->size()) continue;
    if (row.id != table->size())
      return make_error(ErrorCode::Corrupt,
                        "the outcome dictionary has a gap before " + std::to_string(row.id),
                        "suite " + suite_);
    append(*table, row.key);
    ids_.emplace(row.key, row.id);
  }
  table_ = std::move(table);
  return {};
}

Result<std::vector<OutcomeId>> OutcomeDictionary::intern_keys(std::span<const OutcomeKey> keys) {
  std::vector<OutcomeId> ids(keys.size());
  std::vector<OutcomeKey> missing;
  std::vector<std::size_t> places;
  {
    std::shared_lock lock(mutex_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (const auto found = ids_.find(keys[i]); found != ids_.end()) {
        ids[i] = found->second;
      } else {
        missing.push_back(keys[i]);
        places.push_back(i);
      }
    }
  }
  if (missing.empty()) return ids;
  RESULTSDB_ASSIGN(const auto made, storage_.intern_outcomes(suite_, missing));
  for (std::size_t i = 0; i < places.size(); ++i) ids[places[i]] = made[i];
  RESULTSDB_TRY(refresh());
  return ids;
}

Result<RunKinds> OutcomeDictionary::intern(const ResultTable& results) {
  RunKinds kinds;
  kinds.common_attributes = common_attributes(results);
  std::vector<OutcomeKey> keys;
  for (std::size_t i = 0; i < results.kind_count(); ++i)
    keys.push_back(key_of(results.kind(i), kinds.common_attributes));
  {
    std::shared_lock lock(mutex_);
    const std::size_t room = kEntriesWithAttributes - std::min(kEntriesWithAttributes, table_->size());
    std::size_t fresh = 0;
    for (OutcomeKey& key : keys)
      if (key.attributes && !ids_.contains(key) && ++fresh > std::min(room, kNewAttributesPerRun))
        move_to_detail(key);
  }
  auto ids = intern_keys(keys);
  if (!ids && ids.error().code == ErrorCode::ResourceExhausted) {
    RESULTSDB_TRY(refresh());
    {
      std::shared_lock lock(mutex_);
      for (OutcomeKey& key : keys)
        if (key.attributes && !ids_.contains(key)) move_to_detail(key);
    }
    ids = intern_keys(keys);
  }
  if (!ids) return std::move(ids).error();
  kinds.outcomes = std::move(ids).value();
  for (const OutcomeKey& key : keys) kinds.in_detail.push_back(key.in_detail);
  return kinds;
}

}  // namespace resultsdb::engine
