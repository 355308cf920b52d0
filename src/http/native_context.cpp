#include "native_context.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdio>

#include "facets_without.hpp"
#include "json_cursor.hpp"
#include "json_writer.hpp"
#include "resultsdb/json.hpp"
#include "text.hpp"

namespace resultsdb::http {
namespace {

constexpr int kJsonNesting = 4;  // of a query in a body

int status_for(const Error& error) {
  switch (error.code) {
    case ErrorCode::InvalidArgument:
      return 400;
    case ErrorCode::PermissionDenied:
      return 403;
    case ErrorCode::NotFound:
      return 404;
    case ErrorCode::AlreadyExists:
    case ErrorCode::Conflict:
      return 409;
    case ErrorCode::ResourceExhausted:
      return error.backend.empty() ? 413 : 503;  // full disk: not the caller
    case ErrorCode::Unavailable:
      return 503;
    default:
      return 500;
  }
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

Status check_name(const Arguments::Names& names, std::string_view name, const Parameters& all) {
  for (const std::string_view known : names) {
    const bool many = known.ends_with('*');
    if (known.substr(0, known.size() - (many ? 1 : 0)) != name) continue;
    if (!many && std::ranges::count(all, name, &Parameters::value_type::first) > 1) {
      return invalid_argument("is given twice", std::string(name));
    }
    return {};
  }
  return invalid_argument("is no parameter of this operation", json::repair_utf8(name));
}

Result<std::string> scalar_text(JsonCursor& cursor, const std::string& name) {
  std::string scratch;
  switch (cursor.kind()) {
    case JsonCursor::Kind::String:
      return std::string(cursor.string(scratch));
    case JsonCursor::Kind::Number:
    case JsonCursor::Kind::Bool:
      return std::string(cursor.slice());
    default:
      return invalid_argument("must be a text, a number or an array of these", name);
  }
}

}  // namespace

Result<Arguments> Arguments::read(Parameters parameters, const Names& names, const Request& request,
                                  PathVariables path) {
  for (const auto& [name, value] : parameters) {
    RESULTSDB_TRY(check_name(names, name, parameters));
    if (!json::is_utf8(value) || value.find('\0') != std::string::npos) {
      return invalid_argument("must be UTF-8 without U+0000", name);
    }
  }
  Arguments arguments;
  arguments.parameters_ = std::move(parameters);
  arguments.path_ = std::move(path);
  arguments.operation_path_ = request.path;
  return arguments;
}

std::optional<std::string> Arguments::get(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string Arguments::get_or(std::string_view name, std::string_view otherwise) const {
  return get(name).value_or(std::string(otherwise));
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : parameters_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

Result<std::string> Arguments::required(std::string_view name) const {
  auto value = get(name);
  if (!value || value->empty()) return invalid_argument("is missing", std::string(name));
  return *value;
}

Result<std::int64_t> Arguments::integer(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                        std::int64_t most) const {
  const auto text = get(name);
  if (!text) return otherwise;
  const auto value = parse_number<std::int64_t>(*text);
  if (!value || *value < least || *value > most) {
    return invalid_argument("must be " + std::to_string(least) + ".." + std::to_string(most),
                            std::string(name));
  }
  return *value;
}

Result<bool> Arguments::flag(std::string_view name, bool otherwise) const {
  const auto text = get(name);
  if (!text) return otherwise;
  if (*text == "true" || *text == "1" || text->empty()) return true;
  if (*text == "false" || *text == "0") return false;
  return invalid_argument("must be true or false", std::string(name));
}

Result<std::string> Arguments::one_of(std::string_view name,
                                      std::initializer_list<std::string_view> words) const {
  RESULTSDB_ASSIGN(const auto values, some_of(name, words));
  return values.empty() ? std::string(*words.begin()) : values.front();
}

Result<std::vector<std::string>> Arguments::some_of(std::string_view name,
                                                    std::initializer_list<std::string_view> words) const {
  auto values = all(name);
  for (const std::string& value : values) {
    if (std::ranges::find(words, std::string_view(value)) != words.end()) continue;
    std::string known;
    for (const std::string_view word : words) known += (known.empty() ? "" : ", ") + std::string(word);
    return invalid_argument("must be one of " + known, std::string(name));
  }
  return values;
}

Arguments Arguments::with(std::string_view name, std::string_view value) const {
  Arguments other = *this;
  std::erase_if(other.parameters_, [&](const auto& parameter) { return parameter.first == name; });
  other.parameters_.emplace_back(name, value);
  return other;
}

Arguments Arguments::without(std::string_view name, std::size_t index) const {
  Arguments other = *this;
  std::erase_if(other.parameters_,
                [&](const auto& parameter) { return parameter.first == name && index-- == 0; });
  return other;
}

std::uint32_t Arguments::query_checksum() const {
  std::string text = operation_path_;
  for (const auto& [name, value] : parameters_) {
    if (name != "page" && name != "limit") text += '\n' + name + '=' + value;
  }
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

Arguments::Names names(std::initializer_list<std::string_view> groups_and_names) {
  Arguments::Names all;
  for (const std::string_view one : groups_and_names) {
    if (one == "SEL") {
      all.insert(all.end(), {"suite*", "branch*", "where*", "recent", "timeline*"});
    } else if (one == "RNG") {
      all.insert(all.end(), {"range", "at"});
    } else if (one == "PAGE") {
      all.insert(all.end(), {"limit", "page", "sort"});
    } else {
      all.push_back(one);
    }
  }
  return all;
}

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.set_header("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

Response problem(int status, const Error& error) {
  JsonWriter json;
  json.begin_object().member("type", "about:blank").member("title", reason_phrase(status));
  json.member("status", status).member("code", to_string(error.code)).member("detail", error.text());
  if (!error.context.empty()) json.member("parameter", error.context);
  json.member("retryable", error.retryable()).end_object();
  Response response = json_response(status, json.take());
  response.set_header("Content-Type", "application/problem+json");
  if (status == 503) response.set_header("Retry-After", "1");
  return response;
}

Response problem(const Error& error) { return problem(status_for(error), error); }

std::string etag_of(std::string_view body) {
  char tag[24];
  std::snprintf(tag, sizeof tag, "\"%016llx\"", static_cast<unsigned long long>(fnv1a(body)));
  return tag;
}

bool matches_etag(std::string_view list, std::string_view tag) {
  const auto opaque = [](std::string_view one) { return one.starts_with("W/") ? one.substr(2) : one; };
  while (!list.empty()) {
    const std::string_view one = trim(take_until(list, ','));
    if (one == "*" || opaque(one) == opaque(tag)) return true;
  }
  return false;
}

Response conditional(const Request& request, Response response) {
  const std::string tag = etag_of(response.body);
  response.set_header("ETag", tag);
  response.set_header("Cache-Control", "no-cache");
  const auto known = request.header("If-None-Match");
  if (known && matches_etag(*known, tag)) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

Result<Parameters> parameters_from_json(std::string_view body) {
  RESULTSDB_TRY(json::validate(body, kJsonNesting));
  JsonCursor cursor(body);
  if (cursor.kind() != JsonCursor::Kind::Object) return invalid_argument("the body must be a JSON object");
  Parameters parameters;
  std::string name;
  cursor.enter();
  while (cursor.next_member(name)) {
    if (cursor.kind() == JsonCursor::Kind::Array) {
      cursor.enter();
      while (cursor.next_element()) {
        RESULTSDB_ASSIGN(std::string value, scalar_text(cursor, name));
        parameters.emplace_back(name, std::move(value));
      }
    } else {
      RESULTSDB_ASSIGN(std::string value, scalar_text(cursor, name));
      parameters.emplace_back(name, std::move(value));
    }
  }
  return parameters;
}

std::string type_of_format(const Arguments& arguments) {
  return arguments.get_or("format", "json") == "json" ? "application/json" : "text/plain; charset=utf-8";
}

void add_read(Router& router, ContextPtr context, ReadOperation operation) {
  const auto shared = std::make_shared<const ReadOperation>(std::move(operation));
  const auto answer = [context, shared](const Request& request, const PathVariables& path) {
    const bool body = request.method == "POST";
    auto parameters = body ? parameters_from_json(request.body) : Result<Parameters>(request.parameters());
    if (!parameters) return problem(parameters.error());
    auto arguments = Arguments::read(std::move(*parameters), shared->names, request, path);
    if (!arguments) return problem(arguments.error());
    auto text = shared->function(*context, *arguments);
    if (!text) return problem(text.error());
    Response response =
        json_response(200, with_facets_without(*context, *arguments, shared->function, std::move(*text)));
    response.set_header("Content-Type",
                        shared->content_type_of ? shared->content_type_of(*arguments) : shared->content_type);
    return body ? response : conditional(request, std::move(response));  // 304 answers GET and HEAD alone
  };
  if (!shared->operation.empty()) router.add({"GET", shared->path, shared->operation, answer});
  if (!shared->post_operation.empty()) router.add({"POST", shared->path, shared->post_operation, answer});
}

Status may_write(const NativeContext& context, const Request& request) {
  const NativeOptions& options = context.options;
  RESULTSDB_TRY(
      check_writer(request, options.api_keys.get(), options.allow_anonymous_writes, options.clock()));
  // A page of another site that a browser on this machine shows is no local writer.
  const auto origin = request.header("Origin");
  const std::string host(request.header("Host").value_or(""));
  if (origin && *origin != "http://" + host && *origin != "https://" + host) {
    return make_error(ErrorCode::PermissionDenied, "writes from pages of other sites are refused");
  }
  return {};
}

}  // namespace resultsdb::http
