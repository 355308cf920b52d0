#include "model/flaky_tests.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "model/course.hpp"

namespace resultsdb {

Result<FlakyTests> FlakyTests::read(ModelCore& core, const CompareQuery& query, std::span<const RunInfoPtr> a,
                                    std::span<const std::string> without, const Rule& rule) {
  Question question{.suite = query.suite, .last = rule.runs, .bad = query.bad, .now = query.now};
  std::set<std::string> timelines;
  for (const RunInfoPtr& run : a) timelines.insert(run->timeline);
  question.selection.timelines.assign(timelines.begin(), timelines.end());
  RESULTSDB_ASSIGN(Survey survey, Survey::read(core, question, "flaky.minority/1", without));
  return FlakyTests(rule, std::move(survey));
}

Result<std::optional<Proportion>> FlakyTests::find(const std::string& test,
                                                   const std::string& configuration) const {
  RESULTSDB_ASSIGN(const storage::TestId id, survey_.find_test(test));
  FlakinessCounts counts;
  Course course(survey_, aggregate::ChangePrior{}.change);
  std::vector<Piece> pieces;
  for (std::size_t w = 0; w < survey_.windows.size(); ++w) {
    if (!configuration.empty() && survey_.timelines[w].configuration_id != configuration) continue;
    const Window& window = survey_.windows[w];
    window.read_pieces(id, window.track().changes.find(id), pieces);
    course.read(window, pieces);
    counts += course.count();
  }
  const auto& [rarer, runs] = counts.minority;
  if (runs < rule_.min_runs || rarer < std::max(1U, rule_.results)) return std::optional<Proportion>();
  return std::optional(counts.minority.proportion());
}

}  // namespace resultsdb
