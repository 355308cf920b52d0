// Runs: every filter alone and in pairs, every order, against a linear scan of random rows.
#include <algorithm>
#include <set>
#include <tuple>

#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(run_query_cases)

namespace {

using Order = RunQuery::Order;

bool has_all(const Attributes& there, const Attributes& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    return std::find(there.begin(), there.end(), pair) != there.end();
  });
}

template <class T>
bool none_or_has(const std::vector<T>& values, const T& value) {
  return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

bool matches(const RunQuery& query, const RunRow& run) {
  return none_or_has(query.timelines, run.timeline) && none_or_has(query.states, run.state) &&
         (query.id.empty() || query.id == run.id) && (query.digest.empty() || query.digest == run.digest) &&
         has_all(run.indexed, query.attributes) && query.position.contains(run.position) &&
         query.started.contains(run.started) && query.received.contains(run.received);
}

bool before(Order order, const RunRow& a, const RunRow& b) {
  switch (order) {
    case Order::Position:
      return std::tie(a.position, a.started, a.variant, a.timeline) <
             std::tie(b.position, b.started, b.variant, b.timeline);
    case Order::Started:
      return std::tie(a.started, a.position, a.variant, a.timeline) <
             std::tie(b.started, b.position, b.variant, b.timeline);
    case Order::Received:
      return std::tie(a.received, a.timeline, a.serial) < std::tie(b.received, b.timeline, b.serial);
  }
  return false;
}

/// What the query has to find among `runs`.
std::vector<RunRow> scan(const std::vector<RunRow>& runs, const RunQuery& query) {
  std::vector<RunRow> found;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(found),
               [&](const RunRow& run) { return matches(query, run); });
  std::sort(found.begin(), found.end(), [&](const RunRow& a, const RunRow& b) {
    return query.ascending ? before(query.order, a, b) : before(query.order, b, a);
  });
  return found;
}

void expect_found(Storage& storage, const std::vector<RunRow>& runs, const RunQuery& query) {
  const auto wanted = scan(runs, query);
  const auto found = all_runs(storage, query);
  EXPECT_EQ(names_of(found), names_of(wanted));
  EXPECT_TRUE(found == wanted) << "the rows differ from those that were put";
  EXPECT_EQ(value_of(storage.count_runs(query)), wanted.size());
}

class RandomRuns : public ConformanceCase {
 protected:
  static constexpr int kValues = 6;  ///< different values of most members: few, so that many rows tie

  void write(std::size_t count) {
    SuiteWriter writer(store(), "suite");
    std::vector<TimelineId> timelines;
    for (const char* branch : {"main", "a", "b", "c"}) timelines.push_back(writer.timeline(branch));
    std::set<std::tuple<TimelineId, Position, Time, std::string>> keys;
    SuiteBatch batch = writer.batch();
    while (batch.put_runs.size() < count) {
      RunRow run = make_run(random_of(timelines), static_cast<RunSerial>(batch.put_runs.size() + 1));
      run.position = random_position();
      run.started = random_time();
      run.variant = random_of(variants_);
      run.received = random_time();
      run.state = static_cast<RunState>(random_below(4));
      if (run.state == RunState::Running && random_bool()) run.lease_until = random_time();
      run.digest = std::string("digest\0", 7) + std::to_string(random_below(kValues));
      run.indexed = random_attributes();
      if (keys.emplace(run.timeline, run.position, run.started, run.variant).second) {
        batch.put_runs.push_back(std::move(run));
      }
    }
    expect_ok(writer.apply(batch));
    runs_ = batch.put_runs;
    write_decoy();
  }

  /// One more condition on the query, of the kind `filter`.
  static constexpr std::size_t kFilters = 9;
  void add_filter(std::size_t filter, RunQuery& query) {
    const RunRow& some = random_of(runs_);
    switch (filter) {
      case 0:
        for (std::size_t n = random_below(3) + 1; n > 0; --n) {
          query.timelines.push_back(static_cast<TimelineId>(random_below(kValues)));
        }
        return;
      case 1:
        for (std::size_t n = random_below(3) + 1; n > 0; --n) {
          query.states.push_back(static_cast<RunState>(random_below(4)));
        }
        return;
      case 2:
        query.id = random_below(5) == 0 ? "unknown" : some.id;
        return;
      case 3:
        query.digest = random_below(5) == 0 ? "unknown" : some.digest;
        return;
      case 4:
        query.attributes = {{random_of(names_), random_of(values_)}};
        return;
      case 5:
        query.attributes = some.indexed;
        return;
      case 6:
        query.position = random_range<Position>([&] { return random_position(); });
        return;
      case 7:
        query.started = random_range<Time>([&] { return random_time(); });
        return;
      default:
        query.received = random_range<Time>([&] { return random_time(); });
    }
  }

  RunQuery random_query() {
    return {.suite = "suite", .order = static_cast<Order>(random_below(3)), .ascending = random_bool()};
  }

  std::vector<RunRow> runs_;

 private:
  Position random_position() { return static_cast<Position>(random_below(kValues)) * 100 - 200; }
  Time random_time() { return at(static_cast<std::int64_t>(random_below(kValues))); }

  Attributes random_attributes() {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (std::size_t n = random_below(5); n > 0; --n)
      pairs.emplace_back(random_of(names_), random_of(values_));
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    return pairs;
  }

  template <class T, class Make>
  Range<T> random_range(Make make) {
    Range<T> range;
    if (random_below(4) != 0) range.from = make();
    if (random_below(4) != 0) range.to = make();
    return range;
  }

  /// The same rows in another suite, which no query may show.
  void write_decoy() {
    SuiteWriter writer(store(), "suite2");
    for (const char* branch : {"main", "a", "b", "c"}) writer.timeline(branch);
    SuiteBatch batch = writer.batch();
    batch.put_runs = runs_;
    for (RunRow& run : batch.put_runs) run.header = "\"decoy\"";
    expect_ok(writer.apply(batch));
  }

  const std::vector<std::string> variants_ = {"", "a", "A", "a ", "b", "\u00e9"};
  const std::vector<std::string> names_ = {"os", "OS", "build", "%"};
  const std::vector<std::string> values_ = {"", "1", "10", "x", "X", "_"};
};

RESULTSDB_CASE_OF(RandomRuns, EveryOrderBothWays) {
  write(150);
  for (const Order order : {Order::Position, Order::Started, Order::Received}) {
    for (const bool ascending : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "order " << static_cast<int>(order) << " ascending " << ascending);
      expect_found(store(), runs_, {.suite = "suite", .order = order, .ascending = ascending});
    }
  }
}

RESULTSDB_CASE_OF(RandomRuns, EveryFilterAlone) {
  write(150);
  for (std::size_t filter = 0; filter < kFilters; ++filter) {
    for (int repeat = 0; repeat < 12; ++repeat) {
      SCOPED_TRACE(::testing::Message() << "filter " << filter << ", try " << repeat);
      RunQuery query = random_query();
      add_filter(filter, query);
      expect_found(store(), runs_, query);
      if (HasFailure()) return;
    }
  }
}

RESULTSDB_CASE_OF(RandomRuns, EveryPairOfFilters) {
  write(150);
  for (std::size_t first = 0; first < kFilters; ++first) {
    for (std::size_t second = 0; second < first; ++second) {
      for (int repeat = 0; repeat < 5; ++repeat) {
        SCOPED_TRACE(::testing::Message() << "filters " << first << " and " << second << ", try " << repeat);
        RunQuery query = random_query();
        add_filter(first, query);
        add_filter(second, query);
        expect_found(store(), runs_, query);
        if (HasFailure()) return;
      }
    }
  }
}

RESULTSDB_CASE_OF(RandomRuns, AnyNumberOfFilters) {
  write(150);
  for (int repeat = 0; repeat < 100; ++repeat) {
    SCOPED_TRACE(::testing::Message() << "try " << repeat);
    RunQuery query = random_query();
    for (std::size_t n = random_below(kFilters); n > 0; --n) add_filter(random_below(kFilters), query);
    expect_found(store(), runs_, query);
    if (HasFailure()) return;
  }
}

RESULTSDB_CASE_OF(RandomRuns, FiltersAcrossPages) {
  write(120);
  for (std::size_t filter = 0; filter < kFilters; ++filter) {
    SCOPED_TRACE(::testing::Message() << "filter " << filter);
    RunQuery query = random_query();
    add_filter(filter, query);
    const auto wanted = names_of(scan(runs_, query));
    std::vector<std::string> found;
    Paging paging;
    do {
      paging.limit = static_cast<std::uint32_t>(random_below(7) + 1);
      const auto page = value_of(store().find_runs(query, paging));
      EXPECT_LE(page.rows.size(), paging.limit);
      for (const RunRow& run : page.rows) found.push_back(run.id);
      paging.token = page.next;
    } while (!paging.token.empty() && found.size() < 1000);
    EXPECT_EQ(found, wanted);
  }
}

RESULTSDB_CASE(RangesAreInclusiveAndMayBeEmpty) {
  SuiteWriter writer(store(), "suite");
  const TimelineId timeline = writer.timeline();
  SuiteBatch batch = writer.batch();
  for (RunSerial serial = 1; serial <= 3; ++serial) {
    batch.put_runs.push_back(make_run(timeline, serial, serial * 10));
  }
  expect_ok(writer.apply(batch));
  const auto count = [&](Range<Position> range) {
    return value_of(store().count_runs({.suite = "suite", .position = range}));
  };
  EXPECT_EQ(count({10, 30}), 3u);
  EXPECT_EQ(count({11, 29}), 1u);
  EXPECT_EQ(count({20, 20}), 1u);
  EXPECT_EQ(count({{}, 20}), 2u);
  EXPECT_EQ(count({20, {}}), 2u);
  EXPECT_EQ(count({30, 10}), 0u) << "the wrong way round";
  EXPECT_EQ(count({31, {}}), 0u);
}

}  // namespace
}  // namespace resultsdb::testing
