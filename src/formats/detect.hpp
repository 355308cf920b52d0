// What a file is, by its first bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/byte_source.hpp"

namespace resultsdb::formats {

enum class Format : std::uint8_t { Junit, GtestJson, GtestConsole, GoJson };

struct Detected {
  std::optional<Format> format;    ///< either this
  std::optional<Refusal> refusal;  ///< or this: nothing, nothing known, or something that is not read yet
};

/// `head` is the beginning of the unpacked file, at most 64 KiB.
Detected detect(std::string_view head);

/// The format of a name that a user gives (`gtest` and the other JUnit dialects, `gtest-json`,
/// `gtest-console`, `go test`); nothing if there is no such reader.
std::optional<Format> format_of_name(std::string_view name);

}  // namespace resultsdb::formats
