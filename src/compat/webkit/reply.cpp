#include <algorithm>
#include <iostream>
#include <sstream>

#include "json_text.hpp"
#include "multipart.hpp"
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

/// What the store says of itself, of its server, files and tables, is nothing for clients: it goes to the
/// program's log.
std::string_view told(const Error& error, int status) {
  if (status < 500) return error.message;
  std::ostringstream line;  // written at once: others write too
  line << "resultsdb: an answer of WebKit's protocol is " << status << ": " << error << '\n';
  std::clog << line.str();
  if (error.code == ErrorCode::SchemaMismatch)
    return "The store is of an older or newer version than this server: 'resultsdb migrate' brings an older "
           "one up "
           "to date";
  if (status == 503) return "The store cannot be used right now: try again";
  if (status == 507) return "The store has no room left";
  return kInternalError;
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

namespace {

http::Response html_page(int status, std::string_view title, const std::string& content) {
  http::Response response{.status = status, .headers = {}, .body = {}};
  response.set_header("Content-Type", "text/html; charset=utf-8");
  response.set_header("Content-Security-Policy", "default-src 'none'");
  response.body = "<!doctype html>\n<html lang=\"en\"><title>" + escape_html(title) + "</title><h1>" +
                  escape_html(title) + "</h1>" + content + "</html>\n";
  return response;
}

}  // namespace

http::Response page(int status, std::string_view title, std::string_view text) {
  return html_page(status, title, "<pre>" + escape_html(text) + "</pre>");
}

http::Response page_of_links(std::string_view title,
                             const std::vector<std::pair<std::string, std::string>>& links) {
  std::string list = "<ul>";
  for (const auto& [text, address] : links)
    list += "\n<li><a href=\"" + escape_html(address) + "\">" + escape_html(text) + "</a>";
  return html_page(200, title, list + "\n</ul>");
}

http::Response page_error(int status, std::string_view description) {
  return page(status, "Results Database: " + std::to_string(status), description);
}

http::Response page_error(const Error& error) {
  const int status = status_of(error.code);
  return page_error(status, told(error, status));
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
  return error_response(status, told(error, status));
}

std::string media_type(const http::Request& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  return to_lower(type.substr(0, type.find(';')));
}

bool is_form(const http::Request& request) {
  const std::string type = media_type(request);
  return type == "application/x-www-form-urlencoded" || type == "multipart/form-data";
}

Result<http::Parameters> form_fields(const http::Request& request) {
  RESULTSDB_ASSIGN(Form form, read_form(request));
  return std::move(form.fields);
}

http::Response respond(Result<std::string> json) {
  return json ? json_response(std::move(*json)) : error_response(json.error());
}

}  // namespace resultsdb::webkit
