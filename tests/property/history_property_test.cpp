// Random histories, all answers compared with a brute-force matrix. A failure names its seed; RESULTSDB_SEED
// runs that one alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <sstream>

#include "engine/flips.hpp"
#include "property/matrix_oracle.hpp"
#include "property/random_history.hpp"
#include "property/soundness.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "support/stores.hpp"

namespace resultsdb::property {
namespace {

using StoragePtr = std::shared_ptr<storage::Storage>;

template <class T>
T value_of(Result<T> result, const char* what) {
  if (!result) {
    ADD_FAILURE() << what << ": " << result.error();
    std::abort();
  }
  return std::move(result).value();
}

/// Names the first line that differs: whole answers are long.
void expect_same(const std::string& answer, const std::string& expected) {
  if (answer == expected) return;
  std::istringstream answer_lines(answer), expected_lines(expected);
  std::string got, wanted, context;
  for (int line = 1;; ++line) {
    const bool more = static_cast<bool>(std::getline(answer_lines, got));
    if (!std::getline(expected_lines, wanted)) wanted = "(the end)";
    if (!more) got = "(the end)";
    if (got != wanted) {
      ADD_FAILURE() << "line " << line << " below '" << context << "'\n  is:     " << got
                    << "\n  wanted: " << wanted;
      return;
    }
    if (!got.starts_with("  ")) context = got;
  }
}

struct Variation {
  const char* name = "";
  Shape shape;
  bool fresh = false;  ///< a new Model for every operation: nothing is cached
  int repeat_percent = 0, replace_percent = 0, delete_percent = 0;
};

class Trial {
 public:
  Trial(std::uint64_t seed, const Variation& variation, StoragePtr storage)
      : variation_(variation), storage_(std::move(storage)), runs_(seed, variation.shape) {
    renew();
  }

  void run(int operations, int compared_every) {
    for (int i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      step(i);
      if (i % compared_every == compared_every - 1 || i + 1 == operations) compare();
    }
    compare_copies();
  }

 private:
  Model& model() {
    if (variation_.fresh) renew();
    return *model_;
  }
  void renew() { model_ = value_of(Model::create(storage_), "create"); }

  const OracleRun* some_run() {
    if (oracle_.runs().empty()) return nullptr;
    auto run = oracle_.runs().begin();
    std::advance(run, runs_.pick(static_cast<int>(oracle_.runs().size())));
    return &run->second;
  }

  void step(int number) {
    const Time received = from_seconds(1'000'000 + number);
    const int dice = runs_.pick(100);
    const OracleRun* old = some_run();
    if (old && dice < variation_.delete_percent) {
      const OracleKey key = key_of(old->header);
      const auto deleted = value_of(model().purge({.suite = "random", .run = id_of(old->header)}), "purge");
      EXPECT_EQ(deleted, 1u);
      oracle_.erase(key);
    } else if (old && dice < variation_.delete_percent + variation_.replace_percent) {
      ingest(runs_.again(old->header), received, true);
    } else if (dice < variation_.delete_percent + variation_.replace_percent + variation_.repeat_percent &&
               last_) {
      if (oracle_.runs().contains(key_of(last_->header))) {
        const Ingested again = value_of(model().ingest(*last_, {.received = received}), "repeat");
        EXPECT_EQ(again.stored, Ingested::Stored::Unchanged);
      }
    } else {
      ingest(runs_.next(), received, false);
    }
  }

  void ingest(Run run, Time received, bool there) {
    const Ingested stored = value_of(model().ingest(run, {.received = received}), "ingest");
    if (!there) {
      EXPECT_EQ(stored.stored, Ingested::Stored::Added);
    }
    if (stored.stored != Ingested::Stored::Unchanged) oracle_.put(run, received);
    last_ = std::make_unique<Run>(std::move(run));
  }

  void compare() {
    compare_histories();
    compare_flips();
    for (const auto& [key, run] : oracle_.runs()) {
      const std::string id = id_of(run.header);
      const auto results =
          value_of(model().results({.run = id, .suite = "random", .details = true}, {}), "results");
      expect_same(describe(results), oracle_.results(id));
    }
    for (const RunOrder order : {RunOrder::Position, RunOrder::Started, RunOrder::Received}) {
      for (const std::uint32_t limit : {0u, 3u}) {
        RunsQuery query{.suite = "random", .order = order, .ascending = runs_.chance(50)};
        (runs_.chance(50) ? query.limit : query.limit_per_timeline) = limit;
        if (runs_.chance(30)) query.range.from_position = runs_.pick(10);
        expect_same(describe(value_of(model().runs(query), "runs")), oracle_.run_list(query));
      }
    }
    expect_same(describe(value_of(model().timelines("random"), "timelines")), oracle_.timelines());
  }

  std::string exported(Model& model) {
    std::ostringstream out;
    const Status status = model.export_to(out, {.with_received = true});
    EXPECT_TRUE(status.ok());
    return out.str();
  }

  /// A copy made in another order of arrival says the same, and nothing derived disagrees with the runs.
  void compare_copies() {
    const std::string original = exported(model());
    std::vector<std::string> lines;
    std::istringstream in(original);
    for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
    for (std::size_t i = lines.size(); i > 2; --i)
      std::swap(lines[i - 1], lines[1 + static_cast<std::size_t>(runs_.pick(static_cast<int>(i) - 1))]);
    std::stringstream shuffled;
    for (const std::string& line : lines) shuffled << line;
    const auto copy = value_of(Model::create(backends::open_memory()), "create");
    const auto report = value_of(copy->import_from(shuffled, [] { return Time(); }), "import");
    EXPECT_EQ(report.runs_added, oracle_.runs().size());
    expect_same(exported(*copy), original);
    std::istringstream again(original);
    EXPECT_EQ(value_of(copy->import_from(again, [] { return Time(); }), "import again").runs_unchanged,
              oracle_.runs().size());
    expect_sound(model());
    expect_sound(*copy);
  }

  void compare_flips() {
    engine::Suite suite(*storage_, "random");
    const auto flips = value_of(engine::count_flips(suite), "flips");
    std::map<std::string, std::uint64_t> named;
    for (const auto& [test, count] : flips) {
      const storage::TestId ids[] = {test};
      named[std::string(value_of(suite.names().names(ids), "names").front())] = count;
    }
    EXPECT_EQ(named, oracle_.flips());
  }

  void compare_histories() {
    HistoryQuery query{.suite = "random"};
    query.tests = runs_.tests();
    if (runs_.chance(50)) query.tests.resize(static_cast<std::size_t>(1 + runs_.pick(3)));
    for (const RunOrder order : {RunOrder::Position, RunOrder::Started}) {
      for (const std::uint32_t limit : {0u, 1u, 5u}) {
        query.order = order;
        query.limit = limit;
        query.ascending = runs_.chance(30);
        query.only_covering = runs_.chance(30);
        query.durations = runs_.chance(60);
        query.tries = runs_.chance(60);
        query.details = runs_.chance(60);
        query.range = {};
        if (runs_.chance(20)) query.range.to_position = runs_.pick(12);
        if (runs_.chance(20)) query.range.from_started = from_seconds(runs_.pick(12) * 1000);
        const History history = value_of(model().history(query), "history");
        expect_same(describe(history, query), oracle_.history(query));
      }
    }
  }

  const Variation variation_;
  const StoragePtr storage_;
  RandomRuns runs_;
  MatrixOracle oracle_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<Run> last_;
};

const Variation kVariations[] = {
    {.name = "in order"},
    {.name = "one timeline", .shape = {.timelines = 1}},
    {.name = "5 % late", .shape = {.late_percent = 5}},
    {.name = "50 % late", .shape = {.late_percent = 50}, .repeat_percent = 10},
    {.name = "all late", .shape = {.late_percent = 100}},
    {.name = "partial",
     .shape = {.timelines = 1, .late_percent = 30, .partial = true},
     .replace_percent = 10},
    {.name = "replaced", .shape = {.late_percent = 20}, .repeat_percent = 10, .replace_percent = 40},
    {.name = "deleted", .shape = {.late_percent = 20}, .replace_percent = 10, .delete_percent = 30},
    {.name = "fresh",
     .shape = {.late_percent = 30, .partial = true},
     .fresh = true,
     .repeat_percent = 10,
     .replace_percent = 20,
     .delete_percent = 15},
};

void try_all(int trials, int operations, int compared_every, const std::function<StoragePtr()>& open) {
  const bool one = std::getenv("RESULTSDB_SEED") != nullptr;
  const std::uint64_t first = seed_or(20261125);
  for (int i = 0; i < (one ? 1 : trials); ++i) {
    for (const Variation& variation : kVariations) {
      const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
      SCOPED_TRACE(std::string(variation.name) + "; to run it again: RESULTSDB_SEED=" + std::to_string(seed));
      Trial(seed, variation, open()).run(operations, compared_every);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

class HistoryProperty : public ::testing::TestWithParam<std::string> {};

TEST_P(HistoryProperty, AgreesWithTheMatrix) {
  std::list<testing::TestStore> stores;
  try_all(3, 16, 4, [&] { return value_of(stores.emplace_back(GetParam()).open(), "open"); });
}

INSTANTIATE_TEST_SUITE_P(On, HistoryProperty, ::testing::ValuesIn(testing::backends()),
                         [](const auto& info) { return info.param; });

TEST(HistoryInMemory, AgreesWithTheMatrixInManyTrials) {
  try_all(60, 16, 4, [] { return backends::open_memory(); });
}

TEST(HistoryInMemory, ManyRunsOnFewTimelines) {
  try_all(1, 160, 40, [] { return backends::open_memory(); });
}

}  // namespace
}  // namespace resultsdb::property
