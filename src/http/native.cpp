#include "resultsdb/http/native.hpp"

#include "embedded/resultsdb_http.hpp"
#include "native_context.hpp"

namespace resultsdb::http {
namespace {

Response embedded(const Request& request, std::string_view text, std::string_view type) {
  Response response;
  response.set_header("Content-Type", std::string(type));
  response.set_header("X-Content-Type-Options", "nosniff");
  response.body = text;
  return conditional(request, std::move(response));
}

/// The page takes script and style from its own files alone.
Response page(const Request& request) {
  Response response = embedded(request, page_html, "text/html; charset=utf-8");
  response.set_header("Content-Security-Policy",
                      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                      "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set_header("Referrer-Policy", "no-referrer");
  return response;
}

Response no_route(const Request& request, int status, const std::vector<std::string>&) {
  const ErrorCode code = status == 404 ? ErrorCode::NotFound : ErrorCode::InvalidArgument;
  const std::string what = status == 404 ? "there is no such resource: see /v1/openapi.json"
                                         : request.method + " is no method of this resource";
  return problem(status, make_error(code, what));
}

}  // namespace

void mount_native(Router& router, std::shared_ptr<Model> model, const NativeOptions& options) {
  auto context = std::make_shared<NativeContext>();
  context->model = std::move(model);
  context->options = options;
  context->metrics = options.metrics ? options.metrics : std::make_shared<Metrics>();
  context->started = options.clock();
  const ContextPtr shared = std::move(context);
  add_history_routes(router, shared);
  add_suite_routes(router, shared);
  add_run_routes(router, shared);
  add_test_routes(router, shared);
  add_commit_routes(router, shared);
  add_summary_routes(router, shared);
  add_regression_routes(router, shared);
  add_flaky_routes(router, shared);
  add_culprit_routes(router, shared);
  add_verdict_routes(router, shared);
  add_compare_routes(router, shared);
  add_gate_routes(router, shared);
  add_plan_routes(router, shared);
  add_duration_routes(router, shared);
  add_cluster_routes(router, shared);
  add_expectation_routes(router, shared);
  add_fix_check_routes(router, shared);
  add_failure_routes(router, shared);
  add_coverage_routes(router, shared);
  add_duration_tree_routes(router, shared);
  add_overview_routes(router, shared);
  add_search_routes(router, shared);
  add_state_routes(router, shared);
  add_view_routes(router, shared);
  add_annotation_routes(router, shared);
  add_write_routes(router, shared);
#ifdef RESULTSDB_HTTP_FORMATS
  add_import_route(router, shared);
#endif
  const auto file = [&](std::string path, std::string operation, std::string_view text,
                        std::string_view type) {
    router.add({"GET", std::move(path), std::move(operation),
                [text, type](const Request& request, const PathVariables&) {
                  return embedded(request, text, type);
                }});
  };
  file("/v1/openapi.json", "getOpenApi", openapi_json, "application/json");
  file("/page.js", "getPageScript", page_js, "text/javascript; charset=utf-8");
  file("/page.css", "getPageStyle", page_css, "text/css; charset=utf-8");
  router.add(
      {"GET", "/", "getPage", [](const Request& request, const PathVariables&) { return page(request); }});
  router.set_fallback("/v1", no_route);
}

}  // namespace resultsdb::http
