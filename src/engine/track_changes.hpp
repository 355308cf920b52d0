// Where the tests of a timeline take other outcomes, in a form that versions of the timeline share: a run
// behind all others costs what it changes, not what is known.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "resultsdb/storage/rows.hpp"

namespace resultsdb::engine {

/// A test takes another (expected, actual) at this run than at the last one before it that covers it; a plain
/// expected pass before the first.
struct TrackChange {
  std::uint32_t run = 0;           ///< index into SuiteTrack::runs
  storage::OutcomeId outcome = 0;  ///< DictionaryEntry::shown
  bool operator==(const TrackChange&) const = default;
};

/// The changes of one test, oldest first. A view: valid while the TrackChanges it came from are.
class TestChanges {
 public:
  TestChanges() = default;
  TestChanges(std::span<const TrackChange> old, std::span<const TrackChange> added)
      : old_(old), added_(added) {}

  bool empty() const { return old_.empty() && added_.empty(); }
  std::size_t size() const { return old_.size() + added_.size(); }
  const TrackChange& operator[](std::size_t i) const {
    return i < old_.size() ? old_[i] : added_[i - old_.size()];
  }
  /// Index of the first change behind `run`.
  std::size_t first_after(std::uint32_t run) const {
    const bool in_added = !added_.empty() && added_.front().run <= run;
    const auto part = in_added ? added_ : old_;
    return (in_added ? old_.size() : 0) + count_up_to(part, run);
  }
  /// At `run`, if it covers the test.
  storage::OutcomeId outcome_at(std::uint32_t run) const {
    const std::size_t after = first_after(run);
    return after == 0 ? 0 : (*this)[after - 1].outcome;
  }
  template <class Predicate>
  bool any_outcome(Predicate predicate) const {
    return std::ranges::any_of(old_, predicate, &TrackChange::outcome) ||
           std::ranges::any_of(added_, predicate, &TrackChange::outcome);
  }

 private:
  static std::size_t count_up_to(std::span<const TrackChange> part, std::uint32_t run) {
    // Most tests have few: to count them all costs less than to guess where to look.
    if (part.size() <= 16) {
      std::size_t count = 0;
      for (const TrackChange& change : part) count += change.run <= run ? 1 : 0;
      return count;
    }
    return static_cast<std::size_t>(std::ranges::upper_bound(part, run, {}, &TrackChange::run) -
                                    part.begin());
  }

  std::span<const TrackChange> old_, added_;
};

/// Of all tests that have changes. Immutable; copies share what they hold.
class TrackChanges {
  struct Table {
    // Tests ascending, and where their changes begin; one more at the end.
    std::vector<storage::TestId> tests;
    std::vector<std::uint32_t> begins{0};
    std::vector<TrackChange> changes;

    void push(storage::TestId test, std::span<const TrackChange> some);
    std::span<const TrackChange> changes_of(std::size_t i) const {
      return std::span(changes).subspan(begins[i], begins[i + 1] - begins[i]);
    }
    std::span<const TrackChange> find(storage::TestId test) const;
    std::size_t bytes() const;
  };
  using TablePtr = std::shared_ptr<const Table>;

 public:
  struct OfTest {
    storage::TestId test = 0;
    TrackChange change;
    bool operator==(const OfTest&) const = default;
  };

  TrackChanges() : TrackChanges(std::span<const OfTest>()) {}
  /// By test, then run.
  explicit TrackChanges(std::span<const OfTest> changes);
  /// With changes at runs behind those of all known ones; by test, then run.
  TrackChanges extended(std::span<const OfTest> added) const;

  /// Empty for a test without changes.
  TestChanges find(storage::TestId test) const { return {old_->find(test), added_->find(test)}; }

  /// Goes through the tests with changes, ascending.
  class Cursor {
   public:
    bool done() const { return old_at_ == old_->tests.size() && added_at_ == added_->tests.size(); }
    storage::TestId test() const { return takes_old() ? old_->tests[old_at_] : added_->tests[added_at_]; }
    TestChanges changes() const {
      return {takes_old() ? old_->changes_of(old_at_) : std::span<const TrackChange>(),
              takes_added() ? added_->changes_of(added_at_) : std::span<const TrackChange>()};
    }
    void next() {
      const bool old = takes_old(), added = takes_added();
      old_at_ += old ? 1 : 0;
      added_at_ += added ? 1 : 0;
    }

   private:
    friend class TrackChanges;
    Cursor(const Table& old, const Table& added) : old_(&old), added_(&added) {}
    bool takes_old() const {
      return old_at_ < old_->tests.size() &&
             (added_at_ == added_->tests.size() || old_->tests[old_at_] <= added_->tests[added_at_]);
    }
    bool takes_added() const {
      return added_at_ < added_->tests.size() &&
             (old_at_ == old_->tests.size() || added_->tests[added_at_] <= old_->tests[old_at_]);
    }

    const Table* old_;
    const Table* added_;
    std::size_t old_at_ = 0, added_at_ = 0;
  };
  Cursor begin() const { return {*old_, *added_}; }

  /// What this holds, whether or not others share it.
  std::size_t bytes() const { return old_->bytes() + added_->bytes(); }

 private:
  TrackChanges(TablePtr old, TablePtr added) : old_(std::move(old)), added_(std::move(added)) {}
  static Table joined(const Table& old, const Table& added);

  TablePtr old_;    // most of them, shared by many versions
  TablePtr added_;  // behind those of the same tests in old_; few, copied for each version
};

}  // namespace resultsdb::engine
