// The units of UTF-16 that JSON text writes as `\uXXXX`.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace resultsdb::domain {

/// The unit of the escape at `offset`, or -1 if there is none.
inline std::int32_t unicode_escape_at(std::string_view text, std::size_t offset) {
  if (offset + 6 > text.size() || text[offset] != '\\' || text[offset + 1] != 'u') return -1;
  std::int32_t unit = 0;
  const char* const first = text.data() + offset + 2;
  const auto [end, error] = std::from_chars(first, first + 4, unit, 16);
  return error == std::errc{} && end == first + 4 && *first != '-' ? unit : -1;
}

inline bool is_high_surrogate(std::int32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
inline bool is_low_surrogate(std::int32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

}  // namespace resultsdb::domain
