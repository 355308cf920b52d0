#include "query.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "numbers.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::array<std::string_view, 9> kConfiguration = {
    "platform", "version", "sdk", "version_name", "is_simulator", "architecture", "model", "style", "flavor"};
constexpr std::array<std::string_view, 5> kCommit = {"repository_id", "ref", "id", "uuid", "timestamp"};

template <class Range>
bool contains(const Range& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool in_range_group(std::string_view name) {
  for (const std::string_view prefix : {"after_", "before_"}) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = name.substr(prefix.size());
    if (rest == "branch" || contains(kCommit, rest)) return true;
  }
  return false;
}

bool is_accepted(std::string_view name, const Accepts& accepts, const Profile& profile) {
  if (name == "match" && accepts.configuration && !profile.match_is_unknown) return true;
  return (accepts.configuration && (contains(kConfiguration, name) || name == "recent")) ||
         (accepts.commit && contains(kCommit, name)) || (accepts.range && in_range_group(name)) ||
         (accepts.times && (name == "after_time" || name == "before_time")) ||
         (accepts.branch && name == "branch") || (accepts.limit && name == "limit") ||
         contains(accepts.others, name);
}

/// Replaces the list by all its elements with each of the values set.
Status multiply(std::vector<PlatformConfiguration>& list, const std::vector<std::string>& values,
                const std::function<Status(PlatformConfiguration&, const std::string&)>& set) {
  if (values.empty()) return {};
  std::vector<PlatformConfiguration> product;
  constexpr std::size_t kMost = 1000;  // a query cannot ask for more in earnest
  if (list.size() * values.size() > kMost) return invalid_argument("Too many configurations in one request");
  for (const PlatformConfiguration& configuration : list) {
    for (const std::string& value : values) {
      product.push_back(configuration);
      RESULTSDB_TRY(set(product.back(), value));
    }
  }
  list = std::move(product);
  return {};
}

}  // namespace

Result<Query> Query::parse(const Profile& profile, const http::Request& request, const Accepts& accepts) {
  Query query;
  query.parameters_ = request.parameters();
  for (const auto& [name, value] : query.parameters_) {
    if (contains(accepts.path, name)) {
      return invalid_argument(name + " is not a valid query parameter on this endpoint");
    }
    if (!is_accepted(name, accepts, profile)) {
      return invalid_argument("'" + name + "' not supported in queries by this endpoint");
    }
  }
  return query;
}

std::vector<std::string> Query::values(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : parameters_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::optional<std::string> Query::first(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string> Query::last(std::string_view name) const {
  std::optional<std::string> last;
  for (const auto& [key, value] : parameters_) {
    if (key == name) last = value;
  }
  return last;
}

bool Query::boolean(std::string_view name, bool otherwise) const {
  const auto value = first(name);
  return value ? parse_boolean(*value) : otherwise;
}

Result<std::uint32_t> Query::limit(std::uint32_t otherwise) const {
  const auto text = last("limit");
  if (!text) return otherwise;
  constexpr std::int64_t kMost = 1'000'000;  // more rows than any answer has
  const auto limit = parse_integer(*text);
  if (!limit || *limit <= 0) return invalid_argument("Limit must be a positive integer");
  return static_cast<std::uint32_t>(std::min(*limit, kMost));
}

Result<std::optional<std::int64_t>> Query::time(std::string_view name) const {
  const auto text = last(name);
  if (!text) return std::optional<std::int64_t>();
  const auto seconds = parse_rounded(*text);
  if (!seconds || *seconds <= 0) return invalid_argument("Start time must be a positive integer");
  // Later than any run can be; keeps the conversion to microseconds in range.
  constexpr std::int64_t kLatest = 253'402'300'799;
  return std::optional(std::min(*seconds, kLatest));
}

Result<std::vector<PlatformConfiguration>> Query::configurations() const {
  using Configurations = PlatformConfiguration;
  std::vector<Configurations> list(1);
  const auto text = [](std::optional<std::string> Configurations::* member) {
    return [member](Configurations& configuration, const std::string& value) {
      configuration.*member = value;
      return Status();
    };
  };
  RESULTSDB_TRY(multiply(list, values("platform"), text(&Configurations::platform)));
  RESULTSDB_TRY(multiply(list, values("version"), [](Configurations& c, const std::string& value) -> Status {
    RESULTSDB_ASSIGN(c.version, parse_version(value));
    return {};
  }));
  RESULTSDB_TRY(multiply(list, values("sdk"), [](Configurations& c, const std::string& value) {
    c.set_sdk(value);
    return Status();
  }));
  RESULTSDB_TRY(multiply(list, values("version_name"), text(&Configurations::version_name)));
  RESULTSDB_TRY(multiply(list, values("is_simulator"), [](Configurations& c, const std::string& value) {
    c.is_simulator = parse_boolean(value);
    return Status();
  }));
  RESULTSDB_TRY(multiply(list, values("architecture"), text(&Configurations::architecture)));
  RESULTSDB_TRY(multiply(list, values("model"), text(&Configurations::model)));
  RESULTSDB_TRY(multiply(list, values("style"), text(&Configurations::style)));
  RESULTSDB_TRY(multiply(list, values("flavor"), text(&Configurations::flavor)));
  return list;
}

}  // namespace resultsdb::webkit
