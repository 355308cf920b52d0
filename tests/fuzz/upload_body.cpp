// Bodies of uploads. Whatever comes, the answer is no 5xx, the store stays sound, and the scanner accepts
// what another parser of JSON accepts.
#include <boost/json.hpp>

#include "fuzz/fuzz_server.hpp"
#include "resultsdb/json.hpp"

namespace {

using namespace resultsdb;

bool boost_accepts(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = json::kMaxDepth;
  boost::json::error_code error;
  boost::json::parse(text, error, {}, options);
  return !error;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (boost_accepts(body)) fuzz::expect(json::validate(body).ok(), "what Boost.JSON accepts is valid");
  fuzz::Server server;
  fuzz::expect(server.post("/api/upload", body).status < 500, "no 5xx for an upload");
  fuzz::expect(server.post("/api/upload", body).status < 500, "no 5xx for an upload that is repeated");
  fuzz::expect(server.post("/v1/runs", body).status < 500, "no 5xx for a run");
  const auto report = server.model().check(false);
  fuzz::expect(report.ok() && report.value().problems.empty(), "a clean store");
  return 0;
}
