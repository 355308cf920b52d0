#include "compat/webkit/random_requests.hpp"

#include <algorithm>

namespace resultsdb::webkit::testing {
namespace {

namespace bj = boost::json;
using Texts = std::vector<std::string>;

const Texts kMethods = {"GET",  "GET",     "GET",    "POST",  "POST", "PUT",
                        "HEAD", "OPTIONS", "DELETE", "PATCH", "get",  ""};

const Texts kPaths = {"/api/upload",
                      "/api/upload/process",
                      "/api/upload/archive",
                      "/api/upload/ews",
                      "/api/commits",
                      "/api/commits/find",
                      "/api/commits/register",
                      "/api/commits/repositories",
                      "/api/commits/representations",
                      "/api/commits/branches",
                      "/api/commits/siblings",
                      "/api/commits/next",
                      "/api/commits/previous",
                      "/api/suites",
                      "/api/urls",
                      "/api/urls/queue",
                      "/api/results-ews",
                      "/api/results-ews/tests",
                      "/api/bug-trackers",
                      "/api/bug-trackers/bugzilla/create-bug",
                      "/api/",
                      "/",
                      "/search",
                      "/suites",
                      "/investigate",
                      "/commits",
                      "/commit",
                      "/commit/info",
                      "/commit/next",
                      "/commit/previous",
                      "/urls/queue",
                      "/urls/build",
                      "/urls/worker",
                      "/archive",
                      "/archive/",
                      "/archive-routes",
                      "/documentation",
                      "/assets/js/constants.js",
                      "/library/x"};
const Texts kPathsOfSuites = {"/api/results/", "/api/results-summary/", "/api/failures/", "/archive/",
                              "/api/"};
const Texts kSuites = {"layout-tests", "api-tests", "webkitpy-tests", "javascriptcore-tests", "s", "a%2Fb",
                       "%00",          "%FF"};
const Texts kTests = {
    "fast/a.html", "fast/encoding/css-charset.html", "a$231$3Fy", "%F0%9F%98%80", "a", "/", "//", "uuid"};

const Texts kParameters = {"platform",
                           "version",
                           "version_name",
                           "is_simulator",
                           "architecture",
                           "model",
                           "style",
                           "flavor",
                           "sdk",
                           "recent",
                           "suite",
                           "test",
                           "branch",
                           "limit",
                           "repository_id",
                           "ref",
                           "id",
                           "uuid",
                           "timestamp",
                           "after_repository_id",
                           "after_branch",
                           "after_ref",
                           "after_id",
                           "after_uuid",
                           "after_timestamp",
                           "before_ref",
                           "before_id",
                           "before_uuid",
                           "before_timestamp",
                           "before_repository_id",
                           "after_time",
                           "before_time",
                           "unexpected",
                           "collapsed",
                           "include_expectations",
                           "begin",
                           "commit",
                           "configurations",
                           "self",
                           "flaky",
                           "api_key",
                           "",
                           "n\xc3\xa4me",
                           "format"};

/// Values of any parameter that make sense nowhere, or somewhere else.
const Texts kOddValues = {"",
                          "0",
                          "-1",
                          "-0",
                          "1.5",
                          "1e3",
                          "1e309",
                          "nan",
                          "inf",
                          "-inf",
                          "99999999999999999999",
                          "9223372036854775807",
                          "-9223372036854775808",
                          "9007199254740993",
                          "%",
                          "%zz",
                          "%00",
                          "%FF",
                          "%C3",
                          "a%0Ab",
                          "%20",
                          "+",
                          "++1",
                          "True",
                          "yes",
                          "null",
                          "[]",
                          "{}",
                          "*",
                          "?",
                          "[a-z]",
                          "'",
                          "\"",
                          "..",
                          "@",
                          "@main",
                          "5@",
                          "1.2@b",
                          "r",
                          "r0",
                          "r99999999999",
                          "$23",
                          "%F0%9F%98%80",
                          "%ED%A0%80",
                          "0x10",
                          "1_000",
                          "\xc3\xa9",
                          "~",
                          "main",
                          "default"};

struct Sense {
  const char* parameter;
  Texts values;
};
const std::vector<Sense> kSense = {
    {"platform", {"mac", "ios", "GTK"}},
    {"version", {"10.14", "10.13.0", "12", "1.2.3.4"}},
    {"is_simulator", {"True", "False"}},
    {"architecture", {"x86_64", "arm64"}},
    {"style", {"release", "debug"}},
    {"flavor", {"wk1", "wk2"}},
    {"sdk", {"18A391", "?"}},
    {"recent", {"True", "False"}},
    {"suite", {"layout-tests", "api-tests"}},
    {"test", {"fast", "fast/a.html"}},
    {"branch", {"main", "branch-a", "branch-b"}},
    {"limit", {"1", "2", "100", "4294967296"}},
    {"repository_id", {"webkit", "safari"}},
    {"ref", {"6", "r6", "fff83bb2d917", "9", "4@main", "2.2@branch-a"}},
    {"uuid", {"160166800000", "160166800001", "0"}},
    {"timestamp", {"1601668000", "1601639900", "1601668000.4"}},
    {"time", {"1601668000", "1602000000"}},
};

std::string query_escaped(std::string text) {
  std::string out;
  for (const char c : text) {
    if (c == '#' || c == '&' || static_cast<unsigned char>(c) <= ' ') {
      out += '+';
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

http::Request RandomRequests::next() {
  http::Request request = chance(60) ? recorded_[pick(recorded_.size())] : invented();
  if (chance(70)) {
    for (std::size_t changes = pick(4); changes > 0; --changes) spoil(request);
  }
  return request;
}

http::Request RandomRequests::invented() {
  http::Request request;
  request.method = chance(70) ? "GET" : one_of(kMethods);
  std::string target = path();
  if (chance(70)) target += "?" + parameters();
  http::set_target(request, target);
  if (request.method != "GET" || chance(5)) {
    request.body = body();
    if (chance(80))
      request.headers.emplace_back("Content-Type", chance(80) ? "application/json" : "text/plain");
  }
  return request;
}

std::string RandomRequests::path() {
  if (chance(50)) return one_of(kPaths) + (chance(5) ? "/" : "");
  const std::string& start = one_of(kPathsOfSuites);
  std::string path = start + one_of(kSuites);
  if (start == "/api/") return path + "/tests";
  if (chance(60)) path += "/" + one_of(kTests);
  return path;
}

std::string RandomRequests::value(const std::string& parameter) {
  if (chance(20)) return one_of(kOddValues);
  if (chance(2)) return std::string(1 + pick(20'000), chance(50) ? '1' : 'x');
  std::string name = parameter;
  for (const char* prefix : {"after_", "before_"}) {
    if (name.starts_with(prefix)) name.erase(0, std::string(prefix).size());
  }
  if (name == "id") name = "ref";
  for (const Sense& sense : kSense) {
    if (name == sense.parameter) return one_of(sense.values);
  }
  return one_of(kSense[pick(kSense.size())].values);
}

std::string RandomRequests::parameters() {
  std::string text;
  for (std::size_t i = 0, count = pick(5); i <= count; ++i) {
    const std::string& name = one_of(kParameters);
    if (!text.empty()) text += '&';
    text += name;
    if (chance(97)) text += "=" + query_escaped(value(name));
  }
  return text;
}

bj::value RandomRequests::json_value(int depth) {
  switch (pick(depth > 3 ? 7 : 9)) {
    case 0:
      return nullptr;
    case 1:
      return chance(50);
    case 2:
      return static_cast<std::int64_t>(random_());
    case 3:
      return static_cast<double>(random_()) / 3;
    case 4:
      return static_cast<std::int64_t>(pick(3'000'000)) - 10;
    case 5:
      return bj::string(one_of(kOddValues));
    case 6:
      return bj::string(value(one_of(kParameters)));
    case 7: {
      bj::array list;
      for (std::size_t i = pick(4); i > 0; --i) list.push_back(json_value(depth + 1));
      return list;
    }
    default: {
      bj::object object;
      for (std::size_t i = pick(4); i > 0; --i) object[one_of(kParameters)] = json_value(depth + 1);
      return object;
    }
  }
}

std::string RandomRequests::body() {
  if (chance(10)) return one_of(kOddValues);
  if (chance(5)) return std::string(1 + pick(2000), chance(50) ? '[' : '{');
  if (chance(10)) return parameters();
  bj::object object;
  static const Texts kMembers = {
      "suite",        "configuration", "commits", "test_results", "timestamp", "repository_id",
      "hash",         "revision",      "branch",  "order",        "author",    "id",
      "selectedRows", "version",       "results", "api_key",      "identifier"};
  for (std::size_t i = pick(6); i > 0; --i) object[one_of(kMembers)] = json_value(0);
  return bj::serialize(object);
}

void RandomRequests::spoil(http::Request& request) {
  switch (pick(6)) {
    case 0:
      request.method = one_of(kMethods);
      return;
    case 1:
      for (auto& [name, value] : request.headers) {
        static const Texts kTypes = {"application/json",
                                     "text/plain",
                                     "application/x-www-form-urlencoded",
                                     "multipart/form-data; boundary=x",
                                     "multipart/form-data",
                                     "",
                                     "\xff;"};
        if (name == "Content-Type") value = one_of(kTypes);
      }
      return;
    case 2:
    case 3:
      spoil_target(request);
      return;
    default:
      spoil_body(request);
  }
}

void RandomRequests::spoil_target(http::Request& request) {
  std::string target = request.target;
  if (chance(40)) {
    target += (request.has_query ? "&" : "?") + parameters();
  } else if (request.has_query && chance(50)) {
    const std::string name = request.query.substr(0, request.query.find('='));
    target = request.path + "?" + name + "=" + query_escaped(value(name));
  } else if (chance(30)) {
    target = request.path + "/" + one_of(kTests) + (request.has_query ? "?" + request.query : "");
  } else {
    spoil_text(target);
    if (!target.starts_with('/')) target.insert(0, "/");
  }
  http::set_target(request, target);
}

void RandomRequests::spoil_body(http::Request& request) {
  if (request.body.empty()) {
    request.body = body();
    return;
  }
  bj::error_code error;
  bj::value document = bj::parse(request.body, error);
  if (error || chance(20)) {
    spoil_text(request.body);
    return;
  }
  spoil_json(document);
  request.body = bj::serialize(document);
}

void RandomRequests::spoil_json(bj::value& value) {
  if (auto* object = value.if_object(); object != nullptr && !object->empty() && chance(90)) {
    auto member = object->begin() + static_cast<std::ptrdiff_t>(pick(object->size()));
    if (chance(70)) return spoil_json(member->value());
    if (chance(50)) {
      object->erase(member);
    } else {
      bj::value moved = member->value();
      (*object)[chance(50) ? std::string(member->key()) + "/x" : one_of(kParameters)] = std::move(moved);
    }
    return;
  }
  if (auto* list = value.if_array(); list != nullptr && !list->empty() && chance(90)) {
    const std::size_t at = pick(list->size());
    if (chance(70)) return spoil_json((*list)[at]);
    if (chance(50)) {
      list->erase(list->begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      list->push_back(bj::value((*list)[at]));
    }
    return;
  }
  value = json_value(0);
}

void RandomRequests::spoil_text(std::string& text) {
  const std::size_t at = pick(text.size() + 1);
  switch (pick(4)) {
    case 0:
      text.resize(at);
      return;
    case 1:
      text.insert(at, 1, static_cast<char>(random_()));
      return;
    case 2:
      text.insert(at, one_of(kOddValues));
      return;
    default:
      text.insert(at, text.substr(pick(text.size() + 1), 40));
  }
}

}  // namespace resultsdb::webkit::testing
