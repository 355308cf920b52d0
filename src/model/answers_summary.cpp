// Counters and pass rates of a suite's runs.
#include "model/survey.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {
namespace {

struct Counts {
  std::uint64_t covered = 0, failing = 0, unexpected = 0, skipped = 0, lost = 0;

  void add(const RunCounts& run) {
    covered += run.covered;
    lost += run.lost;
    for (const auto& [outcome, results] : run.outcomes) {
      const Severity severity = worst_severity(outcome.actual);
      failing += severity >= Severity::Fail ? results : 0;
      skipped += severity == Severity::Skip ? results : 0;
      unexpected += is_unexpected(outcome.expected, outcome.actual) ? results : 0;
    }
  }
  void add(const Counts& other) {
    covered += other.covered;
    failing += other.failing;
    unexpected += other.unexpected;
    skipped += other.skipped;
    lost += other.lost;
  }
  void fill(SummaryRow& row) const {
    row.passing = aggregate::wilson(covered - failing - skipped, covered);
    row.expected = aggregate::wilson(covered - unexpected, covered);
    row.failing = failing;
    row.unexpected = unexpected;
    row.skipped = skipped;
    row.lost = lost;
  }
};

}  // namespace

Result<Summary> Answers::summary(const SummaryQuery& query) {
  if (!query.name_contains.empty())
    return invalid_argument("a summary counts whole runs; ask find() for tests by name", "name_contains");
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "summary/1"));
  Summary summary{.timelines = survey.timelines, .rows = {}, .total = {}, .basis = survey.basis};
  using State = SummaryRow::State;
  const Time newest = survey.newest_received();
  Counts all;
  for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
    const Window& window = survey.windows[w];
    SummaryRow& row = summary.rows.emplace_back();
    row.timeline = w;
    row.runs = static_cast<std::uint32_t>(window.runs().size());
    Counts counts;
    for (const std::uint32_t run : window.runs()) counts.add(window.run(run)->counts);
    counts.fill(row);
    all.add(counts);
    summary.total.runs += row.runs;
    if (row.runs == 0) continue;
    row.newest = window.run(window.runs().back());
    row.state = newest - window.newest_received() > query.stale_after ? State::Stale : State::Current;
    summary.total.state = State::Current;
  }
  all.fill(summary.total);
  return summary;
}

}  // namespace resultsdb
