#include "resultsdb/http/metrics.hpp"

#include <algorithm>

namespace resultsdb::http {
namespace {

std::string seconds(std::int64_t micros) { return std::to_string(static_cast<double>(micros) / 1e6); }

void write_family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" ").append(type).append("\n");
}

void write_sample(std::string& out, std::string_view name, const std::string& labels,
                  const std::string& value) {
  out += name;
  if (!labels.empty()) out += '{' + labels + '}';
  out += ' ' + value + '\n';
}

std::string label_of(const std::string& operation) { return "operation=\"" + operation + '"'; }

}  // namespace

std::int64_t Metrics::Operation::quantile_us(double quantile) const {
  const double wanted = quantile * static_cast<double>(requests);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBucketsUs.size(); ++i) {
    seen += buckets[i];
    if (static_cast<double>(seen) >= wanted) return kBucketsUs[i];
  }
  return kBucketsUs.back();
}

void Metrics::add_request(std::string_view operation, int status, std::chrono::microseconds duration) {
  const std::string name(operation.empty() ? "none" : operation);
  const std::lock_guard lock(mutex_);
  Operation& counters = operations_[name];
  counters.name = name;
  ++counters.requests;
  counters.sum_us += duration.count();
  ++counters.buckets[static_cast<std::size_t>(std::ranges::lower_bound(kBucketsUs, duration.count()) -
                                              kBucketsUs.begin())];
  ++statuses_[{name, status}];
}

void Metrics::add_ingested(std::uint64_t results) {
  const std::lock_guard lock(mutex_);
  ++runs_;
  results_ += results;
}

void Metrics::watch(std::function<Server::Statistics()> server) {
  const std::lock_guard lock(mutex_);
  server_ = std::move(server);
}

std::vector<Metrics::Operation> Metrics::operations() const {
  const std::lock_guard lock(mutex_);
  std::vector<Operation> all;
  for (const auto& [name, operation] : operations_) all.push_back(operation);
  return all;
}

std::string Metrics::text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  write_family(out, "resultsdb_requests_total", "counter", "Requests by operation and status.");
  for (const auto& [key, count] : statuses_) {
    write_sample(out, "resultsdb_requests_total",
                 label_of(key.first) + ",status=\"" + std::to_string(key.second) + '"',
                 std::to_string(count));
  }
  constexpr std::string_view kLatency = "resultsdb_request_seconds";
  write_family(out, kLatency, "histogram", "Time from request to answer, without the network.");
  for (const auto& [name, operation] : operations_) {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < operation.buckets.size(); ++i) {
      seen += operation.buckets[i];
      const std::string bound = i < kBucketsUs.size() ? seconds(kBucketsUs[i]) : "+Inf";
      write_sample(out, "resultsdb_request_seconds_bucket", label_of(name) + ",le=\"" + bound + '"',
                   std::to_string(seen));
    }
    write_sample(out, "resultsdb_request_seconds_sum", label_of(name), seconds(operation.sum_us));
    write_sample(out, "resultsdb_request_seconds_count", label_of(name), std::to_string(operation.requests));
  }
  const auto single = [&](std::string_view name, std::string_view type, std::string_view help,
                          std::uint64_t value) {
    write_family(out, name, type, help);
    write_sample(out, name, {}, std::to_string(value));
  };
  single("resultsdb_runs_ingested_total", "counter", "Runs stored since the start.", runs_);
  single("resultsdb_results_ingested_total", "counter", "Results stored since the start.", results_);
  if (server_) {
    const Server::Statistics server = server_();
    single("resultsdb_queued_requests", "gauge", "Requests that wait for a thread.", server.queued);
    single("resultsdb_connections", "gauge", "Open connections.", server.open_connections);
    single("resultsdb_refused_total", "counter", "Requests and connections refused by a limit.",
           server.refused);
  }
  return out;
}

Handler counted(const Router& router, std::shared_ptr<Metrics> metrics) {
  return [&router, metrics = std::move(metrics)](const Request& request) {
    const auto begin = std::chrono::steady_clock::now();
    Response response = router.dispatch(request);
    metrics->add_request(
        router.operation(request), response.status,
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin));
    return response;
  };
}

}  // namespace resultsdb::http
