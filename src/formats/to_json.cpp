// The shape of the expected files: one member a line, indented by one blank, as a person compares them.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "formats/text.hpp"
#include "resultsdb/formats.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::formats {
namespace {

/// Writes members and elements with their indentation and commas.
class Writer {
 public:
  void open(char bracket) {
    out_ += bracket;
    empty_ = true;
    ++depth_;
  }
  void close(char bracket) {
    --depth_;
    if (!empty_) line();
    out_ += bracket;
    empty_ = false;
  }
  void item() {
    if (!empty_) out_ += ',';
    empty_ = false;
    line();
  }
  void key(std::string_view name) {
    item();
    json::append_string(out_, name);
    out_ += ": ";
  }
  void text(std::string_view value) { json::append_string(out_, value); }
  void text_or_null(std::string_view value) { value.empty() ? raw("null") : text(value); }
  void raw(std::string_view value) { out_ += value; }
  void number(double value) { json::append_number(out_, value); }
  void milliseconds(const std::optional<double>& value) {
    value ? number(std::round(*value * 1000) / 1000) : raw("null");
  }
  std::string take() { return std::move(out_) + "\n"; }

 private:
  void line() { out_.append("\n").append(depth_, ' '); }
  std::string out_;
  std::size_t depth_ = 0;
  bool empty_ = true;
};

void write_attempts(Writer& writer, const std::vector<Attempt>& attempts) {
  writer.key("attempts");
  writer.open('[');
  for (const Attempt& attempt : attempts) {
    writer.item();
    writer.open('{');
    writer.key("outcome");
    writer.text(attempt.outcome);
    writer.key("duration_ms");
    writer.milliseconds(attempt.duration_ms);
    writer.key("kind");
    writer.text(to_string(attempt.kind));
    writer.close('}');
  }
  writer.close(']');
}

void write_extras(Writer& writer, const ImportedTest& test) {
  if (!test.properties.empty()) {
    writer.key("properties");
    writer.open('[');
    for (const auto& [key, value] : test.properties) {
      writer.item();
      writer.open('[');
      writer.item();
      writer.text(key);
      writer.item();
      writer.text(value);
      writer.close(']');
    }
    writer.close(']');
  }
  if (!test.metrics.empty()) {
    writer.key("metrics");
    writer.open('{');
    for (const auto& [key, value] : test.metrics) {
      writer.key(key);
      writer.number(value);
    }
    writer.close('}');
  }
  if (!test.skip_kind.empty()) {
    writer.key("skip_kind");
    writer.text(test.skip_kind);
  }
  if (test.container) {
    writer.key("container");
    writer.raw("true");
  }
}

void write_test(Writer& writer, const ImportedTest& test) {
  writer.item();
  writer.open('{');
  writer.key("name");
  writer.text(test.name);
  writer.key("outcome");
  writer.text(test.outcome);
  writer.key("expected");
  writer.text(test.expected);
  writer.key("duration_ms");
  writer.milliseconds(test.duration_ms);
  write_attempts(writer, test.attempts);
  writer.key("message");
  writer.text_or_null(test.message);
  write_extras(writer, test);
  writer.close('}');
}

bool is_unexpected(const ImportedTest& test) {
  if (test.outcome == "SKIP") return false;
  return !contains(" " + test.expected + " ", " " + test.outcome + " ");
}

/// A retry that passed in the end, or repetitions that differ.
bool is_flaky(const ImportedTest& test) {
  if (test.attempts.empty()) return false;
  const auto differs = [&](const Attempt& attempt) {
    return attempt.outcome != test.attempts.back().outcome;
  };
  if (!std::any_of(test.attempts.begin(), test.attempts.end(), differs)) return false;
  const AttemptKind kind = test.attempts.front().kind;
  return kind == AttemptKind::Repeat || (kind == AttemptKind::Retry && test.outcome == "PASS");
}

void write_counts(Writer& writer, const std::vector<ImportedTest>& tests) {
  std::map<std::string, std::size_t> outcomes;
  std::size_t unexpected = 0, flaky = 0;
  for (const ImportedTest& test : tests) {
    ++outcomes[test.outcome];
    unexpected += is_unexpected(test);
    flaky += is_flaky(test);
  }
  const auto count = [&](std::string_view name, std::size_t value) {
    writer.key(name);
    writer.raw(std::to_string(value));
  };
  writer.key("counts");
  writer.open('{');
  count("total", tests.size());
  for (const auto& [outcome, value] : outcomes) count(outcome, value);
  count("unexpected", unexpected);
  count("flaky", flaky);
  writer.close('}');
}

}  // namespace

std::string_view to_string(AttemptKind kind) noexcept {
  switch (kind) {
    case AttemptKind::Retry:
      return "retry";
    case AttemptKind::Repeat:
      return "repeat";
    case AttemptKind::Phase:
      return "phase";
    case AttemptKind::Subtest:
      return "subtest";
    case AttemptKind::Duplicate:
      return "duplicate";
  }
  return "";
}

std::string to_json(const ReadOutcome& outcome) {
  static const ImportedRun kNothing;
  const ImportedRun& run = outcome.run ? *outcome.run : kNothing;
  Writer writer;
  writer.open('{');
  writer.key("tool");
  writer.text_or_null(run.tool);
  writer.key("version");
  writer.text_or_null(run.version);
  writer.key("tests");
  writer.open('[');
  for (const ImportedTest& test : run.tests) write_test(writer, test);
  writer.close(']');
  write_counts(writer, run.tests);
  writer.key("incomplete");
  writer.raw(run.incomplete || outcome.refused ? "true" : "false");
  writer.key("warnings");
  writer.open('[');
  std::set<std::string_view> codes;
  for (const Warning& warning : run.warnings) codes.insert(warning.code);
  for (const std::string_view code : codes) {
    writer.item();
    writer.text(code);
  }
  writer.close(']');
  if (outcome.refused) {
    writer.key("error");
    writer.text(outcome.refused->code);
  }
  writer.close('}');
  return writer.take();
}

}  // namespace resultsdb::formats
