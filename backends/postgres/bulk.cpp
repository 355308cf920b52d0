#include "bulk.hpp"

#include "sql/index_entries.hpp"

namespace resultsdb::backends::postgres {

namespace {

struct Type {
  const char* array;
  std::uint32_t element;  // its number in every PostgreSQL
};

constexpr Type type_of(sql::Column::Type type) {
  switch (type) {
    case sql::Column::Type::Integer:
      return {"bigint[]", 20};
    case sql::Column::Type::Text:
      return {"text[]", 25};
    case sql::Column::Type::Bytes:
      break;
  }
  return {"bytea[]", 17};
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

std::string_view bytes_of(const sql::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return *text;
  if (const auto* blob = std::get_if<sql::Blob>(&value)) return blob->bytes;
  return {};
}

std::string list(const sql::Table& table, std::size_t count, std::string_view before,
                 std::string_view after = {}) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    text.append(before).append(table.columns[i].name).append(after);
  }
  return text;
}

/// $1::bigint[], $2::text[], …
std::string arrays(const sql::Table& table, std::size_t count, std::size_t first) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    text += '$' + std::to_string(first + i) + "::" + type_of(table.columns[i].type).array;
  }
  return text;
}

std::string unnest(const sql::Table& table, std::size_t count, std::size_t first) {
  return "unnest(" + arrays(table, count, first) + ')';
}

/// As the index of the table's keys has it.
std::string equal(const sql::Table& table, std::size_t key, const std::string& column,
                  const std::string& value) {
  const bool is_long = table.long_keys && table.columns[key].type == sql::Column::Type::Text;
  return sql::text_equals({.small_index_entries = is_long}, column, value);
}

std::string key_condition(const sql::Table& table, std::size_t keys) {
  std::string text;
  for (std::size_t i = 0; i < keys; ++i) {
    const std::string name = table.columns[i].name;
    text += (i > 0 ? " AND " : "") + equal(table, i, "t." + name, "k." + name);
  }
  return text;
}

}  // namespace

std::string encode(const sql::Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    std::string out;
    append_big_endian(out, static_cast<std::uint64_t>(*number), 8);
    return out;
  }
  return std::string(bytes_of(value));
}

std::string encode_column(const sql::Rows& rows, std::size_t width, std::size_t column,
                          sql::Column::Type type) {
  constexpr std::uint64_t kNull = ~std::uint64_t{0};
  std::size_t size = 20;
  for (std::size_t at = column; at < rows.size(); at += width) size += 12 + bytes_of(rows[at]).size();
  std::string out;
  out.reserve(size);
  // Dimensions, "may hold NULL", type of the elements; then size and first index of the only dimension.
  append_big_endian(out, 1, 4);
  append_big_endian(out, 1, 4);
  append_big_endian(out, type_of(type).element, 4);
  append_big_endian(out, rows.size() / width, 4);
  append_big_endian(out, 1, 4);
  for (std::size_t at = column; at < rows.size(); at += width) {
    if (std::holds_alternative<sql::Null>(rows[at])) {
      append_big_endian(out, kNull, 4);
    } else if (const auto* number = std::get_if<std::int64_t>(&rows[at])) {
      append_big_endian(out, 8, 4);
      append_big_endian(out, static_cast<std::uint64_t>(*number), 8);
    } else {
      const auto bytes = bytes_of(rows[at]);
      append_big_endian(out, bytes.size(), 4);
      out += bytes;
    }
  }
  return out;
}

std::string insert_statement(const sql::Table& table, sql::OnConflict rule, std::size_t first) {
  const std::size_t columns = table.columns.size();
  std::string text = std::string("INSERT INTO ") + table.name + " (" + list(table, columns, "") +
                     ") SELECT * FROM " + unnest(table, columns, first);
  if (rule == sql::OnConflict::Ignore) text += " ON CONFLICT DO NOTHING";
  if (rule == sql::OnConflict::Replace) {
    text += " ON CONFLICT (" + list(table, table.keys, "") + ") DO UPDATE SET ";
    for (std::size_t i = table.keys; i < columns; ++i) {
      const std::string name = table.columns[i].name;
      text += (i > table.keys ? ", " : "") + name + " = excluded." + name;
    }
  }
  return text;
}

std::string overwrite_statement(const sql::Table& table, std::size_t first) {
  const std::size_t columns = table.columns.size();
  std::string text = std::string("UPDATE ") + table.name + " AS t SET ";
  for (std::size_t i = table.keys; i < columns; ++i) {
    const std::string name = table.columns[i].name;
    text += (i > table.keys ? ", " : "") + name + " = k." + name;
  }
  return text + " FROM " + unnest(table, columns, first) + " AS k(" + list(table, columns, "") + ") WHERE " +
         key_condition(table, table.keys);
}

std::string update_statement(const sql::Table& table, std::size_t first) {
  const std::size_t columns = table.columns.size();
  std::string text = std::string("UPDATE ") + table.name + " AS t SET ";
  std::string checksum = ", checksum = t.checksum";
  for (std::size_t i = table.keys; i < columns; ++i) {
    const std::string name = table.columns[i].name;
    text += (i > table.keys ? ", " : "") + name + " = k." + name;
    checksum += " - t." + name + " + k." + name;
  }
  return text + checksum + " FROM " + unnest(table, columns, first) + " AS k(" + list(table, columns, "") +
         ") WHERE " + key_condition(table, table.keys);
}

std::string delete_statement(const sql::Table& table, std::size_t first) {
  return std::string("DELETE FROM ") + table.name + " AS t USING " + unnest(table, table.keys, first) +
         " AS k(" + list(table, table.keys, "") + ") WHERE " + key_condition(table, table.keys);
}

std::string select_statement(const sql::Table& table) {
  return "SELECT " + list(table, table.columns.size(), "t.") + ", k.number FROM " +
         unnest(table, table.keys, 1) + " WITH ORDINALITY AS k(" + list(table, table.keys, "") +
         ", number) JOIN " + table.name + " AS t ON " + key_condition(table, table.keys) +
         " ORDER BY k.number";
}

std::string select_one_statement(const sql::Table& table) {
  std::string text =
      "SELECT " + list(table, table.columns.size(), "t.") + " FROM " + table.name + " AS t WHERE ";
  for (std::size_t i = 0; i < table.keys; ++i)
    text += (i > 0 ? " AND " : "") +
            equal(table, i, std::string("t.") + table.columns[i].name, '$' + std::to_string(i + 1));
  return text;
}

std::string select_ranges_statement(const sql::Table& table) {
  const std::size_t equal = table.keys - 1;
  const std::string last = table.columns[equal].name, array = type_of(table.columns[equal].type).array;
  return "SELECT " + list(table, table.columns.size(), "t.") + ", k.number FROM unnest(" +
         arrays(table, table.keys, 1) + ", $" + std::to_string(table.keys + 1) + "::" + array +
         ") WITH ORDINALITY AS k(" + list(table, equal, "") + ", lowest, highest, number) JOIN " +
         table.name + " AS t ON " + key_condition(table, equal) + " AND t." + last +
         " BETWEEN k.lowest AND k.highest ORDER BY k.number";
}

}  // namespace resultsdb::backends::postgres
