#include "resultsdb/registry.hpp"

#include <gtest/gtest.h>

namespace resultsdb {
namespace {

using Options = std::map<std::string, std::string>;

TEST(StoreUrl, Forms) {
  const struct {
    std::string_view text, scheme, path;
    Options options;
  } cases[] = {
      {"memory:", "memory", "", {}},
      {"sqlite:results.db", "sqlite", "results.db", {}},
      {"sqlite:/var/lib/a%20b%3f.db?synchronous=full&cache=64",
       "sqlite",
       "/var/lib/a b?.db",
       {{"synchronous", "full"}, {"cache", "64"}}},
      {"sqlite:a:b", "sqlite", "a:b", {}},
      {"postgres://user:p%40ss@host:5432/db", "postgres", "//user:p@ss@host:5432/db", {}},
      {"sqlite:x?", "sqlite", "x", {}},
      {"sqlite:x?a=", "sqlite", "x", {{"a", ""}}},
      {"sqlite:x?a=b%26c%3Dd", "sqlite", "x", {{"a", "b&c=d"}}},
      {"sqlite:x?a=1=2", "sqlite", "x", {{"a", "1=2"}}},
  };
  for (const auto& c : cases) {
    const auto url = StoreUrl::parse(c.text);
    ASSERT_TRUE(url.ok()) << c.text << ": " << url.error();
    EXPECT_EQ(url->scheme, c.scheme);
    EXPECT_EQ(url->path, c.path);
    EXPECT_EQ(url->options, c.options);
  }
}

TEST(StoreUrl, RefusesOtherTextsWithoutRepeatingThem) {
  for (const std::string_view text :
       {"", "secret.db", ":secret", "SQLITE:secret", "1a:secret", "sq lite:secret", "sqlite:secret%",
        "sqlite:secret%2", "sqlite:secret%zz", "sqlite:secret%00", "sqlite:secret?a", "sqlite:secret?=1",
        "sqlite:secret?a=1&a=2", "sqlite:secret?a=1&&b=2", "sqlite:secret%-1"}) {
    const auto url = StoreUrl::parse(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(url.error().text().find("secret"), std::string::npos) << url.error();
  }
}

TEST(StoreUrl, HidesPasswords) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"postgres://user:hush@host/db", "postgres://user:***@host/db"},
      {"postgres://user:hu%40s%2Fh@host/db", "postgres://user:***@host/db"},
      {"postgres://user@host:5432/db", "postgres://user@host:5432/db"},
      {"postgres://host:5432/db", "postgres://host:5432/db"},
      {"redis://:hush@host", "redis://:***@host"},
      {"redis://host?password=hush&db=1", "redis://host?db=1&password=***"},
      {"sqlite:a:b@c", "sqlite:a:b@c"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(StoreUrl::parse(text)->redacted(), shown);
}

TEST(BackendRegistry, AsksTheFactoryOfTheScheme) {
  BackendRegistry registry;
  EXPECT_EQ(registry.open("memory:").error().code, ErrorCode::InvalidArgument);
  StoreUrl seen;
  OpenOptions options;
  registry.add(
      "one", [&](const StoreUrl& url, const OpenOptions& given) -> Result<std::shared_ptr<storage::Storage>> {
        seen = url;
        options = given;
        return make_error(ErrorCode::NotFound, "not there");
      });
  registry.add("two", [](const StoreUrl&, const OpenOptions&) -> Result<std::shared_ptr<storage::Storage>> {
    return std::shared_ptr<storage::Storage>();
  });
  EXPECT_EQ(registry.schemes(), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(registry.open("one:place?a=b", {.read_only = true, .create = false}).error().message,
            "not there");
  EXPECT_EQ(seen.path, "place");
  EXPECT_EQ(seen.options, (Options{{"a", "b"}}));
  EXPECT_TRUE(options.read_only);
  EXPECT_FALSE(options.create);
  EXPECT_TRUE(registry.open("two:").ok());
  const auto unknown = registry.open("three://user:hush@host");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::InvalidArgument);
  EXPECT_NE(unknown.error().message.find("one, two"), std::string::npos);
  EXPECT_EQ(unknown.error().text().find("hush"), std::string::npos);
}

}  // namespace
}  // namespace resultsdb
