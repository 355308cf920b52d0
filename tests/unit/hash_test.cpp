#include <gtest/gtest.h>

#include "domain/fields.hpp"
#include "domain/sha256.hpp"
#include "resultsdb/base64url.hpp"

namespace resultsdb::domain {
namespace {

using namespace std::string_literals;

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += "0123456789abcdef"[value >> 4];
    out += "0123456789abcdef"[value & 15];
  }
  return out;
}

TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(
      hex(sha256(
          "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
          "mnopqrstnopqrstu")),
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesDoNotMatter) {
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string text(size, 'x');
    Sha256 pieces;
    for (std::size_t i = 0; i < size; i += 7) pieces.update(std::string_view(text).substr(i, 7));
    EXPECT_EQ(pieces.finish(), sha256(text)) << size;
  }
}

TEST(Base64Url, PublishedVectorsWithoutPadding) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe"s, "-__-"},
      {"\0\0"s, "AAA"},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64url_encode(bytes), text);
    EXPECT_EQ(base64url_decode(text), bytes);
  }
  for (const std::string_view text : {"A", "Zg==", "Zh", "Zm9", "+/", "Zm9v Zg", "AAAAA"}) {
    EXPECT_EQ(base64url_decode(text), std::nullopt) << text;
  }
}

TEST(Fields, RoundTripAndNotice) {
  FieldWriter out;
  out.number(-1).text("a\0b"s).text("").number(std::numeric_limits<std::int64_t>::min());
  FieldReader in(out.bytes());
  EXPECT_EQ(in.number(), -1);
  EXPECT_EQ(in.text(), "a\0b"s);
  EXPECT_FALSE(in.done());
  EXPECT_EQ(in.text(), "");
  EXPECT_EQ(in.number(), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(in.done());
  EXPECT_EQ(in.number(), 0);
  EXPECT_FALSE(in.done());

  FieldWriter huge;
  huge.number(-1);
  FieldReader cut(huge.bytes());
  EXPECT_EQ(cut.text(), "") << "a length beyond the end";
  EXPECT_FALSE(cut.done());
  EXPECT_NE(FieldWriter().text("a").text("bc").bytes(), FieldWriter().text("ab").text("c").bytes());
}

}  // namespace
}  // namespace resultsdb::domain
