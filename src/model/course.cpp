#include "model/course.hpp"

#include <algorithm>
#include <numeric>

namespace resultsdb {
namespace {
// A test that fails this often after a change is broken; below it, it has become flaky.
constexpr double kBrokenRate = 0.8;
// And one that fails this often at most is mended.
constexpr double kMendedRate = 0.2;
}  // namespace

void FlakinessCounts::operator+=(const FlakinessCounts& other) {
  minority += other.minority;
  flips += other.flips;
  disagreement += other.disagreement;
  retries += other.retries;
  all_flips += other.all_flips;
}

Flakiness FlakinessCounts::flakiness() const {
  return {minority.proportion(), flips.proportion(), disagreement.proportion(), retries.proportion(),
          all_flips};
}

void Course::read(const Window& window, std::span<const Piece> pieces) {
  window_ = &window;
  pieces_.clear();
  for (const Piece& piece : pieces)
    if (!survey_.is_skip(piece.outcome)) pieces_.push_back(piece);
  segments_.clear();
  survey_.to_stretches(pieces_, stretches_, first_pieces_);
}

std::uint32_t Course::runs() const {
  return std::accumulate(stretches_.begin(), stretches_.end(), 0U,
                         [](std::uint32_t sum, const auto& stretch) { return sum + stretch.runs; });
}

const std::vector<Segment>& Course::segments() {
  if (!segments_.empty() || stretches_.empty()) return segments_;
  const auto changes = finder_.find(stretches_);
  for (std::size_t i = 0; i <= changes.size(); ++i) {
    const std::uint32_t from = i == 0 ? 0 : changes[i - 1];
    const auto end = i < changes.size() ? changes[i] : static_cast<std::uint32_t>(stretches_.size());
    Segment segment{.first_piece = first_pieces_[from],
                    .end_piece = end < stretches_.size() ? first_pieces_[end]
                                                         : static_cast<std::uint32_t>(pieces_.size()),
                    .flips = end - from - 1};
    for (std::uint32_t s = from; s < end; ++s) {
      segment.runs += stretches_[s].runs;
      segment.bad += stretches_[s].bad ? stretches_[s].runs : 0;
    }
    segments_.push_back(segment);
  }
  return segments_;
}

std::uint64_t Course::repeated_commits(storage::TestId test) const {
  std::uint64_t commits = 0;
  std::uint32_t runs = 0;
  std::optional<Position> position;
  const auto visit = [&](std::uint32_t run, const Piece&) {
    const Position at = window_->run(run)->position;
    runs = position == at ? runs + 1 : 1;
    position = at;
    if (runs == 2) ++commits;
  };
  // Most commits have one run: whether it covers the test need not be asked.
  const auto& all = window_->runs();
  const auto position_of = [&](std::size_t i) { return window_->run(all[i])->position; };
  visit_runs(test, visit, [&](std::size_t i) {
    return (i > 0 && position_of(i - 1) == position_of(i)) ||
           (i + 1 < all.size() && position_of(i + 1) == position_of(i));
  });
  return commits;
}

FlakinessCounts Course::count() {
  FlakinessCounts counts;
  if (stretches_.empty()) return counts;
  const Segment& newest = segments().back();
  counts.minority = {std::min(newest.bad, newest.runs - newest.bad), newest.runs};
  counts.flips = {newest.flips, newest.runs - 1};
  counts.all_flips = stretches_.size() - 1;
  for (const Piece& piece : pieces_) {
    counts.retries.n += piece.runs;
    if (survey_.is_mixed(piece.outcome)) counts.retries.k += piece.runs;
  }
  // A commit disagrees with itself where good meets bad between two of its runs.
  std::optional<Position> last;
  for (std::size_t s = 1; s < first_pieces_.size(); ++s) {
    const Position after = window_->run(pieces_[first_pieces_[s]].first)->position;
    if (window_->run(pieces_[first_pieces_[s] - 1].last)->position != after || last == after) continue;
    ++counts.disagreement.k;
    last = after;
  }
  return counts;
}

ChangeKind Course::kind(const Segment& before, const Segment& after) const {
  const Piece &old = pieces_[before.end_piece - 1], &fresh = pieces_[after.first_piece];
  if (survey_.expected(old.outcome) != survey_.expected(fresh.outcome)) return ChangeKind::Expectation;
  const auto rate = [](const Segment& segment) {
    return static_cast<double>(segment.bad) / static_cast<double>(segment.runs);
  };
  if (rate(after) <= rate(before)) return rate(after) <= kMendedRate ? ChangeKind::Fix : ChangeKind::Flaky;
  return rate(after) >= kBrokenRate ? ChangeKind::Regression : ChangeKind::Flaky;
}

ChangeEvent Course::event(const Segment& before, const Segment& after) const {
  const Piece &old = pieces_[before.end_piece - 1], &fresh = pieces_[after.first_piece];
  ChangeEvent event;
  event.kind = kind(before, after);
  event.before_run = window_->run(old.last);
  event.after_run = window_->run(fresh.first);
  event.before = aggregate::wilson(before.bad, before.runs);
  event.after = aggregate::wilson(after.bad, after.runs);
  event.outcome = survey_.outcome(fresh.outcome);
  return event;
}

std::optional<ChangeKind> Course::newest_change() {
  const std::size_t count = segments().size();
  if (count < 2) return std::nullopt;
  return kind(segments_[count - 2], segments_[count - 1]);
}

std::vector<ChangeEvent> Course::events() {
  std::vector<ChangeEvent> events;
  for (std::size_t i = 1; i < segments().size(); ++i) events.push_back(event(segments_[i - 1], segments_[i]));
  if (!events.empty())
    events.back().open =
        events.back().kind == ChangeKind::Regression || events.back().kind == ChangeKind::Flaky;
  return events;
}

std::vector<aggregate::Stretch> Course::stretches_around(std::size_t i) {
  std::vector<aggregate::Stretch> around;
  for (std::size_t s = 0; s < stretches_.size(); ++s)
    if (first_pieces_[s] >= segments()[i - 1].first_piece && first_pieces_[s] < segments()[i].end_piece)
      around.push_back(stretches_[s]);
  return around;
}

}  // namespace resultsdb
