// Uploads: checked when they come in, kept as they came, processed once or again.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "configuration.hpp"
#include "resultsdb/commit.hpp"
#include "resultsdb/history.hpp"
#include "service.hpp"
#include "upload_codec.hpp"

namespace resultsdb::webkit {

/// An upload whose parts are checked and whose commits are stored.
struct CheckedUpload {
  UploadDocument document;
  PlatformConfiguration configuration;
  std::string suite;
  std::vector<Commit> commits;
  Position uuid = 0;
  Time started{};
  bool text_timestamp = false;
};

/// The checks of an upload, in the order in which their errors are reported.
Result<CheckedUpload> check_upload(const Service& service, const http::Request& request);

/// Stores the commits of an upload, and gives them; `json` is a list, or its text, or nothing.
Result<std::vector<Commit>> register_commits(const Service& service, const std::string& json);
/// `timestamp` of an upload: whole seconds; now if there is none.
Result<Time> start_of(const Service& service, const std::string& json);
Position uuid_of(const std::vector<Commit>& commits);

/// The keys under which runs of these commits stand: their branches, or the default key.
std::set<std::string> branch_keys(const Profile& profile, const std::vector<Commit>& commits);

/// Processes the upload and keeps it, or keeps and queues it. The steps as an answer has them, as a JSON
/// object.
Result<std::string> take_upload(const Service& service, CheckedUpload upload, const std::string& body);

/// A run without results stands in for one that may come, so that the suite and its configuration are known.
/// Nothing happens if the run is there. Its id.
Result<std::string> put_stand_in(const Service& service, const CheckedUpload& upload, const std::string& key);

/// Processes the upload of a run, whether that is there or not: what a worker does with a job. NotFound if
/// none is kept. Of several uploads of the run that are processed at once, the one that was kept last counts.
Result<std::string> process_stored(const Service& service, const std::string& suite, const std::string& run);
/// Does that at once or queues it.
Result<std::string> process_again(const Service& service, const RunInfo& run);

}  // namespace resultsdb::webkit
