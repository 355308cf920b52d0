#include "engine/flips.hpp"

#include <algorithm>
#include <unordered_map>

namespace resultsdb::engine {
namespace {

using storage::ChangeRow;
using storage::TestId;

/// The runs of a timeline, and its tests' first changes as indexes of all changes.
struct Beginnings {
  TimelinePtr timeline;
  std::vector<RunEntryPtr> runs;
  std::vector<std::size_t> changes;
};

class Counting {
 public:
  Counting(Suite& suite, const Selection& selection) : suite_(suite), selection_(selection) {}

  Result<std::vector<std::pair<TestId, std::uint64_t>>> count(Snapshot& snapshot) {
    storage::ChangeQuery query{.suite = suite_.name()};
    for (const TimelinePtr& timeline : snapshot.timelines()) {
      if (!matches(selection_, timeline->identity())) continue;
      RESULTSDB_ASSIGN(const Timeline::Reader reader, snapshot.open(*timeline));
      const storage::TimelineId number = timeline->identity().number;
      beginnings_.emplace(number, Beginnings{timeline, reader->runs, {}});
      query.timelines.push_back(number);
    }
    if (query.timelines.empty()) return std::vector<std::pair<TestId, std::uint64_t>>();
    if (query.timelines.size() == snapshot.timelines().size()) query.timelines.clear();
    std::sort(query.timelines.begin(), query.timelines.end());
    RESULTSDB_ASSIGN(const auto changes, suite_.storage().find_changes(query));
    return count(changes);
  }

 private:
  Result<std::vector<std::pair<TestId, std::uint64_t>>> count(const std::vector<ChangeRow>& changes) {
    storage::OutcomeId largest = 0;
    for (const ChangeRow& change : changes) largest = std::max(largest, change.outcome);
    RESULTSDB_ASSIGN(const OutcomeTablePtr outcomes, suite_.outcomes().table(largest));
    RESULTSDB_ASSIGN(const std::vector<bool> begins, find_beginnings(changes));
    std::vector<std::pair<TestId, std::uint64_t>> flips;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const ChangeRow& change = changes[i];
      const storage::OutcomeId before = is_first(changes, i) ? 0 : (*outcomes)[changes[i - 1].outcome].shown;
      if (begins[i] || before == (*outcomes)[change.outcome].shown) continue;
      if (flips.empty() || flips.back().first != change.key.test) flips.emplace_back(change.key.test, 0);
      ++flips.back().second;
    }
    return flips;
  }

  // Of its test and timeline.
  static bool is_first(const std::vector<ChangeRow>& changes, std::size_t i) {
    return i == 0 || changes[i - 1].key.test != changes[i].key.test ||
           changes[i - 1].key.timeline != changes[i].key.timeline;
  }

  // Changes at the first run that covers their test: it begins there, nothing flipped.
  Result<std::vector<bool>> find_beginnings(const std::vector<ChangeRow>& changes) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (!is_first(changes, i)) continue;
      // A timeline that was listed in the meantime is not there; this answer will be thrown away.
      const auto found = beginnings_.find(changes[i].key.timeline);
      if (found != beginnings_.end()) found->second.changes.push_back(i);
    }
    std::vector<bool> begins(changes.size());
    for (auto& [number, each] : beginnings_) {
      storage::TestSetId last = 0;
      for (const RunEntryPtr& run : each.runs) {
        if (each.changes.empty()) break;  // mostly after the first run, which covers nearly all tests
        if (run->test_set == last) continue;
        last = run->test_set;
        RESULTSDB_ASSIGN(const TestSetPtr set, each.timeline->test_sets().get(last));
        std::erase_if(each.changes, [&](std::size_t i) {
          if (!set->contains(changes[i].key.test)) return false;
          begins[i] = run->key() == key_of(changes[i].key);
          return true;
        });
      }
    }
    return begins;
  }

  Suite& suite_;
  const Selection& selection_;
  std::unordered_map<storage::TimelineId, Beginnings> beginnings_;
};

}  // namespace

Result<std::vector<std::pair<TestId, std::uint64_t>>> count_flips(Suite& suite, const Selection& selection) {
  return read_consistently(suite, Growth::Spoils,
                           [&](Snapshot& snapshot) { return Counting(suite, selection).count(snapshot); });
}

}  // namespace resultsdb::engine
