// Numbers and truth values as Python reads them from texts.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace resultsdb::webkit {

/// Surrounding white space and a sign are allowed; nothing if it is no integer of 64 bits.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// A finite decimal number, rounded to an integer (halves to even).
std::optional<std::int64_t> parse_rounded(std::string_view text);
/// `true` or `yes` in any case, or an integer that is not zero.
bool parse_boolean(std::string_view text);
/// The integer that a JSON value is; nothing for all other values.
std::optional<std::int64_t> integer_of(const boost::json::value& value);

bool is_digits(std::string_view text);
std::string to_lower(std::string_view text);

}  // namespace resultsdb::webkit
