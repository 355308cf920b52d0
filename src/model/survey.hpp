// What answers over a suite are computed from: the runs that count, and each test's stretches along them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/suite_tracks.hpp"
#include "model/model_implementation.hpp"
#include "resultsdb/aggregate/change_points.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

/// Whether the question counts it.
bool is_bad(const Outcome& outcome, Question::Bad bad);

/// Whether the run's commit of that repository is this one or comes after it.
bool has_commit(const RunInfo& run, const RunCommit& commit);
/// The end of a timeline's history without the commit, whatever orders the timeline: the place before its
/// first run that has it.
Position last_place_without(const RunCommit& commit, const engine::SuiteTrack& track);

/// Neighbouring runs that cover a test and agree. Indexes are those of SuiteTrack::runs.
struct Piece {
  std::uint32_t first = 0, last = 0;
  std::uint32_t runs = 0;
  storage::OutcomeId outcome = 0;
};

/// The runs of one timeline that count.
class Window {
 public:
  /// `without`: public ids of runs that do not count.
  Window(engine::SuiteTrackPtr track, const Question& question, std::span<const std::string> without = {});

  /// The runs of the same timeline that another question counts; indexes are the same.
  Window of(const Question& question) const { return Window(track_, question); }

  const engine::SuiteTrack& track() const { return *track_; }
  const RunInfoPtr& run(std::uint32_t index) const { return track_->runs[index]->info; }
  const std::vector<std::uint32_t>& runs() const { return runs_; }  ///< oldest first
  const std::vector<ExcludedRun>& excluded() const { return excluded_; }
  Time newest_received() const;  ///< of its runs; the epoch if there are none

  /// Of one test, oldest first; neighbours differ. `changes` are the track's of this test.
  void read_pieces(storage::TestId test, const engine::TestChanges& changes,
                   std::vector<Piece>& pieces) const;
  /// An entry per run that counts, newest first, neighbours joined. `lost`: runs that lost the test,
  /// ascending.
  void read_lengths(storage::TestId test, const engine::TestChanges& changes,
                    std::span<const std::uint32_t> lost, std::vector<RunLength>& lengths) const;
  /// Of a window with one run: the outcome there of a test with these changes, if it covers the test.
  storage::OutcomeId only_outcome(const engine::TestChanges& changes) const {
    return changes.outcome_at(runs_.front());
  }
  bool covers(storage::TestId test, std::uint32_t run) const { return covered_by(run).contains(test); }
  const engine::TestSet& covered_by(std::uint32_t run) const;
  /// What any of these runs covers, ascending.
  engine::TestSet covered_by(std::span<const std::uint32_t> runs) const;

 private:
  template <class Visit>
  void visit_covered(storage::TestId test, std::uint32_t first, std::uint32_t end, Visit visit) const;

  engine::SuiteTrackPtr track_;
  std::vector<std::uint32_t> runs_;
  std::vector<std::uint32_t> before_;  // by run index, one more at the end: how many of runs_ come before it
  std::vector<ExcludedRun> excluded_;
};

/// The windows of a question, and what is said of each outcome.
class Survey {
 public:
  /// A question and the public ids of runs that do not count.
  struct Request {
    Question question;
    std::span<const std::string> without;
  };
  /// Called with the surveys before they are known to be of one moment, perhaps several times: what it reads
  /// of their runs by lost_tests() is of the same moment, and is kept with them. Read later, a run may have
  /// been deleted.
  using Within = std::function<Status(std::span<const Survey>)>;

  static Result<Survey> read(ModelCore& core, const Question& question, std::string_view definition,
                             std::span<const std::string> without = {}, const Within& within = {});
  /// Several of one suite, by request: all of one moment.
  static Result<std::vector<Survey>> read_together(ModelCore& core, std::span<const Request> requests,
                                                   std::string_view definition, const Within& within = {});
  /// A Within: the tests that any run of the windows lost.
  static Status read_all_lost(std::span<const Survey> surveys);

  std::vector<Window> windows;
  std::vector<TimelineInfo> timelines;  // by window
  Basis basis;

  bool is_bad(storage::OutcomeId outcome) const { return bad_[outcome] != 0; }
  bool is_skip(storage::OutcomeId outcome) const { return skip_[outcome]; }
  /// Attempts of one run disagreed.
  bool is_mixed(storage::OutcomeId outcome) const { return mixed_[outcome]; }
  Outcome outcome(storage::OutcomeId id) const { return (*outcomes_)[id].outcome(); }
  /// By id; all that the suite knows.
  std::vector<OutcomeInfo> outcomes() const;
  const std::string& expected(storage::OutcomeId id) const { return (*outcomes_)[id].key.expected; }

  /// `visit(window index, test, pieces)` for each test and timeline that ever had a bad result; by window,
  /// then test.
  template <class Visit>
  void visit_bad(Visit visit) const {
    std::vector<Piece> pieces;
    for (std::uint32_t w = 0; w < windows.size(); ++w) {
      if (windows[w].runs().empty()) continue;
      for (auto at = windows[w].track().changes.begin(); !at.done(); at.next()) {
        const engine::TestChanges changes = at.changes();
        if (!changes.any_outcome([this](auto outcome) { return is_bad(outcome); }) || !is_wanted(at.test()))
          continue;
        windows[w].read_pieces(at.test(), changes, pieces);
        if (!pieces.empty()) visit(w, at.test(), std::span<const Piece>(pieces));
      }
    }
  }

  /// Adjacent pieces of one kind joined; `first[i]`: the first piece of stretch i.
  void to_stretches(std::span<const Piece> pieces, std::vector<aggregate::Stretch>& stretches,
                    std::vector<std::uint32_t>& first) const;

  /// Of the tests that are asked for, in these runs of the window.
  std::uint64_t count_results(const Window& window, std::span<const std::uint32_t> runs) const;
  /// Question::name_contains, of a test that has results.
  bool is_wanted(storage::TestId test) const { return !wanted_ || wanted_->contains(test); }
  /// The same of tests that may never have had one.
  Result<engine::TestSet> named(engine::TestSet tests) const;
  const std::optional<engine::TestSet>& wanted() const { return wanted_; }
  Result<std::vector<std::string_view>> names(std::span<const storage::TestId> tests) const;
  /// Of any run of the suite within the range: what "stale" counts from.
  Time newest_received() const;
  /// The tests that a run lost, ascending; a blob, the first time. To be called Within first.
  Result<std::shared_ptr<const std::vector<storage::TestId>>> lost_tests(const Window& window,
                                                                         std::uint32_t run) const;
  /// The tests that some of these runs lost, and which ones, ascending.
  Result<std::map<storage::TestId, std::vector<std::uint32_t>>> lost_tests(
      const Window& window, std::span<const std::uint32_t> runs) const;
  /// NotFound if the suite has no test of this name.
  Result<storage::TestId> find_test(const std::string& name) const;
  engine::Suite& suite() const { return *suite_; }

 private:
  static Result<Survey> build(const engine::SuitePtr& suite, const engine::SuiteTracks& tracks,
                              const Request& request, std::string_view definition);
  Status read_wanted();

  engine::SuitePtr suite_;
  engine::OutcomeTablePtr outcomes_;
  std::vector<std::uint8_t> bad_;  // by outcome; bytes: asked for every change point
  std::vector<bool> skip_, mixed_;
  std::string name_contains_;
  std::optional<engine::TestSet> wanted_;  // nothing: all
  bool open_ended_ = true;                 // the range goes on to what is newest
};

}  // namespace resultsdb
