// GET /api/results-summary/<suite>/<test>: how the test does around a commit, the nearer runs counting more.
#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <unordered_map>

#include "commit_search.hpp"
#include "json_text.hpp"
#include "run_search.hpp"
#include "service.hpp"
#include "states.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::int64_t kMostRows = 1'000'000;

constexpr State kStates[] = {State::Crash, State::Timeout, State::Image,   State::Audio, State::Text,
                             State::Fail,  State::Error,   State::Warning, State::Pass};

std::string lower(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return small;
}

bool same_commit(const Commit& a, const Commit& b) {
  return a.repository == b.repository && a.branch == b.branch && a.id() == b.id() && a.position == b.position;
}

/// The commits nearest to a place, in any repository: on the named branch, else on each default branch.
class Neighbours {
 public:
  Neighbours(const Service& service, std::optional<std::string> branch, std::int64_t count)
      : service_(service), branch_(std::move(branch)), count_(count) {}

  /// The newest up to `to` (none: of all), newest first.
  Result<std::vector<Commit>> before(std::optional<Position> to) const {
    CommitsQuery query;
    query.to_position = to;
    return nearest(query, [](const Commit& a, const Commit& b) { return *a.position > *b.position; });
  }
  /// The oldest from `from` on, oldest first.
  Result<std::vector<Commit>> after(Position from) const {
    CommitsQuery query;
    query.from_position = from;
    query.ascending = true;
    return nearest(query, [](const Commit& a, const Commit& b) { return *a.position < *b.position; });
  }

 private:
  template <class Nearer>
  Result<std::vector<Commit>> nearest(CommitsQuery query, Nearer nearer) const {
    std::vector<Commit> all;
    RESULTSDB_ASSIGN(const std::vector<std::string> repositories, service_.model->repositories());
    for (const std::string& repository : repositories) {
      query.repository = repository;
      query.branch = branch_.value_or(default_branch(service_, repository));
      RESULTSDB_ASSIGN(std::vector<Commit> some,
                       fetch_commits(*service_.model, query, static_cast<std::size_t>(count_)));
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    std::stable_sort(all.begin(), all.end(), nearer);
    if (all.size() > static_cast<std::size_t>(count_)) all.resize(static_cast<std::size_t>(count_));
    return all;
  }

  const Service& service_;
  const std::optional<std::string> branch_;
  const std::int64_t count_;
};

/// What a run counts, by its uuid, and the span of the commits.
struct Weights {
  std::map<Position, std::int64_t> of;
  Position first = 0, last = 0;
};

Result<Weights> weigh(const Service& service, const Query& query, std::int64_t limit,
                      std::optional<Position> reference) {
  const Neighbours neighbours(service, query.first("branch"), limit + 1);
  RESULTSDB_ASSIGN(std::vector<Commit> before, neighbours.before(reference));
  std::vector<Commit> after;
  if (reference) {
    RESULTSDB_ASSIGN(after, neighbours.after(*reference));
  }
  if (before.empty() && after.empty()) return invalid_argument("No commits in specified range");
  if (!before.empty() && !after.empty() && same_commit(before.front(), after.front()))
    before.erase(before.begin());
  Weights weights;
  std::int64_t weight = limit;
  for (const Commit& commit : before) weights.of[*commit.position] = weight--;
  weight = limit + 1;
  for (const Commit& commit : after) weights.of[*commit.position] = weight--;
  weights.first = weights.of.begin()->first;
  weights.last = weights.of.rbegin()->first;
  if (reference) weights.of[*reference] = 2 * (limit + 1);
  return weights;
}

/// Sums of weights by state, apart for what was expected.
struct Sums {
  std::map<std::string, std::int64_t> expected, unexpected;
  std::int64_t total = 0;

  std::string json(bool with_expectations) const {
    const auto sum_of = [](const auto& sums, const std::string& state) {
      const auto found = sums.find(state);
      return found == sums.end() ? std::int64_t{0} : found->second;
    };
    JsonObject answer;
    for (const State each : kStates) {
      const std::string state = lower(StateSet(each).text());
      const std::int64_t good = sum_of(expected, state), bad = sum_of(unexpected, state);
      if (!with_expectations) {
        answer.set_integer(state, 100 * (good + bad) / total);
        continue;
      }
      JsonObject apart;
      if (good > 0) apart.set_integer("expected", 100 * good / total);
      if (bad > 0) apart.set_integer("unexpected", 100 * bad / total);
      answer.set(state, apart.text());
    }
    return answer.text();
  }
};

class Summary {
 public:
  Summary(const Service& service, const Weights& weights) : service_(service), weights_(weights) {}

  Status add(const History& history, const RunSearch& search, const std::vector<MatchedTimeline>& timelines) {
    std::unordered_map<std::uint32_t, const Outcome*> outcomes;
    for (const OutcomeInfo& info : history.outcomes) outcomes[info.id] = &info.outcome;
    for (const History::Series& series : history.series) {
      const History::Timeline& of = history.timelines[series.timeline];
      const auto timeline =
          std::find_if(timelines.begin(), timelines.end(),
                       [&](const MatchedTimeline& each) { return each.info.id == of.info.id; });
      if (timeline == timelines.end()) continue;
      std::vector<AnswerRow> rows;
      std::unordered_map<const RunInfo*, const Outcome*> seen;
      std::uint32_t run = 0;
      for (const RunLength& length : series.outcomes) {
        for (std::uint32_t i = 0; i < length.count; ++i, ++run) {
          if (length.outcome < 0) continue;
          rows.push_back(row_of(of.runs[run]));
          seen[of.runs[run].get()] = outcomes.at(static_cast<std::uint32_t>(length.outcome));
        }
      }
      cut_rows(search, *timeline, rows);
      for (const AnswerRow& row : rows) RESULTSDB_TRY(count(row, *seen.at(row.run.get())));
    }
    return {};
  }

  Result<std::string> json(bool with_expectations) const {
    if (sums_.total == 0)
      return invalid_argument("No results for specified test and configuration in provided commit range");
    return sums_.json(with_expectations);
  }

 private:
  Status count(const AnswerRow& row, const Outcome& outcome) {
    const auto weight = weights_.of.find(row.uuid);
    if (weight == weights_.of.end() || weight->second <= 0) return {};
    const StateSet actual = StateSet::parse(outcome.actual);
    if (service_.profile.summary_breaks_down && actual != StateSet(actual.worst()))
      return invalid_argument("A run with several states cannot be summed up");
    const bool as_expected = outcome.expected.empty() || outcome.expected == outcome.actual;
    (as_expected ? sums_.expected : sums_.unexpected)[lower(StateSet(actual.worst()).text())] +=
        weight->second;
    sums_.total += weight->second;
    return {};
  }

  const Service& service_;
  const Weights& weights_;
  Sums sums_;
};

Result<std::string> summary(const Service& service, const http::Request& request, const std::string& suite,
                            const std::string& test) {
  static const Accepts kAccepts{.configuration = true,
                                .commit = true,
                                .branch = true,
                                .limit = true,
                                .others = {"include_expectations"},
                                .path = {"suite", "test"}};
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, kAccepts));
  RESULTSDB_ASSIGN(const std::uint32_t limit, query.limit(service.profile.uploads_limit));
  if (service.profile.summary_breaks_down && query.has("timestamp"))
    return invalid_argument("A summary cannot be made around a timestamp");
  RunSearch search;
  RESULTSDB_ASSIGN(search.configurations, ConfigurationQuery::read(service, query));
  RESULTSDB_ASSIGN(const std::optional<Position> reference, read_commit(service, query));
  const std::int64_t near = std::min<std::int64_t>(limit, kMostRows / 4);
  RESULTSDB_ASSIGN(const Weights weights, weigh(service, query, near, reference));
  search.limit = static_cast<std::uint32_t>(4 * (near + 1));
  search.range.from_position = weights.first;
  search.range.to_position = weights.last;
  ConfigurationMatcher matcher(service, search.configurations);
  RESULTSDB_ASSIGN(const std::vector<MatchedTimeline> timelines, matcher.match(suite));
  Summary summary(service, weights);
  if (!timelines.empty()) {
    HistoryQuery wanted;
    wanted.suite = suite;
    wanted.tests = {test};
    wanted.selection.timelines = ids_of(timelines);
    wanted.range = search.range;
    wanted.limit = search.read_limit(timelines);
    wanted.only_covering = true;
    wanted.now = service.now();
    RESULTSDB_ASSIGN(const History history, service.model->history(wanted));
    RESULTSDB_TRY(summary.add(history, search, timelines));
  }
  return summary.json(query.boolean("include_expectations", false));
}

}  // namespace

http::Response get_summary(const Service& service, const http::Request& request, const std::string& suite,
                           const std::string& test) {
  return respond(summary(service, request, suite, test));
}

}  // namespace resultsdb::webkit
