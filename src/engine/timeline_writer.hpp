// Writes runs to one timeline: what is canonical and what is derived, in one batch.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/prepared_run.hpp"
#include "engine/suite.hpp"
#include "engine/timeline.hpp"
#include "engine/timeline_draft.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::engine {

struct PutOptions {
  IngestOptions ingest;
  std::optional<Time> lease_until;  ///< of a running run; stored anew even if nothing else changed
  bool refuse_finished = false;     ///< AlreadyExists if a run of the same key has ended
  /// Given by who stored an earlier part of the run: its digest, and the tests (ascending) that came since.
  struct Extension {
    std::string digest;
    std::vector<storage::TestId> fresh;
  };
  std::optional<Extension> extends;
};

/// Repeats a write after Conflict, at most `retries` times, and once if the store went away before it
/// answered: then the batch may have been applied, and a repeat that finds everything done counts as having
/// done it.
class TimelineWriter {
 public:
  TimelineWriter(Suite& suite, Timeline& timeline, int retries)
      : suite_(suite), timeline_(timeline), retries_(retries) {}

  /// One run, as Model::ingest() describes it.
  Result<Ingested> put(const PreparedRun& run, const PutOptions& options);
  /// Deletes the run with this public id; false if the timeline has none, or it was received at that time or
  /// later.
  Result<bool> erase(const std::string& id, std::optional<Time> received_before = {});
  /// Stores the running run with this public id as incomplete if its lease was over at `now`; else false.
  Result<bool> expire(const std::string& id, Time now);

 private:
  enum class Decision { Write, Nothing };
  /// Looks at the runs and drafts a batch, or decides that there is nothing to write.
  using Drafting = std::function<Result<Decision>(const TimelineContents& contents, TimelineDraft& draft)>;
  struct Attempt {
    Decision decision = Decision::Nothing;
    RunEntryPtr removed, added;
    bool done_before = false;  ///< nothing is left to write, perhaps because an unanswered batch was applied
  };
  Result<Attempt> write(const Drafting& drafting);
  /// Asks the others to wait: see TimelineState::claim.
  Status claim(std::uint64_t number);
  /// Waits while somebody else's claim stands, but not for one who died.
  Status let_others_through(std::uint64_t number);
  /// `applied` is what the store said, if it came to that.
  Result<Attempt> try_write(const Drafting& drafting, Status& applied);

  Suite& suite_;
  Timeline& timeline_;
  const int retries_;
};

}  // namespace resultsdb::engine
