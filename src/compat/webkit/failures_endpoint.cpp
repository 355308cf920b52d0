// GET /api/failures/<suite>.
#include <algorithm>
#include <set>

#include "json_text.hpp"
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

/// Hands name and state of each failure of a run to `found`.
template <class Found>
Status each_failure(const Service& service, const RunInfo& run, bool unexpected, Found found) {
  if (!any_failed(run.counts, unexpected)) return {};
  RunResultsQuery query;
  query.run = run.id;
  query.suite = run.suite;
  query.which = RunResultsQuery::Which::Failing;
  query.durations = false;
  RESULTSDB_ASSIGN(const RunResults results, service.model->results(query, service.now()));
  for (const RunResults::Row& row : results.rows) {
    const State state = worst_of(row.outcome, unexpected);
    if (failed(state)) found(row.test, state);
  }
  return {};
}

/// The runs whose failures are asked for, timeline by timeline. NotFound if there is none.
class FailureSearch {
 public:
  static Result<FailureSearch> read(const Service& service, const http::Request& request,
                                    const std::string& suite) {
    static const Accepts kAccepts = Accepts::runs({"unexpected", "collapsed"}, {"suite"});
    RESULTSDB_ASSIGN(const Query query, Query::parse(request, kAccepts));
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
    for (const auto& [timeline, rows] : rows_)
      for (const AnswerRow& row : rows)
        RESULTSDB_TRY(each_failure(service, *row.run, unexpected_,
                                   [&](const std::string& test, State) { names.insert(test); }));
    std::vector<std::string> items;
    for (const std::string& name : names)
      if (name != "uuid" && name != "start_time") items.push_back(json_string(name));
    return json_array(items);
  }

  // Names and the two fixed members share an object; the members win.
  Result<std::string> runs(const Service& service) {
    Answer answer(search_);
    for (const MatchedTimeline& timeline : timelines_) {
      std::vector<AnswerRow> failing;
      for (AnswerRow& row : rows_[timeline.info.id]) {
        JsonObject object;
        bool any = false;
        RESULTSDB_TRY(each_failure(service, *row.run, unexpected_, [&](const std::string& test, State state) {
          object.set_string(test, StateSet(state).text());
          any = true;
        }));
        if (!any) continue;
        object.set_integer("start_time", row.start);
        object.set_integer("uuid", row.uuid);
        row.json = object.text();
        failing.push_back(std::move(row));
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
