#include "background.hpp"

#include <chrono>
#include <exception>
#include <iostream>
#include <sstream>
#include <string_view>
#include <utility>

using namespace resultsdb;

namespace {

constexpr std::chrono::seconds kTidyEvery{30};
/// Jobs of other processes, and those whose worker died, tell nobody.
constexpr std::chrono::seconds kLookForJobsEvery{10};

/// Tells what went wrong; that ends neither the thread nor the server.
template <class Work>
auto guard(std::string_view what, Work work) -> decltype(work()) {
  const auto tell = [&](const auto& problem) {
    std::ostringstream line;  // written at once: others write too
    line << "resultsdb-server: " << what << ": " << problem << '\n';
    std::cerr << line.str();
  };
  try {
    auto done = work();
    if (!done) tell(done.error());
    return done;
  } catch (const std::exception& exception) {
    tell(exception.what());
    return make_error(ErrorCode::Internal, exception.what());
  }
}

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
    static_cast<void>(guard("expiring runs", [&] { return model.expire_runs(clock()); }));
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
    const auto step = guard("deleting what is over", [&] { return chore(clock()); });
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

bool Workers::work() {
  const auto done = guard("a worker", work_);
  return done && *done;
}
