// A side of runs in one parameter: `run=…`, `branch=…;at=…`, `range=last:20;where=…`.
#pragma once

#include <string>

#include "native_context.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb::http {

/// As the request names it: `key=value;…`, values percent-encoded.
struct Selector {
  std::string text;
  CompareSide side;
};
/// Of the parameter `name`, which errors name. NotFound: there is no such run.
Result<Selector> read_selector(const NativeContext& context, const Arguments& arguments,
                               const std::string& suite, const std::string& name);

}  // namespace resultsdb::http
