// Where one test fails.
#include <algorithm>
#include <map>

#include "resultsdb/answers.hpp"

namespace resultsdb {
namespace {

/// The question is about one place: no test that is steady has good and bad runs there.
bool asks_one_place(const Question& question) {
  const RunRange& range = question.range;
  return question.commit || !question.run.empty() ||
         (range.from_position && range.from_position == range.to_position) ||
         (range.from_started && range.from_started == range.to_started);
}

PlaceState state_of(const VerdictAnswer::OnTimeline& on, bool one_place) {
  if (on.runs == 0) return PlaceState::NotRun;
  if (one_place ? on.flakiness.all_flips > 0 : on.verdict == Verdict::Flaky) return PlaceState::Flaky;
  return on.first_bad ? PlaceState::Failing : PlaceState::Passing;
}

}  // namespace

Result<FacetSplitAnswer> Answers::facet_split(const FacetSplitQuery& query) {
  VerdictQuery asked;
  static_cast<Question&>(asked) = query;
  asked.test = query.test;
  RESULTSDB_ASSIGN(VerdictAnswer verdict, this->verdict(asked));
  std::map<std::string, aggregate::Place> places;  // by id
  for (const VerdictAnswer::OnTimeline& on : verdict.per_timeline) {
    const TimelineInfo& timeline = verdict.timelines[on.timeline];
    aggregate::Place& place = places[timeline.configuration_id];
    place.configuration = timeline.configuration;
    place.state = std::max(place.state, state_of(on, asks_one_place(query)));
  }
  FacetSplitAnswer answer{.places = {}, .split = {}, .basis = std::move(verdict.basis)};
  for (auto& [id, place] : places) answer.places.push_back(std::move(place));
  answer.split = aggregate::split_by_facets(answer.places);
  answer.basis.definition = "facet-split/1";
  return answer;
}

}  // namespace resultsdb
