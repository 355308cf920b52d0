#include <algorithm>

#include "answer_cache.hpp"
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

bool is_api(std::string_view path) { return path == "/api" || path.starts_with("/api/"); }

/// Errors are JSON below /api and a page elsewhere.
Response routing_error(std::string_view path, int status) {
  const std::string_view text = status == 405 ? kNotAllowed : kNotFound;
  return is_api(path) ? error_response(status, text) : page_error(status, text);
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
  struct Endpoints {
    Endpoint get, post, put;
    Condition exists = {};
    bool always_head = false;  ///< where the original answers HEAD too
  };

  void add(const std::string& pattern, const std::string& operation, Endpoint get, Endpoint post = {},
           Condition exists = {}) {
    add_all(pattern, operation, {std::move(get), std::move(post), {}, std::move(exists), !is_api(pattern)});
  }

  void add_all(const std::string& pattern, const std::string& operation, const Endpoints& endpoints) {
    Methods methods;
    if (endpoints.get) methods = {"GET", "HEAD"};
    methods.push_back("OPTIONS");
    if (endpoints.post) methods.push_back("POST");
    if (endpoints.put) methods.push_back("PUT");
    const auto route = [&](const std::string& method, Endpoint endpoint) {
      router_.add({.method = method,
                   .pattern = pattern,
                   .operation = operation,
                   .handler = [service = service_, endpoint = std::move(endpoint), exists = endpoints.exists](
                                  const Request& request, const PathVariables& variables) {
                     if (exists && !exists(variables)) return routing_error(request.path, 404);
                     return endpoint(*service, request, variables);
                   }});
    };
    const auto refuse = [methods](const Service&, const Request& request, const PathVariables&) {
      Response response = routing_error(request.path, 405);
      response.set_header("Allow", allow_header(methods));
      return response;
    };
    if (endpoints.get) route("GET", endpoints.get);
    const bool head = endpoints.get && (endpoints.always_head || !service_->profile.refuse_head);
    route("HEAD", head ? endpoints.get : refuse);
    if (endpoints.post) route("POST", endpoints.post);
    if (endpoints.put) route("PUT", endpoints.put);
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

using PlainEndpoint = Response(const Service&, const Request&);

Mount::Endpoint plain(PlainEndpoint* endpoint) {
  if (endpoint == nullptr) return {};
  return [endpoint](const Service& service, const Request& request, const PathVariables&) {
    return endpoint(service, request);
  };
}

/// Of an endpoint that only reads the store.
Mount::Endpoint kept(const std::shared_ptr<AnswerCache>& answers, Mount::Endpoint endpoint) {
  return [answers, endpoint = std::move(endpoint)](const Service& service, const Request& request,
                                                   const PathVariables& variables) {
    return answers->get(*service.model, request, service.now_seconds(),
                        [&] { return endpoint(service, request, variables); });
  };
}

struct PlainRoute {
  const char *pattern, *operation;
  PlainEndpoint* get;
  PlainEndpoint* post = nullptr;
};
constexpr PlainRoute kPlainRoutes[] = {
    {"/api/upload", "webkit_upload", get_uploads, post_upload},
    {"/api/upload/archive", "webkit_archive", get_archive, post_archive},
    {"/api/upload/process", "webkit_process_uploads", nullptr, process_uploads},
    {"/api/commits", "webkit_commits", get_commits, post_commit},
    {"/api/commits/find", "webkit_commits", get_commits},
    {"/api/commits/register", "webkit_register_commit", nullptr, post_commit},
    {"/api/commits/repositories", "webkit_repositories", get_repositories},
    {"/api/commits/representations", "webkit_representations", get_representations},
    {"/api/commits/branches", "webkit_branches", get_branches},
    {"/api/commits/siblings", "webkit_siblings", get_siblings},
    {"/api/commits/next", "webkit_next_commit", get_next_commit},
    {"/api/commits/previous", "webkit_previous_commit", get_previous_commit},
    {"/", "webkit_main_page", show_main},
    {"/search", "webkit_main_page", show_main},
    {"/suites", "webkit_suites_page", show_suites},
    {"/investigate", "webkit_investigate_page", show_investigation},
    {"/commits", "webkit_commits_page", show_commits},
    {"/documentation", "webkit_documentation_page", show_documentation},
    {"/archive-routes", "webkit_archive_routes", get_archive_routes},
    {"/commit", "webkit_commit_page", show_commit},
    {"/commit/info", "webkit_commit_info_page", show_commit_info},
    {"/commit/next", "webkit_next_commit_page", show_next_commit},
    {"/commit/previous", "webkit_previous_commit_page", show_previous_commit},
    {"/urls/queue", "webkit_queue_page", show_queue},
    {"/urls/build", "webkit_build_page", show_build},
    {"/urls/worker", "webkit_worker_page", show_worker},
    {"/api/urls", "webkit_urls", get_urls},
    {"/api/urls/queue", "webkit_queue_urls", get_queue_urls},
    {"/api/suites", "webkit_suites", get_suites},
};

}  // namespace

void mount(http::Router& router, std::shared_ptr<Model> model, const Options& options) {
  Service service = Service::of(std::move(model), options);
  if (service.profile.remember_searches) {
    service.searches = std::make_shared<CommitCache>(service.profile.remembered_seconds);
  }
  Mount mount(router, std::make_shared<const Service>(std::move(service)));
  for (const PlainRoute& route : kPlainRoutes) {
    mount.add(route.pattern, route.operation, plain(route.get), plain(route.post));
  }
  for (const char* folder : {"/archive", "/archive/"}) {
    mount.add(folder, "webkit_archive_page",
              [](const Service& service, const Request& request, const PathVariables&) {
                return show_archive(service, request, "");
              });
  }
  mount.add("/archive/{path*}", "webkit_archive_page",
            [](const Service& service, const Request& request, const PathVariables& variables) {
              return show_archive(service, request, variables.front());
            });
  if (options.ews.value_or(options.profile == ProfileName::WebkitCorrected)) {
    mount.add("/api/upload/ews", "webkit_upload_ews", {}, plain(post_ews));
    mount.add("/api/results-ews", "webkit_ews_results", plain(get_ews_results));
    mount.add("/api/results-ews/tests", "webkit_ews_tests", plain(get_ews_tests));
  }
  const auto answers = std::make_shared<AnswerCache>();
  mount.add("/api/results-summary/{path*}", "webkit_summary",
            kept(answers,
                 [](const Service& service, const Request& request, const PathVariables& variables) {
                   const ResultsPath path = split_results_path(variables.front());
                   return get_summary(service, request, path.suite, path.test);
                 }),
            {},
            [](const PathVariables& variables) { return split_results_path(variables.front()).has_test; });
  mount.add_all("/api/bug-trackers", "webkit_bug_trackers",
                {.get = plain(get_bug_trackers), .post = {}, .put = {}, .always_head = true});
  mount.add_all("/api/bug-trackers/{tracker}/create-bug", "webkit_create_bug",
                {.get = {},
                 .post = {},
                 .put = [](const Service& service, const Request& request, const PathVariables& variables) {
                   return create_bug(service, request, variables.front());
                 }});
  mount.add("/assets/{path*}", "webkit_asset",
            [](const Service&, const Request& request, const PathVariables& variables) {
              return get_asset(request, variables.front());
            });
  mount.add("/api/failures/{suite*}", "webkit_failures",
            kept(answers, [](const Service& service, const Request& request, const PathVariables& variables) {
              const std::string& suite = variables.front();
              return get_failures(service, request,
                                  service.profile.failures_keep_escapes ? suite : unescape_path(suite));
            }));
  mount.add("/api/results/{path*}", "webkit_results", kept(answers, results));
  mount.add(
      "/api/{path*}", "webkit_tests",
      [](const Service& service, const Request& request, const PathVariables& variables) {
        return get_tests(service, request, suite_of_tests(variables.front()));
      },
      {}, [](const PathVariables& variables) { return !suite_of_tests(variables.front()).empty(); });
  // Whatever no other mount answers.
  for (const char* prefix : {"/api", "/"}) {
    router.set_fallback(prefix, [](const Request& request, int status, const Methods&) {
      return routing_error(request.path, status);
    });
  }
}

}  // namespace resultsdb::webkit
