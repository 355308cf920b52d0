// Collects what a reader finds into an ImportedRun: limits, warnings, and tests that are reported several
// times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "formats/byte_source.hpp"
#include "formats/text.hpp"
#include "resultsdb/formats.hpp"

namespace resultsdb::formats {

/// Detail and each output stream of a test. Programs that cut their output themselves do so at 300 KiB
/// (CTest).
inline constexpr std::size_t kTextBytes = 512 << 10;
inline constexpr std::size_t kRunOutputBytes = 1 << 20;     ///< output that belongs to no test
inline constexpr std::size_t kFileOutputBytes = 64u << 20;  ///< output of all tests of a file
inline constexpr std::size_t kMessageBytes = 1024;
inline constexpr std::size_t kProperties = 256;           ///< of a test; its attachments and failures too
inline constexpr std::size_t kPropertyBytes = 64 << 10;   ///< value of one property
inline constexpr std::size_t kFailuresBytes = 4 << 20;    ///< all failures of a test
inline constexpr std::size_t kAttempts = 1000;            ///< kept in the detail of a result
inline constexpr std::size_t kPropertiesBytes = 1 << 20;  ///< all properties of a test

/// What several reports under one name are, and the warning that says so ("" for none).
struct Repetition {
  AttemptKind kind = AttemptKind::Duplicate;
  std::string_view warning;
};
/// Decides over the reports of one name, oldest first; may correct outcomes that only the repetition reveals.
using RepetitionRule = Repetition (*)(std::span<ImportedTest> reports);
Repetition always_duplicate(std::span<ImportedTest> reports);

class RunBuilder {
 public:
  RunBuilder(const ReadOptions& options, std::string tool, RepetitionRule rule = always_duplicate);

  ImportedRun& run() noexcept { return run_; }
  /// The first warning of a code keeps its text and place; the others are counted. "limit" is told for each
  /// reason, which its text gives before the first ": ". Some codes make the run incomplete.
  void warn(std::string_view code, std::string_view text, std::uint64_t line = 0);
  /// What was collected, with a warning if it was cut.
  std::string take_text(BoundedText& text, std::uint64_t line = 0);
  /// An attribute of the run, within the limit of the store; the same fact of many suites is kept once.
  void keep_attribute(std::string_view key, std::string_view value);
  /// When the run started, as the file writes it; empty if it is no time, or of an unknown zone.
  std::optional<Time> read_time(std::string_view stamp) const;
  void refuse(std::string code, std::string message, std::uint64_t line = 0);
  const std::optional<Refusal>& refusal() const noexcept { return refusal_; }

  /// Takes a test under its canonical name. Without a name it is dropped with a warning; a container that
  /// passed is no result.
  void add(ImportedTest test, std::uint64_t line = 0);
  /// The tests so far, each name once.
  std::vector<ImportedTest>& tests() noexcept { return run_.tests; }
  ImportedTest* find(std::string_view name);
  /// The test that was reported last; null if there is none.
  const ImportedTest* last_report() const noexcept {
    return last_ < run_.tests.size() ? &run_.tests[last_] : nullptr;
  }
  /// Outcome and kind of tests that were reported several times are decided here. Call once, at the end.
  ImportedRun finish(bool allow_empty);
  /// The first step of finish(), for readers that look at the tests as a whole.
  void settle();

 private:
  struct Hash {
    using is_transparent = void;
    const std::vector<ImportedTest>* tests;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
    std::size_t operator()(std::uint32_t index) const { return (*this)((*tests)[index].name); }
  };
  struct Equal {
    using is_transparent = void;
    const std::vector<ImportedTest>* tests;
    std::string_view name(std::uint32_t index) const { return (*tests)[index].name; }
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(std::string_view a, std::uint32_t b) const { return a == name(b); }
    bool operator()(std::uint32_t a, std::string_view b) const { return name(a) == b; }
  };

  std::string make_relative(std::string text) const;
  void warn_of_limit(std::string_view reason, const ImportedTest& test, std::uint64_t line);
  void limit_texts(ImportedTest& test, std::uint64_t line);
  void limit_properties(ImportedTest& test, std::uint64_t line);
  void count_output(ImportedTest& test, std::uint64_t line);

  const ReadOptions& options_;
  RepetitionRule rule_;
  ImportedRun run_;
  std::optional<Refusal> refusal_;
  std::unordered_set<std::uint32_t, Hash, Equal> names_;
  std::map<std::uint32_t, std::vector<ImportedTest>>
      repeated_;  ///< all reports but the first, by index of the first
  std::map<std::string, std::size_t, std::less<>> told_;  ///< index of the warning of a code or reason
  std::vector<std::uint64_t> more_;                       ///< by warning: how many were like it
  std::size_t reports_ = 0, output_bytes_ = 0, evicted_ = 0;
  std::size_t last_ = 0;  ///< index of the name that was reported last
};

/// One test out of several reports of it.
ImportedTest combine(std::vector<ImportedTest> reports, AttemptKind kind);

}  // namespace resultsdb::formats
