#include "engine/timeline_writer.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "domain/check.hpp"

namespace resultsdb::engine {
namespace {

constexpr int kPatience = 2;  // conflicts until a writer claims to be the next one
constexpr int kClaims = 64;
constexpr int kCourtesy = 60;  // milliseconds, at least, that others wait for it

// Briefly, however often: of those who compete one always gets through, and who waits longer falls behind
// further.
void wait_a_moment(int attempt, std::minstd_rand& random) {
  const int most = 100 << std::min(attempt, 4);  // microseconds
  std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution(0, most)(random)));
}

bool same_run(const RunEntry& stored, const PreparedRun& run) {
  return stored.info->digest == run.header.digest &&
         (run.header.id.empty() || run.header.id == stored.info->id);
}

RunEntryPtr find_by_key(const TimelineContents& contents, const RunKey& key) {
  const std::size_t at = contents.lower_bound(key);
  return at < contents.runs.size() && contents.runs[at]->key() == key ? contents.runs[at] : nullptr;
}

/// A run of the same commits with this digest: at the same position, or anywhere if there are no commits to
/// place it.
RunEntryPtr find_by_digest(const TimelineContents& contents, const PreparedRun& run) {
  const bool placed = !run.header.commits.empty();
  const Position position = run.key().position;
  for (std::size_t i = placed ? contents.lower_bound({position, Time::min(), {}}) : 0;
       i < contents.runs.size() && (!placed || contents.runs[i]->info->position == position); ++i) {
    const RunInfo& info = *contents.runs[i]->info;
    if (info.digest == run.header.digest && info.commits == run.header.commits) return contents.runs[i];
  }
  return nullptr;
}

RunEntryPtr find_by_id(const TimelineContents& contents, const std::string& id) {
  const auto found = std::find_if(contents.runs.begin(), contents.runs.end(),
                                  [&](const RunEntryPtr& run) { return run->info->id == id; });
  return found == contents.runs.end() ? nullptr : *found;
}

Status check_order_key(const TimelineContents& contents, OrderKey wanted) {
  if (contents.runs.empty() || contents.row.order_key == wanted) return {};
  return invalid_argument("the timeline is ordered by " + std::string(to_string(contents.row.order_key)) +
                              "; a run ordered by " + std::string(to_string(wanted)) +
                              " needs another branch or configuration",
                          "order_key");
}

}  // namespace

Result<TimelineWriter::Attempt> TimelineWriter::try_write(const Drafting& drafting, Status& applied) {
  std::optional<TimelineDraft> draft;
  {
    RESULTSDB_ASSIGN(const Timeline::Reader reader, timeline_.read());
    draft.emplace(suite_, timeline_, *reader);
    RESULTSDB_ASSIGN(const Decision decision, drafting(*reader, *draft));
    if (decision == Decision::Nothing) return Attempt{};
    applied = suite_.storage().apply(draft->batch());
    RESULTSDB_TRY(applied);
  }
  draft->applied();
  return Attempt{Decision::Write, draft->removed(), draft->added()};
}

// A small batch gets between the large ones of writers who never pause; then they read the timeline anew, and
// find that somebody waits.
Status TimelineWriter::claim(std::uint64_t number) {
  const storage::TimelineId id = timeline_.identity().number;
  for (int attempt = 0; attempt < kClaims; ++attempt) {
    storage::SuiteBatch batch{.suite = suite_.name()};
    RESULTSDB_ASSIGN(batch.timelines, suite_.storage().find_timelines(suite_.name(), {&id, 1}));
    if (batch.timelines.empty()) return {};
    storage::TimelineRow& row = batch.timelines.front();
    RESULTSDB_ASSIGN(TimelineState state, decode_state(row.state));
    if (state.claim != 0) return {};
    state.claim = number;
    ++row.version;
    row.state = encode_state(state);
    const Status status = suite_.storage().apply(batch);
    if (status || status.error().code != ErrorCode::Conflict) return status;
  }
  return {};
}

Status TimelineWriter::let_others_through(std::uint64_t number) {
  for (int waited = 0; waited < kCourtesy; ++waited) {
    {
      RESULTSDB_ASSIGN(const Timeline::Reader reader, timeline_.read());
      if (reader->state.claim == 0 || reader->state.claim == number) return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const Status refreshed = timeline_.refresh();
    if (!refreshed && refreshed.error().code != ErrorCode::Conflict) return refreshed;
  }
  return {};
}

Result<TimelineWriter::Attempt> TimelineWriter::write(const Drafting& drafting) {
  // Other processes must wait otherwise, and have other numbers.
  std::minstd_rand random(
      static_cast<std::uint_fast32_t>(std::chrono::steady_clock::now().time_since_epoch().count()));
  bool validated = false, in_doubt = false;
  const std::uint64_t number = random();
  for (int conflicts = 0;;) {
    if (const Status free = let_others_through(number); !free) {
      if (free.error().code != ErrorCode::Conflict || conflicts >= retries_) return free.error();
      ++conflicts;  // nothing was read yet, and others write faster than this one can
      RESULTSDB_TRY(claim(number));
      continue;
    }
    // What is known is tried first: the batch's precondition validates it. A decision to write nothing, or a
    // refusal, has no precondition and counts only after the timeline was read anew.
    Status applied;
    Result<Attempt> attempt = try_write(drafting, applied);
    if (attempt && (attempt->decision == Decision::Write || validated)) {
      attempt->done_before = in_doubt && attempt->decision == Decision::Nothing;
      return attempt;
    }
    const bool conflict = !attempt && attempt.error().code == ErrorCode::Conflict;
    const bool unanswered = !applied && applied.error().code == ErrorCode::Unavailable;
    if (!applied && !conflict && !unanswered) return attempt;
    if (!attempt && validated && (!conflict || conflicts >= retries_)) return attempt;
    if (conflict) {
      wait_a_moment(conflicts++, random);
      if (conflicts >= kPatience) RESULTSDB_TRY(claim(number));
    }
    in_doubt = in_doubt || unanswered;
    const Status refreshed = timeline_.refresh();
    validated = refreshed.ok();
    if (validated) continue;
    if (refreshed.error().code != ErrorCode::Conflict || conflicts >= retries_) return refreshed.error();
    ++conflicts;  // others wrote faster than this one could read
    RESULTSDB_TRY(claim(number));
  }
}

Result<Ingested> TimelineWriter::put(const PreparedRun& run, const PutOptions& options) {
  RESULTSDB_TRY(domain::check_time("received", options.ingest.received));
  RunEntryPtr equal;
  const Drafting drafting = [&](const TimelineContents& contents, TimelineDraft& draft) -> Result<Decision> {
    RESULTSDB_TRY(check_order_key(contents, run.header.order_key));
    const RunEntryPtr existing = find_by_key(contents, run.key());
    equal = existing && same_run(*existing, run) ? existing : nullptr;
    if (!equal && options.ingest.same_digest_is_same_run && run.digest_given)
      equal = find_by_digest(contents, run);
    if (equal && equal->info->lease_until != options.lease_until && options.lease_until) equal = nullptr;
    if (equal) return Decision::Nothing;
    const bool ended =
        existing && (existing->info->state == RunState::Final || existing->info->state == RunState::Failed);
    if ((existing && options.ingest.if_exists == IngestOptions::IfExists::Refuse) ||
        (ended && options.refuse_finished))
      return make_error(ErrorCode::AlreadyExists,
                        "a run with this position, start and variant is there with other content; replace it "
                        "or give it another variant",
                        "run " + existing->info->id);
    RunArrival arrival{.received = options.ingest.received, .lease_until = options.lease_until};
    if (options.extends && existing && existing->info->digest == options.extends->digest &&
        existing->common_attributes == run.text.common_attributes)
      arrival.fresh = options.extends->fresh;
    RESULTSDB_TRY(draft.put(existing, run, arrival));
    return Decision::Write;
  };
  std::lock_guard lock(timeline_.write_turns);
  RESULTSDB_ASSIGN(const Attempt attempt, write(drafting));
  if (attempt.decision == Decision::Nothing)
    return Ingested{attempt.done_before ? Ingested::Stored::Added : Ingested::Stored::Unchanged, equal->info};
  return Ingested{attempt.removed ? Ingested::Stored::Replaced : Ingested::Stored::Added,
                  attempt.added->info};
}

Result<bool> TimelineWriter::erase(const std::string& id, std::optional<Time> received_before) {
  std::lock_guard lock(timeline_.write_turns);
  RESULTSDB_ASSIGN(const Attempt attempt,
                   write([&](const TimelineContents& contents, TimelineDraft& draft) -> Result<Decision> {
                     const RunEntryPtr run = find_by_id(contents, id);
                     if (!run || (received_before && run->info->received >= *received_before))
                       return Decision::Nothing;
                     RESULTSDB_TRY(draft.erase(run));
                     return Decision::Write;
                   }));
  return attempt.decision == Decision::Write || attempt.done_before;
}

Result<bool> TimelineWriter::expire(const std::string& id, Time now) {
  std::lock_guard lock(timeline_.write_turns);
  RESULTSDB_ASSIGN(const Attempt attempt,
                   write([&](const TimelineContents& contents, TimelineDraft& draft) -> Result<Decision> {
                     const RunEntryPtr run = find_by_id(contents, id);
                     if (!run || run->info->state != RunState::Running || !run->info->lease_until ||
                         *run->info->lease_until > now)
                       return Decision::Nothing;
                     storage::RunQuery query{.suite = suite_.name(), .id = id};
                     RESULTSDB_ASSIGN(auto page, suite_.storage().find_runs(query, {.limit = 1}));
                     if (page.rows.empty())
                       return make_error(ErrorCode::Conflict, "the run is gone", "run " + id);
                     storage::RunRow row = std::move(page.rows.front());
                     row.state = RunState::Incomplete;
                     row.lease_until.reset();
                     RESULTSDB_TRY(draft.rewrite(run, std::move(row)));
                     return Decision::Write;
                   }));
  return attempt.decision == Decision::Write || attempt.done_before;
}

}  // namespace resultsdb::engine
