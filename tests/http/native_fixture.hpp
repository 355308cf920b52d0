// The native API on a store in memory, without sockets.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/http/native.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/testing/manual_clock.hpp"

namespace resultsdb::http {

class NativeFixture : public ::testing::Test {
 protected:
  NativeFixture() : model_(Model::create(backends::open_memory()).value()) {
    NativeOptions options;
    options.version = "1.2.3";
    options.clock = clock_.clock();
    mount_native(router_, model_, options);
  }

  static Request request(std::string method, std::string target, std::string body = {}) {
    Request request;
    request.method = std::move(method);
    request.body = std::move(body);
    set_target(request, std::move(target));
    return request;
  }
  Response send(std::string method, std::string target, std::string body = {}) const {
    return router_.dispatch(request(std::move(method), std::move(target), std::move(body)));
  }
  /// Fails the test unless the answer is 200 (or what is wanted) with JSON.
  boost::json::value get(const std::string& target, int status = 200) const {
    return parse(send("GET", target), status, target);
  }
  boost::json::value post(const std::string& target, std::string body, int status) const {
    return parse(send("POST", target, std::move(body)), status, target);
  }
  static boost::json::value parse(const Response& response, int status, const std::string& target) {
    EXPECT_EQ(response.status, status) << target << "\n" << response.body;
    boost::system::error_code error;
    auto value = boost::json::parse(response.body, error);
    EXPECT_FALSE(error) << target << ": " << response.body.substr(0, 500);
    return value;
  }
  std::uint64_t stored_runs() const {
    std::uint64_t runs = 0;
    const auto suites = model_->suites().value();
    for (const SuiteInfo& suite : suites) runs += suite.runs;
    return runs;
  }

  resultsdb::testing::ManualClock clock_{from_seconds(1'700'000'000)};
  std::shared_ptr<Model> model_;
  Router router_;
};

/// A small run: `changes` are members that stand before the others.
inline std::string run_body(std::string_view members = "") {
  return std::string(R"({"suite":"unit","branch":"main","configuration":{"os":"linux","bits":64},)") +
         R"("started":"2023-11-14T10:00:00Z",)" + std::string(members) +
         R"("results":[{"test":"a/one","duration_us":1500},{"test":"a/two","actual":"FAIL"},)"
         R"({"test":"b/three","expected":"FAIL","actual":"FAIL","tries":3,"passes":1,)"
         R"("detail":{"log":"x\ud800","big":12345678901234567890,"f":1.0}}],"lost":["b/four"]})";
}

}  // namespace resultsdb::http
