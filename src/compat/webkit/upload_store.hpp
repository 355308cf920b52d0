// Uploads as they came in, kept beside their runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::webkit {

struct StoredUpload {
  std::string body;     ///< as received
  std::string commits;  ///< JSON of the list as they were registered then
  Result<std::vector<Commit>> parsed_commits() const;
};

/// `run` is the public id of the run that the upload became or will become; what it had before is replaced.
Status put_upload(Model& model, const std::string& run, const std::vector<Commit>& commits,
                  const std::string& body);
Result<std::optional<StoredUpload>> get_upload(Model& model, const std::string& run);

}  // namespace resultsdb::webkit
