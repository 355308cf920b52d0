// getServer, getHealth, getStats, /healthz, /metrics.
#include "native_context.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

Result<std::string> get_server(const NativeContext& context, const Arguments&) {
  RESULTSDB_ASSIGN(const auto repositories, context.model->repositories());
  JsonWriter json;
  json.begin_object().member("name", "resultsdb").member("title", context.options.title);
  json.member("version", context.options.version).member("time", context.now());
  std::string default_branch = "main";
  json.key("repositories").begin_array();
  for (const std::string& key : repositories) {
    const auto repository = context.model->repository(key);
    json.begin_object().member("id", key).member("name", key).key("representations").begin_array();
    if (repository) {
      if (key == repositories.front()) default_branch = repository->default_branch();
      for (const std::string& form : repository->representations()) json.value(form);
    }
    json.end_array().end_object();
  }
  json.end_array().member("default_branch", default_branch);
  json.member("recent_days", context.options.recent_days);
  json.member("stale_after_s", context.options.recent_days * kSecondsPerDay);
  json.member("writes", context.options.api_keys                 ? "keys"
                        : context.options.allow_anonymous_writes ? "open"
                                                                 : "loopback")
      .member("live", false);
  json.key("limits")
      .begin_object()
      .member("range_last", RangeRequest::kMostRuns)
      .member("tests", 2'000)
      .end_object();
  json.end_object();
  return json.take();
}

Result<std::string> get_health(const NativeContext& context, const Arguments&) {
  const Status storage = context.model->storage().ping();
  JsonWriter json;
  json.begin_object().member("status", storage ? "ok" : "down").key("parts").begin_array().begin_object();
  json.member("name", "storage").member("status", storage ? "ok" : "down");
  json.member("detail", storage ? std::string() : storage.error().text())
      .end_object()
      .end_array()
      .end_object();
  return json.take();
}

Result<std::string> get_stats(const NativeContext& context, const Arguments&) {
  RESULTSDB_ASSIGN(const auto suites, context.model->suites());
  std::uint64_t runs = 0, tests = 0, timelines = 0;
  for (const SuiteInfo& suite : suites) {
    runs += suite.runs;
    tests += suite.tests;
    timelines += suite.timelines;
  }
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(context.now() - context.started);
  JsonWriter json;
  json.begin_object().member("version", context.options.version).member("uptime_s", uptime.count());
  RESULTSDB_ASSIGN(const auto info, context.model->storage().info());
  json.key("backend").begin_object().member("kind", info.backend).member("schema", info.schema_version);
  json.member("oldest_reader", info.oldest_reader).end_object();
  RESULTSDB_ASSIGN(const auto sizes, context.model->storage().sizes());
  json.key("bytes").begin_object();
  for (const storage::TableSize& table : sizes) json.member(table.table, table.bytes);
  json.end_object();
  json.key("totals")
      .begin_object()
      .member("suites", suites.size())
      .member("runs", runs)
      .member("tests", tests);
  json.member("timelines", timelines).end_object().key("routes").begin_array();
  constexpr double kMedian = 0.5, kTail = 0.99;
  for (const Metrics::Operation& operation : context.metrics->operations()) {
    json.begin_object().member("operation", operation.name).member("count", operation.requests);
    json.member("p50_us", operation.quantile_us(kMedian))
        .member("p99_us", operation.quantile_us(kTail))
        .end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

void add_state_routes(Router& router, const ContextPtr& context) {
  add_read(router, context, {"/v1/server", "getServer", {}, get_server});
  add_read(router, context, {"/v1/health", "getHealth", {}, get_health});
  add_read(router, context, {"/v1/stats", "getStats", {}, get_stats});
  router.add({"GET", "/healthz", "getLiveness", [context](const Request&, const PathVariables&) {
                const Status storage = context->model->storage().ping();
                Response response;
                response.status = storage ? 200 : 503;
                response.set_header("Content-Type", "text/plain; charset=utf-8");
                response.body = storage ? "ok\n" : "the store does not answer\n";
                return response;
              }});
  router.add({"GET", "/metrics", "getMetrics", [context](const Request&, const PathVariables&) {
                Response response;
                response.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
                response.body = context->metrics->text();
                return response;
              }});
}

}  // namespace resultsdb::http
