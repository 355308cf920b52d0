#include "index_entries.hpp"

namespace resultsdb::backends::sql {

namespace {

constexpr std::string_view kCharacters = "150";  // of at most four bytes; four texts fit into one entry

std::string head(std::string_view text) {
  return "left(" + std::string(text) + ", " + std::string(kCharacters) + ')';
}

}  // namespace

std::string index_entry(std::string_view text) {
  const std::string whole(text);
  return head(text) + ", CASE WHEN length(" + whole + ") > " + std::string(kCharacters) +
         " THEN sha256(CAST(replace(" + whole + ", '\\', '\\\\') AS BYTEA)) ELSE '' END";
}

std::string text_equals(const Dialect& dialect, const std::string& column, const std::string& value) {
  const auto equal = column + " = " + value;
  if (!dialect.small_index_entries) return equal;
  return '(' + index_entry(column) + ") = (" + index_entry(value) + ") AND " + equal;
}

std::string text_compares(const Dialect& dialect, const std::string& column, std::string_view operation,
                          const std::string& value) {
  const auto compared = column + ' ' + std::string(operation) + ' ' + value;
  if (!dialect.small_index_entries) return compared;
  return head(column) + ' ' + operation.front() + "= " + head(value) + " AND " + compared;
}

std::string text_is_among(const Dialect& dialect, const std::string& column, const std::string& selected,
                          const std::string& from_and_where) {
  const auto whole = [&](const std::string& text) {
    return dialect.small_index_entries ? index_entry(text) + ", " + text : text;
  };
  return '(' + whole(column) + ") IN (SELECT " + whole(selected) + ' ' + from_and_where + ')';
}

std::string text_order(const Dialect& dialect, const std::string& column, bool ascending) {
  const std::string direction = ascending ? "" : " DESC";
  return (dialect.small_index_entries ? head(column) + direction + ", " : std::string()) + column + direction;
}

std::string text_place(const Dialect& dialect, const std::string& column) {
  return dialect.small_index_entries ? index_entry(column) : column;
}

}  // namespace resultsdb::backends::sql
