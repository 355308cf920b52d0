// Which tool wrote a JUnit file: signs in its first 64 KiB.
#include <algorithm>
#include <array>
#include <cstring>

#include "formats/junit.hpp"
#include "formats/text.hpp"

namespace resultsdb::formats {
namespace {

struct Signs {
  XmlEvent root, suite, test;  ///< the first of each; `name` is empty if there was none
  bool gtest_result = false, all_named_test = true, all_below_root = true;
  bool nested = false, go_version = false, bats = false, has_file = false, stamped = false;
};

bool ends_in_stamp(std::string_view name) {
  constexpr std::size_t kDigits = 14;
  if (name.size() <= kDigits || name[name.size() - kDigits - 1] != '-') return false;
  const std::string_view digits = name.substr(name.size() - kDigits);
  return digits.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view value(const XmlEvent& event, std::string_view key) {
  return event.attribute(key).value_or("");
}

void note_suite(const XmlEvent& event, Signs& signs) {
  if (signs.suite.name.empty()) signs.suite = event;
  signs.bats = signs.bats || value(event, "name").ends_with(".bats");
  signs.has_file = signs.has_file || event.attribute("file").has_value();
  signs.stamped = signs.stamped || ends_in_stamp(value(event, "name"));
}

void note_case(const XmlEvent& event, Signs& signs) {
  if (signs.test.name.empty()) signs.test = event;
  const std::string_view result = value(event, "result"), classname = value(event, "classname");
  signs.gtest_result =
      signs.gtest_result || result == "completed" || result == "skipped" || result == "suppressed";
  signs.all_named_test = signs.all_named_test && classname == "test";
  signs.all_below_root = signs.all_below_root && classname.starts_with(value(signs.root, "name"));
}

Signs read_signs(std::string_view head) {
  Signs signs;
  XmlReader reader([head](char* out, std::size_t size) mutable {
    size = std::min(size, head.size());
    std::memcpy(out, head.data(), size);
    head.remove_prefix(size);
    return size;
  });
  while (const XmlEvent* event = reader.next()) {
    if (event->kind != XmlEvent::Kind::Start) continue;
    const bool root = signs.root.name.empty();
    if (root) signs.root = *event;
    if (event->name == "testsuite") {
      if (!root) signs.nested = true;
      note_suite(*event, signs);
    } else if (event->name == "testcase") {
      note_case(*event, signs);
    } else if (event->name == "property") {
      signs.go_version = signs.go_version || value(*event, "name") == "go.version";
    }
  }
  return signs;
}

bool is_surefire(const Signs& signs) {
  return std::any_of(signs.root.attributes.begin(), signs.root.attributes.end(),
                     [](const auto& entry) { return contains(entry.second, "surefire-test-report"); });
}

/// First case `project:test` or `suite - project:test`, in the class of its project.
bool is_meson(const Signs& signs) {
  if (!signs.root.attribute("errors")) return false;
  std::string_view name = value(signs.test, "name");
  const std::string_view classname = value(signs.test, "classname");
  if (const std::size_t dot = classname.find('.'); dot != std::string_view::npos) {
    const std::string project = std::string(classname.substr(0, dot)) + ":";
    if (contains(classname.substr(dot + 1), project)) return true;
  }
  if (const std::size_t dash = name.find(" - "); dash != std::string_view::npos) name.remove_prefix(dash + 3);
  const auto rest = after(name, classname);
  return !classname.empty() && rest && rest->starts_with(':');
}

std::string_view detect_by_root_name(const Signs& signs) {
  const std::string_view name = value(signs.root, "name");
  if (name == "pytest tests" || value(signs.suite, "name") == "pytest") return "pytest";
  if (name == "nextest-run") return "nextest";
  if (name == "jest tests") return "jest-junit";
  if (name == "vitest tests") return "vitest";
  if (name == "Mocha Tests") return signs.root.name == "testsuite" ? "mocha-xunit" : "mocha-junit";
  return {};
}

std::string_view detect_tool(const Signs& signs) {
  const bool single = signs.root.name == "testsuite";
  const bool bare = signs.root.attributes.empty();
  const bool has_case = !signs.test.name.empty();
  if (value(signs.root, "name") == "AllTests" || signs.gtest_result) return "gtest";
  if (value(signs.suite, "hostname") == "tbd") return "catch2";
  if (signs.suite.attribute("doctest_version")) return "doctest";
  if (single && value(signs.root, "id") == "0" && signs.test.attribute("assertions")) return "boost";
  if (single && signs.root.attribute("disabled") && !signs.root.attribute("errors")) return "ctest";
  if (const auto tool = detect_by_root_name(signs); !tool.empty()) return tool;
  if (is_surefire(signs)) return "surefire";
  if (signs.go_version) return "gotestsum";
  if (!single && signs.root.attribute("id")) return "playwright";
  if (bare && has_case && signs.all_named_test) return "node";
  if (signs.bats) return "bats";
  if ((bare && !single && signs.has_file) || signs.stamped) return "xmlrunner";
  if (has_case && is_meson(signs)) return "meson";
  if (single && signs.nested && has_case && signs.all_below_root && !value(signs.root, "name").empty()) {
    return "robot-xunit";
  }
  return "generic";
}

}  // namespace

const JunitDialect* find_junit(std::string_view tool) noexcept {
  for (const auto dialects : {native_dialects(), scripting_dialects(), javascript_dialects()}) {
    for (const JunitDialect& dialect : dialects) {
      if (dialect.tool == tool) return &dialect;
    }
  }
  return nullptr;
}

const JunitDialect& detect_junit(std::string_view head) { return *find_junit(detect_tool(read_signs(head))); }

}  // namespace resultsdb::formats
