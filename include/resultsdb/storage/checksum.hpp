// The checksum of everything stored.
#pragma once

#include <cstdint>
#include <string_view>

namespace resultsdb::storage {

/// CRC-32C (Castagnoli), as in RFC 3720; `before` is that of the bytes in front. Uses the processor's
/// instruction where there is one.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0) noexcept;

}  // namespace resultsdb::storage
