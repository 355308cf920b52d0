#include "resultsdb/http/compression.hpp"

#include <gtest/gtest.h>

namespace resultsdb::http {
namespace {

constexpr std::size_t kLimit = 1 << 20;

TEST(Compression, BothWays) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919 % 1000) + ',';
  for (const Coding coding : {Coding::Gzip, Coding::Zstd}) {
    const auto packed = pack(coding, text);
    ASSERT_TRUE(packed);
    EXPECT_LT(packed->size(), text.size() / 2);
    EXPECT_EQ(unpack(to_string(coding), *packed, text.size()).value(), text);
    const auto too_large = unpack(to_string(coding), *packed, text.size() - 1);
    ASSERT_FALSE(too_large);
    EXPECT_EQ(too_large.error().code, ErrorCode::ResourceExhausted);
    for (const std::size_t size : {packed->size() - 1, packed->size() / 2, std::size_t{3}}) {
      const auto cut = unpack(to_string(coding), packed->substr(0, size), text.size());
      ASSERT_FALSE(cut) << size;
      EXPECT_EQ(cut.error().code, ErrorCode::InvalidArgument);
    }
    EXPECT_EQ(unpack(to_string(coding), *packed + *packed, 2 * text.size()).value(), text + text);
    EXPECT_EQ(unpack(to_string(coding), pack(coding, "").value(), 0).value(), "");
    EXPECT_FALSE(unpack(to_string(coding), *packed + "rubbish", 2 * text.size()));
  }
}

TEST(Compression, SeveralCodingsAreUndoneBackwards) {
  const std::string packed = pack(Coding::Zstd, pack(Coding::Gzip, "text").value()).value();
  EXPECT_EQ(unpack("gzip, zstd", packed, kLimit).value(), "text");
  EXPECT_EQ(unpack("identity", "text", kLimit).value(), "text");
  EXPECT_EQ(unpack("br", "text", kLimit).error().code, ErrorCode::NotFound);
  EXPECT_FALSE(unpack("gzip,gzip,gzip,gzip,gzip", "text", kLimit));
}

TEST(Compression, ABombStopsAtTheLimit) {
  const std::string bomb = pack(Coding::Gzip, std::string(8 << 20, '\0')).value();
  EXPECT_EQ(unpack("gzip", bomb, kLimit).error().code, ErrorCode::ResourceExhausted);
}

TEST(Compression, ClientsChooseByQuality) {
  EXPECT_EQ(choose_coding(std::nullopt), Coding::Identity);
  EXPECT_EQ(choose_coding("gzip, deflate, br, zstd"), Coding::Zstd);
  EXPECT_EQ(choose_coding("gzip, deflate"), Coding::Gzip);
  EXPECT_EQ(choose_coding("zstd;q=0.5, gzip;q=0.8"), Coding::Gzip);
  EXPECT_EQ(choose_coding("gzip;q=0, zstd; q=0"), Coding::Identity);
  EXPECT_EQ(choose_coding("gzip;q=0.001"), Coding::Gzip);
  EXPECT_EQ(choose_coding("*"), Coding::Zstd);
  EXPECT_EQ(choose_coding("*;q=0.5, zstd;q=0"), Coding::Gzip);
  EXPECT_EQ(choose_coding("identity, gzip;q=0.5"), Coding::Identity);
  EXPECT_EQ(choose_coding("br;q=1.0"), Coding::Identity);
  EXPECT_EQ(choose_coding(",;q=,,q"), Coding::Identity);
}

}  // namespace
}  // namespace resultsdb::http
