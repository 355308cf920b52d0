// Work that is stored now and done later, by whoever comes first.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "resultsdb/model.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

/// A job that was taken: nobody else gets it until its lease is over.
struct Job {
  std::string id;
  std::string payload;  ///< JSON text, as it was put
  int attempt = 1;      ///< 1 for the first one
  std::uint64_t version = 0;
};

struct JobOptions {
  std::chrono::seconds lease{600};  ///< after which a job is given to somebody else: who took it died
  int attempts = 5;                 ///< after so many that did not end well a job is dropped
};

/// A queue in a store, first in, first out. Safe for concurrent calls, by several processes too. A worker
/// that is slower than the lease may do a job that another one does as well, so what jobs do must be
/// repeatable.
class JobQueue {
 public:
  /// `name` tells queues of one store apart.
  JobQueue(std::shared_ptr<Model> model, const std::string& name, JobOptions options = {})
      : model_(std::move(model)), collection_("jobs." + name), options_(options) {}

  /// The job is in the store when this returns. InvalidArgument for what is no JSON or too large.
  Status put(std::string payload, Time now);
  /// The oldest job that nobody holds; empty: there is none now. Jobs whose last attempt ended without a word
  /// are dropped.
  Result<std::optional<Job>> take(Time now);
  /// The job is done. False: its lease was over and somebody else has it.
  Result<bool> finish(const Job& job);
  /// It went wrong: the job is free at once, or dropped after its last attempt. True if it is dropped.
  Result<bool> give_back(const Job& job);
  /// All that are not done yet, taken or not.
  Result<std::uint64_t> count();

 private:
  Result<bool> remove(const std::string& id, std::uint64_t version);
  Status rewrite(const Job& job, std::optional<Time> taken_until);

  const std::shared_ptr<Model> model_;
  const std::string collection_;
  const JobOptions options_;
};

}  // namespace resultsdb
