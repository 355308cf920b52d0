// Readers of result files (component resultsdb::formats).
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::formats {

enum class AttemptKind : std::uint8_t { Retry, Repeat, Phase, Subtest, Duplicate };
std::string_view to_string(AttemptKind kind) noexcept;  ///< "retry", …

struct Attempt {
  std::string outcome;
  std::optional<double> duration_ms;
  AttemptKind kind = AttemptKind::Retry;
  std::string message;
};

struct ImportedTest {
  std::string name;
  std::string outcome = "PASS";  ///< PASS FAIL ERROR CRASH TIMEOUT SKIP NOTRUN or the format's own word
  std::string expected = "PASS";
  std::optional<double> duration_ms;
  std::vector<Attempt> attempts;  ///< empty for a test that ran once
  std::string message;            ///< one line
  std::string detail;             ///< the whole text
  std::string output, error_output;
  std::string file;
  std::optional<int> line;
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<std::pair<std::string, double>> metrics;
  std::vector<std::string> attachments;  ///< paths as written
  std::string skip_kind;                 ///< "runtime", "disabled", "todo", "unknown", or empty
  bool container = false;
};

/// A closed list of codes; see docs/formats.md.
struct Warning {
  std::string code;
  std::string text;
  std::uint64_t line = 0;  ///< 0: no place
};

struct ImportedRun {
  std::string tool;     ///< dialect or format name
  std::string version;  ///< as the file states it
  std::optional<Time> started;
  std::optional<double> duration_ms;
  bool incomplete = false;
  std::vector<ImportedTest> tests;
  std::vector<Warning> warnings;
  Attributes attributes;
  std::string output;
  std::string digest;  ///< SHA-256 of the file's bytes, 32 bytes; merge(): of the files' digests, sorted
};

struct ReadOptions {
  std::string format;  ///< empty: by content
  std::string root;    ///< absolute paths below it are made relative
  std::string path;    ///< for messages
  /// From a clock without a zone (as if it were UTC) to UTC. Empty: nobody knows whose clock that was, so
  /// such a time is no start; it is the attribute `timestamp`, as written.
  std::function<Time(Time)> time_zone = {};
  bool strict = false;  ///< refuse truncated input
  bool allow_empty = false;
  std::uint64_t max_bytes = std::uint64_t{4} << 30;  ///< unpacked
};

/// A refused file: `error.context` names file and line, `code` is one of the closed list ("empty file",
/// "unknown format", "not well-formed", …).
struct ReadError {
  std::string code;
  Error error;
};

struct ReadOutcome {
  std::optional<ImportedRun> run;    ///< either this
  std::optional<ReadError> refused;  ///< or this
};

/// Reads one file from its beginning; gzip and zstd are unpacked. Never throws for bad input.
ReadOutcome read_results(std::istream& in, const ReadOptions& options = {});

/// Joins what several files of one run said (names that occur twice are `duplicate_name`).
ImportedRun merge(std::vector<ImportedRun> runs);

/// The run's results as the store takes them: NOTRUN becomes lost; attempts, message, output, properties and
/// the like become the result's detail.
void to_results(const ImportedRun& run, ResultTable& results);

/// The shape of the samples' expected files.
std::string to_json(const ReadOutcome& outcome);

}  // namespace resultsdb::formats
