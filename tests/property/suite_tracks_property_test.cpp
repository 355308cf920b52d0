// What is kept of a timeline and extended by new runs equals what is read anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/suite_tracks.hpp"
#include "engine/tracks.hpp"
#include "property/random_store.hpp"
#include "resultsdb/model.hpp"
#include "support/value_of.hpp"

namespace resultsdb::engine {
namespace {

using property::RandomStore;
using storage::TestId;

std::map<TestId, std::vector<TrackChange>> changes_of(const TrackChanges& changes) {
  std::map<TestId, std::vector<TrackChange>> all;
  TestId before = 0;
  for (auto at = changes.begin(); !at.done(); at.next()) {
    EXPECT_TRUE(all.empty() || before < at.test());
    before = at.test();
    for (std::size_t i = 0; i < at.changes().size(); ++i) all[at.test()].push_back(at.changes()[i]);
    EXPECT_EQ(changes.find(at.test()).size(), at.changes().size());
  }
  return all;
}

void expect_same(const SuiteTrack& kept, const SuiteTrack& fresh) {
  EXPECT_EQ(kept.info, fresh.info);
  ASSERT_EQ(kept.runs.size(), fresh.runs.size());
  for (std::size_t i = 0; i < kept.runs.size(); ++i) EXPECT_EQ(*kept.runs[i]->info, *fresh.runs[i]->info);
  ASSERT_EQ(kept.covered.size(), fresh.covered.size());
  for (std::size_t i = 0; i < kept.covered.size(); ++i) {
    EXPECT_EQ(kept.covered[i].first, fresh.covered[i].first);
    EXPECT_EQ(*kept.covered[i].tests, *fresh.covered[i].tests);
  }
  EXPECT_EQ(*kept.always, *fresh.always);
  EXPECT_EQ(kept.standing, fresh.standing);
  EXPECT_EQ(changes_of(kept.changes), changes_of(fresh.changes));
}

/// Random runs, and after most of them a look at what is kept: sometimes several are taken in at once.
class Trial : private RandomStore {
 public:
  using RandomStore::RandomStore;

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      if (!oracle_.runs().empty() && runs_.chance(replace_percent_)) {
        replace(i);
      } else {
        step(from_seconds(1'000'000 + i));
      }
      if (runs_.chance(70)) look();
    }
  }
  void replace_some(int percent) { replace_percent_ = percent; }
  /// From here on what is kept may take so many bytes.
  void bound(std::size_t bytes) {
    kept_ = std::make_unique<Suite>(model_->storage(), "random", bytes);
    bound_ = bytes;
  }
  std::size_t read_anew() const { return read_anew_; }
  std::size_t extended() const { return extended_; }
  std::size_t unchanged() const { return unchanged_; }

 private:
  void replace(int number) {
    auto run = oracle_.runs().begin();
    std::advance(run, runs_.pick(static_cast<int>(oracle_.runs().size())));
    const Run other = runs_.again(run->second.header);
    const Time received = from_seconds(1'000'000 + number);
    const auto stored = model_->ingest(other, {.received = received});
    EXPECT_TRUE(stored) << stored.error();
    oracle_.put(other, received);
  }

  void look() {
    const Selection all;
    const SuiteTracks kept = value_of(read_suite_tracks(*kept_, {&all, 1})).front();
    Suite suite(model_->storage(), "random");
    const SuiteTracks fresh = value_of(read_suite_tracks(suite, {&all, 1})).front();
    EXPECT_EQ(fresh.read_anew, fresh.tracks.size());
    EXPECT_EQ(fresh.extended, 0U);
    ASSERT_EQ(kept.tracks.size(), fresh.tracks.size());
    for (std::size_t i = 0; i < kept.tracks.size(); ++i) expect_same(*kept.tracks[i], *fresh.tracks[i]);
    if (bound_) expect_within_bound();
    read_anew_ += kept.read_anew;
    extended_ += kept.extended;
    unchanged_ += kept.tracks.size() - kept.read_anew - kept.extended;
    // Versions share what they hold: those of before must have stayed as they were.
    for (const auto& [track, changes] : before_) EXPECT_EQ(changes_of(track->changes), changes);
    before_.clear();
    for (const SuiteTrackPtr& track : kept.tracks) before_.emplace_back(track, changes_of(track->changes));
  }

  void expect_within_bound() const {
    std::size_t sum = 0, kept = 0;
    for (const TimelinePtr& timeline : *kept_->known()) {
      const std::size_t bytes = timeline->kept_bytes();
      EXPECT_EQ(bytes == 0, timeline->suite_track() == nullptr);
      sum += bytes;
      kept += bytes != 0 ? 1 : 0;
    }
    EXPECT_TRUE(sum <= *bound_ || kept == 1) << sum << " bytes of " << kept << " timelines";
  }

  int replace_percent_ = 0;
  std::unique_ptr<Suite> kept_ = std::make_unique<Suite>(model_->storage(), "random");
  std::optional<std::size_t> bound_;
  std::vector<std::pair<SuiteTrackPtr, std::map<TestId, std::vector<TrackChange>>>> before_;
  std::size_t read_anew_ = 0, extended_ = 0, unchanged_ = 0;
};

TEST(SuiteTracksProperty, KeptOnesEqualThoseReadAnew) {
  const bool one = std::getenv("RESULTSDB_SEED") != nullptr;
  std::size_t extended = 0, read_anew = 0, unchanged = 0;
  for (int i = 0; i < (one ? 1 : 40); ++i) {
    const std::uint64_t seed = property::seed_or(20261127) + static_cast<std::uint64_t>(i);
    SCOPED_TRACE("to run it again: RESULTSDB_SEED=" + std::to_string(seed));
    Trial in_order(seed, {.timelines = 2}, 0);
    in_order.run(60);
    Trial partial(seed, {.tests = 22, .timelines = 2, .late_percent = 10, .partial = true}, 5);
    partial.replace_some(5);
    partial.run(60);
    for (const Trial* trial : {&in_order, &partial}) {
      extended += trial->extended();
      read_anew += trial->read_anew();
      unchanged += trial->unchanged();
    }
    if (HasFailure()) return;
  }
  std::printf("%zu tracks extended, %zu read anew, %zu as they were\n", extended, read_anew, unchanged);
  if (!one) {
    EXPECT_GT(extended, 2000U);
    EXPECT_GT(read_anew, 500U);
    EXPECT_GT(unchanged, 500U);
  }
}

TEST(SuiteTracks, AnAddedRunWithoutItsOutcomesIsNoRunOfPasses) {
  const auto model = value_of(Model::create(backends::open_memory()));
  auto& storage = model->storage();
  Suite suite(storage, "s");
  const Selection all;
  const auto ingest = [&](int position, const std::string& actual) {
    resultsdb::Run run;
    run.header = {.suite = "s", .position = position, .started = from_seconds(position)};
    run.results.add({.test = "a", .actual = actual});
    value_of(model->ingest(run, {}));
  };
  ingest(1, "PASS");
  const auto timeline = value_of(read_suite_tracks(suite, {&all, 1})).front().tracks.front()->number;
  ingest(2, "FAIL");
  storage::SuiteBatch damage{.suite = "s"};
  damage.timelines = value_of(storage.find_timelines("s", {&timeline, 1}));
  ++damage.timelines.front().version;
  damage.put_runs = value_of(storage.find_runs({.suite = "s"}, {.limit = 1})).rows;  // the newest
  damage.delete_runs = {damage.put_runs.front().ref()};
  ASSERT_TRUE(storage.apply(damage));
  const auto answer = read_suite_tracks(suite, {&all, 1});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Corrupt);
}

/// A reader that has to begin again meets what another one has kept meanwhile, with outcomes that were not
/// known when it began.
TEST(SuiteTracks, TheOutcomesOfAnAnswerAreThoseOfItsLastAttempt) {
  const auto model = value_of(Model::create(backends::open_memory()));
  Suite suite(model->storage(), "s");
  const auto ingest = [&](const std::string& branch, int position, const std::string& actual) {
    resultsdb::Run run;
    run.header = {.suite = "s", .branch = branch, .position = position, .started = from_seconds(position)};
    run.results.add({.test = "a", .actual = actual});
    value_of(model->ingest(run, {.received = from_seconds(position)}));
  };
  ingest("x", 1, "PASS");
  ingest("y", 1, "PASS");
  const Selection all, only_x{.branches = {"x"}};
  bool disturbed = false;
  const auto disturb = [&](std::span<const SuiteTracks>) -> Status {
    if (std::exchange(disturbed, true)) return {};
    ingest("x", 2, "FAIL");
    value_of(read_suite_tracks(suite, {&only_x, 1}));
    ingest("y", 2, "PASS");
    return {};
  };
  const SuiteTracks answer = value_of(read_suite_tracks(suite, {&all, 1}, disturb)).front();
  ASSERT_EQ(answer.tracks.size(), 2);
  const auto changes = changes_of(answer.tracks.front()->changes);
  ASSERT_EQ(changes.size(), 1);
  const storage::OutcomeId outcome = changes.begin()->second.front().outcome;
  ASSERT_LT(outcome, answer.outcomes->size());
  EXPECT_EQ((*answer.outcomes)[outcome].key.actual, "FAIL");
}

TEST(SuiteTracksProperty, TheyAreDroppedWhenTheyTakeTooMuch) {
  const bool one = std::getenv("RESULTSDB_SEED") != nullptr;
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{40'000}}) {  // of at most 60 runs
    std::size_t extended = 0, read_anew = 0, unchanged = 0;
    for (int i = 0; i < (one ? 1 : 5); ++i) {
      const std::uint64_t seed = property::seed_or(20261127) + static_cast<std::uint64_t>(i);
      SCOPED_TRACE("to run it again: RESULTSDB_SEED=" + std::to_string(seed));
      Trial trial(seed, {.timelines = 3}, 0);
      trial.bound(bytes);
      trial.run(60);
      extended += trial.extended();
      read_anew += trial.read_anew();
      unchanged += trial.unchanged();
    }
    std::printf("%zu bytes: %zu extended, %zu read anew, %zu as they were\n", bytes, extended, read_anew,
                unchanged);
    EXPECT_GT(read_anew, bytes == 0 ? 300U : 100U);
    if (!one) {
      EXPECT_GT(extended + unchanged, 50U);
    }
  }
}

/// A store with three runs on each of three timelines.
struct ThreeTimelines {
  explicit ThreeTimelines(std::size_t bytes) : suite(model->storage(), "s", bytes) {
    for (int i = 0; i < 9; ++i) {
      Run run;
      run.header.suite = "s";
      run.header.configuration.set("os", std::to_string(i % 3));
      run.header.started = from_seconds(1000 + i);
      run.results.add({.test = "t", .actual = i < 6 ? "FAIL" : "PASS"});
      EXPECT_TRUE(model->ingest(run, {.received = run.header.started}));
    }
  }
  std::size_t kept() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        *suite.known(), [](const TimelinePtr& timeline) { return timeline->kept_bytes() != 0; }));
  }

  const std::shared_ptr<Model> model = value_of(Model::create(backends::open_memory()));
  Suite suite;
};

TEST(SuiteTracks, KeptAfterTheTimelineWasUnloadedTheyStillCount) {
  ThreeTimelines store(Suite::kKeptBytes);
  const auto unload = [&](std::span<const SuiteTracks>) -> Status {
    for (const TimelinePtr& timeline : *store.suite.known()) EXPECT_TRUE(timeline->unload());
    EXPECT_EQ(store.kept(), 0U);
    return {};
  };
  const Selection all;
  EXPECT_EQ(value_of(read_suite_tracks(store.suite, {&all, 1}, unload)).front().read_anew, 3U);
  EXPECT_EQ(store.kept(), 3U);
  for (const TimelinePtr& timeline : *store.suite.known()) {
    EXPECT_GE(timeline->kept_bytes(), 3 * 1000U) << "the runs live on in the track";
    EXPECT_TRUE(timeline->unload());
  }
  EXPECT_EQ(store.kept(), 0U);

  ThreeTimelines bounded(0);
  EXPECT_EQ(value_of(read_suite_tracks(bounded.suite, {&all, 1},
                                       [&](auto) -> Status {
                                         for (const TimelinePtr& timeline : *bounded.suite.known())
                                           EXPECT_TRUE(timeline->unload());
                                         return {};
                                       }))
                .size(),
            1U);
  EXPECT_EQ(bounded.kept(), 1U);
}

TEST(SuiteTracks, WhatReadersLeaveUnusedIsUnloaded) {
  ThreeTimelines store(0);
  const storage::TestId test =
      value_of(store.suite.names().look_up(std::vector<std::string>{"t"})).front().value();
  const auto read = [&](const char* os) {
    TrackQuery query{.tests = std::span(&test, 1), .selection = {}, .runs = {}};
    query.selection.where = {{.facet = "os", .values = {os}}};
    const auto tracks = value_of(read_tracks(store.suite, query));
    ASSERT_EQ(tracks.size(), 1U);
    EXPECT_EQ(tracks.front().serials.size(), 3U);
    EXPECT_EQ(tracks.front().outcomes.front().size(), 2U);
  };
  for (const char* os : {"0", "1", "2"}) read(os);
  EXPECT_EQ(store.kept(), 3U);
  for (int i = 0; i < 64; ++i) read("1");
  EXPECT_EQ(store.kept(), 1U);
  EXPECT_NE((*store.suite.known())[1]->kept_bytes(), 0U) << "the one that is read";
  for (const char* os : {"0", "1", "2"}) read(os);
}

TEST(SuiteTracksProperty, ChangesAddedInManyStepsAreThoseAddedAtOnce) {
  std::mt19937_64 random(property::seed_or(20261127));
  for (int trial = 0; trial < 20; ++trial) {
    std::map<TestId, std::vector<TrackChange>> wanted;
    TrackChanges changes;
    for (std::uint32_t run = 0; run < 200; ++run) {
      std::vector<TrackChanges::OfTest> added;
      for (TestId test = static_cast<TestId>(random() % 40); test < 2'000; test += 1 + random() % 80)
        added.push_back({test, {run, static_cast<storage::OutcomeId>(random() % 9)}});
      for (const auto& [test, change] : added) wanted[test].push_back(change);
      changes = changes.extended(added);
    }
    EXPECT_EQ(changes_of(changes), wanted);
    for (const auto& [test, all] : wanted)
      for (std::uint32_t run = 0; run < 200; run += 7) {
        const auto after = std::ranges::upper_bound(all, run, {}, &TrackChange::run);
        const TestChanges found = changes.find(test);
        EXPECT_EQ(found.first_after(run), static_cast<std::size_t>(after - all.begin()));
        EXPECT_EQ(found.outcome_at(run), after == all.begin() ? 0 : std::prev(after)->outcome);
      }
    EXPECT_TRUE(changes.find(5'000).empty());
  }
}

}  // namespace
}  // namespace resultsdb::engine
