// The query parameters that endpoints share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "configuration.hpp"
#include "resultsdb/http/message.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::webkit {

/// Which parameters an endpoint takes.
struct Accepts {
  bool configuration = false;  ///< platform, version, …, `recent` and, if the profile knows it, `match`
  bool commit = false;         ///< repository_id, ref, id, uuid, timestamp
  bool range = false;          ///< the same behind `after_` and `before_`
  bool times = false;          ///< after_time, before_time
  bool branch = false;
  bool limit = false;
  std::vector<std::string_view> others;
  std::vector<std::string_view> path;  ///< variables of the path: refused with their own text

  /// What endpoints about runs take: all of the above.
  static Accepts runs(std::vector<std::string_view> others, std::vector<std::string_view> path) {
    return {.configuration = true,
            .commit = true,
            .range = true,
            .times = true,
            .branch = true,
            .limit = true,
            .others = std::move(others),
            .path = std::move(path)};
  }
};

class Query {
 public:
  /// Refuses parameters that are not accepted.
  static Result<Query> parse(const Profile& profile, const http::Request& request, const Accepts& accepts);

  std::vector<std::string> values(std::string_view name) const;
  std::optional<std::string> first(std::string_view name) const;
  std::optional<std::string> last(std::string_view name) const;
  bool has(std::string_view name) const { return first(name).has_value(); }

  /// The first value counts.
  bool boolean(std::string_view name, bool otherwise) const;
  /// `limit`: the last value counts.
  Result<std::uint32_t> limit(std::uint32_t otherwise) const;
  /// `after_time` or `before_time`, in seconds.
  Result<std::optional<std::int64_t>> time(std::string_view name) const;
  /// Each combination of the values given; one empty configuration if none is given.
  Result<std::vector<PlatformConfiguration>> configurations() const;

 private:
  http::Parameters parameters_;
};

}  // namespace resultsdb::webkit
