// Names of tests as people paste them, and the tests that they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace resultsdb {

struct ResolveQuery {
  std::vector<std::string> suites;    ///< empty: all
  std::vector<std::string> names;     ///< at most 5,000
  std::optional<std::string> branch;  ///< only tests that some run of this branch ran
  std::uint32_t most = 100;           ///< tests that are listed of each name
};

/// What a name means: the first that holds.
struct ResolvedName {
  enum class Match : std::uint8_t {
    Exact,      ///< it is a test, in one suite or in several
    Suffix,     ///< one test ends with it, from the beginning of a folder's or its own name on
    Folder,     ///< tests stand in it
    Ambiguous,  ///< several tests end with it
    Unknown
  } match = Match::Unknown;
  struct Test {
    std::string suite, test;
    auto operator<=>(const Test&) const = default;
  };
  std::string input;
  std::vector<Test> tests;  ///< the first of them, by suite as asked for, then by name
  std::uint64_t count = 0;  ///< of all
};
std::string_view to_string(ResolvedName::Match match) noexcept;

}  // namespace resultsdb
