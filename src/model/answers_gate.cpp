// May a change go in?
#include <algorithm>
#include <map>
#include <set>

#include "engine/run_selection.hpp"
#include "model/comparing.hpp"
#include "model/flaky_tests.hpp"
#include "resultsdb/gate.hpp"

namespace resultsdb {
namespace {

using State = GateRule::State;
using Kind = GateRule::Kind;

std::string count_of(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string limit_text(std::uint64_t limit) { return ", at most " + std::to_string(limit) + " allowed"; }

std::string text_of(const std::vector<FacetFilter>& filters) {
  std::string text;
  for (const FacetFilter& filter : filters)
    for (const std::string& value : filter.values)
      text += (text.empty() ? "" : " ") + std::string(filter.negated ? "!" : "") + filter.facet + ":" + value;
  return text;
}

bool is_going_or_cut(const RunInfo& run) {
  return run.state == RunState::Running || run.state == RunState::Incomplete;
}

class Gate {
 public:
  Gate(ModelCore& core, const GateQuery& query, const CompareQuery& compare, Survey candidate)
      : core_(core), query_(query), compare_(compare), candidate_(std::move(candidate)) {}

  Result<GateAnswer> decide(Answers& answers) {
    note_candidate();
    RESULTSDB_ASSIGN(comparison_, compare_sides(core_, compare_, ids_));
    answer_.base = comparison_.runs_a;
    answer_.fixed = comparison_.counts[static_cast<std::size_t>(Difference::Fixed)];
    answer_.still_failing = comparison_.counts[static_cast<std::size_t>(Difference::StillFailing)] +
                            comparison_.counts[static_cast<std::size_t>(Difference::ChangedKind)];
    answer_.basis = comparison_.basis;
    answer_.basis.definition = candidate_.basis.definition;
    judge_runs();
    RESULTSDB_TRY(judge_new_failures());
    judge_configurations();
    judge_complete();
    judge_lost();
    judge_missing();
    judge_duration();
    RESULTSDB_TRY(judge_forbidden(answers));
    answer_.open =
        std::ranges::all_of(answer_.rules, [](const GateRule& rule) { return rule.state == State::Met; });
    return std::move(answer_);
  }

 private:
  void note_candidate() {
    for (const Window& window : candidate_.windows)
      for (const std::uint32_t run : window.runs()) {
        answer_.candidate.push_back(engine::as_of(window.run(run), query_.now));
        ids_.push_back(window.run(run)->id);
      }
    for (const ExcludedRun& excluded : candidate_.basis.excluded) ids_.push_back(excluded.run->id);
  }

  /// Without runs nothing is told.
  GateRule& add(Kind kind) {
    GateRule& rule = answer_.rules.emplace_back();
    rule.kind = kind;
    if (answer_.candidate.empty()) rule.explanation = "the candidate was not run";
    return rule;
  }
  void decide(GateRule& rule, bool met, std::string explanation, std::vector<std::string> items = {}) const {
    if (answer_.candidate.empty()) return;
    rule.state = met ? State::Met : State::Broken;
    rule.explanation = std::move(explanation);
    rule.total = items.size();
    if (query_.limit != 0 && items.size() > query_.limit) items.resize(query_.limit);
    rule.items = std::move(items);
  }

  void judge_runs() {
    GateRule& rule = add(Kind::Runs);
    std::vector<std::string> excluded;
    for (const ExcludedRun& each : candidate_.basis.excluded) excluded.push_back(each.run->id);
    const std::size_t count = excluded.size();
    if (count != 0) {
      rule.state = State::Broken;
      rule.explanation = count_of(count, "run") + " of the candidate failed or had mostly bad results";
      rule.total = count;
      if (query_.limit != 0 && count > query_.limit) excluded.resize(query_.limit);
      rule.items = std::move(excluded);
    } else if (answer_.base.empty() && !answer_.candidate.empty()) {
      rule.explanation = "the base was not run: there is nothing to compare with";
    } else {
      decide(rule, true,
             count_of(answer_.candidate.size(), "run") + " of the candidate, " +
                 std::to_string(answer_.base.size()) + " of the base");
    }
  }

  Status judge_new_failures() {
    GateRule& rule = add(Kind::NewFailures);
    RESULTSDB_TRY(find_failures());
    for (const GateFailure& failure : answer_.new_failures)
      ++(failure.flaky ? answer_.flaky : answer_.counted);
    std::sort(answer_.new_failures.begin(), answer_.new_failures.end(),
              [](const GateFailure& a, const GateFailure& b) {
                return std::tuple(a.flaky.has_value(), std::string_view(a.test), a.configuration.key()) <
                       std::tuple(b.flaky.has_value(), std::string_view(b.test), b.configuration.key());
              });
    std::string text = count_of(answer_.counted, "new failure") + limit_text(query_.new_failures);
    if (answer_.flaky != 0) text += "; " + std::to_string(answer_.flaky) + " of flaky tests not counted";
    std::vector<std::string> names;
    for (const GateFailure& failure : answer_.new_failures)
      if (!failure.flaky && (names.empty() || names.back() != failure.test)) names.push_back(failure.test);
    decide(rule, answer_.counted <= query_.new_failures, std::move(text), std::move(names));
    if (query_.limit != 0 && answer_.new_failures.size() > query_.limit)
      answer_.new_failures.resize(query_.limit);
    return {};
  }

  Status find_failures() {
    std::map<std::string, const Configuration*> configurations;
    for (const TimelineInfo& timeline : candidate_.timelines)
      configurations[timeline.configuration_id] = &timeline.configuration;
    std::optional<FlakyTests> flaky;
    for (const ComparedTest& test : comparison_.tests) {
      const bool is_new = test.difference == Difference::NewFailure ||
                          ((test.difference == Difference::OnlyB || test.difference == Difference::NotRunA) &&
                           test.rate_b.k != 0);
      if (!is_new) continue;
      GateFailure& failure = answer_.new_failures.emplace_back();
      failure.test = test.test;
      if (const auto found = configurations.find(test.configuration); found != configurations.end())
        failure.configuration = *found->second;
      failure.base = test.a;
      failure.candidate = test.b;
      failure.base_rate = test.rate_a;
      failure.candidate_rate = test.rate_b;
      if (query_.count_flaky) continue;
      if (!flaky) {
        RESULTSDB_ASSIGN(flaky, FlakyTests::read(core_, compare_, comparison_.runs_a, ids_,
                                                 {.runs = query_.flaky_runs,
                                                  .min_runs = query_.flaky_min_runs,
                                                  .results = query_.flaky_results}));
      }
      RESULTSDB_ASSIGN(failure.flaky, flaky->find(test.test, test.configuration));
    }
    return add_failures_without_base();
  }

  /// A comparison does not list them: these configurations have no partner.
  Status add_failures_without_base() {
    std::vector<storage::TestId> tests;
    const std::size_t first = answer_.new_failures.size();
    candidate_.visit_bad([&](std::uint32_t w, storage::TestId test, std::span<const Piece> pieces) {
      const Configuration& configuration = candidate_.timelines[w].configuration;
      if (std::ranges::find(comparison_.only_in_b, configuration) == comparison_.only_in_b.end()) return;
      std::uint64_t bad = 0, runs = 0;
      for (const Piece& piece : pieces) {
        runs += piece.runs;
        bad += candidate_.is_bad(piece.outcome) ? piece.runs : 0;
      }
      if (bad == 0) return;
      GateFailure& failure = answer_.new_failures.emplace_back();
      if (query_.pair_configurations) failure.configuration = configuration;
      failure.candidate = candidate_.outcome(pieces.back().outcome);
      failure.base_rate = aggregate::wilson(0, 0);
      failure.candidate_rate = aggregate::wilson(bad, runs);
      tests.push_back(test);
    });
    RESULTSDB_ASSIGN(const auto names, candidate_.names(tests));
    for (std::size_t i = 0; i < names.size(); ++i) answer_.new_failures[first + i].test = names[i];
    return {};
  }

  void judge_configurations() {
    if (query_.configurations.empty()) return;
    std::vector<std::string> missing;
    for (const auto& filters : query_.configurations) {
      const bool there = std::ranges::any_of(answer_.candidate, [&](const RunInfoPtr& run) {
        return std::ranges::all_of(
            filters, [&](const FacetFilter& filter) { return filter.matches(run->configuration); });
      });
      if (!there) missing.push_back(text_of(filters));
    }
    const std::size_t there = query_.configurations.size() - missing.size();
    std::string text = std::to_string(there) + " of " +
                       count_of(query_.configurations.size(), "required configuration") + " run";
    const bool all = missing.empty();
    decide(add(Kind::Configurations), all, std::move(text), std::move(missing));
  }

  void judge_complete() {
    if (query_.allow_incomplete) return;
    std::vector<std::string> open;
    for (const RunInfoPtr& run : answer_.candidate)
      if (is_going_or_cut(*run)) open.push_back(run->id);
    const std::size_t count = open.size();
    decide(add(Kind::Complete), count == 0,
           count == 0 ? "all runs are complete" : count_of(count, "run") + " not complete", std::move(open));
  }

  void judge_lost() {
    std::uint64_t lost = 0;
    std::vector<std::string> runs;
    for (const RunInfoPtr& run : answer_.candidate) {
      lost += run->counts.lost;
      if (run->counts.lost != 0) runs.push_back(run->id);
    }
    decide(add(Kind::Lost), lost <= query_.lost_tests,
           count_of(lost, "planned test") + " without a result" + limit_text(query_.lost_tests),
           std::move(runs));
  }

  void judge_missing() {
    if (!query_.missing_tests) return;
    std::vector<std::string> missing;
    for (const ComparedTest& test : comparison_.tests)
      if (test.difference == Difference::OnlyA || test.difference == Difference::NotRunB)
        missing.push_back(test.test);
    const std::size_t count = missing.size();
    std::sort(missing.begin(), missing.end());
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    decide(add(Kind::Missing), count <= *query_.missing_tests,
           count_of(count, "result") + " of the base that the candidate does not have" +
               limit_text(*query_.missing_tests),
           std::move(missing));
  }

  void judge_duration() {
    if (!query_.duration) return;
    GateRule& rule = add(Kind::Duration);
    std::vector<std::string> longer, untold;
    std::chrono::microseconds longest{0};
    for (const RunInfoPtr& run : answer_.candidate) {
      if (!run->finished) {
        untold.push_back(run->id);
        continue;
      }
      longest = std::max(longest, *run->finished - run->started);
      if (*run->finished - run->started > *query_.duration) longer.push_back(run->id);
    }
    const auto seconds = [](std::chrono::microseconds time) {
      return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s";
    };
    if (longer.empty() && !untold.empty()) {
      decide(rule, false, count_of(untold.size(), "run") + " did not tell when it ended", untold);
      rule.state = State::Unknown;
      return;
    }
    const bool met = longer.empty();
    decide(rule, met,
           "the longest run took " + seconds(longest) + ", at most " + seconds(*query_.duration) + " allowed",
           std::move(longer));
  }

  Status judge_forbidden(Answers& answers) {
    if (!query_.forbidden) return {};
    GateRule& rule = add(Kind::Forbidden);
    CompareQuery compare{.suite = query_.suite, .name_contains = query_.name_contains, .bad = query_.bad};
    compare.now = query_.now;
    FindQuery find{question_of(compare, query_.candidate)};
    find.query = *query_.forbidden;
    find.stale_after = query_.stale_after;
    find.limit = query_.limit;
    RESULTSDB_ASSIGN(FindAnswer found, answers.find(find));
    decide(rule, found.total == 0,
           count_of(found.total, "test") + " matched by the query that must match none",
           std::move(found.tests));
    if (!answer_.candidate.empty()) rule.total = found.total;
    return {};
  }

  ModelCore& core_;
  const GateQuery& query_;
  const CompareQuery& compare_;
  Survey candidate_;
  Comparison comparison_;
  std::vector<std::string> ids_;  // of all runs of the candidate, counted or not
  GateAnswer answer_;
};

}  // namespace

std::string_view to_string(GateRule::Kind kind) noexcept {
  constexpr std::string_view kNames[kGateRules] = {"runs", "new_failures", "configurations", "complete",
                                                   "lost", "missing",      "duration",       "forbidden"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view to_string(GateRule::State state) noexcept {
  constexpr std::string_view kNames[] = {"met", "broken", "unknown"};
  return kNames[static_cast<std::size_t>(state)];
}

Result<GateAnswer> Answers::gate(const GateQuery& query) {
  ModelCore& core = *model_->implementation_;
  CompareQuery compare{.suite = query.suite,
                       .a = query.base,
                       .b = query.candidate,
                       .pair_configurations = query.pair_configurations,
                       .name_contains = query.name_contains,
                       .bad = query.bad,
                       .limit = 0,
                       .now = query.now};
  RESULTSDB_ASSIGN(Survey candidate, Survey::read(core, question_of(compare, query.candidate), "gate/1"));
  return Gate(core, query, compare, std::move(candidate)).decide(*this);
}

}  // namespace resultsdb
