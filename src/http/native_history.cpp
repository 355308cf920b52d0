// getHistory and getSuiteHistory.
#include <algorithm>
#include <map>

#include "axis.hpp"
#include "judgement_json.hpp"
#include "native_context.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kMostTests = 2'000;

bool contains(const std::vector<std::string>& list, std::string_view what) {
  return std::ranges::find(list, what) != list.end();
}

void write_head(JsonWriter& json, const Scope& scope, const std::vector<TimelineRuns>& timelines) {
  json.begin_object().member("suite", scope.suite);
  const auto other = [&](const TimelineRuns& timeline) {
    return timeline.info.branch != timelines.front().info.branch;
  };
  if (!timelines.empty() && std::ranges::none_of(timelines, other)) {
    json.member("branch", timelines.front().info.branch);
  }
  if (scope.recent_since) json.member("recent_since", *scope.recent_since);
}

/// What a bucket of columns holds of one series.
struct Bucket {
  std::int64_t worst = -1, covered = 0, failing = 0, unexpected = 0;
};

/// The verdicts on the answer's series, if they were asked for.
class Verdicts {
 public:
  static Result<Verdicts> read(const NativeContext& context, const HistoryQuery& query,
                               const RangeRequest& range) {
    Verdicts verdicts;
    RESULTSDB_ASSIGN(verdicts.answer_, Answers(context.model).standings(standings_query(query, range)));
    for (std::size_t i = 0; i < verdicts.answer_.tests.size(); ++i)
      for (const auto& on : verdicts.answer_.tests[i].per_timeline)
        verdicts.places_[{i, verdicts.answer_.timelines[on.timeline].id}] = &on;
    RESULTSDB_ASSIGN(verdicts.points_, PointWriter::load(*context.model, runs_of_streaks(verdicts.answer_)));
    return verdicts;
  }

  void write(JsonWriter& json, const History& history, const History::Series& series) const {
    const auto found = places_.find({series.test, history.timelines[series.timeline].info.id});
    if (found == places_.end()) return;
    const auto id_of = [&](const Outcome& outcome) -> std::optional<std::uint32_t> {
      const auto shown = std::ranges::find(history.outcomes, outcome, &OutcomeInfo::outcome);
      return shown == history.outcomes.end() ? std::nullopt : std::optional(shown->id);
    };
    write_standing(json, found->second->verdict, found->second->streak, id_of, points_);
  }

 private:
  StandingsAnswer answer_;
  std::map<std::pair<std::size_t, std::string>, const StandingsAnswer::OnTimeline*> places_;
  PointWriter points_;
};

class SeriesWriter {
 public:
  SeriesWriter(const History& history, const Axis& axis, const Verdicts* verdicts)
      : history_(history), axis_(axis), verdicts_(verdicts) {
    for (const OutcomeInfo& info : history.outcomes) outcomes_[info.id] = &info.outcome;
  }

  void write(JsonWriter& json, const HistoryQuery& query, const History::Series& series) const {
    json.begin_object().member("test", query.tests[series.test]).member("timeline", series.timeline);
    axis_.level() == 1 ? write_runs(json, query, series) : write_buckets(json, series);
    if (verdicts_) verdicts_->write(json, history_, series);
    json.end_object();
  }

 private:
  static void write_runs(JsonWriter& json, const HistoryQuery& query, const History::Series& series) {
    json.key("outcomes").begin_array();
    for (const auto& [count, outcome] : series.outcomes) json.value(count).value(outcome);
    json.end_array();
    if (query.tries) {
      json.key("tries").begin_array();
      for (const auto& [run, tries, passes] : series.tries) json.value(run).value(tries).value(passes);
      json.end_array();
    }
    if (query.durations) {
      json.key("duration_us").begin_array();
      for (const std::int64_t duration : series.duration_us) {
        duration < 0 ? json.null() : json.value(rounded(duration));
      }
      json.end_array();
    }
  }

  void write_buckets(JsonWriter& json, const History::Series& series) const {
    std::vector<Bucket> buckets(axis_.columns());
    const auto& runs = history_.timelines[series.timeline].runs;
    std::size_t run = 0;
    for (const auto& [count, id] : series.outcomes) {
      const auto found = id < 0 ? outcomes_.end() : outcomes_.find(static_cast<std::uint32_t>(id));
      for (std::uint32_t i = 0; i < count; ++i, ++run) {
        if (found != outcomes_.end())
          add(buckets[axis_.column(runs[run]->position)], found->first, *found->second);
      }
    }
    const auto column = [&](std::string_view name, std::int64_t Bucket::* member) {
      json.key(name);
      write_rle(json, buckets.size(), [&](std::size_t i) { return buckets[i].*member; });
    };
    column("worst", &Bucket::worst);
    column("covered", &Bucket::covered);
    column("failing", &Bucket::failing);
    column("unexpected", &Bucket::unexpected);
  }

  void add(Bucket& bucket, std::uint32_t id, const Outcome& outcome) const {
    ++bucket.covered;
    bucket.failing += is_failing(outcome.actual) ? 1 : 0;
    bucket.unexpected += is_unexpected(outcome.expected, outcome.actual) ? 1 : 0;
    if (bucket.worst < 0 || is_worse(outcome, *outcomes_.at(static_cast<std::uint32_t>(bucket.worst)))) {
      bucket.worst = id;
    }
  }

  const History& history_;
  const Axis& axis_;
  const Verdicts* const verdicts_;
  std::map<std::uint32_t, const Outcome*> outcomes_;
};

Result<std::string> get_history(const NativeContext& context, const Arguments& arguments) {
  HistoryQuery query;
  query.tests = arguments.all("test");
  if (query.tests.empty()) return invalid_argument("is missing", "test");
  if (query.tests.size() > kMostTests) return invalid_argument("may be given 2000 times at most", "test");
  RESULTSDB_ASSIGN(const auto include,
                   arguments.some_of("include", {"durations", "tries", "run_ids", "labels", "verdicts"}));
  RESULTSDB_ASSIGN(const AxisRequest axis_request, read_axis_request(arguments, include));
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  query.suite = scope.suite;
  query.selection = scope.selection;
  query.range = range.range;
  query.limit = range.last;
  query.durations = contains(include, "durations");
  query.tries = contains(include, "tries");
  query.now = context.now();
  RESULTSDB_ASSIGN(const History history, context.model->history(query));

  std::vector<TimelineRuns> timelines;
  for (const auto& [info, runs, more] : history.timelines) timelines.push_back({info, runs, more});
  RESULTSDB_ASSIGN(const Axis axis, Axis::build(context, axis_request, timelines));
  std::optional<Verdicts> verdicts;
  if (contains(include, "verdicts")) {
    RESULTSDB_ASSIGN(verdicts, Verdicts::read(context, query, range));
  }
  JsonWriter json;
  write_head(json, scope, timelines);
  RESULTSDB_TRY(axis.write(json, context, axis_request, timelines));
  json.key("outcomes").begin_array();
  for (const auto& [id, outcome] : history.outcomes) write_outcome(json, id, outcome);
  json.end_array().key("series").begin_array();
  const SeriesWriter writer(history, axis, verdicts ? &*verdicts : nullptr);
  for (const History::Series& series : history.series) writer.write(json, query, series);
  json.end_array().key("unknown_tests").begin_array();
  for (const std::string& test : history.unknown_tests) json.value(test);
  json.end_array();
  axis.write_warnings(json, timelines);
  json.end_object();
  return json.take();
}

/// The newest `last` runs in range of every selected timeline.
Result<std::vector<TimelineRuns>> read_timelines(const NativeContext& context, const Scope& scope,
                                                 const RangeRequest& range) {
  RESULTSDB_ASSIGN(auto infos, context.model->timelines(scope.suite, scope.selection));
  RunsQuery query;
  query.suite = scope.suite;
  query.selection = scope.selection;
  query.range = range.range;
  query.commit = range.commit;
  query.limit_per_timeline = range.last + 1;
  query.now = context.now();
  RESULTSDB_ASSIGN(const auto runs, context.model->runs(query));
  std::map<std::string, std::size_t> index;
  std::vector<TimelineRuns> timelines;
  for (TimelineInfo& info : infos) {
    index.emplace(info.id, timelines.size());
    timelines.push_back({std::move(info), {}, false});
  }
  for (const RunInfoPtr& run : runs) {
    const auto found = index.find(run->timeline);
    if (found == index.end()) continue;  // a timeline that came meanwhile
    TimelineRuns& timeline = timelines[found->second];
    timeline.more = timeline.runs.size() == range.last;
    if (!timeline.more) timeline.runs.push_back(run);
  }
  return timelines;
}

/// A column of numbers a run or, in buckets, `{"sum":[…],"max":[…]}`.
class CountColumns {
 public:
  CountColumns(const Axis& axis, const std::vector<RunInfoPtr>& runs) : axis_(axis), runs_(runs) {}

  /// Columns that are zero throughout are left out.
  template <class ValueOf>
  void write(JsonWriter& json, std::string_view name, ValueOf value_of) const {
    std::vector<std::int64_t> sums, most;
    if (axis_.level() > 1) sums.resize(axis_.columns()), most.resize(axis_.columns());
    bool any = false;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const auto value = static_cast<std::int64_t>(value_of(i));
      any = any || value != 0;
      if (axis_.level() == 1) {
        sums.push_back(value);
        continue;
      }
      const std::size_t bucket = axis_.column(runs_[i]->position);
      sums[bucket] += value;
      most[bucket] = std::max(most[bucket], value);
    }
    if (!any) return;
    json.key(name);
    if (axis_.level() == 1) return write_plain(json, sums);
    json.begin_object().key("sum");
    write_plain(json, sums);
    json.key("max");
    write_plain(json, most);
    json.end_object();
  }

 private:
  static void write_plain(JsonWriter& json, const std::vector<std::int64_t>& values) {
    json.begin_array();
    for (const std::int64_t value : values) json.value(value);
    json.end_array();
  }

  const Axis& axis_;
  const std::vector<RunInfoPtr>& runs_;
};

/// Worst outcome id of each run, or of each bucket; -1: none.
void write_worst(JsonWriter& json, const Axis& axis, const std::vector<RunInfoPtr>& runs,
                 OutcomeTable& outcomes) {
  std::vector<std::int64_t> worst(axis.level() == 1 ? runs.size() : axis.columns(), -1);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::int64_t& place = worst[axis.level() == 1 ? i : axis.column(runs[i]->position)];
    for (const auto& [outcome, results] : runs[i]->counts.outcomes) {
      if (results == 0) continue;
      if (place < 0 || is_worse(outcome, outcomes[static_cast<std::uint32_t>(place)]))
        place = outcomes.id(outcome);
    }
  }
  json.key("worst").begin_array();
  for (const std::int64_t id : worst) json.value(id);
  json.end_array();
}

void write_suite_series(JsonWriter& json, const Axis& axis, const TimelineRuns& timeline, std::size_t index,
                        bool durations, OutcomeTable& outcomes) {
  const auto& runs = timeline.runs;
  std::vector<ClassCounts> counts(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) counts[i].add(runs[i]->counts);
  const CountColumns columns(axis, runs);
  json.begin_object().member("timeline", index);
  columns.write(json, "covered", [&](std::size_t i) { return counts[i].covered; });
  json.key("all").begin_object();
  for (std::size_t c = 0; c < kClasses.size(); ++c) {
    columns.write(json, kClasses[c], [&](std::size_t i) { return counts[i].all[c]; });
  }
  json.end_object().key("unexpected").begin_object();
  for (std::size_t c = 0; c < kClasses.size(); ++c) {
    columns.write(json, kClasses[c], [&](std::size_t i) { return counts[i].unexpected[c]; });
  }
  json.end_object();
  write_worst(json, axis, runs, outcomes);
  columns.write(json, "flaky", [&](std::size_t i) { return counts[i].flaky; });
  columns.write(json, "lost", [&](std::size_t i) { return counts[i].lost; });
  if (durations) {
    columns.write(json, "duration_us", [&](std::size_t i) {
      const auto& run = *runs[i];
      return run.finished && *run.finished > run.started ? rounded((*run.finished - run.started).count()) : 0;
    });
  }
  json.end_object();
}

Result<std::string> get_suite_history(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const auto include, arguments.some_of("include", {"durations", "run_ids", "labels"}));
  RESULTSDB_ASSIGN(const AxisRequest axis_request, read_axis_request(arguments, include));
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const auto timelines, read_timelines(context, scope, range));
  RESULTSDB_ASSIGN(const Axis axis, Axis::build(context, axis_request, timelines));
  JsonWriter json;
  OutcomeTable outcomes;
  write_head(json, scope, timelines);
  RESULTSDB_TRY(axis.write(json, context, axis_request, timelines));
  json.key("series").begin_array();
  for (std::size_t i = 0; i < timelines.size(); ++i) {
    if (timelines[i].runs.empty()) continue;
    write_suite_series(json, axis, timelines[i], i, contains(include, "durations"), outcomes);
  }
  json.end_array().key("outcomes");
  outcomes.write(json);
  axis.write_warnings(json, timelines);
  json.end_object();
  return json.take();
}

}  // namespace

void add_history_routes(Router& router, const ContextPtr& context) {
  const auto own = names({"SEL", "RNG", "axis", "level", "include*", "max_columns"});
  auto with_test = own;
  with_test.push_back("test*");
  add_read(router, context, {"/v1/history", "getHistory", with_test, get_history, "postHistory"});
  add_read(router, context, {"/v1/suite-history", "getSuiteHistory", own, get_suite_history});
}

}  // namespace resultsdb::http
