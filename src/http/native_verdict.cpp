// getVerdict and getFacetSplit.
#include <algorithm>
#include <map>
#include <set>

#include "facet_rules.hpp"
#include "judgement_json.hpp"

namespace resultsdb::http {
namespace {

using OnTimeline = VerdictAnswer::OnTimeline;

struct Asked {
  Scope scope;
  RangeRequest range;
  VerdictAnswer answer;
};

Result<Asked> ask(const NativeContext& context, const Arguments& arguments) {
  VerdictQuery query;
  RESULTSDB_ASSIGN(query.test, arguments.required("test"));
  Asked asked;
  RESULTSDB_ASSIGN(asked.scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(asked.range, read_range(context, arguments));
  RESULTSDB_ASSIGN(static_cast<Question&>(query),
                   read_question(context, arguments, asked.scope, asked.range));
  auto answer = Answers(context.model).verdict(query);
  if (!answer) return about_test(answer.error());
  asked.answer = std::move(*answer);
  return asked;
}

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
  RESULTSDB_ASSIGN(const Asked asked, ask(context, arguments));
  const VerdictAnswer& answer = asked.answer;
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
  if (asked.scope.recent_since) json.member("recent_since", *asked.scope.recent_since);
  write_basis(json, answer.basis, asked.range);
  json.end_object();
  return json.take();
}

// --- where it fails

/// Of several branches of one configuration the last of these counts.
enum class State : std::uint8_t { NotRun, Passing, Flaky, Failing };
constexpr std::pair<State, std::string_view> kStates[] = {{State::Failing, "failing"},
                                                          {State::Passing, "passing"},
                                                          {State::NotRun, "not_run"},
                                                          {State::Flaky, "flaky"}};

/// `at`: runs of one commit, which only a flaky test makes good and bad.
State state_of(const OnTimeline& on, bool at) {
  if (on.runs == 0) return State::NotRun;
  if (at ? on.flakiness.all_flips > 0 : on.verdict == Verdict::Flaky) return State::Flaky;
  return on.first_bad ? State::Failing : State::Passing;
}

struct Place {
  Configuration configuration;
  State state = State::NotRun;
};
using Places = std::map<std::string, Place>;  // by id of the configuration

/// `"failing":6,"passing":0,…`: how many of the places that `fits`.
template <class Fits>
void write_state_counts(JsonWriter& json, const Places& places, Fits fits) {
  for (const auto& [state, name] : kStates) {
    json.member(name, std::ranges::count_if(places, [&](const auto& entry) {
                  return entry.second.state == state && fits(entry.second.configuration);
                }));
  }
}

void write_facets(JsonWriter& json, const Places& places) {
  std::map<std::string, std::set<std::string>> facets;
  for (const auto& [id, place] : places) {
    for (const auto& [facet, value] : place.configuration.facets()) facets[facet].insert(value);
  }
  json.key("facets").begin_array();
  for (const auto& [facet, values] : facets) {
    json.begin_object().member("name", facet).key("values").begin_array();
    for (const std::string& value : values) {
      json.begin_object().member("value", value);
      write_state_counts(json, places, [&](const Configuration& configuration) {
        return configuration.get(facet) == std::string_view(value);
      });
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

void write_rules(JsonWriter& json, const Places& places) {
  std::vector<Configuration> failing, others;  // where it did not run it may fail as well
  for (const auto& [id, place] : places) {
    if (place.state == State::Failing) failing.push_back(place.configuration);
    if (place.state == State::Passing || place.state == State::Flaky) others.push_back(place.configuration);
  }
  json.key("rules").begin_array();
  for (const FacetRule& rule : find_facet_rules(failing, others)) {
    json.begin_object().key("where");
    rule.write_where(json);
    write_state_counts(json, places,
                       [&](const Configuration& configuration) { return rule.matches(configuration); });
    json.member("exact", rule.exact).end_object();
  }
  json.end_array();
}

Result<std::string> get_facet_split(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(Asked asked, ask(context, arguments));
  Places places;
  for (const OnTimeline& on : asked.answer.per_timeline) {
    const TimelineInfo& timeline = asked.answer.timelines[on.timeline];
    Place& place = places[timeline.configuration_id];
    place.configuration = timeline.configuration;
    place.state = std::max(place.state, state_of(on, arguments.has("at")));
  }
  JsonWriter json;
  json.begin_object();
  for (const auto& [state, name] : kStates) {
    std::vector<std::string> ids;
    for (const auto& [id, place] : places) {
      if (place.state == state) ids.push_back(id);
    }
    write_configuration_ids(json, name, ids);
  }
  write_rules(json, places);
  write_facets(json, places);
  asked.answer.basis.definition = "facet-split/1";
  write_basis(json, asked.answer.basis, asked.range);
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
