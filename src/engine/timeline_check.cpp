#include "engine/timeline_check.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "engine/change_points.hpp"
#include "engine/detail_blob.hpp"
#include "engine/durations.hpp"
#include "engine/outcome_blob.hpp"
#include "engine/run_header.hpp"
#include "engine/test_sets.hpp"
#include "engine/timeline_state.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::engine {
namespace {

using storage::RunRow;
using storage::TestId;
using storage::TestSetId;

constexpr std::size_t kRunsAtOnce = 64;

class Checking {
 public:
  Checking(storage::Storage& storage, std::string suite, const storage::TimelineRow& row)
      : storage_(storage), suite_(std::move(suite)), row_(row), fixed_(row) {}

  Result<TimelineCheck> check() {
    RESULTSDB_ASSIGN(const auto outcomes, storage_.find_outcomes(suite_));
    for (const storage::OutcomeRow& outcome : outcomes)
      largest_outcome_ = std::max(largest_outcome_, outcome.id);
    RESULTSDB_TRY(read_runs());
    RESULTSDB_TRY(check_test_sets());
    for (std::size_t first = 0; first < runs_.size(); first += kRunsAtOnce)
      RESULTSDB_TRY(check_runs(first, std::min(first + kRunsAtOnce, runs_.size())));
    RESULTSDB_TRY(check_changes());
    RESULTSDB_TRY(check_durations());
    check_row();
    finish_repair();
    return std::move(check_);
  }

 private:
  void report(std::string_view table, const std::string& key, std::string what) {
    check_.problems.push_back(
        {std::string(table),
         "suite " + suite_ + ", timeline " + std::to_string(row_.id) + (key.empty() ? "" : ", " + key),
         std::move(what)});
  }
  static std::string name_of(const RunRow& run) { return "run " + run.id; }

  Status read_runs() {
    storage::RunQuery query{.suite = suite_, .timelines = {row_.id}, .ascending = true};
    storage::Paging paging{.limit = limits::kPageRows};
    do {
      RESULTSDB_ASSIGN(auto page, storage_.find_runs(query, paging));
      std::move(page.rows.begin(), page.rows.end(), std::back_inserter(runs_));
      paging.token = std::move(page.next);
    } while (!paging.token.empty());
    check_.runs = runs_.size();
    return {};
  }

  Status check_test_sets() {
    RESULTSDB_ASSIGN(const auto rows, storage_.read_test_sets(suite_, row_.id));
    sets_[0] = std::make_shared<const TestSet>();
    for (const storage::TestSetRow& row : rows) {
      const std::string key = "set " + std::to_string(row.id);
      largest_set_ = std::max(largest_set_, row.id);
      const auto base = sets_.find(row.base);
      if (base == sets_.end()) {
        report("test_set", key, "its base " + std::to_string(row.base) + " is missing or damaged");
        continue;
      }
      auto set = decode_test_set(row.blob, row.base == 0 ? nullptr : base->second.get());
      if (!set) {
        report("test_set", key, set.error().text());
        continue;
      }
      if (set->hash() != row.hash) {
        report("test_set", key, "the hash is another set's");
        storage::TestSetRow fixed = row;
        fixed.hash = set->hash();
        check_.repair.put_test_sets.push_back(std::move(fixed));
      }
      sets_[row.id] = std::make_shared<const TestSet>(std::move(*set));
    }
    return {};
  }

  Status check_runs(std::size_t first, std::size_t last) {
    std::vector<storage::RunRef> refs;
    for (std::size_t i = first; i < last; ++i) refs.push_back(runs_[i].ref());
    RESULTSDB_ASSIGN(const auto blobs, storage_.read_outcomes(suite_, refs));
    for (std::size_t i = first; i < last; ++i) check_run(runs_[i], blobs[i - first]);
    std::sort(refs.begin(), refs.end());
    RESULTSDB_ASSIGN(const auto details, storage_.read_details(suite_, refs));
    for (const storage::DetailRow& detail : details)
      if (auto decoded = decode_detail(detail.blob); !decoded)
        report("detail", "serial " + std::to_string(detail.serial) + ", test " + std::to_string(detail.test),
               decoded.error().text());
    return {};
  }

  void check_run(const RunRow& run, const std::optional<storage::Bytes>& blob) {
    if (auto header = decode_header(run.header); !header) report("run", name_of(run), header.error().text());
    const auto set = sets_.find(run.test_set);
    if (set == sets_.end()) {
      report("run", name_of(run), "its test set " + std::to_string(run.test_set) + " is missing or damaged");
      complete_ = false;
      return;
    }
    auto outcomes = blob ? decode_outcomes(*blob) : Result<RunOutcomes>(RunOutcomes{});
    if (!outcomes || !is_plausible(*outcomes, *set->second)) {
      report("run_outcomes", name_of(run),
             outcomes ? "it names a test that the run did not cover, or an unknown outcome"
                      : outcomes.error().text());
      complete_ = false;
      return;
    }
    if (!blob && (run.lost != 0 || run.counters != encode_counters({}))) {
      report("run", name_of(run), "its counters are wrong, or its row of outcomes is missing");
      complete_ = false;
      return;
    }
    check_counters(run, *outcomes, *set->second);
    follow(run, *outcomes, *set->second);
  }

  bool is_plausible(const RunOutcomes& outcomes, const TestSet& set) const {
    const bool entries = std::all_of(
        outcomes.entries.begin(), outcomes.entries.end(),
        [&](const OutcomeEntry& e) { return set.contains(e.test) && e.outcome <= largest_outcome_; });
    return entries && std::none_of(outcomes.lost.begin(), outcomes.lost.end(),
                                   [&](TestId test) { return set.contains(test); });
  }

  void check_counters(const RunRow& run, const RunOutcomes& outcomes, const TestSet& set) {
    std::map<storage::OutcomeId, std::uint32_t> counts;
    for (const OutcomeEntry& entry : outcomes.entries)
      if (entry.outcome != 0) ++counts[entry.outcome];
    RunRow fixed = run;
    fixed.covered = static_cast<std::uint32_t>(set.size());
    fixed.lost = static_cast<std::uint32_t>(outcomes.lost.size());
    fixed.counters = encode_counters({counts.begin(), counts.end()});
    check_.results += fixed.covered;
    if (fixed == run) return;
    report("run", name_of(run), "its counters are not those of its results");
    check_.repair.put_runs.push_back(std::move(fixed));
  }

  // The runs come in order: the outcome of every test so far tells where the next change point is.
  void follow(const RunRow& run, const RunOutcomes& outcomes, const TestSet& set) {
    auto entry = outcomes.entries.begin();
    for (const TestId test : set.ids()) {
      while (entry != outcomes.entries.end() && entry->test < test) ++entry;
      const bool special = entry != outcomes.entries.end() && entry->test == test;
      const storage::OutcomeId outcome = special ? entry->outcome : 0;
      if (test >= last_.size()) last_.resize(test + 1);
      if (last_[test] == outcome) continue;
      last_[test] = outcome;
      wanted_.push_back({{test, row_.id, run.position, run.started, run.variant}, outcome});
    }
  }

  Status check_changes() {
    RESULTSDB_ASSIGN(const auto stored, storage_.find_changes({.suite = suite_, .timelines = {row_.id}}));
    check_.changes = stored.size();
    if (!complete_) {
      report("change_point", "", "not compared, because rows that it is derived from are damaged");
      return {};
    }
    std::sort(wanted_.begin(), wanted_.end());
    std::vector<storage::ChangeRow> missing, surplus;
    std::set_difference(wanted_.begin(), wanted_.end(), stored.begin(), stored.end(),
                        std::back_inserter(missing));
    std::set_difference(stored.begin(), stored.end(), wanted_.begin(), wanted_.end(),
                        std::back_inserter(surplus));
    const auto describe = [](const storage::ChangeRow& row) {
      return "test " + std::to_string(row.key.test) + " at " + std::to_string(row.key.position);
    };
    for (const storage::ChangeRow& row : missing)
      report("change_point", describe(row), "the row is missing or differs");
    for (storage::ChangeRow& row : surplus) {
      report("change_point", describe(row), "the row is not what the runs say");
      check_.repair.delete_changes.push_back(std::move(row.key));
    }
    check_.repair.put_changes = std::move(missing);
    return {};
  }

  std::uint32_t chunks_to_look_at() const {
    std::uint32_t chunks = 0;
    for (const auto& [id, set] : sets_)
      if (set->size() != 0) chunks = std::max(chunks, set->ids().back() / kChunkTests + 1);
    return chunks;
  }

  Status check_durations() {
    auto state = decode_state(row_.state);
    const std::uint32_t chunks = std::max(chunks_to_look_at(), state ? state->chunks : 0);
    std::array<FoldCursor, 2> seen;  // just behind the last tile of each level
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      std::vector<storage::DurationQuery> queries = {{.timeline = row_.id, .chunk = chunk}};
      for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block)
        queries.push_back({.timeline = row_.id, .block = chunk * kBlocksPerChunk + block});
      RESULTSDB_ASSIGN(const auto stored, storage_.read_durations(suite_, queries));
      for (const storage::DurationsRow& row : stored.raw) check_raw(row, state);
      for (const storage::TileRow& row : stored.tiles) check_tile(row, state, seen);
    }
    if (!state) {
      report("timeline", "", state.error().text());
      state = TimelineState{.chunks = chunks, .folded = seen};
    }
    if (state->next_test_set <= largest_set_) {
      report("timeline", "", "the next test set has the number of a stored one");
      state->next_test_set = largest_set_ + 1;
    }
    state_ = *state;
    return {};
  }

  void check_raw(const storage::DurationsRow& row, const Result<TimelineState>& state) {
    const std::string key = "serial " + std::to_string(row.serial) + ", chunk " + std::to_string(row.chunk);
    if (auto decoded = decode_raw(row.blob); !decoded) report("run_durations", key, decoded.error().text());
    if (state && state->folded[0].covers(row.serial / kFoldedRuns[0], row.chunk))
      report("run_durations", key, "the row should be part of a tile");
  }

  void check_tile(const storage::TileRow& row, const Result<TimelineState>& state,
                  std::array<FoldCursor, 2>& seen) {
    const std::uint32_t chunk = row.block / kBlocksPerChunk;
    const std::string key = "block " + std::to_string(row.block) + ", level " + std::to_string(row.level) +
                            ", tile " + std::to_string(row.tile);
    if (auto decoded = decode_tile(row.blob); !decoded) report("duration_tile", key, decoded.error().text());
    if (row.level >= seen.size() || (state && !state->folded[row.level].covers(row.tile, chunk)))
      return report("duration_tile", key, "the row is not where tiles are looked for");
    FoldCursor& cursor = seen[row.level];
    if (!cursor.covers(row.tile, chunk)) cursor = {row.tile, chunk + 1};
  }

  void check_row() {
    fixed_.runs = static_cast<std::uint32_t>(runs_.size());
    fixed_.first_position = runs_.empty() ? 0 : runs_.front().position;
    fixed_.last_position = runs_.empty() ? 0 : runs_.back().position;
    fixed_.last_received = Time{};
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      fixed_.last_received = i == 0 ? runs_[i].received : std::max(fixed_.last_received, runs_[i].received);
      if (runs_[i].serial >= fixed_.next_serial) fixed_.next_serial = runs_[i].serial + 1;
    }
    if (fixed_ != row_) report("timeline", "", "its counters are not those of its runs");
  }

  void finish_repair() {
    if (check_.problems.empty()) return;
    ++fixed_.version;
    state_.rewritten = fixed_.version;
    fixed_.state = encode_state(state_);
    check_.repair.suite = suite_;
    check_.repair.timelines.push_back(fixed_);
  }

  storage::Storage& storage_;
  const std::string suite_;
  const storage::TimelineRow& row_;
  storage::TimelineRow fixed_;
  TimelineState state_;
  TimelineCheck check_;
  std::vector<RunRow> runs_;
  std::map<TestSetId, TestSetPtr> sets_;
  TestSetId largest_set_ = 0;
  storage::OutcomeId largest_outcome_ = 0;
  bool complete_ = true;  // everything that change points are derived from is readable
  std::vector<storage::OutcomeId> last_;
  std::vector<storage::ChangeRow> wanted_;
};

}  // namespace

Result<TimelineCheck> check_timeline(storage::Storage& storage, const std::string& suite,
                                     const storage::TimelineRow& row) {
  return Checking(storage, suite, row).check();
}

}  // namespace resultsdb::engine
