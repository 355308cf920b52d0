// The lines of a file, one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "formats/byte_source.hpp"

namespace resultsdb::formats {

/// What a line has beyond kMaxBytes is dropped.
class ByteLines {
 public:
  static constexpr std::size_t kMaxBytes = 8 << 20;

  explicit ByteLines(ByteSource& source) : source_(source) {}

  /// The next line without its end; false when there is none left.
  bool next(std::string& line) {
    line.clear();
    bool any = false;
    while (used_ < buffer_.size() || fill()) {
      any = true;
      const std::string_view rest = std::string_view(buffer_).substr(used_);
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      line += rest.substr(0, std::min(end, kMaxBytes - std::min(kMaxBytes, line.size())));
      used_ += std::min(end + 1, rest.size());
      if (end < rest.size()) break;
    }
    if (line.ends_with('\r')) line.pop_back();
    return any;
  }

 private:
  bool fill() {
    buffer_.resize(ByteSource::kHeadBytes);
    buffer_.resize(source_.read(buffer_.data(), buffer_.size()));
    used_ = 0;
    return !buffer_.empty();
  }

  ByteSource& source_;
  std::string buffer_;
  std::size_t used_ = 0;
};

}  // namespace resultsdb::formats
