// Durations of one test.
#include <chrono>
#include <map>

#include "engine/durations.hpp"
#include "model/survey.hpp"
#include "resultsdb/aggregate/durations.hpp"
#include "resultsdb/test_durations.hpp"

namespace resultsdb {
namespace {

using OnTimeline = DurationsAnswer::OnTimeline;

std::vector<DurationsAnswer::Bucket> in_buckets(TimeBucket size,
                                                const std::vector<DurationsAnswer::Point>& points) {
  std::map<Time, std::pair<std::vector<Duration>, std::uint32_t>> by_begin;  // and timeouts
  for (const auto& point : points) {
    auto& [durations, timeouts] = by_begin[bucket_begin(size, *point.run)];
    if (point.timed_out) {
      ++timeouts;
    } else {
      durations.push_back(point.duration);
    }
  }
  std::vector<DurationsAnswer::Bucket> buckets;
  for (const auto& [begin, values] : by_begin)
    buckets.push_back({begin, aggregate::summarise(values.first), values.second});
  return buckets;
}

/// `durations` are those of the window's runs, -1 = none.
OnTimeline read_timeline(const Survey& survey, std::uint32_t w, storage::TestId test,
                         std::span<const std::int64_t> durations) {
  const Window& window = survey.windows[w];
  OnTimeline on{.timeline = w, .points = {}, .durations = {}, .changes = {}, .buckets = {}};
  std::vector<RunLength> lengths;
  window.read_lengths(test, window.track().changes.find(test), {}, lengths);
  std::vector<Duration> values;
  std::vector<std::uint32_t> runs;  // of the values
  std::size_t i = 0;
  for (auto length = lengths.rbegin(); length != lengths.rend(); ++length) {  // oldest first
    const std::size_t end = i + length->count;
    const bool covered = length->outcome >= 0;
    const bool timed_out =
        covered && worst_severity(survey.outcome(static_cast<storage::OutcomeId>(length->outcome)).actual) >=
                       Severity::Timeout;
    for (; i < end; ++i) {
      if (!covered || durations[i] < 0) continue;
      const std::uint32_t run = window.runs()[i];
      on.points.push_back({window.run(run), Duration(durations[i]), timed_out});
      if (timed_out) continue;
      values.emplace_back(durations[i]);
      runs.push_back(run);
    }
  }
  on.durations = aggregate::summarise(values);
  for (const auto& change : aggregate::duration_changes(aggregate::log_durations(values)))
    on.changes.push_back({window.run(runs[change.index]), change.ratio, change.p});
  return on;
}

}  // namespace

Time bucket_begin(TimeBucket bucket, const RunInfo& run) {
  const Time time = run.started == Time{} ? run.received : run.started;
  if (bucket == TimeBucket::Run) return time;
  const auto day = std::chrono::floor<std::chrono::days>(time);
  if (bucket == TimeBucket::Day) return day;
  return day - (std::chrono::weekday(day) - std::chrono::Monday);
}

Result<DurationsAnswer> Answers::durations(const DurationsQuery& query) {
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "durations/1"));
  RESULTSDB_ASSIGN(const storage::TestId test, survey.find_test(query.test));
  DurationsAnswer answer{.timelines = survey.timelines, .per_timeline = {}, .basis = survey.basis};
  std::vector<engine::RunsOfTimeline> wanted;
  for (const Window& window : survey.windows) {
    engine::RunsOfTimeline& runs = wanted.emplace_back();
    runs.timeline = window.track().number;
    for (const std::uint32_t run : window.runs()) runs.serials.push_back(window.track().runs[run]->serial);
  }
  RESULTSDB_ASSIGN(const auto durations, engine::read_durations_of_test(survey.suite(), test, wanted));
  for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
    OnTimeline on = read_timeline(survey, w, test, durations[w]);
    if (query.bucket != TimeBucket::Run) on.buckets = in_buckets(query.bucket, on.points);
    if (!on.points.empty()) answer.per_timeline.push_back(std::move(on));
  }
  return answer;
}

}  // namespace resultsdb
