// Requests and responses as plain values: handlers know no sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resultsdb/http/body_file.hpp"

namespace resultsdb::http {

using Headers = std::vector<std::pair<std::string, std::string>>;
using Parameters =
    std::vector<std::pair<std::string, std::string>>;  ///< decoded, in order; `?a` gives ("a", "")

/// Case-insensitive; the first of that name.
std::optional<std::string_view> find_header(const Headers& headers, std::string_view name);

struct Request {
  std::string method;      ///< upper case
  std::string target;      ///< as received, with query
  std::string path;        ///< raw (still percent-encoded), without query
  std::string query;       ///< raw text after `?`
  bool has_query = false;  ///< a `?` with at least one character after it
  Headers headers;
  std::string body;  ///< unpacked
  std::shared_ptr<const BodyFile>
      body_file;  ///< holds the body instead, of requests that ServerOptions::to_file names
  std::string remote_address;
  bool remote_is_loopback = true;

  std::optional<std::string_view> header(std::string_view name) const { return find_header(headers, name); }
  /// The query decoded as a form: `+` is a blank; broken escapes stay as they are.
  Parameters parameters() const;
};

/// A body that is made while it is sent.
struct BodyStream {
  std::uint64_t size = 0;
  /// Called until `size` bytes came: the next ones, at least one. An error, or more than `size` bytes, ends
  /// the connection, so that nobody takes what came for the whole.
  std::function<Result<std::string>()> next;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  std::optional<BodyStream> stream;  ///< instead of `body`; sent as it is, never compressed

  std::optional<std::string_view> header(std::string_view name) const { return find_header(headers, name); }
  void set_header(std::string_view name, std::string value);
};

using Handler = std::function<Response(const Request&)>;

/// "Not Found", …
std::string_view reason_phrase(int status) noexcept;

/// `%41` to `A`; `plus_is_blank` for forms. Broken escapes stay as they are.
std::string percent_decode(std::string_view text, bool plus_is_blank = false);
Parameters parse_form(std::string_view text);

/// Splits a target ("/a?b=c") into the request's target, path, query, has_query.
void set_target(Request& request, std::string target);

}  // namespace resultsdb::http
