// All reads: query structs and keyset pages.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "resultsdb/limits.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::storage {

/// Inclusive; open by default.
template <class T>
struct Range {
  std::optional<T> from, to;
  bool contains(const T& value) const { return (!from || *from <= value) && (!to || value <= *to); }
  bool operator==(const Range&) const = default;
};

/// How much of an answer is wanted. `token` continues an earlier page of the *same* query (limit may differ);
/// a token of another query or a broken one is InvalidArgument. Tokens survive concurrent inserts and
/// deletes: no row that was there all the time is left out or given twice.
struct Paging {
  std::uint32_t limit = 1000;  ///< 1 to limits::kPageRows
  std::string token;
};
template <class Row>
struct Page {
  std::vector<Row> rows;
  std::string next;  ///< token of the following page; empty: this is the last one
};

/// Listed tests, in byte order of their names.
struct TestQuery {
  std::string suite;
  std::string prefix;
  std::string contains;  ///< bytes, case-sensitive
  bool operator==(const TestQuery&) const = default;
};

/// Runs of one suite. All conditions hold together; an empty one does not count.
struct RunQuery {
  enum class Order : std::uint8_t {
    Position,  ///< position, started, variant, timeline
    Started,   ///< started, position, variant, timeline
    Received,  ///< received, timeline, serial
  };
  std::string suite;
  std::vector<TimelineId> timelines;
  std::vector<RunState> states;  ///< as stored
  std::string id;
  Bytes digest;
  Attributes attributes;  ///< indexed pairs, all of them
  Range<Position> position;
  Range<Time> started, received;
  Order order = Order::Position;
  bool ascending = false;  ///< default: largest first
  bool operator==(const RunQuery&) const = default;
};

/// Change points of one suite in key order (test, timeline, position, started, variant).
struct ChangeQuery {
  std::string suite;
  std::vector<TestId> tests;          ///< empty: all
  std::vector<TimelineId> timelines;  ///< empty: all
  bool operator==(const ChangeQuery&) const = default;
};

struct ChangesAndTimelines {
  std::vector<ChangeRow> changes;      ///< as find_changes() gives them
  std::vector<TimelineRow> timelines;  ///< all that are listed, by id
};

/// Durations of one chunk of a timeline's raw rows, and of the tiles that hold one block.
struct DurationQuery {
  TimelineId timeline = 0;
  std::optional<std::uint32_t> chunk;  ///< raw rows of this chunk; empty: of none
  std::optional<std::uint32_t> block;  ///< tiles of this block; empty: of none
  Range<RunSerial> serials;            ///< of the raw rows
  Range<std::uint32_t> tiles[2];       ///< by level 0 and 1
};
struct Durations {
  std::vector<DurationsRow> raw;  ///< by (timeline, chunk, serial)
  std::vector<TileRow> tiles;     ///< by (timeline, block, level, tile)
};

struct CommitQuery {
  std::string repository;
  std::optional<std::string> branch;
  std::string hash_prefix;  ///< lower-case hex; a whole hash is its own prefix
  std::optional<std::int64_t> revision;
  std::string identifier;
  Range<Position> position;
  std::string text;        ///< contained in message, author name, hash, identifier; ASCII case-insensitive
  bool ascending = false;  ///< by (position, branch, id); default: newest first
  bool operator==(const CommitQuery&) const = default;
};

/// Documents of one collection by key order (bytes).
struct DocumentQuery {
  std::string collection;
  std::string key_prefix;
  Attributes attributes;                                      ///< all of them
  std::optional<std::pair<std::string, std::string>> unique;  ///< the one with this secondary key
  bool descending = false;
  bool operator==(const DocumentQuery&) const = default;
};

}  // namespace resultsdb::storage
