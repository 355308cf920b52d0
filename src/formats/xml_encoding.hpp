// The encodings that result files use, as UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace resultsdb::formats {

/// Turns the bytes of an XML document into UTF-8: UTF-8 (passed on as it is), UTF-16 with a byte order mark,
/// ISO-8859-1 and US-ASCII, as the first bytes declare.
class XmlEncoding {
 public:
  /// Appends `bytes` as UTF-8. The first call sees the declaration. False: the encoding is unknown.
  bool decode(std::string_view bytes, std::string& out);
  /// The encoding that the document declares and that we do not read.
  const std::string& unknown() const noexcept { return unknown_; }

 private:
  enum class Kind : std::uint8_t { Undecided, Utf8, Utf16Little, Utf16Big, Latin1, Ascii };
  bool decide(std::string_view& bytes);
  void decode_utf16(std::string_view bytes, std::string& out);

  Kind kind_ = Kind::Undecided;
  std::string waiting_;
  std::uint32_t high_ = 0;  ///< first half of a surrogate pair
  std::string unknown_;
};

}  // namespace resultsdb::formats
