#include "compat/webkit/upload_codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace resultsdb::webkit {
namespace {

UploadDocument with_results(std::string_view results) {
  auto document = parse_upload("{\"test_results\":{\"results\":" + std::string(results) + "}}");
  EXPECT_TRUE(document.ok()) << results;
  return document ? std::move(*document) : UploadDocument();
}

/// One line a test: name, expected, actual, time, attributes.
std::string flat(std::string_view results) {
  const UploadDocument document = with_results(results);
  if (!document.results_error.empty()) return "error: " + document.results_error;
  std::string out;
  for (std::size_t i = 0; i < document.results.size(); ++i) {
    const TestResult result = document.results[i];
    out.append(result.test).append(" ").append(result.expected).append("/").append(result.actual);
    if (result.duration) out.append(" ").append(duration_json(*result.duration));
    if (!result.attributes.empty()) out.append(" ").append(result.attributes);
    out += '\n';
  }
  return out;
}

TEST(Flattening, Vectors) {
  EXPECT_EQ(flat(R"({"a":{"b":{"actual":"FAIL"}}})"), "a/b PASS/FAIL\n");
  EXPECT_EQ(flat(R"({"a":{}})"), "a PASS/PASS\n");
  EXPECT_EQ(flat(R"({"a":{"b":{}}})"), "a/b PASS/PASS\n");
  EXPECT_EQ(flat(R"({"a":{"actual":"FAIL","b":{}}})"), "a/b PASS/PASS\n");
  EXPECT_EQ(flat(R"({"a":{"b":{},"actual":"FAIL"}})"),
            "error: Incorrectly formatted nested results dictionary");
  EXPECT_EQ(flat(R"({"a/b":{"c":{}}})"), "a/b/c PASS/PASS\n");
  EXPECT_EQ(flat(R"({"a":{"b":null}})"), "a PASS/PASS {\"b\":null}\n");
  EXPECT_EQ(flat(R"({"t":{"actual":"FAIL","extra":{"k":1}}})"), "t/extra PASS/PASS {\"k\":1}\n");
  EXPECT_EQ(flat(R"({"":{"x":{}}})"), "/x PASS/PASS\n");
  EXPECT_EQ(flat("{}"), "");
  for (const char* wrong :
       {R"({"a":"x"})", R"({"a":null})", R"({"a":[1]})", R"({"a":1})", "null", "[]", "5"}) {
    EXPECT_TRUE(flat(wrong).starts_with("error: ")) << wrong;
  }
  const UploadDocument two =
      with_results(R"({"a/b":{"c":{"actual":"FAIL"}},"a":{"b":{"c":{"actual":"CRASH"}}}})");
  EXPECT_EQ(two.statistics, (SuiteStatistics{.run = 2,
                                             .failed = 2,
                                             .timedout = 1,
                                             .crashed = 1,
                                             .unexpected_failed = 2,
                                             .unexpected_timedout = 1,
                                             .unexpected_crashed = 1}));
  ResultTable results = two.results;
  EXPECT_TRUE(drop_repeated_tests(results));
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].actual, "CRASH");
  EXPECT_FALSE(drop_repeated_tests(results));
}

TEST(Flattening, AttributesComeBackAsTheyWere) {
  EXPECT_EQ(flat(R"({"t":{"modifiers":"","log":"x\u00e9","flag":true,"list":[{"b":1,"a":[]},2.50]}})"),
            "t PASS/PASS "
            "{\"flag\":true,\"list\":[{\"a\":[],\"b\":1},2.5],\"log\":\"x\\u00e9\",\"modifiers\":\"\"}\n");
  EXPECT_EQ(flat(R"({"t":{"big":123456789012345678901234567890,"e":1e3,"uuid":1,"start_time":2}})"),
            "t PASS/PASS {\"big\":123456789012345678901234567890,\"e\":1000.0}\n");
  EXPECT_EQ(flat(R"({"t":{"a":1,"a":2}})"), "t PASS/PASS {\"a\":2}\n");
  EXPECT_EQ(flat(R"({"t":{"log":"\ud800"}})"), "t PASS/PASS {\"log\":\"\\ufffd\"}\n");
}

TEST(Flattening, TimesAreDurationsOnlyIfTheirTextComesBack) {
  EXPECT_EQ(flat(R"({"t":{"time":12}})"), "t PASS/PASS 12\n");
  EXPECT_EQ(flat(R"({"t":{"time":0}})"), "t PASS/PASS 0\n");
  EXPECT_EQ(flat(R"({"t":{"time":1.2}})"), "t PASS/PASS 1.2\n");
  EXPECT_EQ(flat(R"({"t":{"time":12.0}})"), "t PASS/PASS {\"time\":12.0}\n");
  EXPECT_EQ(flat(R"({"t":{"time":0.1234}})"), "t PASS/PASS {\"time\":0.1234}\n");
  EXPECT_EQ(flat(R"({"t":{"time":-1}})"), "t PASS/PASS {\"time\":-1}\n");
  EXPECT_EQ(flat(R"({"t":{"time":"12"}})"), "t PASS/PASS {\"time\":\"12\"}\n");
  EXPECT_EQ(flat(R"({"t":{"time":1e300}})"), "t PASS/PASS {\"time\":1e+300}\n");
  EXPECT_EQ(flat(R"({"t":{"time":99999999999999999999}})"), "t PASS/PASS {\"time\":99999999999999999999}\n");
}

TEST(Flattening, StatesMustBeTexts) {
  EXPECT_TRUE(flat(R"({"t":{"actual":null}})").starts_with("error: "));
  EXPECT_TRUE(flat(R"({"t":{"expected":5}})").starts_with("error: "));
  EXPECT_EQ(flat(R"({"t":{"actual":null,"u":{}}})"), "t/u PASS/PASS\n");
  EXPECT_EQ(flat(R"({"t":{"actual":"TEXT IMAGE","expected":"SKIP"}})"), "t PASS/IMAGE TEXT\n");
}

TEST(Flattening, Flaky) {
  const UploadDocument document = with_results(
      R"({"a":{"flakiness_num_tries":3,"flakiness_num_passes":2},"b":{"flakiness_num_tries":3,"flakiness_num_passes":3},
          "c":{"flakiness_num_passes":1}})");
  EXPECT_EQ(document.statistics.flaky, 1);
}

TEST(UploadDocument, MembersInAnyOrder) {
  const auto document = parse_upload(
      R"({"test_results":{"results":{"a":{}},"run_stats":{"b":1,"a":1.50},"details":{"link":"x"},"more":[1,{"a":2}]},
          "extra":{"results":{"no":{}}},"timestamp":1.5,"suite":"s","commits":[{"id":"6"}],"version":0,
          "configuration":{"platform":"mac"}})");
  ASSERT_TRUE(document.ok());
  EXPECT_TRUE(document->has_results);
  EXPECT_EQ(document->results.size(), 1u);
  EXPECT_EQ(document->run_stats, R"({"a":1.5,"b":1})");
  EXPECT_EQ(document->details, R"({"link":"x"})");
  EXPECT_EQ(document->timestamp, "1.5");
  EXPECT_EQ(document->suite, R"("s")");
  EXPECT_EQ(document->commits, R"([{"id":"6"}])");
  EXPECT_EQ(document->configuration, R"({"platform":"mac"})");
}

TEST(UploadDocument, Refused) {
  for (const char* wrong : {"", "{", "[]", "5", "null", "{}x", "{\"a\":1,}", "\xff"}) {
    EXPECT_FALSE(parse_upload(wrong).ok()) << wrong;
  }
  const auto empty = parse_upload(R"({"test_results":{}})");
  ASSERT_TRUE(empty.ok());
  EXPECT_FALSE(empty->has_results);
  EXPECT_EQ(empty->test_results, "{}");
  EXPECT_FALSE(parse_upload(R"({"test_results":{"details":{}}})")->results_error.empty());
}

TEST(UploadDocument, LongTextsArriveWhole) {
  const std::string name = std::string(3000, 'n') + "\\u00e9";
  const std::string json = "{\"" + name + "\":{\"log\":\"" + std::string(5000, 'l') + "\\n\"}}";
  EXPECT_EQ(flat(json),
            std::string(3000, 'n') + "\u00e9 PASS/PASS {\"log\":\"" + std::string(5000, 'l') + "\\n\"}\n");
}

}  // namespace
}  // namespace resultsdb::webkit
