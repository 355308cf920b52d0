#include "engine/bad_details.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "engine/detail_blob.hpp"
#include "engine/outcome_blob.hpp"

namespace resultsdb::engine {
namespace {

constexpr std::size_t kRunsAtOnce = 100;  // whose outcomes are in memory

struct Found {
  std::size_t run = 0;
  storage::TestId test = 0;
  storage::OutcomeId outcome = 0;
};

auto key_of(const storage::RunRef& run, storage::TestId test) {
  return std::tuple(run.timeline, run.serial, test);
}

/// Of the runs [first, first + count).
Result<std::vector<Found>> find_bad(Suite& suite, const BadResultsQuery& query, std::size_t first,
                                    std::size_t count) {
  std::vector<Found> found;
  const auto runs = query.runs.subspan(first, count);
  RESULTSDB_ASSIGN(const auto blobs, suite.storage().read_outcomes(suite.name(), runs));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!blobs[i]) continue;
    RESULTSDB_ASSIGN(const RunOutcomes decoded, decode_outcomes(*blobs[i]));
    storage::OutcomeId largest = 0;
    for (const OutcomeEntry& entry : decoded.entries) largest = std::max(largest, entry.outcome);
    RESULTSDB_ASSIGN(const OutcomeTablePtr outcomes, suite.outcomes().table(largest));
    for (const OutcomeEntry& entry : decoded.entries) {
      const DictionaryEntry& outcome = (*outcomes)[entry.outcome];
      const bool bad = query.bad == BadResults::Failing ? outcome.failing : outcome.unexpected;
      if (bad && query.wanted(entry.test)) found.push_back({first + i, entry.test, entry.outcome});
    }
  }
  return found;
}

Status visit_some(Suite& suite, std::span<const storage::RunRef> runs, std::span<const Found> found,
                  const std::function<void(const BadResult&)>& visit) {
  const auto some_runs = runs.subspan(found.front().run, found.back().run - found.front().run + 1);
  std::vector<storage::TestId> tests;
  storage::OutcomeId largest = 0;
  for (const Found& each : found) {
    tests.push_back(each.test);
    largest = std::max(largest, each.outcome);
  }
  std::sort(tests.begin(), tests.end());
  tests.erase(std::unique(tests.begin(), tests.end()), tests.end());
  RESULTSDB_ASSIGN(const OutcomeTablePtr outcomes, suite.outcomes().table(largest));
  RESULTSDB_ASSIGN(const auto rows, suite.storage().read_details(suite.name(), some_runs, tests));
  for (const Found& each : found) {
    const auto key = key_of(runs[each.run], each.test);
    const auto row =
        std::lower_bound(rows.begin(), rows.end(), key, [](const storage::DetailRow& r, const auto& k) {
          return std::tuple(r.timeline, r.serial, r.test) < k;
        });
    Detail detail;
    if (row != rows.end() && std::tuple(row->timeline, row->serial, row->test) == key) {
      RESULTSDB_ASSIGN(detail, decode_detail(row->blob));
    }
    visit({each.run, each.test, (*outcomes)[each.outcome].key.actual, detail.detail});
  }
  return {};
}

}  // namespace

Result<bool> visit_bad_results(Suite& suite, const BadResultsQuery& query,
                               const std::function<void(const BadResult&)>& visit) {
  std::uint64_t left = query.limit;
  for (std::size_t first = 0; first < query.runs.size(); first += kRunsAtOnce) {
    const std::size_t count = std::min(kRunsAtOnce, query.runs.size() - first);
    RESULTSDB_ASSIGN(const std::vector<Found> all, find_bad(suite, query, first, count));
    auto found = std::span(all).first(std::min<std::size_t>(all.size(), left));
    left -= found.size();
    const bool more = found.size() < all.size();
    while (!found.empty()) {
      const auto some = found.first(std::min(found.size(), kDetailsAtOnce));
      RESULTSDB_TRY(visit_some(suite, query.runs, some, visit));
      found = found.subspan(some.size());
    }
    if (more) return false;
  }
  return true;
}

}  // namespace resultsdb::engine
