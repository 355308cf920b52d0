#include "resultsdb/configuration.hpp"

#include <gtest/gtest.h>

#include "resultsdb/limits.hpp"

namespace resultsdb {
namespace {

using namespace std::string_literals;
using Facets = Configuration::Facets;

TEST(Configuration, HasOneCanonicalForm) {
  const struct {
    std::string_view text, key, label, json;
  } cases[] = {
      {"", "", "", "{}"},
      {"style=release,platform=gtk", "platform=gtk,style=release", "gtk release",
       R"({"platform":"gtk","style":"release"})"},
      {"a=", "a=", "", R"({"a":""})"},
      {"b=1,a=,c=2", "a=,b=1,c=2", "1 2", R"({"a":"","b":"1","c":"2"})"},
      {R"(k\,1=a\=b\\)", R"(k\,1=a\=b\\)", R"(a=b\)", R"({"k,1":"a=b\\"})"},
      {"flags=-O2=x", R"(flags=-O2\=x)", "-O2=x", R"({"flags":"-O2=x"})"},
      {"B=1,a=2", "B=1,a=2", "1 2", R"({"B":"1","a":"2"})"},
      {"name= two words ", "name= two words ", " two words ", R"({"name":" two words "})"},
  };
  for (const auto& c : cases) {
    const auto configuration = Configuration::parse(c.text);
    ASSERT_TRUE(configuration.ok()) << c.text << ": " << configuration.error();
    EXPECT_EQ(configuration->key(), c.key);
    EXPECT_EQ(configuration->label(), c.label);
    EXPECT_EQ(configuration->json(), c.json);
    EXPECT_EQ(*Configuration::parse(configuration->key()), *configuration);
  }
}

TEST(Configuration, NastyFacetsKeepDistinctKeys) {
  const std::string texts[] = {"a", ",", "=", "\\", "a,b", "a=b", "a\\", "\\,", "a\\=b", ",=", "a,b=c"};
  std::map<std::string, Configuration> seen;
  for (const std::string& name : texts) {
    for (const std::string& value : texts) {
      const Configuration configuration(Facets{{name, value}, {"z", name}});
      const auto [entry, added] = seen.emplace(configuration.key(), configuration);
      EXPECT_TRUE(added) << entry->first;
      const auto parsed = Configuration::parse(configuration.key());
      ASSERT_TRUE(parsed.ok()) << configuration.key();
      EXPECT_EQ(*parsed, configuration);
    }
  }
}

TEST(Configuration, RefusesWhatIsNoConfiguration) {
  for (const std::string_view text : {"a", "a,b=1", "=1", "a=1,", ",a=1", "a=1,,b=2", "a=1,a=2", "a=1,a=1",
                                      "a\\", "a=\\x", "a=b\\", "dir=C:\\new"}) {
    const auto configuration = Configuration::parse(text);
    ASSERT_FALSE(configuration.ok()) << text;
    EXPECT_EQ(configuration.error().code, ErrorCode::InvalidArgument);
  }
}

TEST(Configuration, ValidatesNamesValuesAndLimits) {
  EXPECT_TRUE(Configuration().validate().ok());
  EXPECT_TRUE(Configuration(Facets{{"a", ""}}).validate().ok());
  EXPECT_FALSE(Configuration(Facets{{"", "a"}}).validate().ok());
  EXPECT_FALSE(Configuration(Facets{{"a", "\xff"}}).validate().ok());
  EXPECT_FALSE(Configuration(Facets{{"a\0"s, "b"}}).validate().ok());
  EXPECT_TRUE(Configuration(Facets{{"a", std::string(limits::kFacetBytes, 'x')}}).validate().ok());
  const Status too_long =
      Configuration(Facets{{"model", std::string(limits::kFacetBytes + 1, 'x')}}).validate();
  ASSERT_FALSE(too_long.ok());
  EXPECT_EQ(too_long.error().context, "configuration.model");
  Configuration many;
  for (std::size_t i = 0; i < limits::kFacets; ++i) many.set("f" + std::to_string(i), "x");
  EXPECT_TRUE(many.validate().ok());
  many.set("one more", "x");
  EXPECT_FALSE(many.validate().ok());
}

TEST(Configuration, ContainsPartialOnes) {
  const Configuration full(Facets{{"platform", "gtk"}, {"style", "release"}, {"empty", ""}});
  EXPECT_TRUE(full.contains({}));
  EXPECT_TRUE(full.contains(full));
  EXPECT_TRUE(full.contains(Configuration(Facets{{"style", "release"}})));
  EXPECT_TRUE(full.contains(Configuration(Facets{{"empty", ""}})));
  EXPECT_FALSE(full.contains(Configuration(Facets{{"style", "debug"}})));
  EXPECT_FALSE(full.contains(Configuration(Facets{{"style", "release"}, {"version", "1"}})));
  EXPECT_FALSE(full.contains(Configuration(Facets{{"version", ""}})));
  EXPECT_EQ(full.get("platform"), "gtk");
  EXPECT_EQ(full.get("version"), std::nullopt);
}

TEST(FacetFilter, OrWithinAFacetAndAcross) {
  const std::vector<std::string> texts = {"platform:gtk", "style:release", "platform:wpe",
                                          "!version:", "url:http://x"};
  const auto filters = parse_facet_filters(texts);
  ASSERT_TRUE(filters.ok()) << filters.error();
  const std::vector<FacetFilter> expected = {{"platform", {"gtk", "wpe"}, false},
                                             {"style", {"release"}, false},
                                             {"version", {""}, true},
                                             {"url", {"http://x"}, false}};
  EXPECT_EQ(*filters, expected);
}

TEST(FacetFilter, EmptyValueMeansAbsent) {
  const Configuration gtk(Facets{{"platform", "gtk"}}), none;
  EXPECT_TRUE((FacetFilter{"platform", {"gtk"}, false}.matches(gtk)));
  EXPECT_FALSE((FacetFilter{"platform", {"gtk"}, false}.matches(none)));
  EXPECT_TRUE((FacetFilter{"platform", {""}, false}.matches(none)));
  EXPECT_FALSE((FacetFilter{"platform", {""}, false}.matches(gtk)));
  EXPECT_TRUE((FacetFilter{"platform", {"", "gtk"}, false}.matches(gtk)));
  EXPECT_FALSE((FacetFilter{"platform", {"gtk"}, true}.matches(gtk)));
  EXPECT_TRUE((FacetFilter{"platform", {"gtk"}, true}.matches(none)));
  EXPECT_FALSE((FacetFilter{"platform", {""}, true}.matches(none)));
}

TEST(FacetFilter, RefusesOtherTexts) {
  for (const std::string text : {"", "platform", ":gtk", "!:gtk", "!", "platform:\xff"}) {
    EXPECT_FALSE(parse_facet_filters(std::vector<std::string>{text}).ok()) << text;
  }
  EXPECT_TRUE(parse_facet_filters(std::vector<std::string>{}).ok());
}

}  // namespace
}  // namespace resultsdb
