// The two forms of a query, and what is said of those that are none.
#include "resultsdb/aggregate/query_language.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "aggregate/random_query.hpp"
#include "unit/seed.hpp"

namespace resultsdb::aggregate {
namespace {

std::string canonical(std::string_view text) {
  const auto query = parse_query(text);
  return query ? to_text(*query) : query.error().text();
}
std::string json_of(std::string_view text) {
  const auto query = parse_query(text);
  return query ? to_json(*query) : query.error().text();
}

TEST(QueryText, IsReadAndWrittenInOneForm) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {" \t\r\n", ""},
      {"failing", "failing"},
      {"fail", "failing"},
      {"( failing )", "failing"},
      {"failing flaky", "failing and flaky"},
      {"failing and flaky or stale", "failing and flaky or stale"},
      {"failing and (flaky or stale)", "failing and (flaky or stale)"},
      {"(failing flaky) new", "(failing and flaky) and new"},
      {"-name:svg !flaky not new", "not name:svg and not flaky and not new"},
      {"not (a~b)", "column 6: "},
      {"name:fast/*", "name:fast/*"},
      {"name:a.html?x=1&y<2!~:", "name:a.html?x=1&y<2!~:"},
      {R"(name~"two words")", R"(name~"two words")"},
      {R"(name~"plain")", "name~plain"},
      {R"(name:"q\"b\\s")", R"(name:"q\"b\\s")"},
      {R"(name:back\slash)", R"(name:back\slash)"},
      {"count(fail)>=3", "count(fail) >= 3"},
      {"count ( unexpected , last 20 ) > 2", "count(unexpected, last 20) > 2"},
      {"rate(failing) > 5%", "rate(fail) > 0.05"},
      {"rate(fail) > 0.0500", "rate(fail) > 0.05"},
      {"rate(fail) <= 100%", "rate(fail) <= 1"},
      {"rate(TEXT) > 0.0001%", "rate(TEXT) > 0.000001"},
      {"runs<10", "runs < 10"},
      {"seq(pass,fail+)", "seq(pass, fail+)"},
      {"seq(*, IMAGE+TEXT+, \"A+\"+, \"*\", \"Failure\")",
       "seq(*, IMAGE+TEXT+, \"A+\"+, \"*\", \"Failure\")"},
      {"duration > 2s", "duration > 2s"},
      {"duration.p50 != 90s", "duration != 90s"},
      {"duration.max>1.5m", "duration.max > 90s"},
      {"duration.p95 = 0us", "duration.p95 = 0s"},
      {"duration < 1.0005ms", "column 12: "},
      {"outcome=TIMEOUT", "outcome = TIMEOUT"},
      {"outcome = \"a:b\"", "outcome = \"a:b\""},
      {"exists(platform:gtk, failing)", "exists(platform:gtk, failing)"},
      {"exists( platform:gtk , failing broken )", "exists(platform:gtk, failing and broken)"},
      {"all(passing)", "all(passing)"},
      {"none(style:debug, !sdk:, version:\"10 beta\", crash)",
       "none(style:debug, !sdk:, version:\"10 beta\", crash)"},
      {"exists(-platform:mac, not failing)", "exists(!platform:mac, not failing)"},
      {"exists(platform:gtk, style:debug, platform:mac, lost)",
       "exists(platform:gtk, platform:mac, style:debug, lost)"},
      {"exists(\"a b\":\"\", new)", "exists(\"a b\":, new)"},
      {"exists(platform:GTK, failing) and none(branch:main, crash)",
       "exists(platform:GTK, failing) and none(branch:main, crash)"},
  };
  for (const auto& [text, expected] : cases) {
    if (expected.starts_with("column")) {
      EXPECT_TRUE(canonical(text).starts_with(expected)) << text << " -> " << canonical(text);
    } else {
      EXPECT_EQ(canonical(text), expected) << text;
      EXPECT_EQ(canonical(expected), expected);
    }
  }
}

TEST(QueryText, ErrorsNameTheColumnAndWhatCouldStandThere) {
  struct Case {
    std::string text, context, part;
  };
  const std::vector<Case> cases = {
      {"failng", "column 1", "found \"failng\""},
      {"failng", "column 1", "name~TEXT"},
      {"failing and", "column 12", "found the end"},
      {"failing or or flaky", "column 12", "expected a term"},
      {"failing AND flaky", "column 9", "found \"AND\""},
      {"(failing", "column 9", "\")\""},
      {"failing)", "column 8", "or the end"},
      {"failing, flaky", "column 8", "found \",\""},
      {"()", "column 2", "expected a term"},
      {"not", "column 4", "expected a term"},
      {"name:", "column 6", "a name, with *"},
      {"name fast", "column 5", "\"~\""},
      {"name:\"fast", "column 6", "have no end"},
      {"name:\"f\\n\"", "column 8", "backslash"},
      {"name:\"ä€😀\" failng", "column 12", "found \"failng\""},
      {"platform:gtk failing", "column 1", "exists(platform:..., failing)"},
      {"exists(platform:gtk failing)", "column 21", "\",\" and what must hold"},
      {"exists(platform:gtk)", "column 20", "what must hold"},
      {"exists(failing, platform:gtk)", "column 15", "\")\""},
      {"exists(failing platform:gtk)", "column 16", "filters stand before"},
      {"exists(a:" + std::string(5'000, 'x') + ", new)", "column 8", "2050"},
      {std::string("exists(a:\0, new)", 17), "column 8", "U+0000"},
      {"exists()", "column 8", "expected a term"},
      {"exists failing", "column 8", "\"(\""},
      {"exists(\"a:b\":c, failing)", "column 8", "colon"},
      {"exists(\"!a\":c, failing)", "column 8", "begin with !"},
      {"exists(all(passing))", "column 8", "whole test"},
      {"exists(style:x, name~y)", "column 17", "whole test"},
      {"count(fial) > 3", "column 7", "pass, fail, skip"},
      {"count(*) > 3", "column 7", "pass, fail, skip"},
      {"count(404) > 3", "column 7", "in quotes"},
      {"count(lost) > 3", "column 7", "pass, fail, skip"},
      {"count(fail) 3", "column 13", "one of < <="},
      {"count(fail) > x", "column 15", "a whole number"},
      {"count(fail) > -1", "column 15", "a whole number"},
      {"count(fail) > 1000000000000001", "column 15", "a whole number"},
      {"count(fail, 20) > 1", "column 13", "last 20"},
      {"count(fail, last 0) > 1", "column 18", "from 1"},
      {"count(fail, last 4294967296) > 1", "column 18", "from 1"},
      {"count(fail last 20) > 1", "column 12", "\", last\""},
      {"rate(fail) > 1.1", "column 14", "from 0 to 1"},
      {"rate(fail) > 101%", "column 14", "from 0 to 1"},
      {"rate(fail) > 0.0000001", "column 14", "millionth"},
      {"rate(fail) > .5", "column 14", "a rate"},
      {"runs", "column 5", "one of <"},
      {"duration > 2", "column 12", "unit"},
      {"duration > 2d", "column 12", "us, ms, s, m, h"},
      {"duration > 300000h", "column 12", "a number"},
      {"duration.mean > 2s", "column 1", "duration.p95"},
      {"outcome != TEXT", "column 9", "\"=\""},
      {"outcome = \"A B\"", "column 11", "one word"},
      {"seq()", "column 5", "a step"},
      {"seq(pass fail)", "column 10", "\",\" and a step"},
      {"seq(*+)", "column 5", "a step"},
      {"seq(+)", "column 5", "a step"},
      {std::string("failing \xff"), "column 9", "UTF-8"},
  };
  for (const Case& one : cases) {
    const auto query = parse_query(one.text);
    ASSERT_FALSE(query.ok()) << one.text;
    EXPECT_EQ(query.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(query.error().context, one.context) << one.text << "\n" << query.error();
    EXPECT_NE(query.error().message.find(one.part), std::string::npos) << one.text << "\n" << query.error();
  }
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(QueryText, IsBounded) {
  const auto nested = [](std::size_t depth) { return repeated("(", depth) + "new" + repeated(")", depth); };
  EXPECT_TRUE(parse_query(nested(kQueryDepth)).ok());
  EXPECT_EQ(parse_query(nested(kQueryDepth + 1)).error().context, "column 66");
  EXPECT_TRUE(parse_query(repeated("-", kQueryDepth) + "new").ok());
  EXPECT_EQ(parse_query(repeated("not ", kQueryDepth + 1) + "new").error().context, "column 260");
  EXPECT_TRUE(parse_query(repeated("(new) ", 2 * kQueryDepth)).ok());  // beside each other is not within
  EXPECT_TRUE(parse_query(repeated("exists(new) or ", kQueryTerms / 2 - 1) + "all(new)").ok());

  EXPECT_TRUE(parse_query(repeated("new ", kQueryTerms)).ok());
  EXPECT_EQ(parse_query(repeated("new ", kQueryTerms + 1)).error().context, "column 4001");
  EXPECT_EQ(parse_query("exists(" + repeated("a:b,", kQueryTerms) + "new)").error().context, "column 4004");
  EXPECT_TRUE(parse_query("seq(" + repeated("*,", kQuerySteps - 1) + "*)").ok());
  EXPECT_FALSE(parse_query("seq(" + repeated("*,", kQuerySteps) + "*)").ok());

  EXPECT_TRUE(parse_query("name:" + std::string(kQueryBytes - 5, 'x')).ok());
  EXPECT_FALSE(parse_query("name:" + std::string(kQueryBytes - 4, 'x')).ok());
  const auto longer = parse_query(repeated("fail ", 900) + "name:" + std::string(11'000, 'x'));
  ASSERT_FALSE(longer.ok());  // its canonical text is too long
  EXPECT_EQ(longer.error().context, "column 1");
}

TEST(QueryJson, HasOneForm) {
  EXPECT_EQ(json_of(""), "{}");
  EXPECT_EQ(json_of("failing"), R"("failing")");
  EXPECT_EQ(json_of("exists(platform:gtk, !sdk:, failing) count(fail, last 20) >= 3"),
            R"({"and":[{"exists":{"where":["platform:gtk","!sdk:"],"of":"failing"}},)"
            R"({"count":{"of":"fail","last":20,"op":">=","value":3}}]})");
  EXPECT_EQ(json_of(R"(not name:"ä\"" or name~x or outcome = TEXT)"),
            R"({"or":[{"not":{"name":"ä\""}},{"name_contains":"x"},{"outcome":"TEXT"}]})");
  EXPECT_EQ(json_of("seq(*, pass, TEXT+)"), R"({"seq":["*","pass",{"repeat":{"outcome":"TEXT"}}]})");
  EXPECT_EQ(
      json_of("rate(TEXT) > 5% runs < 10 duration.max > 1m"),
      R"({"and":[{"rate":{"of":{"outcome":"TEXT"},"op":">","value":0.05}},{"runs":{"op":"<","value":10}},)"
      R"({"duration":{"of":"max","op":">","value_us":60000000}}]})");
  EXPECT_EQ(json_of("none(lost or new)"), R"({"none":{"of":{"or":["lost","new"]}}})");
}

TEST(QueryJson, ReadsWhatPeopleWrite) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"and":["failing"]})", "failing"},
      {R"({"count":{"value":3,"op":">=","of":"TEXT"}})", "count(TEXT) >= 3"},
      {R"({"duration":{"op":">","value_us":1500000}})", "duration > 1500ms"},
      {R"({"rate":{"of":"fail","op":">","value":1}})", "rate(fail) > 1"},
      {R"({"rate":{"of":"fail","op":">","value":1e-2}})", "rate(fail) > 0.01"},
      {R"({"all":{"where":[],"of":"passing"}})", ""},
  };
  for (const auto& [json, text] : cases) {
    const auto query = parse_query_json(json);
    EXPECT_EQ(query.ok(), !text.empty()) << json;
    if (query.ok()) {
      EXPECT_EQ(to_text(*query), text);
    }
  }
}

TEST(QueryJson, ErrorsNameThePlace) {
  struct Case {
    std::string json, context, part;
  };
  const std::vector<Case> cases = {
      {"", "$", "JSON"},
      {"{\"and\":", "$", "JSON"},
      {"3", "$", "expected one of"},
      {R"("failng")", "$", "a state: passing"},
      {R"({"name":"a","count":3})", "$", "expected one of"},
      {R"({"nam":"a"})", "$", "expected one of"},
      {R"({"and":[]})", "$.and", "at least one"},
      {R"({"or":{}})", "$.or", "at least one"},
      {R"({"and":["failing",{"not":{}}]})", "$.and[1].not", "expected one of"},
      {R"({"name":""})", "$.name", "not empty"},
      {R"({"outcome":"A B"})", "$.outcome", "one word"},
      {R"({"and":["new",{"count":{"of":"fail","op":"=>","value":3}}]})", "$.and[1].count.op", "<="},
      {R"({"count":{"of":"fail","op":">"}})", "$.count", "\"value\""},
      {R"({"count":{"of":"fail","op":">","value":-1}})", "$.count.value", "whole number"},
      {R"({"count":{"of":"fail","op":">","value":1.5}})", "$.count.value", "whole number"},
      {R"({"count":{"of":"fail","op":">","value":18446744073709551615}})", "$.count.value", "whole number"},
      {R"({"count":{"of":"fail","op":">","value":3,"last":0}})", "$.count.last", "from 1"},
      {R"({"count":{"of":"fial","op":">","value":3}})", "$.count.of", "pass, fail"},
      {R"({"count":{"of":"fail","op":">","value":3,"lst":1}})", "$.count", "found \"lst\""},
      {R"({"rate":{"of":"fail","op":">","value":1.5}})", "$.rate.value", "0 to 1"},
      {R"({"rate":{"of":"fail","op":">","value":0.0000005}})", "$.rate.value", "millionth"},
      {R"({"runs":3})", "$.runs", "an object"},
      {R"({"seq":[]})", "$.seq", "at least one"},
      {R"({"seq":["pass",{"repeat":"*"}]})", "$.seq[1].repeat", "pass, fail"},
      {R"({"duration":{"of":"mean","op":">","value_us":1}})", "$.duration.of", "p95"},
      {R"({"exists":{"where":["platform"],"of":"new"}})", "$.exists.where[0]", "facet:value"},
      {R"({"exists":{"where":["!!a:b"],"of":"new"}})", "$.exists.where[0]", "one !"},
      {R"({"exists":{"where":[1],"of":"new"}})", "$.exists.where[0]", "a filter"},
      {R"({"exists":{"of":{"name":"a"}}})", "$.exists.of", "whole test"},
      {R"({"exists":{"of":{"all":{"of":"new"}}}})", "$.exists.of", "whole test"},
      {R"({"exists":{"where":["a:b"]}})", "$.exists", "\"of\""},
  };
  for (const Case& one : cases) {
    const auto query = parse_query_json(one.json);
    ASSERT_FALSE(query.ok()) << one.json;
    EXPECT_EQ(query.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(query.error().context, one.context) << one.json << "\n" << query.error();
    EXPECT_NE(query.error().message.find(one.part), std::string::npos) << one.json << "\n" << query.error();
  }
}

TEST(QueryJson, IsBoundedLikeTheText) {
  const auto nested = [](std::size_t depth) {
    return repeated(R"({"not":)", depth) + R"("new")" + repeated("}", depth);
  };
  EXPECT_TRUE(parse_query_json(nested(kQueryDepth)).ok());
  EXPECT_FALSE(parse_query_json(nested(kQueryDepth + 1)).ok());
  EXPECT_FALSE(parse_query_json(nested(10'000)).ok());
  const auto many = [](std::size_t terms) {
    return R"({"or":[)" + repeated(R"("new",)", terms - 1) + R"("new"]})";
  };
  EXPECT_TRUE(parse_query_json(many(kQueryTerms)).ok());
  EXPECT_FALSE(parse_query_json(many(kQueryTerms + 1)).ok());
  EXPECT_TRUE(parse_query_json(R"({"name":")" + std::string(kQueryBytes - 5, 'x') + R"("})").ok());
  EXPECT_FALSE(parse_query_json(R"({"name":")" + std::string(kQueryBytes - 4, 'x') + R"("})").ok());
  EXPECT_FALSE(parse_query_json(std::string(kQueryJsonBytes, ' ') + R"("new")").ok());
}

/// The deepest queries that the one form can say can be said in the other.
TEST(QueryJson, TheDeepestTextHasAJsonForm) {
  std::string text = "exists(seq(TEXT+))";
  for (std::size_t depth = 0; depth + 1 < kQueryDepth; ++depth) text = "new or new and (" + text + ")";
  const auto query = parse_query(text);
  ASSERT_TRUE(query.ok()) << query.error();
  const auto again = parse_query_json(to_json(*query));
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(*again, *query);
}

TEST(QueryForms, BothReadBackWhatTheyWrite) {
  const Vocabulary odd{{"fast/*", "a b", "q\"\\x", "ünï", "(", "a,b", "-x", "and", "*", "x:y~z", "\n",
                        std::string("\0", 1), "!"},
                       {"~", "svg", "\"", "tab\t", "name:x"},
                       {"platform", "-odd", "a b", "branch", "not", "name", "é", "\"", "x!y", "a=b"},
                       {"", "gtk", "10.15 beta", "a:b", "!x", "\"", "\\", "GTK", "-", "(,)"},
                       {"TEXT", "IMAGE+TEXT", "A+", "+", "*", "Failure", "fail", "a:b", "404", "last", "É",
                        "\t", "\"", "(", "-"}};
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(random_seed()));
  std::mt19937_64 random(random_seed());
  RandomQuery generator(random, odd);
  for (int i = 0; i < 10'000; ++i) {
    const Query query = generator.query();
    const std::string text = to_text(query), json = to_json(query);
    if (text.size() > kQueryBytes) continue;
    const auto from_text = parse_query(text);
    ASSERT_TRUE(from_text.ok()) << text << "\n" << from_text.error();
    ASSERT_TRUE(*from_text == query) << text << "\n" << to_text(*from_text);
    const auto from_json = parse_query_json(json);
    ASSERT_TRUE(from_json.ok()) << json << "\n" << from_json.error();
    ASSERT_TRUE(*from_json == query) << json << "\n" << to_json(*from_json);
  }
}

/// The lines of the blocks of docs/query-language.md in that language.
std::vector<std::string> documented(std::string_view language) {
  std::ifstream file(RESULTSDB_SOURCE_DIR "/docs/query-language.md");
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line.substr(3) == language;
    } else if (inside) {
      lines.push_back(line);
    }
  }
  return lines;
}

TEST(QueryForms, TheManualsExamplesAreQueries) {
  const auto texts = documented("query"), jsons = documented("json");
  EXPECT_GE(texts.size(), 8U);
  EXPECT_GE(jsons.size(), 5U);
  for (const std::string& line : texts) {
    const auto query = parse_query(line.substr(0, line.find(" #")));
    EXPECT_TRUE(query.ok()) << line << "\n" << query.error();
  }
  for (const std::string& line : jsons) {
    const auto query = parse_query_json(line);
    ASSERT_TRUE(query.ok()) << line << "\n" << query.error();
    EXPECT_EQ(to_json(*query), line);
  }
}

}  // namespace
}  // namespace resultsdb::aggregate
