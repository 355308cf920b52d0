// Base64 with the alphabet for URLs (RFC 4648 §5), without padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace resultsdb {

std::string base64url_encode(std::string_view bytes);
/// Empty if `text` is not what base64url_encode() gives for any bytes.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace resultsdb
