// findCoverageGaps and getCoverageAt.
#include <map>

#include "judgement_json.hpp"
#include "resultsdb/coverage.hpp"

namespace resultsdb::http {
namespace {

void write_last(JsonWriter& json, const CoverageGap& gap, const PointWriter& points, OutcomeTable& outcomes) {
  points.write(json, "last", gap.last);
  if (gap.last_outcome) json.member("last_outcome", outcomes.id(*gap.last_outcome));
}

/// Folders and timelines: how many of a folder's tests the newest runs of each run.
void write_matrix(JsonWriter& json, const CoverageGapsAnswer& answer) {
  json.key("matrix").begin_object().key("folders").begin_array();
  for (const auto& folder : answer.folders) json.value(folder.name);
  json.end_array().key("timelines").begin_array();
  for (const TimelineInfo& timeline : answer.timelines) json.value(timeline.id);
  json.end_array().key("configurations").begin_array();
  for (const TimelineInfo& timeline : answer.timelines) json.value(timeline.configuration_id);
  json.end_array().key("covered").begin_array();
  for (const auto& folder : answer.folders) {
    json.begin_array();
    for (const std::uint64_t tests : folder.covered) json.value(tests);
    json.end_array();
  }
  json.end_array().key("of").begin_array();
  for (const auto& folder : answer.folders) json.value(folder.tests);
  json.end_array().end_object();
}

Result<std::vector<GapReason>> read_reasons(const Arguments& arguments) {
  RESULTSDB_ASSIGN(const auto words,
                   arguments.some_of("reason", {"stale", "lost", "skipped", "dropped", "never"}));
  std::vector<GapReason> reasons;
  for (std::size_t i = 0; i < kGapReasons; ++i) {
    const auto reason = static_cast<GapReason>(i);
    if (std::ranges::find(words, to_string(reason)) != words.end()) reasons.push_back(reason);
  }
  return reasons;
}

Result<std::string> find_coverage_gaps(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_TRY(arguments.one_of("sort", {"test"}));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  CoverageGapsQuery query;
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  RESULTSDB_ASSIGN(query.reasons, read_reasons(arguments));
  query.prefix = arguments.get_or("prefix", "");
  query.limit = page.limit;
  const std::size_t split = page.tie.rfind('\n');  // behind it a timeline's id, without line feeds
  if (split != page.tie.npos) {
    query.after_test = page.tie.substr(0, split);
    query.after_timeline = page.tie.substr(split + 1);
  }
  RESULTSDB_ASSIGN(const CoverageGapsAnswer answer, Answers(context.model).coverage_gaps(query));
  std::vector<RunInfoPtr> runs;
  for (const CoverageGap& gap : answer.gaps) runs.push_back(gap.last);
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, std::move(runs)));
  OutcomeTable outcomes;
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const CoverageGap& gap : answer.gaps) {
    const TimelineInfo& timeline = answer.timelines[gap.timeline];
    json.begin_object().member("test", gap.test).member("timeline", timeline.id);
    json.member("configuration", timeline.configuration_id).member("reason", to_string(gap.reason));
    write_last(json, gap, points, outcomes);
    json.end_object();
  }
  json.end_array().key("by_reason").begin_object();
  for (std::size_t i = 0; i < kGapReasons; ++i)
    json.member(to_string(static_cast<GapReason>(i)), answer.by_reason[i]);
  json.end_object();
  write_matrix(json, answer);
  json.key("outcomes");
  outcomes.write(json);
  std::string next;
  if (answer.more)
    next = keyset_token(arguments, 0,
                        answer.gaps.back().test + '\n' + answer.timelines[answer.gaps.back().timeline].id);
  write_tail(json, next, answer.total, answer.basis, range, {scope},
             answer.folders_truncated ? "only the first folders by name are in the matrix" : "");
  json.end_object();
  return json.take();
}

Result<std::string> get_coverage_at(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_TRY(arguments.required("at"));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  CoverageAtQuery query;
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  RESULTSDB_ASSIGN(const CoverageAtAnswer answer, Answers(context.model).coverage_at(query));
  JsonWriter json;
  json.begin_object().key("configurations").begin_array();
  for (const auto& row : answer.rows) {
    const TimelineInfo& timeline = answer.timelines[row.timeline];
    json.begin_object().member("id", timeline.configuration_id).member("timeline", timeline.id);
    json.member("branch", timeline.branch).member("label", timeline.configuration.label());
    json.key("run");
    row.run ? json.value(row.run->id) : json.null();
    json.member("runs", row.runs).member("covered", row.covered).member("skipped", row.skipped);
    json.member("lost", row.lost).member("of", row.of).end_object();
  }
  json.end_array();
  if (scope.recent_since) json.member("recent_since", *scope.recent_since);
  write_basis(json, answer.basis, range);
  json.end_object();
  return json.take();
}

}  // namespace

void add_coverage_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/coverage-gaps", "findCoverageGaps", names({"SEL", "RNG", "PAGE", "reason*", "prefix"}),
            find_coverage_gaps});
  add_read(router, context, {"/v1/coverage", "getCoverageAt", names({"SEL", "at"}), get_coverage_at});
}

}  // namespace resultsdb::http
