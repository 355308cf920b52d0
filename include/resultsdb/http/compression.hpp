// Content codings: gzip and zstd, both ways.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resultsdb/result.hpp"

namespace resultsdb::http {

enum class Coding : std::uint8_t { Identity, Gzip, Zstd };
std::string_view to_string(Coding coding) noexcept;

/// What an Accept-Encoding header allows, best first by its q-values; zstd before gzip before identity when
/// they are equal. Without a header: Identity.
Coding choose_coding(std::optional<std::string_view> accept_encoding);

/// Unpacks a body by its Content-Encoding ("gzip", "x-gzip", "zstd", "identity"; several in the order they
/// were applied). InvalidArgument: damaged or cut; ResourceExhausted: more than `limit` bytes; NotFound: a
/// coding that we do not speak.
Result<std::string> unpack(std::string_view content_encoding, std::string body, std::size_t limit);

/// The packed text; empty if the library fails, which callers answer by sending it as it is.
std::optional<std::string> pack(Coding coding, std::string_view text);

}  // namespace resultsdb::http
