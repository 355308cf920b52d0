#include "json_members.hpp"

#include <algorithm>

#include "text.hpp"

namespace resultsdb::http {

std::string MemberPath::text() const {
  if (array.empty()) return std::string(member);
  std::string path = std::string(array) + '[' + std::to_string(index) + ']';
  return member.empty() ? path : path + '.' + std::string(member);
}

Status expect_kind(const JsonCursor& cursor, JsonCursor::Kind wanted, const MemberPath& path) {
  if (cursor.kind() == wanted) return {};
  return invalid_argument(
      "must be " + std::string(describe(wanted)) + ", not " + std::string(describe(cursor.kind())),
      path.text());
}

Result<std::string_view> read_text(JsonCursor& cursor, std::string& scratch, const MemberPath& path,
                                   std::size_t most) {
  RESULTSDB_TRY(expect_kind(cursor, JsonCursor::Kind::String, path));
  const std::string_view text = cursor.string(scratch);
  if (text.size() > most) {
    return invalid_argument("is longer than " + std::to_string(most) + " bytes", path.text());
  }
  if (text.find('\0') != text.npos) return invalid_argument("must not hold U+0000", path.text());
  return text;
}

Result<std::int64_t> read_integer(JsonCursor& cursor, const MemberPath& path, std::int64_t least,
                                  std::int64_t most) {
  RESULTSDB_TRY(expect_kind(cursor, JsonCursor::Kind::Number, path));
  const auto value = parse_number<std::int64_t>(cursor.slice());
  if (!value || *value < least || *value > most) {
    return invalid_argument(
        "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most), path.text());
  }
  return *value;
}

Result<bool> read_flag(JsonCursor& cursor, const MemberPath& path) {
  RESULTSDB_TRY(expect_kind(cursor, JsonCursor::Kind::Bool, path));
  return cursor.slice() == "true";
}

Status read_body(JsonCursor& cursor, std::span<const std::string_view> names, std::string& name,
                 const std::function<Status()>& member) {
  if (cursor.kind() != JsonCursor::Kind::Object) return invalid_argument("the body must be a JSON object");
  std::uint32_t seen = 0;
  cursor.enter();
  while (cursor.next_member(name)) {
    const auto known = std::ranges::find(names, name);
    if (known == names.end()) return invalid_argument("is no member of this object", name);
    const std::uint32_t bit = std::uint32_t{1} << (known - names.begin());
    if ((seen & bit) != 0) return invalid_argument("is given twice", name);
    seen |= bit;
    RESULTSDB_TRY(member());
  }
  return {};
}

Result<Time> read_time(JsonCursor& cursor, const MemberPath& path) {
  constexpr std::size_t kMostTimeBytes = 64;
  std::string scratch;
  std::string_view text;
  if (cursor.kind() == JsonCursor::Kind::Number) {
    text = cursor.slice();
  } else {
    RESULTSDB_ASSIGN(text, read_text(cursor, scratch, path, kMostTimeBytes));
  }
  const auto time = parse_time(text);
  if (!time) return invalid_argument(time.error().message, path.text());
  return *time;
}

}  // namespace resultsdb::http
