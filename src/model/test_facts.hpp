// What queries are answered from, of one test after the other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/durations.hpp"
#include "model/course.hpp"
#include "resultsdb/aggregate/query_language.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

/// Reads facts by ascending test id. Tests that are plain passes wherever they ran share them with the others
/// that ran in the same runs, which is nearly all tests of nearly all suites. One object per thread.
class TestFactsReader {
 public:
  struct Wanted {
    bool outcomes = false, verdicts = false, coverage = false, durations = false;
  };
  TestFactsReader(const Survey& survey, Wanted wanted, std::chrono::seconds stale_after);

  /// To be called once, before anything else.
  Status prepare();
  /// Tests that a run of the timelines ran, and with Wanted::coverage those that a run that counts lost.
  /// Ascending.
  const std::vector<storage::TestId>& tests() const { return tests_; }
  /// Of a test behind the last one asked for. Borrowed until the next call.
  Result<std::span<const aggregate::TimelineFacts>> read(storage::TestId test);
  /// The last one read has the facts of the one before it.
  bool is_like_the_one_before() const { return same_; }

 private:
  /// What one kind of plain passes looks like on a timeline.
  struct Plain {
    std::vector<RunLength> lengths;
    std::optional<Verdict> verdict;
  };
  struct OnWindow {
    std::vector<std::uint32_t> kinds;  // by test id, indexes into `plain`
    std::vector<Plain> plain;
    std::map<storage::TestId, std::vector<std::uint32_t>> lost;
    std::optional<engine::TrackChanges::Cursor> changed;  // at the first test not before the one read
    std::vector<RunLength> lengths;
    std::vector<std::int64_t> durations;  // of `timed_`: by test, then run
  };

  void tell_plain_ones_apart(std::uint32_t window);
  Plain read_plain(const Window& window, storage::TestId test);
  std::optional<Verdict> judge(const Window& window, storage::TestId test,
                               const engine::TestChanges& changes);
  bool is_plain(storage::TestId test);
  void read_one(std::uint32_t window, storage::TestId test);
  Status read_durations(storage::TestId test);
  std::optional<aggregate::DurationFacts> durations(std::uint32_t window, storage::TestId test);

  const Survey& survey_;
  const Wanted wanted_;
  const Time fresh_since_;
  Course course_;
  std::vector<Piece> pieces_;
  std::vector<OutcomeInfo> outcomes_;
  std::vector<aggregate::OutcomeClass> classes_;
  std::vector<OnWindow> windows_;
  std::vector<storage::TestId> tests_;
  std::vector<aggregate::TimelineFacts> facts_;
  std::vector<std::uint32_t> kinds_;  // by window, of the last plain test
  bool same_ = false, facts_are_plain_ = false;
  engine::TestRange timed_;  // whose durations were read last
};

}  // namespace resultsdb
