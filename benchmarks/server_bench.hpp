#pragma once

#include <cstdint>
#include <string>

#include "corpus.hpp"
#include "report.hpp"

namespace resultsdb::bench {

struct ServerSettings {
  Scale scale;
  std::uint64_t seed = 1;
  int queries = 300;
  std::string folder;  ///< for SQLite
};

/// PostgreSQL beside P0 on the same server and SQLite on the same runs; readers while a writer works, on
/// both.
void measure_postgres(const std::string& url, const ServerSettings& settings, Report& report);
/// Redis beside a hash per test and configuration on the same server. What both write stays there.
void measure_redis(const std::string& url, const ServerSettings& settings, Report& report);

}  // namespace resultsdb::bench
