// Lists of tests by how they stand.
#include <algorithm>
#include <bit>
#include <map>
#include <unordered_map>

#include "domain/test_folders.hpp"
#include "model/suite_durations.hpp"
#include "model/test_facts.hpp"
#include "model/verdict.hpp"
#include "resultsdb/aggregate/durations.hpp"
#include "resultsdb/test_list.hpp"

namespace resultsdb {
namespace {

using storage::TestId;
using Order = TestListQuery::Order;
using Ranks = std::unordered_map<TestId, std::int64_t>;

constexpr std::uint32_t kDeepest = 20;
constexpr std::int64_t kNothing = -1;

/// By test, of those with a duration.
Result<Ranks> read_medians(ModelCore& core, const TestListQuery& query) {
  Question asked = query;
  asked.name_contains.clear();
  asked.last = query.last == 0 ? query.kDurationRuns : std::min(query.last, query.kDurationRuns);
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(core, asked, "tests/1"));
  Ranks medians;
  std::vector<Duration> values;
  const auto add = [&](TestId test, std::string_view, std::span<const SuiteDurations::OnWindow> windows) {
    values.clear();
    for (const auto& window : windows)
      values.insert(values.end(), window.newest.begin(), window.newest.end());
    if (!values.empty()) medians[test] = aggregate::summarise(values).p50.count();
  };
  RESULTSDB_TRY(SuiteDurations(survey, 0).visit(false, add));
  return medians;
}

/// Leaves the outliers.
void keep_slow(Ranks& medians) {
  std::vector<TestId> tests;
  std::vector<Duration> values;
  for (const auto& [test, median] : medians) {
    tests.push_back(test);
    values.emplace_back(median);
  }
  const auto z = aggregate::modified_z(aggregate::log_durations(values));
  for (std::size_t i = 0; i < tests.size(); ++i)
    if (z[i] <= aggregate::kOutlier) medians.erase(tests[i]);
}

/// Streaks, or lower bounds of the minority: of tests that were ever bad, all others have none.
Ranks read_courses(const Survey& survey, Order order) {
  Ranks ranks;
  std::unordered_map<TestId, FlakinessCounts> counts;
  Course course(survey, aggregate::ChangePrior{}.change);
  survey.visit_bad([&](std::uint32_t w, TestId test, std::span<const Piece> pieces) {
    course.read(survey.windows[w], pieces);
    if (order == Order::Flaky) {
      const FlakinessCounts both = course.count();
      if (both.minority.k > 0) counts[test] += both;
    } else if (course.ends_bad()) {
      auto& longest = ranks[test];
      longest = std::max<std::int64_t>(longest, course.stretches().back().runs);
    }
  });
  for (const auto& [test, count] :
       counts)  // the order of doubles that are not negative is that of their bits
    ranks[test] = std::bit_cast<std::int64_t>(count.flakiness().minority.low + 0.0);
  return ranks;
}

struct Folder {
  std::uint64_t tests = 0, lost = 0;
  std::map<storage::OutcomeId, std::uint64_t> outcomes;
};

/// A test or a folder that is listed.
struct Found {
  std::string_view name;
  std::int64_t rank = 0;
  const Folder* folder = nullptr;
};

class Lister {
 public:
  Lister(const Survey& survey, const TestListQuery& query)
      : survey_(survey), query_(query), outcomes_(survey.outcomes()) {
    for (const OutcomeInfo& info : outcomes_) {
      const Outcome& outcome = info.outcome;
      wanted_.push_back(std::ranges::find(query.classes, outcome_class(outcome.actual)) !=
                        query.classes.end());
      badness_.push_back(2 * static_cast<int>(worst_severity(outcome.actual)) +
                         (is_unexpected(outcome.expected, outcome.actual) ? 1 : 0));
    }
  }

  Status read(ModelCore& core) {
    if (query_.slow || query_.order == Order::P50) {
      RESULTSDB_ASSIGN(medians_, read_medians(core, query_));
      if (query_.slow) keep_slow(medians_);
    }
    if (query_.order == Order::Streak || query_.order == Order::Flaky)
      courses_ = read_courses(survey_, query_.order);
    const bool newest = !query_.classes.empty() || query_.depth > 0 || query_.order == Order::Worst ||
                        query_.order == Order::LastRun;
    TestFactsReader reader(survey_,
                           {.outcomes = newest || needs_outcomes(query_.query),
                            .verdicts = query_.order == Order::Verdict || needs_verdicts(query_.query),
                            .coverage = query_.depth > 0 || needs_coverage(query_.query),
                            .durations = needs_durations(query_.query)},
                           query_.stale_after);
    RESULTSDB_TRY(reader.prepare());
    RESULTSDB_ASSIGN(const auto names, survey_.names(reader.tests()));
    const bool by_name = needs_names(query_.query);
    std::optional<bool> last;  // of the test that was read last
    for (std::size_t i = 0; i < names.size(); ++i) {
      const TestId test = reader.tests()[i];
      if (!is_named(names[i]) || (query_.slow && !medians_.contains(test))) continue;
      RESULTSDB_ASSIGN(const auto facts, reader.read(test));
      const bool same = last && reader.is_like_the_one_before();
      if (!same || by_name)
        last = matches(query_.query, {.name = names[i], .timelines = facts}) && has_class(facts);
      if (!same) facts_rank_ = rank_of(facts);
      if (*last) add(test, names[i], facts);
    }
    return {};
  }

  TestListAnswer finish() {
    TestListAnswer answer{.timelines = survey_.timelines, .entries = {}, .basis = survey_.basis};
    const std::int64_t sign = query_.descending ? -1 : 1;
    const auto before = [&](std::int64_t rank_a, std::string_view a, std::int64_t rank_b,
                            std::string_view b) {
      if (rank_a != rank_b) return sign * rank_a < sign * rank_b;
      return query_.order == Order::Name && query_.descending ? b < a : a < b;
    };
    for (const auto& [name, folder] : folders_) found_.push_back({name, 0, &folder});
    answer.total = found_.size();
    if (const auto& after = query_.after)
      std::erase_if(found_,
                    [&](const Found& one) { return !before(after->rank, after->name, one.rank, one.name); });
    const std::size_t shown =
        query_.limit == 0 ? found_.size() : std::min<std::size_t>(query_.limit, found_.size());
    std::partial_sort(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(shown), found_.end(),
                      [&](const Found& a, const Found& b) { return before(a.rank, a.name, b.rank, b.name); });
    answer.more = found_.size() > shown;
    for (std::size_t i = 0; i < shown; ++i) answer.entries.push_back(entry(found_[i]));
    return answer;
  }

 private:
  bool is_named(std::string_view name) const {
    return name.starts_with(query_.prefix) && name.find(query_.name_contains) != name.npos &&
           std::ranges::all_of(query_.parts, [&](const auto& part) { return name.find(part) != name.npos; });
  }

  /// Visits the newest result of each timeline: the outcome and how many runs that count are newer.
  template <class Visit>
  static void visit_newest(std::span<const aggregate::TimelineFacts> facts, Visit visit) {
    for (std::size_t w = 0; w < facts.size(); ++w) {
      std::uint32_t newer = 0;
      for (const RunLength& length : facts[w].outcomes) {
        if (length.outcome >= 0) {
          visit(w, static_cast<storage::OutcomeId>(length.outcome), newer);
          break;
        }
        newer += length.count;
      }
    }
  }

  bool has_class(std::span<const aggregate::TimelineFacts> facts) const {
    bool found = query_.classes.empty();
    if (!found)
      visit_newest(facts, [&](std::size_t, storage::OutcomeId outcome, std::uint32_t) {
        found = found || wanted_[outcome];
      });
    return found;
  }

  /// Of the orders that facts tell.
  std::int64_t rank_of(std::span<const aggregate::TimelineFacts> facts) const {
    std::int64_t rank = kNothing;
    if (query_.order == Order::Worst)
      visit_newest(facts, [&](std::size_t, storage::OutcomeId outcome, std::uint32_t) {
        rank = std::max<std::int64_t>(rank, badness_[outcome]);
      });
    if (query_.order == Order::LastRun)
      visit_newest(facts, [&](std::size_t w, storage::OutcomeId, std::uint32_t newer) {
        const Window& window = survey_.windows[w];
        const std::uint32_t run = window.runs()[window.runs().size() - 1 - newer];
        rank = std::max(rank, to_micros(window.run(run)->started));
      });
    if (query_.order == Order::Verdict) {
      std::optional<Verdict> verdict;
      for (const auto& on : facts) verdict = more_urgent(verdict, on.verdict);
      if (verdict) rank = urgency(*verdict);
    }
    return rank;
  }

  std::int64_t rank_of(TestId test) const {
    const bool timed = query_.order == Order::P50;
    const Ranks& ranks = timed ? medians_ : courses_;
    const auto found = ranks.find(test);
    return found == ranks.end() ? (timed ? kNothing : 0) : found->second;
  }

  void add(TestId test, std::string_view name, std::span<const aggregate::TimelineFacts> facts) {
    switch (query_.order) {
      case Order::Name:
        if (query_.depth == 0 || !add_to_folder(name, facts)) found_.push_back({name, 0});
        return;
      case Order::Streak:
      case Order::Flaky:
      case Order::P50:
        return found_.push_back({name, rank_of(test)});
      default:
        return found_.push_back({name, facts_rank_});
    }
  }

  /// False: it stands in no folder of the level.
  bool add_to_folder(std::string_view name, std::span<const aggregate::TimelineFacts> facts) {
    std::size_t end = query_.prefix.size();
    for (std::uint32_t level = 0; level < query_.depth; ++level) {
      end = domain::folder_end(name, end);
      if (end == name.npos || end == name.size()) return false;
    }
    Folder& folder = folders_[name.substr(0, end)];
    ++folder.tests;
    visit_newest(facts,
                 [&](std::size_t, storage::OutcomeId outcome, std::uint32_t) { ++folder.outcomes[outcome]; });
    for (const auto& on : facts) {
      const auto told =
          std::ranges::find_if(on.outcomes, [](const RunLength& l) { return l.outcome != kNotCovered; });
      if (told != on.outcomes.end() && told->outcome == kLost) ++folder.lost;
    }
    return true;
  }

  TestListAnswer::Entry entry(const Found& found) const {
    TestListAnswer::Entry entry{.name = std::string(found.name), .counts = {}, .rank = found.rank};
    if (!found.folder) return entry;
    entry.tests = found.folder->tests;
    entry.counts.lost = static_cast<std::uint32_t>(found.folder->lost);
    for (const auto& [id, results] : found.folder->outcomes) {
      const auto count = static_cast<std::uint32_t>(results);
      entry.counts.covered += count;
      const Outcome& outcome = outcomes_[id].outcome;
      auto& all = entry.counts.outcomes;
      const auto same = std::ranges::find(all, outcome, &RunCounts::Count::outcome);  // other attributes
      same == all.end() ? void(all.push_back({outcome, count})) : void(same->results += count);
    }
    return entry;
  }

  const Survey& survey_;
  const TestListQuery& query_;
  const std::vector<OutcomeInfo> outcomes_;
  std::vector<bool> wanted_;  // by outcome: of a class that is asked for
  std::vector<int> badness_;  // by outcome
  Ranks medians_, courses_;
  std::int64_t facts_rank_ = 0;  // of the test that was read last
  std::vector<Found> found_;
  std::map<std::string_view, Folder> folders_;
};

}  // namespace

Result<TestListAnswer> Answers::tests(const TestListQuery& query) {
  if (query.depth > kDeepest) return invalid_argument("must be 0 to " + std::to_string(kDeepest), "depth");
  if (query.depth > 0 && query.order != Order::Name) return invalid_argument("folders stand by name", "sort");
  const bool lost = query.depth > 0 || needs_coverage(query.query);
  RESULTSDB_ASSIGN(const Survey survey,
                   Survey::read(*model_->implementation_, query, "tests/1", {},
                                lost ? Survey::Within(Survey::read_all_lost) : Survey::Within()));
  Lister lister(survey, query);
  RESULTSDB_TRY(lister.read(*model_->implementation_));
  return lister.finish();
}

}  // namespace resultsdb
