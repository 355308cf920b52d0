// The native API below /v1 and the plain page at /.
#pragma once

#include <memory>
#include <string>

#include "resultsdb/http/api_keys.hpp"
#include "resultsdb/http/metrics.hpp"
#include "resultsdb/http/router.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::http {

struct NativeOptions {
  std::string title = "resultsdb";
  std::string version;
  Clock clock;                              ///< required
  std::shared_ptr<const ApiKeys> api_keys;  ///< null: none is asked for
  bool allow_anonymous_writes = false;      ///< from other than loopback, if there are no keys
  int recent_days = 14;
  std::shared_ptr<Metrics> metrics;  ///< what /metrics shows; null: counts ingested runs only
};

/// Adds the routes of docs/openapi.json: `/v1/…`, `/healthz`, `/metrics`, and the page at `/`. Writes need
/// one of the keys; without keys, writes from other than loopback are refused unless allowed. So are writes
/// that a page of another site asks a browser for.
void mount_native(Router& router, std::shared_ptr<Model> model, const NativeOptions& options);

}  // namespace resultsdb::http
