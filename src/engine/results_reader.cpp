#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/change_points.hpp"
#include "engine/detail_blob.hpp"
#include "engine/durations.hpp"
#include "engine/outcome_blob.hpp"
#include "engine/run_reader.hpp"
#include "engine/run_selection.hpp"

namespace resultsdb::engine {
namespace {

using storage::OutcomeId;
using storage::TestId;

/// One result of the run, before names.
struct Item {
  TestId test = 0;
  OutcomeId outcome = 0;
  std::uint32_t tries = 0, passes = 0;
};

class Reading {
 public:
  Reading(Suite& suite, const RunResultsQuery& query, Time now) : suite_(suite), query_(query), now_(now) {}

  Result<std::optional<RunResults>> read(Snapshot& snapshot) {
    RESULTSDB_ASSIGN(const bool found, find(snapshot));
    if (!found) return std::optional<RunResults>();
    RESULTSDB_TRY(read_items());
    RESULTSDB_TRY(name_items());
    if (query_.durations) RESULTSDB_TRY(add_durations());
    if (query_.details) RESULTSDB_TRY(add_details());
    sort_rows();
    return std::optional(std::move(answer_));
  }

 private:
  Result<bool> find(Snapshot& snapshot) {
    const storage::RunQuery query{.suite = suite_.name(), .id = query_.run};
    RESULTSDB_ASSIGN(const auto page, suite_.storage().find_runs(query, {.limit = 1}));
    if (page.rows.empty()) return false;
    RESULTSDB_ASSIGN(timeline_, suite_.find_timeline(page.rows.front().timeline));
    if (!timeline_) return false;
    RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(*timeline_));
    const std::size_t at = reader->lower_bound(key_of(page.rows.front()));
    if (at == reader->runs.size() || reader->runs[at]->info->id != query_.run) return false;
    run_ = reader->runs[at];
    state_ = reader->state;
    answer_.run = as_of(run_->info, now_);
    return true;
  }

  Status read_items() {
    const storage::RunRef ref{timeline_->identity().number, run_->serial};
    RESULTSDB_ASSIGN(const auto blobs, suite_.storage().read_outcomes(suite_.name(), {&ref, 1}));
    RunOutcomes decoded;
    if (blobs.front()) {
      RESULTSDB_ASSIGN(decoded, decode_outcomes(*blobs.front()));
    }
    OutcomeId largest = 0;
    for (const OutcomeEntry& entry : decoded.entries) largest = std::max(largest, entry.outcome);
    RESULTSDB_ASSIGN(outcomes_, suite_.outcomes().table(largest));
    if (query_.which == RunResultsQuery::Which::All) {
      RESULTSDB_ASSIGN(const TestSetPtr set, timeline_->test_sets().get(run_->test_set));
      auto entry = decoded.entries.begin();
      for (const TestId test : set->ids()) {
        Item item{.test = test};
        while (entry != decoded.entries.end() && entry->test < test) ++entry;
        if (entry != decoded.entries.end() && entry->test == test)
          item = {test, entry->outcome, entry->tries, entry->passes};
        items_.push_back(item);
      }
    } else {
      for (const OutcomeEntry& entry : decoded.entries)
        if (wanted((*outcomes_)[entry.outcome]))
          items_.push_back({entry.test, entry.outcome, entry.tries, entry.passes});
    }
    lost_ = std::move(decoded.lost);
    return {};
  }

  bool wanted(const DictionaryEntry& outcome) const {
    return query_.which == RunResultsQuery::Which::Failing ? outcome.failing : outcome.unexpected;
  }

  Status name_items() {
    std::vector<TestId> ids;
    for (const Item& item : items_) ids.push_back(item.test);
    RESULTSDB_ASSIGN(auto names, suite_.names().names(ids));
    if (!query_.prefix.empty()) {
      std::size_t kept = 0;
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (!names[i].starts_with(query_.prefix)) continue;
        items_[kept] = items_[i];
        names[kept++] = names[i];
      }
      items_.resize(kept);
      names.resize(kept);
    }
    answer_.rows.reserve(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i)
      answer_.rows.push_back({.test = std::string(names[i]),
                              .outcome = (*outcomes_)[items_[i].outcome].outcome(),
                              .tries = items_[i].tries,
                              .passes = items_[i].passes});
    RESULTSDB_ASSIGN(const auto lost, suite_.names().names(lost_));
    for (const std::string_view name : lost)
      if (name.starts_with(query_.prefix)) answer_.lost.emplace_back(name);
    std::sort(answer_.lost.begin(), answer_.lost.end());
    return {};
  }

  Status add_durations() {
    std::vector<TestId> ids;
    for (const Item& item : items_) ids.push_back(item.test);
    RESULTSDB_ASSIGN(const auto durations, read_durations_of_run(suite_.storage(), timeline_->identity(),
                                                                 state_, run_->serial, ids));
    for (std::size_t i = 0; i < durations.size(); ++i)
      if (durations[i] >= 0) answer_.rows[i].duration = Duration(durations[i]);
    return {};
  }

  Status add_details() {
    const storage::RunRef ref{timeline_->identity().number, run_->serial};
    RESULTSDB_ASSIGN(const auto rows, suite_.storage().read_details(suite_.name(), {&ref, 1}));
    auto row = rows.begin();
    for (std::size_t i = 0; i < items_.size(); ++i) {
      while (row != rows.end() && row->test < items_[i].test) ++row;
      Detail detail;
      if (row != rows.end() && row->test == items_[i].test) {
        RESULTSDB_ASSIGN(detail, decode_detail(row->blob));
      }
      const storage::OutcomeKey& key = (*outcomes_)[items_[i].outcome].key;
      if (key.attributes) {
        answer_.rows[i].attributes = *key.attributes;
      } else {
        answer_.rows[i].attributes = key.in_detail ? std::move(detail.attributes) : run_->common_attributes;
      }
      answer_.rows[i].detail = std::move(detail.detail);
    }
    return {};
  }

  void sort_rows() {
    std::sort(answer_.rows.begin(), answer_.rows.end(),
              [](const RunResults::Row& a, const RunResults::Row& b) { return a.test < b.test; });
  }

  Suite& suite_;
  const RunResultsQuery& query_;
  const Time now_;
  TimelinePtr timeline_;
  TimelineState state_;
  RunEntryPtr run_;
  OutcomeTablePtr outcomes_;
  std::vector<Item> items_;  // ascending by test, parallel to the answer's rows until they are sorted
  std::vector<TestId> lost_;
  RunResults answer_;
};

}  // namespace

Result<std::optional<RunResults>> read_results(Suite& suite, const RunResultsQuery& query, Time now) {
  return read_consistently(suite, Growth::Spoils,
                           [&](Snapshot& snapshot) { return Reading(suite, query, now).read(snapshot); });
}

}  // namespace resultsdb::engine
