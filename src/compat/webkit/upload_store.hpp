// Uploads as they came in, kept beside their runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::webkit {

struct StoredUpload {
  std::string body;     ///< as received, without an API key
  std::string commits;  ///< JSON of the list as they were registered then
  Result<std::vector<Commit>> parsed_commits() const;
};

/// Keys are no part of what was uploaded: a store that is copied gives none away.
Result<std::string> without_api_key(const std::string& body);
/// What put_upload() stores: both, the body compressed.
Result<std::string> pack_upload(const std::vector<Commit>& commits, const std::string& body);
/// `run` is the public id of the run that the upload became or will become; what it had before is replaced.
/// It goes with the run.
Status put_upload(Model& model, const std::string& run, std::string packed);
Result<std::optional<StoredUpload>> get_upload(Model& model, const std::string& run);

}  // namespace resultsdb::webkit
