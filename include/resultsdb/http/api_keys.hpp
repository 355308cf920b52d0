// Who may write over HTTP.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/http/message.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::http {

/// Keys that guard all writes below every mount. Safe for concurrent reads.
class ApiKeys {
 public:
  static constexpr std::size_t kShortest = 16;  ///< bytes of a key

  /// A key a line, `NAME KEY [EXPIRES]`, separated by blanks: the name is for people, the key visible ASCII
  /// characters, at least kShortest of them, the time one of parse_time(). Empty lines, and lines that begin
  /// with `#`, do not count. InvalidArgument names the line, and never quotes it; also if there is no key at
  /// all.
  static Result<ApiKeys> parse(std::string_view text);
  /// The keys of a file; NotFound or PermissionDenied if it cannot be read.
  static Result<ApiKeys> read_file(const std::string& path);

  /// The name of the key, if it may write at `now`. The time this takes tells nothing about the keys' bytes.
  std::optional<std::string_view> find(std::string_view key, Time now) const noexcept;

 private:
  struct Entry {
    std::string name, key;
    std::optional<Time> expires;
  };
  std::vector<Entry> entries_;
};

/// May this request write? With keys: if it carries one, as `Authorization: Bearer KEY` or as `key`, which a
/// protocol found in the request. Without (null): from this machine, or if `allow_anonymous`.
/// PermissionDenied says what to do.
Status check_writer(const Request& request, const ApiKeys* keys, bool allow_anonymous, Time now,
                    std::string_view key = {});

}  // namespace resultsdb::http
