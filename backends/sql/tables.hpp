// The tables of the schema as the bulk calls see them, and how rows are read from them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::backends::sql {

namespace tables {
extern const Table kMeta, kSuite, kTest, kOutcome, kConfiguration, kTimelineKey, kTimeline, kRun,
    kRunAttribute, kRunOutcomes, kRunDurations, kDurationTile, kTestSet, kChangePoint, kDetail, kRepository,
    kCommit, kDocument, kDocumentAttribute, kDocumentUnique, kDocumentChunk;
/// All that a store of this schema version has; 0, as it reads when it is damaged: all that there are.
std::vector<const Table*> of_version(int version);
}  // namespace tables

bool has_checksum(const Table& table);
/// A row's checksum, CRC-32C as a number of four bytes, from the values of its other columns.
std::int64_t checksum(const Table& table, std::span<const Value> values);
/// Connection::put for rows without their checksum, which is added.
Status put_rows(Connection& connection, const Table& table, OnConflict rule, const Rows& rows);

/// "a, b, c": for SELECT lists, without the checksum; `prefix` stands before each.
std::string column_list(const Table& table, std::string_view prefix = {});

/// Pairs and lists of texts in one column: length-prefixed, so that any text comes back.
std::string pack(const Attributes& pairs);
std::string pack(const std::vector<std::string>& texts);
Attributes unpack_pairs(std::string_view bytes);
std::vector<std::string> unpack_texts(std::string_view bytes);

/// From rows with the columns of column_list().
storage::TimelineRow to_timeline(const Row& row);
storage::RunRow to_run(const Row& row);
storage::OutcomeRow to_outcome(const Row& row);
storage::CommitRow to_commit(const Row& row);
storage::Document to_document(const Row& row);

/// Identity of a dictionary entry.
std::string dictionary_key(const storage::OutcomeKey& key);

inline Value number(std::uint64_t value) { return static_cast<std::int64_t>(value); }
inline Value time(Time value) { return to_micros(value); }

}  // namespace resultsdb::backends::sql
