// From (method, path) to a handler, without sockets.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/http/message.hpp"

namespace resultsdb::http {

/// What a pattern's variables matched, percent-decoded, in order.
using PathVariables = std::vector<std::string>;
using RouteHandler = std::function<Response(const Request&, const PathVariables&)>;

struct Route {
  std::string method;     ///< "GET", …
  std::string pattern;    ///< "/v1/runs/{run}", "/api/results/{suite}/{test*}" (`*`: the rest, slashes
                          ///< included, not empty)
  std::string operation;  ///< name for metrics and the OpenAPI document
  RouteHandler handler;
};

/// Not changed after set-up; dispatch() is safe for concurrent calls. Matching: literal segments before
/// variables,
/// `{name}` is one non-empty segment. HEAD is answered by GET without body unless a route says otherwise;
/// OPTIONS by 200 with `Allow`; a known path with another method is 405 with `Allow`; no route is 404. Mounts
/// may own a prefix and answer these themselves.
class Router {
 public:
  void add(Route route);
  /// Everything below `prefix` that no route answers; gets the status (404 or 405) and the allowed methods.
  using Fallback = std::function<Response(const Request&, int status, const std::vector<std::string>& allow)>;
  void set_fallback(std::string prefix, Fallback fallback);

  Response dispatch(const Request& request) const;
  /// The route's operation for a request, or empty: for metrics.
  std::string_view operation(const Request& request) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::pair<std::string, Fallback>> fallbacks_;
};

}  // namespace resultsdb::http
