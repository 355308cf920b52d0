// Outcomes: what a test was expected to do and what it did, as words separated by blanks (`PASS`, `TEXT`,
// `CRASH PASS`). The core gives a meaning only to the order of severity and to "unexpected".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace resultsdb {

/// Larger is worse. Words that the core does not know (`TEXT`, `IMAGE+TEXT`, `LEAK`, …) are failures.
enum class Severity : std::uint8_t { Pass = 0, Skip = 1, Fail = 2, Error = 3, Timeout = 4, Crash = 5 };

Severity word_severity(std::string_view word) noexcept;

/// The worst word of `actual`. An empty text is a pass.
Severity worst_severity(std::string_view actual) noexcept;

/// True if some word of `actual`, except SKIP, is not a word of `expected` (an empty text means PASS).
bool is_unexpected(std::string_view expected, std::string_view actual) noexcept;

/// True if the worst severity is Fail or more.
bool is_failing(std::string_view actual) noexcept;

/// "pass", "warn", "fail", "image", "timeout", "crash", "error", "skip" or "other": the class that answers of
/// the HTTP API carry. `other` is an unknown word that no earlier system uses.
std::string_view outcome_class(std::string_view actual) noexcept;

/// An (expected, actual) pair. Plain expected pass by default.
struct Outcome {
  std::string expected = "PASS";
  std::string actual = "PASS";

  bool plain_pass() const noexcept { return expected == "PASS" && actual == "PASS"; }
  auto operator<=>(const Outcome&) const = default;
};

}  // namespace resultsdb
