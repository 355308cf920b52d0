#include <utility>

#include "engine/timeline_check.hpp"
#include "model/model_implementation.hpp"

namespace resultsdb {
namespace {

constexpr int kAttempts = 4;

// A timeline at rest: checked again when somebody wrote meanwhile.
Result<engine::TimelineCheck> check_one(storage::Storage& storage, const std::string& suite,
                                        storage::TimelineRow row, bool repair) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto check = engine::check_timeline(storage, suite, row);
    RESULTSDB_ASSIGN(auto now, storage.find_timelines(suite, {&row.id, 1}));
    if (!now.empty() && now.front().version == row.version) {
      if (!check || !repair || check->repair.timelines.empty()) return check;
      const Status repaired = storage.apply(check->repair);
      if (repaired) return check;
      if (repaired.error().code != ErrorCode::Conflict) return repaired.error();
      RESULTSDB_ASSIGN(now, storage.find_timelines(suite, {&row.id, 1}));
    }
    if (now.empty()) break;
    row = std::move(now.front());
  }
  return make_error(ErrorCode::Conflict, "the timeline was written during every check; repeat the call",
                    "suite " + suite + ", timeline " + std::to_string(row.id));
}

}  // namespace

Result<CheckReport> Model::check(bool repair, const ProgressCallback& progress) {
  CheckReport report;
  storage::Storage& storage = implementation_->storage();
  RESULTSDB_ASSIGN(const auto suites, implementation_->suite_names({}));
  for (const std::string& suite : suites) {
    RESULTSDB_ASSIGN(const auto rows, storage.find_timelines(suite));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (progress && !progress({"check " + suite, i, rows.size()}))
        return make_error(ErrorCode::Unavailable, "stopped");
      RESULTSDB_ASSIGN(engine::TimelineCheck check, check_one(storage, suite, rows[i], repair));
      report.runs += check.runs;
      report.results += check.results;
      report.changes += check.changes;
      report.repaired = report.repaired || (repair && !check.repair.timelines.empty());
      std::move(check.problems.begin(), check.problems.end(), std::back_inserter(report.problems));
    }
  }
  return report;
}

}  // namespace resultsdb
