#include "json_cursor.hpp"

#include <charconv>

namespace resultsdb::http {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

/// The four digits at `at`; 0 if they are no escape of ours (then the caller sees no surrogate).
char32_t hex4(std::string_view text, std::size_t at) {
  unsigned value = 0;
  if (at + 4 <= text.size()) std::from_chars(text.data() + at, text.data() + at + 4, value, 16);
  return value;
}

/// The character of `\uXXXX` at `at` (on the backslash); moves `at` to its last digit.
char32_t unicode_escape(std::string_view text, std::size_t& at) {
  const char32_t first = hex4(text, at + 2);
  at += 5;
  if (first < 0xD800 || first > 0xDFFF) return first;
  const bool pair = first < 0xDC00 && text.substr(at + 1, 2) == "\\u";
  const char32_t second = pair ? hex4(text, at + 3) : 0;
  if (second < 0xDC00 || second > 0xDFFF) return kReplacement;
  at += 6;
  return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

std::string unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    switch (text[i + 1]) {
      case 'b':
        plain += '\b';
        break;
      case 'f':
        plain += '\f';
        break;
      case 'n':
        plain += '\n';
        break;
      case 'r':
        plain += '\r';
        break;
      case 't':
        plain += '\t';
        break;
      case 'u':
        append_utf8(plain, unicode_escape(text, i));
        continue;
      default:
        plain += text[i + 1];
    }
    ++i;
  }
  return plain;
}

}  // namespace

JsonCursor::Kind JsonCursor::kind() const {
  switch (at_ < text_.size() ? text_[at_] : 'n') {
    case '{':
      return Kind::Object;
    case '[':
      return Kind::Array;
    case '"':
      return Kind::String;
    case 't':
    case 'f':
      return Kind::Bool;
    case 'n':
      return Kind::Null;
    default:
      return Kind::Number;
  }
}

void JsonCursor::enter() {
  ++at_;
  skip_space();
}

bool JsonCursor::next(char closing) {
  skip_space();
  if (at_ >= text_.size()) return false;
  if (text_[at_] == closing) {
    ++at_;
    skip_space();
    return false;
  }
  if (text_[at_] == ',') ++at_;
  skip_space();
  return true;
}

bool JsonCursor::next_member(std::string& name) {
  if (!next('}')) return false;
  std::string scratch;
  name = string(scratch);
  ++at_;  // the colon
  skip_space();
  return true;
}

bool JsonCursor::next_element() { return next(']'); }

std::string_view JsonCursor::string(std::string& scratch) {
  const std::size_t begin = at_ + 1;
  skip_string();
  const std::string_view inside = text_.substr(begin, at_ - begin - 1);
  skip_space();
  if (inside.find('\\') == inside.npos) return inside;
  scratch = unescape(inside);
  return scratch;
}

std::string_view JsonCursor::slice() {
  const std::size_t begin = at_;
  std::size_t depth = 0;
  do {
    const char c = text_[at_];
    if (c == '"') {
      skip_string();
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++at_;
    if (depth == 0 && c != '}' && c != ']') {  // a number or a word
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
  } while (depth > 0 && at_ < text_.size());
  const std::string_view value = text_.substr(begin, at_ - begin);
  skip_space();
  return value;
}

void JsonCursor::skip_space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
    ++at_;
  }
}

void JsonCursor::skip_string() {
  for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
    if (text_[at_] == '\\') ++at_;
  }
  ++at_;
}

std::string_view describe(JsonCursor::Kind kind) noexcept {
  switch (kind) {
    case JsonCursor::Kind::Object:
      return "an object";
    case JsonCursor::Kind::Array:
      return "an array";
    case JsonCursor::Kind::String:
      return "a text";
    case JsonCursor::Kind::Number:
      return "a number";
    case JsonCursor::Kind::Bool:
      return "true or false";
    case JsonCursor::Kind::Null:
      break;
  }
  return "null";
}

}  // namespace resultsdb::http
