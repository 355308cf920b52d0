// Who writes next among the threads of this process.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace resultsdb::engine {

/// A mutex that is had in the order of asking: nobody who lets go of it gets it again before those who wait.
class Turns {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = asked_++;
    turn_.wait(lock, [&] { return served_ == mine; });
  }
  void unlock() {
    {
      std::lock_guard lock(mutex_);
      ++served_;
    }
    turn_.notify_all();
  }
  /// Those who asked and have not got it.
  std::uint64_t waiting() {
    std::lock_guard lock(mutex_);
    return asked_ == served_ ? 0 : asked_ - served_ - 1;
  }

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::uint64_t asked_ = 0, served_ = 0;
};

}  // namespace resultsdb::engine
