#include <algorithm>

#include "path.hpp"
#include "resultsdb/http/webkit.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

using http::PathVariables;
using http::Request;
using http::Response;

constexpr std::string_view kNotFound =
    "The requested URL was not found on the server. If you entered the URL manually please check your "
    "spelling "
    "and try again.";
constexpr std::string_view kNotAllowed = "The method is not allowed for the requested URL.";

using Methods = std::vector<std::string>;  // as `Allow` lists them

std::string allow_header(const Methods& methods) {
  std::string text;
  for (const std::string& method : methods) text += (text.empty() ? "" : ", ") + method;
  return text;
}

Response not_allowed(const Methods& methods) {
  Response response = error_response(405, kNotAllowed);
  response.set_header("Allow", allow_header(methods));
  return response;
}

Response options(const Methods& methods) {
  Response response;
  response.set_header("Content-Type", "text/html; charset=utf-8");
  response.set_header("Allow", allow_header(methods));
  return response;
}

Response redirect(const std::string& target) {
  Response response = error_response(308, "The resource has moved");
  response.set_header("Location", target);
  return response;
}

/// Adds the routes of one path: its own methods, and how it answers HEAD and OPTIONS.
class Mount {
 public:
  Mount(http::Router& router, std::shared_ptr<const Service> service)
      : router_(router), service_(std::move(service)) {}

  using Endpoint = std::function<Response(const Service&, const Request&, const PathVariables&)>;
  /// Whether a path that the pattern takes is one of the protocol; empty: all are.
  using Condition = std::function<bool(const PathVariables&)>;

  void add(const std::string& pattern, const std::string& operation, Endpoint get, Endpoint post = {},
           Condition exists = {}) {
    Methods methods;
    if (get) methods = {"GET", "HEAD"};
    methods.push_back("OPTIONS");
    if (post) methods.push_back("POST");
    const auto route = [&](const std::string& method, Endpoint endpoint) {
      router_.add({.method = method,
                   .pattern = pattern,
                   .operation = operation,
                   .handler = [service = service_, endpoint = std::move(endpoint), exists](
                                  const Request& request, const PathVariables& variables) {
                     if (exists && !exists(variables)) return error_response(404, kNotFound);
                     return endpoint(*service, request, variables);
                   }});
    };
    const auto refuse = [methods](const Service&, const Request&, const PathVariables&) {
      return not_allowed(methods);
    };
    if (get) {
      route("GET", get);
      if (service_->profile.refuse_head) route("HEAD", refuse);
    }
    if (post) route("POST", post);
    route("OPTIONS",
          [methods](const Service&, const Request&, const PathVariables&) { return options(methods); });
    // Every other method is refused here, since the router would add up the methods of all patterns that fit.
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
      if (std::find(methods.begin(), methods.end(), method) == methods.end()) route(method, refuse);
    }
  }

 private:
  http::Router& router_;
  std::shared_ptr<const Service> service_;
};

/// The suite of `/api/<suite>/tests`, or empty.
std::string suite_of_tests(std::string_view path) {
  constexpr std::string_view kEnd = "/tests";
  return path.ends_with(kEnd) ? unescape_path(path.substr(0, path.size() - kEnd.size())) : std::string();
}

Response results(const Service& service, const Request& request, const PathVariables& variables) {
  const std::string& rest = variables.front();
  if (rest.starts_with('/')) {
    const std::string query = request.has_query ? "?" + request.query : "";
    const std::size_t slashes = request.path.find_first_not_of('/', sizeof("/api/results") - 1);
    return slashes == std::string::npos ? error_response(404, kNotFound)
                                        : redirect("/api/results/" + request.path.substr(slashes) + query);
  }
  const ResultsPath path = split_results_path(rest);
  if (!path.has_test) return get_suite_results(service, request, path.suite);
  return get_test_results(service, request, path.suite, path.test);
}

}  // namespace

void mount(http::Router& router, std::shared_ptr<Model> model, const Options& options) {
  Service service{.model = std::move(model), .options = options, .profile = Profile(), .searches = {}};
  if (service.profile.remember_searches) {
    service.searches = std::make_shared<CommitCache>(service.profile.remembered_seconds);
  }
  Mount mount(router, std::make_shared<const Service>(std::move(service)));
  const auto plain = [](auto* endpoint) {
    return [endpoint](const Service& service, const Request& request, const PathVariables&) {
      return endpoint(service, request);
    };
  };
  mount.add("/api/upload", "webkit_upload", plain(get_uploads), plain(post_upload));
  mount.add("/api/upload/process", "webkit_process_uploads", {}, plain(process_uploads));
  mount.add("/api/commits", "webkit_commits", plain(get_commits), plain(post_commit));
  mount.add("/api/commits/find", "webkit_commits", plain(get_commits));
  mount.add("/api/commits/register", "webkit_register_commit", {}, plain(post_commit));
  mount.add("/api/commits/repositories", "webkit_repositories", plain(get_repositories));
  mount.add("/api/commits/representations", "webkit_representations", plain(get_representations));
  mount.add("/api/commits/branches", "webkit_branches", plain(get_branches));
  mount.add("/api/commits/siblings", "webkit_siblings", plain(get_siblings));
  mount.add("/api/commits/next", "webkit_next_commit", plain(get_next_commit));
  mount.add("/api/commits/previous", "webkit_previous_commit", plain(get_previous_commit));
  mount.add(
      "/api/results-summary/{path*}", "webkit_summary",
      [](const Service& service, const Request& request, const PathVariables& variables) {
        const ResultsPath path = split_results_path(variables.front());
        return get_summary(service, request, path.suite, path.test);
      },
      {}, [](const PathVariables& variables) { return split_results_path(variables.front()).has_test; });
  mount.add("/commit", "webkit_commit_page", plain(show_commit));
  mount.add("/commit/info", "webkit_commit_info_page", plain(show_commit_info));
  mount.add("/commit/next", "webkit_next_commit_page", plain(show_next_commit));
  mount.add("/commit/previous", "webkit_previous_commit_page", plain(show_previous_commit));
  mount.add("/urls/queue", "webkit_queue_page", plain(show_queue));
  mount.add("/urls/build", "webkit_build_page", plain(show_build));
  mount.add("/urls/worker", "webkit_worker_page", plain(show_worker));
  mount.add("/api/urls", "webkit_urls", plain(get_urls));
  mount.add("/api/urls/queue", "webkit_queue_urls", plain(get_queue_urls));
  mount.add("/api/failures/{suite*}", "webkit_failures",
            [](const Service& service, const Request& request, const PathVariables& variables) {
              return get_failures(service, request, variables.front());
            });
  mount.add("/api/suites", "webkit_suites", plain(get_suites));
  mount.add("/api/results/{path*}", "webkit_results", results);
  mount.add(
      "/api/{path*}", "webkit_tests",
      [](const Service& service, const Request& request, const PathVariables& variables) {
        return get_tests(service, request, suite_of_tests(variables.front()));
      },
      {}, [](const PathVariables& variables) { return !suite_of_tests(variables.front()).empty(); });
  router.set_fallback("/api", [](const Request&, int status, const Methods&) {
    return error_response(status, status == 405 ? kNotAllowed : kNotFound);
  });
}

}  // namespace resultsdb::webkit
