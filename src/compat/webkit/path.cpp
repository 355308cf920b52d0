#include "path.hpp"

namespace resultsdb::webkit {

std::string unescape_path(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("$23")) {
      out += '#';
      text.remove_prefix(3);
    } else if (text.starts_with("$3F")) {
      out += '?';
      text.remove_prefix(3);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string percent_encode(std::string_view text, std::string_view kept) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos || kept.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return out;
}

ResultsPath split_results_path(std::string_view decoded) {
  const std::size_t slash = decoded.find('/');
  const std::size_t test = slash == std::string_view::npos ? slash : decoded.find_first_not_of('/', slash);
  if (test == std::string_view::npos) return {.suite = unescape_path(decoded)};
  return {.suite = unescape_path(decoded.substr(0, test - 1)),
          .test = unescape_path(decoded.substr(test)),
          .has_test = true};
}

}  // namespace resultsdb::webkit
