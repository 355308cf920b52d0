// The checks that every way into the library shares. An Error's context names the member.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "resultsdb/commit.hpp"
#include "resultsdb/limits.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::domain {

enum class Presence { Optional, Required };

/// At most `max_bytes` of valid UTF-8 without U+0000, and not empty if Required.
Status check_text(std::string_view member, std::string_view text, std::size_t max_bytes,
                  Presence presence = Presence::Optional);
inline Status check_name(std::string_view member, std::string_view text,
                         Presence presence = Presence::Optional) {
  return check_text(member, text, limits::kNameBytes, presence);
}
/// 1 to 128 of `[A-Za-z0-9._:-]`.
Status check_public_id(std::string_view member, std::string_view id);
Status check_position(std::string_view member, Position position);
Status check_time(std::string_view member, Time time);

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
inline bool is_lower_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f'); }
inline bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}
inline bool all_lower_hex(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_lower_hex);
}

}  // namespace resultsdb::domain
