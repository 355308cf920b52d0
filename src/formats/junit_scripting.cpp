// JUnit XML of Python, Java, Go, Rust, Robot, Bats and Meson, and of producers that we do not know.
#include <algorithm>
#include <array>

#include "formats/go_text.hpp"
#include "formats/junit_names.hpp"

namespace resultsdb::formats {
namespace {

// pytest
// -----------------------------------------------------------------------------------------------------

bool is_capital(std::string_view word) { return !word.empty() && word[0] >= 'A' && word[0] <= 'Z'; }

std::string module_path(std::string_view dotted) {
  std::string path(dotted);
  std::replace(path.begin(), path.end(), '.', '/');
  return path + ".py";
}

/// Where the classes begin in `tests.test_core.TestGroup`: at the first component, but not the very first,
/// that begins with a capital letter. Gives the module's part.
std::string_view module_part(std::string_view classname) {
  for (std::size_t dot = classname.find('.'); dot != std::string_view::npos;
       dot = classname.find('.', dot + 1)) {
    if (is_capital(classname.substr(dot + 1))) return classname.substr(0, dot);
  }
  return classname;
}

void pytest_name(const JunitCase& junit, ImportedTest& test) {
  const std::string_view classname = junit.classname();
  if (junit.name().empty()) return;
  if (classname.empty()) {
    test.name = module_path(junit.name());
    test.container = true;
    return;
  }
  std::string path(junit.attribute("file"));
  std::string_view module = module_part(classname);
  if (path.empty()) {
    path = module_path(module);
  } else {
    std::string dotted = path.ends_with(".py") ? path.substr(0, path.size() - 3) : path;
    std::replace(dotted.begin(), dotted.end(), '/', '.');
    const auto rest = after(classname, dotted);
    if (rest && (rest->empty() || rest->front() == '.')) module = classname.substr(0, dotted.size());
  }
  std::string classes(classname.substr(module.size()));
  replace_all(classes, ".", "::");
  test.name = path + classes + "::" + std::string(junit.name());
}

/// Until version 8, pytest counts a test whose call and tear-down failed once, although they are two cases;
/// and twice a test whose call passed or was skipped before its tear-down failed, although that is one case.
void pytest_count(JunitCase& junit, const ImportedTest& test, RunBuilder& builder) {
  for (const JunitVerdict& verdict : junit.verdicts) {
    if (verdict.tag != "error" || !verdict.message.starts_with("failed on teardown")) continue;
    const ImportedTest* call = builder.find(canonical_name(test.name));
    const bool failed_before = call != nullptr && is_failure(call->outcome);
    for (JunitSuite& suite : junit.suites) suite.otherwise += failed_before ? -1 : 1;
  }
}

void pytest_refine(JunitCase& junit, ImportedTest& test, RunBuilder& builder) {
  pytest_count(junit, test, builder);
  const JunitVerdict* skipped = junit.verdict("skipped");
  if (test.outcome != "SKIP" || skipped == nullptr || skipped->type != "pytest.xfail") return;
  if (test.message.starts_with("[NOTRUN]")) {
    test.expected = "FAIL";
    test.skip_kind = "disabled";
  } else {
    expect_failure(test, "FAIL");
  }
}

Repetition pytest_repeated(std::span<ImportedTest> reports) {
  const ImportedTest& last = reports.back();
  if (reports.size() == 2 && last.outcome == "ERROR" && last.message.starts_with("failed on teardown")) {
    return {AttemptKind::Phase, ""};
  }
  const auto earlier = reports.first(reports.size() - 1);
  if (!std::all_of(earlier.begin(), earlier.end(),
                   [](const ImportedTest& t) { return t.outcome == "PASS"; })) {
    return {AttemptKind::Duplicate, "duplicate_name"};
  }
  // A re-run leaves an empty case for each attempt that failed.
  for (ImportedTest& report : earlier) report.outcome = "FAIL";
  return {AttemptKind::Retry, "retries_inferred"};
}

constexpr std::array<Phrase, 2> kPytestPhrases = {
    {{"Timeout (>*s) from pytest-timeout", "TIMEOUT"}, {"worker '*' crashed", "CRASH"}}};

// unittest-xml-reporting
// -------------------------------------------------------------------------------------

/// Cuts ` (i=1)` and ` [text]` of a sub-test off.
std::string_view without_subtest(std::string_view name) {
  if (!name.ends_with(')') && !name.ends_with(']')) return name;
  return name.substr(0, std::min(name.find(" ("), name.find(" [")));
}

void xmlrunner_name(const JunitCase& junit, ImportedTest& test) {
  const std::string_view name = junit.name();
  const bool fixture = name.starts_with("setUp") || name.starts_with("tearDown");
  const std::size_t open = name.find(" (");
  if (junit.classname() == "unittest.loader._FailedTest") {
    test.name = name;
    test.container = true;
  } else if (fixture && open != std::string_view::npos && name.ends_with(')') &&
             (junit.classname().empty() || junit.classname() == "unittest.suite._ErrorHolder")) {
    test.name = name.substr(open + 2, name.size() - open - 3);
    test.container = true;
  } else {
    class_dot_name(junit, test);
    test.name = without_subtest(test.name);
  }
}

void xmlrunner_refine(JunitCase& junit, ImportedTest& test, RunBuilder&) {
  const JunitVerdict* skipped = junit.verdict("skipped");
  const JunitVerdict* error = junit.verdict("error");
  if (test.outcome == "SKIP" && skipped != nullptr && skipped->type == "XFAIL") expect_failure(test, "FAIL");
  if (error != nullptr && error->type == "UnexpectedSuccess") expect_failure(test, "PASS");
  if (without_subtest(junit.name()) != junit.name() && !test.container) {
    junit.properties.emplace_back("subtest", junit.name());
  }
}

Repetition xmlrunner_repeated(std::span<ImportedTest> reports) {
  const auto is_part = [](const ImportedTest& report) {
    return std::any_of(report.properties.begin(), report.properties.end(),
                       [](const auto& property) { return property.first == "subtest"; });
  };
  const bool parts = std::any_of(reports.begin(), reports.end(), is_part);
  return parts ? Repetition{AttemptKind::Subtest, ""} : always_duplicate(reports);
}

// Surefire
// ---------------------------------------------------------------------------------------------------

std::string_view surefire_outcome(const JunitVerdict& verdict) {
  return verdict.type.ends_with("TimeoutException") || verdict.type.ends_with("TimedOutException") ? "TIMEOUT"
                                                                                                   : "";
}

// gotestsum
// --------------------------------------------------------------------------------------------------

void gotestsum_name(const JunitCase& junit, ImportedTest& test) {
  test.container = junit.classname().empty() && junit.name() == "TestMain";
  if (test.container) {
    test.name = junit.suite();
  } else {
    class_dot_name(junit, test);
  }
}

std::string_view gotestsum_outcome(const JunitVerdict& verdict) { return go_panic(verdict.text); }
std::string gotestsum_message(const JunitVerdict& verdict) {
  return verdict.tag == "skipped" && trim(verdict.text).empty() ? first_line(verdict.told())
                                                                : go_message(verdict.text);
}

void gotestsum_refine(JunitCase& junit, ImportedTest& test, RunBuilder& builder) {
  if (test.outcome != "TIMEOUT" && test.outcome != "CRASH") return;
  builder.warn("aborted",
               "a panic ended the test program of \"" + test.name + "\"; tests after it are missing",
               junit.line);
}

/// `example.com/calc` of `example.com/calc.TestAdds/one`; a package's own name is returned whole.
std::string_view go_package(std::string_view name) {
  std::size_t end = std::string_view::npos;
  for (const std::string_view kind : {".Test", ".Fuzz", ".Example", ".Benchmark"}) {
    end = std::min(end, name.find(kind));
  }
  return name.substr(0, end);
}

/// A time-out names the tests that it found running; they did not fail by themselves.
void gotestsum_finish(RunBuilder& builder) {
  for (std::size_t i = 0; i < builder.tests().size(); ++i) {
    if (builder.tests()[i].outcome != "TIMEOUT") continue;
    const std::string package(go_package(builder.tests()[i].name));
    for (const std::string& running : go_running_tests(builder.tests()[i].detail)) {
      if (ImportedTest* test = builder.find(package + "." + running)) test->outcome = "TIMEOUT";
    }
  }
}

Repetition gotestsum_repeated(std::span<ImportedTest>) { return {AttemptKind::Retry, "retries_inferred"}; }

// nextest
// ----------------------------------------------------------------------------------------------------

void nextest_name(const JunitCase& junit, ImportedTest& test) {
  if (!junit.name().empty()) test.name = std::string(junit.classname()) + "::" + std::string(junit.name());
}

std::string_view nextest_outcome(const JunitVerdict& verdict) {
  if (verdict.type == "test timeout") return "TIMEOUT";
  if (verdict.type == "test abort" || verdict.says("process aborted with signal")) return "CRASH";
  return "FAIL";
}

// Robot Framework
// --------------------------------------------------------------------------------------------

std::string_view robot_outcome(const JunitVerdict& verdict) {
  const std::string_view message = verdict.told();
  if (message.starts_with("Parent suite setup failed")) return "NOTRUN";
  for (const std::string_view fixture : {"Setup failed", "Teardown failed", "Parent suite teardown failed"}) {
    if (message.starts_with(fixture)) return "ERROR";
  }
  return message.starts_with("Test timeout ") && contains(message, "exceeded") ? "TIMEOUT" : "";
}

// Bats, Meson, unknown producers
// -----------------------------------------------------------------------------

void bats_name(const JunitCase& junit, ImportedTest& test) {
  const std::string_view file = junit.classname().empty() ? junit.suite() : junit.classname();
  if (!junit.name().empty()) test.name = join_titles({file, junit.name()});
}

/// `12 - title` of a TAP program.
std::string_view without_number(std::string_view name) {
  const std::size_t end = name.find(" - ");
  return end != std::string_view::npos && parse_int(name.substr(0, end)) ? name.substr(end + 3) : name;
}

/// The program of a suite `project.project:program`, whose cases are sub-tests; empty for a plain suite.
std::string_view meson_program(std::string_view suite) {
  for (std::size_t dot = suite.find('.'); dot != std::string_view::npos; dot = suite.find('.', dot + 1)) {
    const std::string project = std::string(suite.substr(0, dot)) + ":";
    if (suite.substr(dot + 1).starts_with(project) || contains(suite.substr(dot + 1), " - " + project)) {
      return suite.substr(dot + 1);
    }
  }
  return {};
}

/// Some tools tell the verdict by an attribute of an otherwise empty case: no child is no proof of a pass
/// then, nor is a word that nobody knows.
void generic_refine(JunitCase& junit, ImportedTest& test, RunBuilder&) {
  if (!junit.verdicts.empty()) return;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kWords = {{{"run", "PASS"},
                                                                                     {"pass", "PASS"},
                                                                                     {"passed", "PASS"},
                                                                                     {"ok", "PASS"},
                                                                                     {"success", "PASS"},
                                                                                     {"successful", "PASS"},
                                                                                     {"completed", "PASS"},
                                                                                     {"executed", "PASS"},
                                                                                     {"fail", "FAIL"},
                                                                                     {"failed", "FAIL"},
                                                                                     {"failure", "FAIL"},
                                                                                     {"error", "ERROR"},
                                                                                     {"timeout", "TIMEOUT"},
                                                                                     {"skip", "SKIP"},
                                                                                     {"skipped", "SKIP"},
                                                                                     {"ignored", "SKIP"},
                                                                                     {"disabled", "SKIP"},
                                                                                     {"notrun", "SKIP"}}};
  for (const std::string_view key : {"status", "result"}) {
    const std::string_view said = trim(junit.attribute(key));
    if (said.empty() || test.outcome != "PASS") continue;
    const auto* word = std::find_if(kWords.begin(), kWords.end(),
                                    [&](const auto& known) { return same_word(known.first, said); });
    if (word == kWords.end()) {
      take_unknown_word(key, said, test);
    } else {
      test.outcome = word->second;
      if (test.outcome == "SKIP") test.skip_kind = word->first == "disabled" ? "disabled" : "unknown";
    }
  }
}

void meson_name(const JunitCase& junit, ImportedTest& test) {
  const std::string_view program = meson_program(junit.suite());
  test.name =
      program.empty() ? std::string(junit.name()) : join_titles({program, without_number(junit.name())});
}

void meson_refine(JunitCase& junit, ImportedTest& test, RunBuilder&) {
  const JunitVerdict* failure = junit.verdict("failure");
  if (failure != nullptr && trim(failure->told()) == "Test unexpectedly passed.")
    expect_failure(test, "PASS");
}

constexpr std::array<Phrase, 1> kMesonPhrases = {
    {{"Test did not finish before configured timeout", "TIMEOUT"}}};
constexpr std::array<Phrase, 1> kSurefirePhrases = {{{"timed out after ", "TIMEOUT"}}};

constexpr std::array<JunitDialect, 9> kDialects = {{
    {.tool = "generic", .name = class_or_container, .refine = generic_refine},
    {.tool = "pytest",
     .name = pytest_name,
     .refine = pytest_refine,
     .repeated = pytest_repeated,
     .phrases = kPytestPhrases,
     .unsettled = Unsettled::Last},
    {.tool = "xmlrunner", .name = xmlrunner_name, .refine = xmlrunner_refine, .repeated = xmlrunner_repeated},
    {.tool = "surefire",
     .name = class_or_container,
     .outcome = surefire_outcome,
     .phrases = kSurefirePhrases,
     .filters_properties = true},
    {.tool = "gotestsum",
     .name = gotestsum_name,
     .outcome = gotestsum_outcome,
     .message = gotestsum_message,
     .refine = gotestsum_refine,
     .finish = gotestsum_finish,
     .repeated = gotestsum_repeated,
     .counts_tests = false},
    {.tool = "nextest", .name = nextest_name, .outcome = nextest_outcome},
    {.tool = "robot-xunit", .name = class_dot_name, .outcome = robot_outcome},
    {.tool = "bats", .name = bats_name, .counts_tests = false},
    {.tool = "meson",
     .name = meson_name,
     .refine = meson_refine,
     .phrases = kMesonPhrases,
     .counts_tests = false},
}};

}  // namespace

std::span<const JunitDialect> scripting_dialects() noexcept { return kDialects; }

}  // namespace resultsdb::formats
