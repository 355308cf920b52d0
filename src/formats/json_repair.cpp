#include "formats/json_repair.hpp"

#include <charconv>
#include <optional>

namespace resultsdb::formats {
namespace {

constexpr std::size_t kEscapeBytes = 6;  // \uXXXX

/// The number of a `\uXXXX` at the beginning of `rest`.
std::optional<unsigned> unicode_escape(std::string_view rest) {
  if (rest.size() < kEscapeBytes || !rest.starts_with("\\u")) return std::nullopt;
  unsigned value = 0;
  const char* end = rest.data() + kEscapeBytes;
  const auto [last, failure] = std::from_chars(rest.data() + 2, end, value, 16);
  if (failure != std::errc() || last != end) return std::nullopt;
  return value;
}

bool is_half(unsigned value, unsigned first) { return value >= first && value < first + 0x400; }

}  // namespace

void JsonRepair::feed(std::string_view bytes, std::string& out) {
  std::string joined = std::move(waiting_);
  waiting_.clear();
  joined += bytes;
  std::string_view rest = joined;
  while (!rest.empty()) {
    if (in_string_) {
      const std::size_t plain = std::min(rest.find_first_of("\\\""), rest.size());
      out += rest.substr(0, plain);
      rest.remove_prefix(plain);
      if (rest.empty()) break;
      if (rest[0] == '"') {
        in_string_ = false;
        out += '"';
        rest.remove_prefix(1);
        continue;
      }
      const std::size_t used = step_escape(rest, out);
      if (used == 0) break;
      rest.remove_prefix(used);
    } else {
      step_outside(rest[0], out);
      rest.remove_prefix(1);
    }
  }
  waiting_ = rest;
}

void JsonRepair::finish(std::string& out) {
  out += waiting_;
  waiting_.clear();
}

std::size_t JsonRepair::step_escape(std::string_view rest, std::string& out) {
  const auto copy = [&](std::size_t size) {
    out += rest.substr(0, size);
    return size;
  };
  if (rest.size() < 2) return 0;
  if (rest[1] != 'u') return copy(2);
  if (rest.size() < kEscapeBytes) return 0;
  const auto first = unicode_escape(rest);
  if (!first) return copy(2);
  if (is_half(*first, 0xD800)) {
    const std::string_view next = rest.substr(kEscapeBytes);
    if (next.size() < kEscapeBytes && std::string_view("\\u").starts_with(next.substr(0, 2)) &&
        next.find('"') == std::string_view::npos) {
      return 0;
    }
    const auto second = unicode_escape(next);
    if (second && is_half(*second, 0xDC00)) return copy(2 * kEscapeBytes);
  } else if (!is_half(*first, 0xDC00)) {
    return copy(kEscapeBytes);
  }
  replaced_surrogate_ = true;
  out += "\\ufffd";
  return kEscapeBytes;
}

void JsonRepair::step_outside(char c, std::string& out) {
  if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
    out += c;
    return;
  }
  if (c == '{' && after_object_ && depth_ > 0) {
    inserted_comma_ = true;
    out += ',';
  }
  after_object_ = c == '}';
  if (c == '{' || c == '[') ++depth_;
  if ((c == '}' || c == ']') && depth_ > 0) --depth_;
  in_string_ = c == '"';
  out += c;
}

}  // namespace resultsdb::formats
