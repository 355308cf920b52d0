// GET /api/failures/<suite>.
#include <algorithm>
#include <set>

#include "json_text.hpp"
#include "resultsdb/answers.hpp"
#include "run_attributes.hpp"
#include "run_search.hpp"
#include "service.hpp"
#include "states.hpp"

namespace resultsdb::webkit {
namespace {

bool failed(State state) { return state < State::Warning; }

bool has_attribute(const RunInfo& run, std::string_view name) {
  return std::any_of(run.attributes.begin(), run.attributes.end(),
                     [&](const auto& attribute) { return attribute.first == name; });
}

/// The state that stands for a failure; a milder one than an error: it is none.
State worst_of(const Outcome& outcome, bool unexpected) {
  const StateSet actual = StateSet::parse(outcome.actual);
  return (unexpected ? actual.without(StateSet::parse(outcome.expected).as_expectation()) : actual).worst();
}

bool any_failed(const RunCounts& counts, bool unexpected) {
  return std::any_of(counts.outcomes.begin(), counts.outcomes.end(), [&](const RunCounts::Count& count) {
    return failed(worst_of(count.outcome, unexpected));
  });
}

struct Failure {
  std::string test;
  State state;
};

/// Those of each run of one suite.
Result<std::vector<std::vector<Failure>>> failures_of(const Service& service,
                                                      const std::vector<AnswerRow>& rows, bool unexpected) {
  std::vector<std::vector<Failure>> failures(rows.size());
  std::vector<RunInfoPtr> runs;
  std::vector<std::size_t> places;  // parallel: of their rows
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!any_failed(rows[i].run->counts, unexpected)) continue;
    runs.push_back(rows[i].run);
    places.push_back(i);
  }
  if (runs.empty()) return failures;
  RESULTSDB_ASSIGN(auto tests, Answers(service.model).failed(runs.front()->suite, runs));
  for (std::size_t i = 0; i < tests.size(); ++i) {
    for (FailedTest& test : tests[i]) {
      const State state = worst_of(test.outcome, unexpected);
      if (failed(state)) failures[places[i]].push_back({std::move(test.test), state});
    }
  }
  return failures;
}

/// The runs whose failures are asked for, timeline by timeline. NotFound if there is none.
class FailureSearch {
 public:
  static Result<FailureSearch> read(const Service& service, const http::Request& request,
                                    const std::string& suite) {
    static const Accepts kAccepts = Accepts::runs({"unexpected", "collapsed"}, {"suite"});
    RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, kAccepts));
    FailureSearch found;
    RESULTSDB_ASSIGN(found.search_, RunSearch::read(service, query, service.profile.results_limit));
    found.unexpected_ = query.boolean("unexpected", true);
    found.collapsed_ = query.boolean("collapsed", true);
    ConfigurationMatcher matcher(service, found.search_.configurations);
    RESULTSDB_ASSIGN(found.timelines_, matcher.match(suite));
    if (!found.timelines_.empty()) {
      RESULTSDB_ASSIGN(found.rows_,
                       read_rows(service, found.search_, suite, found.timelines_, {RunState::Final}));
    }
    bool any = false;
    for (const MatchedTimeline& timeline : found.timelines_) {
      std::vector<AnswerRow>& rows = found.rows_[timeline.info.id];
      std::erase_if(rows, [](const AnswerRow& row) {
        return has_attribute(*row.run, run_attributes::kWithoutFailures);
      });
      cut_rows(found.search_, timeline, rows);
      any = any || !rows.empty();
    }
    if (!any) return make_error(ErrorCode::NotFound, "No test runs found with the specified criteria");
    return found;
  }

  Result<std::string> json(const Service& service) { return collapsed_ ? names(service) : runs(service); }

 private:
  Result<std::string> names(const Service& service) {
    std::set<std::string> names;
    for (const auto& [timeline, rows] : rows_) {
      RESULTSDB_ASSIGN(auto failures, failures_of(service, rows, unexpected_));
      for (std::vector<Failure>& of_run : failures)
        for (Failure& failure : of_run) names.insert(std::move(failure.test));
    }
    std::vector<std::string> items;
    for (const std::string& name : names)
      if (name != "uuid" && name != "start_time") items.push_back(json_string(name));
    return json_array(items);
  }

  // Names and the two fixed members share an object; the members win.
  Result<std::string> runs(const Service& service) {
    Answer answer(search_);
    for (const MatchedTimeline& timeline : timelines_) {
      std::vector<AnswerRow>& rows = rows_[timeline.info.id];
      RESULTSDB_ASSIGN(const auto failures, failures_of(service, rows, unexpected_));
      std::vector<AnswerRow> failing;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (failures[i].empty()) continue;
        JsonObject object;
        for (const auto& [test, state] : failures[i]) object.set_string(test, StateSet(state).text());
        object.set_integer("start_time", rows[i].start);
        object.set_integer("uuid", rows[i].uuid);
        rows[i].json = object.text();
        failing.push_back(std::move(rows[i]));
      }
      answer.add(timeline, std::move(failing));
    }
    return answer.json();
  }

  RunSearch search_;
  bool unexpected_ = true, collapsed_ = true;
  std::vector<MatchedTimeline> timelines_;
  RowsByTimeline rows_;
};

Result<std::string> failures(const Service& service, const http::Request& request, const std::string& suite) {
  RESULTSDB_ASSIGN(FailureSearch search, FailureSearch::read(service, request, suite));
  return search.json(service);
}

}  // namespace

http::Response get_failures(const Service& service, const http::Request& request, const std::string& suite) {
  return respond(failures(service, request, suite));
}

}  // namespace resultsdb::webkit
