#include "model/coverage_reader.hpp"

#include <algorithm>

#include "engine/run_selection.hpp"

namespace resultsdb {
namespace {

using engine::TestSet;
using storage::TestId;

constexpr std::chrono::hours kOneRound{12};

}  // namespace

Result<NewestRuns> NewestRuns::read(const Survey& survey, const Window& window, Time now) {
  NewestRuns newest;
  std::span<const std::uint32_t> runs(window.runs());
  newest.ever_ = window.covered_by(runs);
  if (runs.empty()) return newest;
  const Time since = window.run(runs.back())->started - kOneRound;
  std::size_t first = runs.size() - 1;
  while (first > 0 && window.run(runs[first - 1])->started >= since) --first;
  runs = runs.subspan(first);
  newest.covered_ = window.covered_by(runs);
  const std::size_t tests = newest.covered_.size();
  for (std::size_t i = runs.size(); i-- > 0;) {
    const RunInfo& run = *window.run(runs[i]);
    const RunState state = engine::state_as_of(run, now);
    const std::size_t planned = run.counts.covered + run.counts.lost;
    if (state == RunState::Running || (state != RunState::Incomplete && planned * 2 < tests)) continue;
    newest.cut_off_ = state == RunState::Incomplete;
    runs = runs.subspan(i);
    newest.covered_ = window.covered_by(runs);
    break;
  }
  newest.runs_.assign(runs.begin(), runs.end());
  for (const std::uint32_t run : runs) newest.tests_.push_back(&window.covered_by(run));
  RESULTSDB_ASSIGN(newest.lost_, survey.lost_tests(window, runs));
  return newest;
}

Result<NewestRuns::Surveyed> NewestRuns::survey(ModelCore& core, const Question& question,
                                                std::string_view definition) {
  std::vector<NewestRuns> newest;
  const auto read_all = [&](std::span<const Survey> surveys) -> Status {
    newest.clear();
    for (const Window& window : surveys.front().windows) {
      RESULTSDB_ASSIGN(NewestRuns runs, read(surveys.front(), window, question.now));
      newest.push_back(std::move(runs));
    }
    return {};
  };
  RESULTSDB_ASSIGN(Survey survey, Survey::read(core, question, definition, {}, read_all));
  return Surveyed{std::move(survey), std::move(newest)};
}

std::vector<TestId> NewestRuns::lost_tests() const {
  std::vector<TestId> tests;
  for (const auto& [test, runs] : lost_)
    if (!covered_.contains(test)) tests.push_back(test);
  return tests;
}

std::optional<std::uint32_t> NewestRuns::newest_run(TestId test) const {
  if (!covered_.contains(test)) return std::nullopt;
  for (std::size_t i = runs_.size(); i-- > 0;)
    if (tests_[i]->contains(test)) return runs_[i];
  return std::nullopt;
}

}  // namespace resultsdb
