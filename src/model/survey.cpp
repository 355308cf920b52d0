#include "model/survey.hpp"

#include <algorithm>
#include <utility>

#include "domain/check.hpp"
#include "engine/run_selection.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb {
namespace {

// A run in which nearly everything fails tells about its machine, not about its tests; of a handful of
// results that cannot be said.
constexpr std::uint64_t kLeastResults = 20;
constexpr double kMostBad = 0.8;

std::optional<ExcludedRun::Why> why_excluded(const engine::RunEntry& entry, Question::Bad bad) {
  const RunInfo& run = *entry.info;
  const auto declared = [](const auto& attribute) {
    return std::string_view(attribute.first) == "infrastructure_failure" && attribute.second == "true";
  };
  if (run.state == RunState::Failed || std::ranges::any_of(run.attributes, declared))
    return ExcludedRun::Why::Declared;
  const std::uint32_t results = run.counts.covered;
  const std::uint32_t wrong = bad == Question::Bad::Failing ? entry.failing : entry.unexpected;
  if (results >= kLeastResults && static_cast<double>(wrong) > kMostBad * static_cast<double>(results))
    return ExcludedRun::Why::MostFailed;
  return std::nullopt;
}

/// Those whose positions are in the range: from the first to one past the last. Most questions look at a few
/// runs of thousands.
std::pair<std::size_t, std::size_t> possible_runs(const std::vector<engine::RunEntryPtr>& runs,
                                                  const RunRange& range) {
  const auto position = [](const engine::RunEntryPtr& run) { return run->info->position; };
  const auto first =
      range.from_position ? std::ranges::lower_bound(runs, *range.from_position, {}, position) : runs.begin();
  const auto end =
      range.to_position ? std::ranges::upper_bound(runs, *range.to_position, {}, position) : runs.end();
  return {static_cast<std::size_t>(first - runs.begin()), static_cast<std::size_t>(end - runs.begin())};
}

bool is_asked(const RunInfo& run, const Question& question) {
  return engine::in_range(run, question.range) && (question.run.empty() || run.id == question.run) &&
         (!question.commit || std::ranges::any_of(run.commits, [&](const RunCommit& commit) {
           return commit.repository == question.commit->repository && commit.id == question.commit->id;
         }));
}

/// Attempts that are told word by word: one passed, another failed.
bool attempts_disagree(std::string_view actual) {
  bool passed = false, failed = false;
  while (!actual.empty()) {
    const std::size_t end = std::min(actual.find(' '), actual.size());
    const std::string_view word = actual.substr(0, end);
    actual.remove_prefix(std::min(end + 1, actual.size()));
    if (word.empty()) continue;
    passed = passed || word_severity(word) == Severity::Pass;
    failed = failed || word_severity(word) >= Severity::Fail;
  }
  return passed && failed;
}

}  // namespace

bool is_bad(const Outcome& outcome, Question::Bad bad) {
  return bad == Question::Bad::Failing ? is_failing(outcome.actual)
                                       : is_unexpected(outcome.expected, outcome.actual);
}

bool has_commit(const RunInfo& run, const RunCommit& commit) {
  return std::ranges::any_of(run.commits, [&](const RunCommit& each) {
    return each.repository == commit.repository && each.position >= commit.position;
  });
}

Position last_place_without(const RunCommit& commit, const engine::SuiteTrack& track) {
  const auto run = std::ranges::find_if(
      track.runs, [&](const engine::RunEntryPtr& entry) { return has_commit(*entry->info, commit); });
  if (run != track.runs.end()) return (*run)->info->position - 1;
  return track.info.order_key == OrderKey::Build ? limits::kMaxPosition : commit.position - 1;
}

Window::Window(engine::SuiteTrackPtr track, const Question& question, std::span<const std::string> without)
    : track_(std::move(track)) {
  const auto& all = track_->runs;
  const auto [first, end] = possible_runs(all, question.range);
  for (std::size_t i = end; i-- > first && (question.last == 0 || runs_.size() < question.last);) {
    const RunInfoPtr& run = all[i]->info;
    if (!is_asked(*run, question) || std::ranges::find(without, run->id) != without.end()) continue;
    if (const auto why = why_excluded(*all[i], question.bad)) {
      excluded_.push_back({*why, engine::as_of(run, question.now)});
    } else {
      runs_.push_back(static_cast<std::uint32_t>(i));
    }
  }
  std::ranges::reverse(runs_);
  before_.resize(all.size() + 1);
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < before_.size(); ++i) {
    before_[i] = before;
    if (before < runs_.size() && runs_[before] == i) ++before;
  }
}

/// `visit(from, to)`: indexes into runs_ of neighbours that cover the test, of the track's runs [first, end).
template <class Visit>
void Window::visit_covered(storage::TestId test, std::uint32_t first, std::uint32_t end, Visit visit) const {
  const auto& covered = track_->covered;
  auto span = std::upper_bound(covered.begin(), covered.end(), first,
                               [](std::uint32_t run, const auto& each) { return run < each.first; });
  if (span != covered.begin()) --span;
  for (; span != covered.end() && span->first < end; ++span) {
    const auto next = span + 1;
    const std::uint32_t from = before_[std::max(first, span->first)];
    const std::uint32_t to = before_[next == covered.end() ? end : std::min(end, next->first)];
    if (from < to && span->tests->contains(test)) visit(from, to);
  }
}

void Window::read_pieces(storage::TestId test, const engine::TestChanges& changes,
                         std::vector<Piece>& pieces) const {
  pieces.clear();
  if (runs_.empty()) return;
  storage::OutcomeId outcome = 0;
  // Only what lies between the window's ends: it may be one run of thousands.
  std::uint32_t first = runs_.front();
  const std::uint32_t after_all = runs_.back() + 1;
  std::size_t i = changes.first_after(first);
  if (i > 0) outcome = changes[i - 1].outcome;
  const bool everywhere = track_->always->contains(test);
  for (; first < after_all; ++i) {
    const auto end = i < changes.size() ? std::min(changes[i].run, after_all) : after_all;
    const auto add = [&](std::uint32_t from, std::uint32_t to) {
      if (pieces.empty() || pieces.back().outcome != outcome) pieces.push_back({runs_[from], 0, 0, outcome});
      pieces.back().last = runs_[to - 1];
      pieces.back().runs += to - from;
    };
    if (!everywhere) {
      visit_covered(test, first, end, add);
    } else if (before_[first] < before_[end]) {
      add(before_[first], before_[end]);
    }
    first = end;
    if (i < changes.size()) outcome = changes[i].outcome;
  }
}

void Window::read_lengths(storage::TestId test, const engine::TestChanges& changes,
                          std::span<const std::uint32_t> lost, std::vector<RunLength>& lengths) const {
  lengths.clear();
  const auto add = [&](std::uint32_t count, std::int32_t outcome) {
    if (count == 0) return;
    if (lengths.empty() || lengths.back().outcome != outcome) lengths.push_back({0, outcome});
    lengths.back().count += count;
  };
  std::uint32_t at = 0;  // index into runs_
  const auto skip_to = [&](std::uint32_t end) {
    for (; !lost.empty() && before_[lost.front()] < end; lost = lost.subspan(1)) {
      const std::uint32_t place = before_[lost.front()];
      if (place < at) continue;
      add(place - at, kNotCovered);
      add(1, kLost);
      at = place + 1;
    }
    add(end - at, kNotCovered);
    at = end;
  };
  std::uint32_t first = 0;
  std::int32_t outcome = 0;
  for (std::size_t i = 0; i <= changes.size(); ++i) {
    const auto end = i < changes.size() ? changes[i].run : static_cast<std::uint32_t>(track_->runs.size());
    visit_covered(test, first, end, [&](std::uint32_t from, std::uint32_t to) {
      skip_to(from);
      add(to - from, outcome);
      at = to;
    });
    if (i == changes.size()) break;
    first = end;
    outcome = static_cast<std::int32_t>(changes[i].outcome);
  }
  skip_to(static_cast<std::uint32_t>(runs_.size()));
  std::reverse(lengths.begin(), lengths.end());
}

const engine::TestSet& Window::covered_by(std::uint32_t run) const {
  const auto& covered = track_->covered;
  const auto after = std::upper_bound(covered.begin(), covered.end(), run,
                                      [](std::uint32_t r, const auto& each) { return r < each.first; });
  return *std::prev(after)->tests;  // the first begins at run 0
}

engine::TestSet Window::covered_by(std::span<const std::uint32_t> runs) const {
  engine::TestSet all;
  const engine::TestSet* before = nullptr;
  for (const std::uint32_t run : runs) {
    const engine::TestSet& tests = covered_by(run);
    if (before != &tests) all = engine::TestSet::united(all, tests);  // neighbours mostly share theirs
    before = &tests;
  }
  return all;
}

Time Window::newest_received() const {
  Time newest{};
  for (const std::uint32_t run : runs_) newest = std::max(newest, this->run(run)->received);
  return newest;
}

Result<Survey> Survey::build(const engine::SuitePtr& suite, const engine::SuiteTracks& tracks,
                             const Request& request, std::string_view definition) {
  const Question& question = request.question;
  Survey survey;
  survey.suite_ = suite;
  survey.outcomes_ = tracks.outcomes;
  survey.open_ended_ =
      !question.range.to_position && !question.range.to_started && !question.commit && question.run.empty();
  for (const engine::DictionaryEntry& entry : *tracks.outcomes) {
    const bool bad = question.bad == Question::Bad::Failing ? entry.failing : entry.unexpected;
    survey.bad_.push_back(bad ? 1 : 0);
    survey.skip_.push_back(worst_severity(entry.key.actual) == Severity::Skip);
    survey.mixed_.push_back(attempts_disagree(entry.key.actual));
  }
  survey.basis.definition = definition;
  for (const engine::SuiteTrackPtr& track : tracks.tracks) {
    survey.timelines.push_back(track->info);
    const Window& window = survey.windows.emplace_back(track, question, request.without);
    survey.basis.runs += window.runs().size();
    survey.basis.excluded.insert(survey.basis.excluded.end(), window.excluded().begin(),
                                 window.excluded().end());
  }
  survey.name_contains_ = question.name_contains;
  if (!question.name_contains.empty()) RESULTSDB_TRY(survey.read_wanted());
  for (const Window& window : survey.windows)
    survey.basis.results += survey.count_results(window, window.runs());
  return survey;
}

Result<std::vector<Survey>> Survey::read_together(ModelCore& core, std::span<const Request> requests,
                                                  std::string_view definition, const Within& within) {
  const std::string& name = requests.front().question.suite;
  RESULTSDB_TRY(domain::check_name("suite", name, domain::Presence::Required));
  const engine::SuitePtr suite = core.suite(name);
  std::vector<Selection> selections;
  for (const Request& request : requests) selections.push_back(request.question.selection);
  std::vector<Survey> surveys;
  const auto build_all = [&](std::span<const engine::SuiteTracks> tracks) -> Status {
    surveys.clear();
    for (std::size_t i = 0; i < requests.size(); ++i) {
      RESULTSDB_ASSIGN(Survey survey, build(suite, tracks[i], requests[i], definition));
      surveys.push_back(std::move(survey));
    }
    return within ? within(surveys) : Status();
  };
  RESULTSDB_TRY(engine::read_suite_tracks(*suite, selections, build_all));
  return surveys;
}

Result<Survey> Survey::read(ModelCore& core, const Question& question, std::string_view definition,
                            std::span<const std::string> without, const Within& within) {
  const Request request{question, without};
  RESULTSDB_ASSIGN(auto surveys, read_together(core, {&request, 1}, definition, within));
  return std::move(surveys.front());
}

Status Survey::read_all_lost(std::span<const Survey> surveys) {
  for (const Survey& survey : surveys)
    for (const Window& window : survey.windows)
      for (const std::uint32_t run : window.runs()) RESULTSDB_TRY(survey.lost_tests(window, run));
  return {};
}

Status Survey::read_wanted() {
  engine::TestSet all;
  for (const Window& window : windows) all = engine::TestSet::united(all, window.track().ever());
  RESULTSDB_ASSIGN(wanted_, named(std::move(all)));
  return {};
}

Result<engine::TestSet> Survey::named(engine::TestSet tests) const {
  if (name_contains_.empty()) return tests;
  const std::vector<storage::TestId> ids = tests.ids();
  RESULTSDB_ASSIGN(const auto texts, names(ids));
  std::vector<storage::TestId> found;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (texts[i].find(name_contains_) != std::string_view::npos) found.push_back(ids[i]);
  return engine::TestSet::from_sorted(found);
}

std::uint64_t Survey::count_results(const Window& window, std::span<const std::uint32_t> runs) const {
  std::uint64_t results = 0;
  const engine::TestSet* before = nullptr;
  std::uint64_t wanted = 0;
  for (const std::uint32_t run : runs) {
    const engine::TestSet& tests = window.covered_by(run);
    if (before != &tests)
      wanted = wanted_ ? engine::TestSet::intersection(tests, *wanted_).size() : tests.size();
    before = &tests;
    results += wanted;
  }
  return results;
}

void Survey::to_stretches(std::span<const Piece> pieces, std::vector<aggregate::Stretch>& stretches,
                          std::vector<std::uint32_t>& first) const {
  stretches.clear();
  first.clear();
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    const bool bad = is_bad(pieces[i].outcome);
    if (stretches.empty() || stretches.back().bad != bad) {
      stretches.push_back({0, bad});
      first.push_back(i);
    }
    stretches.back().runs += pieces[i].runs;
  }
}

Result<std::vector<std::string_view>> Survey::names(std::span<const storage::TestId> tests) const {
  return suite_->names().names(tests);
}

std::vector<OutcomeInfo> Survey::outcomes() const {
  std::vector<OutcomeInfo> outcomes;
  for (storage::OutcomeId id = 0; id < outcomes_->size(); ++id) outcomes.push_back({id, outcome(id)});
  return outcomes;
}

Time Survey::newest_received() const {
  Time newest{};
  for (const Window& window : windows) newest = std::max(newest, window.newest_received());
  if (!open_ended_) return newest;
  // Also of timelines that were not asked for: one that nobody feeds any more is stale however it is asked.
  if (const auto known = suite_->known())
    for (const engine::TimelinePtr& timeline : *known)
      newest = std::max(newest, timeline->announced().last_received);
  return newest;
}

Result<std::shared_ptr<const std::vector<storage::TestId>>> Survey::lost_tests(const Window& window,
                                                                               std::uint32_t run) const {
  static const auto none = std::make_shared<const std::vector<storage::TestId>>();
  const engine::RunEntry& entry = *window.track().runs[run];
  if (entry.lost == 0) return none;
  RESULTSDB_ASSIGN(const auto timeline, suite_->find_timeline(window.track().number));
  if (!timeline) return none;
  return timeline->lost_tests(entry);
}

Result<std::map<storage::TestId, std::vector<std::uint32_t>>> Survey::lost_tests(
    const Window& window, std::span<const std::uint32_t> runs) const {
  std::map<storage::TestId, std::vector<std::uint32_t>> lost;
  for (const std::uint32_t run : runs) {
    RESULTSDB_ASSIGN(const auto tests, lost_tests(window, run));
    for (const storage::TestId test : *tests) lost[test].push_back(run);
  }
  return lost;
}

Result<storage::TestId> Survey::find_test(const std::string& name) const {
  RESULTSDB_ASSIGN(const auto ids, suite_->names().look_up({&name, 1}));
  if (ids.front()) return *ids.front();
  return make_error(ErrorCode::NotFound, "the suite has no such test; names are given in full",
                    "test " + name);
}

}  // namespace resultsdb
