#include "resultsdb/time.hpp"

#include <algorithm>
#include <cstdio>

namespace resultsdb {
namespace {

using namespace std::chrono;

constexpr Time kFirst = sys_days{year{1} / 1 / 1};
constexpr Time kEnd = sys_days{year{10000} / 1 / 1};
/// In seconds: far beyond the year 9999, and no overflow in microseconds.
constexpr std::int64_t kMaxSeconds = 1'000'000'000'000;
constexpr std::size_t kMaxShown = 64;  ///< of a refused text in a message

/// Reads a text from its front; the first mismatch makes every later step fail.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }

  bool accept(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  char last() const { return last_; }
  void expect(std::string_view any_of) { failed_ = !accept(any_of) || failed_; }

  /// Exactly `digits` digits.
  int number(int digits) {
    int value = 0;
    for (int i = 0; i < digits; ++i) {
      expect("0123456789");
      value = value * 10 + (last_ - '0');
    }
    return value;
  }
  /// One or more digits after a decimal point, as microseconds; what is finer is cut.
  microseconds fraction() {
    std::int64_t value = 0;
    int count = 0;
    for (; accept("0123456789"); ++count) {
      if (count < 6) value = value * 10 + (last_ - '0');
    }
    failed_ = failed_ || count == 0;
    for (; count < 6; ++count) value *= 10;
    return microseconds{value};
  }

 private:
  std::string_view rest_;
  char last_ = '0';
  bool failed_ = false;
};

Error bad_time(std::string_view text, std::string_view what) {
  std::string message = "\"";
  message.append(text.substr(0, kMaxShown)).append(text.size() > kMaxShown ? "…\" " : "\" ").append(what);
  return invalid_argument(std::move(message));
}

Error not_rfc3339(std::string_view text) {
  return bad_time(text, "is no time of the form 2026-11-22T02:41:08Z (RFC 3339, with zone)");
}

}  // namespace

bool is_valid_time(Time time) noexcept { return kFirst <= time && time < kEnd; }

Result<Time> parse_rfc3339(std::string_view text) {
  Reader in(text);
  const int y = in.number(4);
  in.expect("-");
  const int m = in.number(2);
  in.expect("-");
  const int d = in.number(2);
  in.expect("Tt ");
  const int hour = in.number(2);
  in.expect(":");
  const int minute = in.number(2);
  in.expect(":");
  const int second = in.number(2);
  const microseconds fraction = !in.failed() && in.accept(".") ? in.fraction() : microseconds{0};
  in.expect("Zz+-");
  minutes offset{0};
  if (!in.failed() && (in.last() == '+' || in.last() == '-')) {
    const int sign = in.last() == '-' ? -1 : 1;
    const int hours_off = in.number(2);
    in.expect(":");
    const int minutes_off = in.number(2);
    if (hours_off > 23 || minutes_off > 59) return bad_time(text, "has no possible zone");
    offset = sign * (hours{hours_off} + minutes{minutes_off});
  }
  if (in.failed() || !in.at_end()) return not_rfc3339(text);

  const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  if (!date.ok()) return bad_time(text, "is a date that does not exist");
  if (hour > 23 || minute > 59 || second > 60) return bad_time(text, "is a time of day that does not exist");
  const Time whole = sys_days{date} + hours{hour} + minutes{minute} + seconds{second} - offset;
  // Leap seconds end a UTC day; adding one more second has made it the first of the next.
  if (second == 60 && floor<days>(whole) != whole) return bad_time(text, "has a 60th second within a day");
  const Time time = whole + fraction;
  if (!is_valid_time(time)) return bad_time(text, "is outside of the years 0001 to 9999");
  return time;
}

std::string format_rfc3339(Time time) {
  const auto day_point = floor<days>(time);
  const year_month_day date{day_point};
  const hh_mm_ss<microseconds> clock{time - day_point};
  const auto fraction = clock.subseconds().count();
  char text[48];
  int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                           static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                           static_cast<int>(clock.seconds().count()));
  std::string out(text, static_cast<std::size_t>(size));
  if (fraction != 0) {
    const bool millis = fraction % 1000 == 0;
    size = millis ? std::snprintf(text, sizeof text, ".%03d", static_cast<int>(fraction / 1000))
                  : std::snprintf(text, sizeof text, ".%06d", static_cast<int>(fraction));
    out.append(text, static_cast<std::size_t>(size));
  }
  return out += 'Z';
}

Result<Time> parse_time(std::string_view text) {
  constexpr std::string_view kSeconds = "-.0123456789";
  if (text.find_first_not_of(kSeconds) != std::string_view::npos ||
      text.find('-', 1) != std::string_view::npos) {
    return parse_rfc3339(text);
  }
  Reader in(text);
  const bool negative = in.accept("-");
  std::int64_t whole = 0;
  bool digits = false;
  while (in.accept("0123456789")) {
    digits = true;
    if (whole <= kMaxSeconds) whole = whole * 10 + (in.last() - '0');
  }
  const microseconds fraction = in.accept(".") ? in.fraction() : microseconds{0};
  if (!digits || in.failed() || !in.at_end()) {
    return bad_time(text, "is neither a time of the form 2026-11-22T02:41:08Z nor seconds since 1970");
  }
  const auto value = seconds{std::min(whole, kMaxSeconds)} + fraction;
  const Time time{negative ? -value : value};
  if (!is_valid_time(time)) return bad_time(text, "seconds is outside of the years 0001 to 9999");
  return time;
}

Clock system_clock() {
  return [] { return time_point_cast<microseconds>(std::chrono::system_clock::now()); };
}

}  // namespace resultsdb
