// A program that writes a run while it goes is killed at random moments: every checkpoint that was
// acknowledged is there, nothing reads as a pass that was not one, and the store is sound.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "property/soundness.hpp"
#include "resultsdb/model.hpp"
#include "support/stores.hpp"
#include "unit/seed.hpp"

namespace resultsdb {
namespace {

constexpr int kTests = 400;

std::string name_of(int test) { return "test-" + std::to_string(test); }
bool fails(int test) { return test % 3 == 0; }
Time at(int seconds) { return from_seconds(1'000'000 + seconds); }

std::shared_ptr<Model> open(const testing::TestStore& store) {
  auto storage = store.open();
  return storage ? Model::create(*storage).value() : nullptr;
}

RunHeader header(int round) {
  RunHeader header{.suite = "live", .branch = "main"};
  header.position = round;
  header.started = at(round);
  return header;
}

/// What the killed process does: checkpoints every few results and tells how far it came.
[[noreturn]] void write_runs(const testing::TestStore& store, int round, int pipe) {
  const auto model = open(store);
  if (!model) _exit(2);
  auto writer = model->start_run(header(round), at(round));
  if (!writer) _exit(3);
  for (int test = 0; test < kTests; ++test) {
    const std::string name = name_of(test);
    if (!writer->add(
            {.test = name, .actual = fails(test) ? "FAIL" : "PASS", .duration = Duration(test * 1000)}))
      _exit(4);
    if (test % 5 != 4) continue;
    if (!writer->checkpoint(at(round))) _exit(5);
    const int done = test + 1;
    if (::write(pipe, &done, sizeof done) != sizeof done) _exit(6);
  }
  if (!writer->finish(at(round))) _exit(7);
  const int done = kTests + 1;  // finished
  if (::write(pipe, &done, sizeof done) != sizeof done) _exit(6);
  _exit(0);
}

/// Starts the writer, kills it once it acknowledged `results` and then after `delay`; returns the last
/// acknowledged number of results.
int run_and_kill(const testing::TestStore& store, int round, int results, std::chrono::microseconds delay) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_runs(store, round, ends[1]);
  }
  ::close(ends[1]);
  int acknowledged = 0, next = 0;
  while (acknowledged < results && ::read(ends[0], &next, sizeof next) == sizeof next) acknowledged = next;
  std::this_thread::sleep_for(delay);  // spreads the kills over the steps of a checkpoint
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "exit code " << WEXITSTATUS(status);
  while (::read(ends[0], &next, sizeof next) == sizeof next) acknowledged = next;
  ::close(ends[0]);
  return acknowledged;
}

void expect_all_there(Model& model, int round, int acknowledged) {
  const auto runs = model.runs({.suite = "live",
                                .range = {.from_position = round, .to_position = round},
                                .now = at(round) + std::chrono::hours(1)});
  ASSERT_TRUE(runs) << runs.error();
  if (runs->empty()) {
    EXPECT_EQ(acknowledged, 0);
    return;
  }
  const RunInfo& run = *runs->front();
  if (acknowledged > kTests) {
    EXPECT_EQ(run.state, RunState::Final);
  }
  EXPECT_TRUE(run.state == RunState::Incomplete || run.state == RunState::Final) << to_string(run.state);
  const auto results = model.results({.run = run.id, .suite = "live"}, {});
  ASSERT_TRUE(results) << results.error();
  EXPECT_GE(static_cast<int>(results->rows.size()), std::min(acknowledged, kTests));
  EXPECT_EQ(results->rows.size() % 5, 0u);
  for (const RunResults::Row& row : results->rows) {
    const int test = std::stoi(row.test.substr(5));
    EXPECT_EQ(row.outcome.actual, fails(test) ? "FAIL" : "PASS") << row.test;
    EXPECT_EQ(row.duration, Duration(test * 1000)) << row.test;
  }
  const auto history = model.history({.suite = "live",
                                      .tests = {name_of(kTests - 1)},
                                      .range = {.from_position = round, .to_position = round}});
  ASSERT_TRUE(history) << history.error();
  if (static_cast<int>(results->rows.size()) < kTests) {
    EXPECT_TRUE(history->series.empty()) << "a test that was not reported has a result";
  }
}

class RunWriterKilled : public ::testing::TestWithParam<std::string> {};

TEST_P(RunWriterKilled, KeepsEveryCheckpoint) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const testing::TestStore store(GetParam());
  ASSERT_NE(open(store), nullptr);
  const int rounds = GetParam() == "sqlite" ? 100 : 30;  // a checkpoint on a server takes ten times as long
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    const int results = static_cast<int>(random() % (kTests + 2));
    const int acknowledged = run_and_kill(store, round, results, std::chrono::microseconds(random() % 3000));
    const auto model = open(store);
    ASSERT_NE(model, nullptr);
    expect_all_there(*model, round, acknowledged);
    if (round % 20 == 19) property::expect_sound(*model);
  }
}

INSTANTIATE_TEST_SUITE_P(On, RunWriterKilled, ::testing::ValuesIn(testing::backends_for_processes()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace resultsdb
