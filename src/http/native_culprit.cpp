// getCulprit.
#include "judgement_json.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::http {
namespace {

std::string_view to_string(CulpritAnswer::Status status) {
  using Status = CulpritAnswer::Status;
  switch (status) {
    case Status::Found:
      return "found";
    case Status::None:
      return "none";
    case Status::ExpectationChange:
      return "expectation_change";
    case Status::NotEnoughData:
      return "not_enough_data";
  }
  return "";
}

void write_commits(JsonWriter& json, const Model& model, const std::vector<Commit>& commits) {
  json.key("commits").begin_array();
  for (const Commit& commit : commits) write_commit(json, model, commit);
  json.end_array();
}

void write_event(JsonWriter& json, const TimelineInfo& timeline, const ChangeEvent& event,
                 const PointWriter& points) {
  json.begin_object().member("timeline", timeline.id).member("configuration", timeline.configuration_id);
  json.member("kind", to_string(event.kind));
  write_range(json, "range", event.before_run->position, event.after_run->position);
  write_proportion(json, "before", event.before);
  write_proportion(json, "after", event.after);
  points.write(json, "last_good", event.before_run);
  points.write(json, "first_bad", event.after_run);
  json.end_object();
}

void write_next_test(JsonWriter& json, const CulpritAnswer& answer) {
  json.key("next_test");
  if (!answer.next_test) {
    json.null();
    return;
  }
  const auto& [position, timeline, repeats, gain] = *answer.next_test;
  json.begin_object().member("position", position).member("timeline", answer.timelines[timeline].id);
  json.member("configuration", answer.timelines[timeline].configuration_id).member("repeats", repeats);
  json.member("gain_bits", gain).end_object();
}

void write_ranges(JsonWriter& json, const Model& model, const CulpritAnswer& answer) {
  json.key("combined");
  if (answer.combined) {
    json.begin_object().member("after", answer.combined->after).member("to", answer.combined->to);
    json.member("mass", answer.combined->mass);
    write_commits(json, model, answer.combined->commits);
    json.end_object();
  } else {
    json.null();
  }
  json.key("posterior").begin_array();
  for (const CulpritAnswer::Range& range : answer.posterior) {
    json.begin_object().member("after", range.after).member("to", range.to).member("mass", range.mass);
    write_commits(json, model, range.commits);
    json.end_object();
  }
  json.end_array().key("credible").begin_object();
  for (const auto& [confidence, range] : answer.credible) {
    std::string name;
    json::append_number(name, confidence);
    json.key(name).begin_object().member("after", range.after).member("to", range.to);
    json.member("mass", range.mass).end_object();
  }
  json.end_object();
}

Result<std::string> get_culprit(const NativeContext& context, const Arguments& arguments) {
  CulpritQuery query;
  RESULTSDB_ASSIGN(query.test, arguments.required("test"));
  RESULTSDB_ASSIGN(const std::int64_t near,
                   arguments.integer("near", 0, -limits::kMaxPosition, limits::kMaxPosition));
  if (arguments.has("near")) query.near = near;
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  const auto answer = Answers(context.model).culprit(query);
  if (!answer) return about_test(answer.error());
  std::vector<RunInfoPtr> runs;
  for (const ChangeEvent& event : answer->per_timeline) {
    runs.push_back(event.before_run);
    runs.push_back(event.after_run);
  }
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, std::move(runs)));
  JsonWriter json;
  json.begin_object().member("status", to_string(answer->status)).key("per_timeline").begin_array();
  for (const ChangeEvent& event : answer->per_timeline) {
    write_event(json, answer->timelines[event.timeline], event, points);
  }
  json.end_array();
  write_ranges(json, *context.model, *answer);
  write_next_test(json, *answer);
  write_basis(json, answer->basis, range);
  json.end_object();
  return json.take();
}

}  // namespace

void add_culprit_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/culprit", "getCulprit", names({"SEL", "RNG", "test", "near", "outcomes"}), get_culprit});
}

}  // namespace resultsdb::http
