// A suite's outcome dictionary: small integers for (expected, actual, attributes).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "resultsdb/outcome.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::engine {

struct DictionaryEntry {
  storage::OutcomeKey key;
  /// Smallest id of the same (expected, actual): answers name outcomes by it.
  storage::OutcomeId shown = 0;
  bool failing = false, unexpected = false;

  Outcome outcome() const { return {key.expected, key.actual}; }
};
/// By id. Immutable.
using OutcomeTable = std::vector<DictionaryEntry>;
using OutcomeTablePtr = std::shared_ptr<const OutcomeTable>;

/// The kinds of one run as the dictionary knows them.
struct RunKinds {
  std::string common_attributes;             ///< what most results of the run have
  std::vector<storage::OutcomeId> outcomes;  ///< by ResultTable kind
  std::vector<bool> in_detail;               ///< by kind: the attributes go with the detail
};

/// Safe for concurrent use.
class OutcomeDictionary {
 public:
  OutcomeDictionary(storage::Storage& storage, std::string suite);

  /// Entries up to at least `id`; Corrupt if the store has no such entry.
  Result<OutcomeTablePtr> table(storage::OutcomeId id = 0);
  /// Ids for the kinds of a run, made where missing. ResourceExhausted when the dictionary has no room for a
  /// new (expected, actual).
  Result<RunKinds> intern(const ResultTable& results);

 private:
  Result<std::vector<storage::OutcomeId>> intern_keys(std::span<const storage::OutcomeKey> keys);
  Status refresh();

  storage::Storage& storage_;
  const std::string suite_;
  std::shared_mutex mutex_;  // guards what follows
  OutcomeTablePtr table_;
  std::map<storage::OutcomeKey, storage::OutcomeId> ids_;
};

/// The attributes that most results have; of equally frequent ones the first in byte order. Empty without
/// results.
std::string common_attributes(const ResultTable& results);

}  // namespace resultsdb::engine
