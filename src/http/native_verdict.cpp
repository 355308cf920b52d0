// getVerdict and getFacetSplit.
#include <algorithm>

#include "judgement_json.hpp"

namespace resultsdb::http {
namespace {

using OnTimeline = VerdictAnswer::OnTimeline;

void write_verdict(JsonWriter& json, const std::optional<Verdict>& verdict) {
  json.key("verdict");
  verdict ? json.value(to_string(*verdict)) : json.null();
}

void write_measures(JsonWriter& json, const Flakiness& flakiness) {
  write_proportion(json, "same_revision", flakiness.disagreement);
  json.key("flips").begin_object().member("flips", flakiness.all_flips);
  json.member("inside_segment", flakiness.flips.k).member("n", flakiness.flips.n).end_object();
  write_proportion(json, "retries", flakiness.retries);
}

void write_segment(JsonWriter& json, const RunInfoPtr& from, const Proportion& minority,
                   const PointWriter& points) {
  json.key("segment").begin_object();
  points.write(json, "from", from);
  write_proportion(json, "minority", minority);
  json.end_object();
}

void write_events(JsonWriter& json, const std::vector<ChangeEvent>& events, const PointWriter& points,
                  OutcomeTable& outcomes) {
  json.key("events").begin_array();
  for (const ChangeEvent& event : events) {
    json.begin_object().member("kind", to_string(event.kind)).member("open", event.open);
    points.write(json, "before_run", event.before_run);
    points.write(json, "after_run", event.after_run);
    write_proportion(json, "before", event.before);
    write_proportion(json, "after", event.after);
    json.member("outcome", outcomes.id(event.outcome)).end_object();
  }
  json.end_array();
}

Result<PointWriter> load_points(Model& model, const VerdictAnswer& answer) {
  std::vector<RunInfoPtr> runs;
  for (const OnTimeline& on : answer.per_timeline) {
    runs.insert(runs.end(), {on.segment_start, on.last_good, on.first_bad});
    for (const ChangeEvent& event : on.events) runs.insert(runs.end(), {event.before_run, event.after_run});
  }
  return PointWriter::load(model, std::move(runs));
}

Result<std::string> get_verdict(const NativeContext& context, const Arguments& arguments) {
  VerdictQuery query;
  RESULTSDB_ASSIGN(query.test, arguments.required("test"));
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  auto asked = Answers(context.model).verdict(query);
  if (!asked) return about_test(asked.error());
  const VerdictAnswer& answer = *asked;
  RESULTSDB_ASSIGN(const PointWriter points, load_points(*context.model, answer));
  OutcomeTable outcomes;
  JsonWriter json;
  json.begin_object();
  write_verdict(json, answer.verdict);
  write_measures(json, answer.flakiness);
  write_proportion(json, "across_configurations", answer.across_configurations);
  // Timelines change at places of their own: one start can only be told of one timeline.
  const auto ran = [](const OnTimeline& on) { return on.runs > 0; };
  const auto only = std::ranges::find_if(answer.per_timeline, ran);
  const bool single = std::ranges::count_if(answer.per_timeline, ran) == 1;
  write_segment(json, single ? only->segment_start : nullptr, answer.flakiness.minority, points);
  json.member("score", answer.flakiness.score()).key("per_timeline").begin_array();
  for (const OnTimeline& on : answer.per_timeline) {
    const TimelineInfo& timeline = answer.timelines[on.timeline];
    json.begin_object().member("timeline", timeline.id).member("branch", timeline.branch);
    json.member("configuration", timeline.configuration_id);
    write_verdict(json, on.verdict);
    json.member("runs", on.runs);
    write_measures(json, on.flakiness);
    write_segment(json, on.segment_start, on.flakiness.minority, points);
    points.write(json, "last_good", on.last_good);
    points.write(json, "first_bad", on.first_bad);
    write_events(json, on.events, points, outcomes);
    json.end_object();
  }
  json.end_array().key("outcomes");
  outcomes.write(json);
  if (scope.recent_since) json.member("recent_since", *scope.recent_since);
  write_basis(json, answer.basis, range);
  json.end_object();
  return json.take();
}

// --- where it fails

/// In the order of the answer's members.
constexpr PlaceState kStates[] = {PlaceState::Failing, PlaceState::Passing, PlaceState::NotRun,
                                  PlaceState::Flaky};

/// `"failing":6,"passing":0,…`
void write_counts(JsonWriter& json, const aggregate::PlaceCounts& counts) {
  for (const PlaceState state : kStates) json.member(aggregate::to_string(state), counts.of(state));
}

void write_split(JsonWriter& json, const aggregate::FacetSplit& split) {
  json.key("rules").begin_array();
  for (const auto& [rule, counts] : split.rules) {
    json.begin_object().key("where");
    write_where(json, rule);
    write_counts(json, counts);
    json.member("exact", rule.exact).end_object();
  }
  json.end_array().key("facets").begin_array();
  for (const auto& [facet, values] : split.facets) {
    json.begin_object().member("name", facet).key("values").begin_array();
    for (const auto& [value, counts] : values) {
      json.begin_object().member("value", value);
      write_counts(json, counts);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

Result<std::string> get_facet_split(const NativeContext& context, const Arguments& arguments) {
  FacetSplitQuery query;
  RESULTSDB_ASSIGN(query.test, arguments.required("test"));
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  const auto answer = Answers(context.model).facet_split(query);
  if (!answer) return about_test(answer.error());
  JsonWriter json;
  json.begin_object();
  for (const PlaceState state : kStates) {
    std::vector<std::string> ids;
    for (const aggregate::Place& place : answer->places) {
      if (place.state == state) ids.push_back(configuration_id(place.configuration));
    }
    write_configuration_ids(json, aggregate::to_string(state), ids);
  }
  write_split(json, answer->split);
  write_basis(json, answer->basis, range);
  json.end_object();
  return json.take();
}

}  // namespace

void add_verdict_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/verdict", "getVerdict", names({"SEL", "RNG", "test", "outcomes"}), get_verdict});
  add_read(router, context,
           {"/v1/facet-split", "getFacetSplit", names({"SEL", "test", "at", "outcomes"}), get_facet_split});
}

}  // namespace resultsdb::http
