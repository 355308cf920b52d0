// Every sample gives its expected file, whole; cut, it never gives a pass that the whole file does not have.
#include "formats/samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

namespace resultsdb::formats {
namespace {

namespace bj = boost::json;

std::string word(const bj::object& object, std::string_view key) {
  const bj::value* value = object.if_contains({key.data(), key.size()});
  return value != nullptr && !value->is_null() ? bj::serialize(*value) : std::string();
}

/// An object without its order.
std::map<std::string, std::string> members(const bj::value& object) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : object.as_object()) out[std::string(key)] = bj::serialize(value);
  return out;
}

/// What must be equal exactly, one line a test.
std::string essence(const bj::object& test) {
  std::string out = word(test, "name") + " " + word(test, "outcome") + "/" + word(test, "expected");
  for (const char* key : {"container", "skip_kind", "message", "metrics"}) out += " " + word(test, key);
  for (const bj::value& attempt : test.at("attempts").as_array()) {
    out += " [" + word(attempt.as_object(), "outcome") + " " + word(attempt.as_object(), "kind") + "]";
  }
  return out;
}

std::multiset<std::string> essences(const bj::value& run) {
  std::multiset<std::string> out;
  for (const bj::value& test : run.at("tests").as_array()) out.insert(essence(test.as_object()));
  return out;
}

void expect_same_duration(const bj::value& is, const bj::value& wanted, const std::string& name) {
  ASSERT_EQ(is.is_null(), wanted.is_null()) << name;
  if (wanted.is_null()) return;
  EXPECT_NEAR(is.to_number<double>(), wanted.to_number<double>(), 0.01) << name;
}

void expect_same_details(const bj::object& is, const bj::object& wanted) {
  const std::string name = word(wanted, "name");
  expect_same_duration(is.at("duration_ms"), wanted.at("duration_ms"), name);
  if (wanted.contains("properties")) {
    EXPECT_EQ(word(is, "properties"), word(wanted, "properties")) << name;
  }
  const bj::array &attempts = is.at("attempts").as_array(),
                  &wanted_attempts = wanted.at("attempts").as_array();
  ASSERT_EQ(attempts.size(), wanted_attempts.size()) << name;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    expect_same_duration(attempts[i].at("duration_ms"), wanted_attempts[i].at("duration_ms"),
                         name + " attempt");
  }
}

std::map<std::string, const bj::object*> by_name(const bj::value& run) {
  std::map<std::string, const bj::object*> out;
  for (const bj::value& test : run.at("tests").as_array())
    out[word(test.as_object(), "name")] = &test.as_object();
  return out;
}

class Sample : public testing::TestWithParam<std::string> {
 protected:
  const std::string bytes_ = read_sample(GetParam());
  const ReadOptions options_ = sample_options(GetParam());
};

TEST_P(Sample, GivesItsExpectedFile) {
  const ReadOutcome outcome = read_text(bytes_, options_);
  ASSERT_NE(outcome.run.has_value(), outcome.refused.has_value());
  const bj::value is = bj::parse(to_json(outcome));
  const bj::value wanted = bj::parse(read_sample(GetParam() + ".expected.json"));
  EXPECT_EQ(members(is.at("counts")), members(wanted.at("counts")));
  for (const char* key : {"error", "incomplete", "warnings", "version"}) {
    EXPECT_EQ(word(is.as_object(), key), word(wanted.as_object(), key)) << key;
  }
  if (!outcome.refused) {
    EXPECT_EQ(word(is.as_object(), "tool"), word(wanted.as_object(), "tool"));
  }
  EXPECT_EQ(essences(is), essences(wanted));
  const auto tests = by_name(is);
  for (const auto& [name, test] : by_name(wanted)) {
    if (const auto found = tests.find(name); found != tests.end()) expect_same_details(*found->second, *test);
  }
}

/// Names that the whole file knows as passed, at least in one attempt.
std::set<std::string> passes(const ReadOutcome& outcome) {
  std::set<std::string> names;
  if (!outcome.run) return names;
  for (const ImportedTest& test : outcome.run->tests) {
    if (test.outcome == "PASS") names.insert(test.name);
    for (const Attempt& attempt : test.attempts) {
      if (attempt.outcome == "PASS") names.insert(test.name);
    }
  }
  return names;
}

TEST_P(Sample, CutAnywhereIsNoGreenRun) {
  // Large files are cut at fewer places, unless all are asked for.
  constexpr std::size_t kStep = 97, kLarge = 50'000;
  const bool all = std::getenv("RESULTSDB_ALL_CUTS") != nullptr;
  const std::size_t step = kStep * (all ? 1 : 1 + bytes_.size() / kLarge * 4);
  const ReadOutcome whole = read_text(bytes_, options_);
  const std::set<std::string> passed = passes(whole);
  for (std::size_t size = 0; size < bytes_.size(); size += step) {
    const ReadOutcome cut = read_text(std::string_view(bytes_).substr(0, size), options_);
    ASSERT_NE(cut.run.has_value(), cut.refused.has_value()) << size;
    if (!cut.run) continue;
    for (const ImportedTest& test : cut.run->tests) {
      EXPECT_TRUE(test.outcome != "PASS" || passed.contains(test.name)) << test.name << " cut at " << size;
    }
    // Only blanks were cut off, or the file is incomplete.
    EXPECT_TRUE(cut.run->incomplete || (whole.run && to_json(cut) == to_json(whole))) << "cut at " << size;
  }
}

TEST_P(Sample, TwiceIsOnce) {
  const ReadOutcome once = read_text(bytes_, options_);
  if (!once.run) return;
  ReadOutcome both;
  both.run = merge({*once.run, *once.run});
  EXPECT_EQ(to_json(both), to_json(once));
  EXPECT_EQ(both.run->digest, once.run->digest);
  EXPECT_EQ(once.run->digest.size(), 32u);
}

TEST_P(Sample, BecomesResults) {
  const ReadOutcome outcome = read_text(bytes_, options_);
  if (!outcome.run) return;
  ResultTable results;
  to_results(*outcome.run, results);
  EXPECT_EQ(results.size() + results.lost_size(), outcome.run->tests.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    const TestResult result = results[i];
    EXPECT_NE(result.actual, "NOTRUN") << result.test;
    EXPECT_LE(result.passes, result.tries);
    if (!result.detail.empty()) {
      EXPECT_TRUE(bj::parse({result.detail.data(), result.detail.size()}).is_object()) << result.detail;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Sample, testing::ValuesIn(sample_names()),
                         [](const auto& info) { return as_identifier(info.param); });

}  // namespace
}  // namespace resultsdb::formats
