#include "formats/go_text.hpp"

#include <algorithm>

#include "formats/text.hpp"

namespace resultsdb::formats {
namespace {

/// Cuts `calc_test.go:11: ` off.
std::string_view without_place(std::string_view line) {
  const std::size_t go = line.find(".go:");
  if (go == std::string_view::npos || line.find_first_of(" \t") < go) return line;
  const std::size_t digits = go + 4;
  const std::size_t colon = line.find_first_not_of("0123456789", digits);
  if (colon == std::string_view::npos || colon == digits || line[colon] != ':') return line;
  return trim(line.substr(colon + 1));
}

}  // namespace

std::string go_message(std::string_view output) {
  std::string first;
  std::string_view line;
  while (next_line(output, line)) {
    const std::string plain = strip_ansi(line);
    const std::string_view text = trim(plain);
    if (text.starts_with("panic: ")) return std::string(text);
    if (text.empty() || text.starts_with("=== ") || text.starts_with("--- ")) continue;
    if (first.empty()) first = without_place(text);
  }
  return first;
}

std::string_view go_panic(std::string_view output) {
  std::string_view line, found;
  while (next_line(output, line)) {
    if (line.starts_with("panic: test timed out after")) return "TIMEOUT";
    if (line.starts_with("panic: ")) found = "CRASH";
  }
  return found;
}

std::vector<std::string> go_running_tests(std::string_view output) {
  std::vector<std::string> names;
  std::string_view line;
  bool listing = false;
  while (next_line(output, line)) {
    if (trim(line) == "running tests:") {
      listing = true;
    } else if (listing) {
      const std::string_view entry = trim(line);
      if (entry.empty()) break;
      names.emplace_back(entry.substr(0, entry.find(" (")));
    }
  }
  return names;
}

}  // namespace resultsdb::formats
