#include "compat/webkit/zip.hpp"

#include <gtest/gtest.h>

#include "compat/webkit/zip_maker.hpp"

namespace resultsdb::webkit {
namespace {

using testing::ZipMaker;

/// Its members as `NAME=CONTENT;`, or what is wrong with it.
std::string contents_of(const std::string& bytes, ZipLimits limits = {}) {
  const ReadAt read = [&](std::uint64_t from, std::span<char> out) -> Result<std::size_t> {
    return from >= bytes.size() ? 0 : bytes.copy(out.data(), out.size(), static_cast<std::size_t>(from));
  };
  const auto zip = Zip::open(bytes.size(), read, limits);
  if (!zip) return zip.error().message;
  std::string text;
  for (const ZipMember& member : (*zip)->members()) {
    const auto reader = (*zip)->read(member);
    if (!reader) return reader.error().message;
    text += member.name + '=';
    for (std::uint64_t left = member.size; left > 0;) {
      const auto piece = (*reader)->next();
      if (!piece) return piece.error().message;
      text += *piece;
      left -= piece->size();
    }
    text += ';';
  }
  return text;
}

const std::vector<ZipMaker::Member> kMembers = {{"a/", ""}, {"a/b", "content"}, {"c", "more"}};
constexpr char kContents[] = "a/=;a/b=content;c=more;";

TEST(Zips, AreReadInEveryForm) {
  for (const bool in_64 : {false, true}) {
    EXPECT_EQ(contents_of(ZipMaker{.members = kMembers, .in_64 = in_64}.make()), kContents);
    EXPECT_EQ(contents_of(ZipMaker{.members = kMembers, .in_64 = in_64, .prefix = "#!/bin/sh\n"}.make()),
              kContents);
    EXPECT_EQ(contents_of(ZipMaker{.members = kMembers, .in_64 = in_64, .comment = "what it is"}.make()),
              kContents);
    EXPECT_EQ(contents_of(ZipMaker{.members = {}, .in_64 = in_64}.make()), "");
  }
}

TEST(Zips, ThatLieAreRefused) {
  EXPECT_EQ(contents_of(ZipMaker{.members = kMembers, .crc_change = 1}.make()),
            "The zip is damaged: a member has another checksum than it says");
  // A 64-bit field without the place: the member is left out, as nobody knows where it is.
  EXPECT_EQ(contents_of(ZipMaker{.members = kMembers, .in_64 = true, .extra_change = 24 ^ 16}.make()), "");
  EXPECT_EQ(contents_of(ZipMaker{.members = kMembers, .in_64 = true, .extra_change = 24 ^ 500}.make()), "");
  EXPECT_EQ(contents_of(ZipMaker{.members = kMembers}.make(), {.members = 2}),
            "The zip has too many members");
  EXPECT_EQ(contents_of(ZipMaker{.members = kMembers, .in_64 = true}.make(), {.directory_bytes = 100}),
            "The zip has too many members");
}

TEST(Zips, CutOrChangedAnywhereNeverGiveOtherContents) {
  for (const bool in_64 : {false, true}) {
    const std::string whole = ZipMaker{.members = kMembers, .in_64 = in_64, .prefix = "x"}.make();
    for (std::size_t at = 0; at < whole.size(); ++at) {
      EXPECT_TRUE(contents_of(whole.substr(0, at)).starts_with("The zip is damaged: ")) << at;
      for (const char other : {'\0', '\1', '\x7F', '\xFF'}) {
        std::string changed = whole;
        changed[at] = other;
        const std::string found = contents_of(changed);
        EXPECT_LT(found.size(), 100u) << at;  // it ends, and reads nothing beyond the zip
      }
    }
  }
}

}  // namespace
}  // namespace resultsdb::webkit
