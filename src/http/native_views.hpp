// The shape View.
#pragma once

#include "json_writer.hpp"
#include "resultsdb/views.hpp"

namespace resultsdb::http {

void write_view(JsonWriter& json, const View& view);

}  // namespace resultsdb::http
