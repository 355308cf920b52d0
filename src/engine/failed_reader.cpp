#include "engine/failed_reader.hpp"

#include <algorithm>
#include <map>

#include "engine/outcome_blob.hpp"

namespace resultsdb::engine {
namespace {

constexpr std::size_t kRunsAtOnce = 200;  // whose blobs are in memory

class Reading {
 public:
  Reading(Suite& suite, std::span<const RunInfoPtr> runs)
      : suite_(suite), runs_(runs), answer_(runs.size()) {}

  Result<std::vector<std::vector<FailedResult>>> read(Snapshot& snapshot) {
    RESULTSDB_TRY(find(snapshot));
    for (std::size_t at = 0; at < refs_.size(); at += kRunsAtOnce)
      RESULTSDB_TRY(read_some(at, std::min(kRunsAtOnce, refs_.size() - at)));
    return std::move(answer_);
  }

 private:
  Status find(Snapshot& snapshot) {
    std::map<std::string_view, std::vector<std::size_t>> by_timeline;
    for (std::size_t i = 0; i < runs_.size(); ++i) by_timeline[runs_[i]->timeline].push_back(i);
    for (const TimelinePtr& timeline : snapshot.timelines()) {
      const auto wanted = by_timeline.find(timeline->identity().id);
      if (wanted == by_timeline.end()) continue;
      RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(*timeline));
      for (const std::size_t i : wanted->second) {
        const RunInfo& run = *runs_[i];
        const std::size_t at = reader->lower_bound({run.position, run.started, run.variant});
        if (at == reader->runs.size() || reader->runs[at]->info->id != run.id) continue;
        places_.push_back(i);
        refs_.push_back({timeline->identity().number, reader->runs[at]->serial});
      }
    }
    return {};
  }

  Status read_some(std::size_t first, std::size_t count) {
    RESULTSDB_ASSIGN(const auto blobs,
                     suite_.storage().read_outcomes(suite_.name(), std::span(refs_).subspan(first, count)));
    for (std::size_t i = 0; i < count; ++i)
      if (blobs[i]) RESULTSDB_TRY(read_run(*blobs[i], answer_[places_[first + i]]));
    return {};
  }

  Status read_run(std::string_view blob, std::vector<FailedResult>& answer) {
    RESULTSDB_ASSIGN(const RunOutcomes decoded, decode_outcomes(blob));
    storage::OutcomeId largest = 0;
    for (const OutcomeEntry& entry : decoded.entries) largest = std::max(largest, entry.outcome);
    RESULTSDB_ASSIGN(const OutcomeTablePtr outcomes, suite_.outcomes().table(largest));
    std::vector<storage::TestId> tests;
    for (const OutcomeEntry& entry : decoded.entries) {
      const DictionaryEntry& outcome = (*outcomes)[entry.outcome];
      if (!outcome.failing) continue;
      tests.push_back(entry.test);
      answer.push_back({.test = {}, .outcome = outcome.outcome()});
    }
    RESULTSDB_ASSIGN(const auto names, suite_.names().names(tests));
    for (std::size_t i = 0; i < names.size(); ++i) answer[i].test = names[i];
    std::sort(answer.begin(), answer.end(),
              [](const FailedResult& a, const FailedResult& b) { return a.test < b.test; });
    return {};
  }

  Suite& suite_;
  const std::span<const RunInfoPtr> runs_;
  std::vector<std::vector<FailedResult>> answer_;
  // Of the runs that were found, parallel: where they stand in `runs_`, and their blobs.
  std::vector<std::size_t> places_;
  std::vector<storage::RunRef> refs_;
};

}  // namespace

Result<std::vector<std::vector<FailedResult>>> read_failed(Suite& suite, std::span<const RunInfoPtr> runs) {
  return read_consistently(suite, Growth::Harmless,
                           [&](Snapshot& snapshot) { return Reading(suite, runs).read(snapshot); });
}

}  // namespace resultsdb::engine
