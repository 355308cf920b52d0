// Counters of a service, as Prometheus text.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resultsdb/http/router.hpp"
#include "resultsdb/http/server.hpp"

namespace resultsdb::http {

/// Safe for concurrent calls.
class Metrics {
 public:
  /// Upper bounds of the latency buckets in microseconds; a last one without bound follows.
  static constexpr std::array<std::int64_t, 9> kBucketsUs = {
      1'000, 5'000, 10'000, 50'000, 100'000, 500'000, 1'000'000, 5'000'000, 30'000'000};
  struct Operation {
    std::string name;
    std::uint64_t requests = 0;
    std::int64_t sum_us = 0;
    std::array<std::uint64_t, kBucketsUs.size() + 1> buckets{};
    /// Upper bound of the bucket that holds the quantile; the largest bound for the last one.
    std::int64_t quantile_us(double quantile) const;
  };

  /// `operation` empty: no route.
  void add_request(std::string_view operation, int status, std::chrono::microseconds duration);
  void add_ingested(std::uint64_t results);
  /// Where queue and connections are asked; called by text(). Empty: no server any more.
  void watch(std::function<Server::Statistics()> server);

  std::vector<Operation> operations() const;
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Operation, std::less<>> operations_;
  std::map<std::pair<std::string, int>, std::uint64_t> statuses_;
  std::uint64_t runs_ = 0, results_ = 0;
  std::function<Server::Statistics()> server_;
};

/// The router as a server's handler, counted. The router must outlive it.
Handler counted(const Router& router, std::shared_ptr<Metrics> metrics);

}  // namespace resultsdb::http
