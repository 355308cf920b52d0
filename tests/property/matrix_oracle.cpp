#include "property/matrix_oracle.hpp"

#include <algorithm>
#include <sstream>
#include <tuple>

#include "resultsdb/model.hpp"

namespace resultsdb::property {
namespace {

std::string name_of(const Outcome& outcome) { return outcome.expected + "/" + outcome.actual; }

// One cell of a history: what a run says about a test.
std::string cell(const std::string& outcome, std::int64_t duration_us, bool durations, std::uint32_t tries,
                 std::uint32_t passes, const std::string& attributes, const std::string& detail) {
  std::ostringstream out;
  out << "  " << outcome;
  if (durations) out << " " << duration_us << "us";
  if (tries != 0) out << " " << passes << "/" << tries;
  if (!attributes.empty()) out << " attributes " << attributes;
  if (!detail.empty()) out << " detail " << detail;
  out << "\n";
  return out.str();
}

std::string counts_of(const RunCounts& counts) {
  std::ostringstream out;
  out << counts.covered << " covered, " << counts.lost << " lost:";
  for (const auto& [outcome, count] : counts.outcomes) out << ' ' << name_of(outcome) << '=' << count;
  return out.str();
}

RunCounts count(const OracleRun& run) {
  std::map<Outcome, std::uint32_t> sums;
  for (const auto& [test, result] : run.results) ++sums[result.outcome];
  RunCounts counts{.covered = static_cast<std::uint32_t>(run.results.size()),
                   .lost = static_cast<std::uint32_t>(run.lost.size())};
  for (const auto& [outcome, number] : sums) counts.outcomes.push_back({outcome, number});
  return counts;
}

std::string run_line(const std::string& id, Position position, Time started, const std::string& variant,
                     RunState state, Time received, const RunCounts& counts) {
  std::ostringstream out;
  out << "run " << id << " at " << position << " started " << to_micros(started) << " '" << variant << "' "
      << to_string(state) << " received " << to_micros(received) << " " << counts_of(counts) << "\n";
  return out.str();
}

std::string run_line(const OracleRun& run) {
  return run_line(id_of(run.header), *run.header.position, run.header.started, run.header.variant,
                  run.header.state, run.received, count(run));
}

std::string run_line(const RunInfo& run) {
  return run_line(run.id, run.position, run.started, run.variant, run.state, run.received, run.counts);
}

bool in_range(const RunHeader& header, const RunRange& range) {
  return (!range.from_position || *header.position >= *range.from_position) &&
         (!range.to_position || *header.position <= *range.to_position) &&
         (!range.from_started || header.started >= *range.from_started) &&
         (!range.to_started || header.started <= *range.to_started);
}

auto order_of(const OracleRun& run, RunOrder order) {
  const RunHeader& h = run.header;
  const std::int64_t position = *h.position, started = to_micros(h.started),
                     received = to_micros(run.received);
  const std::string timeline = timeline_id(h.suite, h.branch, h.configuration);
  if (order == RunOrder::Started) return std::tuple(started, position, std::int64_t{0}, h.variant, timeline);
  if (order == RunOrder::Received) return std::tuple(received, position, started, h.variant, timeline);
  return std::tuple(position, started, std::int64_t{0}, h.variant, timeline);
}

void sort_runs(std::vector<const OracleRun*>& runs, RunOrder order, bool ascending) {
  std::sort(runs.begin(), runs.end(), [&](const OracleRun* a, const OracleRun* b) {
    return ascending ? order_of(*a, order) < order_of(*b, order) : order_of(*b, order) < order_of(*a, order);
  });
}

}  // namespace

OracleKey key_of(const RunHeader& header) {
  return {header.branch, header.configuration.key(), *header.position, header.started, header.variant};
}

std::string id_of(const RunHeader& header) {
  if (!header.id.empty()) return header.id;
  return run_id(header.suite, header.branch, header.configuration, *header.position, header.started,
                header.variant);
}

void MatrixOracle::put(const Run& run, Time received) {
  OracleRun stored{.header = run.header, .received = received};
  for (std::size_t i = 0; i < run.results.size(); ++i) {
    const TestResult result = run.results[i];
    stored.results[std::string(result.test)] = {{std::string(result.expected), std::string(result.actual)},
                                                result.duration ? result.duration->count() : -1,
                                                result.tries,
                                                result.passes,
                                                std::string(result.attributes),
                                                std::string(result.detail)};
  }
  for (std::size_t i = 0; i < run.results.lost_size(); ++i) stored.lost.emplace(run.results.lost(i));
  runs_.insert_or_assign(key_of(run.header), std::move(stored));
  timelines_.emplace(run.header.branch, run.header.configuration.key());
}

std::map<MatrixOracle::TimelineKey, std::vector<const OracleRun*>> MatrixOracle::by_timeline() const {
  std::map<TimelineKey, std::vector<const OracleRun*>> timelines;
  for (const TimelineKey& key : timelines_) timelines[key];
  for (const auto& [key, run] : runs_) timelines[{key.branch, key.configuration}].push_back(&run);
  return timelines;
}

std::string MatrixOracle::history(const HistoryQuery& query) const {
  std::ostringstream heads;
  std::map<std::size_t, std::string> bodies;
  std::size_t number = 0;
  for (auto& [key, runs] : by_timeline()) {
    std::vector<const OracleRun*> selected = runs;
    std::erase_if(selected, [&](const OracleRun* run) { return !in_range(run->header, query.range); });
    if (query.only_covering)
      std::erase_if(selected, [&](const OracleRun* run) {
        return std::none_of(query.tests.begin(), query.tests.end(),
                            [&](const std::string& test) { return run->results.contains(test); });
      });
    sort_runs(selected, query.order, query.ascending);
    const bool more = query.limit != 0 && selected.size() > query.limit;
    if (more) selected.resize(query.limit);
    heads << "timeline " << number++ << ' ' << key.first << ' ' << key.second << (more ? " more" : "")
          << "\n";
    for (const OracleRun* run : selected) heads << run_line(*run);
    for (std::size_t test = 0; test < query.tests.size(); ++test) {
      std::ostringstream body;
      bool any = false;
      body << "series " << query.tests[test] << " on " << number - 1 << "\n";
      for (const OracleRun* run : selected) {
        const auto found = run->results.find(query.tests[test]);
        if (found == run->results.end()) {
          const bool lost = run->lost.contains(query.tests[test]);
          any = any || lost;
          body << cell(lost ? "lost" : "-", -1, query.durations, 0, 0, {}, {});
          continue;
        }
        any = true;
        const OracleResult& result = found->second;
        body << cell(name_of(result.outcome), result.duration_us, query.durations,
                     query.tries ? result.tries : 0, query.tries ? result.passes : 0,
                     query.details ? result.attributes : "", query.details ? result.detail : "");
      }
      if (any) bodies[test] += body.str();
    }
  }
  std::string text = heads.str();
  for (const auto& [test, body] : bodies) text += body;
  return text;
}

std::string describe(const History& history, const HistoryQuery& query) {
  std::ostringstream out;
  std::map<std::int32_t, std::string> names = {{kNotCovered, "-"}, {kLost, "lost"}};
  for (const OutcomeInfo& info : history.outcomes)
    names[static_cast<std::int32_t>(info.id)] = name_of(info.outcome);
  for (std::size_t i = 0; i < history.timelines.size(); ++i) {
    const History::Timeline& timeline = history.timelines[i];
    out << "timeline " << i << ' ' << timeline.info.branch << ' ' << timeline.info.configuration.key()
        << (timeline.more ? " more" : "") << "\n";
    for (const RunInfoPtr& run : timeline.runs) out << run_line(*run);
  }
  for (const History::Series& series : history.series) {
    out << "series " << query.tests.at(series.test) << " on " << series.timeline << "\n";
    std::size_t run = 0;
    std::int32_t last = -100;
    for (const RunLength& length : series.outcomes) {
      if (length.outcome == last) out << "equal neighbours are not joined\n";
      last = length.outcome;
      for (std::uint32_t i = 0; i < length.count; ++i, ++run) {
        const auto tries = std::find_if(series.tries.begin(), series.tries.end(),
                                        [&](const auto& each) { return each.run == run; });
        const auto extra = std::find_if(series.extras.begin(), series.extras.end(),
                                        [&](const auto& each) { return each.run == run; });
        const bool has_tries = tries != series.tries.end(), has_extra = extra != series.extras.end();
        out << cell(names[length.outcome], query.durations ? series.duration_us.at(run) : -1, query.durations,
                    has_tries ? tries->tries : 0, has_tries ? tries->passes : 0,
                    has_extra ? extra->attributes : "", has_extra ? extra->detail : "");
      }
    }
    if (run != history.timelines.at(series.timeline).runs.size()) out << "a series of another length\n";
  }
  return out.str();
}

std::string MatrixOracle::results(const std::string& run_id) const {
  std::ostringstream out;
  for (const auto& [key, run] : runs_) {
    if (id_of(run.header) != run_id) continue;
    out << run_line(run);
    for (const auto& [test, result] : run.results)
      out << test
          << cell(name_of(result.outcome), result.duration_us, true, result.tries, result.passes,
                  result.attributes, result.detail);
    for (const std::string& test : run.lost) out << test << " lost\n";
  }
  return out.str();
}

std::string describe(const RunResults& results) {
  std::ostringstream out;
  out << run_line(*results.run);
  for (const RunResults::Row& row : results.rows)
    out << row.test
        << cell(name_of(row.outcome), row.duration ? row.duration->count() : -1, true, row.tries, row.passes,
                row.attributes, row.detail);
  for (const std::string& test : results.lost) out << test << " lost\n";
  return out.str();
}

std::string MatrixOracle::run_list(const RunsQuery& query) const {
  std::vector<const OracleRun*> all;
  for (auto& [key, runs] : by_timeline()) {
    std::vector<const OracleRun*> some = runs;
    std::erase_if(some, [&](const OracleRun* run) { return !in_range(run->header, query.range); });
    sort_runs(some, query.order, query.ascending);
    if (query.limit_per_timeline != 0 && some.size() > query.limit_per_timeline)
      some.resize(query.limit_per_timeline);
    all.insert(all.end(), some.begin(), some.end());
  }
  sort_runs(all, query.order, query.ascending);
  if (query.limit != 0 && all.size() > query.limit) all.resize(query.limit);
  std::string text;
  for (const OracleRun* run : all) text += run_line(*run);
  return text;
}

std::string describe(const std::vector<RunInfoPtr>& runs) {
  std::string text;
  for (const RunInfoPtr& run : runs) text += run_line(*run);
  return text;
}

namespace {
void timeline_line(std::ostream& out, const std::string& branch, const std::string& configuration,
                   std::uint64_t runs, Position first, Position last, Time received) {
  out << branch << ' ' << configuration << ' ' << runs << " runs " << first << ".." << last << " received "
      << to_micros(received) << "\n";
}
}  // namespace

std::string MatrixOracle::timelines() const {
  std::ostringstream out;
  for (const auto& [key, runs] : by_timeline()) {
    Position first = 0, last = 0;
    Time received{};
    for (const OracleRun* run : runs) {
      const Position position = *run->header.position;
      first = run == runs.front() ? position : std::min(first, position);
      last = run == runs.front() ? position : std::max(last, position);
      received = run == runs.front() ? run->received : std::max(received, run->received);
    }
    timeline_line(out, key.first, key.second, runs.size(), first, last, received);
  }
  return out.str();
}

std::string describe(const std::vector<TimelineInfo>& timelines) {
  std::ostringstream out;
  for (const TimelineInfo& info : timelines)
    timeline_line(out, info.branch, info.configuration.key(), info.runs, info.first_position,
                  info.last_position, info.last_received);
  return out.str();
}

std::map<std::string, std::uint64_t> MatrixOracle::flips() const {
  std::map<std::string, std::uint64_t> flips;
  for (auto& [key, runs] : by_timeline()) {
    std::map<std::string, Outcome> last;
    for (const OracleRun* run : runs) {
      for (const auto& [test, result] : run->results) {
        const auto [place, first] = last.emplace(test, result.outcome);
        if (!first && place->second != result.outcome) ++flips[test];
        place->second = result.outcome;
      }
    }
  }
  return flips;
}

}  // namespace resultsdb::property
