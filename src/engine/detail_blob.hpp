// The detail of one result as it is stored: attributes that the dictionary has no room for, then the detail.
#pragma once

#include <string>
#include <string_view>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::engine {

struct Detail {
  std::string attributes, detail;
};

storage::Bytes encode_detail(std::string_view attributes, std::string_view detail);
/// Corrupt if the bytes are damaged.
Result<Detail> decode_detail(std::string_view blob);

}  // namespace resultsdb::engine
