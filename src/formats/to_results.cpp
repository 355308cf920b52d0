#include <cmath>

#include "formats/run_builder.hpp"
#include "formats/text.hpp"
#include "resultsdb/formats.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::formats {
namespace {

/// A JSON object that grows member by member, without blanks.
class Object {
 public:
  std::string& member(std::string_view key) {
    out_ += out_.empty() ? '{' : ',';
    json::append_string(out_, key);
    out_ += ':';
    return out_;
  }
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) json::append_string(member(key), value);
  }
  std::string take() { return out_.empty() ? std::string() : std::move(out_) + "}"; }

 private:
  std::string out_;
};

std::string attempt_json(const Attempt& attempt) {
  Object object;
  object.text("outcome", attempt.outcome);
  if (attempt.duration_ms) json::append_number(object.member("duration_ms"), *attempt.duration_ms);
  object.text("kind", to_string(attempt.kind));
  object.text("message", attempt.message);
  return object.take();
}

/// `[a,b,…]` of what `append` writes for each element.
template <class Range, class Append>
void append_array(std::string& out, const Range& range, Append append) {
  out += '[';
  std::size_t count = 0;
  for (const auto& element : range) {
    if (count == kAttempts) break;
    if (count++ > 0) out += ',';
    append(out, element);
  }
  out += ']';
}

void append_pair(std::string& out, const std::pair<std::string, std::string>& pair) {
  out += '[';
  json::append_string(out, pair.first);
  out += ',';
  json::append_string(out, pair.second);
  out += ']';
}

bool is_plain_pass(const ImportedTest& test) {
  return test.outcome == "PASS" && test.expected == "PASS" && test.attempts.empty() && test.message.empty() &&
         test.detail.empty() && test.output.empty() && test.error_output.empty() && test.properties.empty() &&
         test.metrics.empty() && test.attachments.empty() && !test.container;
}

std::string detail_json(const ImportedTest& test) {
  if (is_plain_pass(test)) return {};
  Object object;
  object.text("message", test.message);
  object.text("text", test.detail);
  if (!test.attempts.empty()) {
    append_array(object.member("attempts"), test.attempts,
                 [](std::string& out, const Attempt& attempt) { out += attempt_json(attempt); });
  }
  object.text("output", test.output);
  object.text("error_output", test.error_output);
  if (!test.properties.empty()) append_array(object.member("properties"), test.properties, append_pair);
  if (!test.metrics.empty()) {
    Object metrics;
    for (const auto& [key, value] : test.metrics) json::append_number(metrics.member(key), value);
    object.member("metrics") += metrics.take();
  }
  if (!test.attachments.empty()) {
    append_array(object.member("attachments"), test.attachments,
                 [](std::string& out, const std::string& path) { json::append_string(out, path); });
  }
  object.text("file", test.file);
  if (test.line) json::append_number(object.member("line"), std::int64_t{*test.line});
  object.text("skip_kind", test.skip_kind);
  if (test.container) object.member("container") += "true";
  return object.take();
}

/// Only what ran again counts as a try; parts of a test and tests of one name do not.
void count_tries(const ImportedTest& test, TestResult& result) {
  for (const Attempt& attempt : test.attempts) {
    if (attempt.kind != AttemptKind::Retry && attempt.kind != AttemptKind::Repeat) continue;
    ++result.tries;
    result.passes += attempt.outcome == "PASS";
  }
}

}  // namespace

void to_results(const ImportedRun& run, ResultTable& results) {
  for (const ImportedTest& test : run.tests) {
    if (test.outcome == "NOTRUN") {
      results.add_lost(test.name);
      continue;
    }
    const std::string detail = detail_json(test);
    TestResult result;
    result.test = test.name;
    result.expected = test.expected;
    result.actual = test.outcome;
    if (test.duration_ms) result.duration = Duration(std::llround(*test.duration_ms * 1000));
    count_tries(test, result);
    result.detail = detail;
    results.add(result);
  }
}

}  // namespace resultsdb::formats
