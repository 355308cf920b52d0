// Reads the text of a query from left to right.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "resultsdb/result.hpp"

namespace resultsdb::aggregate {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t place() const { return at_; }
  void go_back(std::size_t place) { at_ = place; }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  void skip_blanks();
  /// Steps over `text` if it comes next.
  bool take(std::string_view text);
  /// Characters up to a blank, the end or one of `( ) , " < > = ! ~ :`; may be empty.
  std::string_view take_word();
  /// The word that take_word() would give after blanks.
  std::string_view peek_word();
  /// Text in quotes, else characters up to a blank, the end or one of `( ) , "`; may be empty.
  Result<std::string> take_value();
  /// Text in quotes, else a word.
  Result<std::string> take_quoted_or_word();

  /// "expected …, found …" at a place.
  Error error(std::size_t place, std::string_view expected) const;
  /// Any message at a place.
  Error error_saying(std::size_t place, std::string message) const;

 private:
  std::string_view take_up_to(std::string_view stops);
  Result<std::string> take_quoted();

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string write_quoted(std::string_view text);
/// The texts as the scanner reads them back; with quotes where needed.
std::string write_value(std::string_view value);
std::string write_word(std::string_view word);

}  // namespace resultsdb::aggregate
