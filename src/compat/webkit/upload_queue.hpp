// Uploads that wait for a worker.
#pragma once

#include <string>

#include "service.hpp"

namespace resultsdb::webkit {

/// Queues the processing of the upload of this run.
Status queue_upload(const Service& service, const std::string& suite, const std::string& run);

}  // namespace resultsdb::webkit
