// getFixCheck.
#include <algorithm>

#include "judgement_json.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kMostTests = 100;

FixPlace place_of(const Bound& bound) {
  if (bound.commit) return RunCommit{bound.commit->repository, bound.commit->id(), *bound.position};
  if (bound.time) return *bound.time;
  return *bound.position;
}

Result<FixCheckQuery> read_query(const NativeContext& context, const Arguments& arguments,
                                 const RangeRequest& range) {
  FixCheckQuery query;
  RESULTSDB_ASSIGN(const std::string fix, arguments.required("fix"));
  RESULTSDB_ASSIGN(const Bound bound, read_bound(context, fix, "fix"));
  query.fix = place_of(bound);
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  query.tests = arguments.all("test");
  query.regression = arguments.get_or("regression", "");
  query.limit = kMostTests;
  if (arguments.has("regression") && !query.tests.empty()) {
    return invalid_argument("cannot stand beside test", "regression");
  }
  if (query.regression.empty() && query.tests.empty()) {
    return invalid_argument("is missing, and so is regression", "test");
  }
  if (query.tests.size() > kMostTests) return invalid_argument("may be given 100 times at most", "test");
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  return query;
}

Result<std::string> get_fix_check(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const FixCheckQuery query, read_query(context, arguments, range));
  const auto answer = Answers(context.model).fix_check(query);
  if (!answer) return about_test(answer.error());
  JsonWriter json;
  json.begin_object().key("per_timeline").begin_array();
  for (const FixCheckAnswer::OnTimeline& on : answer->per_timeline) {
    json.begin_object().member("timeline", answer->timelines[on.timeline].id).member("test", on.test);
    json.member("state", aggregate::to_string(on.state));
    write_proportion(json, "before", on.before);
    write_proportion(json, "after", on.after);
    json.member("runs_needed", on.runs_needed).end_object();
  }
  json.end_array().key("summary").begin_object();
  for (std::size_t i = 0; i < aggregate::kFixStates; ++i) {
    json.member(aggregate::to_string(static_cast<FixState>(i)), answer->counts[i]);
  }
  json.end_object();
  write_basis(json, answer->basis, range);
  json.key("warnings").begin_array();
  if (answer->truncated) {
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
