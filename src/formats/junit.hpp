// JUnit XML: one walk over the document that all dialects share, and what the dialects do differently.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/run_builder.hpp"
#include "formats/xml_reader.hpp"
#include "resultsdb/formats.hpp"

namespace resultsdb::formats {

/// A verdict inside a test case: failure, error, skipped, flakyFailure, rerunError, …
struct JunitVerdict {
  std::string tag, message, type, time;
  std::string text;

  bool is_error() const { return tag == "error" || tag.ends_with("Error"); }
  /// The message attribute if it has text, else the text of the element.
  std::string_view told() const;
  /// True if message or text holds `phrase`.
  bool says(std::string_view phrase) const;
};

struct JunitSuite {
  std::string name;
  std::optional<int> declared_tests;
  int cases = 0;      ///< in this suite and those below
  int otherwise = 0;  ///< how many more (or less) some versions of the tool count
  // What the end of a GoogleTest suite is judged by.
  int disabled = 0, skipped_without_reason = 0;
};

/// A test case as written, with the suites around it (outermost first).
struct JunitCase {
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<JunitVerdict> verdicts;
  std::string output, error_output;
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<std::string> attachments;
  std::span<JunitSuite> suites;
  std::uint64_t line = 0;
  bool complete = true;  ///< false: the file ends inside

  std::string_view attribute(std::string_view key) const;
  std::string_view name() const { return attribute("name"); }
  std::string_view classname() const { return attribute("classname"); }
  std::string_view suite() const { return suites.empty() ? std::string_view() : suites.back().name; }
  const JunitVerdict* verdict(std::string_view tag) const;
  bool failed() const { return verdict("failure") || verdict("error"); }
  bool has_property(std::string_view key) const;
};

/// `phrase` in message or text means `outcome`.
struct Phrase {
  std::string_view phrase, outcome;
};

/// Which tests of a file that is cut off may still have got a worse outcome.
enum class Unsettled : std::uint8_t { None, Last, Ancestors };

struct JunitDialect {
  std::string_view tool;
  /// Sets name and container (ImportedTest's other members come after it).
  void (*name)(const JunitCase&, ImportedTest&);
  /// The outcome that one failure or error stands for; empty: FAIL or ERROR by its tag.
  std::string_view (*outcome)(const JunitVerdict&) = nullptr;
  /// The message line of a verdict; without it the first line of told().
  std::string (*message)(const JunitVerdict&) = nullptr;
  /// Everything else; sees the test as the general rules made it.
  void (*refine)(JunitCase&, ImportedTest&, RunBuilder&) = nullptr;
  void (*suite_end)(const JunitSuite&, RunBuilder&) = nullptr;
  void (*finish)(RunBuilder&) = nullptr;
  RepetitionRule repeated = always_duplicate;
  std::span<const Phrase> phrases = {};
  std::string_view skip_kind = "runtime";
  bool counts_tests = true;         ///< `tests` of a suite counts its test cases
  bool rerun_first = false;         ///< rerunFailure elements come before the main failure in time
  bool crash_aborts = false;        ///< a crash ends the whole run
  bool filters_properties = false;  ///< suite properties are an environment dump
  Unsettled unsettled = Unsettled::None;
};

/// The test that a case stands for; used by GoogleTest's JSON as well.
void add_junit_case(const JunitDialect& dialect, JunitCase& junit, RunBuilder& builder);

/// The warning of a suite that announces another number of tests than it holds.
void check_count(const JunitSuite& suite, std::uint64_t line, RunBuilder& builder);

/// Recognises the dialect from the beginning of a document whose root is `testsuites` or `testsuite`.
const JunitDialect& detect_junit(std::string_view head);
/// By the name that a user gives; null: no such dialect.
const JunitDialect* find_junit(std::string_view tool) noexcept;

/// Walks the document. What went wrong is in the builder (refusal) or the reader (refusal, truncated).
void read_junit(XmlReader& reader, const JunitDialect& dialect, RunBuilder& builder);

/// The dialects, by family.
std::span<const JunitDialect> native_dialects() noexcept;
std::span<const JunitDialect> scripting_dialects() noexcept;
std::span<const JunitDialect> javascript_dialects() noexcept;

}  // namespace resultsdb::formats
