// JUnit XML of the C++ frameworks and of CTest.
#include <algorithm>
#include <array>

#include "formats/junit_names.hpp"

namespace resultsdb::formats {
namespace {

// GoogleTest
// -------------------------------------------------------------------------------------------------

bool is_place(std::string_view line) {
  line = trim(line);
  if (line == "unknown file") return true;
  const std::size_t colon = line.rfind(':');
  return colon != std::string_view::npos && colon > 0 && parse_int(line.substr(colon + 1)).has_value();
}

void gtest_name(const JunitCase& junit, ImportedTest& test) {
  class_dot_name(junit, test);
  // A listing of tests names the class only in the suite.
  if (junit.classname().empty() && !test.name.empty()) test.name.insert(0, std::string(junit.suite()) + ".");
  test.container = test.name.empty();
  if (test.container) test.name = junit.suite();
}

std::string gtest_message(const JunitVerdict& verdict) {
  std::string_view rest = verdict.told(), first;
  while (next_line(rest, first) && trim(first).empty()) {
  }
  // Alone, a place is a skip without a reason; "no answer from localhost:80" is a message.
  const bool words = trim(rest).empty() && trim(first).find(' ') != std::string_view::npos;
  return is_place(first) && !words ? first_line(rest) : first_line(verdict.told());
}

/// A case without a failure passed only if its words say so (in small letters in XML, in capitals in JSON).
void gtest_words(JunitCase& junit, ImportedTest& test, RunBuilder& builder) {
  const std::string_view status = junit.attribute("status"), result = junit.attribute("result");
  if (status.empty() && result.empty()) {
    test.outcome = "NOTRUN";  // --gtest_list_tests writes the same file without them
    builder.warn("not_run", "nothing says that \"" + test.name + "\" ran: this may be a list of tests",
                 junit.line);
  } else if (same_word(status, "notrun") || same_word(result, "suppressed")) {
    test.outcome = "SKIP";
    test.skip_kind = "disabled";
    for (JunitSuite& suite : junit.suites) ++suite.disabled;
  } else if (same_word(result, "skipped")) {
    test.outcome = "SKIP";  // some versions say so only here
    test.skip_kind = "runtime";
  } else if (!result.empty() && !same_word(result, "completed")) {
    take_unknown_word("result", result, test);
  } else if (!status.empty() && !same_word(status, "run")) {
    take_unknown_word("status", status, test);
  }
}

void gtest_refine(JunitCase& junit, ImportedTest& test, RunBuilder& builder) {
  if (test.outcome == "PASS") {
    gtest_words(junit, test, builder);
  } else if (test.outcome == "SKIP" && test.message.empty()) {
    for (JunitSuite& suite : junit.suites) ++suite.skipped_without_reason;
  }
}

/// A failed SetUpTestSuite or environment leaves nothing but skips without a reason.
void gtest_suite_end(const JunitSuite& suite, RunBuilder& builder) {
  const int selected = suite.cases - suite.disabled;
  if (selected > 0 && suite.skipped_without_reason == selected) {
    builder.warn("set_up_suspected", "every test of suite \"" + suite.name +
                                         "\" was skipped without a reason: its set-up may have failed");
  }
}

// Catch2
// -----------------------------------------------------------------------------------------------------

std::string_view signal_is_crash(const JunitVerdict& verdict) {
  return verdict.tag == "error" && tells_signal(verdict.text) ? "CRASH" : "";
}

std::string catch2_message(const JunitVerdict& verdict) {
  std::string_view rest = verdict.told(), line;
  while (next_line(rest, line)) {
    const std::string_view text = trim(line);
    if (!text.empty() && text != "FAILED:" && text != "SKIPPED") return first_line(text);
  }
  return {};
}

void catch2_refine(JunitCase& junit, ImportedTest& test, RunBuilder&) {
  const JunitVerdict* skipped = junit.verdict("skipped");
  if (skipped != nullptr && skipped->message == "TEST_CASE tagged with !mayfail" && junit.failed()) {
    test.expected = "FAIL";
  }
}

/// A section that fails makes the sections around it fail, which are written as passed.
void catch2_finish(RunBuilder& builder) {
  for (std::size_t i = 0; i < builder.tests().size(); ++i) {
    const std::string name = builder.tests()[i].name, outcome = builder.tests()[i].outcome;
    if (!is_failure(outcome)) continue;
    for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      ImportedTest* outer = builder.find(std::string_view(name).substr(0, slash));
      if (outer == nullptr || severity(outer->outcome) >= severity(outcome)) continue;
      outer->outcome = outcome;
      outer->expected = builder.tests()[i].expected;
      outer->skip_kind.clear();
    }
  }
}

// doctest
// ----------------------------------------------------------------------------------------------------

void doctest_name(const JunitCase& junit, ImportedTest& test) {
  const std::string_view file = junit.classname();
  test.name = junit.name();
  if (!test.name.empty() && !file.empty()) {
    test.name.insert(0, std::string(file.substr(file.find_last_of("/\\") + 1)) + "::");
  }
}

std::string_view doctest_outcome(const JunitVerdict& verdict) {
  if (verdict.tag != "error") return {};
  if (verdict.message == "timeout") return "TIMEOUT";
  if (verdict.message == "should_fail") return "FAIL";
  return signal_is_crash(verdict);
}

std::string doctest_message(const JunitVerdict& verdict) {
  return first_line(verdict.tag == "error" && !trim(verdict.text).empty() ? verdict.text : verdict.told());
}

// Boost.Test
// -------------------------------------------------------------------------------------------------

void boost_name(const JunitCase& junit, ImportedTest& test) {
  test.name = junit.classname();
  std::replace(test.name.begin(), test.name.end(), '.', '/');
  if (junit.name().empty()) test.name.clear();
  if (!test.name.empty()) test.name += '/';
  test.name += junit.name();
}

std::string_view boost_outcome(const JunitVerdict& verdict) {
  if (verdict.tag != "error") return {};
  if (verdict.type == "execution timeout") return "TIMEOUT";
  return verdict.type == "system fatal error" ? "CRASH" : "ERROR";
}

std::string boost_message(const JunitVerdict& verdict) {
  const bool error = verdict.tag == "error";
  std::string_view rest = verdict.text, line;
  while (next_line(rest, line)) {
    if (error && line.starts_with("EXCEPTION STACK TRACE: ---")) return first_line(rest);
    if (const auto message = after(line, "- message: "); message && !error) return first_line(*message);
  }
  return verdict.tag == "skipped" ? std::string() : first_line(verdict.told());
}

/// The reason at the end of the chain of decisions that the output of a skipped test holds.
std::string boost_skip_reason(std::string_view output) {
  constexpr std::string_view kReason = "- reason: '";
  const std::size_t at = output.rfind(kReason);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = output.substr(at + kReason.size());
  return std::string(rest.substr(0, rest.rfind('\'')));
}

void boost_refine(JunitCase& junit, ImportedTest& test, RunBuilder&) {
  if (test.outcome == "SKIP") {
    test.message = boost_skip_reason(junit.output);
    const bool disabled = test.message == "disabled";
    test.outcome = disabled ? "SKIP" : "NOTRUN";
    test.skip_kind = disabled ? "disabled" : "";
  } else if (test.outcome == "FAIL" && junit.complete &&
             !trim(junit.error_output).starts_with("Failures detected in:")) {
    test.expected = "FAIL";
  }
}

// CTest
// ------------------------------------------------------------------------------------------------------

void ctest_refine(JunitCase& junit, ImportedTest& test, RunBuilder&) {
  const std::string_view status = junit.attribute("status");
  if (status == "fail" && !is_failure(test.outcome)) test.outcome = "FAIL";
  const bool disabled = status == "disabled" || (status == "notrun" && test.message == "Disabled");
  const bool known = status.empty() || status == "run" || status == "notrun" || disabled;
  if (test.outcome == "PASS" && !known) {
    take_unknown_word("status", status, test);
  } else if (disabled) {
    test.outcome = "SKIP";
    test.skip_kind = "disabled";
  } else if (status == "notrun") {
    const bool skipped =
        test.message.starts_with("SKIP_RETURN_CODE=") || test.message == "SKIP_REGULAR_EXPRESSION_MATCHED";
    const bool precluded = test.message == "Fixture dependency failed";
    test.outcome = skipped ? "SKIP" : precluded ? "NOTRUN" : "ERROR";
    test.skip_kind = skipped ? "runtime" : "";
  }
}

constexpr std::array<JunitDialect, 5> kDialects = {{
    {.tool = "gtest",
     .name = gtest_name,
     .message = gtest_message,
     .refine = gtest_refine,
     .suite_end = gtest_suite_end},
    {.tool = "catch2",
     .name = plain_name,
     .outcome = signal_is_crash,
     .message = catch2_message,
     .refine = catch2_refine,
     .finish = catch2_finish,
     .counts_tests = false,
     .crash_aborts = true,
     .unsettled = Unsettled::Ancestors},
    {.tool = "doctest",
     .name = doctest_name,
     .outcome = doctest_outcome,
     .message = doctest_message,
     .counts_tests = false,
     .crash_aborts = true},
    {.tool = "boost",
     .name = boost_name,
     .outcome = boost_outcome,
     .message = boost_message,
     .refine = boost_refine,
     .counts_tests = false,
     .crash_aborts = true},
    {.tool = "ctest", .name = plain_name, .refine = ctest_refine},
}};

}  // namespace

void take_unknown_word(std::string_view attribute, std::string_view word, ImportedTest& test) {
  constexpr std::size_t kWordBytes = 64;
  const bool plain = !word.empty() && word.size() <= kWordBytes &&
                     std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c < 0x7F; });
  test.outcome = plain ? word : "ERROR";
  test.message = std::string(attribute) + "=\"" + canonical_name(word) + "\" is no word of this format";
}

bool tells_signal(std::string_view text) {
  std::string_view line;
  while (next_line(text, line)) {
    line = trim(line);
    const std::size_t end = line.find(" - ");
    if (end == std::string_view::npos || end < 4 || !line.starts_with("SIG")) continue;
    if (std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(end),
                    [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); })) {
      return true;
    }
  }
  return false;
}

std::span<const JunitDialect> native_dialects() noexcept { return kDialects; }

}  // namespace resultsdb::formats
