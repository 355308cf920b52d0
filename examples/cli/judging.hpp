// What the commands that judge tests share: their question, and how proportions, runs and the basis are
// shown.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "context.hpp"
#include "lookup.hpp"
#include "output.hpp"
#include "progress.hpp"
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
  explicit ConfigurationLabels(const std::vector<Configuration>& configurations);
  explicit ConfigurationLabels(const std::vector<TimelineInfo>& timelines);
  std::string label(const Configuration& configuration) const;
  Cell cell(const Configuration& configuration) const;
  /// A JSON array of configurations, the first `shown` by label.
  Cell cell(const std::vector<Configuration>& configurations, std::size_t shown) const;

 private:
  std::vector<std::string> facets_;
};

/// Places as people know them, as far as the store knows a commit there: `app@5@main`, `app@1f2e3d4c5b6a`.
class CommitNames {
 public:
  explicit CommitNames(Model& model);
  /// Branches may have a commit each at one position: the one of this branch is meant, else any. `position N`
  /// if there is none.
  std::string name(Position position, const std::string& branch);
  /// As cell(run), by the name of the run's commit.
  Cell cell(const RunInfoPtr& run);

 private:
  Model& model_;
  std::vector<std::string> repositories_;
  std::map<std::pair<Position, std::string>, std::string> known_;  ///< by position and branch or commit
};

/// `3/40 (1-20 %)` and {"k":3,"n":40,"low":…,"high":…}; nothing that was not counted looks like a rate.
Cell cell(const Proportion& proportion);
/// The same, but a table shows `3/40` alone, where a column of rates stands beside it.
Cell counted(const Proportion& proportion);
/// The commit of a run's position, else its start; `-` and null where there is none.
Cell cell(const RunInfoPtr& run);
Cell cell(const std::optional<Outcome>& outcome);  ///< what it did; `-` and null for none
/// Places after the first and at or before the second; in CSV by their names, if they are given.
Cell cell_range(Position after, Position to, const std::string& after_name = {},
                const std::string& to_name = {});
/// A JSON array and a list in words.
Cell cell(const std::vector<std::string>& texts, std::size_t shown);
/// Runs that were counted, and those that were not and why; for people.
void print_basis(const Basis& basis);
/// The same for programs: {"definition":…,"runs":…,"results":…,"excluded":[{"why":…,"n":…,"runs":[…]}]}.
std::string basis_json(const Basis& basis);
/// A list, made of one answer or of those of several suites; `total` counts without the limit. What was left
/// out, by the limit or as excluded runs, is said on the standard error in every format.
void print_list(Format format, const Records& records, std::uint64_t total, const Basis& basis,
                const char* when_empty);
void add_basis(Basis& sum, const Basis& more);
/// What to do next, if a person reads it.
void hint(Format format, const std::string& text);
/// For hints: as one word of a shell's command.
std::string shell_word(const std::string& text);
/// For hints: `TEST --suite SUITE` as a shell takes it.
std::string test_arguments(const std::string& test, const std::string& suite);

/// A person who waits for more than a second is told for what.
template <class F>
auto ask_slowly(const F& question) {
  const SlowNote note("reading the histories");
  return question();
}
/// The answer, or fail().
template <class F>
auto ask(const F& question) {
  return need(ask_slowly(question));
}
/// The same; of a test that the suite does not have, the names that are like it are said.
template <class F>
auto ask_about_tests(Model& model, const std::string& suite, const F& question) {
  constexpr std::string_view kTest = "test ";
  auto answer = ask_slowly(question);
  if (!answer && answer.error().code == ErrorCode::NotFound && answer.error().context.starts_with(kTest))
    fail_for_unknown_test(model, suite, answer.error().context.substr(kTest.size()));
  return need(std::move(answer));
}

}  // namespace resultsdb::cli
