// Files made to hurt: clear errors or bounded answers, whatever they hold.
#include <gtest/gtest.h>

#include "formats/samples.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::formats {
namespace {

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  while (count-- > 0) out += text;
  return out;
}

std::string refusal(std::string_view text) {
  ReadOptions options;
  options.path = "file";
  const ReadOutcome outcome = read_text(text, options);
  return outcome.refused ? outcome.refused->error.text() : "was read";
}

/// The run, with its texts within their limits.
ImportedRun sound(std::string_view text) {
  const ReadOutcome outcome = read_text(text);
  EXPECT_TRUE(outcome.run) << (outcome.refused ? outcome.refused->error.text() : "");
  const ImportedRun run = outcome.run.value_or(ImportedRun{});
  for (const ImportedTest& test : run.tests) {
    EXPECT_LE(test.properties.size(), 256u);
    EXPECT_LE(test.attachments.size(), 256u);
    EXPECT_LE(test.message.size(), 1024u);
    for (const std::string* part : {&test.detail, &test.output, &test.error_output}) {
      EXPECT_LE(part->size(), 512u << 10);
      EXPECT_TRUE(json::is_utf8(*part));
    }
  }
  return run;
}

std::string warnings(const ImportedRun& run) {
  std::string codes;
  for (const Warning& warning : run.warnings) codes += warning.code + " ";
  return codes;
}

constexpr std::size_t kMany = 100'000;

TEST(Hostile, NestingIsRefusedWithItsLine) {
  EXPECT_EQ(refusal("<testsuites>" + repeat("<testsuite>\n", kMany)),
            "file:512: nesting too deep: more than 512 nested elements");
  EXPECT_EQ(refusal("{\"testsuites\":" + repeat("[", kMany)),
            "file: nesting too deep: more than 512 nested arrays and objects");
  EXPECT_EQ(refusal("{\"testsuites\":\n[{\"a\":\n" + std::string(70'000, ' ') + repeat("[", kMany)),
            "file:3: nesting too deep: more than 512 nested arrays and objects");
  const ImportedRun go = sound("{\"Action\":\"start\",\"Package\":\"p\"}\n" + repeat("{\"a\":", kMany) +
                               "\n{\"Action\":\"pass\",\"Package\":\"p\"}\n");
  EXPECT_EQ(warnings(go), "truncated ");
}

TEST(Hostile, EndlessNamesAndTagsAreRefused) {
  EXPECT_NE(refusal("<testsuite><testcase name=\"" + repeat("n", 1 << 20) + "\"/></testsuite>")
                .find("name too long"),
            std::string::npos);
  EXPECT_EQ(refusal("<testsuite><!--" + repeat("x", 20 << 20)),
            "file:1: too large: one tag has more than 8 MiB");
}

TEST(Hostile, EncodingsThatAreNotReadAreNamed) {
  const std::string utf16("\xFF\xFE{\0\"\0A\0c\0", 10);
  EXPECT_NE(refusal(utf16).find("bad encoding: the file is UTF-16 and no XML; write it as UTF-8"),
            std::string::npos)
      << refusal(utf16);
  const std::string xml("\xFF\xFE\n\0<\0t\0e\0s\0t\0s\0u\0i\0t\0e\0/\0>\0", 28);
  EXPECT_EQ(warnings(sound(xml)), "zero_tests ");
  EXPECT_NE(refusal("{\"testsuites\":[{\"name\":\n\"\xFF\"}]}").find("file:2: not well-formed"),
            std::string::npos);
}

TEST(Hostile, ManyMembersOfOneTestAreBounded) {
  const std::string begin = "<testsuite><testcase name=\"a\">", end = "</testcase></testsuite>";
  EXPECT_EQ(warnings(sound(begin + repeat("<property name=\"p\" value=\"v\"/>", kMany) + end)), "limit ");
  EXPECT_EQ(warnings(sound(begin + repeat("<failure message=\"m\"/>", kMany) + end)), "limit ");
  EXPECT_EQ(warnings(sound(begin + repeat("<flakyFailure message=\"m\"/>", kMany) + end)), "limit ");
  EXPECT_EQ(
      warnings(sound(begin + "<system-out>" + repeat("[[ATTACHMENT|p]]\n", 300) + "</system-out>" + end)),
      "limit ");
  const std::string json = R"({"testsuites":[{"name":"S","testsuite":[{"name":"a","status":"RUN")";
  EXPECT_EQ(warnings(sound(json + repeat(",\"k\":\"v\"", kMany) + "}]}]}")), "limit ");
  const ImportedRun failures = sound(json + ",\"failures\":[{}" +
                                     repeat(",{\"failure\":\"" + repeat("x", 100) + "\"}", kMany) + "]}]}]}");
  EXPECT_EQ(failures.tests.at(0).outcome, "FAIL");
  EXPECT_EQ(warnings(failures), "limit ");
}

TEST(Hostile, AnEndlessLineIsOneBrokenEvent) {
  const ImportedRun run = sound(
      "{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"" +
      repeat("x", 10 << 20) + "\"}\n{\"Action\":\"pass\",\"Package\":\"p\"}\n");
  EXPECT_EQ(warnings(run), "truncated limit ");
}

TEST(Hostile, ImpossibleNumbersAreNone) {
  const ImportedRun run = sound(R"({"Action":"start","Package":"p"}
{"Action":"pass","Package":"p","Test":"A","Elapsed":1e300}
{"Action":"pass","Package":"p","Test":"B","Elapsed":-1}
{"Action":"fail","Package":"p","Elapsed":-5}
)");
  EXPECT_EQ(warnings(run), "bad_number suite_failure ");
  for (const ImportedTest& test : run.tests) EXPECT_FALSE(test.duration_ms) << test.name;
}

TEST(Hostile, TheCharacterZeroIsReplacedEverywhere) {
  const ImportedRun run = sound(
      R"({"random_seed":"\u0000","testsuites":[{"name":"S","testsuite":[{"name":"a\u0000b","status":"RUN",)"
      R"("k\u0000":"v\u0000","failures":[{"failure":"x\u0000"}]}]}]})");
  const ImportedTest& test = run.tests.at(0);
  for (const std::string& text : {test.name, test.message, test.properties.at(0).first,
                                  test.properties.at(0).second, run.attributes.at(0).second}) {
    EXPECT_EQ(text.find('\0'), std::string::npos);
    EXPECT_NE(text.find("\xEF\xBF\xBD"), std::string::npos);
  }
}

}  // namespace
}  // namespace resultsdb::formats
