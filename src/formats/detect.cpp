#include "formats/detect.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "formats/json_keys.hpp"
#include "formats/junit.hpp"
#include "formats/text.hpp"
#include "formats/xml_reader.hpp"

namespace resultsdb::formats {
namespace {

Detected found(Format format) { return {format, std::nullopt}; }
Detected refused(std::string code, std::string message) {
  return {std::nullopt, Refusal{std::move(code), std::move(message)}};
}
/// A format that we know by sight and do not read: named, so that nobody takes it for an empty run.
Detected unread(std::string_view name, std::string_view instead) {
  return refused("unknown format",
                 "this is " + std::string(name) + ", which is not read yet; " + std::string(instead));
}

Detected unknown(std::string_view head) {
  std::string shown;
  for (const char c : head.substr(0, 80)) shown += c >= 0x20 && c < 0x7F ? c : '.';
  return refused("unknown format", "no known result format begins like this: \"" + shown + "\"");
}

struct Known {
  std::string_view sign, name, instead;
};

constexpr std::string_view kJunitInstead = "let the tool write JUnit XML";

constexpr std::array<Known, 7> kXmlRoots = {{
    {"Catch2TestRun", "Catch2 XML", "use the reporter `-r junit`"},
    {"Catch", "Catch2 XML", "use the reporter `-r junit`"},
    {"doctest", "doctest XML", "use `--reporters=junit`"},
    {"TestLog", "the XML log of Boost.Test", "use `--log_format=JUNIT`"},
    {"TestResult", "the XML report of Boost.Test", "use `--log_format=JUNIT`"},
    {"Site", "a CTest dashboard file", "use `ctest --output-junit FILE`"},
    {"robot", "the output of Robot Framework", "use `--xunit FILE`"},
}};

Detected detect_xml(std::string_view head) {
  std::string_view rest = head;
  XmlReader reader([rest](char* out, std::size_t size) mutable {
    size = std::min(size, rest.size());
    std::memcpy(out, rest.data(), size);
    rest.remove_prefix(size);
    return size;
  });
  const XmlEvent* root = reader.next();
  // Without a root element the reader of the whole file finds out what is wrong.
  if (root == nullptr || root->name == "testsuites" || root->name == "testsuite") return found(Format::Junit);
  for (const Known& known : kXmlRoots) {
    if (root->name == known.sign) return unread(known.name, known.instead);
  }
  return refused("unknown format", "the root element <" + std::string(cut_utf8(root->name, 80)) +
                                       "> belongs to no known result format");
}

Detected detect_text(std::string_view text);

Detected detect_json(std::string_view head) {
  const JsonKeys keys = read_json_keys(head);
  if (keys.too_deep) return refused("nesting too deep", "more than 512 nested arrays and objects");
  if (keys.has("testsuites")) return found(Format::GtestJson);
  if (keys.has("Action")) return found(Format::GoJson);
  if (keys.has("testResults")) return unread("the JSON of Jest or Vitest", "use their JUnit reporters");
  if (keys.has("config") && keys.has("suites"))
    return unread("the JSON of Playwright", "use the reporter `junit`");
  if (keys.has("stats") && keys.has("tests")) return unread("the JSON of Mocha", "use the reporter `xunit`");
  if (keys.has("exitcode") && keys.has("collectors"))
    return unread("pytest-json-report", "use `--junit-xml=FILE`");
  if (keys.has("version") && keys.has("tests"))
    return unread("the JSON of Chromium's test runners", kJunitInstead);
  if (keys.has("type") && keys.has("event"))
    return unread("the JSON of libtest", "use cargo-nextest's JUnit XML");
  if (keys.has("returncode")) return unread("the JSON of Meson", "use `testlog.junit.xml`");
  if (keys.has("reportFormat")) return unread("CTRF", kJunitInstead);
  if (keys.has("historyId") || keys.has("befores")) return unread("a file of Allure", kJunitInstead);
  return detect_text(head);
}

bool is_tap(std::string_view line) {
  if (line.starts_with("TAP version") || line.starts_with("ok ") || line.starts_with("not ok")) return true;
  const auto plan = after(line, "1..");
  return plan && !plan->empty() && (*plan)[0] >= '0' && (*plan)[0] <= '9';
}

Detected detect_text(std::string_view head) {
  constexpr int kLines = 200;
  std::string_view rest = head, line;
  for (int i = 0; i < kLines && next_line(rest, line); ++i) {
    if (line.starts_with("[==========] Running")) return found(Format::GtestConsole);
    if (line.starts_with("=== RUN")) return unread("the text of `go test -v`", "use `go test -json`");
    if (line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test"))) {
      return unread("the text of Rust's libtest", "use cargo-nextest's JUnit XML");
    }
    if (is_tap(line)) return unread("TAP", kJunitInstead);
    // Builds print before the first event.
    if (line.starts_with("{\"") && read_json_keys(line).has("Action")) return found(Format::GoJson);
  }
  return unknown(head);
}

/// XML says what it is in any encoding; of other formats only UTF-8 is read.
Detected detect_utf16(std::string_view head) {
  std::string_view text = head.substr(2);
  const std::string_view blanks(" \t\r\n\0", 5);
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  if (text.starts_with('<')) return detect_xml(head);
  return refused(
      "bad encoding",
      "the file is UTF-16 and no XML; write it as UTF-8 (`iconv -f UTF-16 -t UTF-8`, in PowerShell "
      "`| Out-File -Encoding utf8`)");
}

}  // namespace

Detected detect(std::string_view head) {
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) return detect_utf16(head);
  std::string_view text = head;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text = trim(text);
  if (text.empty()) {
    return refused("empty file",
                   "the file is empty: the program crashed before it wrote results, or no test matched");
  }
  if (text[0] == '<') return detect_xml(head);
  if (text.starts_with("[==========] ")) return detect_text(text);
  if (text[0] == '{' || text[0] == '[') return detect_json(text);
  if (text.starts_with("ADD_RESULTS(")) return unread("the JSON of Chromium's test runners", kJunitInstead);
  if (text[0] == '\xB3') return unread("subunit", "use `subunit2junitxml`");
  return detect_text(text);
}

std::optional<Format> format_of_name(std::string_view name) {
  if (name == "gtest-json") return Format::GtestJson;
  if (name == "gtest-console") return Format::GtestConsole;
  if (name == "go test" || name == "go") return Format::GoJson;
  if (name == "junit" || find_junit(name) != nullptr) return Format::Junit;
  return std::nullopt;
}

}  // namespace resultsdb::formats
