#include "numbers.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <limits>

namespace resultsdb::webkit {
namespace {

std::string_view stripped(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r\f\v";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  // std::from_chars knows no plus sign.
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

template <class T>
std::optional<T> whole(std::string_view text) {
  text = stripped(text);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) { return whole<std::int64_t>(text); }

std::optional<std::int64_t> parse_rounded(std::string_view text) {
  constexpr double kLargest = 9e15;  // beyond, doubles are no exact integers any more
  const std::optional<double> value = whole<double>(text);
  if (!value || !(std::fabs(*value) < kLargest)) return std::nullopt;
  return static_cast<std::int64_t>(std::nearbyint(*value));
}

bool parse_boolean(std::string_view text) {
  const std::string word = to_lower(text);
  return word == "true" || word == "yes" || parse_integer(text).value_or(0) != 0;
}

std::optional<std::int64_t> integer_of(const boost::json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  return std::nullopt;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace resultsdb::webkit
