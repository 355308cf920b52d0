// Bytes as lower-case hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

namespace resultsdb::domain {

inline std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

}  // namespace resultsdb::domain
