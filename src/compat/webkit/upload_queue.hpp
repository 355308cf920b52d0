// Uploads that wait for a worker: one job each, first in first out.
#pragma once

#include <string>

#include "service.hpp"

namespace resultsdb::webkit {

/// Names the run whose upload is to be processed. The same run at the same moment is one job.
Status enqueue(const Service& service, const std::string& suite, const std::string& run);

}  // namespace resultsdb::webkit
