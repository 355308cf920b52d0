#include "manifest.hpp"

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>

#include "resultsdb/json.hpp"

namespace resultsdb::cli {

namespace json_ = boost::json;

namespace {

std::string to_text(const json_::string& text) { return json::repair_utf8({text.data(), text.size()}); }

/// Text of a facet's value: texts as they are, numbers and booleans in their JSON spelling.
std::optional<std::string> facet_text(const json_::value& value) {
  if (value.is_string()) return to_text(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  std::string out;
  if (value.is_int64()) json::append_number(out, value.get_int64());
  if (value.is_uint64()) out = std::to_string(value.get_uint64());
  if (value.is_double()) json::append_number(out, value.get_double());
  if (out.empty()) return std::nullopt;
  return out;
}

Error at_line(Error error, const std::string& path, std::size_t line) {
  error.context = path + ':' + std::to_string(line) + (error.context.empty() ? "" : ": " + error.context);
  return error;
}

}  // namespace

Status for_each_line(const std::string& path,
                     const std::function<Status(const json_::object&, std::size_t)>& handle) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return make_error(ErrorCode::NotFound, "this file is not there, or may not be read", path);
  }
  std::istream& in = path == "-" ? std::cin : file;
  json_::parse_options parse;
  parse.max_depth = json::kMaxDepth;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (auto valid = json::validate(line); !valid) return at_line(valid.error(), path, number);
    json::replace_lone_surrogates(line);
    boost::system::error_code code;
    const auto value = json_::parse(line, code, {}, parse);
    if (code || !value.is_object())
      return at_line(invalid_argument("a line must be one JSON object"), path, number);
    if (auto status = handle(value.get_object(), number); !status)
      return at_line(status.error(), path, number);
  }
  if (in.bad()) return make_error(ErrorCode::Unavailable, "reading failed", path);
  return {};
}

const json_::value* MemberReader::find(const char* name) {
  seen_.insert(name);
  const auto* value = object_.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

void MemberReader::wrong(const char* name, const std::string& what) {
  if (!error_) error_ = invalid_argument(what, name);
}

std::string MemberReader::text(const char* name, bool required) {
  const auto* value = find(name);
  if (value && value->is_string()) return to_text(value->get_string());
  if (value) wrong(name, "must be a text");
  if (!value && required) wrong(name, "is missing");
  return {};
}

std::vector<std::string> MemberReader::texts(const char* name) {
  const auto* value = find(name);
  if (!value) return {};
  if (value->is_string()) return {to_text(value->get_string())};
  std::vector<std::string> all;
  if (value->is_array()) {
    for (const auto& item : value->get_array()) {
      if (!item.is_string()) break;
      all.push_back(to_text(item.get_string()));
    }
  }
  if (!value->is_array() || all.size() != value->get_array().size())
    wrong(name, "must be a text or a list of texts");
  return all;
}

std::optional<std::int64_t> MemberReader::integer(const char* name) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  wrong(name, "must be an integer");
  return std::nullopt;
}

std::optional<Time> MemberReader::time(const char* name) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  const auto text = value->is_string() || value->is_number() ? facet_text(*value) : std::nullopt;
  auto time = parse_time(text.value_or(""));
  if (time) return *time;
  wrong(name, "must be a time: RFC 3339 with zone, or seconds since 1970");
  return std::nullopt;
}

Person MemberReader::person(const char* name) {
  const auto* value = find(name);
  Person person;
  if (!value) return person;
  if (value->is_string()) {
    person.name = to_text(value->get_string());
  } else if (value->is_object()) {
    MemberReader reader(value->get_object());
    person.name = reader.text("name", false);
    person.emails = reader.texts("emails");
    if (auto error = reader.finish()) wrong(name, error->text());
  } else {
    wrong(name, "must be a text, or an object with name and emails");
  }
  return person;
}

Configuration MemberReader::configuration(const char* name) {
  const auto* value = find(name);
  Configuration configuration;
  if (!value) return configuration;
  if (!value->is_object()) {
    wrong(name, "must be an object");
    return configuration;
  }
  for (const auto& [facet, item] : value->get_object()) {
    auto text = facet_text(item);
    if (!text) wrong(name, "facet '" + std::string(facet) + "' must be a text, a number or a boolean");
    configuration.set(std::string(facet), text.value_or(""));
  }
  return configuration;
}

std::optional<Error> MemberReader::finish() {
  for (const auto& member : object_) {
    if (!error_ && !seen_.contains(std::string_view(member.key().data(), member.key().size())))
      error_ = invalid_argument("is no member that is known here", std::string(member.key()));
  }
  return error_;
}

Result<RunPlan> parse_manifest_line(const json_::object& line, const std::string& folder) {
  MemberReader reader(line);
  RunPlan plan;
  plan.id = reader.text("id", false);
  plan.suite = reader.text("suite", false);
  plan.branch = reader.text("branch", false);
  plan.configuration = reader.configuration("configuration");
  plan.commits = reader.texts("commit");
  plan.started = reader.time("started");
  const auto attempt = reader.integer("attempt").value_or(1);
  plan.reason = reader.text("reason", false);
  const auto state = reader.text("state", false);
  const auto file = reader.text("file", false);
  if (auto error = reader.finish()) return *error;
  if (attempt < 1 || attempt > std::numeric_limits<int>::max())
    return invalid_argument("must be at least 1, and no more than 2147483647", "attempt");
  plan.attempt = static_cast<int>(attempt);
  if (!state.empty()) {
    plan.state = parse_run_state(state);
    if (!plan.state)
      return invalid_argument("'" + state + "' is none of running, final, failed, incomplete", "state");
  }
  if (file.empty() && !plan.state) plan.state = RunState::Failed;
  if (!file.empty()) plan.files.push_back((std::filesystem::path(folder) / file).string());
  if (plan.suite.empty() && file.empty())
    return invalid_argument("is missing; a run without file needs it", "suite");
  return plan;
}

}  // namespace resultsdb::cli
