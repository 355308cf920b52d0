// What the server does beside answering.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "resultsdb/model.hpp"
#include "resultsdb/retention.hpp"

/// Deletes some of what is over; called until it is done.
using Chore = std::function<resultsdb::Result<resultsdb::Retention::Step>(resultsdb::Time)>;

/// Now and then, stores running runs whose lease is over as incomplete, and does the chores.
class Tidier {
 public:
  Tidier(const std::shared_ptr<resultsdb::Model>& model, resultsdb::Clock clock, std::vector<Chore> chores);
  ~Tidier();

 private:
  void run(resultsdb::Model& model, const resultsdb::Clock& clock);
  bool is_stopping();
  void delete_old(const Chore& chore, const resultsdb::Clock& clock);

  const std::vector<Chore> chores_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

/// Threads that work a queue off.
class Workers {
 public:
  /// `work` does one job; false: there is none. Called from several threads at once.
  explicit Workers(std::function<resultsdb::Result<bool>()> work) : work_(std::move(work)) {}
  /// Ends after the jobs that are being done.
  ~Workers();
  void start(int threads);
  /// There is a new job. From any thread.
  void wake();

 private:
  void run();
  /// Does one job; false: there is none, or it went wrong.
  bool work();

  const std::function<resultsdb::Result<bool>()> work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  unsigned jobs_ = 0;  ///< how often there was a new one
  std::vector<std::thread> threads_;
};
