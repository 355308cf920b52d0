#include "resultsdb/time.hpp"

#include <gtest/gtest.h>

namespace resultsdb {
namespace {

struct Case {
  std::string_view text;
  std::int64_t micros;
  std::string_view formatted;
};

TEST(Time, ReadsRfc3339) {
  const Case cases[] = {
      {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
      {"2026-11-22T02:41:08.499004Z", 1795315268499004, "2026-11-22T02:41:08.499004Z"},
      {"2026-11-22t02:41:08.5z", 1795315268500000, "2026-11-22T02:41:08.500Z"},
      {"2026-11-22 02:41:08.000001Z", 1795315268000001, "2026-11-22T02:41:08.000001Z"},
      {"2026-11-22T03:41:08+01:00", 1795315268000000, "2026-11-22T02:41:08Z"},
      {"2026-11-21T21:11:08-05:30", 1795315268000000, "2026-11-22T02:41:08Z"},
      {"2026-11-22T02:41:08-00:00", 1795315268000000, "2026-11-22T02:41:08Z"},
      {"2026-11-22T02:41:08.4990049999999Z", 1795315268499004, "2026-11-22T02:41:08.499004Z"},
      {"1969-12-31T23:59:59.25Z", -750000, "1969-12-31T23:59:59.250Z"},
      {"2016-12-31T23:59:60Z", 1483228800000000, "2017-01-01T00:00:00Z"},
      {"2016-12-31T23:59:60.5Z", 1483228800500000, "2017-01-01T00:00:00.500Z"},
      {"2017-01-01T01:59:60+02:00", 1483228800000000, "2017-01-01T00:00:00Z"},
      {"2024-02-29T12:00:00Z", 1709208000000000, "2024-02-29T12:00:00Z"},
      {"2000-02-29T00:00:00Z", 951782400000000, "2000-02-29T00:00:00Z"},
      {"0001-01-01T00:00:00Z", -62135596800000000, "0001-01-01T00:00:00Z"},
      {"9999-12-31T23:59:59.999999Z", 253402300799999999, "9999-12-31T23:59:59.999999Z"},
  };
  for (const Case& c : cases) {
    const auto time = parse_rfc3339(c.text);
    ASSERT_TRUE(time.ok()) << c.text << ": " << time.error();
    EXPECT_EQ(to_micros(*time), c.micros) << c.text;
    EXPECT_EQ(format_rfc3339(*time), c.formatted) << c.text;
  }
}

TEST(Time, RefusesWhatIsNoTime) {
  const std::string_view cases[] = {
      "",
      "2026-11-22",
      "2026-11-22T02:41:08",
      "2026-11-22T02:41Z",
      "2026-11-22T02:41:08.Z",
      "2026-11-22T02:41:08,5Z",
      "2026-11-22T02:41:08+01",
      "2026-11-22T02:41:08+0100",
      "2026-11-22T02:41:08+24:00",
      "2026-11-22T02:41:08+01:60",
      "2026-11-22T02:41:08Z ",
      " 2026-11-22T02:41:08Z",
      "2026-11-22T24:00:00Z",
      "2026-11-22T23:60:00Z",
      "2026-11-22T23:59:61Z",
      "2026-11-22T12:30:60Z",
      "2016-12-31T23:59:60+01:00",
      "2026-02-29T00:00:00Z",
      "1900-02-29T00:00:00Z",
      "2026-04-31T00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-00-01T00:00:00Z",
      "2026-01-00T00:00:00Z",
      "0000-12-31T00:00:00Z",
      "0001-01-01T00:00:00+00:01",
      "9999-12-31T23:59:60Z",
      "9999-12-31T23:59:59-00:01",
      "26-11-22T02:41:08Z",
      "+2026-11-22T02:41:08Z",
      "2026-1-22T02:41:08Z",
      "2026-11-22_02:41:08Z",
      "２026-11-22T02:41:08Z",
      "-026-11-22T02:41:08Z",
  };
  for (const std::string_view text : cases) {
    const auto time = parse_rfc3339(text);
    ASSERT_FALSE(time.ok()) << text;
    EXPECT_EQ(time.error().code, ErrorCode::InvalidArgument) << text;
  }
}

TEST(Time, CutsLongTextsInMessages) {
  const auto time = parse_rfc3339(std::string(100'000, 'x'));
  ASSERT_FALSE(time.ok());
  EXPECT_LT(time.error().message.size(), 300u);
}

TEST(Time, ReadsSecondsToo) {
  const std::pair<std::string_view, std::int64_t> cases[] = {
      {"1601668000", 1601668000000000},
      {"1601668000.25", 1601668000250000},
      {"0", 0},
      {"-1", -1000000},
      {"-1.5", -1500000},
      {"0.0000019", 1},
      {"253402300799.999999", 253402300799999999},
      {"00001", 1000000},
      {"1970-01-01T00:00:01Z", 1000000},
  };
  for (const auto& [text, micros] : cases) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time.ok()) << text << ": " << time.error();
    EXPECT_EQ(to_micros(*time), micros) << text;
  }
  for (const std::string_view text :
       {"", "-", ".", "1.", ".5", "1e9", "1601668000s", "--1", "1-", "1.2.3", "+1", "253402300800",
        "1601668000000000", "99999999999999999999999999", "-99999999999999999999999999", "nan", "0x10"}) {
    EXPECT_FALSE(parse_time(text).ok()) << text;
  }
}

TEST(Time, KnowsItsRange) {
  EXPECT_TRUE(is_valid_time(from_micros(0)));
  EXPECT_TRUE(is_valid_time(from_micros(-62135596800000000)));
  EXPECT_FALSE(is_valid_time(from_micros(-62135596800000001)));
  EXPECT_TRUE(is_valid_time(from_micros(253402300799999999)));
  EXPECT_FALSE(is_valid_time(from_micros(253402300800000000)));
  EXPECT_FALSE(is_valid_time(Time::min()));
  EXPECT_FALSE(is_valid_time(Time::max()));
}

TEST(Time, SecondsRoundTowardsThePast) {
  EXPECT_EQ(to_seconds(from_micros(1999999)), 1);
  EXPECT_EQ(to_seconds(from_micros(-1)), -1);
  EXPECT_EQ(from_seconds(-2), from_micros(-2000000));
}

TEST(Time, SystemClockIsValid) { EXPECT_TRUE(is_valid_time(system_clock()())); }

}  // namespace
}  // namespace resultsdb
