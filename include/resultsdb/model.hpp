// The one entry to everything: hand runs in, ask for history.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/document.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/repository.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"
#include "resultsdb/run_writer.hpp"
#include "resultsdb/storage/storage.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

struct ModelOptions {
  RepositoryList repositories;
  std::chrono::seconds lease{600};              ///< of running runs
  std::vector<std::string> indexed_attributes;  ///< names that RunsQuery::attributes may ask for
  int conflict_retries = 16;                    ///< how often a write is repeated after Conflict
};

struct IngestOptions {
  Time received{};  ///< when the run came in
  /// What to do if a run with the same natural key is there. A run with the same key and an equal digest is
  /// always left as it is (Stored::Unchanged).
  enum class IfExists { Replace, Refuse } if_exists = IfExists::Replace;
  /// A run of the timeline with the same commits and an equal, given digest counts as the same run, whatever
  /// its start (files whose start time was guessed).
  bool same_digest_is_same_run = false;
};

struct Ingested {
  enum class Stored { Added, Replaced, Unchanged } stored = Stored::Added;
  RunInfoPtr run;
};

struct Progress {
  std::string step;
  std::uint64_t done = 0, total = 0;  ///< total 0: unknown
};
/// Called now and then from the calling thread; returning false stops the work (Unavailable "stopped").
using ProgressCallback = std::function<bool(const Progress&)>;

struct CheckReport {
  std::vector<Problem> problems;
  std::uint64_t runs = 0, results = 0, changes = 0;
  bool repaired = false;
};

struct PurgeOptions {
  std::string suite;  ///< empty: all
  Selection selection;
  RunRange range;  ///< at least one bound, or `run`
  std::optional<Time> received_before;
  std::string run;  ///< public id: this run alone; AlreadyExists if `suite` is empty and several have it
  bool dry_run = false;
};

struct ImportReport {
  std::uint64_t runs_added = 0, runs_unchanged = 0, commits = 0, documents = 0, attachments = 0;
};

/// A commit found by a reference.
struct ResolvedCommit {
  Commit commit;            ///< with position
  bool registered = false;  ///< it was unknown to the store and is registered now
};

/// Safe for concurrent calls; cheap to construct on an open Storage; keeps caches that are validated by
/// timeline versions with every call. All functions block. Reads that several writers disturb are repeated
/// three times, then Conflict.
class Model {
 public:
  static Result<std::shared_ptr<Model>> create(std::shared_ptr<storage::Storage> storage,
                                               ModelOptions options = {});
  ~Model();

  storage::Storage& storage();

  // --- writing
  /// One finished run, all or nothing. InvalidArgument names the member that is wrong; AlreadyExists: refused
  /// by `if_exists`, or the public id belongs to another run.
  Result<Ingested> ingest(const Run& run, const IngestOptions& options);
  Result<RunWriter> start_run(RunHeader header, Time now);
  /// Stores running runs whose lease is over as Incomplete; returns how many.
  Result<std::uint64_t> expire_runs(Time now);
  /// Deletes runs; what they said is gone from every answer. Returns how many.
  Result<std::uint64_t> purge(const PurgeOptions& options, const ProgressCallback& progress = {});

  // --- reading
  /// Those that have runs, by name.
  Result<std::vector<SuiteInfo>> suites();
  Result<ItemPage<std::string>> tests(const TestsQuery& query);
  Result<std::uint64_t> count_tests(std::string_view suite);
  /// By (branch, configuration key). `suite` empty: InvalidArgument.
  Result<std::vector<TimelineInfo>> timelines(std::string_view suite, const Selection& selection = {});
  Result<std::vector<RunInfoPtr>> runs(const RunsQuery& query);
  /// By public id; `suite` empty: every suite is asked. Empty if there is none; AlreadyExists if several
  /// suites have that id.
  Result<std::optional<RunInfoPtr>> find_run(std::string_view suite, std::string_view id, Time now);
  Result<History> history(const HistoryQuery& query);
  /// NotFound if there is no such run.
  Result<RunResults> results(const RunResultsQuery& query, Time now);

  // --- commits
  /// Repositories that the store or ModelOptions know, by key.
  Result<std::vector<std::string>> repositories();
  std::shared_ptr<Repository> repository(std::string_view key) const;  ///< null if none was given
  /// Stores commits in the order given (parents first); positions are given here and stay for ever: a commit
  /// that is there (same repository, branch and id) keeps its own, and a field that is missing never erases a
  /// stored one. `prescribed`: the commits' own positions are taken instead (for protocols that prescribe
  /// them).
  /// `overwrite` (only with `prescribed`): branch, position and id together name a commit. One that is there
  /// is replaced as a whole, the same id at another position is another commit.
  Result<std::vector<Commit>> register_commits(std::span<const Commit> commits, bool prescribed = false,
                                               bool overwrite = false);
  Result<ItemPage<Commit>> commits(const CommitsQuery& query);
  Result<std::vector<std::string>> branches(std::string_view repository, std::string_view prefix = {});
  /// Finds `REPOSITORY@REF` in the store, then asks the Repository and registers what it answers. A full hash
  /// that nobody knows is registered with `fallback_time` (if given). NotFound otherwise, with what to do.
  Result<ResolvedCommit> resolve(const RepositoryReference& reference, std::optional<Time> fallback_time);

  // --- documents
  Result<std::optional<Document>> get_document(std::string_view collection, std::string_view key);
  Result<ItemPage<Document>> documents(const DocumentsQuery& query);
  Status change_documents(const DocumentChanges& changes);

  // --- whole store
  /// Canonical blobs, derived rows and their agreement; `repair` rebuilds what is derived.
  Result<CheckReport> check(bool repair, const ProgressCallback& progress = {});
  struct ExportOptions {
    std::string suite;  ///< empty: all, and the commits, documents and attachments
    bool with_received = false;
  };
  /// JSON lines by natural keys, sorted: equal contents give equal bytes on any backend. ResourceExhausted if
  /// `out` does not take everything.
  Status export_to(std::ostream& out, const ExportOptions& options, const ProgressCallback& progress = {});
  /// What export_to() wrote. Each run is its own transaction; documents replace those of the same key,
  /// commits those of the same branch, place and id; repeating it changes nothing. All runs without a time of
  /// receipt are received when it begins.
  Result<ImportReport> import_from(std::istream& in, const Clock& clock,
                                   const ProgressCallback& progress = {});

 private:
  friend class Answers;
  class Implementation;
  explicit Model(std::unique_ptr<Implementation> implementation);
  std::shared_ptr<Implementation> implementation_;  // shared with the RunWriters
};

/// Opaque public ids, derived from natural keys: `t_…`, `c_…`, `r_…`.
std::string timeline_id(std::string_view suite, std::string_view branch, const Configuration& configuration);
std::string configuration_id(const Configuration& configuration);
std::string run_id(std::string_view suite, std::string_view branch, const Configuration& configuration,
                   Position position, Time started, std::string_view variant);

}  // namespace resultsdb
