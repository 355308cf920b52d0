// What goes to Redis and what comes back, without the client library's types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/result.hpp"

namespace resultsdb::backends::redis {

/// Name and arguments; any bytes.
using Command = std::vector<std::string>;

struct Reply {
  enum class Kind : std::uint8_t { Nil, Integer, Text, Error, Array };
  Kind kind = Kind::Nil;
  std::int64_t integer = 0;
  std::string text;  ///< of Text and Error
  std::vector<Reply> items;

  bool is_nil() const { return kind == Kind::Nil; }
  bool is_error() const { return kind == Kind::Error; }
};

/// An error of this backend.
Error redis_error(ErrorCode code, std::string message, std::string context = {}, int native_code = 0);

/// What an error reply means to the caller of a storage operation, and what to do about it.
Error to_error(const Reply& reply);

}  // namespace resultsdb::backends::redis
