#include "formats/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "domain/utf8.hpp"

namespace resultsdb::formats {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::optional<double> parse_plain(std::string_view text) {
  std::string digits(text);
  std::erase(digits, ',');
  double value = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// The time part of an ISO 8601 duration, after `PT`.
std::optional<double> parse_iso8601(std::string_view text) {
  double seconds = 0;
  while (!text.empty()) {
    const std::size_t unit = text.find_first_of("HMS");
    if (unit == std::string_view::npos) return std::nullopt;
    const auto value = parse_plain(text.substr(0, unit));
    if (!value) return std::nullopt;
    seconds += *value * (text[unit] == 'H' ? 3600 : text[unit] == 'M' ? 60 : 1);
    text.remove_prefix(unit + 1);
  }
  return seconds;
}

/// At most the last `limit` bytes, cut at a code point.
std::string_view last_utf8(std::string_view text, std::size_t limit) noexcept {
  std::size_t begin = text.size() - std::min(limit, text.size());
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return text.substr(begin);
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool next_line(std::string_view& rest, std::string_view& line) noexcept {
  if (rest.empty()) return false;
  const std::size_t end = rest.find('\n');
  line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

std::string strip_ansi(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1B' && i + 1 < text.size() && text[i + 1] == '[') {
      std::size_t end = i + 2;
      while (end < text.size() && !(text[end] >= '@' && text[end] <= '~')) ++end;
      if (end < text.size()) {
        i = end;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string first_line(std::string_view text) {
  std::string_view line;
  while (next_line(text, line)) {
    const std::string plain = strip_ansi(line);
    if (const auto trimmed = trim(plain); !trimmed.empty()) return std::string(trimmed);
  }
  return {};
}

std::string canonical_name(std::string_view text) {
  text = trim(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    if (byte < 0x20 || byte == 0x7F || c1) {
      out += kReplacement;
    } else {
      out += text[i];
    }
  }
  return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string join_titles(std::initializer_list<std::string_view> titles) {
  std::string out;
  for (const std::string_view title : titles) {
    const std::string_view text = trim(title);
    if (text.empty()) continue;
    if (!out.empty()) out += " > ";
    out += text;
  }
  return out;
}

std::string_view cut_utf8(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::optional<std::string_view> after(std::string_view text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

bool contains(std::string_view text, std::string_view part) noexcept {
  return text.find(part) != std::string_view::npos;
}

bool same_word(std::string_view a, std::string_view b) noexcept {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return small(x) == small(y); });
}

std::optional<int> parse_int(std::string_view text) noexcept {
  text = trim(text);
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_seconds(std::string_view text, bool& bad) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  std::optional<double> seconds;
  if (const auto iso = after(text, "PT")) {
    seconds = parse_iso8601(*iso);
  } else {
    if (text.ends_with('s')) text.remove_suffix(1);
    seconds = parse_plain(text);
  }
  if (!seconds || !std::isfinite(*seconds) || *seconds < 0 || *seconds > kMaxSeconds) {
    bad = true;
    return std::nullopt;
  }
  return *seconds * 1000;
}

int severity(std::string_view outcome) noexcept {
  constexpr std::array<std::pair<std::string_view, int>, 7> kWords = {
      {{"", 0}, {"PASS", 0}, {"SKIP", 1}, {"NOTRUN", 2}, {"ERROR", 4}, {"TIMEOUT", 5}, {"CRASH", 6}}};
  for (const auto& [word, rank] : kWords) {
    if (word == outcome) return rank;
  }
  return 3;
}

bool is_failure(std::string_view outcome) noexcept { return severity(outcome) >= 3; }

void BoundedText::append(std::string_view text) {
  // What one piece alone has too much never needs to be copied.
  if (text.size() > limit_) {
    const std::size_t half = limit_ / 2;
    if (text_.size() < half) text_ += cut_utf8(text, half - text_.size());
    text_ += last_utf8(text, half);
    cut_ = true;
  } else {
    text_ += text;
  }
  if (text_.size() > 2 * limit_) drop_middle();
}

void BoundedText::drop_middle() {
  const std::size_t half = limit_ / 2, head = cut_utf8(text_, half).size();
  text_.erase(head, text_.size() - head - last_utf8(text_, half).size());
  cut_ = true;
}

std::string BoundedText::take(bool& was_cut) {
  if (text_.size() > limit_) drop_middle();
  was_cut = std::exchange(cut_, false);
  return std::exchange(text_, {});
}

}  // namespace resultsdb::formats
