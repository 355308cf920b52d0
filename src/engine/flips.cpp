#include "engine/flips.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace resultsdb::engine {
namespace {

using storage::ChangeRow;
using storage::TestId;

/// First runs that cover each test of a timeline.
class FirstRuns {
 public:
  static Result<FirstRuns> read(Timeline& timeline, const TimelineContents& contents) {
    FirstRuns first;
    storage::TestSetId last = 0;
    for (const RunEntryPtr& run : contents.runs) {
      if (run->test_set == last) continue;
      last = run->test_set;
      RESULTSDB_ASSIGN(const TestSetPtr set, timeline.test_sets().get(last));
      if (first.seen_.contains(last)) continue;
      first.seen_.emplace(last);
      for (const TestId test : set->ids()) {
        if (test >= first.runs_.size()) first.runs_.resize(test + 1);
        if (!first.runs_[test]) first.runs_[test] = run;
      }
    }
    return first;
  }
  bool is_first(const ChangeRow& change) const {
    const TestId test = change.key.test;
    return test < runs_.size() && runs_[test] && runs_[test]->key() == key_of(change.key);
  }

 private:
  std::vector<RunEntryPtr> runs_;  // by test
  std::set<storage::TestSetId> seen_;
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
      RESULTSDB_ASSIGN(FirstRuns first, FirstRuns::read(*timeline, *reader));
      first_.emplace(number, std::move(first));
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
    std::vector<std::pair<TestId, std::uint64_t>> flips;
    const ChangeRow* previous = nullptr;  // of the same test and timeline
    const FirstRuns* first = nullptr;
    for (const ChangeRow& change : changes) {
      if (!previous || previous->key.test != change.key.test ||
          previous->key.timeline != change.key.timeline) {
        previous = nullptr;
        first = &first_.at(change.key.timeline);
      }
      const storage::OutcomeId before = previous ? (*outcomes)[previous->outcome].shown : 0;
      const bool begins = !previous && first->is_first(change);
      previous = &change;
      if (begins || before == (*outcomes)[change.outcome].shown) continue;
      if (flips.empty() || flips.back().first != change.key.test) flips.emplace_back(change.key.test, 0);
      ++flips.back().second;
    }
    return flips;
  }

  Suite& suite_;
  const Selection& selection_;
  std::unordered_map<storage::TimelineId, FirstRuns> first_;
};

}  // namespace

Result<std::vector<std::pair<TestId, std::uint64_t>>> count_flips(Suite& suite, const Selection& selection) {
  return read_consistently(suite,
                           [&](Snapshot& snapshot) { return Counting(suite, selection).count(snapshot); });
}

}  // namespace resultsdb::engine
