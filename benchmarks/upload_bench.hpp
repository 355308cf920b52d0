#pragma once

#include <string>

#include "report.hpp"

namespace resultsdb::bench {

/// 60,000 results in WebKit's form: from the request's bytes to the stored run, against a parse that does
/// nothing. `keep`: with the document as it came.
void measure_upload(const std::string& folder, int uploads, bool keep, Report& report);

/// The time of an upload while old runs are deleted, beside that of one alone.
void measure_upload_with_retention(const std::string& folder, int uploads, Report& report);

}  // namespace resultsdb::bench
