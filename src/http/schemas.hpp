// The shapes that several answers share.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json_writer.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/outcome.hpp"

namespace resultsdb::http {

inline constexpr std::array<std::string_view, 9> kClasses = {"pass",  "warn",  "fail", "image", "timeout",
                                                             "crash", "error", "skip", "other"};
std::size_t class_index(std::string_view actual);

/// Disjoint counts of a run's results.
struct ClassCounts {
  std::array<std::uint64_t, kClasses.size()> all{}, unexpected{};
  std::uint64_t covered = 0, lost = 0, flaky = 0;

  void add(const Outcome& outcome, std::uint64_t results);
  void add(const RunCounts& counts);
};

/// Outcomes of one answer, numbered in it; 0 is the plain expected pass.
class OutcomeTable {
 public:
  OutcomeTable() : outcomes_{Outcome{}}, index_{{Outcome{}, 0}} {}
  std::uint32_t id(const Outcome& outcome);
  const Outcome& operator[](std::uint32_t id) const { return outcomes_[id]; }
  void write(JsonWriter& json) const;

 private:
  std::vector<Outcome> outcomes_;
  std::map<Outcome, std::uint32_t> index_;
};

/// True if `a` is the worse one: by severity, then unexpected before expected.
bool is_worse(const Outcome& a, const Outcome& b);

/// The commits that runs name, read once for an answer.
class CommitNames {
 public:
  /// Up to `most_single` places of a repository are looked up one by one; more are read as one range, which
  /// suits runs that lie close together.
  static Result<CommitNames> load(Model& model, std::span<const RunInfoPtr> runs,
                                  std::size_t most_single = 64);
  /// What the store knows; else what the run itself says.
  Commit get(const RunCommit& commit) const;

 private:
  std::map<std::pair<std::string, std::string>, Commit> commits_;
};

/// Commits of a repository between two positions, newest first, at most `most`.
Result<std::vector<Commit>> commits_between(Model& model, const std::string& repository, Position from,
                                            Position to, std::size_t most);

void write_outcome(JsonWriter& json, std::uint32_t id, const Outcome& outcome);
void write_counts(JsonWriter& json, const ClassCounts& counts);
void write_configuration(JsonWriter& json, const Configuration& configuration);
void write_commit(JsonWriter& json, const Model& model, const Commit& commit);
/// Members of a Run without the braces, so that answers can add their own.
void write_run_members(JsonWriter& json, const Model& model, const RunInfo& run, const CommitNames& names);
void write_run(JsonWriter& json, const Model& model, const RunInfo& run, const CommitNames& names);

/// To three significant digits.
std::int64_t rounded(std::int64_t value);

}  // namespace resultsdb::http
