#include "upload_bench.hpp"

#include <atomic>
#include <boost/json/basic_parser_impl.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "resultsdb/backends/sqlite.hpp"
#include "resultsdb/http/webkit.hpp"

namespace resultsdb::bench {

namespace {

/// Does nothing with what the parser says.
struct NullHandler {
  static constexpr std::size_t max_object_size = std::size_t(-1), max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1), max_string_size = std::size_t(-1);
  using Code = boost::system::error_code;
  using Text = boost::json::string_view;
  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t, Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_key_part(Text, std::size_t, Code&) { return true; }
  bool on_key(Text, std::size_t, Code&) { return true; }
  bool on_string_part(Text, std::size_t, Code&) { return true; }
  bool on_string(Text, std::size_t, Code&) { return true; }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t, Text, Code&) { return true; }
  bool on_uint64(std::uint64_t, Text, Code&) { return true; }
  bool on_double(double, Text, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

http::Request make_request(int number) {
  http::Request request;
  request.method = "POST";
  http::set_target(request, "/api/upload");
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = make_upload(number);
  return request;
}

/// Microseconds that the router takes; ends the program if the upload is refused.
double upload(const http::Router& router, const http::Request& request) {
  http::Response response;
  const double took = 1e6 * seconds([&] { response = router.dispatch(request); });
  if (response.status == 200 && response.body.find("error") == response.body.rfind("error")) return took;
  std::cerr << response.status << ' ' << response.body << '\n';
  std::exit(1);
}

}  // namespace

void null_parse(std::string_view body) {
  boost::json::basic_parser<NullHandler> parser{boost::json::parse_options{}};
  boost::system::error_code code;
  parser.write_some(false, body.data(), body.size(), code);
  if (code) std::exit(1);
}

std::string make_upload(int number) {
  constexpr int kFolders = 600, kTests = 100;
  std::mt19937 random(static_cast<unsigned>(number));
  std::string body =
      R"({"version":0,"suite":"layout-tests","configuration":{"platform":"mac","version":"10.14.0","is_simulator":false,)"
      R"("architecture":"x86_64","style":"release","flavor":"wk2"},"commits":[{"repository_id":"webkit","branch":"main","hash":")";
  const auto digits = std::to_string(number + 1);
  body += std::string(40 - digits.size(), '0') + digits + R"(","timestamp":)" +
          std::to_string(1'600'000'000 + number * 600);
  body += R"(}],"timestamp":)" + std::to_string(1'600'000'300 + number * 600);
  body +=
      R"(,"test_results":{"details":{"link":"https://ci.example.org/1"},"run_stats":{"tests_skipped":0},"results":{)";
  for (int folder = 0; folder < kFolders; ++folder) {
    body += (folder > 0 ? ",\"group-" : "\"group-") + std::to_string(folder) + "\":{";
    for (int test = 0; test < kTests; ++test) {
      body += (test > 0 ? ",\"" : "\"") + std::string("css-selectors-") + std::to_string(test) + ".html\":{";
      const bool always = (folder * kTests + test) % 90 == 7, now = random() % 640 == 0;
      if (always) body += "\"actual\":\"TEXT\",\"expected\":\"TEXT\",";
      if (now && !always) body += "\"actual\":\"TEXT\",";
      body += "\"time\":" + std::to_string(random() % 500) + "}";
    }
    body += '}';
  }
  return body + "}}}";
}

void measure_upload(const std::string& folder, int uploads, bool keep, Report& report) {
  const std::string name =
      keep ? "upload of 60,000 results, kept as it came as well" : "upload of 60,000 results";
  progress(name);
  auto storage =
      backends::open_sqlite({.path = folder + (keep ? "/kept.db" : "/upload.db"), .cache_bytes = 128 << 20})
          .value();
  auto model = Model::create(storage).value();
  http::Router router;
  webkit::Options options{
      .clock = [] { return from_seconds(1'600'900'000); }, .api_keys = nullptr, .ci_masters = {}};
  options.keep_uploads = keep;
  webkit::mount(router, model, options);
  std::vector<double> whole, null_parses;
  std::size_t bytes = 0;
  for (int i = 0; i < uploads; ++i) {
    const http::Request request = make_request(i);
    bytes = request.body.size();
    for (int repeat = 0; repeat < 3; ++repeat) {
      null_parses.push_back(1e6 * seconds([&] { null_parse(request.body); }));
    }
    const double took = upload(router, request);
    if (i >= uploads / 5) whole.push_back(took);  // the first ones learn the names
  }
  const auto ours = percentiles(whole), null = percentiles(null_parses);
  report.ratio(name + ", end to end / null parse", ours.p50 / null.p50, null.p50 > 3000 ? 4 : 5, true,
               format("%.2f MB; ", static_cast<double>(bytes) / 1e6) +
                   format("p50 %.2f ms, ", ours.p50 / 1000) + format("p99 %.2f ms; ", ours.p99 / 1000) +
                   format("null parse %.2f ms", null.p50 / 1000));
}

void measure_upload_with_retention(const std::string& folder, int uploads, Report& report) {
  progress("uploads while old runs are deleted");
  auto storage = backends::open_sqlite({.path = folder + "/retention.db", .cache_bytes = 128 << 20}).value();
  auto model = Model::create(storage).value();
  http::Router router;
  std::atomic<std::int64_t> now = 1'600'000'000;
  webkit::Options options{
      .clock = [&now] { return from_seconds(now); }, .api_keys = nullptr, .ci_masters = {}};
  options.default_ttl_seconds = 28 * 86'400;
  webkit::mount(router, model, options);
  int number = 0;
  const auto measure = [&] {
    std::vector<double> took;
    for (int i = 0; i < uploads; ++i) took.push_back(upload(router, make_request(number++)));
    return percentiles(took);
  };
  (void)measure();  // what will be old; the first ones learn the names
  const auto alone = measure();

  now = 1'600'000'000 + uploads * 600 + options.default_ttl_seconds;  // what came before `alone` is over
  Retention retention(model, *webkit::retention_rule(options).value());
  std::uint64_t deleted = 0;
  std::thread deleting([&] {
    for (bool done = false; !done;) {
      const auto step = retention.step(from_seconds(now)).value();
      deleted += step.deleted;
      done = step.done;
    }
  });
  const auto both = measure();
  deleting.join();
  must_agree(deleted == static_cast<std::uint64_t>(uploads), "number of runs that were over");
  report.figure("upload of 60,000 results while " + std::to_string(uploads) + " old runs are deleted",
                format("p50 %.2f ms, ", both.p50 / 1000) + format("p99 %.2f ms; ", both.p99 / 1000) +
                    format("alone p50 %.2f ms, ", alone.p50 / 1000) +
                    format("p99 %.2f ms", alone.p99 / 1000));
}

}  // namespace resultsdb::bench
