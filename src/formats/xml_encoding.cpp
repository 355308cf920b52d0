#include "formats/xml_encoding.hpp"

#include <algorithm>
#include <cctype>

#include "domain/utf8.hpp"
#include "formats/text.hpp"

namespace resultsdb::formats {
namespace {

using domain::append_utf8;

/// The value of `encoding` in `<?xml … ?>`, in small letters; empty if there is none.
std::string declared(std::string_view bytes) {
  if (!bytes.starts_with("<?xml")) return {};
  const std::string_view declaration = bytes.substr(0, bytes.find("?>"));
  const std::size_t key = declaration.find("encoding");
  if (key == std::string_view::npos) return {};
  const std::size_t begin = declaration.find_first_of("\"'", key);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = declaration.find(declaration[begin], begin + 1);
  std::string name(declaration.substr(begin + 1, end - begin - 1));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

}  // namespace

bool XmlEncoding::decide(std::string_view& bytes) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    kind_ = bytes[0] == '\xFF' ? Kind::Utf16Little : Kind::Utf16Big;
    bytes.remove_prefix(2);
    return true;
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const std::string name = declared(bytes);
  if (name.empty() || name == "utf-8" || name == "utf8") {
    kind_ = Kind::Utf8;
  } else if (name == "iso-8859-1" || name == "latin1") {
    kind_ = Kind::Latin1;
  } else if (name == "us-ascii" || name == "ascii") {
    kind_ = Kind::Ascii;
  } else {
    unknown_ = cut_utf8(name, 80);
    return false;
  }
  return true;
}

bool XmlEncoding::decode(std::string_view bytes, std::string& out) {
  if (kind_ == Kind::Undecided && !decide(bytes)) return false;
  switch (kind_) {
    case Kind::Latin1:
      for (const char c : bytes) append_utf8(out, static_cast<unsigned char>(c));
      return true;
    case Kind::Ascii:
      if (std::any_of(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) != 0; })) {
        unknown_ = "us-ascii, with bytes beyond ASCII";
        return false;
      }
      break;
    case Kind::Utf16Little:
    case Kind::Utf16Big:
      decode_utf16(bytes, out);
      return true;
    default:
      break;
  }
  out += bytes;
  return true;
}

void XmlEncoding::decode_utf16(std::string_view bytes, std::string& out) {
  std::string joined = waiting_;
  joined += bytes;
  const bool little = kind_ == Kind::Utf16Little;
  std::size_t i = 0;
  for (; i + 1 < joined.size(); i += 2) {
    const auto first = static_cast<unsigned char>(joined[i]),
               second = static_cast<unsigned char>(joined[i + 1]);
    const std::uint32_t unit = little ? second << 8 | first : first << 8 | second;
    const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (high_ != 0 && low) {
      append_utf8(out, 0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00));
      high_ = 0;
      continue;
    }
    // A lone half is written as it is: no valid UTF-8, so that the repair of invalid bytes sees it.
    if (high_ != 0) append_utf8(out, high_);
    high_ = unit >= 0xD800 && unit <= 0xDBFF ? unit : 0;
    if (high_ == 0) append_utf8(out, unit);
  }
  waiting_ = joined.substr(i);
}

}  // namespace resultsdb::formats
