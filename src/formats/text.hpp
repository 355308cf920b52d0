// Small text rules that all readers share.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace resultsdb::formats {

std::string_view trim(std::string_view text) noexcept;
/// Cuts one line off the front of `rest`; false when there is none left. The line has no end-of-line bytes.
bool next_line(std::string_view& rest, std::string_view& line) noexcept;
/// Without terminal sequences (`ESC [ … letter`).
std::string strip_ansi(std::string_view text);
/// The first line that is not blank: trimmed, without terminal sequences.
std::string first_line(std::string_view text);
/// Trimmed, control characters replaced by U+FFFD. `text` is valid UTF-8.
std::string canonical_name(std::string_view text);
void replace_all(std::string& text, std::string_view from, std::string_view to);
/// The titles that are not blank, trimmed, joined with " > ".
std::string join_titles(std::initializer_list<std::string_view> titles);
/// At most `limit` bytes, cut at a code point.
std::string_view cut_utf8(std::string_view text, std::size_t limit) noexcept;
/// The rest after `prefix`, if `text` begins with it.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) noexcept;
bool contains(std::string_view text, std::string_view part) noexcept;
/// Equal but for the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b) noexcept;
/// A whole number that fits an int.
std::optional<int> parse_int(std::string_view text) noexcept;

/// A duration beyond some ten thousand years is none, and would not fit the microseconds of a result.
inline constexpr double kMaxSeconds = 4e11;

/// A duration in seconds as tools write it (`0.007`, `0.`, `.5`, `8.3e-05`, `1,234.567`, `0.007s`, `PT1.5S`),
/// in milliseconds. Blank text is no number; anything else that is no duration (negative, NaN, words) sets
/// `bad`.
std::optional<double> parse_seconds(std::string_view text, bool& bad);

/// "" or "PASS" < "SKIP" < "NOTRUN" < "FAIL" and unknown words < "ERROR" < "TIMEOUT" < "CRASH".
int severity(std::string_view outcome) noexcept;
/// True for the words that say that something went wrong; unknown words do.
bool is_failure(std::string_view outcome) noexcept;

/// Text of unknown size: keeps the first and the last half of `limit` bytes.
class BoundedText {
 public:
  explicit BoundedText(std::size_t limit) : limit_(limit) {}
  void append(std::string_view text);
  /// The text, at most `limit` bytes; empty afterwards. True in `was_cut` if something was dropped.
  std::string take(bool& was_cut);

 private:
  void drop_middle();
  std::string text_;
  std::size_t limit_;
  bool cut_ = false;
};

}  // namespace resultsdb::formats
