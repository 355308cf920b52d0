#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "resultsdb/model.hpp"

namespace resultsdb::cli {

/// A line on the standard error that is drawn anew, if that is a terminal; nothing otherwise. Cleared when
/// destroyed.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `total` 0: not known.
  void update(std::uint64_t done, std::uint64_t total);
  ProgressCallback callback();

 private:
  std::string label_;
  bool visible_;
  std::chrono::steady_clock::time_point last_{};
};

/// Says what is waited for if it takes more than a second and a person reads the standard error. Cleared when
/// destroyed.
class SlowNote {
 public:
  explicit SlowNote(std::string text);

 private:
  std::jthread thread_;
};

}  // namespace resultsdb::cli
