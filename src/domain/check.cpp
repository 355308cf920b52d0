#include "domain/check.hpp"

#include "resultsdb/json.hpp"

namespace resultsdb::domain {

Status check_text(std::string_view member, std::string_view text, std::size_t max_bytes, Presence presence) {
  if (text.empty() && presence == Presence::Required) {
    return invalid_argument("must not be empty", std::string(member));
  }
  if (text.size() > max_bytes) {
    return invalid_argument("has " + std::to_string(text.size()) + " bytes; at most " +
                                std::to_string(max_bytes) + " are allowed",
                            std::string(member));
  }
  if (!json::is_utf8(text)) return invalid_argument("is not valid UTF-8", std::string(member));
  if (text.find('\0') != std::string_view::npos) {
    return invalid_argument("must not contain U+0000", std::string(member));
  }
  return {};
}

Status check_public_id(std::string_view member, std::string_view id) {
  const auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == ':' || c == '-';
  };
  if (!id.empty() && id.size() <= limits::kPublicIdBytes && std::all_of(id.begin(), id.end(), allowed))
    return {};
  return invalid_argument("must be 1 to 128 of A-Z a-z 0-9 . _ : -", std::string(member));
}

Status check_position(std::string_view member, Position position) {
  if (position >= -limits::kMaxPosition && position <= limits::kMaxPosition) return {};
  return invalid_argument(std::to_string(position) + " is not below 2^53 in absolute value",
                          std::string(member));
}

Status check_time(std::string_view member, Time time) {
  if (is_valid_time(time)) return {};
  return invalid_argument("is outside of the years 0001 to 9999", std::string(member));
}

}  // namespace resultsdb::domain
