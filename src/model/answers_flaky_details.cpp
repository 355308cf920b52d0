// Trends, wasted time and messages of flaky tests.
#include <algorithm>
#include <map>
#include <set>

#include "model/survey.hpp"
#include "resultsdb/failing_tests.hpp"
#include "resultsdb/flaky_details.hpp"

namespace resultsdb {
namespace {

using Item = FlakyDetailsQuery::Item;

bool names(const Item& item, const std::string& timeline) {
  return std::ranges::find(item.timelines, timeline) != item.timelines.end();
}

std::array<Proportion, FlakyDetails::kWindows> read_trend(const Survey& survey, storage::TestId test,
                                                          const Item& item) {
  std::array<std::pair<std::uint64_t, std::uint64_t>, FlakyDetails::kWindows> counts{};  // bad, all
  std::vector<RunLength> lengths;
  for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
    if (!names(item, survey.timelines[w].id)) continue;
    const Window& window = survey.windows[w];
    const std::size_t runs = window.runs().size();
    window.read_lengths(test, window.track().changes.find(test), {}, lengths);
    std::size_t at = runs;  // lengths begin with the newest run
    for (const RunLength& length : lengths) {
      const auto outcome = static_cast<storage::OutcomeId>(length.outcome);
      const bool counted = length.outcome >= 0 && !survey.is_skip(outcome);
      for (std::uint32_t i = 0; i < length.count; ++i) {
        auto& [bad, all] = counts[--at * FlakyDetails::kWindows / runs];
        all += counted ? 1 : 0;
        bad += counted && survey.is_bad(outcome) ? 1 : 0;
      }
    }
  }
  std::array<Proportion, FlakyDetails::kWindows> trend;
  std::ranges::transform(counts, trend.begin(),
                         [](const auto& count) { return aggregate::wilson(count.first, count.second); });
  return trend;
}

std::uint32_t count_words(std::string_view actual) {
  std::uint32_t words = 0;
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (actual[i] != ' ' && (i == 0 || actual[i - 1] == ' ')) ++words;
  return words;
}

/// Goes through the newest runs of one test and timeline.
class SeriesReader {
 public:
  /// `excluded`: runs that no statistic counts.
  SeriesReader(const History& history, Question::Bad bad, std::span<const ExcludedRun> excluded)
      : history_(history), bad_(bad) {
    for (const ExcludedRun& each : excluded) excluded_.insert(each.run->id);
    for (const OutcomeInfo& info : history.outcomes)
      outcomes_[static_cast<std::int32_t>(info.id)] = &info.outcome;
  }

  void read(const History::Series& series, const std::string& test, Duration& wasted,
            std::vector<BadAt>& bad) const {
    const auto& runs = history_.timelines[series.timeline].runs;
    std::uint32_t run = 0;
    auto tries = series.tries.begin();
    for (const RunLength& length : series.outcomes) {
      for (std::uint32_t i = 0; i < length.count; ++i, ++run) {
        if (length.outcome < 0 || excluded_.contains(runs[run]->id)) continue;
        while (tries != series.tries.end() && tries->run < run) ++tries;
        const Outcome& outcome = *outcomes_.at(length.outcome);
        std::int64_t attempts = count_words(outcome.actual);
        if (tries != series.tries.end() && tries->run == run)
          attempts = std::max<std::int64_t>(attempts, tries->tries);
        if (attempts > 1 && series.duration_us[run] > 0)
          wasted += Duration(series.duration_us[run]) * (attempts - 1);
        if (is_bad(outcome, bad_)) bad.push_back({runs[run], test});
      }
    }
  }

 private:
  const History& history_;
  const Question::Bad bad_;
  std::set<std::string_view> excluded_;  // public ids
  std::map<std::int32_t, const Outcome*> outcomes_;
};

void keep_newest(std::vector<BadAt>& bad) {
  std::ranges::stable_sort(bad, [](const BadAt& a, const BadAt& b) {
    return std::tie(a.run->position, a.run->started) > std::tie(b.run->position, b.run->started);
  });
  if (bad.size() > FlakyDetails::kBadResults) bad.resize(FlakyDetails::kBadResults);
}

HistoryQuery history_query(const FlakyDetailsQuery& query) {
  HistoryQuery history;
  history.suite = query.suite;
  history.range = query.range;
  history.limit = query.last == 0 ? FlakyDetails::kRuns : std::min(query.last, FlakyDetails::kRuns);
  history.durations = history.tries = true;
  history.now = query.now;
  std::set<std::string> tests, timelines;
  for (const Item& item : query.items) {
    tests.insert(item.test);
    timelines.insert(item.timelines.begin(), item.timelines.end());
  }
  history.tests.assign(tests.begin(), tests.end());
  history.selection.timelines.assign(timelines.begin(), timelines.end());
  return history;
}

}  // namespace

Result<std::vector<FlakyDetails>> Answers::flaky_details(const FlakyDetailsQuery& query) {
  std::vector<FlakyDetails> details(query.items.size());
  if (query.items.empty()) return details;
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "flaky.minority/1"));
  const HistoryQuery newest = history_query(query);
  RESULTSDB_ASSIGN(const History history, model_->history(newest));
  const SeriesReader reader(history, query.bad, survey.basis.excluded);
  std::vector<BadAt> all_bad;
  std::vector<std::size_t> item_of;  // by all_bad
  for (std::size_t i = 0; i < details.size(); ++i) {
    const Item& item = query.items[i];
    RESULTSDB_ASSIGN(const storage::TestId test, survey.find_test(item.test));
    details[i].trend = read_trend(survey, test, item);
    std::vector<BadAt> bad;
    for (const History::Series& series : history.series)
      if (newest.tests[series.test] == item.test && names(item, history.timelines[series.timeline].info.id))
        reader.read(series, item.test, details[i].wasted, bad);
    keep_newest(bad);
    item_of.insert(item_of.end(), bad.size(), i);
    std::ranges::move(bad, std::back_inserter(all_bad));
  }
  RESULTSDB_ASSIGN(const auto reasons, this->reasons(query.suite, query.bad, all_bad));
  std::set<std::pair<std::size_t, std::string_view>> known;
  for (std::size_t i = 0; i < reasons.size(); ++i)
    if (!reasons[i].id.empty() && known.emplace(item_of[i], reasons[i].id).second)
      ++details[item_of[i]].messages;
  return details;
}

}  // namespace resultsdb
