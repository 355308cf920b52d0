// What an import tells of its runs: lines for people, or JSON, an object a line.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "manifest.hpp"
#include "resultsdb/formats.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::cli {

/// The file says when the run started, but not in which time zone, so that it starts now.
std::optional<formats::Warning> unknown_start(const RunPlan& plan, const formats::ImportedRun& imported);

class ImportReport {
 public:
  enum class Form { Lines, Summary, Json };
  explicit ImportReport(Form form) : form_(form) {}

  /// What a run lacks that most questions need; says what to pass, once for all runs.
  void look_for_gaps(const RunPlan& plan, const formats::ImportedRun& imported);
  void would_store(const formats::ImportedRun& imported, const std::string& suite, std::uint64_t results,
                   std::uint64_t lost);
  void stored(const Ingested& ingested, const RunPlan& plan, const formats::ImportedRun& imported);
  void refused() { ++refused_; }
  std::uint64_t refusals() const noexcept { return refused_; }
  /// The end of the command; its exit code.
  int finish(bool strict) const;

 private:
  std::string warnings_json(const formats::ImportedRun& imported) const;

  Form form_;
  std::set<std::string> said_;          ///< codes of gaps
  std::vector<formats::Warning> gaps_;  ///< of the run at hand
  std::uint64_t added_ = 0, replaced_ = 0, unchanged_ = 0, refused_ = 0;
  bool failing_ = false;
};

}  // namespace resultsdb::cli
