// WebKit's results protocol below /api (component resultsdb::webkit).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resultsdb/http/api_keys.hpp"
#include "resultsdb/http/router.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/retention.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::webkit {

/// A Buildbot master: the numbers of its builders and workers, by name.
struct CiMaster {
  std::string host;
  std::map<std::string, std::int64_t> builders, workers;
};
/// Reads `{"masters":[{"master":HOST,"builders":[{"name","builderid"}],"workers":[{"name","workerid"}]}]}`.
Result<std::vector<CiMaster>> load_ci_masters(const std::string& path);

/// A Bugzilla where people report failures: the form for a new bug, filled in. Nothing is filed by itself.
struct Bugzilla {
  std::string name;  ///< as the protocol names it
  std::string form;  ///< address
  std::string product, version;
  std::string component;                          ///< if nothing else fits
  std::map<std::string, std::string> of_suites;   ///< components of suites
  std::map<std::string, std::string> of_folders;  ///< of folders in a test's path; the deepest one counts
};
/// WebKit's own, `bugzilla`.
Bugzilla webkit_bugzilla();

/// How closely to follow the original where it does odd things; docs/compat/webkit.md lists the differences.
enum class ProfileName : std::uint8_t {
  Webkit,           ///< as release 3.1.10 does
  WebkitCorrected,  ///< as its users would expect
};
/// `webkit` or `webkit-corrected`; InvalidArgument names both.
Result<ProfileName> parse_profile(std::string_view name);

struct Options {
  Clock clock;  ///< required
  ProfileName profile = ProfileName::Webkit;
  std::optional<bool>
      ews;  ///< the routes for results before changes land; else only `webkit-corrected` has them
  std::shared_ptr<const http::ApiKeys> api_keys;  ///< of writers, also as member `api_key`; null: not asked
  bool allow_anonymous_writes = false;            ///< from other than loopback, if there are no keys
  std::int64_t default_ttl_seconds =
      5 * 365 * 86'400;  ///< retention of runs, counted from the commit; 0: for ever. See retention_rule()
  /// Retention of archives, counted from the commit; none: as runs; 0: for ever. See ArchiveRetention.
  std::optional<std::int64_t> archive_ttl_seconds = 8 * 7 * 86'400;
  std::uint64_t max_archive_bytes = 500u << 20;
  std::vector<CiMaster> ci_masters;
  std::vector<Bugzilla> bug_trackers = {webkit_bugzilla()};
  bool keep_uploads = true;  ///< as they came, to be read and processed again; always if async_processing
  bool async_processing = false;  ///< uploads are stored and queued, for process_queued_upload()
  std::function<void()> queued;   ///< called when one was queued, from the request's thread; may be empty
};

/// Adds the routes of the protocol. Repositories are those of the model.
void mount(http::Router& router, std::shared_ptr<Model> model, const Options& options);

/// Stores a recorded upload as `POST /api/upload` does, without asking for a key, and gives its answer: what
/// each step of the processing says. The errors are the endpoint's.
Result<std::string> ingest_upload(std::shared_ptr<Model> model, const Options& options, std::string document);

/// Whether requests leave work to process_queued_upload(): uploads that are processed later, and with the
/// profile `webkit-corrected` questions for identifiers of commits.
bool needs_workers(const Options& options);

/// What a worker does: takes the upload that was queued first, processes it, ends its job. False: there is
/// none that nobody holds. Safe for concurrent calls, by several processes too: an upload whose worker died
/// is free again after ten minutes, and one processed twice is as one processed once; of two uploads of one
/// run the later one counts, whoever is done first. After an error the upload is free at once, or dropped
/// after the fifth attempt; it stays in the store and can be processed again.
Result<bool> process_queued_upload(std::shared_ptr<Model> model, const Options& options);

/// Whether the body of such a request may be large and belongs in a file: that of an archive. For
/// http::ServerOptions::to_file.
bool takes_large_body(std::string_view method, std::string_view path);

/// Deletes archives whose time is over and what interrupted uploads of archives left, in small steps. One
/// thread at a time; several processes may work on one store.
class ArchiveRetention {
 public:
  /// InvalidArgument for a time to live of less than two weeks.
  static Result<ArchiveRetention> create(std::shared_ptr<Model> model, const Options& options);
  /// Looks at some dozens of archives. A round looks at all; the next one begins an hour later. An archive
  /// that cannot be deleted is left for the next round; the last step then gives the error of the first one.
  Result<Retention::Step> step(Time now);

 private:
  ArchiveRetention(std::shared_ptr<Model> model, const Options& options)
      : model_(std::move(model)), options_(options) {}

  std::shared_ptr<Model> model_;
  Options options_;
  std::optional<Time> next_round_;  // none: a round is going on
  std::string page_;
  std::optional<Error> problem_;  // with an archive that is left for the next round
};

/// How long runs are kept that came in through this mount, for a Retention; none: for ever. The mount itself
/// deletes nothing, but does not write what is over already. InvalidArgument for less than four weeks.
Result<std::optional<RetentionRule>> retention_rule(const Options& options);

}  // namespace resultsdb::webkit
