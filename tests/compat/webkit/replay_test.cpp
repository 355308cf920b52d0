// Sends recorded exchanges of the original through the router, without sockets, on each backend.
#include "compat/webkit/replay.hpp"

#include <gtest/gtest.h>

#include "resultsdb/http/webkit.hpp"
#include "resultsdb/repository.hpp"
#include "support/stores.hpp"

namespace resultsdb::webkit {
namespace {

class Replay : public ::testing::TestWithParam<testing::Scenario> {
 protected:
  void SetUp() override {
    auto repositories = load_static_repositories(testing::golden_folder() + "repositories.json");
    ASSERT_TRUE(repositories.ok()) << repositories.error();
    auto storage = store_.open();
    ASSERT_TRUE(storage.ok()) << storage.error();
    ModelOptions options;
    options.repositories = std::move(*repositories);
    auto model = Model::create(*storage, std::move(options));
    ASSERT_TRUE(model.ok()) << model.error();
    Options mounted;
    mounted.clock = [] { return from_seconds(testing::kRecordedAt); };
    mounted.async_processing = testing::is_asynchronous(std::get<1>(GetParam()));
    auto masters = load_ci_masters(testing::golden_folder() + "ci.json");
    ASSERT_TRUE(masters.ok()) << masters.error();
    mounted.ci_masters = std::move(*masters);
    mount(router_, *model, mounted);
  }

  resultsdb::testing::TestStore store_{std::get<0>(GetParam())};
  http::Router router_;
};

TEST_P(Replay, AnswersAsRecorded) {
  const auto& [backend, scenario] = GetParam();
  testing::replay(scenario, backend,
                  [this](const http::Request& request) { return router_.dispatch(request); });
}

INSTANTIATE_TEST_SUITE_P(Recorded, Replay,
                         ::testing::Combine(::testing::ValuesIn(resultsdb::testing::backends()),
                                            ::testing::ValuesIn(testing::scenarios())),
                         testing::scenario_name);

}  // namespace
}  // namespace resultsdb::webkit
