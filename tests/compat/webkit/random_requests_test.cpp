// Whatever is asked: an answer below 500, no exception, and a store that is as sound as before.
#include "compat/webkit/random_requests.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <exception>
#include <iostream>
#include <map>

#include "compat/webkit/exchange.hpp"
#include "compat/webkit/replay.hpp"
#include "property/random_history.hpp"
#include "support/stores.hpp"

namespace resultsdb::webkit {
namespace {

std::string text_of(const http::Request& request) {
  constexpr std::size_t kMost = 2000;
  std::string text = request.method + " " + request.target.substr(0, kMost) + "\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\n";
  return text + request.body.substr(0, kMost);
}

/// Every request of the recordings that is small enough to be sent often.
std::vector<http::Request> recorded_requests() {
  constexpr std::size_t kSmall = 8'000;
  std::vector<http::Request> requests;
  for (const std::string& scenario : testing::scenarios()) {
    for (const testing::Exchange& exchange :
         testing::load_exchanges(testing::golden_folder() + scenario + ".jsonl")) {
      http::Request request = exchange.request();
      if (request.body.size() < kSmall) requests.push_back(std::move(request));
    }
  }
  return requests;
}

class RandomRequestsTest : public ::testing::TestWithParam<std::tuple<std::string, ProfileName>> {
 protected:
  void SetUp() override {
    Options options;
    options.profile = std::get<1>(GetParam());
    auto model = testing::mount_as_recorded(router_, store_.open(), options);
    ASSERT_TRUE(model.ok()) << model.error();
    model_ = *model;
  }

  /// What is wrong with the answer, or empty.
  std::string send(const http::Request& request) {
    try {
      const http::Response reply = router_.dispatch(request);
      ++statuses_[reply.status];
      // The repositories' file makes some references fail like a remote that is away.
      const bool away = reply.body.find("the repository cannot be asked") != std::string::npos;
      if (reply.status == 503 && away) return {};
      if (reply.status < 200 || reply.status >= 500) return std::to_string(reply.status) + ": " + reply.body;
      boost::json::error_code error;
      const bool is_json = reply.header("Content-Type") == "application/json" && !reply.body.empty();
      if (is_json && (boost::json::parse(reply.body, error), error)) return "no JSON: " + reply.body;
      return {};
    } catch (const std::exception& exception) {
      return std::string("an exception: ") + exception.what();
    }
  }

  static constexpr int kRequests = 5'000;  // 10,000 with each store
  /// Other ones with each profile.
  const std::uint64_t seed_ =
      property::seed_or(20201006) + static_cast<std::uint64_t>(std::get<1>(GetParam()));
  testing::RandomRequests requests_{seed_, recorded_requests()};
  resultsdb::testing::TestStore store_{std::get<0>(GetParam())};
  std::shared_ptr<Model> model_;
  http::Router router_;
  std::map<int, int> statuses_;
};

TEST_P(RandomRequestsTest, AreAnsweredAndLeaveTheStoreSound) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(property::seed_or(20201006)));
  for (int i = 0; i < kRequests; ++i) {
    const http::Request request = requests_.next();
    const std::string problem = send(request);
    ASSERT_EQ(problem, "") << "request " << i << ": " << text_of(request);
  }
  const auto report = model_->check(false);
  ASSERT_TRUE(report.ok()) << report.error();
  for (const Problem& problem : report->problems)
    ADD_FAILURE() << problem.table << " " << problem.key << ": " << problem.what;
  // It would prove nothing if all were refused, or nothing stored.
  EXPECT_GT(report->runs, 50u);
  EXPECT_GT(statuses_[200], statuses_[404]);
  EXPECT_GT(statuses_[400], 100);
  std::cout << std::get<0>(GetParam()) << ":";
  for (const auto& [status, count] : statuses_) std::cout << " " << status << " × " << count;
  std::cout << "; " << report->runs << " runs\n";
}

INSTANTIATE_TEST_SUITE_P(Seeded, RandomRequestsTest,
                         ::testing::Combine(::testing::Values("memory", "sqlite"),
                                            ::testing::Values(ProfileName::Webkit,
                                                              ProfileName::WebkitCorrected)),
                         [](const auto& info) {
                           const bool corrected = std::get<1>(info.param) == ProfileName::WebkitCorrected;
                           return std::get<0>(info.param) + (corrected ? "Corrected" : "");
                         });

}  // namespace
}  // namespace resultsdb::webkit
