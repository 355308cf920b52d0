// Parameters of queries: the first byte of an input chooses the endpoint, the rest is what follows the `?`.
// Never a 5xx.
#include <array>
#include <cstdlib>
#include <string>

#include "fuzz/fuzz_server.hpp"

namespace {

using namespace resultsdb;

constexpr std::array kPaths = {
    "/api/suites", "/api/layout-tests/tests", "/api/results/layout-tests",
    "/api/results/layout-tests/a/b.html", "/api/commits", "/api/commits/find", "/api/commits/siblings",
    "/api/commits/next", "/api/commits/branches", "/api/upload", "/api/failures/layout-tests",
    "/api/results-summary/layout-tests/a/b.html", "/api/urls", "/api/urls/queue", "/v1/suites", "/v1/runs",
    "/v1/tests", "/v1/history", "/v1/commits", "/v1/branches", "/v1/configurations", "/v1/suite-history",
    "/v1/summary", "/v1/regressions", "/v1/flaky", "/v1/culprit", "/v1/verdict", "/v1/facet-split",
    "/v1/fix-check", "/v1/compare",
    // New ones at the end: the corpus counts them.
    "/v1/overview", "/v1/badge.svg", "/v1/annotations", "/v1/views", "/v1/durations", "/v1/slow",
    "/v1/failures", "/v1/coverage-gaps", "/v1/clusters", "/v1/search"};

/// A few runs on two configurations and two branches.
std::string upload(int number) {
  const std::string digit = std::to_string(number), branch = number > 5 ? "branch-a" : "main";
  return R"({"suite":"layout-tests","configuration":{"platform":")" +
         std::string(number % 2 != 0 ? "mac" : "GTK") +
         R"(","version":"10.14","is_simulator":false,"architecture":"x86_64","style":"release","sdk":"A"},)"
         R"("timestamp":16019900)" +
         digit + R"(0,"commits":[{"repository_id":"tools","branch":")" + branch + R"(","hash":"abc)" + digit +
         R"(","identifier":")" + digit + "@" + branch + R"(","timestamp":16019000)" + digit +
         R"(0}],"test_results":{"details":{"link":"https://ci.example.org/1"},)"
         R"("results":{"a":{"b.html":{"actual":"TEXT","time":)" +
         digit + R"(},"c.html":{}}}}})";
}

fuzz::Server& filled_server() {
  static fuzz::Server server;
  static const bool filled = [] {
    for (int number = 1; number < 9; ++number)
      fuzz::expect(server.post("/api/upload", upload(number)).status == 200, "the uploads are stored");
    return true;
  }();
  (void)filled;
  return server;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string path = kPaths[data[0] % kPaths.size()];
  const std::string_view query(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto response = filled_server().get(path, query);
  fuzz::expect(response.status < 500, "no 5xx at " + path);
  return 0;
}
