// Sends a request by the `curl` program: it brings TLS, proxies and the system's certificates with it.
#pragma once

#include <string>

#include "resultsdb/result.hpp"

namespace resultsdb::cli {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// POSTs a JSON document once. Unavailable if no answer came (refused, timed out, cut off); InvalidArgument
/// if curl refuses to send at all. The document is never seen in a list of processes.
Result<HttpAnswer> post_json(const std::string& url, const std::string& document);

}  // namespace resultsdb::cli
