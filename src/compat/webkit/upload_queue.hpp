// Uploads, and commits of uploads, that wait for a worker.
#pragma once

#include <string>

#include "service.hpp"

namespace resultsdb::webkit {

/// Queues the processing of the upload of this run.
Status queue_upload(const Service& service, const std::string& suite, const std::string& run);
/// Queues the question for the identifier of a stored commit.
Status queue_identifier(const Service& service, const Commit& commit);

}  // namespace resultsdb::webkit
