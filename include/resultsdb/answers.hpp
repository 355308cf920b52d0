// Answers over whole suites: what broke, since when, whether it is real, what to run next. Every number comes
// with the runs it was made of; a run that does not cover a test says nothing about it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "resultsdb/aggregate/facet_split.hpp"
#include "resultsdb/aggregate/fix_check.hpp"
#include "resultsdb/aggregate/query_language.hpp"
#include "resultsdb/aggregate/statistics.hpp"
#include "resultsdb/aggregate/test_facts.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb {

using aggregate::FixState;
using aggregate::PlaceState;
using aggregate::Proportion;
using aggregate::Verdict;

/// What all questions share.
struct Question {
  std::string suite;
  Selection selection;
  RunRange range;
  std::optional<RunCommit> commit;  ///< only runs that have this commit
  std::string run;                  ///< public id: only this run
  std::uint32_t last = 0;           ///< the newest runs of each timeline; 0: all
  std::string name_contains;        ///< tests whose name contains it
  /// What is counted: results that nobody expected, or all failures.
  enum class Bad : std::uint8_t { Unexpected, Failing } bad = Bad::Unexpected;
  Time now{};
};

/// A run that no statistic counts.
struct ExcludedRun {
  enum class Why : std::uint8_t {
    Declared,   ///< its state is failed, or its attribute `infrastructure_failure` is `true`
    MostFailed  ///< more than 80 % of at least 20 results are bad
  } why = Why::Declared;
  RunInfoPtr run;
};

/// What an answer is made of.
struct Basis {
  std::string definition;     ///< name and version of the measure: `flaky.minority/1`
  std::uint64_t runs = 0;     ///< that were counted
  std::uint64_t results = 0;  ///< in them
  std::vector<ExcludedRun> excluded;
};

// --- summaries

/// Counters of one timeline's runs, or of all.
struct SummaryRow {
  std::uint32_t timeline = 0;    ///< index into Summary::timelines; of the total: none
  std::uint32_t runs = 0;        ///< 0: not run
  Proportion passing, expected;  ///< of the results: neither failing nor skipped; not unexpected
  std::uint64_t failing = 0, unexpected = 0, skipped = 0;
  std::uint64_t lost = 0;  ///< planned results that never came: not part of any proportion
  RunInfoPtr newest;       ///< null: not run
  enum class State : std::uint8_t { Current, Stale, NotRun } state = State::NotRun;
};
struct SummaryQuery : Question {
  /// A timeline whose newest run was received longer before the suite's newest one is stale.
  std::chrono::seconds stale_after{12 * 3600};
};
struct Summary {
  std::vector<TimelineInfo> timelines;
  std::vector<SummaryRow> rows;  ///< by timeline
  SummaryRow total;
  Basis basis;
};

// --- flakiness

/// The measures of one test, on one timeline or added up over several. `bad` is the question's.
struct Flakiness {
  Proportion minority;      ///< rarer of bad and good in the newest segment between change points
  Proportion flips;         ///< changes between bad and good inside that segment, of its neighbouring runs
  Proportion disagreement;  ///< commits with good and bad runs, of those with several runs
  Proportion retries;       ///< runs whose attempts disagreed, of all
  std::uint64_t all_flips = 0;  ///< over the whole history, change points included
  double score() const { return minority.low; }
};
struct FlakyQuery : Question {
  std::uint32_t min_runs = 10;  ///< in the newest segment
  std::uint32_t limit = 20;     ///< 0: all
  bool by_timeline = false;     ///< an item per test and timeline instead of per test
};
struct FlakyTest {
  std::string test;
  Flakiness flakiness;
  struct OnTimeline {
    std::uint32_t timeline = 0;  ///< index into FlakyAnswer::timelines
    Proportion minority;
  };
  std::vector<OnTimeline> timelines;  ///< those that contribute a bad and a good run
  RunInfoPtr last_bad, last_good;
};
struct FlakyAnswer {
  std::vector<TimelineInfo> timelines;
  std::vector<FlakyTest> tests;  ///< by score, then flips, then name
  std::uint64_t total = 0;       ///< with a score above 0
  Basis basis;
};

// --- change points

enum class ChangeKind : std::uint8_t {
  Regression,   ///< the rate of bad runs went up, to (nearly) always
  Flaky,        ///< it changed, and good and bad runs go on
  Expectation,  ///< what is expected changed at the same run
  Fix           ///< it went down, to (nearly) never
};
/// One test on one timeline changed its ways.
struct ChangeEvent {
  ChangeKind kind = ChangeKind::Regression;
  bool open = false;  ///< Regression or Flaky, and nothing changed again since
  std::string test;
  std::uint32_t timeline = 0;  ///< index into the answer's timelines
  RunInfoPtr before_run;       ///< the last covering run of the old ways …
  RunInfoPtr after_run;        ///< … and the first of the new
  Proportion before, after;    ///< bad runs of the segments on both sides
  Outcome outcome;             ///< of the first run of the new ways
  /// The cause is after this and at or before `after_run`; of two runs of one commit: that commit.
  Position cause_after() const { return std::min(before_run->position, after_run->position - 1); }
};
/// Events with a common start: one cause, as far as can be told.
struct Regression {
  std::string id;  ///< see regression_id()
  ChangeKind kind = ChangeKind::Regression;
  bool open = false;                     ///< one of its events is
  std::vector<std::string> tests;        ///< by name
  std::vector<std::uint32_t> timelines;  ///< ascending
  /// The cause is after the first and at or before the second, if it is one.
  Position after = 0, to = 0;
  RunInfoPtr last_good, first_bad;  ///< the runs at those places
  Proportion before, after_rate;    ///< over all events
  Outcome worst;
  std::vector<ChangeEvent> events;  ///< by (test, timeline)
};
struct RegressionsQuery : Question {
  std::vector<ChangeKind> kinds;  ///< empty: all
  enum class State : std::uint8_t { Open, Closed, All } state = State::Open;
  std::optional<Position> containing;  ///< whose range holds this position
  double change = 1e-3;                ///< prior of a change at one run; 1e-2 for "possible"
  std::uint32_t limit = 100;           ///< 0: all
};
struct RegressionsAnswer {
  std::vector<TimelineInfo> timelines;
  std::vector<Regression> regressions;  ///< newest first
  std::uint64_t total = 0;
  Basis basis;
};

// --- one test

std::string_view to_string(Verdict verdict) noexcept;
std::string_view to_string(ChangeKind kind) noexcept;

struct VerdictQuery : Question {
  std::string test;
  std::chrono::seconds stale_after{12 * 3600};
};
struct VerdictAnswer {
  struct OnTimeline {
    std::uint32_t timeline = 0;
    std::optional<Verdict> verdict;  ///< nothing: not run
    Flakiness flakiness;
    RunInfoPtr segment_start;         ///< first run of the newest segment
    RunInfoPtr last_good, first_bad;  ///< around the newest bad stretch, if the newest run is bad
    std::uint32_t runs = 0;           ///< that cover the test
    std::vector<ChangeEvent> events;  ///< oldest first
  };
  std::vector<TimelineInfo> timelines;
  std::vector<OnTimeline> per_timeline;
  /// Of the timelines' verdicts the most urgent one: regressed, broken, flaky, unknown, fixed, healthy,
  /// stale.
  std::optional<Verdict> verdict;
  Flakiness flakiness;               ///< added up
  Proportion across_configurations;  ///< commits on which configurations disagree, of those with several
  Basis basis;
};

// --- where one test fails

struct FacetSplitQuery : Question {
  std::string test;
};
struct FacetSplitAnswer {
  /// Configurations by id. Failing: the newest run of one of its branches is bad. Flaky: the verdict there;
  /// of a question about one commit, position or start: good and bad runs of it.
  std::vector<aggregate::Place> places;
  aggregate::FacetSplit split;
  Basis basis;
};

// --- whether a fix is one

/// Where the fix is. A commit: runs have it whose commit of the same repository is there or after it; those
/// before are without it, and runs without a commit of that repository say nothing. A position or a start:
/// runs there and after it have the fix.
using FixPlace = std::variant<std::monostate, RunCommit, Position, Time>;

struct FixCheckQuery : Question {
  std::vector<std::string> tests;  ///< in full; or:
  std::string regression;  ///< Regression::id in the same selection and range: its tests and timelines
  FixPlace fix;
  std::uint32_t limit = 0;  ///< of a regression the first tests by name; 0: all
};
struct FixCheckAnswer {
  struct OnTimeline {
    std::string test;
    std::uint32_t timeline = 0;  ///< index into FixCheckAnswer::timelines
    FixState state = FixState::NotRun;
    /// Bad runs without the fix, since the test took its last ways before it; and with it.
    Proportion before, after;
    std::uint64_t runs_needed = 0;  ///< with the fix and without a bad one, to show it
  };
  std::vector<TimelineInfo> timelines;
  /// By test, then the timeline's id; of those that were bad before: others need no fix.
  std::vector<OnTimeline> per_timeline;
  std::uint64_t counts[aggregate::kFixStates] = {};  ///< of them, by FixState
  bool truncated = false;                            ///< the limit left out tests of the regression
  Basis basis;
};

// --- culprits

struct CulpritQuery : Question {
  std::string test;
  std::optional<Position> near;  ///< the change nearest to it instead of the newest one
  double change = 1e-3;
};
struct CulpritAnswer {
  enum class Status : std::uint8_t { Found, None, ExpectationChange, NotEnoughData } status = Status::None;
  std::vector<TimelineInfo> timelines;
  std::vector<ChangeEvent> per_timeline;  ///< one each, of those that changed
  /// Places after `after` and at or before `to`; `commits`, if the store knows them, oldest first.
  struct Range {
    Position after = 0, to = 0;
    double mass = 0;
    std::vector<Commit> commits;
  };
  std::optional<Range> combined;  ///< intersection over the timelines; nothing: they contradict each other
  std::vector<Range> posterior;   ///< between neighbouring tested places, by mass
  struct Credible {
    double confidence = 0;
    Range range;  ///< without commits
  };
  std::vector<Credible> credible;  ///< 0.5, 0.95, 0.99
  struct NextTest {
    Position position = 0;
    std::uint32_t timeline = 0;
    std::uint32_t repeats = 1;
    double gain_bits = 0;  ///< expected
  };
  std::optional<NextTest> next_test;  ///< nothing: one place is left, or its commits are not known
  Basis basis;
};

// --- comparison

struct CompareSide {
  Selection selection;
  RunRange range;
  std::optional<RunCommit> commit;
  std::string run;         ///< public id: this run alone
  std::uint32_t last = 1;  ///< the newest runs of each timeline; 0: all
};
struct CompareQuery {
  std::string suite;
  CompareSide a, b;
  /// Compare equal configurations with each other, or everything in A with everything in B. Where a side of a
  /// pair has several runs, a difference is one of rates, and one that is significant: q <= 0.05.
  bool pair_configurations = true;
  std::string name_contains;
  Question::Bad bad = Question::Bad::Unexpected;
  std::uint32_t limit = 1000;  ///< items; 0: all
  Time now{};
};
enum class Difference : std::uint8_t {
  NewFailure,
  Fixed,
  StillFailing,
  ChangedKind,  ///< bad on both sides, in another way
  OnlyA,        ///< B's runs do not have it
  OnlyB,
  NotRunA,  ///< A has no run of the configuration, lost the test or skipped it (and B did not)
  NotRunB,
  Same  ///< good on both sides, or rates that do not differ significantly with one side good
};
inline constexpr std::size_t kDifferences = 9;
std::string_view to_string(Difference difference) noexcept;
struct ComparedTest {
  std::string test;
  std::string configuration;  ///< public id; empty if configurations are not paired
  Difference difference = Difference::Same;
  std::optional<Outcome> a, b;  ///< of the newest run that covers it
  Proportion rate_a, rate_b;    ///< bad runs
  /// Of one rate on both sides: Fisher's exact test, two-sided (twice the smaller tail). q over all tests
  /// that both sides ran. 1 where one did not.
  double p_value = 1, q_value = 1;
  /// Flakiness::minority of a test that differs without a change; see Answers::note_flaky().
  std::optional<Proportion> flaky;
};
struct Comparison {
  std::vector<RunInfoPtr> runs_a, runs_b;
  std::vector<Configuration> only_in_a, only_in_b;  ///< configurations without a partner
  std::uint64_t counts[kDifferences] = {};          ///< (test, configuration) pairs, by Difference
  /// All but the same and those of a configuration that one side has no run of, which are only counted; by
  /// (difference, p, name).
  std::vector<ComparedTest> tests;
  std::uint64_t total = 0;  ///< of `tests`, without the limit
  Basis basis;
};

struct FailedTest {
  std::string test;
  Outcome outcome;
  bool operator==(const FailedTest&) const = default;
};

// --- tests for which a query holds

struct FindQuery : Question {
  aggregate::Query query;  ///< see parse_query()
  std::chrono::seconds stale_after{12 * 3600};
  std::string after;          ///< names behind this one; `tests.back()` of the page before
  std::uint32_t limit = 100;  ///< 0: all
};
struct FindAnswer {
  std::vector<TimelineInfo> timelines;  ///< that were looked at
  std::vector<std::string> tests;       ///< by name in byte order
  std::uint64_t total = 0;              ///< on all pages
  bool more = false;                    ///< the limit left out tests behind the last one
  Basis basis;
};

struct GateQuery;  // resultsdb/gate.hpp
struct GateAnswer;
struct PlanQuery;  // resultsdb/rerun_plan.hpp
struct PlanAnswer;
struct ClustersQuery;  // resultsdb/clusters.hpp
struct ClustersAnswer;
struct FailuresQuery;  // resultsdb/failing_tests.hpp
struct FailuresAnswer;
struct BadAt;
struct ReasonOfResult;
struct CoverageGapsQuery;  // resultsdb/coverage.hpp
struct CoverageGapsAnswer;
struct CoverageAtQuery;
struct CoverageAtAnswer;
struct TestListQuery;  // resultsdb/test_list.hpp
struct TestListAnswer;
struct OverviewQuery;  // resultsdb/overview.hpp
struct OverviewAnswer;
struct FlakyDetailsQuery;  // resultsdb/flaky_details.hpp
struct FlakyDetails;
struct StandingsQuery;  // resultsdb/standings.hpp
struct StandingsAnswer;
struct ResolveQuery;  // resultsdb/test_names.hpp
struct ResolvedName;
struct DurationTreeQuery;  // resultsdb/duration_tree.hpp
struct DurationTreeAnswer;
struct SlowQuery;  // resultsdb/test_durations.hpp
struct SlowAnswer;
struct DurationsQuery;
struct DurationsAnswer;
struct ShardsQuery;
struct ShardsAnswer;
struct StoredExpectation;  // resultsdb/stored_expectations.hpp
struct ExpectationsQuery;
struct ExpectationReviewQuery;
struct ExpectationReview;

/// Asks a Model. Safe for concurrent calls; copies are cheap. The first answer of a suite reads all its
/// change points (about a third of a second a million), later ones what was written since.
class Answers {
 public:
  explicit Answers(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  Result<Summary> summary(const SummaryQuery& query);
  /// How a suite stands now; see resultsdb/overview.hpp.
  Result<OverviewAnswer> overview(const OverviewQuery& query);
  /// The flakiest tests. Kowalczyk et al. 2020 and others count flips; here a regression and its fix are
  /// none.
  Result<FlakyAnswer> flaky(const FlakyQuery& query);
  /// More about some of them, by FlakyDetailsQuery::items; see resultsdb/flaky_details.hpp. Reads the newest
  /// runs of these tests. NotFound: the suite has no such test.
  Result<std::vector<FlakyDetails>> flaky_details(const FlakyDetailsQuery& query);
  Result<RegressionsAnswer> regressions(const RegressionsQuery& query);
  /// NotFound: the suite has no such test.
  Result<VerdictAnswer> verdict(const VerdictQuery& query);
  /// Which facets tell the configurations where a test fails from the others, by the newest run of each.
  /// NotFound: the suite has no such test.
  Result<FacetSplitAnswer> facet_split(const FacetSplitQuery& query);
  /// Whether the runs since a fix show that it is one. NotFound: there is no such test or regression.
  Result<FixCheckAnswer> fix_check(const FixCheckQuery& query);
  Result<CulpritAnswer> culprit(const CulpritQuery& query);
  Result<Comparison> compare(const CompareQuery& query);
  /// Sets `flaky` of the tests of a comparison that this query got: as a gate with its own settings judges
  /// them along the timelines of A, without the runs of B. Some microseconds a test, so done for those that
  /// somebody will look at.
  Status note_flaky(const CompareQuery& query, Comparison& comparison);
  /// What failed in each of these runs of a suite, by name; nothing for a run that is gone. As
  /// Model::results() gives it for one run, but hundreds of runs are read at once.
  Result<std::vector<std::vector<FailedTest>>> failed(std::string_view suite,
                                                      std::span<const RunInfoPtr> runs);
  /// The tests that some run of the selected timelines ran, or, if the query asks for `lost` or `new`, that a
  /// run that counts lost, and for which the query holds of the runs that count. Verdicts are those of
  /// verdict(), durations those of these runs, read only if the query asks for them (then the answer takes
  /// about as long as reading them). Lost tests cost one blob for each run that lost any, the first time.
  Result<FindAnswer> find(const FindQuery& query);
  /// Whether a candidate may go in; see resultsdb/gate.hpp.
  Result<GateAnswer> gate(const GateQuery& query);
  /// What to run next within a budget; see resultsdb/rerun_plan.hpp. Each open regression costs a culprit().
  Result<PlanAnswer> plan(const PlanQuery& query);

  /// Why tests fail: bad results by what they say, with details of the newest ones read; see
  /// resultsdb/clusters.hpp. NotFound: the suite has no such test.
  Result<ClustersAnswer> clusters(const ClustersQuery& query);

  /// Tests with a bad result in a window of runs, and where; see resultsdb/failing_tests.hpp. NotFound: the
  /// suite has no such test.
  Result<FailuresAnswer> failures(const FailuresQuery& query);
  /// Why these results were bad, by index. A run's outcomes and the details of its results are read for each
  /// run among them.
  Result<std::vector<ReasonOfResult>> reasons(const std::string& suite, Question::Bad bad,
                                              std::span<const BadAt> results);

  /// Tests by how they stand; see resultsdb/test_list.hpp. Of the tests that find() looks at.
  Result<TestListAnswer> tests(const TestListQuery& query);
  /// Verdicts, failing streaks and newest results of some tests; see resultsdb/standings.hpp.
  Result<StandingsAnswer> standings(const StandingsQuery& query);
  /// The tests that names mean, also shortened ones, by index; see resultsdb/test_names.hpp.
  Result<std::vector<ResolvedName>> resolve(const ResolveQuery& query);

  // What was not run; see resultsdb/coverage.hpp.
  Result<CoverageGapsAnswer> coverage_gaps(const CoverageGapsQuery& query);
  Result<CoverageAtAnswer> coverage_at(const CoverageAtQuery& query);

  // Durations; see resultsdb/test_durations.hpp.
  /// The slowest tests, and what runs take. Reads the durations of all tests in the runs that are looked at.
  Result<SlowAnswer> slow(const SlowQuery& query);
  /// NotFound: the suite has no such test.
  Result<DurationsAnswer> durations(const DurationsQuery& query);
  /// Where the time goes, folder by folder; see resultsdb/duration_tree.hpp. NotFound: there is no such run.
  Result<DurationTreeAnswer> duration_tree(const DurationTreeQuery& query);
  /// Which machine runs which tests, so that all are done at about the same time (aggregate::balance()).
  Result<ShardsAnswer> shards(const ShardsQuery& query);

  // Stored expectations; see resultsdb/stored_expectations.hpp. The suite need not have runs.
  /// Replaces the one of the same test, `where` and `from`. Gives it as it is stored, with its id and version
  /// (those that are given are ignored). `expected_version` is that of the one replaced, 0: none; else
  /// Conflict.
  Result<StoredExpectation> put_expectation(std::string_view suite, const StoredExpectation& expectation,
                                            std::optional<std::uint64_t> expected_version = {});
  /// NotFound if there is none; Conflict if its version is another one.
  Status remove_expectation(std::string_view suite, std::string_view id,
                            std::optional<std::uint64_t> expected_version = {});
  Result<std::optional<StoredExpectation>> expectation(std::string_view suite, std::string_view id);
  /// By test, then id. With a position: as of that commit.
  Result<std::vector<StoredExpectation>> expectations(const ExpectationsQuery& query);
  /// Which have had their day, and the fewest lines for tests that are unexpected.
  Result<ExpectationReview> review_expectations(const ExpectationReviewQuery& query);

 private:
  std::shared_ptr<Model> model_;
};

/// Opaque: `g_…`. Of a group's first test by name and the runs around its range; the same as long as these
/// are.
std::string regression_id(ChangeKind kind, std::string_view test, const RunInfo& before,
                          const RunInfo& after);

}  // namespace resultsdb
