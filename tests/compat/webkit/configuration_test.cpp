#include "compat/webkit/configuration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

namespace resultsdb::webkit {
namespace {

std::optional<std::int64_t> version_of(std::string_view json) {
  const auto text = "{\"version\":" + std::string(json) + "}";
  const auto configuration = PlatformConfiguration::from_json(boost::json::parse(text), Profile());
  return configuration ? configuration->version : std::nullopt;
}

PlatformConfiguration configuration_of(std::string_view json) {
  auto parsed = PlatformConfiguration::from_json(boost::json::parse({json.data(), json.size()}), Profile());
  EXPECT_TRUE(parsed.ok()) << json;
  return parsed ? *parsed : PlatformConfiguration();
}

TEST(Version, FromJson) {
  EXPECT_EQ(version_of(R"("10.14")"), 10014000);
  EXPECT_EQ(version_of(R"("10.14.0")"), 10014000);
  EXPECT_EQ(version_of(R"(["10","14"])"), 10014000);
  EXPECT_EQ(version_of(R"("12")"), 12000000);
  EXPECT_EQ(version_of("[12]"), 12000000);
  EXPECT_EQ(version_of("[1,2,3]"), 1002003);
  EXPECT_EQ(version_of(R"("1.2.3")"), 1002003);
  EXPECT_EQ(version_of("5"), 5);
  EXPECT_EQ(version_of(R"("01.02")"), 1002000);
  EXPECT_EQ(version_of(R"(" 10.1 ")"), 10001000);
  EXPECT_EQ(version_of(R"("0.1000")"), 1000000);
  EXPECT_EQ(version_of(R"("1000.0.0")"), 1000000000);
  EXPECT_EQ(version_of(R"("-1")"), -1000000);
  EXPECT_EQ(version_of(R"("10014000")"), 10014000000000);
  for (const char* wrong : {R"("1.2.3.4")", R"("")", R"("a")", R"("1..2")", "[]", "1.5", "true", "{}"}) {
    EXPECT_EQ(version_of(wrong), std::nullopt) << wrong;
  }
}

TEST(Version, Text) {
  EXPECT_EQ(version_text(1002003), "1.2.3");
  EXPECT_EQ(version_text(10014000), "10.14.0");
  EXPECT_EQ(version_text(0), "0.0.0");
  EXPECT_EQ(version_text(999), "0.0.999");
  EXPECT_EQ(version_text(1000), "0.1.0");
  EXPECT_EQ(version_text(123456789), "123.456.789");
  EXPECT_EQ(version_text(1000000000), "0.0.0");
}

TEST(PlatformConfiguration, TextAndQuery) {
  struct Case {
    const char *json, *text, *query;
  };
  for (
      const Case& c : {
          Case{R"({"platform":"mac","version":"10.14","is_simulator":false,"architecture":"x86_64",
                    "style":"Release","flavor":"wk2","sdk":"18A391"})",
               "mac 10.14.0 (18A391) Release wk2 using x86_64",
               "platform=mac&is_simulator=False&version=10.14.0&architecture=x86_64&style=Release&flavor=wk2"
               "&sdk=18A391"},
          {R"({"platform":"ios","version":12000000,"is_simulator":true,"architecture":"x86_64",
                "style":"Debug","sdk":"?"})",
           "ios 12.0.0 Simulator Debug using x86_64",
           "platform=ios&is_simulator=True&version=12.0.0&architecture=x86_64&style=Debug"},
          {R"({"platform":"ios","version":[12],"is_simulator":false,"architecture":"arm64","model":"iPhone 8",
                "style":"Release","version_name":"iOS 12"})",
           "ios 12.0.0 Release running on iPhone 8 using arm64",
           "platform=ios&is_simulator=False&version=12.0.0&architecture=arm64&version_name=iOS 12"
           "&model=iPhone 8&style=Release"},
          {R"({"version_name":"Mojave","flavor":"wk2"})", "Mojave wk2", "version_name=Mojave&flavor=wk2"},
          {"{}", "", ""},
      }) {
    const PlatformConfiguration configuration = configuration_of(c.json);
    EXPECT_EQ(configuration.text(), c.text);
    EXPECT_EQ(configuration.query(), c.query);
    EXPECT_EQ(PlatformConfiguration::from_facets(configuration.facets(), configuration.sdk.value_or("")),
              configuration);
  }
}

TEST(PlatformConfiguration, FitsWithWildcards) {
  const auto fits = [](const char* a, const char* b) {
    return configuration_of(a).fits(configuration_of(b));
  };
  EXPECT_TRUE(fits(R"({"platform":"mac","version":"10.14"})", R"({"platform":"mac","flavor":"wk2"})"));
  EXPECT_TRUE(fits(R"({"platform":"mac","flavor":"wk2"})", R"({"platform":"mac","version":"10.13"})"));
  EXPECT_FALSE(fits(R"({"platform":"mac","version":"10.14"})", R"({"platform":"mac","version":"10.13"})"));
  EXPECT_TRUE(fits(R"({"sdk":"a"})", R"({"sdk":"b"})"));
  EXPECT_FALSE(fits(R"({"platform":"Mac"})", R"({"platform":"mac"})"));
  EXPECT_TRUE(fits("{}", R"({"platform":"mac","version":"10.13","style":"Debug"})"));
}

TEST(PlatformConfiguration, StoredUnsetMemberIsNoWildcardForQueries) {
  const auto stored = configuration_of(R"({"platform":"mac","version":"10.14","style":"Release"})");
  EXPECT_TRUE(stored.has_members_of(configuration_of(R"({"style":"Release"})")));
  EXPECT_FALSE(stored.has_members_of(configuration_of(R"({"flavor":"wk2"})")));
  EXPECT_FALSE(stored.has_members_of(configuration_of(R"({"platform":"Mac"})")));
}

TEST(PlatformConfiguration, Order) {
  const std::vector<PlatformConfiguration> sorted = {
      configuration_of(R"({"platform":"gtk"})"),
      configuration_of(R"({"platform":"mac","version":"10.13","model":"x"})"),
      configuration_of(R"({"platform":"mac","version":"10.14"})"),
      configuration_of(R"({"platform":"mac","version":"10.14","flavor":"wk1"})"),
      configuration_of(R"({"platform":"mac","version":"10.14","flavor":"wk2"})"),
      configuration_of(R"({"platform":"ios","version":"12"})"),
  };
  auto shuffled = sorted;
  std::reverse(shuffled.begin(), shuffled.end());
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, sorted);
}

TEST(PlatformConfiguration, TextsAndTruth) {
  const auto configuration = configuration_of(R"("{\"is_simulator\":\"False\",\"style\":5,\"model\":null}")");
  EXPECT_EQ(configuration.is_simulator, true);
  EXPECT_EQ(configuration.style, "5");
  EXPECT_EQ(configuration.model, std::nullopt);
  EXPECT_FALSE(PlatformConfiguration::from_json(boost::json::value(boost::json::array{1}), Profile()).ok());
  EXPECT_FALSE(PlatformConfiguration::from_json(boost::json::value("not json"), Profile()).ok());
}

}  // namespace
}  // namespace resultsdb::webkit
