#include "http_bench.hpp"

#include <cstdlib>
#include <iostream>
#include <thread>

#include "loopback_client.hpp"
#include "resultsdb/http/router.hpp"
#include "resultsdb/http/server.hpp"
#include "resultsdb/http/webkit.hpp"
#include "row_baseline.hpp"
#include "upload_bench.hpp"

namespace resultsdb::bench {
namespace {

constexpr std::uint32_t kConfigurations = 40, kTests = 20;
constexpr std::int64_t kFirstCommit = 1'600'000'000;

/// A server on a thread of its own until the end of the scope.
class Serving {
 public:
  explicit Serving(http::Handler handler) {
    http::ServerOptions options;
    options.port = 0;
    server_ = http::Server::listen(options, std::move(handler)).value();
    thread_ = std::thread([this] { server_->run(); });
  }
  ~Serving() {
    server_->stop();
    thread_.join();
  }
  std::uint16_t port() const { return server_->port(); }

 private:
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

bool fails(std::uint32_t test, std::uint32_t configuration, std::uint32_t commit) {
  return (test * 31 + configuration * 7 + commit) % 53 == 0;
}

std::string small_upload(std::uint32_t configuration, std::uint32_t commit) {
  const std::string hash = std::to_string(commit + 1), time = std::to_string(kFirstCommit + commit * 600);
  std::string body =
      R"({"suite":"layout-tests","configuration":{"platform":"mac","version":")" +
      std::to_string(10 + configuration / 10) + "." + std::to_string(configuration % 10) +
      R"(","is_simulator":false,"architecture":"x86_64","style":"release"},"commits":[{"repository_id":)"
      R"("webkit","branch":"main","hash":")" +
      std::string(40 - hash.size(), '0') + hash + R"(","timestamp":)" + time + R"(}],"timestamp":)" + time +
      R"(,"test_results":{"details":{},"run_stats":{},"results":{)";
  for (std::uint32_t test = 0; test < kTests; ++test) {
    body += (test ? ",\"test-" : "\"test-") + std::to_string(test) + R"(.html":{)";
    if (fails(test, configuration, commit)) body += R"("actual":"TEXT",)";
    body += "\"time\":" + std::to_string(1 + (test + commit) % 90) + "}";
  }
  return body + "}}}";
}

void must_succeed(int status, const std::string& body) {
  if (status == 200) return;
  std::cerr << status << ' ' << body.substr(0, 500) << '\n';
  std::exit(1);
}

http::Request request_of(const std::string& method, const std::string& target, std::string body) {
  http::Request request;
  request.method = method;
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  http::set_target(request, target);
  return request;
}

/// The same content for the router and, a row per result, for the baseline.
void fill(const http::Router& router, std::uint32_t commits, RowBaseline* rows) {
  for (std::uint32_t commit = 0; commit < commits; ++commit) {
    for (std::uint32_t configuration = 0; configuration < kConfigurations; ++configuration) {
      const auto reply =
          router.dispatch(request_of("POST", "/api/upload", small_upload(configuration, commit)));
      must_succeed(reply.status, reply.body);
      if (!rows) continue;
      GeneratedRun run{.commit = commit, .configuration = configuration, .outcomes = {}, .duration_ms = {}};
      for (std::uint32_t test = 0; test < kTests; ++test) {
        run.outcomes.push_back(fails(test, configuration, commit) ? kFail : kPass);
        run.duration_ms.push_back(static_cast<std::int32_t>(1 + (test + commit) % 90));
      }
      rows->insert(run);
    }
  }
}

std::size_t count_of(const std::string& text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + word.size())) ++count;
  return count;
}

void measure_uploads(LoopbackClient& client, const std::string& backend, Report& report) {
  constexpr int kUploads = 30;
  std::vector<double> whole, copies, null_parses;
  for (int i = 0; i < kUploads; ++i) {
    const std::string body = make_upload(i);
    for (int repeat = 0; repeat < 3; ++repeat) {
      null_parses.push_back(1e6 * seconds([&] { null_parse(body); }));
      copies.push_back(1e6 * seconds([&] { must_succeed(client.post("/sink", body).status, "sink"); }));
    }
    whole.push_back(1e6 * seconds([&] {
                      const auto answer = client.post("/api/upload", body);
                      must_succeed(answer.status, answer.body);
                    }));
  }
  whole.erase(whole.begin(), whole.begin() + kUploads / 5);  // the first ones learn the names
  const auto ours = percentiles(whole), null = percentiles(null_parses), copy = percentiles(copies);
  report.ratio(
      backend + ": upload of 60,000 results over HTTP, kept as it came as well / (null parse + socket copy)",
      ours.p50 / (null.p50 + copy.p50), null.p50 + copy.p50 > 3000 ? 4 : 5, true,
      format("p50 %.2f ms, ", ours.p50 / 1000) + format("p99 %.2f ms; ", ours.p99 / 1000) +
          format("null parse %.2f ms, ", null.p50 / 1000) + format("copy %.2f ms", copy.p50 / 1000));
}

double requests_a_second(LoopbackClient& client, const std::string& target) {
  constexpr int kRequests = 100;
  must_succeed(client.get(target).status, target);
  const double took = seconds([&] {
    for (int i = 0; i < kRequests; ++i) (void)client.get(target);
  });
  return kRequests / took;
}

void measure_history(LoopbackClient& client, const std::string& backend, std::string& static_body,
                     Report& report) {
  const std::string target = "/api/results/layout-tests/test-3.html?limit=100&recent=false&platform=mac";
  const auto answer = client.get(target);
  must_agree(count_of(answer.body, "\"actual\"") == std::size_t{kConfigurations} * 100,
             "rows of a test's history");
  static_body = answer.body;
  const auto first_time = latency(50, [&](int i) {
    (void)client.get("/api/results/layout-tests/test-" + std::to_string(100 + i) +
                     ".html?limit=100&recent=false&platform=mac");
  });
  report.figure(backend + ": history of a test that nobody asked for since the last write",
                format("p50 %.1f ms", first_time.p50 / 1000));
  const double ours = requests_a_second(client, target), fixed = requests_a_second(client, "/static");
  report.ratio(
      backend + ": history of a test, 40 configurations, limit 100, asked again: requests/s / static body",
      ours / fixed, 0.3, false,
      format("%.0f requests/s against ", ours) + format("%.0f; ", fixed) +
          format("%.0f kB", static_cast<double>(answer.body.size()) / 1000));
}

void measure_suite(LoopbackClient& client, const std::string& backend, std::uint32_t commits,
                   RowBaseline* rows, Report& report) {
  const std::string target =
      "/api/results/layout-tests?recent=false&platform=mac&limit=" + std::to_string(commits);
  LoopbackClient::Answer answer;
  std::vector<double> first, whole;
  for (int i = 0; i < 5; ++i) {
    whole.push_back(1e6 * seconds([&] { answer = client.get(target); }));
    first.push_back(1e6 * answer.first_byte);
  }
  must_agree(count_of(answer.body, "\"start_time\"") == std::size_t{kConfigurations} * commits,
             "runs of a suite");
  std::string text = format("first byte %.0f ms, ", percentiles(first).p50 / 1000) +
                     format("whole %.0f ms, ", percentiles(whole).p50 / 1000) +
                     format("%.1f MB", static_cast<double>(answer.body.size()) / 1e6);
  if (rows) {
    std::size_t runs = 0;
    const double took = seconds([&] { runs = rows->runs().size(); });
    must_agree(runs == std::size_t{kConfigurations} * commits, "runs of the rows");
    text += format("; counted from rows (R1, no JSON) %.0f ms", took * 1000);
  }
  report.figure(backend + ": results of a suite, 40 configurations, " + std::to_string(commits) + " commits",
                text);
}

}  // namespace

void measure_http(std::shared_ptr<storage::Storage> storage, const std::string& backend,
                  std::uint32_t commits, const std::string& folder_of_rows, Report& report) {
  progress(backend + ": WebKit's protocol over HTTP");
  auto model = Model::create(std::move(storage)).value();
  http::Router small, router;
  webkit::Options options;
  options.clock = [] { return from_seconds(kFirstCommit + 100 * 86'400); };
  webkit::mount(router, model, options);
  options.keep_uploads = false;
  webkit::mount(small, model, options);
  std::string static_body;
  router.add({.method = "POST", .pattern = "/sink", .operation = "sink", .handler = [](auto&&...) {
                return http::Response{};
              }});
  router.add({.method = "GET", .pattern = "/static", .operation = "static", .handler = [&](auto&&...) {
                http::Response response;
                response.body = static_body;
                return response;
              }});
  std::unique_ptr<RowBaseline> rows;
  if (!folder_of_rows.empty())
    rows = std::make_unique<RowBaseline>(RowBaseline::Schema::R1, folder_of_rows + "/http_rows.db");
  fill(small, commits, rows.get());
  const Serving serving([&router](const http::Request& request) { return router.dispatch(request); });
  LoopbackClient client(serving.port());
  measure_history(client, backend, static_body, report);
  measure_suite(client, backend, commits, rows.get(), report);
  measure_uploads(client, backend, report);
}

}  // namespace resultsdb::bench
