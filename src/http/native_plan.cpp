// getRerunPlan: what to run next within a budget.
#include "judgement_json.hpp"
#include "resultsdb/rerun_plan.hpp"

namespace resultsdb::http {
namespace {

constexpr std::int64_t kMostMicroseconds = 30LL * 24 * 3600 * 1'000'000;
constexpr std::int64_t kMostItems = 10'000;

Result<PlanFormat> read_format(const Arguments& arguments) {
  RESULTSDB_ASSIGN(const std::string format,
                   arguments.one_of("format", {"json", "names", "gtest", "ctest", "pytest"}));
  return *parse_plan_format(format);
}

Result<PlanQuery> read_query(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  PlanQuery query;
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  query.tests = arguments.all("test");
  RESULTSDB_ASSIGN(const std::int64_t budget,
                   arguments.integer("budget_us", query.budget.count(), 0, kMostMicroseconds));
  query.budget = std::chrono::microseconds(budget);
  RESULTSDB_ASSIGN(const auto reasons,
                   arguments.some_of("reason", {"culprit_gap", "lost", "confirm", "flaky", "stale"}));
  for (std::size_t i = 0; i < kPlanReasons; ++i)
    if (std::ranges::find(reasons, to_string(static_cast<PlanReason>(i))) != reasons.end())
      query.reasons.push_back(static_cast<PlanReason>(i));
  RESULTSDB_ASSIGN(const std::int64_t limit, arguments.integer("limit", query.limit, 1, kMostItems));
  query.limit = static_cast<std::uint32_t>(limit);
  return query;
}

Result<std::string> get_plan(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PlanFormat format, read_format(arguments));
  RESULTSDB_ASSIGN(const PlanQuery query, read_query(context, arguments));
  RESULTSDB_ASSIGN(const PlanAnswer answer, Answers(context.model).plan(query));
  if (format != PlanFormat::Json) return to_text(answer.items, format);
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const PlanItem& item : answer.items) {
    json.begin_object().member("test", item.test).member("configuration", item.configuration);
    json.key("position");
    item.position ? json.value(*item.position) : json.null();
    json.member("reason", to_string(item.reason)).member("repeats", item.repeats);
    json.member("value", item.value).member("estimate_us", item.estimate.count());
    json.member("guessed", item.guessed).end_object();
  }
  json.end_array().member("total_us", answer.total.count()).member("candidates", answer.candidates);
  json.member("more", answer.more);
  RangeRequest whole;
  write_basis(json, answer.basis, whole);
  json.end_object();
  return json.take();
}

}  // namespace

void add_plan_routes(Router& router, const ContextPtr& context) {
  ReadOperation operation{
      "/v1/rerun-plan", "getRerunPlan",
      names({"SEL", "RNG", "test*", "q", "outcomes", "budget_us", "reason*", "format", "limit"}), get_plan,
      "postRerunPlan"};
  operation.content_type_of = type_of_format;
  add_read(router, context, std::move(operation));
}

}  // namespace resultsdb::http
