// What CI systems say about a run in environment variables.
#pragma once

#include <functional>
#include <string>

#include "resultsdb/run.hpp"

namespace resultsdb::cli {

struct CiEnvironment {
  std::string system;  ///< "github-actions", …; empty: none was recognised
  std::string commit;  ///< hash under test
  std::string branch;  ///< `change/N` for the result of a merge with another branch
  std::string url;     ///< of the job, without user and password
  int attempt = 1;
  Attributes attributes;  ///< change, base, pipeline, job, shard, …
};

using Environment = std::function<std::string(const char* name)>;  ///< empty: not set

/// The first system that `get` shows signs of.
CiEnvironment read_ci_environment(const Environment& get);

}  // namespace resultsdb::cli
