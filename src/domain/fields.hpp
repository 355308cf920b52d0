// Fields written one after the other so that no two sequences of them give the same bytes: what natural keys
// and page tokens are made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace resultsdb::domain {

class FieldWriter {
 public:
  FieldWriter& number(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(bits >> shift & 0xFF);
    return *this;
  }
  FieldWriter& text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    bytes_.append(value);
    return *this;
  }
  template <class T, class Write>
  FieldWriter& optional(const std::optional<T>& value, Write write) {
    number(value.has_value());
    if (value) write(*value);
    return *this;
  }
  const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

/// Reads what a FieldWriter wrote. Reading past the end gives zeros and empty texts, and `done()` is false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  std::int64_t number() {
    std::uint64_t bits = 0;
    const std::string_view bytes = take(8);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return static_cast<std::int64_t>(bits);
  }
  std::string_view text() { return take(static_cast<std::uint64_t>(number())); }
  /// True if everything was read and nothing was missing.
  bool done() const noexcept { return !failed_ && rest_.empty(); }

 private:
  std::string_view take(std::uint64_t size) {
    if (failed_ || size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace resultsdb::domain
