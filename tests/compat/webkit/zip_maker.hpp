// Makes small zips of stored members for tests, as plain as they get or in 64 bits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace resultsdb::webkit::testing {

struct ZipMaker {
  struct Member {
    std::string name, content;
  };
  std::vector<Member> members;
  bool in_64 = false;              ///< all sizes and places in the fields that zip64 adds
  std::string prefix = {};         ///< in front of the zip, which does not know of it
  std::string comment = {};        ///< at its end
  std::uint32_t crc_change = 0;    ///< of each member's checksum
  std::uint16_t extra_change = 0;  ///< of the size that each 64-bit field says it has

  std::string make() const {
    std::string zip, directory;
    for (const Member& member : members) {
      const std::uint64_t at = zip.size(), size = member.content.size();
      const std::string crc = bytes(crc_of(member.content) ^ crc_change, 4);
      const std::string small = in_64 ? bytes(UINT32_MAX, 4) : bytes(size, 4);
      const std::string extra =
          in_64 ? bytes(1, 2) + bytes(24u ^ extra_change, 2) + bytes(size, 8) + bytes(size, 8) + bytes(at, 8)
                : "";
      zip += "PK\3\4" + bytes(20, 2) + bytes(0, 8) + crc + small + small + bytes(member.name.size(), 2) +
             bytes(0, 2) + member.name + member.content;
      directory += "PK\1\2" + bytes(20, 2) + bytes(20, 2) + bytes(0, 8) + crc + small + small +
                   bytes(member.name.size(), 2) + bytes(extra.size(), 2) + bytes(0, 10) +
                   (in_64 ? bytes(UINT32_MAX, 4) : bytes(at, 4)) + member.name + extra;
    }
    const std::uint64_t from = zip.size(), size = directory.size(), count = members.size();
    zip += directory;
    if (in_64) {
      const std::uint64_t end = zip.size();
      zip += "PK\6\6" + bytes(44, 8) + bytes(45, 2) + bytes(45, 2) + bytes(0, 8) + bytes(count, 8) +
             bytes(count, 8) + bytes(size, 8) + bytes(from, 8) + "PK\6\7" + bytes(0, 4) + bytes(end, 8) +
             bytes(1, 4);
    }
    zip += "PK\5\6" + bytes(0, 4) + bytes(in_64 ? 0xFFFF : count, 2) + bytes(in_64 ? 0xFFFF : count, 2) +
           bytes(in_64 ? UINT32_MAX : size, 4) + bytes(in_64 ? UINT32_MAX : from, 4) +
           bytes(comment.size(), 2) + comment;
    return prefix + zip;
  }

 private:
  static std::string bytes(std::uint64_t number, std::size_t count) {
    std::string text;
    for (; count > 0; --count, number >>= 8) text += static_cast<char>(number & 0xFF);
    return text;
  }
  static std::uint32_t crc_of(std::string_view text) {
    std::uint32_t crc = UINT32_MAX;
    for (const char c : text) {
      crc ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB8'8320 : 0);
    }
    return ~crc;
  }
};

}  // namespace resultsdb::webkit::testing
