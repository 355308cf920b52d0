// Typed reading of JSON values with errors that name the member.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
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
Result<bool> read_flag(JsonCursor& cursor, const MemberPath& path);
/// Calls `member` for each member of the object that a body is, with the cursor at its value and its name in
/// `name`: one of `names` (at most 32), each at most once.
Status read_body(JsonCursor& cursor, std::span<const std::string_view> names, std::string& name,
                 const std::function<Status()>& member);
/// RFC 3339 text, or a number of seconds.
Result<Time> read_time(JsonCursor& cursor, const MemberPath& path);

}  // namespace resultsdb::http
