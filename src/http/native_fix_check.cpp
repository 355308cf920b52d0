// getFixCheck.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "judgement_json.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kMostTests = 100;
constexpr double kChance = 0.01;  ///< below it a fix is believed

/// What is to be checked: these tests, on the scope's timelines.
struct Subject {
  Scope scope;
  RangeRequest range;
  std::vector<std::string> tests;
  bool cut = false;  ///< the regression has more tests
};

/// A run that has the fix: its commit of that repository is the fix or after it. Runs without a commit of
/// that repository say nothing about it.
bool has_fix(const RunInfo& run, const Bound& fix) {
  if (!fix.commit) return fix.time ? run.started >= *fix.time : run.position >= *fix.position;
  return std::ranges::any_of(run.commits, [&](const RunCommit& commit) {
    return commit.repository == fix.commit->repository && commit.position >= *fix.position;
  });
}
bool is_before(const RunInfo& run, const Bound& fix) {
  if (has_fix(run, fix)) return false;
  return !fix.commit || std::ranges::any_of(run.commits, [&](const RunCommit& commit) {
    return commit.repository == fix.commit->repository;
  });
}

/// ln of the probability of at most `k` bad runs of n at a rate in (0, 1).
double log_at_most(std::uint64_t k, std::uint64_t n, double rate) {
  double sum = 0, choose = 0;
  for (std::uint64_t i = 0; i <= std::min(k, n); ++i) {
    const auto bad = static_cast<double>(i), good = static_cast<double>(n - i);
    if (i > 0) choose += std::log((good + 1) / bad);
    sum += std::exp(choose + bad * std::log(rate) + good * std::log1p(-rate));
  }
  return std::log(std::min(1.0, sum));
}

enum class State : std::uint8_t { Fixed, NotFixed, TooEarly, NotRun };
constexpr std::string_view kStates[] = {"fixed", "not_fixed", "too_early", "not_run"};

struct Check {
  std::uint64_t bad_before = 0, runs_before = 0, bad_after = 0, runs_after = 0;

  double rate() const { return aggregate::wilson(bad_before, runs_before).low; }
  State state() const {
    if (runs_after == 0) return State::NotRun;
    if (log_at_most(bad_after, runs_after, rate()) < std::log(kChance)) return State::Fixed;
    return bad_after > 0 ? State::NotFixed : State::TooEarly;
  }
  /// Runs without a bad one that show a fix.
  std::uint64_t runs_needed() const {
    return static_cast<std::uint64_t>(std::ceil(std::log(kChance) / std::log1p(-rate())));
  }
};

Result<Subject> read_subject(const NativeContext& context, const Arguments& arguments) {
  Subject subject;
  RESULTSDB_ASSIGN(subject.scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(subject.range, read_range(context, arguments));
  subject.tests = arguments.all("test");
  std::ranges::sort(subject.tests);
  const auto repeated = std::ranges::unique(subject.tests);
  subject.tests.erase(repeated.begin(), repeated.end());
  const auto id = arguments.get("regression");
  if (id && !subject.tests.empty()) return invalid_argument("cannot stand beside test", "regression");
  if (!id && subject.tests.empty()) return invalid_argument("is missing, and so is regression", "test");
  if (subject.tests.size() > kMostTests) return invalid_argument("may be given 100 times at most", "test");
  if (!id) return subject;
  RegressionsQuery query;
  RESULTSDB_ASSIGN(static_cast<Question&>(query),
                   read_question(context, arguments, subject.scope, subject.range));
  query.state = RegressionsQuery::State::All;
  query.limit = 0;
  RESULTSDB_ASSIGN(const RegressionsAnswer answer, Answers(context.model).regressions(query));
  const auto found = std::ranges::find(answer.regressions, *id, &Regression::id);
  if (found == answer.regressions.end()) {
    return make_error(ErrorCode::NotFound, "there is no such item in this selection and range", "regression");
  }
  subject.tests = found->tests;
  subject.cut = subject.tests.size() > kMostTests;
  if (subject.cut) subject.tests.resize(kMostTests);
  subject.scope.selection.timelines.clear();
  for (const std::uint32_t timeline : found->timelines) {
    subject.scope.selection.timelines.push_back(answer.timelines[timeline].id);
  }
  return subject;
}

/// Counts one test's runs on each timeline. Before the fix: those since the test took its last ways.
class Checking {
 public:
  Checking(const NativeContext& context, const Subject& subject, Question question, const Bound& fix)
      : context_(context), subject_(subject), question_(std::move(question)), fix_(fix) {}

  Result<std::map<std::pair<std::string, std::string>, Check>> check() {
    SummaryQuery all;
    static_cast<Question&>(all) = question_;
    RESULTSDB_ASSIGN(const Summary summary, Answers(context_.model).summary(all));
    basis_ = summary.basis;
    for (const ExcludedRun& run : basis_.excluded) excluded_.insert(run.run->id);
    HistoryQuery query;
    query.suite = question_.suite;
    query.tests = subject_.tests;
    query.selection = question_.selection;
    query.range = question_.range;
    query.limit = question_.last;
    query.now = question_.now;
    RESULTSDB_ASSIGN(const History history, context_.model->history(query));
    if (!history.unknown_tests.empty()) {
      return make_error(ErrorCode::NotFound, "the suite has no such test; names are given in full", "test");
    }
    for (const OutcomeInfo& info : history.outcomes) {
      const Outcome& outcome = info.outcome;
      const bool bad = question_.bad == Question::Bad::Failing
                           ? is_failing(outcome.actual)
                           : is_unexpected(outcome.expected, outcome.actual);
      if (bad) bad_.insert(static_cast<std::int32_t>(info.id));
    }
    std::map<std::pair<std::string, std::string>, Check> checks;
    for (const std::string& test : subject_.tests) {
      RESULTSDB_TRY(find_segments(test));
      for (const History::Series& series : history.series) {
        if (query.tests[series.test] != test) continue;
        const History::Timeline& timeline = history.timelines[series.timeline];
        const Check check = count(timeline, series);
        // What was never bad needs no fix.
        if (check.bad_before > 0) checks[{test, timeline.info.id}] = check;
      }
    }
    return checks;
  }
  const Basis& basis() const { return basis_; }

 private:
  /// Where the newest segment before the fix begins, by timeline.
  Status find_segments(const std::string& test) {
    starts_.clear();
    VerdictQuery query;
    static_cast<Question&>(query) = question_;
    query.test = test;
    query.last = 0;
    if (fix_.time) {
      const Time last = *fix_.time - Duration(1);
      query.range.to_started = std::min(query.range.to_started.value_or(last), last);
    } else {
      const Position last = *fix_.position - 1;
      query.range.to_position = std::min(query.range.to_position.value_or(last), last);
    }
    const auto answer = Answers(context_.model).verdict(query);
    if (!answer) return about_test(answer.error());
    for (const VerdictAnswer::OnTimeline& on : answer->per_timeline) {
      if (on.segment_start) starts_[answer->timelines[on.timeline].id] = on.segment_start;
    }
    return {};
  }

  Check count(const History::Timeline& timeline, const History::Series& series) const {
    Check check;
    const auto start = starts_.find(timeline.info.id);
    if (start == starts_.end()) return check;
    const auto in_segment = [&](const RunInfo& run) {
      return std::tie(start->second->position, start->second->started) <= std::tie(run.position, run.started);
    };
    std::size_t index = 0;
    for (const auto& [count, outcome] : series.outcomes) {
      for (std::uint32_t i = 0; i < count; ++i, ++index) {
        const RunInfo& run = *timeline.runs[index];
        if (outcome < 0 || excluded_.contains(run.id)) continue;
        const std::uint64_t bad = bad_.contains(outcome) ? 1 : 0;
        if (has_fix(run, fix_)) {
          ++check.runs_after;
          check.bad_after += bad;
        } else if (is_before(run, fix_) && in_segment(run)) {
          ++check.runs_before;
          check.bad_before += bad;
        }
      }
    }
    return check;
  }

  const NativeContext& context_;
  const Subject& subject_;
  const Question question_;
  const Bound& fix_;
  Basis basis_;
  std::set<std::string> excluded_;  // ids of runs
  std::set<std::int32_t> bad_;      // ids of outcomes
  std::map<std::string, RunInfoPtr> starts_;
};

Result<std::string> get_fix_check(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const std::string text, arguments.required("fix"));
  RESULTSDB_ASSIGN(const Bound fix, read_bound(context, text, "fix"));
  RESULTSDB_ASSIGN(const Subject subject, read_subject(context, arguments));
  RESULTSDB_ASSIGN(Question question, read_question(context, arguments, subject.scope, subject.range));
  Checking checking(context, subject, std::move(question), fix);
  RESULTSDB_ASSIGN(const auto checks, checking.check());
  std::size_t counts[4] = {};
  JsonWriter json;
  json.begin_object().key("per_timeline").begin_array();
  for (const auto& [place, check] : checks) {
    const auto state = static_cast<std::size_t>(check.state());
    ++counts[state];
    json.begin_object().member("timeline", place.second).member("test", place.first);
    json.member("state", kStates[state]);
    write_proportion(json, "before", aggregate::wilson(check.bad_before, check.runs_before));
    write_proportion(json, "after", aggregate::wilson(check.bad_after, check.runs_after));
    json.member("runs_needed", check.runs_needed()).end_object();
  }
  json.end_array().key("summary").begin_object();
  for (std::size_t i = 0; i < std::size(kStates); ++i) json.member(kStates[i], counts[i]);
  json.end_object();
  Basis basis = checking.basis();
  basis.definition = "fix-check/1";
  write_basis(json, basis, subject.range);
  json.key("warnings").begin_array();
  if (subject.cut) {
    json.begin_object().member("code", "truncated").member("limit", kMostTests);
    json.member("detail", "the regression has more tests: the first by name are checked").end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

void add_fix_check_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/fix-check", "getFixCheck", names({"SEL", "range", "test*", "regression", "fix", "outcomes"}),
            get_fix_check});
}

}  // namespace resultsdb::http
