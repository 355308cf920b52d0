// What the server does beside answering goes on, whatever goes wrong.
#include "../../examples/server/background.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/testing/faulty_storage.hpp"

namespace resultsdb {
namespace {

/// Takes what is told meanwhile.
class Told {
 public:
  Told() : before_(std::cerr.rdbuf(text_.rdbuf())) {}
  ~Told() { std::cerr.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* const before_;
};

const Clock kClock = [] { return from_seconds(1'600'000'000); };

TEST(Background, AnExceptionEndsNoChoreButItsOwn) {
  const auto storage = std::make_shared<testing::FaultyStorage>(
      backends::open_memory(), [](const auto&) -> Status { throw std::runtime_error("no memory for runs"); });
  const Told told;
  std::promise<void> reached;
  std::atomic<bool> once{false};
  {
    Tidier tidier(
        Model::create(storage).value(), kClock,
        {[](Time) -> Result<Retention::Step> { throw std::runtime_error("no memory for archives"); },
         [](Time) -> Result<Retention::Step> { return make_error(ErrorCode::Corrupt, "a damaged one"); },
         [&](Time) -> Result<Retention::Step> {
           if (!once.exchange(true)) reached.set_value();
           return Retention::Step{.deleted = 0, .done = true};
         }});
    reached.get_future().get();
  }
  for (const char* expected : {"expiring runs: no memory for runs\n",
                               "deleting what is over: no memory for archives\n", "a damaged one\n"})
    EXPECT_NE(told.text().find(expected), std::string::npos) << told.text();
}

TEST(Background, AnExceptionEndsNoWorker) {
  const Told told;
  std::promise<void> reached;
  std::atomic<int> calls{0};
  {
    Workers workers([&]() -> Result<bool> {
      if (calls++ == 0) throw std::runtime_error("no memory");
      if (calls == 2) reached.set_value();
      return false;
    });
    workers.start(1);
    while (calls == 0) std::this_thread::yield();
    workers.wake();
    reached.get_future().get();
  }
  EXPECT_NE(told.text().find("a worker: no memory\n"), std::string::npos) << told.text();
}

}  // namespace
}  // namespace resultsdb
