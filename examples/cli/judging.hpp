// What the commands that judge tests share: their question, and how proportions, runs and the basis are
// shown.
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"
#include "output.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb::cli {

/// --suite, --branch, --configuration, --last, --from, --to, --contains, --failing
void add_question(Options& options, std::uint32_t last);
/// Throws UsageError.
Question parse_question(const Options& options, const std::string& suite);
/// `run:ID`, `commit:REPOSITORY@REF`, `branch:NAME`, `last:N`, several joined by `;`. Throws UsageError.
CompareSide parse_side(Model& model, const Options& options, const std::string& text);

/// Configurations as tables show them: the facets in which those of a suite differ.
class ConfigurationLabels {
 public:
  explicit ConfigurationLabels(const std::vector<TimelineInfo>& timelines);
  std::string label(const Configuration& configuration) const;
  Cell cell(const Configuration& configuration) const;
  /// A JSON array of configurations, the first `shown` by label.
  Cell cell(const std::vector<Configuration>& configurations, std::size_t shown) const;

 private:
  std::vector<std::string> facets_;
};

/// `3/40 (1-20 %)` and {"k":3,"n":40,"low":…,"high":…}; nothing that was not counted looks like a rate.
Cell cell(const Proportion& proportion);
/// The commit of a run's position, else its start; `-` and null where there is none.
Cell cell(const RunInfoPtr& run);
Cell cell(const std::optional<Outcome>& outcome);  ///< what it did; `-` and null for none
/// Places after the first and at or before the second.
Cell cell_range(Position after, Position to);
/// A JSON array and a list in words.
Cell cell(const std::vector<std::string>& texts, std::size_t shown);
/// Runs that were counted, and those that were not and why; for people.
void print_basis(const Basis& basis);
void add_basis(Basis& sum, const Basis& more);
/// What to do next, if a person reads it.
void hint(Format format, const std::string& text);

}  // namespace resultsdb::cli
