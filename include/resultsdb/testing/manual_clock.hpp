// A clock that stands still until it is told otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "resultsdb/time.hpp"

namespace resultsdb::testing {

/// Safe for concurrent calls. Copies show and set the same time.
class ManualClock {
 public:
  explicit ManualClock(Time now = from_seconds(1'600'000'000))
      : micros_(std::make_shared<std::atomic<std::int64_t>>(to_micros(now))) {}

  Time now() const { return from_micros(micros_->load()); }
  void set(Time now) { micros_->store(to_micros(now)); }
  /// Negative steps go back.
  void advance(Duration step) { micros_->fetch_add(step.count()); }

  /// What servers and tools take as their clock; follows this one, and may outlive it.
  Clock clock() const {
    return [micros = micros_] { return from_micros(micros->load()); };
  }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> micros_;
};

}  // namespace resultsdb::testing
