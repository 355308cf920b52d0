#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "report.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::bench {

/// WebKit's protocol over a socket: uploads, the history of a test and the results of a suite on 40
/// configurations, against a handler that does nothing with the same bytes and, if a folder is given, a row
/// per result in SQLite. `commits` have a run on each configuration.
void measure_http(std::shared_ptr<storage::Storage> storage, const std::string& backend,
                  std::uint32_t commits, const std::string& folder_of_rows, Report& report);

}  // namespace resultsdb::bench
