// Sends recorded exchanges of the original over a socket to the program, on each backend.
#include <gtest/gtest.h>

#include "compat/webkit/replay.hpp"
#include "http/raw_client.hpp"
#include "support/server_program.hpp"
#include "support/stores.hpp"

namespace resultsdb::webkit {
namespace {

std::string bytes_of(const http::Request& request) {
  std::string bytes = request.method + ' ' + request.target + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto& [name, value] : request.headers) bytes += name + ": " + value + "\r\n";
  return bytes + "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
}

http::Response response_of(const http::RawResponse& raw) {
  http::Response response;
  response.status = raw.status;
  response.body = raw.body;
  std::size_t at = raw.head.find("\r\n") + 2;
  while (at < raw.head.size()) {
    const std::size_t colon = raw.head.find(": ", at), end = raw.head.find("\r\n", at);
    response.headers.emplace_back(raw.head.substr(at, colon - at),
                                  raw.head.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  return response;
}

class SocketReplay : public ::testing::TestWithParam<testing::Scenario> {};

TEST_P(SocketReplay, AnswersAsRecorded) {
  const auto& [backend, scenario] = GetParam();
  const resultsdb::testing::TestStore store(backend);
  const std::string folder = testing::golden_folder();
  std::vector<std::string> arguments = {"--store",        store.url,
                                        "--listen",       "127.0.0.1:0",
                                        "--repositories", folder + "repositories.json",
                                        "--ci",           folder + "ci.json",
                                        "--clock",        std::to_string(testing::kRecordedAt)};
  if (testing::is_asynchronous(scenario))
    arguments.insert(arguments.end(), {"--async-processing", "--workers", "0"});
  resultsdb::testing::ServerProgram server(std::move(arguments));
  http::RawClient client(server.port());
  testing::replay(scenario, backend + " over a socket", [&](const http::Request& request) {
    client.send(bytes_of(request));
    const auto answer = client.receive(request.method == "HEAD");
    EXPECT_TRUE(answer) << "no answer";
    return answer ? response_of(*answer) : http::Response{.status = 0};
  });
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(Recorded, SocketReplay,
                         ::testing::Combine(::testing::ValuesIn(resultsdb::testing::backends()),
                                            ::testing::ValuesIn(testing::scenarios())),
                         testing::scenario_name);

}  // namespace
}  // namespace resultsdb::webkit
