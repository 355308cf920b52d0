// The history of one test on one timeline, cut into segments of one rate.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/survey.hpp"

namespace resultsdb {

/// Runs between two change points.
struct Segment {
  std::uint32_t first_piece = 0, end_piece = 0;
  std::uint32_t runs = 0, bad = 0;
  std::uint32_t flips = 0;  ///< between good and bad
};

struct FlakinessCounts {
  struct Count {
    std::uint64_t k = 0, n = 0;
    Proportion proportion() const { return aggregate::wilson(k, n); }
    void operator+=(const Count& other) { k += other.k, n += other.n; }
  };
  Count minority, flips, disagreement, retries;
  std::uint64_t all_flips = 0;

  void operator+=(const FlakinessCounts& other);
  Flakiness flakiness() const;
};

/// Reads one history after another; one object per thread.
class Course {
 public:
  Course(const Survey& survey, double change) : survey_(survey), finder_({.change = change}) {}

  /// Skipped results say nothing and are left out.
  void read(const Window& window, std::span<const Piece> pieces);

  /// Without skipped results: neighbours may agree.
  std::span<const Piece> pieces() const { return pieces_; }
  /// `visit(run, piece)` for each run, oldest first, that is `wanted(index into Window::runs())`. `test` is
  /// the one that was read.
  template <class Visit, class Wanted>
  void visit_runs(storage::TestId test, Visit visit, Wanted wanted) const {
    std::size_t piece = 0;
    for (std::size_t i = 0; i < window_->runs().size(); ++i) {
      if (!wanted(i)) continue;
      const std::uint32_t run = window_->runs()[i];
      while (piece < pieces_.size() && pieces_[piece].last < run) ++piece;
      if (piece == pieces_.size()) return;
      if (pieces_[piece].first <= run && window_->covers(test, run)) visit(run, pieces_[piece]);
    }
  }
  template <class Visit>
  void visit_runs(storage::TestId test, Visit visit) const {
    visit_runs(test, visit, [](std::size_t) { return true; });
  }
  /// Commits with at least two results: FlakinessCounts::disagreement.n.
  std::uint64_t repeated_commits(storage::TestId test) const;
  std::span<const aggregate::Stretch> stretches() const { return stretches_; }
  /// Oldest first; empty if nothing covers the test.
  const std::vector<Segment>& segments();
  bool changes_between_good_and_bad() const { return stretches_.size() > 1; }
  bool ends_bad() const { return !stretches_.empty() && stretches_.back().bad; }
  std::uint32_t runs() const;

  /// Without FlakinessCounts::disagreement.n.
  FlakinessCounts count();
  /// First piece of the newest stretch of bad or good runs.
  std::uint32_t newest_stretch() const { return first_pieces_.back(); }
  /// The change points; `timeline` and `test` are for the caller. Oldest first.
  std::vector<ChangeEvent> events();
  /// Of the newest of them.
  std::optional<ChangeKind> newest_change();
  aggregate::ChangePointFinder& finder() { return finder_; }
  /// Runs that count, as stretches, of the two segments around the change point before segment `i`.
  std::vector<aggregate::Stretch> stretches_around(std::size_t i);

 private:
  ChangeKind kind(const Segment& before, const Segment& after) const;
  ChangeEvent event(const Segment& before, const Segment& after) const;

  const Survey& survey_;
  aggregate::ChangePointFinder finder_;
  const Window* window_ = nullptr;
  std::vector<Piece> pieces_;
  std::vector<aggregate::Stretch> stretches_;
  std::vector<std::uint32_t> first_pieces_;  // by stretch
  std::vector<Segment> segments_;
};

}  // namespace resultsdb
