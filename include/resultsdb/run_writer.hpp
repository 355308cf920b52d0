// Writing a run while it goes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

/// Made by Model::start_run(). Until finish() the run is *running*, with a lease of ModelOptions::lease from
/// its last checkpoint; if the process dies, everything checkpointed stays, and readers see the run as
/// *incomplete* once the lease is over. Tests that were not reported have no result: nothing reads as a pass
/// that was not one. Not safe for concurrent use; move-only. Destroying an unfinished writer leaves the run
/// as last checkpointed.
class RunWriter {
 public:
  class Implementation;
  explicit RunWriter(std::unique_ptr<Implementation> implementation);
  RunWriter(RunWriter&&) noexcept;
  RunWriter& operator=(RunWriter&&) noexcept;
  ~RunWriter();

  /// Public id of the run.
  const std::string& id() const;
  /// Announces tests that will run. Those without a result at finish() are recorded as lost.
  Status plan(std::string_view test);
  /// Keeps a result in memory until the next checkpoint. A second result of one test is AlreadyExists.
  Status add(const TestResult& result);
  /// Makes everything so far durable. Blocks for one transaction. `now` starts the lease anew. AlreadyExists
  /// if somebody else has ended the run meanwhile: that stays as it is.
  Status checkpoint(Time now);
  /// Writes the rest and ends the run as Final, Failed or Incomplete. Nothing but destruction is allowed
  /// after it succeeded; after a failure it may be repeated.
  Status finish(Time now, RunState state = RunState::Final);

 private:
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace resultsdb
