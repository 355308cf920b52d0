// POST /api/upload/ews, GET /api/results-ews and /api/results-ews/tests: not of release 3.1.10, see
// Options::ews.
#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>

#include "canonical_json.hpp"
#include "commit_register.hpp"
#include "ews_rows.hpp"
#include "json_text.hpp"
#include "numbers.hpp"
#include "query.hpp"
#include "run_search.hpp"
#include "uploads.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

constexpr std::int64_t kFlakySeconds = 90 * 86'400, kAheadSeconds = 300;

/// An upload as text; members that are not there are empty.
struct EwsUpload {
  std::string suite;
  PlatformConfiguration configuration;
  std::vector<std::pair<std::string, std::string_view>> results;
  std::int64_t start = 0;
  std::string flaky_type, details;
  bj::value commits;
};

/// Of canonical text; null for none.
bj::value value_of(std::string_view json) {
  bj::error_code error;
  return json.empty() ? bj::value() : bj::parse({json.data(), json.size()}, error);
}

Result<std::int64_t> read_start(const Service& service, const bj::value& value) {
  if (value.is_null()) return service.now_seconds();
  if (!value.is_number()) return invalid_argument("Invalid timestamp");
  const double seconds = value.to_number<double>();
  if (!(seconds >= 0 && seconds <= static_cast<double>(service.now_seconds() + kAheadSeconds)))
    return invalid_argument("Unrealistic timestamp: " + bj::serialize(value));
  return static_cast<std::int64_t>(seconds);
}

/// The checks in the order in which their errors are reported. `canonical` has to stay.
Result<EwsUpload> read_upload(const Service& service, const std::string& canonical) {
  if (!canonical.starts_with('{')) return invalid_argument("Expected uploaded data to be a json object");
  std::map<std::string, std::string_view> members;
  for (auto& [name, json] : object_members(canonical)) members[name] = json;
  EwsUpload upload;
  const bj::value configuration = value_of(members["configuration"]);
  auto read = PlatformConfiguration::from_json(configuration, service.profile);
  if (!configuration.is_object() || !read) return invalid_argument("Invalid configuration");
  upload.configuration = *std::move(read);
  const bj::value suite = value_of(members["suite"]);
  if (!suite.is_string() || suite.get_string().empty()) return invalid_argument("Invalid suite");
  upload.suite = std::string(suite.get_string());
  std::string_view results;
  if (members["test_results"].starts_with('{')) {
    for (const auto& [name, json] : object_members(members["test_results"]))
      if (name == "results") results = json;
  }
  if (!results.starts_with('{')) return invalid_argument("Invalid test results");
  upload.results = object_members(results);
  for (const auto& [test, result] : upload.results)
    if (test.empty() || !result.starts_with('{')) return invalid_argument("Invalid test results");
  RESULTSDB_ASSIGN(upload.start, read_start(service, value_of(members["timestamp"])));
  const auto optional = [&](const char* name, char start, std::string& json) {
    const std::string_view given = members[name];
    if (given.empty() || given == "null") return true;
    json = given;
    return given.starts_with(start);
  };
  if (!optional("flaky_type", '"', upload.flaky_type)) return invalid_argument("Invalid flaky_type");
  if (!optional("details", '{', upload.details)) return invalid_argument("Invalid details");
  upload.commits = value_of(members["commits"]);
  if (!upload.commits.is_array() || upload.commits.get_array().empty())
    return invalid_argument("Invalid commits");
  if (!upload.configuration.complete()) return invalid_argument("Cannot register a partial configuration");
  return upload;
}

Result<std::string> take(const Service& service, const http::Request& request) {
  const auto canonical = canonical_json(request.body);
  if (!canonical) return invalid_argument("Expected uploaded data to be json");
  RESULTSDB_ASSIGN(const EwsUpload upload, read_upload(service, *canonical));
  std::vector<Commit> commits;
  Position uuid = 0;
  for (const bj::value& document : upload.commits.get_array()) {
    RESULTSDB_ASSIGN(commits.emplace_back(), register_document(service, document));
    uuid = std::max(uuid, *commits.back().position);
  }
  const bool flaky = !upload.flaky_type.empty();
  const std::int64_t keep = flaky ? kFlakySeconds : service.options.default_ttl_seconds;
  std::vector<EwsRow> rows;
  std::vector<std::string> names;
  for (const auto& [test, result] : upload.results) {
    names.push_back(json_string(test));
    for (const std::string& branch : branch_keys(service.profile, commits)) {
      rows.push_back({.suite = upload.suite,
                      .test = test,
                      .branch = branch,
                      .configuration = upload.configuration,
                      .uuid = uuid,
                      .start = upload.start,
                      .expires = keep == 0 ? 0 : service.now_seconds() + keep,
                      .result = std::string(result),
                      .details = upload.details,
                      .flaky_type = upload.flaky_type});
    }
  }
  RESULTSDB_TRY(put_ews_rows(service, flaky, rows));
  JsonObject answer;
  answer.set_string("status", "ok");
  answer.set("tests", json_array(names));  // sorted, as canonical text is
  return answer.text();
}

bool is_wanted(const ConfigurationQuery& query, const PlatformConfiguration& stored) {
  PlatformConfiguration bare = stored;
  bare.sdk.reset();
  return std::any_of(query.configurations.begin(), query.configurations.end(),
                     [&](PlatformConfiguration wanted) {
                       if (wanted.sdk && wanted.sdk != stored.sdk) return false;
                       wanted.sdk.reset();
                       if (wanted.complete() && !query.wildcard) return wanted == bare;
                       return bare.has_members_of(wanted);
                     });
}

std::string row_json(const EwsRow& row) {
  JsonObject object;
  object.set("result", row.result);
  if (!row.details.empty()) object.set("details", row.details);
  if (!row.flaky_type.empty()) object.set("flaky_type", row.flaky_type);
  object.set_integer("start_time", row.start);
  object.set_integer("uuid", row.uuid);
  return object.text();
}

struct Group {
  PlatformConfiguration shown;
  std::int64_t latest = 0;  ///< start
  std::vector<std::string> rows;
};

Result<std::string> results(const Service& service, const http::Request& request) {
  static const Accepts kAccepts{.configuration = true,
                                .times = true,
                                .branch = true,
                                .limit = true,
                                .others = {"suite", "test", "flaky"},
                                .path = {}};
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, kAccepts));
  RESULTSDB_ASSIGN(const std::uint32_t limit, query.limit(service.profile.uploads_limit));
  RESULTSDB_ASSIGN(const auto after, query.time("after_time"));
  RESULTSDB_ASSIGN(const auto before, query.time("before_time"));
  RESULTSDB_ASSIGN(const ConfigurationQuery wanted, ConfigurationQuery::read(service, query));
  const std::string suite = query.first("suite").value_or(""), test = query.first("test").value_or("");
  if (suite.empty()) return invalid_argument("No valid test suite specified");
  if (test.empty()) return invalid_argument("No valid test specified");
  RESULTSDB_ASSIGN(const std::vector<EwsRow> rows,
                   ews_rows(service, query.boolean("flaky", false), suite, test));
  std::map<PlatformConfiguration, Group> groups;
  for (const EwsRow& row : rows) {
    if (row.branch != wanted.key || !is_wanted(wanted, row.configuration)) continue;
    Group& group = groups[row.configuration.group()];
    group.latest = std::max(group.latest, row.start);
    if ((after && row.start < *after) || (before && row.start > *before)) continue;
    if (group.rows.empty()) group.shown = row.configuration;
    group.rows.push_back(row_json(row));
  }
  std::vector<std::string> items;
  for (auto& [key, group] : groups) {
    const bool old = group.latest + service.profile.recent_seconds <= service.now_seconds();
    if (group.rows.empty() || (wanted.recent && old)) continue;
    const std::size_t spare = group.rows.size() - std::min<std::size_t>(group.rows.size(), limit);
    group.rows.erase(group.rows.begin(), group.rows.begin() + static_cast<std::ptrdiff_t>(spare));
    JsonObject object;
    object.set("configuration", group.shown.json(/*with_sdk=*/true));
    object.set("results", json_array(group.rows));
    items.push_back(object.text());
  }
  if (items.empty()) return make_error(ErrorCode::NotFound, "No EWS results matching the specified criteria");
  return json_array(items);
}

Result<std::string> tests(const Service& service, const http::Request& request) {
  static const Accepts kAccepts{.limit = true, .others = {"suite", "test", "flaky"}, .path = {}};
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, kAccepts));
  RESULTSDB_ASSIGN(const std::uint32_t limit, query.limit(service.profile.uploads_limit));
  const std::string suite = query.first("suite").value_or("");
  if (suite.empty()) return invalid_argument("No valid test suite specified");
  std::vector<std::string> prefixes = query.values("test");
  if (prefixes.empty()) prefixes.emplace_back();
  std::set<std::string> names;
  for (const std::string& prefix : prefixes) {
    RESULTSDB_ASSIGN(const auto some,
                     ews_tests(service, query.boolean("flaky", false), suite, prefix, limit));
    names.insert(some.begin(), some.end());
  }
  std::vector<std::string> items;
  for (const std::string& name : names)
    if (items.size() < limit) items.push_back(json_string(name));
  return json_array(items);
}

}  // namespace

http::Response post_ews(const Service& service, const http::Request& request) {
  if (auto refusal = refuse_write(service, request)) return std::move(*refusal);
  if (request.has_query) return error_response(400, "Queries not supported on this endpoint");
  return respond(take(service, request));
}

http::Response get_ews_results(const Service& service, const http::Request& request) {
  return respond(results(service, request));
}

http::Response get_ews_tests(const Service& service, const http::Request& request) {
  return respond(tests(service, request));
}

}  // namespace resultsdb::webkit
