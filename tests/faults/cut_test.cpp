// The connection breaks, or the client is killed, at every message of an upload: all or nothing, and what was
// acknowledged is there; repeating it stores it once.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "property/soundness.hpp"
#include "resultsdb/model.hpp"
#include "support/cutting_proxy.hpp"
#include "support/postgres.hpp"
#include "support/redis.hpp"
#include "support/stores.hpp"

namespace resultsdb {
namespace {

using testing::CuttingProxy;

constexpr int kTests = 20;
constexpr int kMostMessages = 200;  // an upload takes fewer

Time at(int seconds) { return from_seconds(1'000'000 + seconds); }

/// Each brings a test that the runs before did not have, so that names are interned too.
Run run_of(int number) {
  Run run{.header = {.suite = "cut", .branch = "main"}};
  run.header.id = "run-" + std::to_string(number);
  run.header.position = number;
  run.header.started = at(number);
  for (int test = 0; test < kTests; ++test)
    run.results.add({.test = "test-" + std::to_string(test),
                     .actual = (number + test) % 3 == 0 ? "FAIL" : "PASS",
                     .duration = Duration(1000 * test)});
  run.results.add({.test = "new-" + std::to_string(number)});
  return run;
}

Result<std::shared_ptr<Model>> open(const std::string& url) {
  RESULTSDB_ASSIGN(auto storage, testing::open_store(url));
  return Model::create(std::move(storage));
}

/// A backend's server, and where a store on it is: `through` another port of this machine.
struct Server {
  const char* backend;
  std::uint16_t (*port)();
  std::string (*direct)();
  std::string (*through)(std::uint16_t port);
};

const Server kServers[] = {
    {"postgres", testing::postgres_port, [] { return testing::postgres_url() + "?sslmode=disable&schema="; },
     [](std::uint16_t port) { return testing::postgres_url_through(port) + "?sslmode=disable&schema="; }},
    {"redis",
     [] {
       const auto url = testing::redis_url();
       return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
     },
     [] { return testing::redis_url() + "?prefix="; },
     [](std::uint16_t port) { return "redis://127.0.0.1:" + std::to_string(port) + "?prefix="; }},
};

/// Those whose backend is built.
std::vector<Server> servers() {
  std::vector<Server> built;
  for (const Server& server : kServers)
    for (const std::string& backend : testing::backends())
      if (backend == server.backend) built.push_back(server);
  return built;
}

/// A part of the server that no other test uses.
std::string store_name() {
  static int number = 0;
  return "cut_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
}

class Cut : public ::testing::TestWithParam<std::tuple<Server, CuttingProxy::When>> {
 protected:
  void SetUp() override {
    auto model = open(direct_);
    ASSERT_TRUE(model) << model.error();
    direct_model_ = *model;
  }

  /// How many results of the run are there, by somebody who knew nothing before.
  std::size_t stored_results(int number) {
    const auto model = open(direct_).value();
    const auto runs = model->runs(
        {.suite = "cut", .range = {.from_position = number, .to_position = number}, .now = at(5000)});
    EXPECT_TRUE(runs) << runs.error();
    if (!runs || runs->empty()) return 0;
    EXPECT_EQ(runs->size(), 1u);
    const auto results = model->results({.run = "run-" + std::to_string(number), .suite = "cut"}, at(5000));
    EXPECT_TRUE(results) << results.error();
    return results ? results->rows.size() : 0;
  }

  const Server server_ = std::get<0>(GetParam());
  const std::string name_ = store_name();
  const std::string direct_ = server_.direct() + name_;
  CuttingProxy proxy_{server_.port()};
  const std::string cut_ = server_.through(proxy_.port()) + name_;
  std::shared_ptr<Model> direct_model_;
};

TEST_P(Cut, ConnectionAtEveryMessageOfAnUpload) {
  auto model = open(cut_);
  ASSERT_TRUE(model) << model.error();
  bool was_cut = true;
  int number = 0;
  for (; was_cut && number < kMostMessages && !HasFailure(); ++number) {
    SCOPED_TRACE("message " + std::to_string(number));
    proxy_.cut_at(number, std::get<1>(GetParam()));
    const auto stored = (*model)->ingest(run_of(number), {.received = at(number)});
    was_cut = proxy_.finish();
    if (!stored) {
      EXPECT_EQ(stored.error().code, ErrorCode::Unavailable) << stored.error();
      EXPECT_EQ(stored.error().backend, server_.backend);
    }
    const auto results = stored_results(number);
    EXPECT_TRUE(results == kTests + 1 || (results == 0 && !stored)) << results << " results";

    const auto again = (*model)->ingest(run_of(number), {.received = at(number)});
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->stored == Ingested::Stored::Added, results == 0);
    EXPECT_EQ(stored_results(number), kTests + 1u);
  }
  EXPECT_FALSE(was_cut) << "an upload takes too many messages";
  EXPECT_GT(number, 4);
  property::expect_sound(*direct_model_);
}

TEST_P(Cut, ClientKilledAtEveryMessageOfAnUpload) {
  bool was_cut = true;
  int number = 0, stored = 0;
  for (; was_cut && number < kMostMessages && !HasFailure(); ++number) {
    SCOPED_TRACE("message " + std::to_string(number));
    int start[2];
    ASSERT_EQ(::pipe(start), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      char go = 0;
      if (::read(start[0], &go, 1) != 1) ::_exit(2);
      const auto model = open(cut_);
      ::_exit(model && (*model)->ingest(run_of(number), {.received = at(number)}) ? 0 : 3);
    }
    proxy_.cut_at(number, std::get<1>(GetParam()), [child] { ::kill(child, SIGKILL); });
    ASSERT_EQ(::write(start[1], "g", 1), 1);
    ::close(start[0]);
    ::close(start[1]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    was_cut = proxy_.finish();
    const bool acknowledged = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    EXPECT_TRUE(acknowledged || WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
    EXPECT_NE(acknowledged, was_cut);
    // The server notices the end of a client at its next answer.
    const auto results = stored_results(number);
    EXPECT_TRUE(results == kTests + 1 || (results == 0 && !acknowledged)) << results << " results";
    stored += results > 0;
  }
  EXPECT_FALSE(was_cut) << "an upload takes too many messages";
  EXPECT_GT(number, 10);
  EXPECT_GE(stored, 1);
  property::expect_sound(*direct_model_);
}

INSTANTIATE_TEST_SUITE_P(
    On, Cut,
    ::testing::Combine(::testing::ValuesIn(servers()), ::testing::Values(CuttingProxy::When::BeforeTheServer,
                                                                         CuttingProxy::When::AfterTheServer)),
    [](const auto& info) {
      const bool question = std::get<1>(info.param) == CuttingProxy::When::BeforeTheServer;
      return std::string(std::get<0>(info.param).backend) + (question ? "Question" : "Answer");
    });

}  // namespace
}  // namespace resultsdb
