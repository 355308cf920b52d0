// What is refused, packed files, and the limits of a whole file.
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "formats/samples.hpp"

namespace resultsdb::formats {
namespace {

TEST(Detect, NamesWhatIsNotReadYet) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"<Catch2TestRun name='x'></Catch2TestRun>", "Catch2 XML"},
      {"<?xml version='1.0'?><doctest binary='x'/>", "doctest XML"},
      {"<TestLog/>", "Boost.Test"},
      {"<Site BuildName='x'/>", "CTest"},
      {"<robot generator='x'/>", "Robot Framework"},
      {"TAP version 13\n1..1\nok 1\n", "TAP"},
      {"not ok 1 - x\n", "TAP"},
      {"\xB3\x29", "subunit"},
      {"\nrunning 3 tests\ntest a ... ok\n", "libtest"},
      {"=== RUN   TestA\n", "go test -v"},
      {R"({"testResults":[],"openHandles":[]})", "Jest"},
      {R"({"config":{},"suites":[]})", "Playwright"},
      {R"({"stats":{},"tests":[],"failures":[]})", "Mocha"},
      {R"({"exitcode":0,"collectors":[]})", "pytest-json-report"},
      {R"(ADD_RESULTS({"tests":{}});)", "Chromium"},
      {"{\"type\":\"suite\",\"event\":\"started\"}\n", "libtest"},
      {R"({"name":"x","returncode":0,"result":"OK"})", "Meson"},
      {R"({"reportFormat":"CTRF"})", "CTRF"},
  };
  ReadOptions options;
  options.path = "some/file";
  for (const auto& [text, name] : cases) {
    const ReadOutcome outcome = read_text(text, options);
    ASSERT_TRUE(outcome.refused) << text;
    EXPECT_EQ(outcome.refused->code, "unknown format") << text;
    EXPECT_EQ(outcome.refused->error.context, "some/file");
    EXPECT_NE(outcome.refused->error.message.find(name), std::string::npos) << outcome.refused->error.text();
  }
}

TEST(Detect, RefusesEmptyAndUnknownFiles) {
  for (const std::string_view text : {"", " \n\t", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(read_text(text).refused->code, "empty file");
  }
  for (const std::string_view text : {"hello", "<html/>", "{\"a\":1}", "[1,2]", "\x01\x02"}) {
    EXPECT_EQ(read_text(text).refused->code, "unknown format") << text;
  }
  ReadOptions options;
  options.format = "tape";
  EXPECT_EQ(read_text("<testsuites/>", options).refused->code, "unknown format");
}

TEST(Detect, TheNameOfAFormatOverridesTheContent) {
  ReadOptions options;
  options.format = "ctest";
  const ReadOutcome outcome =
      read_text("<testsuite><testcase name='a' classname='b' status='fail'/></testsuite>", options);
  ASSERT_TRUE(outcome.run);
  EXPECT_EQ(outcome.run->tool, "ctest");
  EXPECT_EQ(outcome.run->tests.at(0).outcome, "FAIL");
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

TEST(Packed, ReadsLikeTheFileItself) {
  for (const std::string name : {"gtest/main.xml", "go/calc.jsonl", "gtest/main.json", "hostile/utf16.xml"}) {
    const std::string bytes = read_sample(name);
    const std::string plain = to_json(read_text(bytes));
    EXPECT_EQ(to_json(read_text(gzip(bytes))), plain) << name;
    EXPECT_EQ(to_json(read_text(zstd(bytes))), plain) << name;
    const std::size_t half = bytes.size() / 2;
    EXPECT_EQ(to_json(read_text(gzip(bytes.substr(0, half)) + gzip(bytes.substr(half)))), plain) << name;
    EXPECT_NE(read_text(gzip(bytes)).run->digest, read_text(bytes).run->digest);
  }
}

TEST(Packed, CutOffIsIncomplete) {
  const std::string bytes = read_sample("gtest/main.xml");
  for (const std::string& packed : {gzip(bytes), zstd(bytes)}) {
    for (std::size_t size = packed.size() / 2; size < packed.size(); size += 97) {
      const ReadOutcome outcome = read_text(std::string_view(packed).substr(0, size));
      EXPECT_TRUE(outcome.refused || outcome.run->incomplete) << size;
    }
  }
}

TEST(Packed, RefusesDamageAndBombs) {
  std::string damaged = gzip(read_sample("gtest/main.xml"));
  damaged[damaged.size() / 2] ^= 0x55;
  EXPECT_TRUE(read_text(damaged).refused);
  const std::string bomb = "<testsuites>" + std::string(20 << 20, ' ') + "</testsuites>";
  EXPECT_EQ(read_text(gzip(bomb)).refused->code, "too large");
  EXPECT_EQ(read_text(zstd(bomb)).refused->code, "too large");
  ReadOptions options;
  options.max_bytes = 1000;
  EXPECT_EQ(read_text(read_sample("gtest/main.xml"), options).refused->code, "too large");
}

TEST(Read, StrictRefusesTruncation) {
  ReadOptions options;
  options.strict = true;
  EXPECT_EQ(read_text(read_sample("gtest/truncated.xml"), options).refused->code, "not well-formed");
  EXPECT_TRUE(read_text(read_sample("gtest/main.xml"), options).run);
}

TEST(Read, ErrorsNameFileAndLine) {
  ReadOptions options;
  options.path = "out/results.xml";
  const ReadOutcome outcome = read_text("<testsuites>\n<testsuite>\n</testsuites>", options);
  ASSERT_TRUE(outcome.refused);
  EXPECT_EQ(outcome.refused->error.context, "out/results.xml:3");
}

TEST(Read, MakesPathsRelativeToTheRoot) {
  ReadOptions options;
  options.root = "/home/ci/project";
  const ReadOutcome outcome = read_text(
      "<testsuites><testcase classname='/home/ci/project/a.py' name='t' "
      "file='/home/ci/project/a.py'/></testsuites>",
      options);
  EXPECT_EQ(outcome.run->tests.at(0).name, "a.py.t");
  EXPECT_EQ(outcome.run->tests.at(0).file, "a.py");
}

TEST(Read, AllowsEmptyFilesOnRequest) {
  const std::string bytes = "<testsuites tests='0'/>";
  EXPECT_EQ(read_text(bytes).run->warnings.at(0).code, "zero_tests");
  ReadOptions options;
  options.allow_empty = true;
  EXPECT_TRUE(read_text(bytes, options).run->warnings.empty());
}

}  // namespace
}  // namespace resultsdb::formats
