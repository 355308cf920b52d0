// Points in time and durations. All times are UTC; the resolution is one microsecond.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "resultsdb/result.hpp"

namespace resultsdb {

using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// Years 0001 to 9999: what RFC 3339 can write. Times outside are refused.
bool is_valid_time(Time time) noexcept;

/// RFC 3339 with zone (`2026-11-22T02:41:08.499004Z`, `…+01:00`; `t`, `z` and a blank for `T` are accepted;
/// digits beyond microseconds are cut; a leap second is the first of the next minute). Without a zone, or
/// with an impossible date: InvalidArgument.
Result<Time> parse_rfc3339(std::string_view text);

/// `2026-11-22T02:41:08.499004Z`; without fraction when it is zero, else with 3 or 6 digits. Requires
/// is_valid_time().
std::string format_rfc3339(Time time);

/// RFC 3339, or seconds since 1970 (`1601668000`, `1601668000.25`, may be negative).
Result<Time> parse_time(std::string_view text);

/// Microseconds since 1970.
constexpr std::int64_t to_micros(Time time) noexcept { return time.time_since_epoch().count(); }
constexpr Time from_micros(std::int64_t micros) noexcept { return Time{Duration{micros}}; }
/// Whole seconds since 1970, rounded towards the past.
constexpr std::int64_t to_seconds(Time time) noexcept {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}
constexpr Time from_seconds(std::int64_t seconds) noexcept { return Time{std::chrono::seconds{seconds}}; }

/// Where programs get the time from. The library never asks a clock by itself; servers and tools do, through
/// one of these, so that a test or a replay can let it stand still. Called concurrently.
using Clock = std::function<Time()>;
Clock system_clock();

}  // namespace resultsdb
