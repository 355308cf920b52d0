#include "formats/run_builder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "formats/text.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::formats {
namespace {

/// Warnings that say that tests may be missing.
constexpr std::array<std::string_view, 7> kIncomplete = {"truncated", "aborted", "plan_mismatch", "no_plan",
                                                         "bail_out",  "not_run", "nameless_test"};

void append_attempts(ImportedTest& report, AttemptKind kind, std::vector<Attempt>& attempts) {
  if (report.attempts.empty()) {
    attempts.push_back({report.outcome, report.duration_ms, kind, report.message});
    return;
  }
  for (Attempt& attempt : report.attempts) attempts.push_back(std::move(attempt));
}

/// The report that decides: its outcome and its message are the test's.
std::size_t deciding_report(const std::vector<ImportedTest>& reports, AttemptKind kind) {
  if (kind == AttemptKind::Retry) return reports.size() - 1;
  const auto by_severity = [](const ImportedTest& a, const ImportedTest& b) {
    return severity(a.outcome) < severity(b.outcome);
  };
  if (kind == AttemptKind::Phase && reports.front().outcome == "FAIL") return 0;
  return static_cast<std::size_t>(std::max_element(reports.begin(), reports.end(), by_severity) -
                                  reports.begin());
}

std::optional<double> total_duration(const std::vector<ImportedTest>& reports) {
  std::optional<double> total;
  for (const ImportedTest& report : reports) {
    if (report.duration_ms) total = total.value_or(0) + *report.duration_ms;
  }
  return total;
}

template <class T>
void move_append(std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// Texts of the store hold no U+0000.
void replace_nul(std::string& text) { replace_all(text, std::string_view("\0", 1), "\xEF\xBF\xBD"); }

constexpr std::string_view kTextCut = "a text is longer than 512 KiB; its first and last half were kept";

}  // namespace

Repetition always_duplicate(std::span<ImportedTest>) { return {AttemptKind::Duplicate, "duplicate_name"}; }

ImportedTest combine(std::vector<ImportedTest> reports, AttemptKind kind) {
  const std::size_t decides = deciding_report(reports, kind);
  const auto duration = kind == AttemptKind::Retry ? reports.back().duration_ms : total_duration(reports);
  std::vector<Attempt> attempts;
  for (ImportedTest& report : reports) append_attempts(report, kind, attempts);
  ImportedTest test = std::move(reports[decides]);
  test.attempts = std::move(attempts);
  test.duration_ms = duration;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (i == decides) continue;
    test.output += reports[i].output;
    test.error_output += reports[i].error_output;
    move_append(reports[i].properties, test.properties);
    move_append(reports[i].metrics, test.metrics);
    move_append(reports[i].attachments, test.attachments);
  }
  return test;
}

RunBuilder::RunBuilder(const ReadOptions& options, std::string tool, RepetitionRule rule)
    : options_(options), rule_(rule), names_(0, Hash{&run_.tests}, Equal{&run_.tests}) {
  run_.tool = std::move(tool);
}

void RunBuilder::warn(std::string_view code, std::string_view text, std::uint64_t line) {
  if (std::find(kIncomplete.begin(), kIncomplete.end(), code) != kIncomplete.end()) run_.incomplete = true;
  const std::string_view key = code == "limit" ? text.substr(0, text.find(": ")) : code;
  const auto [told, first] = told_.try_emplace(std::string(key), run_.warnings.size());
  if (first) {
    run_.warnings.push_back({std::string(code), std::string(cut_utf8(text, kMessageBytes)), line});
    more_.push_back(0);
  } else {
    ++more_[told->second];
  }
}

std::string RunBuilder::take_text(BoundedText& text, std::uint64_t line) {
  bool was_cut = false;
  std::string taken = text.take(was_cut);
  if (was_cut) warn("limit", kTextCut, line);
  return taken;
}

void RunBuilder::keep_attribute(std::string_view key, std::string_view value) {
  std::pair<std::string, std::string> entry(key.empty() ? "property" : key, value);
  for (std::string* text : {&entry.first, &entry.second}) replace_nul(*text);
  const auto cut = [&](std::string& text, std::size_t limit, std::string_view reason) {
    if (text.size() <= limit) return;
    text = cut_utf8(text, limit);
    warn("limit", std::string(reason) + ": \"" + entry.first + "\"");
  };
  cut(entry.first, kMessageBytes, "the name of a suite's property is longer than 1,024 bytes and was cut");
  cut(entry.second, kPropertyBytes, "a property of a suite is longer than 64 KiB and was cut");
  if (std::find(run_.attributes.begin(), run_.attributes.end(), entry) != run_.attributes.end()) return;
  if (run_.attributes.size() < limits::kAttributes) {
    run_.attributes.push_back(std::move(entry));
  } else {
    warn("limit", "the suites have more than 256 properties; dropped: \"" + entry.first + "\"");
  }
}

std::optional<Time> RunBuilder::read_time(std::string_view stamp) const {
  if (const auto time = parse_rfc3339(stamp)) return time.value();
  const auto clock = parse_rfc3339(std::string(stamp) + 'Z');
  if (!clock || !options_.time_zone) return std::nullopt;
  const Time time = options_.time_zone(clock.value());
  return is_valid_time(time) ? std::optional(time) : std::nullopt;
}

void RunBuilder::refuse(std::string code, std::string message, std::uint64_t line) {
  if (!refusal_) refusal_ = Refusal{std::move(code), std::move(message), line};
}

std::string RunBuilder::make_relative(std::string text) const {
  if (options_.root.empty()) return text;
  std::string prefix = options_.root;
  if (!prefix.ends_with('/')) prefix += '/';
  replace_all(text, prefix, "");
  return text;
}

ImportedTest* RunBuilder::find(std::string_view name) {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &run_.tests[*found];
}

void RunBuilder::warn_of_limit(std::string_view reason, const ImportedTest& test, std::uint64_t line) {
  warn("limit", std::string(reason) + ": test \"" + test.name + "\"", line);
}

void RunBuilder::limit_texts(ImportedTest& test, std::uint64_t line) {
  for (std::string* text : {&test.message, &test.detail, &test.output, &test.error_output}) {
    replace_nul(*text);
  }
  const auto cut_message = [&](std::string& message) {
    if (message.size() <= kMessageBytes) return;
    message = cut_utf8(message, kMessageBytes);
    warn_of_limit("a message is longer than 1,024 bytes and was cut", test, line);
  };
  cut_message(test.message);
  for (Attempt& attempt : test.attempts) cut_message(attempt.message);
  for (std::string* text : {&test.detail, &test.output, &test.error_output}) {
    if (text->size() <= kTextBytes) continue;
    BoundedText bounded(kTextBytes);
    bounded.append(*text);
    *text = take_text(bounded, line);
  }
}

void RunBuilder::limit_properties(ImportedTest& test, std::uint64_t line) {
  std::size_t bytes = 0, kept = 0;
  for (auto& [key, value] : test.properties) {
    replace_nul(key);
    replace_nul(value);
    if (key.size() > kMessageBytes || value.size() > kPropertyBytes) {
      key = cut_utf8(key, kMessageBytes);
      value = cut_utf8(value, kPropertyBytes);
      warn_of_limit(
          "a property is longer than 64 KiB, or its name than 1,024 bytes, and was cut: \"" + key + "\" of",
          test, line);
    }
    bytes += key.size() + value.size();
    if (kept == kProperties || bytes > kPropertiesBytes) break;
    ++kept;
  }
  if (kept < test.properties.size()) {
    warn_of_limit("a test has more than 256 properties or 1 MiB of them; dropped: \"" +
                      test.properties[kept].first + "\" and what follows of",
                  test, line);
    test.properties.resize(kept);
  }
  for (std::string& path : test.attachments) path = cut_utf8(path, limits::kNameBytes);
  if (test.attachments.size() > kProperties) {
    test.attachments.resize(kProperties);
    warn_of_limit("a test has more than 256 attachments; the rest was dropped", test, line);
  }
  if (test.file.size() > limits::kNameBytes) test.file.clear();
}

/// Keeps the output of a file within bounds; the output of failing tests pushes out that of others.
void RunBuilder::count_output(ImportedTest& test, std::uint64_t line) {
  const auto bytes = [](const ImportedTest& t) { return t.output.size() + t.error_output.size(); };
  const auto drop = [](ImportedTest& t) { t.output = {}, t.error_output = {}; };
  output_bytes_ += bytes(test);
  if (output_bytes_ <= kFileOutputBytes) return;
  warn("limit", "the tests have more than 64 MiB of output; that of failing tests was kept first", line);
  for (; is_failure(test.outcome) && output_bytes_ > kFileOutputBytes && evicted_ < run_.tests.size();
       ++evicted_) {
    ImportedTest& other = run_.tests[evicted_];
    if (is_failure(other.outcome)) continue;
    output_bytes_ -= bytes(other);
    drop(other);
  }
  if (output_bytes_ <= kFileOutputBytes) return;
  output_bytes_ -= bytes(test);
  drop(test);
}

void RunBuilder::add(ImportedTest test, std::uint64_t line) {
  if (refusal_) return;
  test.name = canonical_name(make_relative(std::move(test.name)));
  test.file = make_relative(std::move(test.file));
  if (test.name.empty()) {
    warn("nameless_test", "a test without a name was dropped", line);
    return;
  }
  if (test.name.size() > limits::kNameBytes) {
    refuse("name too long",
           "a test's name has " + std::to_string(test.name.size()) +
               " bytes, at most 4,096 are possible: \"" + std::string(cut_utf8(test.name, 80)) + "…\"",
           line);
    return;
  }
  if (++reports_ > limits::kTestsPerRun) {
    refuse("too large", "more than 5,000,000 tests; split the file", line);
    return;
  }
  if (test.container && test.outcome == "PASS") return;
  if (test.container && is_failure(test.outcome)) {
    if (test.outcome == "FAIL") test.outcome = "ERROR";
    warn("suite_failure", "\"" + test.name + "\" failed outside of a test", line);
  }
  limit_texts(test, line);
  limit_properties(test, line);
  count_output(test, line);
  if (const auto known = names_.find(std::string_view(test.name)); known != names_.end()) {
    last_ = *known;
    repeated_[*known].push_back(std::move(test));
    return;
  }
  run_.tests.push_back(std::move(test));
  last_ = run_.tests.size() - 1;
  names_.insert(static_cast<std::uint32_t>(run_.tests.size() - 1));
}

void RunBuilder::settle() {
  for (auto& [index, reports] : repeated_) {
    reports.insert(reports.begin(), std::move(run_.tests[index]));
    const std::string name = reports.front().name;
    const Repetition repetition = rule_(reports);
    if (!repetition.warning.empty()) {
      warn(repetition.warning, "\"" + name + "\" is reported " + std::to_string(reports.size()) + " times");
    }
    run_.tests[index] = combine(std::move(reports), repetition.kind);
    limit_texts(run_.tests[index], 0);
    limit_properties(run_.tests[index], 0);
    if (run_.tests[index].attempts.size() > kAttempts) {
      warn_of_limit("a test has more than 1,000 attempts; the first are kept in its detail",
                    run_.tests[index], 0);
    }
  }
  repeated_.clear();
}

ImportedRun RunBuilder::finish(bool allow_empty) {
  settle();
  if (run_.tests.empty() && !run_.incomplete && !allow_empty) {
    warn("zero_tests", "the file holds no test");
  }
  for (std::size_t i = 0; i < more_.size(); ++i) {
    if (more_[i] > 0) run_.warnings[i].text += " (and " + std::to_string(more_[i]) + " more)";
  }
  return std::move(run_);
}

}  // namespace resultsdb::formats
