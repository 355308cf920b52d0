#include "json_cursor.hpp"

#include "resultsdb/json_scanner.hpp"

namespace resultsdb::http {

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
  const std::size_t begin = ++at_;
  std::string_view value;
  (void)json::detail::finish_string(text_, begin, at_, scratch, value);  // the text is valid
  skip_space();
  return value;
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
