// getSummary.
#include "judgement_json.hpp"

namespace resultsdb::http {
namespace {

constexpr std::int64_t kMostStaleSeconds = 366 * 86'400;

std::string_view to_string(SummaryRow::State state) {
  using State = SummaryRow::State;
  return state == State::Current ? "current" : state == State::Stale ? "stale" : "not_run";
}

void write_counts(JsonWriter& json, const SummaryRow& row) {
  json.member("state", to_string(row.state)).member("runs", row.runs);
  write_proportion(json, "passing", row.passing);
  write_proportion(json, "expected", row.expected);
  json.member("failing", row.failing).member("unexpected", row.unexpected);
  json.member("skipped", row.skipped).member("lost", row.lost);
}

void write_suite(JsonWriter& json, const Scope& scope, const Summary& summary, const RangeRequest& range,
                 const PointWriter& points) {
  json.begin_object().member("suite", scope.suite);
  if (scope.recent_since) json.member("recent_since", *scope.recent_since);
  json.key("total").begin_object();
  write_counts(json, summary.total);
  json.end_object().key("timelines").begin_array();
  for (const SummaryRow& row : summary.rows) {
    const TimelineInfo& timeline = summary.timelines[row.timeline];
    json.begin_object().member("timeline", timeline.id).member("branch", timeline.branch);
    json.key("configuration");
    write_configuration(json, timeline.configuration);
    write_counts(json, row);
    points.write(json, "newest", row.newest);
    json.end_object();
  }
  json.end_array();
  write_basis(json, summary.basis, range);
  json.end_object();
}

Result<std::string> get_summary(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const std::int64_t stale_after,
                   arguments.integer("stale_after_s", 12 * 3600, 0, kMostStaleSeconds));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const auto scopes, read_scopes(context, arguments));
  Answers answers(context.model);
  std::vector<Summary> summaries;
  std::vector<RunInfoPtr> runs;
  for (const Scope& scope : scopes) {
    SummaryQuery query;
    RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
    query.stale_after = std::chrono::seconds(stale_after);
    RESULTSDB_ASSIGN(Summary summary, answers.summary(query));
    for (const SummaryRow& row : summary.rows) runs.push_back(row.newest);
    summaries.push_back(std::move(summary));
  }
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, std::move(runs)));
  JsonWriter json;
  json.begin_object().key("suites").begin_array();
  for (std::size_t i = 0; i < scopes.size(); ++i) write_suite(json, scopes[i], summaries[i], range, points);
  json.end_array().key("warnings").begin_array().end_array().end_object();
  return json.take();
}

}  // namespace

void add_summary_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/summary", "getSummary", names({"SEL", "RNG", "stale_after_s", "outcomes"}), get_summary});
}

}  // namespace resultsdb::http
