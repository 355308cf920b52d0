// Any JSON document in the spelling of the original.
#pragma once

#include <string>
#include <string_view>

#include "resultsdb/result.hpp"

namespace resultsdb::webkit {

/// Keys sorted, compact, ASCII; see json_text.hpp. InvalidArgument if it is no JSON.
Result<std::string> canonical_json(std::string_view text);

}  // namespace resultsdb::webkit
