// Typed reading of JSON values with errors that name the member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json_cursor.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::http {

/// Where a value stands: `results[3]` and `actual`. Made into text only for errors.
struct MemberPath {
  std::string_view array;  ///< empty: a member of the body itself
  std::size_t index = 0;
  std::string_view member;

  std::string text() const;
};

Status expect_kind(const JsonCursor& cursor, JsonCursor::Kind wanted, const MemberPath& path);
/// UTF-8 without U+0000 of at most `most` bytes; see JsonCursor::string() for the view's life.
Result<std::string_view> read_text(JsonCursor& cursor, std::string& scratch, const MemberPath& path,
                                   std::size_t most);
Result<std::int64_t> read_integer(JsonCursor& cursor, const MemberPath& path, std::int64_t least,
                                  std::int64_t most);
/// RFC 3339 text, or a number of seconds.
Result<Time> read_time(JsonCursor& cursor, const MemberPath& path);

}  // namespace resultsdb::http
