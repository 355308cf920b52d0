// What an empty list would hold without one of the facets that were asked for.
#pragma once

#include <string>

#include "native_context.hpp"

namespace resultsdb::http {

/// The answer; a list (members `items` and `next`) whose first page is empty has one member more,
/// `facets_without`: for each `where` how many items there are without it.
std::string with_facets_without(const NativeContext& context, const Arguments& arguments,
                                const ReadFunction& function, std::string answer);

}  // namespace resultsdb::http
