#include "model/suite_durations.hpp"

#include <algorithm>

#include "engine/durations.hpp"

namespace resultsdb {

using storage::TestId;

SuiteDurations::SuiteDurations(const Survey& survey, std::uint32_t newest)
    : survey_(survey), newest_(newest) {
  for (const OutcomeInfo& outcome : survey.outcomes())
    timed_out_.push_back(worst_severity(outcome.outcome.actual) >= Severity::Timeout);
}

std::span<const std::uint32_t> SuiteDurations::newest_runs(std::uint32_t window) const {
  const std::span<const std::uint32_t> runs(survey_.windows[window].runs());
  return newest_ == 0 ? runs : runs.last(std::min<std::size_t>(newest_, runs.size()));
}

Basis SuiteDurations::basis() const {
  Basis basis = survey_.basis;
  basis.runs = basis.results = 0;
  for (std::uint32_t w = 0; w < survey_.windows.size(); ++w) {
    const auto runs = newest_runs(w);
    basis.runs += runs.size();
    basis.results += survey_.count_results(survey_.windows[w], runs);
  }
  return basis;
}

Status SuiteDurations::visit(bool only_last, const Visit& visit) const {
  engine::TestSet all;
  for (std::uint32_t w = 0; w < survey_.windows.size(); ++w) {
    const auto runs = newest_runs(w);
    const auto looked_at = only_last ? runs.last(std::min<std::size_t>(1, runs.size())) : runs;
    all = engine::TestSet::united(all, survey_.windows[w].covered_by(looked_at));
  }
  if (survey_.wanted()) all = engine::TestSet::intersection(all, *survey_.wanted());
  const std::vector<TestId> tests = all.ids();
  RESULTSDB_ASSIGN(const auto names, survey_.names(tests));
  std::vector<std::vector<std::int64_t>> durations(survey_.windows.size());
  std::vector<OnWindow> values(survey_.windows.size());
  std::size_t all_runs = 0;
  for (const Window& window : survey_.windows) all_runs += window.runs().size();
  engine::TestRange timed;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const bool is_read = timed.contains(tests[i]);
    if (!is_read) timed = engine::tests_at_once(tests[i], tests.back(), all_runs);
    for (std::uint32_t w = 0; w < survey_.windows.size(); ++w) {
      const Window& window = survey_.windows[w];
      const std::size_t runs = window.runs().size();
      if (!is_read) {
        std::vector<storage::RunSerial> serials;
        for (const std::uint32_t run : window.runs()) serials.push_back(window.track().runs[run]->serial);
        RESULTSDB_ASSIGN(durations[w], engine::read_durations_of_tests(survey_.suite(), window.track().number,
                                                                       serials, timed));
      }
      read_window(w, tests[i], std::span(durations[w]).subspan((tests[i] - timed.first) * runs, runs),
                  values[w]);
    }
    visit(tests[i], names[i], values);
  }
  return {};
}

void SuiteDurations::read_window(std::uint32_t w, TestId test, std::span<const std::int64_t> durations,
                                 OnWindow& values) const {
  values.newest.clear();
  values.before.clear();
  values.timed_out.clear();
  values.results = values.timeouts = 0;
  const Window& window = survey_.windows[w];
  std::vector<RunLength> lengths;
  window.read_lengths(test, window.track().changes.find(test), {}, lengths);
  const std::size_t first_newest = window.runs().size() - newest_runs(w).size();
  std::size_t end = window.runs().size();  // lengths begin with the newest run
  for (const RunLength& length : lengths) {
    const std::size_t first = end - length.count;
    for (std::size_t i = first; length.outcome >= 0 && i < end; ++i) {
      const bool timed_out = timed_out_[static_cast<std::size_t>(length.outcome)];
      const bool is_new = i >= first_newest;
      values.results += is_new;
      values.timeouts += is_new && timed_out;
      if (durations[i] < 0 || (timed_out && !is_new)) continue;
      auto& list = timed_out ? values.timed_out : is_new ? values.newest : values.before;
      list.emplace_back(durations[i]);
    }
    end = first;
  }
}

}  // namespace resultsdb
