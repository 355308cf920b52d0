// findSlow, getDurations and getShards.
#include <set>

#include "judgement_json.hpp"
#include "resultsdb/test_durations.hpp"

namespace resultsdb::http {
namespace {

void write_summary(JsonWriter& json, const aggregate::DurationSummary& durations) {
  json.member("n", durations.n);
  if (durations.n == 0) return;
  json.member("p10_us", durations.p10.count()).member("p50_us", durations.p50.count());
  json.member("p90_us", durations.p90.count()).member("p95_us", durations.p95.count());
  json.member("max_us", durations.max.count());
}

void write_test(JsonWriter& json, const SlowAnswer& answer, const SlowTest& test) {
  json.begin_object().member("test", test.test);
  if (test.timeline) json.member("timeline", answer.timelines[*test.timeline].id);
  write_summary(json, test.durations);
  json.member("results", test.results).member("timeouts", test.timeouts);
  json.member("spent_us", test.spent.count()).member("share", test.share);
  if (test.growth) {
    json.key("growth").begin_object().member("ratio", test.growth->ratio);
    json.member("low", test.growth->low).member("high", test.growth->high).end_object();
  }
  json.end_object();
}

/// As Answers::slow() orders them.
Rank rank(SlowQuery::Order order, const SlowTest& test) {
  const std::string tie = test.test + '\n' + sortable(test.timeline.value_or(0));
  const std::int64_t p50 = test.durations.p50.count();
  if (order == SlowQuery::Order::Spent) return {test.spent.count(), tie};
  if (order == SlowQuery::Order::P50) return {p50, tie};
  return {test.growth ? sortable_bits(test.growth->low) : -1, sortable_down(p50) + tie};
}

Result<std::string> find_slow(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(RangeRequest range, read_range(context, arguments));
  if (!arguments.has("range") && !arguments.has("at")) range.last = SlowQuery().last;
  RESULTSDB_ASSIGN(const std::string order, arguments.one_of("sort", {"-p50", "-spent", "-growth"}));
  RESULTSDB_ASSIGN(const std::string by, arguments.one_of("by", {"test", "timeline"}));
  SlowQuery query;
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  query.by_timeline = by == "timeline";
  query.order = order == "-spent"    ? SlowQuery::Order::Spent
                : order == "-growth" ? SlowQuery::Order::Growth
                                     : SlowQuery::Order::P50;
  // Growth takes time to compute, so the first page asks for no more than it shows.
  const bool all = page.primary || query.order == SlowQuery::Order::Growth;
  query.limit = all ? 0 : page.limit + 1;
  RESULTSDB_ASSIGN(SlowAnswer answer, Answers(context.model).slow(query));
  const std::string next =
      cut_page(answer.tests, arguments, page, [&](const SlowTest& test) { return rank(query.order, test); });
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const SlowTest& test : answer.tests) write_test(json, answer, test);
  json.end_array();
  write_next(json, next);
  json.member("total", answer.total).member("spent_us", answer.spent.count());
  json.key("timelines").begin_array();
  for (const SuiteTime& suite : answer.suite) {
    const TimelineInfo& timeline = answer.timelines[suite.timeline];
    json.begin_object().member("timeline", timeline.id).member("configuration", timeline.configuration_id);
    json.member("spent_us", suite.spent.count()).key("wall").begin_object();
    write_summary(json, suite.wall);
    json.end_object().end_object();
  }
  json.end_array();
  write_basis(json, answer.basis, range);
  json.end_object();
  return json.take();
}

/// Columns along `begins`, which all timelines share.
void write_buckets(JsonWriter& json, const std::vector<Time>& begins,
                   const std::vector<DurationsAnswer::Bucket>& buckets) {
  using Bucket = DurationsAnswer::Bucket;
  const auto column = [&](std::string_view name, auto value_of) {
    json.key(name).begin_array();
    auto bucket = buckets.begin();
    for (const Time begin : begins) {
      const bool here = bucket != buckets.end() && bucket->begin == begin;
      value_of(here ? *bucket : Bucket{});
      if (here) ++bucket;
    }
    json.end_array();
  };
  const auto times = [&](std::string_view name, Duration aggregate::DurationSummary::* member) {
    column(name, [&](const Bucket& bucket) {
      bucket.durations.n == 0 ? json.null() : json.value((bucket.durations.*member).count());
    });
  };
  json.key("buckets").begin_object();
  column("n", [&](const Bucket& bucket) { json.value(bucket.durations.n); });
  column("timeouts", [&](const Bucket& bucket) { json.value(bucket.timeouts); });
  times("p10_us", &aggregate::DurationSummary::p10);
  times("p50_us", &aggregate::DurationSummary::p50);
  times("p90_us", &aggregate::DurationSummary::p90);
  times("max_us", &aggregate::DurationSummary::max);
  json.end_object();
}

void write_points(JsonWriter& json, const std::vector<DurationsAnswer::Point>& points) {
  json.key("points").begin_array();
  for (const DurationsAnswer::Point& point : points) {
    json.begin_object().member("run", point.run->id).member("position", point.run->position);
    json.member("started", point.run->started).member("duration_us", point.duration.count());
    json.member("timed_out", point.timed_out).end_object();
  }
  json.end_array();
}

std::vector<Time> all_begins(const DurationsAnswer& answer) {
  std::set<Time> begins;
  for (const auto& on : answer.per_timeline)
    for (const auto& bucket : on.buckets) begins.insert(bucket.begin);
  return {begins.begin(), begins.end()};
}

Result<std::string> get_durations(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  DurationsQuery query;
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  RESULTSDB_ASSIGN(query.test, arguments.required("test"));
  RESULTSDB_ASSIGN(const std::string bucket, arguments.one_of("bucket", {"run", "day", "week"}));
  query.bucket = bucket == "day" ? TimeBucket::Day : bucket == "week" ? TimeBucket::Week : TimeBucket::Run;
  const auto answer = Answers(context.model).durations(query);
  if (!answer) return about_test(answer.error());
  const bool runs = query.bucket == TimeBucket::Run;
  const std::vector<Time> begins = all_begins(*answer);
  JsonWriter json;
  json.begin_object();
  if (!runs) {
    json.key("time_s");
    write_delta(json, begins.size(), [&](std::size_t i) { return to_seconds(begins[i]); });
  }
  json.key("series").begin_array();
  for (const DurationsAnswer::OnTimeline& on : answer->per_timeline) {
    const TimelineInfo& timeline = answer->timelines[on.timeline];
    json.begin_object().member("timeline", timeline.id).member("configuration", timeline.configuration_id);
    write_summary(json, on.durations);
    runs ? write_points(json, on.points) : write_buckets(json, begins, on.buckets);
    json.end_object();
  }
  json.end_array().key("change_points").begin_array();
  for (const DurationsAnswer::OnTimeline& on : answer->per_timeline)
    for (const DurationsAnswer::Change& change : on.changes) {
      json.begin_object().member("timeline", answer->timelines[on.timeline].id);
      json.member("run", change.run->id).member("position", change.run->position);
      json.member("ratio", change.ratio).member("p", change.p).end_object();
    }
  json.end_array();
  write_basis(json, answer->basis, range);
  json.end_object();
  return json.take();
}

Result<std::string> get_shards(const NativeContext& context, const Arguments& arguments) {
  constexpr std::int64_t kMostShards = 10'000;
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(RangeRequest range, read_range(context, arguments));
  if (!arguments.has("range") && !arguments.has("at")) range.last = ShardsQuery().last;
  ShardsQuery query;
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  RESULTSDB_TRY(arguments.required("shards"));
  RESULTSDB_ASSIGN(const std::int64_t shards, arguments.integer("shards", 0, 1, kMostShards));
  query.shards = static_cast<std::uint32_t>(shards);
  RESULTSDB_ASSIGN(const ShardsAnswer answer, Answers(context.model).shards(query));
  JsonWriter json;
  json.begin_object().key("shards").begin_array();
  for (const ShardsAnswer::Shard& shard : answer.shards) {
    json.begin_object().member("predicted_us", shard.predicted.count()).key("tests").begin_array();
    for (const std::string& test : shard.tests) json.value(test);
    json.end_array().end_object();
  }
  json.end_array().member("tests", answer.tests).member("unknown", answer.unknown);
  json.member("total_us", answer.total.count());
  write_basis(json, answer.basis, range);
  json.end_object();
  return json.take();
}

}  // namespace

void add_duration_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/slow", "findSlow", names({"SEL", "RNG", "q", "sort", "by", "limit", "page"}), find_slow});
  add_read(router, context,
           {"/v1/durations", "getDurations", names({"SEL", "RNG", "test", "bucket"}), get_durations});
  add_read(router, context, {"/v1/shards", "getShards", names({"SEL", "RNG", "q", "shards"}), get_shards});
}

}  // namespace resultsdb::http
