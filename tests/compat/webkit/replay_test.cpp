// Sends recorded exchanges of the original through the router, without sockets, on each backend.
#include "compat/webkit/replay.hpp"

#include <gtest/gtest.h>

#include "support/stores.hpp"

namespace resultsdb::webkit {
namespace {

class Replay : public ::testing::TestWithParam<testing::Scenario> {
 protected:
  void SetUp() override {
    Options options;
    options.async_processing = testing::is_asynchronous(std::get<1>(GetParam()));
    const auto model = testing::mount_as_recorded(router_, store_.open(), options);
    ASSERT_TRUE(model.ok()) << model.error();
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
