#include "resultsdb/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "domain/json_escape.hpp"
#include "domain/utf8.hpp"

namespace resultsdb::json {
namespace {

using domain::is_high_surrogate;
using domain::is_low_surrogate;
using domain::unicode_escape_at;
using domain::utf8_decode;
using domain::utf8_length;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::uint32_t kReplacementPoint = 0xFFFD;

void append_unicode_escape(std::string& out, std::uint32_t unit) {
  constexpr char kHex[] = "0123456789abcdef";
  const char text[] = {'\\',           'u', kHex[unit >> 12 & 15], kHex[unit >> 8 & 15], kHex[unit >> 4 & 15],
                       kHex[unit & 15]};
  out.append(text, sizeof text);
}

void append_ascii_point(std::string& out, std::uint32_t point) {
  if (point >= 0x10000) {
    append_unicode_escape(out, 0xD800 + ((point - 0x10000) >> 10));
    append_unicode_escape(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
  } else {
    append_unicode_escape(out, point);
  }
}

void append_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view kSpecial = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  const std::size_t index = kSpecial.find(static_cast<char>(byte));
  if (index == std::string_view::npos) {
    append_unicode_escape(out, byte);
  } else {
    out += '\\';
    out += kLetters[index];
  }
}

}  // namespace

void append_string(std::string& out, std::string_view text, bool ascii_only) {
  out += '"';
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(
        std::find_if(text.begin(), text.end(),
                     [](unsigned char c) { return c < ' ' || c >= 0x7F || c == '"' || c == '\\'; }) -
        text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t length = utf8_length(text);
    if (byte == 0x7F) {
      ascii_only ? append_unicode_escape(out, byte) : out.push_back(static_cast<char>(byte));
    } else if (byte < 0x80) {
      append_escaped(out, byte);
    } else if (ascii_only) {
      append_ascii_point(out, length != 0 ? utf8_decode(text, length) : kReplacementPoint);
    } else {
      out.append(length != 0 ? text.substr(0, length) : kReplacement);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

std::string quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_string(out, text);
  return out;
}

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  // Shortest digits as d.ddde±xx; the place of the point is then decided as repr does.
  std::array<char, 32> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    out.append(text);
    return;
  }
  std::string digits(1, text.front());
  if (e > 2) digits.append(text.substr(2, e - 2));
  if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    return;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) digits.append(whole + 1 - digits.size(), '0');
  out.append(digits, 0, whole).append(1, '.').append(digits, whole);
}

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end.ptr);
}

bool is_utf8(std::string_view text) noexcept {
  constexpr std::uint64_t kBeyondAscii = 0x8080808080808080;
  while (!text.empty()) {
    // Nearly all text is ASCII: eight bytes at a time.
    if (std::uint64_t word; text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & kBeyondAscii) == 0) {
        text.remove_prefix(sizeof word);
        continue;
      }
    }
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string repair_utf8(std::string_view text, bool replace_nul) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const bool keep = length != 0 && !(replace_nul && text.front() == '\0');
    out.append(keep ? text.substr(0, length) : kReplacement);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

bool replace_lone_surrogates(std::string& json_text) {
  bool replaced = false;
  for (std::size_t i = json_text.find('\\'); i < json_text.size(); i = json_text.find('\\', i)) {
    const std::int32_t unit = unicode_escape_at(json_text, i);
    if (unit < 0) {
      i += 2;  // a short escape: its second character may be a backslash
    } else if (is_high_surrogate(unit) && is_low_surrogate(unicode_escape_at(json_text, i + 6))) {
      i += 12;
    } else {
      if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
        json_text.replace(i + 2, 4, "fffd");
        replaced = true;
      }
      i += 6;
    }
  }
  return replaced;
}

}  // namespace resultsdb::json
