// What a bug about failures says, and the form that is filled in with it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "configuration.hpp"
#include "resultsdb/http/webkit.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::webkit {

/// One run of a selected row.
struct SelectedRun {
  Position uuid = 0;
  std::string failure;  ///< what failed: a state, or how many tests; empty: nothing that counts
};

/// A row that somebody selected: what ran on one configuration.
struct SelectedRow {
  PlatformConfiguration configuration;
  std::vector<SelectedRun> runs;

  /// The most recent failure; null: nothing failed.
  const SelectedRun* failure() const;
  /// The last success before it.
  const SelectedRun* success() const;
};

struct BugReport {
  std::string suite, test;  ///< an empty test: it is about the suite
  std::vector<SelectedRow> failing;
};

/// What was current at a place, for people: a line per repository.
using CommitsAt = std::function<Result<std::string>(Position)>;

/// Address of the form.
Result<std::string> bug_form(const Bugzilla& tracker, const BugReport& report, const CommitsAt& commits_at);

}  // namespace resultsdb::webkit
