// JUnit XML of the JavaScript tools.
#include <algorithm>
#include <array>

#include "formats/junit_names.hpp"

namespace resultsdb::formats {
namespace {

constexpr std::string_view kTitleMark = " \xE2\x80\xBA ";  // U+203A

// jest-junit, Vitest, Mocha
// ----------------------------------------------------------------------------------

void jest_name(const JunitCase& junit, ImportedTest& test) {
  test.container = junit.classname() == "Test suite failed to run";
  if (junit.name().empty()) return;
  const bool alone = test.container || junit.classname() == junit.name();
  test.name = join_titles({alone ? std::string_view() : junit.classname(), junit.name()});
  replace_all(test.name, kTitleMark, " > ");
}

void vitest_name(const JunitCase& junit, ImportedTest& test) {
  test.container = !junit.name().empty() && junit.classname() == junit.name();
  if (!junit.name().empty()) test.name = join_titles({test.container ? "" : junit.classname(), junit.name()});
}

bool is_mocha_hook(std::string_view title) {
  constexpr std::array<std::string_view, 4> kHooks = {"\"before all\" hook", "\"after all\" hook",
                                                      "\"before each\" hook", "\"after each\" hook"};
  return std::any_of(kHooks.begin(), kHooks.end(),
                     [&](std::string_view hook) { return contains(title, hook); });
}

void mocha_xunit_name(const JunitCase& junit, ImportedTest& test) {
  test.container = is_mocha_hook(junit.name());
  if (!junit.name().empty()) test.name = join_titles({junit.classname(), junit.name()});
}

void mocha_junit_name(const JunitCase& junit, ImportedTest& test) {
  test.container = is_mocha_hook(junit.name());
  test.name = junit.name();
}

// Playwright
// -------------------------------------------------------------------------------------------------

/// The project in front of a name, `[desktop] adds`; empty if there is none.
std::string_view playwright_project(std::string_view name) {
  const std::size_t end = name.starts_with('[') ? name.find("] ") : std::string_view::npos;
  return end == std::string_view::npos ? std::string_view() : name.substr(1, end - 1);
}

void playwright_name(const JunitCase& junit, ImportedTest& test) {
  std::string_view name = junit.name();
  if (name.empty()) return;
  if (const auto project = playwright_project(name); !project.empty()) name.remove_prefix(project.size() + 3);
  test.name = join_titles({junit.classname(), name});
  replace_all(test.name, kTitleMark, " > ");
}

std::string_view playwright_outcome(const JunitVerdict& verdict) {
  if (verdict.says("worker process exited unexpectedly")) return "CRASH";
  return verdict.says("Test timeout of *ms exceeded") ? "TIMEOUT" : "FAIL";
}

void playwright_refine(JunitCase& junit, ImportedTest& test, RunBuilder& builder) {
  if (const auto project = playwright_project(junit.name()); !project.empty()) {
    builder.keep_attribute("project", project);
  }
  if (!junit.has_property("fail") || test.outcome == "SKIP") return;
  const JunitVerdict* failure = junit.verdict("failure");
  if (!junit.failed()) {
    expect_failure(test, "FAIL");
  } else if (failure != nullptr && failure->type == "FAILURE") {
    expect_failure(test, "PASS");
  }
}

// node:test
// --------------------------------------------------------------------------------------------------

void node_name(const JunitCase& junit, ImportedTest& test) {
  if (junit.name().empty()) return;
  for (const JunitSuite& suite : junit.suites) test.name = join_titles({test.name, suite.name});
  test.name = join_titles({test.name, junit.name()});
  replace_all(test.name, "&quot;", "\"");
}

std::string_view node_outcome(const JunitVerdict& verdict) {
  if (verdict.type == "testTimeoutFailure") return "TIMEOUT";
  return verdict.type == "cancelledByParent" ? "NOTRUN" : "";
}

void node_refine(JunitCase& junit, ImportedTest& test, RunBuilder&) {
  const JunitVerdict* skipped = junit.verdict("skipped");
  if (skipped == nullptr) return;
  if (skipped->type == "todo") expect_failure(test, junit.failed() ? "FAIL" : "PASS");
  // `skip: true` has no reason; the reporter writes the value.
  if (!junit.failed() && test.message == "true") test.message.clear();
}

constexpr std::array<Phrase, 2> kJestPhrases = {
    {{"Exceeded timeout of * ms", "TIMEOUT"}, {"signal: 'SIG", "CRASH"}}};
constexpr std::array<Phrase, 1> kVitestPhrases = {{{"Test timed out in *ms", "TIMEOUT"}}};
constexpr std::array<Phrase, 1> kMochaPhrases = {{{"Timeout of *ms exceeded", "TIMEOUT"}}};
constexpr std::array<Phrase, 1> kNodePhrases = {{{"signal: 'SIG", "CRASH"}}};

constexpr std::array<JunitDialect, 6> kDialects = {{
    {.tool = "jest-junit", .name = jest_name, .phrases = kJestPhrases, .skip_kind = "unknown"},
    {.tool = "vitest", .name = vitest_name, .phrases = kVitestPhrases, .skip_kind = "unknown"},
    {.tool = "mocha-xunit", .name = mocha_xunit_name, .phrases = kMochaPhrases, .skip_kind = "unknown"},
    {.tool = "mocha-junit", .name = mocha_junit_name, .phrases = kMochaPhrases, .skip_kind = "unknown"},
    {.tool = "playwright",
     .name = playwright_name,
     .outcome = playwright_outcome,
     .refine = playwright_refine,
     .rerun_first = true},
    {.tool = "node",
     .name = node_name,
     .outcome = node_outcome,
     .refine = node_refine,
     .phrases = kNodePhrases,
     .counts_tests = false},
}};

}  // namespace

std::span<const JunitDialect> javascript_dialects() noexcept { return kDialects; }

}  // namespace resultsdb::formats
