// Answers as a table for people, as JSON or CSV for programs.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.hpp"
#include "resultsdb/configuration.hpp"
#include "resultsdb/history.hpp"

namespace resultsdb::cli {

/// One value: its text in CSV and tables, its JSON, and what a table shows instead: always, and where it has
/// to be narrow.
struct Cell {
  std::string text;
  std::string json;
  std::string shortened = {};
  std::string narrow = {};
  bool is_name = false;  ///< tables that must be narrow leave out its middle

  const std::string& shown() const { return shortened.empty() ? text : shortened; }
  const std::string& narrowed() const { return narrow.empty() ? shown() : narrow; }
};

/// For terminals, on which control characters would move the cursor: those are blanks.
std::string printable(std::string_view text);

Cell cell(std::string_view text);
Cell name_cell(std::string_view name);  ///< of a test, suite, branch …
Cell cell(std::int64_t number);
Cell cell(std::optional<double> number);  ///< none: empty and null
Cell cell(const Configuration& configuration);
Cell cell(const std::vector<RunCommit>& commits);  ///< ["REPOSITORY@HASH"]; in tables 12 digits of the hash
/// {"PASS":10,"FAIL":1} by actual text, in order of frequency in the table.
Cell cell_counts(const RunCounts& counts, bool only_unexpected);

/// A list of records with equal columns.
class Records {
 public:
  explicit Records(std::initializer_list<const char*> columns) : columns_(columns.begin(), columns.end()) {}
  void add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  /// Tables leave these out: they are for programs.
  void hide(std::initializer_list<const char*> columns);
  /// The same for columns that say the same in every row.
  void hide_if_equal(std::initializer_list<const char*> columns);
  /// The same for columns of proportions that counted nothing in any row.
  void hide_if_nothing(std::initializer_list<const char*> columns);
  bool empty() const { return rows_.empty(); }
  std::size_t size() const { return rows_.size(); }
  /// JSON objects without the brackets around them: `{…},{…}`.
  std::string json_items() const;
  void print(Format format, const char* when_empty) const;

 private:
  std::size_t column(std::string_view name) const;
  void print_table(const char* when_empty) const;
  void print_csv() const;

  std::vector<std::string> columns_;
  std::vector<std::size_t> hidden_;
  std::vector<std::vector<Cell>> rows_;
};

/// The columns that every run has, and its cells.
inline const std::initializer_list<const char*> kRunColumns = {
    "id", "suite", "branch", "configuration", "attempt", "state", "position", "started", "commits"};
std::vector<Cell> run_cells(const RunInfo& run);

}  // namespace resultsdb::cli
