// What an upload has to have before anything of it is stored, its commits excepted.
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <set>

#include "commit_register.hpp"
#include "numbers.hpp"
#include "resultsdb/json.hpp"
#include "uploads.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

bool is_falsy(const std::string& json) {
  static const std::set<std::string_view> kFalsy = {"", "null", "false", "0", "0.0", "\"\"", "[]", "{}"};
  return kFalsy.contains(json);
}

std::string_view python_type(const std::string& json) {
  switch (json.front()) {
    case '{':
      return "dict";
    case '[':
      return "list";
    case '"':
      return "str";
    case 't':
    case 'f':
      return "bool";
    default:
      return json.find_first_of(".eE") == std::string::npos ? "int" : "float";
  }
}

Error wrong_type(std::string_view wanted, const std::string& json) {
  return invalid_argument("Expected type <class '" + std::string(wanted) + "'>, got <class '" +
                          std::string(python_type(json)) + "'>");
}

/// Of a text that the upload's parser accepted; null for none.
bj::value value_of(const std::string& text) {
  if (text.empty()) return {};
  bj::parse_options options;
  options.max_depth = json::kMaxDepth;
  bj::error_code error;
  return bj::parse(text, error, {}, options);
}

Result<UploadDocument> read_document(const http::Request& request) {
  if (is_form(request)) {
    RESULTSDB_ASSIGN(const http::Parameters fields, form_fields(request));
    return upload_of_form(fields);
  }
  auto document = parse_upload(request.body);
  if (!document) return invalid_argument("Expected uploaded data to be json");
  return document;
}

Result<PlatformConfiguration> read_configuration(const Service& service, const std::string& json) {
  if (json.empty()) return PlatformConfiguration();
  auto configuration = PlatformConfiguration::from_json(value_of(json), service.profile);
  if (!configuration) return invalid_argument("Invalid configuration");
  return configuration;
}

}  // namespace

Result<std::vector<Commit>> register_commits(const Service& service, const std::string& json) {
  std::vector<Commit> commits;
  if (is_falsy(json)) return commits;
  bj::value list = value_of(json);
  if (const auto* text = list.if_string()) {  // of a form
    bj::error_code error;
    list = bj::parse(bj::string(*text), error);
    if (error) return invalid_argument("Expected commit meta-data to be json");
  }
  if (!list.is_array()) return invalid_argument("Expected a list of commits");
  for (const bj::value& document : list.get_array()) {
    RESULTSDB_ASSIGN(Commit commit, register_document(service, document));
    commits.push_back(std::move(commit));
  }
  return commits;
}

Result<Time> start_of(const Service& service, const std::string& json) {
  if (is_falsy(json)) return from_seconds(service.now_seconds());
  const bj::value value = value_of(json);
  std::optional<std::int64_t> seconds;
  if (const auto* text = value.if_string()) {
    const std::string_view digits(text->data(), text->size());
    seconds = parse_integer(digits);
    if (!seconds) {
      return invalid_argument("invalid literal for int() with base 10: '" + std::string(digits) + "'");
    }
  } else if (const auto number = integer_of(value)) {
    seconds = number;
  } else if (value.is_double() && std::abs(value.get_double()) < 1e15) {
    seconds = static_cast<std::int64_t>(value.get_double());  // cut, not rounded
  } else {
    return invalid_argument("int() argument must be a string, a bytes-like object or a real number, not '" +
                            std::string(python_type(json)) + "'");
  }
  constexpr std::int64_t kLatest = 253'402'300'799;  // the end of year 9999
  if (std::abs(*seconds) > kLatest || !is_valid_time(from_seconds(*seconds))) {
    return invalid_argument("The timestamp is out of range");
  }
  return from_seconds(*seconds);
}

Position uuid_of(const std::vector<Commit>& commits) {
  Position uuid = *commits.front().position;
  for (const Commit& commit : commits) uuid = std::max(uuid, *commit.position);
  return uuid;
}

Result<CheckedUpload> check_upload(const Service& service, const http::Request& request) {
  CheckedUpload upload;
  RESULTSDB_ASSIGN(upload.document, read_document(request));
  const UploadDocument& document = upload.document;
  RESULTSDB_ASSIGN(upload.configuration, read_configuration(service, document.configuration));
  if (is_falsy(document.suite)) return invalid_argument("No test suite specified");
  RESULTSDB_ASSIGN(upload.commits, register_commits(service, document.commits));
  if (!document.has_results && is_falsy(document.test_results)) {
    return invalid_argument("No test results specified");
  }
  if (document.suite.front() != '"') return wrong_type("str", document.suite);
  const bj::value suite = value_of(document.suite);
  upload.suite.assign(suite.get_string().data(), suite.get_string().size());
  if (upload.commits.empty()) {
    return invalid_argument("Each test result must have at least 1 associated commit");
  }
  if (!document.has_results) return wrong_type("dict", document.test_results);
  RESULTSDB_ASSIGN(upload.started, start_of(service, document.timestamp));
  upload.text_timestamp = document.timestamp.starts_with('"');
  if (!upload.configuration.complete()) return invalid_argument("Cannot register a partial configuration");
  upload.uuid = uuid_of(upload.commits);
  return upload;
}

}  // namespace resultsdb::webkit
