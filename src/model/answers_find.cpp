// Tests for which a query holds.
#include <algorithm>

#include "model/test_facts.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

Result<FindAnswer> Answers::find(const FindQuery& query) {
  const bool coverage = needs_coverage(query.query);
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "find.query/1", {},
                                                     coverage ? Survey::read_all_lost : Survey::Within()));
  TestFactsReader reader(survey,
                         {.outcomes = needs_outcomes(query.query),
                          .verdicts = needs_verdicts(query.query),
                          .coverage = coverage,
                          .durations = needs_durations(query.query)},
                         query.stale_after);
  RESULTSDB_TRY(reader.prepare());
  RESULTSDB_ASSIGN(const auto names, survey.names(reader.tests()));
  const std::string prefix = name_prefix(query.query);
  const bool by_name = needs_names(query.query);
  std::vector<std::string_view> found;
  std::optional<bool> last;  // of the test that was read last
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i].starts_with(prefix) || names[i].find(query.name_contains) == std::string_view::npos)
      continue;
    RESULTSDB_ASSIGN(const auto facts, reader.read(reader.tests()[i]));
    if (!last || by_name || !reader.is_like_the_one_before())
      last = matches(query.query, {.name = names[i], .timelines = facts});
    if (*last) found.push_back(names[i]);
  }
  FindAnswer answer{.timelines = survey.timelines, .tests = {}, .total = found.size(), .basis = survey.basis};
  std::erase_if(found, [&](std::string_view name) { return name <= query.after; });
  const std::size_t shown =
      query.limit == 0 ? found.size() : std::min<std::size_t>(query.limit, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown), found.end());
  answer.more = found.size() > shown;
  answer.tests.assign(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown));
  return answer;
}

}  // namespace resultsdb
