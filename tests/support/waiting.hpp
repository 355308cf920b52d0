// Waiting for what another process or thread does: by asking, with a limit that only a broken program meets.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace resultsdb::testing {

/// True once `done()` is; false if it is not after `patience`.
template <class Condition>
bool comes_true(Condition done, std::chrono::seconds patience = std::chrono::seconds(30)) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// The same, failing the test.
template <class Condition>
void wait_until(Condition done, std::chrono::seconds patience = std::chrono::seconds(30)) {
  ASSERT_TRUE(comes_true(done, patience)) << "it never happened";
}

}  // namespace resultsdb::testing
