// Random values: what is written must read back, and the JSON validator must agree with a second parser.
#include <gtest/gtest.h>

#include <bit>
#include <boost/json.hpp>
#include <cmath>

#include "resultsdb/configuration.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/time.hpp"
#include "unit/seed.hpp"

namespace resultsdb {
namespace {

class RandomValues : public ::testing::Test {
 protected:
  std::size_t below(std::size_t end) { return random_() % end; }
  char one_of(std::string_view characters) { return characters[below(characters.size())]; }
  std::string text(std::string_view characters, std::size_t longest) {
    std::string out(below(longest + 1), ' ');
    for (char& c : out) c = one_of(characters);
    return out;
  }

  std::mt19937_64 random_{random_seed()};
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "RESULTSDB_SEED=" + std::to_string(random_seed())};
};

bool second_opinion(const std::string& text) {
  boost::json::parse_options options;
  options.max_depth = json::kMaxDepth;
  boost::system::error_code error;
  boost::json::parse(text, error, {}, options);
  return !error;
}

TEST_F(RandomValues, ValidatorAgreesWithAnotherParser) {
  const std::string seeds[] = {
      R"({"a":[1,-2.5e+10,true,false,null,"x\n\u00e9\\"],"":{"b":{}}} )",
      R"([[[],[{}]],0.1,"\"", -0, 1E5, {"k" : "v", "l":[ ] }])",
      "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]",
  };
  constexpr std::string_view kBytes =
      "{}[],:\"\\/ tfnu0123456789+-.eEa\n\t\x01\x7f\x80\xbf\xc0\xc3\xe2\xed\xf0\xf4\xff";
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seeds[below(std::size(seeds))];
    for (std::size_t changes = below(3) + 1; changes > 0 && !text.empty(); --changes) {
      const std::size_t at = below(text.size());
      switch (below(3)) {
        case 0:
          text[at] = one_of(kBytes);
          break;
        case 1:
          text.insert(at, 1, one_of(kBytes));
          break;
        default:
          text.erase(at, below(2) + 1);
      }
    }
    if (text.find("\\ud") != std::string::npos || text.find("\\uD") != std::string::npos) continue;
    ASSERT_EQ(json::validate(text).ok(), second_opinion(text)) << text;
    accepted += json::validate(text).ok();
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_LT(accepted, 19'000);
}

TEST_F(RandomValues, StringsReadBack) {
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes(below(20), '\0');
    for (char& c : bytes) c = static_cast<char>(below(256));
    const std::string expected = json::repair_utf8(bytes, false);
    ASSERT_TRUE(json::is_utf8(expected));
    for (const bool ascii_only : {false, true}) {
      std::string out;
      json::append_string(out, bytes, ascii_only);
      ASSERT_TRUE(json::validate(out).ok()) << out;
      ASSERT_EQ(boost::json::parse(out).get_string(), expected) << out;
    }
  }
}

TEST_F(RandomValues, NumbersReadBackAndAreJson) {
  for (int round = 0; round < 20'000; ++round) {
    const double value = std::bit_cast<double>(random_());
    if (!std::isfinite(value)) continue;
    std::string out;
    json::append_number(out, value);
    ASSERT_TRUE(json::validate(out).ok()) << out;
    ASSERT_EQ(std::strtod(out.c_str(), nullptr), value) << out;
    ASSERT_NE(out.find_first_of(".e"), std::string::npos) << out << " would read back as an integer";
  }
}

TEST_F(RandomValues, ConfigurationsReadBack) {
  for (int round = 0; round < 5'000; ++round) {
    Configuration configuration;
    for (std::size_t facets = below(4); facets > 0; --facets) {
      std::string name = text("ab,=\\ ", 4);
      if (!name.empty()) configuration.set(std::move(name), text("ab,=\\ ", 4));
    }
    const auto parsed = Configuration::parse(configuration.key());
    ASSERT_TRUE(parsed.ok()) << configuration.key() << ": " << parsed.error();
    ASSERT_EQ(*parsed, configuration) << configuration.key();
    ASSERT_EQ(parsed->key(), configuration.key());
  }
}

TEST_F(RandomValues, TimesReadBack) {
  for (int round = 0; round < 20'000; ++round) {
    constexpr std::int64_t kFirst = -62135596800000000, kLast = 253402300799999999;
    const Time time = from_micros(std::uniform_int_distribution<std::int64_t>(kFirst, kLast)(random_));
    const auto parsed = parse_rfc3339(format_rfc3339(time));
    ASSERT_TRUE(parsed.ok()) << parsed.error();
    ASSERT_EQ(*parsed, time) << format_rfc3339(time);
  }
}

TEST_F(RandomValues, AnyTextIsAnsweredNotFatal) {
  for (int round = 0; round < 20'000; ++round) {
    const std::string input = text("0123456789-:.TZ+ r@,=\\", 30);
    if (const auto time = parse_time(input)) {
      EXPECT_TRUE(is_valid_time(*time)) << input;
    }
    if (const auto configuration = Configuration::parse(input)) {
      EXPECT_EQ(*Configuration::parse(configuration->key()), *configuration) << input;
    }
  }
}

}  // namespace
}  // namespace resultsdb
