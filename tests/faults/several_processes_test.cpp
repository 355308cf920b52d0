// Four processes write one store at the same time, to the same and to different timelines.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "property/matrix_oracle.hpp"
#include "property/random_history.hpp"
#include "property/soundness.hpp"
#include "resultsdb/model.hpp"
#include "support/stores.hpp"

namespace resultsdb {
namespace {

constexpr int kWriters = 4, kRuns = 40;
constexpr int kRepeats = 50;  // of what Conflict asks to repeat: four writers overtake each other

std::shared_ptr<Model> open(const testing::TestStore& store) {
  auto storage = store.open();
  return storage ? Model::create(*storage).value() : nullptr;
}

/// The runs of one writer: no two writers make the same key, all share timelines.
std::vector<resultsdb::Run> runs_of(int writer) {
  property::RandomRuns random(static_cast<std::uint64_t>(500 + writer), {.timelines = 3, .late_percent = 30});
  std::vector<resultsdb::Run> runs;
  for (int i = 0; i < kRuns; ++i) {
    runs.push_back(random.next());
    runs.back().header.variant = "writer-" + std::to_string(writer);
  }
  return runs;
}

Time received(int writer, int run) { return from_seconds(1'000'000 + 1000 * writer + run); }

/// 0: all is written.
int write_all(const testing::TestStore& store, int writer) {
  const auto model = open(store);
  if (!model) return 2;
  const std::vector<resultsdb::Run> runs = runs_of(writer);
  for (int i = 0; i < kRuns; ++i) {
    const auto put = [&] {
      return model->ingest(runs[static_cast<std::size_t>(i)], {.received = received(writer, i)});
    };
    auto stored = put();
    for (int n = 0; !stored && stored.error().retryable() && n < kRepeats; ++n) stored = put();
    if (stored && stored->stored == Ingested::Stored::Added) continue;
    std::fprintf(stderr, "writer %d: %s\n", writer, stored ? "not added" : stored.error().text().c_str());
    return 3;
  }
  return 0;
}

class SeveralProcesses : public ::testing::TestWithParam<std::string> {};

TEST_P(SeveralProcesses, WriteWhatOneWouldHaveWritten) {
  const testing::TestStore store(GetParam());
  ASSERT_NE(open(store), nullptr);
  pid_t children[kWriters];
  for (int writer = 0; writer < kWriters; ++writer) {
    children[writer] = ::fork();
    if (children[writer] == 0) ::_exit(write_all(store, writer));
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "exit code " << WEXITSTATUS(status);
  }
  property::MatrixOracle oracle;
  for (int writer = 0; writer < kWriters; ++writer) {
    const auto runs = runs_of(writer);
    for (int i = 0; i < kRuns; ++i) oracle.put(runs[static_cast<std::size_t>(i)], received(writer, i));
  }
  const auto model = open(store);
  ASSERT_NE(model, nullptr);
  const HistoryQuery query{.suite = "random",
                           .tests = property::RandomRuns(0, {}).tests(),
                           .durations = true,
                           .tries = true,
                           .details = true};
  const auto history = model->history(query);
  ASSERT_TRUE(history) << history.error();
  EXPECT_EQ(property::describe(*history, query), oracle.history(query));
  property::expect_sound(*model);
}

/// Writes its runs to one timeline as fast as it can, none of them twice. Its exit code: how often the answer
/// was Conflict, 100 for other trouble.
int write_without_a_pause(const testing::TestStore& store, int writer) {
  const auto model = open(store);
  if (!model) return 100;
  int conflicts = 0;

  for (int i = 0; i < kRuns; ++i) {
    resultsdb::Run run;
    run.header.suite = "busy";
    run.header.position = i;
    run.header.started = from_seconds(i);
    run.header.variant = "writer-" + std::to_string(writer);
    for (int test = 0; test < 300; ++test) {
      const auto name = "test-" + std::to_string(test);
      run.results.add({.test = name, .actual = (test + i) % 20 == 0 ? "FAIL" : "PASS"});
    }
    const auto stored = model->ingest(run, {.received = received(writer, i)});
    if (stored) continue;
    if (stored.error().code != ErrorCode::Conflict) {
      std::fprintf(stderr, "writer %d: %s\n", writer, stored.error().text().c_str());
      return 100;
    }
    ++conflicts;
  }
  return conflicts;
}

TEST_P(SeveralProcesses, WithoutAPauseLetEachOtherThrough) {
  const testing::TestStore store(GetParam());
  ASSERT_NE(open(store), nullptr);
  pid_t children[kWriters];
  for (int writer = 0; writer < kWriters; ++writer) {
    children[writer] = ::fork();
    if (children[writer] == 0) ::_exit(write_without_a_pause(store, writer));
  }
  int conflicts = 0;
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 100);
    conflicts += WEXITSTATUS(status);
  }
  // Without claims and turns some runs in a hundred are refused after all repeats.
  EXPECT_LE(conflicts, kWriters) << "of " << kWriters * kRuns << " runs";
}

INSTANTIATE_TEST_SUITE_P(On, SeveralProcesses, ::testing::ValuesIn(testing::backends_for_processes()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace resultsdb
