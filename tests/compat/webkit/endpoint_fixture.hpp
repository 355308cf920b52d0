// The mount on a router without sockets, on the memory backend, under a clock that tests set.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <utility>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/http/webkit.hpp"
#include "resultsdb/testing/manual_clock.hpp"

namespace resultsdb::webkit::testing {

inline constexpr std::int64_t kNow = 1'602'000'000;

inline http::Response dispatch(const http::Router& router, std::string method, std::string target,
                               std::string body = {}, bool loopback = true) {
  http::Request request;
  request.method = std::move(method);
  request.body = std::move(body);
  request.remote_is_loopback = loopback;
  http::set_target(request, std::move(target));
  return router.dispatch(request);
}

class EndpointFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = clock_.clock();
    start();
  }

  /// Mounts `options_` on an empty store.
  void start() {
    auto model = Model::create(backends::open_memory());
    ASSERT_TRUE(model.ok()) << model.error();
    model_ = *model;
    router_ = http::Router();
    mount(router_, model_, options_);
  }

  http::Response get(std::string target) const {
    return dispatch(router_, "GET", std::move(target), {}, /*loopback=*/false);
  }

  http::Response send(std::string method, std::string target, std::string body = {},
                      http::Headers headers = {}) const {
    http::Request request;
    request.method = std::move(method);
    request.headers = std::move(headers);
    request.body = std::move(body);
    http::set_target(request, std::move(target));
    return router_.dispatch(request);
  }

  http::Response post(std::string target, std::string body, bool loopback = true) const {
    return dispatch(router_, "POST", std::move(target), std::move(body), loopback);
  }

  struct Upload {
    std::int64_t commit = 1'601'900'000, started = 1'601'990'000;
    std::string sdk = "A", branch = "main", results = R"({"t":{}})", more;
  };
  /// The answer's `processing`, or its whole body if it is no success.
  std::string upload(const Upload& upload) const {
    const std::string commit = std::to_string(upload.commit);
    const auto reply =
        post("/api/upload",
             R"({"suite":"s","configuration":{"platform":"mac","version":"10.14","is_simulator":false,)"
             R"("architecture":"x86_64","sdk":")" +
                 upload.sdk + R"("},"timestamp":)" + std::to_string(upload.started) +
                 R"(,"commits":[{"repository_id":"tools","branch":")" + upload.branch + R"(","hash":"abc)" +
                 commit + R"(","identifier":"1@)" + upload.branch + R"(","timestamp":)" + commit +
                 R"(}],"test_results":{"results":)" + upload.results + upload.more + "}}");
    if (reply.status != 200) return reply.body;
    return boost::json::serialize(boost::json::parse(reply.body).at("processing"));
  }

  /// "SDK: START STATE, …" for each group, in the answer's order.
  std::string runs_of(const std::string& target) const {
    const auto reply = get(target);
    std::string out;
    const auto groups = boost::json::parse(reply.body);
    for (const auto& group : groups.as_array()) {
      const auto& configuration = group.at("configuration").as_object();
      out += configuration.contains("sdk") ? std::string(configuration.at("sdk").as_string()) : "-";
      for (const auto& row : group.at("results").as_array()) {
        out += " " + std::to_string(row.at("start_time").as_int64() - 1'601'990'000);
      }
      out += "\n";
    }
    return out;
  }

  resultsdb::testing::ManualClock clock_{from_seconds(kNow)};
  std::shared_ptr<Model> model_;
  Options options_;
  http::Router router_;
};

/// What upload() gives when all is well.
inline constexpr char kAllOk[] =
    R"({"ci-urls":{"status":"ok"},"commit-identifiers":{"status":"ok"},"suite-results":{"status":"ok"},)"
    R"("test-failures":{"status":"ok"},"test-results":{"status":"ok"}})";

}  // namespace resultsdb::webkit::testing
