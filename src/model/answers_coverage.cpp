// What was not run.
#include <algorithm>
#include <map>

#include "domain/test_folders.hpp"
#include "engine/run_selection.hpp"
#include "model/coverage_reader.hpp"
#include "resultsdb/coverage.hpp"

namespace resultsdb {
namespace {

using engine::TestSet;
using storage::TestId;

TestSet without(const TestSet& all, const TestSet& some) {
  return TestSet::difference(all, TestSet::intersection(all, some));
}

/// Of one timeline.
struct Covered {
  NewestRuns newest;
  TestSet lost, skipped;                       // by the newest runs
  TestSet run;                                 // results in the newest runs that are no skips
  std::array<TestSet, kGapReasons> by_reason;  // disjoint
  bool stale = false;

  TestSet& of(GapReason reason) { return by_reason[static_cast<std::size_t>(reason)]; }
};

class GapFinder {
 public:
  GapFinder(const Survey& survey, const CoverageGapsQuery& query) : survey_(survey), query_(query) {}

  Status find(std::vector<NewestRuns> newest) {
    const Time fresh_since = survey_.newest_received() - query_.stale_after;
    for (std::size_t w = 0; w < survey_.windows.size(); ++w) {
      const Window& window = survey_.windows[w];
      Covered& covered = windows_.emplace_back();
      covered.newest = std::move(newest[w]);
      covered.lost = TestSet::from_sorted(covered.newest.lost_tests());
      covered.skipped = skipped(window, covered.newest);
      covered.run = without(covered.newest.covered(), covered.skipped);
      covered.stale = window.runs().empty() || window.newest_received() < fresh_since;
    }
    std::map<std::string_view, TestSet> by_branch;
    for (std::size_t w = 0; w < windows_.size(); ++w) {
      TestSet& run = by_branch[survey_.timelines[w].branch];
      run = TestSet::united(run, windows_[w].run);
    }
    for (std::size_t w = 0; w < windows_.size(); ++w) judge(w, by_branch[survey_.timelines[w].branch]);
    return keep_named();
  }

  Result<CoverageGapsAnswer> answer() const {
    CoverageGapsAnswer answer{
        .timelines = survey_.timelines, .gaps = {}, .folders = {}, .basis = survey_.basis};
    for (const Covered& covered : windows_)
      for (std::size_t reason = 0; reason < kGapReasons; ++reason) {
        answer.by_reason[reason] += covered.by_reason[reason].size();
        if (is_wanted(reason)) answer.total += covered.by_reason[reason].size();
      }
    RESULTSDB_TRY(list(answer));
    RESULTSDB_TRY(add_folders(answer));
    return answer;
  }

 private:
  TestSet skipped(const Window& window, const NewestRuns& newest) const {
    std::vector<TestId> skipped;
    for (auto at = window.track().changes.begin(); !at.done(); at.next()) {  // a skip is a change
      const auto run = newest.newest_run(at.test());
      if (run && survey_.is_skip(at.changes().outcome_at(*run))) skipped.push_back(at.test());
    }
    return TestSet::from_sorted(skipped);
  }

  /// `elsewhere`: what the newest runs of the branch's timelines run.
  void judge(std::size_t w, const TestSet& elsewhere) {
    Covered& covered = windows_[w];
    TestSet known = TestSet::united(covered.newest.ever(), covered.lost);
    if (covered.stale) {
      if (survey_.windows[w].runs().empty())
        known = TestSet::united(known, survey_.windows[w].track().ever());
      covered.of(GapReason::Stale) = known;
    } else {
      const TestSet missing = without(covered.newest.ever(), covered.newest.covered());
      covered.of(GapReason::Lost) =
          covered.newest.is_cut_off() ? TestSet::united(covered.lost, missing) : covered.lost;
      covered.of(GapReason::Skipped) = covered.skipped;
      covered.of(GapReason::Dropped) = without(missing, covered.of(GapReason::Lost));
    }
    if (!survey_.windows[w].track().runs.empty()) covered.of(GapReason::Never) = without(elsewhere, known);
    known_ = TestSet::united(known_, TestSet::united(known, elsewhere));
  }

  Status keep_named() {
    if (query_.prefix.empty() && query_.name_contains.empty()) return {};
    RESULTSDB_ASSIGN(const TestSet named, survey_.named(known_));
    const std::vector<TestId> ids = named.ids();
    RESULTSDB_ASSIGN(const auto names, survey_.names(ids));
    std::vector<TestId> kept;
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (names[i].starts_with(query_.prefix)) kept.push_back(ids[i]);
    known_ = TestSet::from_sorted(kept);
    for (Covered& covered : windows_)
      for (TestSet& tests : covered.by_reason) tests = TestSet::intersection(tests, known_);
    return {};
  }

  bool is_wanted(std::size_t reason) const {
    return query_.reasons.empty() ||
           std::ranges::find(query_.reasons, static_cast<GapReason>(reason)) != query_.reasons.end();
  }

  std::optional<GapReason> gap(std::size_t w, TestId test) const {
    for (std::size_t reason = 0; reason < kGapReasons; ++reason)
      if (is_wanted(reason) && windows_[w].by_reason[reason].contains(test))
        return static_cast<GapReason>(reason);
    return std::nullopt;
  }

  /// By timeline id.
  std::vector<std::uint32_t> windows_in_order() const {
    std::vector<std::uint32_t> order(windows_.size());
    for (std::uint32_t w = 0; w < order.size(); ++w) order[w] = w;
    std::ranges::sort(order, {}, [this](std::uint32_t w) { return survey_.timelines[w].id; });
    return order;
  }

  Status list(CoverageGapsAnswer& answer) const {
    TestSet all;
    for (const Covered& covered : windows_)
      for (std::size_t reason = 0; reason < kGapReasons; ++reason)
        if (is_wanted(reason)) all = TestSet::united(all, covered.by_reason[reason]);
    const std::vector<TestId> ids = all.ids();
    RESULTSDB_ASSIGN(const auto names, survey_.names(ids));
    std::vector<std::pair<std::string_view, TestId>> tests;
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (names[i] >= query_.after_test) tests.emplace_back(names[i], ids[i]);
    // Each test has a gap, so that the page needs no more tests than it has gaps, and the one it begins with.
    const std::size_t most =
        query_.limit == 0 ? tests.size() : std::min(tests.size(), std::size_t{query_.limit} + 2);
    std::partial_sort(tests.begin(), tests.begin() + static_cast<std::ptrdiff_t>(most), tests.end());
    const std::vector<std::uint32_t> order = windows_in_order();
    for (std::size_t i = 0; i < most; ++i)
      for (const std::uint32_t w : order) {
        const auto& [name, test] = tests[i];
        if (name == query_.after_test && survey_.timelines[w].id <= query_.after_timeline) continue;
        const auto reason = gap(w, test);
        if (!reason) continue;
        if (query_.limit != 0 && answer.gaps.size() == query_.limit) {
          answer.more = true;
          return {};
        }
        answer.gaps.push_back(describe(w, test, name, *reason));
      }
    return {};
  }

  CoverageGap describe(std::uint32_t w, TestId test, std::string_view name, GapReason reason) const {
    CoverageGap gap{
        .test = std::string(name), .timeline = w, .reason = reason, .last = {}, .last_outcome = {}};
    const Window& window = survey_.windows[w];
    std::vector<Piece> pieces;
    window.read_pieces(test, window.track().changes.find(test), pieces);
    if (pieces.empty()) return gap;
    gap.last = engine::as_of(window.run(pieces.back().last), query_.now);
    gap.last_outcome = survey_.outcome(pieces.back().outcome);
    return gap;
  }

  Status add_folders(CoverageGapsAnswer& answer) const {
    const std::vector<TestId> ids = known_.ids();
    RESULTSDB_ASSIGN(const auto names, survey_.names(ids));
    std::map<std::string_view, CoverageGapsAnswer::Folder> folders;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::size_t end = domain::folder_end(names[i], query_.prefix.size());
      auto& folder = folders[end == names[i].npos ? std::string_view() : names[i].substr(0, end)];
      folder.covered.resize(windows_.size());
      ++folder.tests;
      for (std::size_t w = 0; w < windows_.size(); ++w)
        if (!windows_[w].stale && windows_[w].run.contains(ids[i])) ++folder.covered[w];
    }
    answer.folders_truncated = folders.size() > query_.folders;
    for (auto& [name, folder] : folders) {
      if (answer.folders.size() == query_.folders) break;
      folder.name = name;
      answer.folders.push_back(std::move(folder));
    }
    return {};
  }

  const Survey& survey_;
  const CoverageGapsQuery& query_;
  std::vector<Covered> windows_;
  TestSet known_;
};

/// The question about a timeline's runs before the place.
Question before(const CoverageAtQuery& query, const engine::SuiteTrack& track) {
  Question question = query;
  question.commit.reset();
  question.range = {};
  question.last = 0;
  if (query.commit) {
    question.range.to_position = last_place_without(*query.commit, track);
  } else if (query.range.from_position) {
    question.range.to_position = *query.range.from_position - 1;
  } else {
    question.range.to_started = *query.range.from_started - Duration(1);
  }
  return question;
}

Result<CoverageAtAnswer::OnTimeline> coverage_there(const Survey& survey, std::uint32_t w, TestSet expected,
                                                    Time now) {
  const Window& window = survey.windows[w];
  CoverageAtAnswer::OnTimeline row{.timeline = w, .run = {}};
  const TestSet covered = window.covered_by(window.runs());
  RESULTSDB_ASSIGN(const auto lost_in, survey.lost_tests(window, window.runs()));
  std::vector<TestId> lost;
  for (const auto& [test, runs] : lost_in)
    if (!covered.contains(test)) lost.push_back(test);
  row.runs = static_cast<std::uint32_t>(window.runs().size());
  if (row.runs > 0) row.run = engine::as_of(window.run(window.runs().back()), now);
  std::vector<Piece> pieces;
  for (auto at = window.track().changes.begin(); !at.done(); at.next()) {
    if (!covered.contains(at.test())) continue;
    window.read_pieces(at.test(), at.changes(), pieces);
    if (survey.is_skip(pieces.back().outcome)) ++row.skipped;
  }
  row.covered = covered.size();
  row.lost = lost.size();
  expected = TestSet::united(expected, TestSet::united(covered, TestSet::from_sorted(lost)));
  row.of = expected.size();
  return row;
}

}  // namespace

std::string_view to_string(GapReason reason) noexcept {
  static constexpr std::string_view kNames[kGapReasons] = {"stale", "lost", "skipped", "dropped", "never"};
  return kNames[static_cast<std::size_t>(reason)];
}

Result<CoverageGapsAnswer> Answers::coverage_gaps(const CoverageGapsQuery& query) {
  RESULTSDB_ASSIGN(auto surveyed, NewestRuns::survey(*model_->implementation_, query, "coverage-gaps/1"));
  GapFinder finder(surveyed.survey, query);
  RESULTSDB_TRY(finder.find(std::move(surveyed.newest)));
  return finder.answer();
}

Result<CoverageAtAnswer> Answers::coverage_at(const CoverageAtQuery& query) {
  if (!query.commit && !query.range.from_position && !query.range.from_started)
    return invalid_argument("a commit or the lower bound of a range say where", "at");
  std::vector<TestSet> expected;  // by window
  const auto read_within = [&](std::span<const Survey> surveys) -> Status {
    const Survey& survey = surveys.front();
    expected.clear();
    for (const Window& window : survey.windows) {
      const Window earlier = window.of(before(query, window.track()));
      RESULTSDB_ASSIGN(const NewestRuns newest, NewestRuns::read(survey, earlier, query.now));
      expected.push_back(newest.covered());
    }
    return Survey::read_all_lost(surveys);
  };
  RESULTSDB_ASSIGN(const Survey survey,
                   Survey::read(*model_->implementation_, query, "coverage-at/1", {}, read_within));
  CoverageAtAnswer answer{.timelines = survey.timelines, .rows = {}, .basis = survey.basis};
  for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
    RESULTSDB_ASSIGN(auto row, coverage_there(survey, w, std::move(expected[w]), query.now));
    answer.rows.push_back(std::move(row));
  }
  return answer;
}

}  // namespace resultsdb
