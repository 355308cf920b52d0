#include "time_zone.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>

#include "arguments.hpp"

namespace resultsdb::cli {

namespace {

/// Names of zones are paths below a folder, and nothing else may be read through them.
bool is_zone(const std::string& name) {
  const auto usual = [](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') ||
           std::string_view("_+-/").find(c) != std::string_view::npos;
  };
  if (name.empty() || name.front() == '/' || !std::ranges::all_of(name, usual)) return false;
  const auto folder = environment("TZDIR");
  std::error_code error;
  return std::filesystem::is_regular_file(
      std::filesystem::path(folder.empty() ? "/usr/share/zoneinfo" : folder) / name, error);
}

/// TZ for the life of this object.
class ZoneInForce {
 public:
  explicit ZoneInForce(const std::string& name) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    ::setenv("TZ", (":" + name).c_str(), 1);
    ::tzset();
  }
  ~ZoneInForce() {
    before_ ? ::setenv("TZ", before_->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }
  ZoneInForce(const ZoneInForce&) = delete;
  ZoneInForce& operator=(const ZoneInForce&) = delete;

 private:
  std::optional<std::string> before_;
};

/// What a clock on the wall shows, as seconds since 1970; an hour that happens twice is taken as mktime does.
Time from_local(Time clock) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(clock);
  const std::time_t seconds = whole.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  parts.tm_isdst = -1;
  return from_seconds(std::mktime(&parts)) + (clock - whole);
}

}  // namespace

std::function<Time(Time)> parse_time_zone(const std::string& text) {
  const std::string offset = text == "UTC" || text == "GMT" ? "Z" : text;
  const auto midnight = from_seconds(946'684'800);
  if (const auto there = parse_rfc3339("2000-01-01T00:00:00" + offset))
    return [apart = there.value() - midnight](Time clock) { return clock + apart; };
  if (text == "local") return from_local;
  if (!is_zone(text))
    throw UsageError{"--timezone: '" + text +
                     "' is neither an offset such as +02:00, nor 'local', nor a zone of this machine such as "
                     "Europe/Berlin"};
  return [text](Time clock) {
    const ZoneInForce zone(text);
    return from_local(clock);
  };
}

}  // namespace resultsdb::cli
