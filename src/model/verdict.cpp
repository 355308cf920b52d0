#include "model/verdict.hpp"

#include <algorithm>

namespace resultsdb {
namespace {
// Fewer runs than that do not tell a flaky test from one that changed.
constexpr std::uint32_t kLeastRuns = 10;
constexpr std::uint32_t kRecentRuns = 20;
/// What asks for somebody first, and a timeline that says nothing only where no other says anything.
constexpr Verdict kUrgency[] = {Verdict::Regressed, Verdict::Broken,  Verdict::Flaky, Verdict::Unknown,
                                Verdict::Fixed,     Verdict::Healthy, Verdict::Stale};
}  // namespace

std::int64_t urgency(Verdict verdict) {
  return std::ranges::end(kUrgency) - std::ranges::find(kUrgency, verdict) - 1;
}

std::optional<Verdict> more_urgent(std::optional<Verdict> a, std::optional<Verdict> b) {
  if (!a || !b) return a ? a : b;
  return *std::ranges::find_if(kUrgency, [&](Verdict verdict) { return verdict == *a || verdict == *b; });
}

std::optional<Verdict> verdict_of(const Window& window, Course& course, Time fresh_since) {
  if (course.pieces().empty()) return std::nullopt;
  if (window.run(course.pieces().back().last)->received < fresh_since) return Verdict::Stale;
  const bool changes = course.changes_between_good_and_bad();
  if (!changes) {
    if (course.ends_bad()) return Verdict::Broken;
    return Verdict::Healthy;
  }
  if (course.runs() < kLeastRuns) return Verdict::Unknown;
  const Segment& newest = course.segments().back();
  const std::optional<ChangeKind> change = course.newest_change();
  if (change == ChangeKind::Regression && course.ends_bad()) return Verdict::Regressed;
  if (newest.bad == newest.runs) return Verdict::Broken;
  if (newest.bad > 0) return Verdict::Flaky;
  return change == ChangeKind::Fix && newest.runs <= kRecentRuns ? Verdict::Fixed : Verdict::Healthy;
}

}  // namespace resultsdb
