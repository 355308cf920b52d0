// Writers and readers on one store at the same time.
#include <atomic>
#include <thread>
#include <vector>

#include "http/native_fixture.hpp"

namespace resultsdb::http {
namespace {

using Concurrent = NativeFixture;

TEST_F(Concurrent, ReadersSeeWholeRunsWhileWritersWrite) {
  constexpr int kWriters = 3, kRunsEach = 15;
  std::atomic<int> writing{kWriters}, wrong{0};
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < kRunsEach; ++i) {
        const std::string variant = std::to_string(w) + '-' + std::to_string(i);
        if (send("POST", "/v1/runs", run_body("\"variant\":\"" + variant + "\",")).status != 201) ++wrong;
      }
      --writing;
    });
  }
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&] {
      do {
        for (const char* target : {"/v1/suite-history?suite=unit", "/v1/history?suite=unit&test=a/two",
                                   "/v1/runs?suite=unit", "/v1/suites", "/v1/stats", "/metrics"}) {
          const Response response = send("GET", target);
          const bool busy = response.status == 409;  // disturbed three times: an answer, too
          if (response.status != 200 && !busy) ++wrong;
        }
      } while (writing > 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(stored_runs(), static_cast<std::uint64_t>(kWriters * kRunsEach));
  const auto history = get("/v1/history?suite=unit&test=a/two");
  EXPECT_EQ(history.at("series").at(0).at("outcomes").as_array().front(), kWriters * kRunsEach);
}

}  // namespace
}  // namespace resultsdb::http
