#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <iostream>
#include <mutex>

namespace resultsdb::cli {

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)), visible_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (visible_) std::cerr << "\r\033[K" << std::flush;
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total) {
  constexpr std::uint64_t kWidth = 30;
  const auto now = std::chrono::steady_clock::now();
  if (!visible_ || now - last_ < std::chrono::milliseconds{100}) return;
  last_ = now;
  std::cerr << '\r' << label_ << ' ';
  if (total > 0) {
    const auto full = std::min(kWidth, done * kWidth / total);
    std::cerr << '[' << std::string(full, '#') << std::string(kWidth - full, '.') << "] " << done << '/'
              << total;
  } else {
    std::cerr << done;
  }
  std::cerr << "\033[K" << std::flush;
}

SlowNote::SlowNote(std::string text) {
  if (isatty(STDERR_FILENO) != 1) return;
  thread_ = std::jthread([text = std::move(text)](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any over;
    std::unique_lock lock(mutex);
    const auto ended = [&] { return stop.stop_requested(); };
    if (over.wait_for(lock, stop, std::chrono::seconds{1}, ended)) return;
    std::cerr << text << " …" << std::flush;
    over.wait(lock, stop, ended);
    std::cerr << "\r\033[K" << std::flush;
  });
}

ProgressCallback ProgressBar::callback() {
  return [this](const Progress& progress) {
    update(progress.done, progress.total);
    return true;
  };
}

}  // namespace resultsdb::cli
