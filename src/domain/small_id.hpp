// Ids that people choose for small things of their own.
#pragma once

#include <algorithm>
#include <string_view>

#include "domain/check.hpp"

namespace resultsdb::domain {

/// 6 to 32 of `[A-Za-z0-9_-]`.
inline bool is_small_id(std::string_view id) {
  const auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  };
  constexpr std::size_t kLeast = 6, kMost = 32;
  return id.size() >= kLeast && id.size() <= kMost && std::ranges::all_of(id, allowed);
}
inline Status check_small_id(std::string_view id) {
  return is_small_id(id) ? Status() : invalid_argument("must be 6 to 32 of A-Z a-z 0-9 _ -", "id");
}

}  // namespace resultsdb::domain
