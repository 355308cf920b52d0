#include "aggregate/query_scanner.hpp"

#include <algorithm>

namespace resultsdb::aggregate {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kValueStops = " \t\r\n(),\"";
constexpr std::string_view kWordStops = " \t\r\n(),\"<>=!~:";
constexpr std::size_t kFoundBytes = 40;  // of what a message shows

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

void Scanner::skip_blanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }

bool Scanner::take(std::string_view text) {
  if (!text_.substr(at_).starts_with(text)) return false;
  at_ += text.size();
  return true;
}

std::string_view Scanner::take_up_to(std::string_view stops) {
  const std::size_t begin = at_;
  at_ = std::min(text_.find_first_of(stops, at_), text_.size());
  return text_.substr(begin, at_ - begin);
}

std::string_view Scanner::take_word() { return take_up_to(kWordStops); }

std::string_view Scanner::peek_word() {
  const std::size_t begin = at_;
  skip_blanks();
  const std::string_view word = take_word();
  at_ = begin;
  return word;
}

Result<std::string> Scanner::take_quoted() {
  const std::size_t begin = at_++;
  std::string out;
  while (!at_end() && peek() != '"') {
    if (peek() == '\\') {
      ++at_;
      if (peek() != '"' && peek() != '\\')
        return error_saying(at_ - 1, "a backslash in quotes must be followed by \\ or \"");
    }
    out += text_[at_++];
  }
  if (at_end()) return error_saying(begin, "the quotes that begin here have no end");
  ++at_;
  return out;
}

Result<std::string> Scanner::take_value() {
  if (peek() == '"') return take_quoted();
  return std::string(take_up_to(kValueStops));
}

Result<std::string> Scanner::take_quoted_or_word() {
  if (peek() == '"') return take_quoted();
  return std::string(take_word());
}

Error Scanner::error(std::size_t place, std::string_view expected) const {
  std::string message = "expected " + std::string(expected) + ", found ";
  if (place >= text_.size()) return error_saying(place, std::move(message) + "the end");
  std::size_t size =
      std::max<std::size_t>(1, std::min(text_.find_first_of(kValueStops, place), text_.size()) - place);
  size = std::min(size, kFoundBytes);
  while (place + size < text_.size() && continues_character(text_[place + size])) ++size;
  return error_saying(place, std::move(message) + write_quoted(text_.substr(place, size)));
}

Error Scanner::error_saying(std::size_t place, std::string message) const {
  const std::string_view before = text_.substr(0, std::min(place, text_.size()));
  const auto characters = before.size() - static_cast<std::size_t>(std::count_if(before.begin(), before.end(),
                                                                                 continues_character));
  return invalid_argument(std::move(message), "column " + std::to_string(characters + 1));
}

std::string write_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

std::string write_value(std::string_view value) {
  const bool plain = value.find_first_of(kValueStops) == std::string_view::npos;
  return plain ? std::string(value) : write_quoted(value);
}

std::string write_word(std::string_view word) {
  const bool plain = !word.empty() && word.find_first_of(kWordStops) == std::string_view::npos;
  return plain ? std::string(word) : write_quoted(word);
}

}  // namespace resultsdb::aggregate
