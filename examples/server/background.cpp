#include "background.hpp"

#include <chrono>
#include <exception>
#include <iostream>
#include <utility>

using namespace resultsdb;

namespace {

constexpr std::chrono::seconds kTidyEvery{30};
/// Jobs of other processes, and those whose worker died, tell nobody.
constexpr std::chrono::seconds kLookForJobsEvery{10};

}  // namespace

Tidier::Tidier(const std::shared_ptr<Model>& model, Clock clock, std::vector<Chore> chores)
    : chores_(std::move(chores)) {
  thread_ = std::thread([this, model, clock = std::move(clock)] { run(*model, clock); });
}

Tidier::~Tidier() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Tidier::run(Model& model, const Clock& clock) {
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    if (const auto expired = model.expire_runs(clock()); !expired) {
      std::cerr << "resultsdb-server: expiring runs: " << expired.error() << '\n';
    }
    for (const Chore& chore : chores_) delete_old(chore, clock);
    lock.lock();
  } while (!wake_.wait_for(lock, kTidyEvery, [this] { return stopping_; }));
}

bool Tidier::is_stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Tidier::delete_old(const Chore& chore, const Clock& clock) {
  for (bool done = false; !done && !is_stopping();) {
    const auto step = chore(clock());
    if (!step) std::cerr << "resultsdb-server: deleting what is over: " << step.error() << '\n';
    done = !step || step->done;
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::start(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void Workers::wake() {
  {
    const std::lock_guard lock(mutex_);
    ++jobs_;
  }
  wake_.notify_one();
}

void Workers::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const unsigned seen = jobs_;
    lock.unlock();
    const bool worked = work();
    lock.lock();
    if (!worked) wake_.wait_for(lock, kLookForJobsEvery, [&] { return stopping_ || jobs_ != seen; });
  }
}

bool Workers::work() try {
  const auto done = work_();
  if (!done) std::cerr << "resultsdb-server: " << done.error() << '\n';
  return done && *done;
} catch (const std::exception& exception) {
  std::cerr << "resultsdb-server: a worker: " << exception.what() << '\n';
  return false;
}
