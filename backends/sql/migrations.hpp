// Schema versions: released migrations are data with a checksum and never change.
#pragma once

#include <string>
#include <string_view>

#include "connection.hpp"

namespace resultsdb::backends::sql {

inline constexpr int kSchemaVersion = 3;  ///< what this software writes

struct SchemaState {
  int version = 0;  ///< 0: no schema yet
  int oldest_reader = 0;
};

/// Reads what the store says of itself; version 0 if it has no tables of ours.
Result<SchemaState> read_schema_state(Connection& connection);

/// Within a write transaction of the caller: runs the migrations above `from` and notes the versions.
Status run_migrations(Connection& connection, const Dialect& dialect, int from);

/// SchemaMismatch for a store that is newer than this software can use, or whose migrations were altered.
Status check_schema(Connection& connection, const SchemaState& state);

}  // namespace resultsdb::backends::sql
