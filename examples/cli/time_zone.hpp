// Time zones as people name them.
#pragma once

#include <functional>
#include <string>

#include "resultsdb/time.hpp"

namespace resultsdb::cli {

inline constexpr const char* kTimeZoneHelp =
    "zone of times in files that name none: +02:00, UTC, Europe/Berlin, local (default: such times are not taken)";

/// What ReadOptions::time_zone takes, for `+02:00`, `UTC`, `Europe/Berlin` or `local` (this machine's).
/// Throws UsageError for what is none of them. The function sets TZ while it runs: for one thread.
std::function<Time(Time)> parse_time_zone(const std::string& text);

}  // namespace resultsdb::cli
