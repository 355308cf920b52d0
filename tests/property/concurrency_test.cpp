// Many threads on one Model: what they leave is what one after the other would have left.
#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <thread>

#include "engine/suite_tracks.hpp"
#include "engine/tracks.hpp"
#include "property/matrix_oracle.hpp"
#include "property/random_history.hpp"
#include "property/soundness.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::property {
namespace {

constexpr int kWriters = 8, kReaders = 2, kRuns = 30;

std::vector<Run> runs_of(int writer) {
  RandomRuns random(static_cast<std::uint64_t>(700 + writer), {.timelines = 4, .late_percent = 30});
  std::vector<Run> runs;
  for (int i = 0; i < kRuns; ++i) {
    runs.push_back(random.next());
    runs.back().header.variant = "writer-" + std::to_string(writer);
  }
  return runs;
}

std::string exported(Model& model) {
  std::ostringstream out;
  const Status status = model.export_to(out, {.with_received = true});
  EXPECT_TRUE(status.ok());
  return out.str();
}

void write_all(Model& model, int writer) {
  const std::vector<Run> runs = runs_of(writer);
  for (int i = 0; i < kRuns; ++i) {
    const auto stored = model.ingest(runs[static_cast<std::size_t>(i)],
                                     {.received = from_seconds(1'000'000 + 1000 * writer + i)});
    if (!stored) ADD_FAILURE() << stored.error();
  }
}

/// Every answer is sound by itself: a series is as long as its timeline, and later answers know more runs.
void read_until(Model& model, const std::atomic<bool>& done) {
  const HistoryQuery query{.suite = "random", .tests = RandomRuns(0, {}).tests(), .durations = true};
  std::size_t known = 0;
  while (!done) {
    const auto history = model.history(query);
    if (!history) {
      EXPECT_EQ(history.error().code, ErrorCode::Conflict) << history.error();
      continue;
    }
    std::size_t runs = 0;
    for (const History::Timeline& timeline : history->timelines) runs += timeline.runs.size();
    EXPECT_GE(runs, known);
    known = runs;
    EXPECT_EQ(describe(*history, query).find("of another length"), std::string::npos);
  }
}

TEST(Concurrency, ThreadsLeaveWhatASequenceLeaves) {
  const auto storage = backends::open_memory();
  const auto model = Model::create(storage).value();
  const auto sequential = Model::create(backends::open_memory()).value();
  std::atomic<bool> done = false;
  std::vector<std::thread> readers, writers;
  for (int i = 0; i < kReaders; ++i) readers.emplace_back([&] { read_until(*model, done); });
  for (int i = 0; i < kWriters; ++i) writers.emplace_back([&, i] { write_all(*model, i); });
  for (std::thread& writer : writers) writer.join();
  done = true;
  for (std::thread& reader : readers) reader.join();
  for (int i = 0; i < kWriters; ++i) write_all(*sequential, i);
  EXPECT_EQ(exported(*model), exported(*sequential));
  expect_sound(*Model::create(storage).value());
}

TEST(Concurrency, OneRunFromManyWritersIsOneRun) {
  const auto model = Model::create(backends::open_memory()).value();
  const resultsdb::Run run = runs_of(0).front();
  std::atomic<int> added = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i)
    writers.emplace_back([&] {
      const auto stored = model->ingest(run, {.received = from_seconds(1)});
      EXPECT_TRUE(stored.ok());
      if (stored && stored->stored == Ingested::Stored::Added) ++added;
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(added, 1);
  EXPECT_EQ(model->runs({.suite = "random"}).value().size(), 1u);
}

/// Of all timelines: how many runs there are, and how many changes.
Result<std::pair<std::size_t, std::size_t>> count_tracks(engine::Suite& suite) {
  const Selection all;
  const auto answer = engine::read_suite_tracks(suite, {&all, 1});
  if (!answer) return answer.error();
  std::size_t runs = 0, changes = 0;
  for (const engine::SuiteTrackPtr& track : answer->front().tracks) {
    runs += track->runs.size();
    for (auto at = track->changes.begin(); !at.done(); at.next()) changes += at.changes().size();
  }
  return std::pair(runs, changes);
}

TEST(Concurrency, TimelinesAreUnloadedWhileOthersReadThem) {
  const auto storage = backends::open_memory();
  const auto model = Model::create(storage).value();
  engine::Suite suite(*storage, "random", 0);
  std::atomic<bool> done = false;
  std::vector<std::thread> readers, writers;
  for (int i = 0; i < kReaders; ++i)
    readers.emplace_back([&] {
      std::size_t known = 0;
      const storage::TestId test = 0;
      while (!done) {
        if (const auto counts = count_tracks(suite)) {
          EXPECT_GE(counts->first, known);
          known = counts->first;
        } else {
          EXPECT_EQ(counts.error().code, ErrorCode::Conflict) << counts.error();
        }
        const auto tracks =
            engine::read_tracks(suite, {.tests = std::span(&test, 1), .selection = {}, .runs = {}});
        if (!tracks) {
          EXPECT_EQ(tracks.error().code, ErrorCode::Conflict) << tracks.error();
        }
      }
    });
  for (int i = 0; i < kWriters; ++i) writers.emplace_back([&, i] { write_all(*model, i); });
  for (std::thread& writer : writers) writer.join();
  done = true;
  for (std::thread& reader : readers) reader.join();
  engine::Suite fresh(*storage, "random");
  EXPECT_EQ(count_tracks(suite).value(), count_tracks(fresh).value());
  EXPECT_EQ(count_tracks(suite).value().first, std::size_t{kWriters} * kRuns);
}

}  // namespace
}  // namespace resultsdb::property
