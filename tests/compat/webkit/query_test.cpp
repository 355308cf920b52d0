#include "compat/webkit/query.hpp"

#include <gtest/gtest.h>

#include "compat/webkit/numbers.hpp"

namespace resultsdb::webkit {
namespace {

const Accepts kAll{.configuration = true,
                   .commit = true,
                   .range = true,
                   .times = true,
                   .branch = true,
                   .limit = true,
                   .path = {"suite"}};

Result<Query> parse(std::string query, const Accepts& accepts = kAll) {
  http::Request request;
  http::set_target(request, "/api/x?" + query);
  return Query::parse(Profile{}, request, accepts);
}

std::string error_of(const Result<Query>& query) { return query ? "" : query.error().message; }

TEST(Query, RefusesWhatAnEndpointDoesNotTake) {
  EXPECT_EQ(error_of(parse("colour=red")), "'colour' not supported in queries by this endpoint");
  EXPECT_EQ(error_of(parse("=1")), "'' not supported in queries by this endpoint");
  EXPECT_EQ(error_of(parse("begin=1")), "'begin' not supported in queries by this endpoint");
  EXPECT_EQ(error_of(parse("suite=s")), "suite is not a valid query parameter on this endpoint");
  EXPECT_EQ(error_of(parse("limit=3", {.branch = true})),
            "'limit' not supported in queries by this endpoint");
  EXPECT_EQ(error_of(parse("after_ref=a&before_timestamp=1&id=6&sdk=x&recent=no&branch=b")), "");
}

TEST(Query, Limits) {
  EXPECT_EQ(*parse("")->limit(7), 7u);
  EXPECT_EQ(*parse("limit=x&limit=2")->limit(7), 2u);
  for (const char* wrong : {"0", "-1", "many", "2.0", ""}) {
    const auto limit = parse(std::string("limit=") + wrong)->limit(7);
    ASSERT_FALSE(limit.ok()) << wrong;
    EXPECT_EQ(limit.error().message, "Limit must be a positive integer");
  }
}

TEST(Query, Times) {
  EXPECT_EQ(*parse("after_time=1&after_time=1601827299.6")->time("after_time"), 1601827300);
  EXPECT_EQ(*parse("")->time("after_time"), std::nullopt);
  for (const char* wrong : {"0", "-5", "noon", "inf", "nan", "1e999"}) {
    EXPECT_FALSE(parse(std::string("after_time=") + wrong)->time("after_time").ok()) << wrong;
  }
}

TEST(Query, Booleans) {
  for (const char* yes : {"true", "YES", "1", "-3", " 2 "}) EXPECT_TRUE(parse_boolean(yes)) << yes;
  for (const char* no : {"false", "0", "1.0", "maybe", ""}) EXPECT_FALSE(parse_boolean(no)) << no;
  EXPECT_FALSE(parse("recent=False&recent=True")->boolean("recent", true));
  EXPECT_TRUE(parse("")->boolean("recent", true));
}

TEST(Query, ConfigurationsAreTheProductOfTheValues) {
  EXPECT_EQ(parse("")->configurations()->size(), 1u);
  const auto list =
      parse("platform=mac&platform=ios&version=10.14&is_simulator=maybe&sdk=?")->configurations();
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ(list->at(1).platform, "ios");
  EXPECT_EQ(list->at(1).version, 10014000);
  EXPECT_EQ(list->at(1).is_simulator, false);
  EXPECT_EQ(list->at(1).sdk, std::nullopt);
  EXPECT_FALSE(parse("version=ten")->configurations().ok());
}

TEST(Numbers, RoundedHalfToEven) {
  EXPECT_EQ(parse_rounded("2.5"), 2);
  EXPECT_EQ(parse_rounded("3.5"), 4);
  EXPECT_EQ(parse_rounded(" 1e3 "), 1000);
  EXPECT_EQ(parse_rounded("1e20"), std::nullopt);
  EXPECT_EQ(parse_integer("+5"), 5);
  EXPECT_EQ(parse_integer("5.0"), std::nullopt);
  EXPECT_EQ(parse_integer(""), std::nullopt);
}

}  // namespace
}  // namespace resultsdb::webkit
