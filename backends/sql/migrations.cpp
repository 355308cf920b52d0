#include "migrations.hpp"

#include <array>
#include <cstdint>

#include "embedded/resultsdb_sql.hpp"
#include "tables.hpp"

namespace resultsdb::backends::sql {

namespace {

struct Migration {
  int version;
  std::string_view statements;
  bool for_small_index_entries = false;  ///< for such engines alone; the others note that they are past it
};

std::span<const Migration> migrations() {
  static const std::array all = {Migration{1, schema_0001}, Migration{2, schema_0002},
                                 Migration{3, schema_0003, /*for_small_index_entries=*/true}};
  return all;
}

/// FNV-1a: tells an edited file from a released one.
std::string checksum(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return std::to_string(hash);
}

std::string spell(std::string_view statements, const Dialect& dialect) {
  const std::pair<std::string_view, std::string_view> words[] = {{"{INTEGER}", dialect.integer},
                                                                 {"{TEXT}", dialect.text},
                                                                 {"{BYTES}", dialect.bytes},
                                                                 {"{TABLE}", dialect.table_end},
                                                                 {"{CLUSTERED}", dialect.clustered_end}};
  std::string text(statements);
  for (const auto& [word, spelling] : words) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + spelling.size()))
      text.replace(at, word.size(), spelling);
  }
  return text;
}

std::string checksum_name(int version) { return "migration_" + std::to_string(version); }

Status put_meta(Connection& connection, std::string_view name, std::string_view value) {
  return put_rows(connection, tables::kMeta, OnConflict::Replace, {name, value});
}

Result<std::string> read_meta(Connection& connection, std::string_view name) {
  std::string value;
  RESULTSDB_TRY(connection.run("SELECT value FROM meta WHERE name = $1", {name},
                               [&](const Row& row) { value = row.text(0); }));
  return value;
}

}  // namespace

Result<SchemaState> read_schema_state(Connection& connection) {
  SchemaState state;
  RESULTSDB_ASSIGN(const auto version, read_meta(connection, "schema_version"));
  RESULTSDB_ASSIGN(const auto oldest, read_meta(connection, "oldest_reader"));
  state.version = std::atoi(version.c_str());
  state.oldest_reader = std::atoi(oldest.c_str());
  return state;
}

Status run_migrations(Connection& connection, const Dialect& dialect, int from) {
  for (const auto& migration : migrations()) {
    if (migration.version <= from) continue;
    if (!migration.for_small_index_entries || dialect.small_index_entries)
      RESULTSDB_TRY(connection.run_script(spell(migration.statements, dialect)));
    RESULTSDB_TRY(put_meta(connection, checksum_name(migration.version), checksum(migration.statements)));
  }
  RESULTSDB_TRY(put_meta(connection, "schema_version", std::to_string(kSchemaVersion)));
  return put_meta(connection, "oldest_reader", std::to_string(dialect.oldest_reader));
}

Status check_schema(Connection& connection, const SchemaState& state) {
  if (state.oldest_reader > kSchemaVersion) {
    return make_error(ErrorCode::SchemaMismatch,
                      "the store has schema version " + std::to_string(state.version) +
                          " and needs newer software (this one knows version " +
                          std::to_string(kSchemaVersion) + "); nothing was changed");
  }
  for (const auto& migration : migrations()) {
    if (migration.version > state.version) continue;
    RESULTSDB_ASSIGN(const auto stored, read_meta(connection, checksum_name(migration.version)));
    if (stored != checksum(migration.statements)) {
      return make_error(ErrorCode::SchemaMismatch,
                        "the store was made by another development version of this software; export "
                        "it with that one and import it here");
    }
  }
  return {};
}

}  // namespace resultsdb::backends::sql
