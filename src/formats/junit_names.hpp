// Naming rules and small questions that several JUnit dialects share.
#pragma once

#include <string>
#include <string_view>

#include "formats/junit.hpp"
#include "formats/text.hpp"

namespace resultsdb::formats {

/// `classname.name`; `name` alone if the class name is empty or equal.
inline void class_dot_name(const JunitCase& junit, ImportedTest& test) {
  test.name = junit.name();
  if (test.name.empty() || junit.classname().empty() || junit.classname() == junit.name()) return;
  test.name.insert(0, std::string(junit.classname()) + ".");
}

/// As class_dot_name(); a failure without a name belongs to the class.
inline void class_or_container(const JunitCase& junit, ImportedTest& test) {
  class_dot_name(junit, test);
  if (!test.name.empty() || !junit.failed()) return;
  test.name = junit.classname();
  test.container = true;
}

inline void plain_name(const JunitCase& junit, ImportedTest& test) { test.name = junit.name(); }

/// The expected failure: it failed as announced, and is no skip.
inline void expect_failure(ImportedTest& test, std::string_view outcome) {
  test.outcome = outcome;
  test.expected = "FAIL";
  test.skip_kind.clear();
}

/// The outcome of a test that `attribute` describes by a word that the format does not know: that word, or
/// ERROR if it could be no outcome. Never a pass.
void take_unknown_word(std::string_view attribute, std::string_view word, ImportedTest& test);

/// `SIGSEGV - …` at the beginning of a line.
bool tells_signal(std::string_view text);

}  // namespace resultsdb::formats
