// The native API below /v1 and the plain page at /.
#pragma once

#include <memory>
#include <string>

#include "resultsdb/http/router.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::http {

struct NativeOptions {
  std::string title = "resultsdb";
  std::string version;
  Clock clock;                          ///< required
  bool allow_anonymous_writes = false;  ///< from other than loopback
  int recent_days = 14;
};

/// Adds the routes of docs/openapi.json, `/healthz`, `/` and `/v1/openapi.json`.
void mount_native(Router& router, std::shared_ptr<Model> model, const NativeOptions& options);

}  // namespace resultsdb::http
