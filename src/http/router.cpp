#include "resultsdb/http/router.hpp"

#include <algorithm>
#include <optional>

namespace resultsdb::http {
namespace {

struct Match {
  PathVariables variables;
  std::string rank;  ///< one letter a segment, smaller is more specific: 'a' literal, 'b' variable, 'c' rest
};

/// Both begin with a slash; the text behind it is walked segment by segment.
std::optional<Match> match(std::string_view pattern, std::string_view path) {
  if (pattern.empty() || path.empty() || path.front() != '/') return std::nullopt;
  Match found;
  // A trailing slash is an empty last segment, which counts: "/a" and "/a/" are two paths.
  const auto segments = std::ranges::count(pattern, '/');
  for (auto left = segments; left > 0; --left) {
    if (path.empty() || path.front() != '/') return std::nullopt;
    path.remove_prefix(1);
    pattern.remove_prefix(1);
    const std::string_view wanted = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(wanted.size());
    const std::string_view segment = path.substr(0, path.find('/'));
    if (wanted.starts_with('{') && wanted.ends_with("*}")) {
      if (path.empty()) return std::nullopt;
      found.variables.push_back(percent_decode(path));
      found.rank += 'c';
      return found;
    }
    path.remove_prefix(segment.size());
    if (wanted.starts_with('{')) {
      if (segment.empty()) return std::nullopt;
      found.variables.push_back(percent_decode(segment));
      found.rank += 'b';
    } else {
      if (percent_decode(segment) != wanted) return std::nullopt;
      found.rank += 'a';
    }
  }
  if (!path.empty()) return std::nullopt;
  return found;
}

struct Found {
  const Route* route = nullptr;
  Match match;
  std::vector<std::string> allow;  ///< methods that the path's routes have
};

Found find_route(const std::vector<Route>& routes, std::string_view path, std::string_view method) {
  Found found;
  for (const Route& route : routes) {
    auto matched = match(route.pattern, path);
    if (!matched) continue;
    if (std::ranges::find(found.allow, route.method) == found.allow.end()) {
      found.allow.push_back(route.method);
    }
    if (route.method != method) continue;
    if (!found.route || matched->rank < found.match.rank) {
      found.route = &route;
      found.match = std::move(*matched);
    }
  }
  return found;
}

/// The route for a request; HEAD falls back to GET.
Found find_request(const std::vector<Route>& routes, const Request& request) {
  Found found = find_route(routes, request.path, request.method);
  if (!found.route && request.method == "HEAD") found = find_route(routes, request.path, "GET");
  return found;
}

std::string allow_header(std::vector<std::string> methods) {
  const auto has = [&](std::string_view method) {
    return std::ranges::find(methods, method) != methods.end();
  };
  if (has("GET") && !has("HEAD")) methods.emplace_back("HEAD");
  if (!has("OPTIONS")) methods.emplace_back("OPTIONS");
  std::ranges::sort(methods);
  std::string text;
  for (const std::string& method : methods) text += (text.empty() ? "" : ", ") + method;
  return text;
}

bool is_below(std::string_view path, std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

Response plain(int status) {
  Response response{.status = status, .headers = {}, .body = {}};
  if (status != 200) {
    response.set_header("Content-Type", "text/plain; charset=utf-8");
    response.body = std::to_string(status) + ' ' + std::string(reason_phrase(status)) + '\n';
  }
  return response;
}

void drop_body(Response& response) {
  if (!response.header("Content-Length")) {
    response.set_header("Content-Length", std::to_string(response.body.size()));
  }
  response.body.clear();
}

}  // namespace

void Router::add(Route route) { routes_.push_back(std::move(route)); }

void Router::set_fallback(std::string prefix, Fallback fallback) {
  fallbacks_.emplace_back(std::move(prefix), std::move(fallback));
}

Response Router::dispatch(const Request& request) const {
  const Found found = find_request(routes_, request);
  const bool head = request.method == "HEAD";
  if (found.route) {
    Response response = found.route->handler(request, found.match.variables);
    if (head) drop_body(response);
    return response;
  }
  if (request.method == "OPTIONS" && !found.allow.empty()) {
    Response response = plain(200);
    response.set_header("Allow", allow_header(found.allow));
    return response;
  }
  const int status = found.allow.empty() ? 404 : 405;
  const Fallback* fallback = nullptr;
  std::size_t longest = 0;
  for (const auto& [prefix, candidate] : fallbacks_) {
    if (!is_below(request.path, prefix) || (fallback && prefix.size() < longest)) continue;
    fallback = &candidate;
    longest = prefix.size();
  }
  Response response = fallback ? (*fallback)(request, status, found.allow) : plain(status);
  if (status == 405 && !response.header("Allow")) response.set_header("Allow", allow_header(found.allow));
  if (head) drop_body(response);
  return response;
}

std::string_view Router::operation(const Request& request) const {
  const Found found = find_request(routes_, request);
  return found.route ? std::string_view(found.route->operation) : std::string_view();
}

}  // namespace resultsdb::http
