#include <set>
#include <utility>

#include "engine/timeline_check.hpp"
#include "model/model_implementation.hpp"
#include "resultsdb/attachments.hpp"

namespace resultsdb {
namespace {

constexpr int kAttempts = 4;

std::string name_of(const std::string& suite, const storage::TimelineRow& row) {
  return "suite " + suite + ", timeline " + std::to_string(row.id);
}

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
                    name_of(suite, row));
}

/// Also of names that nobody could have written.
bool is_damage(const Error& error) {
  return error.code == ErrorCode::Corrupt || error.code == ErrorCode::InvalidArgument;
}

/// Where the store's own rows are damaged.
struct DamagedRows {
  std::set<std::pair<std::string, storage::TimelineId>> timelines;
  bool elsewhere = false;  ///< in an index, perhaps: then no answer of the store can be relied on
};

/// Reports what the store finds wrong with its own rows.
Result<DamagedRows> check_rows(storage::Storage& storage, std::vector<Problem>& problems) {
  RESULTSDB_ASSIGN(auto damages, storage.find_damage());
  DamagedRows damaged;
  for (storage::Damage& damage : damages) {
    if (damage.timeline) damaged.timelines.emplace(damage.suite, *damage.timeline);
    damaged.elsewhere = damaged.elsewhere || !damage.timeline;
    problems.push_back({std::move(damage.table), std::move(damage.key), std::move(damage.what)});
  }
  return damaged;
}

void add(engine::TimelineCheck&& check, CheckReport& report) {
  report.runs += check.runs;
  report.results += check.results;
  report.changes += check.changes;
  std::move(check.problems.begin(), check.problems.end(), std::back_inserter(report.problems));
}

Status check_attachments(storage::Storage& storage, std::vector<Problem>& problems) {
  const auto collections = storage.list_collections();
  if (!collections && is_damage(collections.error())) {
    problems.push_back({"document", "", collections.error().text()});
    return {};
  }
  RESULTSDB_TRY(collections);
  for (const std::string& collection : *collections) {
    const auto set = attachment_set_of(collection);
    if (!set) continue;
    const Status status = Attachments(storage, *set).check(problems);
    if (!status && is_damage(status.error())) {
      problems.push_back({"document", collection, status.error().text()});
    } else {
      RESULTSDB_TRY(status);
    }
  }
  return {};
}

}  // namespace

Result<CheckReport> Model::check(bool repair, const ProgressCallback& progress) {
  CheckReport report;
  storage::Storage& storage = implementation_->storage();
  if (progress && !progress({"check rows", 0, 0})) return make_error(ErrorCode::Unavailable, "stopped");
  RESULTSDB_ASSIGN(const DamagedRows damaged, check_rows(storage, report.problems));
  if (progress && !progress({"check attachments", 0, 0}))
    return make_error(ErrorCode::Unavailable, "stopped");
  RESULTSDB_TRY(check_attachments(storage, report.problems));
  RESULTSDB_ASSIGN(const auto suites, implementation_->suite_names({}));
  for (const std::string& suite : suites) {
    const auto rows = storage.find_timelines(suite);
    if (!rows && is_damage(rows.error())) {
      report.problems.push_back({"suite", "", rows.error().text()});
      continue;
    }
    RESULTSDB_TRY(rows);
    for (std::size_t i = 0; i < rows->size(); ++i) {
      const storage::TimelineRow& row = (*rows)[i];
      if (progress && !progress({"check " + suite, i, rows->size()}))
        return make_error(ErrorCode::Unavailable, "stopped");
      // What is derived from damaged rows is wrong, and a row that is written again would pass for sound.
      const bool repair_it = repair && !damaged.elsewhere && !damaged.timelines.contains({suite, row.id});
      auto check = check_one(storage, suite, row, repair_it);
      if (!check && is_damage(check.error())) {
        report.problems.push_back({"timeline", name_of(suite, row), check.error().text()});
        continue;
      }
      RESULTSDB_TRY(check);
      report.repaired = report.repaired || (repair_it && !check->repair.timelines.empty());
      add(std::move(*check), report);
    }
  }
  return report;
}

}  // namespace resultsdb
