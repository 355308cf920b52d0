// What was not run, and why not: a test without a result is no pass.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/answers.hpp"

namespace resultsdb {

/// Why a test has no result in the newest runs of a timeline: the first that holds.
enum class GapReason : std::uint8_t {
  Stale,    ///< the timeline ran it, but has no run that counts, or none that is new
  Lost,     ///< it was planned, or its newest whole run was cut off
  Skipped,  ///< on purpose
  Dropped,  ///< it ran there before
  Never     ///< it never ran there, though it runs on another timeline of the branch, and other tests did
};
inline constexpr std::size_t kGapReasons = 5;
std::string_view to_string(GapReason reason) noexcept;

/// The *newest runs* of a timeline are those from its newest whole run on. A run that is not running any more
/// is whole if it is incomplete, or if it planned at least half as many tests as the runs have together that
/// started in the 12 hours before the newest one (back to the first that did not). Without a whole run the
/// newest runs are all of these. So neither a repetition of a few tests nor a run that goes on makes gaps,
/// and a suite may be run in parts.
struct CoverageGapsQuery : Question {
  std::string prefix;                           ///< tests whose names begin so
  std::vector<GapReason> reasons;               ///< empty: all
  std::chrono::seconds stale_after{12 * 3600};  ///< as SummaryQuery's
  /// Gaps behind this (test, timeline id); `gaps.back()` of the page before.
  std::string after_test, after_timeline;
  std::uint32_t limit = 100;    ///< gaps; 0: all
  std::uint32_t folders = 200;  ///< rows of the matrix
};

struct CoverageGap {
  std::string test;
  std::uint32_t timeline = 0;  ///< index into CoverageGapsAnswer::timelines
  GapReason reason = GapReason::Never;
  RunInfoPtr last;  ///< the newest run that counts and has a result of it; null: none in range
  std::optional<Outcome> last_outcome;
};

struct CoverageGapsAnswer {
  std::vector<TimelineInfo> timelines;
  std::vector<CoverageGap> gaps;                       ///< by (test, timeline id)
  bool more = false;                                   ///< the limit left out gaps behind the last one
  std::uint64_t total = 0;                             ///< on all pages
  std::array<std::uint64_t, kGapReasons> by_reason{};  ///< whatever `reasons`
  /// Tests by the first folder behind the prefix, as `css/`; one that stands in none is in the empty name's.
  struct Folder {
    std::string name;
    std::uint64_t tests = 0;             ///< known of any of the timelines
    std::vector<std::uint64_t> covered;  ///< by timeline: without a gap
  };
  std::vector<Folder> folders;     ///< by name
  bool folders_truncated = false;  ///< there are more
  Basis basis;
};

/// What was run at one place: by the runs of the question. `commit` or the range's lower bound say where it
/// is (InvalidArgument without both).
struct CoverageAtQuery : Question {};
struct CoverageAtAnswer {
  struct OnTimeline {
    std::uint32_t timeline = 0;  ///< index into `timelines`
    RunInfoPtr run;              ///< the newest one there; null: not run
    std::uint32_t runs = 0;
    std::uint64_t covered = 0;  ///< tests with a result in one of them; skipped ones are among them
    std::uint64_t skipped = 0;  ///< by the newest of these results
    std::uint64_t lost = 0;     ///< planned there, without any result there
    /// Tests with a result there, lost there, or with one in the timeline's newest runs before.
    std::uint64_t of = 0;
  };
  std::vector<TimelineInfo> timelines;
  std::vector<OnTimeline> rows;  ///< by timeline
  Basis basis;
};

}  // namespace resultsdb
