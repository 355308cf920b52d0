// Uploads as they came in, kept beside their runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "resultsdb/model.hpp"
#include "uploads.hpp"

namespace resultsdb::webkit {

struct StoredUpload {
  std::string body;     ///< as received, without an API key
  std::string commits;  ///< JSON of the list as they were registered then
  PlatformConfiguration configuration;
  Time started{};
  std::string packed;  ///< all of this, as it is stored

  /// As it was checked when it came in, for that suite.
  Result<CheckedUpload> checked(const std::string& suite) const;
};

/// Keys are no part of what was uploaded: a store that is copied gives none away.
Result<std::string> without_api_key(const std::string& body);
/// What put_upload() stores; the body is compressed.
Result<std::string> pack_upload(const CheckedUpload& upload, const std::string& body);

struct PutUpload {
  std::optional<std::uint64_t> expected_version;  ///< as in DocumentChanges
  std::optional<Time> received;                   ///< given if the run may have come in before
};
/// `run` is the public id of the run that the upload became or will become; what it had before is replaced.
/// It goes with the run.
Status put_upload(Model& model, const std::string& suite, const std::string& run, std::string packed,
                  const PutUpload& options);
Result<std::optional<StoredUpload>> get_upload(Model& model, const std::string& suite,
                                               const std::string& run);
/// The document of put_upload().
Result<std::optional<Document>> get_packed_upload(Model& model, const std::string& suite,
                                                  const std::string& run);

}  // namespace resultsdb::webkit
