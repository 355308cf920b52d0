#include "scope.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>

#include "resultsdb/limits.hpp"
#include "text.hpp"

namespace resultsdb::http {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

Result<std::string> suite_of_timeline(const NativeContext& context, const std::string& timeline) {
  RESULTSDB_ASSIGN(const auto suites, context.model->suites());
  Selection selection;
  selection.timelines = {timeline};
  for (const SuiteInfo& suite : suites) {
    RESULTSDB_ASSIGN(const auto found, context.model->timelines(suite.name, selection));
    if (!found.empty()) return suite.name;
  }
  return make_error(ErrorCode::NotFound, "there is no timeline " + timeline, "timeline");
}

Result<Selection> read_selection(const Arguments& arguments) {
  Selection selection;
  selection.branches = arguments.all("branch");
  selection.timelines = arguments.all("timeline");
  auto filters = parse_facet_filters(arguments.all("where"));
  if (!filters) return invalid_argument(filters.error().message, "where");
  selection.where = std::move(*filters);
  return selection;
}

/// "Recent" counts from the newest received run of the suite, so that an old archive is not empty.
Status apply_recent(const NativeContext& context, Scope& scope) {
  RESULTSDB_ASSIGN(const auto timelines, context.model->timelines(scope.suite));
  if (timelines.empty()) return {};
  const auto newest = std::ranges::max(timelines, {}, &TimelineInfo::last_received).last_received;
  scope.recent_since = newest - std::chrono::seconds(context.options.recent_days * kSecondsPerDay);
  scope.selection.received_since = scope.recent_since;
  return {};
}

Result<Duration> parse_age(std::string_view text) {
  const auto number =
      text.empty() ? std::nullopt : parse_number<std::int64_t>(text.substr(0, text.size() - 1));
  constexpr std::int64_t kMostDays = 400 * 366;
  std::int64_t unit = 0;
  switch (text.empty() ? ' ' : text.back()) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3'600;
      break;
    case 'd':
      unit = kSecondsPerDay;
      break;
    case 'w':
      unit = 7 * kSecondsPerDay;
      break;
    default:
      break;
  }
  if (!number || unit == 0 || *number < 0 || *number > kMostDays * kSecondsPerDay / unit) {
    return invalid_argument("\"" + std::string(text) + "\" is no age such as 14d, 36h, 90m");
  }
  return Duration(std::chrono::seconds(*number * unit));
}

/// All runs that have the commit: their positions begin at its own and end where it was replaced.
Status apply_at(const NativeContext& context, const std::string& text, RangeRequest& request) {
  RESULTSDB_ASSIGN(const Bound bound, read_bound(context, text, "at"));
  request.range = {bound.position, bound.position, bound.time, bound.time};
  if (!bound.commit) return {};
  request.commit =
      RunCommit{bound.commit->repository, bound.commit->id(), bound.commit->position.value_or(0)};
  RunsQuery query;
  query.commit = request.commit;
  query.now = context.now();
  RESULTSDB_ASSIGN(const auto runs, context.model->runs(query));
  for (const RunInfoPtr& run : runs) {
    request.range.from_position = std::min(*request.range.from_position, run->position);
    request.range.to_position = std::max(*request.range.to_position, run->position);
  }
  return {};
}

std::uint32_t token_checksum(std::uint32_t query, std::string_view payload) {
  return static_cast<std::uint32_t>(
      crc32(query, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

/// As hexadecimal digits: names in a token need no escapes.
std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return hex;
}

/// Empty if the text is no hex.
std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned char byte = 0;
    const char* const end = hex.data() + i + 2;
    const auto parsed = std::from_chars(hex.data() + i, end, byte, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return {};
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string sealed(const Arguments& arguments, const std::string& payload) {
  const std::uint32_t sum = token_checksum(arguments.query_checksum(), payload);
  return to_hex(payload) + '.' + std::to_string(sum);
}

Status parse_token(const Arguments& arguments, std::string_view token, PageRequest& page) {
  const Error forged =
      invalid_argument("is no token of this query: take `next` of an earlier answer", "page");
  const std::string opened = from_hex(take_until(token, '.'));
  std::string_view payload = opened;
  const auto sum = parse_number<std::uint32_t>(token);
  if (payload.empty() || !sum || *sum != token_checksum(arguments.query_checksum(), payload)) return forged;
  const char kind = payload.front();
  payload.remove_prefix(1);
  if (kind == 'o') {
    const auto offset = parse_number<std::uint64_t>(payload);
    if (!offset) return forged;
    page.offset = *offset;
    return {};
  }
  page.primary = parse_number<std::int64_t>(take_until(payload, '~'));
  page.tie = std::string(payload);
  return page.primary ? Status() : forged;
}

}  // namespace

Result<Scope> read_scope(const NativeContext& context, const Arguments& arguments) {
  Scope scope;
  RESULTSDB_ASSIGN(scope.selection, read_selection(arguments));
  const auto suites = arguments.all("suite");
  if (suites.size() > 1) return invalid_argument("must be given once", "suite");
  if (suites.empty() && !scope.selection.timelines.empty()) {
    RESULTSDB_ASSIGN(scope.suite, suite_of_timeline(context, scope.selection.timelines.front()));
  } else {
    RESULTSDB_ASSIGN(scope.suite, arguments.required("suite"));
  }
  RESULTSDB_ASSIGN(const bool recent, arguments.flag("recent", true));
  if (recent && scope.selection.timelines.empty()) RESULTSDB_TRY(apply_recent(context, scope));
  return scope;
}

Result<std::vector<Scope>> read_scopes(const NativeContext& context, const Arguments& arguments) {
  std::vector<std::string> suites = arguments.all("suite");
  if (suites.empty() && arguments.has("timeline")) {
    RESULTSDB_ASSIGN(Scope scope, read_scope(context, arguments));
    return std::vector<Scope>{std::move(scope)};
  }
  if (suites.empty()) {
    RESULTSDB_ASSIGN(const auto known, context.model->suites());
    for (const SuiteInfo& suite : known) suites.push_back(suite.name);
  }
  RESULTSDB_ASSIGN(const bool recent, arguments.flag("recent", true));
  std::vector<Scope> scopes;
  for (const std::string& suite : suites) {
    Scope scope;
    scope.suite = suite;
    RESULTSDB_ASSIGN(scope.selection, read_selection(arguments));
    if (recent && scope.selection.timelines.empty()) RESULTSDB_TRY(apply_recent(context, scope));
    scopes.push_back(std::move(scope));
  }
  return scopes;
}

Result<RangeRequest> read_range(const NativeContext& context, const Arguments& arguments) {
  RangeRequest request;
  const auto text = arguments.get("range");
  if (const auto at = arguments.get("at")) {
    if (text) return invalid_argument("cannot stand beside range", "at");
    RESULTSDB_TRY(apply_at(context, *at, request));
    return request;
  }
  request.last = RangeRequest::kDefaultRuns;
  if (!text) return request;
  if (text->starts_with("last:")) {
    const auto last = parse_number<std::uint32_t>(std::string_view(*text).substr(5));
    if (!last || *last < 1 || *last > RangeRequest::kMostRuns) {
      return invalid_argument("last: takes 1..50000", "range");
    }
    request.last = *last;
    return request;
  }
  request.last = RangeRequest::kMostRuns;
  const auto dots = text->find("..");
  const std::string from = text->substr(0, dots);
  const std::string to = dots == std::string::npos ? std::string() : text->substr(dots + 2);
  if (from.empty() && to.empty()) return invalid_argument("needs at least one bound", "range");
  if (!from.empty()) {
    RESULTSDB_ASSIGN(const Bound bound, read_bound(context, from, "range"));
    request.range.from_position = bound.position;
    request.range.from_started = bound.time;
  }
  if (!to.empty()) {
    RESULTSDB_ASSIGN(const Bound bound, read_bound(context, to, "range"));
    request.range.to_position = bound.position;
    request.range.to_started = bound.time;
  }
  return request;
}

Position Bound::place() const { return position.value_or(time ? 100 * to_seconds(*time) : 0); }

Result<Bound> read_bound(const NativeContext& context, std::string_view text, std::string_view parameter) {
  const std::string_view whole = text;
  const std::string_view kind = take_until(text, ':');
  Bound bound;
  if (kind == "pos") {
    bound.position = parse_number<Position>(text);
    const Position most = limits::kMaxPosition;
    if (bound.position && -most <= *bound.position && *bound.position <= most) return bound;
  } else if (kind == "time") {
    auto time = parse_time(text);
    if (!time) return invalid_argument(time.error().message, std::string(parameter));
    bound.time = *time;
    return bound;
  } else if (kind == "ago") {
    auto age = parse_age(text);
    if (!age) return invalid_argument(age.error().message, std::string(parameter));
    bound.time = context.now() - *age;
    return bound;
  } else if (kind == "ref") {
    RESULTSDB_ASSIGN(Commit commit, resolve_reference(context, std::string(text), parameter));
    bound.position = commit.position;
    bound.commit = std::move(commit);
    return bound;
  }
  return invalid_argument(
      "\"" + std::string(whole) + "\" is no bound: use pos:N, time:T, ago:14d or ref:NAME",
      std::string(parameter));
}

Result<Commit> resolve_reference(const NativeContext& context, const std::string& text,
                                 std::string_view parameter) {
  RESULTSDB_ASSIGN(std::vector<std::string> repositories, context.model->repositories());
  std::string reference = text;
  if (const auto colon = text.find(':'); colon != text.npos) {
    const std::string named = text.substr(0, colon);
    if (std::ranges::find(repositories, named) != repositories.end()) {
      repositories = {named};
      reference = text.substr(colon + 1);
    }
  }
  for (const std::string& repository : repositories) {
    auto found = context.model->resolve({repository, reference}, std::nullopt);
    if (found) return std::move(found->commit);
    if (found.error().code != ErrorCode::NotFound) {
      Error error = found.error();
      error.context = parameter;
      return error;
    }
  }
  return make_error(ErrorCode::NotFound, "no commit is known as \"" + text + '"', std::string(parameter));
}

Result<PageRequest> read_page(const Arguments& arguments, std::uint32_t most) {
  PageRequest page;
  RESULTSDB_ASSIGN(const std::int64_t limit, arguments.integer("limit", 100, 1, most));
  page.limit = static_cast<std::uint32_t>(limit);
  if (const auto token = arguments.get("page")) RESULTSDB_TRY(parse_token(arguments, *token, page));
  return page;
}

std::string keyset_token(const Arguments& arguments, std::int64_t primary, const std::string& tie) {
  return sealed(arguments, 'k' + std::to_string(primary) + '~' + tie);
}

std::string offset_token(const Arguments& arguments, std::uint64_t offset) {
  return sealed(arguments, 'o' + std::to_string(offset));
}

void write_next(JsonWriter& json, const std::string& token) {
  json.key("next");
  token.empty() ? json.null() : json.value(token);
}

}  // namespace resultsdb::http
