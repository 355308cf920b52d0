// Bulk calls as statements over arrays: one parameter a column, whatever the number of rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sql/connection.hpp"

namespace resultsdb::backends::postgres {

/// Parameters as PostgreSQL's binary format has them: a text may hold anything, and no byte is escaped.
using Parameters = std::vector<std::string>;

/// A single value; Null has no such form.
std::string encode(const sql::Value& value);

/// Column `column` of `rows`, `width` values each, as an array.
std::string encode_column(const sql::Rows& rows, std::size_t width, std::size_t column,
                          sql::Column::Type type);

/// The statements; their arrays are the parameters from `first` on.
std::string insert_statement(const sql::Table& table, sql::OnConflict rule, std::size_t first = 1);
/// As insert_statement() for all columns: those of rows that are there already get the new values.
std::string overwrite_statement(const sql::Table& table, std::size_t first = 1);
std::string update_statement(const sql::Table& table, std::size_t first = 1);
std::string delete_statement(const sql::Table& table, std::size_t first = 1);
/// Rows with their key's number (from 1) as the last column, in the order of the keys.
std::string select_statement(const sql::Table& table);
/// The row of one key, whose values are the parameters.
std::string select_one_statement(const sql::Table& table);
/// As select_statement(), for keys whose last column has two arrays: from, to.
std::string select_ranges_statement(const sql::Table& table);

}  // namespace resultsdb::backends::postgres
