#include <algorithm>

#include "json_text.hpp"
#include "numbers.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return 400;
    case ErrorCode::NotFound:
      return 404;
    case ErrorCode::AlreadyExists:
      return 409;
    case ErrorCode::Conflict:
    case ErrorCode::Unavailable:
      return 503;
    case ErrorCode::PermissionDenied:
      return 403;
    case ErrorCode::ResourceExhausted:
      return 507;
    case ErrorCode::Corrupt:
    case ErrorCode::SchemaMismatch:
    case ErrorCode::Internal:
      break;
  }
  return 500;
}

constexpr std::string_view kInternalError =
    "The server encountered an internal error and was unable to complete your request. Either the server is "
    "overloaded or there is an error in the application.";

/// The value of `name="…"` in a header line, or nothing.
std::optional<std::string> quoted_parameter(std::string_view line, std::string_view name) {
  const std::string start = std::string(name) + "=\"";
  std::size_t at = line.find(start);
  while (at != std::string_view::npos && at > 0 && line[at - 1] != ' ' && line[at - 1] != ';') {
    at = line.find(start, at + 1);  // `filename="…"` ends with `name="…"`
  }
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t from = at + start.size();
  return std::string(line.substr(from, line.find('"', from) - from));
}

http::Parameters multipart_fields(std::string_view body, std::string_view type) {
  http::Parameters fields;
  const std::size_t at = type.find("boundary=");
  if (at == std::string_view::npos) return fields;
  std::string_view boundary = type.substr(at + 9);
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.starts_with('"')) boundary = boundary.substr(1, boundary.find('"', 1) - 1);
  const std::string delimiter = "--" + std::string(boundary);
  std::size_t start = body.find(delimiter);
  while (start != std::string_view::npos) {
    start += delimiter.size();
    const std::size_t end = body.find("\r\n" + delimiter, start);
    if (end == std::string_view::npos) break;
    const std::string_view part = body.substr(start, end - start);
    const std::size_t blank = part.find("\r\n\r\n");
    if (blank != std::string_view::npos) {
      const std::string_view head = part.substr(0, blank);
      const auto name = quoted_parameter(head, "name");
      if (name && !quoted_parameter(head, "filename")) fields.emplace_back(*name, part.substr(blank + 4));
    }
    start = end + 2;
  }
  return fields;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

http::Response page(int status, std::string_view title, std::string_view text) {
  http::Response response{.status = status, .headers = {}, .body = {}};
  response.set_header("Content-Type", "text/html; charset=utf-8");
  response.set_header("Content-Security-Policy", "default-src 'none'");
  response.body = "<!doctype html>\n<html lang=\"en\"><title>" + escape_html(title) + "</title><h1>" +
                  escape_html(title) + "</h1><pre>" + escape_html(text) + "</pre></html>\n";
  return response;
}

http::Response page_error(int status, std::string_view description) {
  return page(status, "Results Database: " + std::to_string(status), description);
}

http::Response page_error(const Error& error) {
  const int status = status_of(error.code);
  return page_error(status, status < 500 ? std::string_view(error.message) : kInternalError);
}

http::Response go_to(const Result<std::string>& address) {
  if (!address) return page_error(address.error());
  // It came from outside: nothing but an address may get into a header.
  const bool usable =
      std::all_of(address->begin(), address->end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!usable) return page_error(404, "The address cannot be gone to: " + *address);
  http::Response response = page(302, "Elsewhere", *address);
  response.set_header("Location", *address);
  return response;
}

http::Response json_response(std::string json, int status) {
  http::Response response{.status = status, .headers = {}, .body = std::move(json)};
  response.body += '\n';
  response.set_header("Content-Type", "application/json");
  return response;
}

http::Response error_response(int status, std::string_view description) {
  JsonObject object;
  object.set_string("status", "error");
  object.set_string("error", http::reason_phrase(status));
  object.set_string("description", description);
  return json_response(object.text(), status);
}

http::Response error_response(const Error& error) {
  const int status = status_of(error.code);
  return error_response(status, status == 500 ? kInternalError : std::string_view(error.message));
}

std::string media_type(const http::Request& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  return to_lower(type.substr(0, type.find(';')));
}

bool is_form(const http::Request& request) {
  const std::string type = media_type(request);
  return type == "application/x-www-form-urlencoded" || type == "multipart/form-data";
}

http::Parameters form_fields(const http::Request& request) {
  if (media_type(request) != "multipart/form-data") return http::parse_form(request.body);
  return multipart_fields(request.body, request.header("Content-Type").value_or(""));
}

http::Response respond(Result<std::string> json) {
  return json ? json_response(std::move(*json)) : error_response(json.error());
}

}  // namespace resultsdb::webkit
