// Whether the runs since a fix show that it is one.
#include <algorithm>
#include <tuple>

#include "domain/check.hpp"
#include "model/course.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {
namespace {

enum class Side : std::uint8_t { Before, After, Unknown };

Side side_of(const RunInfo& run, const FixPlace& fix) {
  if (const auto* position = std::get_if<Position>(&fix))
    return run.position >= *position ? Side::After : Side::Before;
  if (const auto* time = std::get_if<Time>(&fix)) return run.started >= *time ? Side::After : Side::Before;
  const auto& commit = std::get<RunCommit>(fix);
  if (has_commit(run, commit)) return Side::After;
  return std::ranges::find(run.commits, commit.repository, &RunCommit::repository) != run.commits.end()
             ? Side::Before
             : Side::Unknown;
}

Status check_place(const FixPlace& fix) {
  if (const auto* position = std::get_if<Position>(&fix)) return domain::check_position("fix", *position);
  if (const auto* time = std::get_if<Time>(&fix)) return domain::check_time("fix", *time);
  if (const auto* commit = std::get_if<RunCommit>(&fix)) {
    RESULTSDB_TRY(domain::check_name("fix", commit->repository, domain::Presence::Required));
    return domain::check_position("fix", commit->position);
  }
  return invalid_argument("is missing: give a commit, a position or a time", "fix");
}

/// The history of a timeline up to the fix, however long: which ways the test had then does not depend on how
/// many runs are counted.
Question history_before(const FixCheckQuery& query, const engine::SuiteTrack& track) {
  Question before = query;
  before.last = 0;
  if (const auto* time = std::get_if<Time>(&query.fix)) {
    const Time last = *time - Duration(1);
    before.range.to_started = std::min(before.range.to_started.value_or(last), last);
    return before;
  }
  const auto* commit = std::get_if<RunCommit>(&query.fix);
  const Position last = commit ? last_place_without(*commit, track) : std::get<Position>(query.fix) - 1;
  before.range.to_position = std::min(before.range.to_position.value_or(last), last);
  return before;
}

class Checking {
 public:
  Checking(const Survey& survey, const FixCheckQuery& query)
      : survey_(survey), fix_(query.fix), course_(survey, aggregate::ChangePrior{}.change) {
    for (const Window& window : survey.windows)
      before_.push_back(window.of(history_before(query, window.track())));
  }

  void check(storage::TestId test, const std::string& name, FixCheckAnswer& answer) {
    for (std::uint32_t w = 0; w < survey_.windows.size(); ++w) {
      FixCheckAnswer::OnTimeline on = check(test, w);
      if (on.before.k == 0) continue;
      on.test = name;
      ++answer.counts[static_cast<std::size_t>(on.state)];
      answer.per_timeline.push_back(std::move(on));
    }
  }

 private:
  FixCheckAnswer::OnTimeline check(storage::TestId test, std::uint32_t w) {
    FixCheckAnswer::OnTimeline on{.test = {}, .timeline = w};
    const std::optional<std::uint32_t> first = last_ways(test, w);
    if (!first) return on;
    read(survey_.windows[w], test);
    std::uint64_t bad[2] = {}, runs[2] = {};  // before, after
    course_.visit_runs(test, [&](std::uint32_t run, const Piece& piece) {
      const Side side = side_of(*survey_.windows[w].run(run), fix_);
      if (side == Side::Unknown || (side == Side::Before && run < *first)) return;
      const auto i = static_cast<std::size_t>(side);
      ++runs[i];
      bad[i] += survey_.is_bad(piece.outcome) ? 1 : 0;
    });
    on.before = aggregate::wilson(bad[0], runs[0]);
    on.after = aggregate::wilson(bad[1], runs[1]);
    on.state = aggregate::fix_state(on.before, on.after);
    on.runs_needed = aggregate::runs_needed(on.before);
    return on;
  }

  /// The first run of the newest segment before the fix.
  std::optional<std::uint32_t> last_ways(storage::TestId test, std::uint32_t w) {
    read(before_[w], test);
    if (course_.pieces().empty()) return std::nullopt;
    return course_.pieces()[course_.segments().back().first_piece].first;
  }

  void read(const Window& window, storage::TestId test) {
    window.read_pieces(test, window.track().changes.find(test), pieces_);
    course_.read(window, pieces_);
  }

  const Survey& survey_;
  const FixPlace& fix_;
  std::vector<Window> before_;  // by window of the survey
  Course course_;
  std::vector<Piece> pieces_;
};

/// The tests of the query's regression, which then asks for its timelines alone.
Result<std::vector<std::string>> tests_of_regression(Answers& answers, FixCheckQuery& query) {
  RegressionsQuery asked;
  static_cast<Question&>(asked) = query;
  asked.state = RegressionsQuery::State::All;
  asked.limit = 0;
  RESULTSDB_ASSIGN(RegressionsAnswer answer, answers.regressions(asked));
  const auto found = std::ranges::find(answer.regressions, query.regression, &Regression::id);
  if (found == answer.regressions.end())
    return make_error(ErrorCode::NotFound, "there is no such item in this selection and range", "regression");
  query.selection.timelines.clear();
  for (const std::uint32_t timeline : found->timelines)
    query.selection.timelines.push_back(answer.timelines[timeline].id);
  return std::move(found->tests);
}

}  // namespace

Result<FixCheckAnswer> Answers::fix_check(const FixCheckQuery& query) {
  RESULTSDB_TRY(check_place(query.fix));
  if (query.tests.empty() == query.regression.empty())
    return invalid_argument("give either tests or a regression", query.tests.empty() ? "test" : "regression");
  FixCheckQuery asked = query;
  FixCheckAnswer answer;
  if (!query.regression.empty()) {
    RESULTSDB_ASSIGN(asked.tests, tests_of_regression(*this, asked));
    answer.truncated = query.limit != 0 && asked.tests.size() > query.limit;
    if (answer.truncated) asked.tests.resize(query.limit);
  }
  std::ranges::sort(asked.tests);
  const auto repeated = std::ranges::unique(asked.tests);
  asked.tests.erase(repeated.begin(), repeated.end());
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, asked, "fix-check/1"));
  Checking checking(survey, asked);
  for (const std::string& test : asked.tests) {
    RESULTSDB_ASSIGN(const storage::TestId id, survey.find_test(test));
    checking.check(id, test, answer);
  }
  answer.timelines = survey.timelines;
  answer.basis = survey.basis;
  std::ranges::sort(answer.per_timeline, {}, [&](const FixCheckAnswer::OnTimeline& on) {
    return std::tie(on.test, answer.timelines[on.timeline].id);
  });
  return answer;
}

}  // namespace resultsdb
