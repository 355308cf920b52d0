// What this process knows about one suite: its dictionaries and timelines.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/name_dictionary.hpp"
#include "engine/outcome_dictionary.hpp"
#include "engine/timeline.hpp"
#include "resultsdb/configuration.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::engine {

/// Listed timelines by (branch, configuration key).
using TimelineList = std::vector<TimelinePtr>;

class Snapshot;

/// Safe for concurrent use.
class Suite {
 public:
  /// About what runs and tracks in memory may take.
  static constexpr std::size_t kKeptBytes = 1'000'000'000;
  Suite(storage::Storage& storage, std::string name, std::size_t kept_bytes = kKeptBytes);

  storage::Storage& storage() { return storage_; }
  const std::string& name() const { return name_; }
  NameDictionary& names() { return names_; }
  OutcomeDictionary& outcomes() { return outcomes_; }

  /// The timeline that a writer wants, made if it is not there (and not listed before the first batch).
  Result<TimelinePtr> open_timeline(std::string_view branch, const Configuration& configuration);
  /// Timelines listed in the store, after one call that learns their versions, or that nothing was written.
  Result<std::shared_ptr<const TimelineList>> refresh();
  /// The same from the rows of all listed timelines, which the caller has just read.
  Result<std::shared_ptr<const TimelineList>> learn(std::span<const storage::TimelineRow> rows,
                                                    std::optional<std::uint64_t> revision = {});
  /// True if the store said by itself whether anything was written: refresh() mostly reads no row.
  bool has_revisions() const;
  /// As refresh() left them.
  std::shared_ptr<const TimelineList> known() const;
  /// A listed timeline; null if there is none of that number.
  Result<TimelinePtr> find_timeline(storage::TimelineId number);
  /// Notes that timelines are used; now and then, unload_unused().
  void used(Timeline& timeline);
  void used(const Snapshot& snapshot);
  /// Unloads timelines, those unused for longest first, until the others take no more than they may. The one
  /// used last stays, and so do those that are busy at this moment.
  void unload_unused();

 private:
  Result<TimelineIdentity> identify(storage::TimelineId number, const storage::TimelineKey& key);
  Result<std::pair<std::string, Configuration>> configuration(storage::ConfigurationId id);
  Result<TimelinePtr> make_timeline(const storage::TimelineRow& row);

  storage::Storage& storage_;
  const std::string name_;
  const std::size_t kept_bytes_;
  NameDictionary names_;
  OutcomeDictionary outcomes_;
  std::atomic<std::uint64_t> uses_{0};
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<storage::TimelineId, TimelinePtr> timelines_;
  std::map<std::pair<std::string, std::string>, TimelinePtr> by_name_;  // (branch, configuration key)
  std::map<storage::ConfigurationId, std::pair<std::string, Configuration>> configurations_;
  std::shared_ptr<const TimelineList> listed_;
  std::optional<std::uint64_t> listed_at_;  // revision of the store before the list was read
};
using SuitePtr = std::shared_ptr<Suite>;

/// The timelines of one read and the versions at which it saw them. A body that reads the store opens its
/// timelines here first; when it is done, the versions are compared with the store.
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const TimelineList> list) : list_(std::move(list)) {}

  const TimelineList& timelines() const { return *list_; }
  std::span<const std::pair<Timeline*, std::uint64_t>> seen() const { return seen_; }
  /// Shared access to the runs of one timeline; see Timeline::Reader.
  Result<Timeline::Reader> open(Timeline& timeline);
  /// As open(), for who has read it already.
  void note(Timeline& timeline, std::uint64_t version) { seen_.emplace_back(&timeline, version); }
  /// For a body that reads the store once: `now` came with what it read, or after it. If nothing has changed
  /// up to there, its answer needs no other check, unless it reads on, which it says by reads_on().
  void validate(const TimelineList& now);
  void reads_on() { validated_ = false; }
  /// True if the answer is valid, and what hangs on the runs was known all the time.
  bool is_validated() const { return validated_ && reads_ == reads(); }
  /// True if nothing that was opened has changed, and `now` lists the same timelines.
  bool same(const TimelineList& now) const;
  /// True if each timeline that was opened was seen at one version, and all that was written since is runs
  /// behind those it had: an answer from changes and outcomes of the runs that were seen is still right.
  bool only_grew() const;

 private:
  std::uint64_t reads() const;

  std::shared_ptr<const TimelineList> list_;
  std::vector<std::pair<Timeline*, std::uint64_t>> seen_;
  bool validated_ = false;
  std::uint64_t reads_ = 0;  // of the opened timelines when it was validated
};

inline constexpr int kFreshAttempt = 1;  // the first that knows of all that was written before the call

/// What becomes of an answer when runs are added behind those it saw, and durations of older ones folded.
enum class Growth { Spoils, Harmless };

/// Runs `body(Snapshot&)` (a Result) until its answer belongs to one state of the timelines it opened: at
/// first with what is known, then three times more. One store call validates an answer, if none of the body
/// did. Where writers never pause and growth is harmless, an answer counts if each timeline, by itself, is as
/// it was at some moment of this call.
template <class Body>
auto read_consistently(Suite& suite, Growth growth, Body body) -> decltype(body(std::declval<Snapshot&>())) {
  auto list = suite.known();
  if (!list) {
    RESULTSDB_ASSIGN(list, suite.refresh());
  }
  for (int attempt = 0; attempt < 4; ++attempt) {
    Snapshot snapshot(list);
    auto answer = body(snapshot);
    suite.used(snapshot);
    if (answer && snapshot.is_validated()) return answer;
    RESULTSDB_ASSIGN(list, suite.refresh());
    if (snapshot.same(*list) ||
        (attempt >= kFreshAttempt && growth == Growth::Harmless && snapshot.only_grew()))
      return answer;
  }
  return make_error(ErrorCode::Conflict,
                    "the timelines were written during every one of four reads; repeat the call",
                    "suite " + suite.name());
}

/// What a Selection asks of the fixed parts of a timeline.
bool matches(const Selection& selection, const TimelineIdentity& timeline);
TimelineInfo to_info(const TimelineIdentity& timeline, const storage::TimelineRow& row);

}  // namespace resultsdb::engine
