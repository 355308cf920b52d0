// The `git` program in one clone.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "repository/process.hpp"

namespace resultsdb::repository {

/// How programs are run; tests put their own in its place.
using RunProcess = std::function<Result<ProcessOutput>(
    const std::vector<std::string>& argv, const std::vector<std::string>& unset, std::size_t max_bytes)>;

class Git {
 public:
  explicit Git(std::string path, RunProcess run_process = repository::run_process)
      : path_(std::move(path)), run_process_(std::move(run_process)) {}

  Result<ProcessOutput> run(std::vector<std::string> arguments) const;
  /// What it says, without the last line's end; empty if it fails.
  Result<std::optional<std::string>> ask(std::vector<std::string> arguments) const;
  /// What it must say; Unavailable with git's own words if it fails.
  Result<std::string> demand(std::vector<std::string> arguments) const;
  /// Unavailable with git's own words.
  Error failed(const ProcessOutput& output) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  RunProcess run_process_;
};

inline std::string_view trim_lines(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// 0 if the text does not begin with a number.
inline std::int64_t to_number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Cuts `text` up to the next `separator` off its front.
inline std::string_view take(std::string_view& text, char separator) {
  const std::size_t size = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return part;
}

}  // namespace resultsdb::repository
