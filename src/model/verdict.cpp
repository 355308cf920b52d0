#include "model/verdict.hpp"

namespace resultsdb {
namespace {
// Fewer runs than that do not tell a flaky test from one that changed.
constexpr std::uint32_t kLeastRuns = 10;
constexpr std::uint32_t kRecentRuns = 20;
}  // namespace

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
