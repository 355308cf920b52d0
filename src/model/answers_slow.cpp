// Slow tests, and how to share tests among machines.
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "model/suite_durations.hpp"
#include "resultsdb/aggregate/durations.hpp"
#include "resultsdb/test_durations.hpp"

namespace resultsdb {
namespace {

using OnWindow = SuiteDurations::OnWindow;

constexpr std::size_t kGrowthCandidates = 2000;
constexpr std::uint32_t kMostShards = 10'000;

Duration sum(std::span<const Duration> durations) {
  Duration sum{0};
  for (const Duration duration : durations) sum += duration;
  return sum;
}

double median_of(std::span<const Duration> durations) {
  std::vector<double> values;
  for (const Duration duration : durations) values.push_back(static_cast<double>(duration.count()));
  return aggregate::median(std::move(values));
}

/// Timelines have different machines: only what a test takes relative to before can be put together.
std::optional<aggregate::Growth> growth_of(std::span<const OnWindow> windows) {
  std::vector<Duration> before, after;
  for (const OnWindow& window : windows) {
    if (window.before.empty() || window.newest.empty()) continue;
    const double unit = std::max(median_of(window.before), 1.0);
    const auto scale = [unit](Duration duration) {
      return Duration(static_cast<std::int64_t>(static_cast<double>(duration.count()) / unit * 1e6));
    };
    for (const Duration duration : window.before) before.push_back(scale(duration));
    for (const Duration duration : window.newest) after.push_back(scale(duration));
  }
  return aggregate::growth(before, after);
}

/// Time that a round over the timelines takes longer than before, in microseconds.
double added_time(std::span<const OnWindow> windows) {
  double added = 0;
  for (const OnWindow& window : windows)
    if (!window.before.empty() && !window.newest.empty())
      added += median_of(window.newest) - median_of(window.before);
  return added;
}

/// Keeps the largest items; growth is only computed for these.
class Ranking {
 public:
  Ranking(const SlowQuery& query, std::size_t timelines) : query_(query), spent_(timelines) {
    room_ = query.order == SlowQuery::Order::Growth ? kGrowthCandidates : query.limit;
  }

  void add(std::string_view name, std::span<const OnWindow> windows) {
    for (std::size_t w = 0; w < windows.size(); ++w)
      spent_[w] += sum(windows[w].newest) + sum(windows[w].timed_out);
    if (!query_.by_timeline) return consider(name, windows, {});
    for (std::size_t w = 0; w < windows.size(); ++w)
      consider(name, windows.subspan(w, 1), static_cast<std::uint32_t>(w));
  }

  void finish(SlowAnswer& answer) {
    for (const Duration spent : spent_) answer.spent += spent;
    answer.total = total_;
    for (auto& [key, test] : kept_) answer.tests.push_back(test);
    if (query_.order == SlowQuery::Order::Growth) {
      std::erase_if(answer.tests, [](const SlowTest& test) { return !test.growth; });
      std::stable_sort(answer.tests.begin(), answer.tests.end(),
                       [](const SlowTest& a, const SlowTest& b) { return a.growth->low > b.growth->low; });
      if (query_.limit > 0 && answer.tests.size() > query_.limit) answer.tests.resize(query_.limit);
    }
    for (SlowTest& test : answer.tests) {
      const Duration all = test.timeline ? spent_[*test.timeline] : answer.spent;
      test.share =
          all.count() == 0 ? 0 : static_cast<double>(test.spent.count()) / static_cast<double>(all.count());
    }
  }
  Duration spent(std::size_t timeline) const { return spent_[timeline]; }

 private:
  using Key = std::tuple<double, std::string, std::uint32_t>;  // minus what ranks, name, timeline

  void consider(std::string_view name, std::span<const OnWindow> windows,
                std::optional<std::uint32_t> timeline) {
    SlowTest test{.test = std::string(name), .timeline = timeline};
    std::vector<Duration> values;
    for (const OnWindow& window : windows) {
      values.insert(values.end(), window.newest.begin(), window.newest.end());
      test.spent += sum(window.newest) + sum(window.timed_out);
      test.results += window.results;
      test.timeouts += window.timeouts;
    }
    if (values.empty() && test.spent.count() == 0) return;
    ++total_;
    test.durations = aggregate::summarise(values);
    const double rank = query_.order == SlowQuery::Order::Growth ? added_time(windows)
                        : query_.order == SlowQuery::Order::Spent
                            ? static_cast<double>(test.spent.count())
                            : static_cast<double>(test.durations.p50.count());
    Key key(-rank, name, timeline.value_or(0));
    if (room_ > 0 && kept_.size() == room_) {
      const auto last = std::prev(kept_.end());
      if (last->first < key) return;
      kept_.erase(last);
    }
    test.growth = growth_of(windows);
    kept_.emplace(std::move(key), std::move(test));
  }

  const SlowQuery& query_;
  std::size_t room_ = 0;  // 0: no end
  std::map<Key, SlowTest> kept_;
  std::vector<Duration> spent_;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<SlowAnswer> Answers::slow(const SlowQuery& query) {
  Question asked = query;
  asked.last = std::min(query.last, 0x7fffffffU) * 2;
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, asked, "slow/1"));
  const SuiteDurations durations(survey, query.last);
  Ranking ranking(query, survey.windows.size());
  RESULTSDB_TRY(
      durations.visit(false, [&](storage::TestId, std::string_view name, std::span<const OnWindow> windows) {
        ranking.add(name, windows);
      }));
  SlowAnswer answer{.timelines = survey.timelines, .tests = {}, .suite = {}, .basis = durations.basis()};
  ranking.finish(answer);
  for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
    std::vector<Duration> walls;
    for (const std::uint32_t index : durations.newest_runs(w)) {
      const RunInfo& run = *survey.windows[w].run(index);
      if (run.finished && *run.finished >= run.started) walls.push_back(*run.finished - run.started);
    }
    answer.suite.push_back({w, aggregate::summarise(walls), ranking.spent(w)});
  }
  return answer;
}

Result<ShardsAnswer> Answers::shards(const ShardsQuery& query) {
  if (query.shards < 1 || query.shards > kMostShards)
    return invalid_argument("must be 1 to " + std::to_string(kMostShards), "shards");
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, query, "shards/1"));
  const SuiteDurations durations(survey, query.last);
  std::vector<std::pair<std::string_view, std::optional<Duration>>> tests;
  RESULTSDB_TRY(
      durations.visit(true, [&](storage::TestId, std::string_view name, std::span<const OnWindow> windows) {
        std::vector<Duration> all;
        for (const OnWindow& window : windows) {
          all.insert(all.end(), window.newest.begin(), window.newest.end());
          all.insert(all.end(), window.timed_out.begin(), window.timed_out.end());
        }
        std::optional<Duration> known;
        if (!all.empty()) known = Duration(std::llround(median_of(all)));
        tests.emplace_back(name, known);
      }));
  std::sort(tests.begin(), tests.end());  // ids depend on the order of uploads, a plan must not
  ShardsAnswer answer{.shards = {}, .tests = tests.size(), .basis = durations.basis()};
  std::vector<std::optional<Duration>> known;
  for (const auto& [name, duration] : tests) {
    known.push_back(duration);
    answer.unknown += !duration;
  }
  for (const aggregate::Shard& shard : aggregate::balance(known, query.shards)) {
    ShardsAnswer::Shard& planned = answer.shards.emplace_back();
    planned.predicted = shard.predicted;
    answer.total += shard.predicted;
    for (const std::size_t test : shard.tests) planned.tests.emplace_back(tests[test].first);
  }
  return answer;
}

}  // namespace resultsdb
