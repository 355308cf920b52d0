// What a backend keeps. A backend stores and finds these rows; it never interprets a blob, never looks at a
// clock and knows no policy. Ids are dense and per suite: nothing is numbered globally.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/document.hpp"
#include "resultsdb/run.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::storage {

using TestId = std::uint32_t;
using OutcomeId = std::uint32_t;  ///< 0 = plain expected pass, never stored as a row
using ConfigurationId = std::uint32_t;
using TimelineId = std::uint32_t;
using RunSerial = std::uint32_t;  ///< number of a run on its timeline, in order of arrival; never used again
using TestSetId = std::uint32_t;  ///< number of a test set on its timeline; 0 = the empty set, never a row
using Bytes = std::string;        ///< any bytes

/// Interned per suite: (id, text). Listed only once some run used it (SuiteBatch::listed_tests).
struct TestRow {
  TestId id = 0;
  std::string name;
  bool operator==(const TestRow&) const = default;
};

/// An entry of a suite's outcome dictionary. `attributes` empty optional: those common to the run's results.
struct OutcomeKey {
  std::string expected, actual;
  std::optional<std::string> attributes;
  bool in_detail = false;  ///< the attributes stand in the result's detail, being too large or too many
  auto operator<=>(const OutcomeKey&) const = default;
};
struct OutcomeRow {
  OutcomeId id = 0;
  OutcomeKey key;
  bool operator==(const OutcomeRow&) const = default;
};

/// `key` is Configuration::key(): the identity.
struct ConfigurationRow {
  ConfigurationId id = 0;
  std::string key;
  bool operator==(const ConfigurationRow&) const = default;
};

struct TimelineKey {
  std::string branch;
  ConfigurationId configuration = 0;
  auto operator<=>(const TimelineKey&) const = default;
};

/// Interned like names (version 0: never written, not listed). Everything after `key` is rewritten as a whole
/// by each batch that touches the timeline.
struct TimelineRow {
  TimelineId id = 0;
  TimelineKey key;
  OrderKey order_key = OrderKey::Commit;
  std::uint64_t version = 0;  ///< grows by one with each batch
  std::uint32_t runs = 0;
  Position first_position = 0, last_position = 0;  ///< of its runs; 0 without runs
  Time last_received{};
  RunSerial next_serial = 1;
  Bytes state;  ///< the engine's own bookkeeping
  bool operator==(const TimelineRow&) const = default;
};

/// A run within its suite.
struct RunRef {
  TimelineId timeline = 0;
  RunSerial serial = 0;
  auto operator<=>(const RunRef&) const = default;
};

/// Narrow: blobs never sit in this table. (timeline, serial) is the key; (timeline, position, started,
/// variant) is unique as well, and so is `id` within the suite.
struct RunRow {
  TimelineId timeline = 0;
  RunSerial serial = 0;
  Position position = 0;
  Time started{};
  std::string variant;
  std::string id;
  Time received{};
  RunState state = RunState::Final;
  std::optional<Time> lease_until;  ///< only while running
  TestSetId test_set = 0;
  std::uint32_t covered = 0, lost = 0;
  Bytes counters;  ///< encoded by the engine: how often each outcome occurred
  Bytes digest;
  std::string header;  ///< JSON text by the engine: commits, attributes, links, attempt, common attributes, …
  Attributes indexed;  ///< attributes that find_runs can ask for; pairs are unique

  RunRef ref() const { return {timeline, serial}; }
  bool operator==(const RunRow&) const = default;
};

/// The results of a run that are not outcome 0, and its lost tests.
struct OutcomesRow {
  TimelineId timeline = 0;
  RunSerial serial = 0;
  Bytes blob;
  bool operator==(const OutcomesRow&) const = default;
};

/// Durations of one run and one chunk of tests, until they are folded into tiles. Clustered by (timeline,
/// chunk, serial).
struct DurationsRow {
  TimelineId timeline = 0;
  std::uint32_t chunk = 0;
  RunSerial serial = 0;
  Bytes blob;
  bool operator==(const DurationsRow&) const = default;
};

/// Durations of a group of runs and a block of tests. Clustered by (timeline, block, level, tile).
struct TileRow {
  TimelineId timeline = 0;
  std::uint32_t block = 0;
  std::uint32_t level = 0;
  std::uint32_t tile = 0;
  Bytes blob;
  bool operator==(const TileRow&) const = default;
};

/// Which tests a run covered; with a base, the difference against it.
struct TestSetRow {
  TimelineId timeline = 0;
  TestSetId id = 0;
  TestSetId base = 0;
  Bytes blob;
  Bytes hash;  ///< of the decoded set
  bool operator==(const TestSetRow&) const = default;
};

/// A test takes a new outcome at a run. Clustered by (test, timeline, position, started, variant).
struct ChangeKey {
  TestId test = 0;
  TimelineId timeline = 0;
  Position position = 0;
  Time started{};
  std::string variant;
  auto operator<=>(const ChangeKey&) const = default;
};
struct ChangeRow {
  ChangeKey key;
  OutcomeId outcome = 0;
  auto operator<=>(const ChangeRow&) const = default;
};

/// Detail of one result.
struct DetailRow {
  TimelineId timeline = 0;
  RunSerial serial = 0;
  TestId test = 0;
  Bytes blob;
  bool operator==(const DetailRow&) const = default;
};

/// `version` grows by one with each batch that touches the repository. `text` is for the engine.
struct RepositoryRow {
  std::string name;
  std::uint64_t version = 0;
  std::string text;
  bool operator==(const RepositoryRow&) const = default;
};

/// A registered commit: `commit.position` is set; (branch, position, commit.id()) is the key in its
/// repository.
using CommitRow = Commit;

struct CommitKey {
  std::string branch;
  Position position = 0;
  std::string id;
  auto operator<=>(const CommitKey&) const = default;
};

using resultsdb::Document;

/// A piece of something large that lies in a collection beside its documents: chunks come and go by
/// themselves, whatever happens to a document of the same key. (key, number) is the key in its collection.
struct ChunkRow {
  std::string key;
  std::uint32_t number = 0;
  Bytes bytes;
  bool operator==(const ChunkRow&) const = default;
};

}  // namespace resultsdb::storage
