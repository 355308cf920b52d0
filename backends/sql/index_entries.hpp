// Texts in the indexes of an engine whose entries are smaller than the longest text: an entry has a text's
// first characters and, of a longer one, a digest of the whole. Conditions say so too, or no index would be
// used, and compare the texts themselves: two of one digest are still two. The order of entries is that of
// texts as far as the first characters go, so what is asked in order is sorted among those that share them.
#pragma once

#include <string>
#include <string_view>

#include "connection.hpp"

namespace resultsdb::backends::sql {

/// "head(text), digest(text)", as in migration 3: built-in functions alone, which older schemas know too.
std::string index_entry(std::string_view text);

/// The text that `column` has equals that of `value`, a parameter or column.
std::string text_equals(const Dialect& dialect, const std::string& column, const std::string& value);
/// `column operation value` in the order of bytes; `operation`: <, >, <= or >=.
std::string text_compares(const Dialect& dialect, const std::string& column, std::string_view operation,
                          const std::string& value);
/// The text of `column` is one of `SELECT selected from_and_where`.
std::string text_is_among(const Dialect& dialect, const std::string& column, const std::string& selected,
                          const std::string& from_and_where);
/// What stands behind ORDER BY.
std::string text_order(const Dialect& dialect, const std::string& column, bool ascending = true);
/// The column as its index has it: two equal ones are neighbours there, in no order that means anything.
std::string text_place(const Dialect& dialect, const std::string& column);

}  // namespace resultsdb::backends::sql
