// What a run was made on, in the words of the protocol. Without `sdk` it is a configuration of the core;
// `sdk` is what tells two runs of one configuration apart.
#pragma once

#include <boost/json/fwd.hpp>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "profile.hpp"
#include "resultsdb/configuration.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::webkit {

/// `a.b.c` is a * 1,000,000 + b * 1,000 + c; one to three parts, each an integer as Python reads it.
Result<std::int64_t> parse_version(std::string_view text);
/// Always three parts, the first modulo 1,000.
std::string version_text(std::int64_t version);

struct PlatformConfiguration {
  std::optional<std::string> platform;
  std::optional<bool> is_simulator;
  std::optional<std::int64_t> version;
  std::optional<std::string> architecture;
  std::optional<std::string> version_name, model, style, flavor;
  std::optional<std::string> sdk;  ///< never empty or `?`

  /// From the `configuration` of an upload: an object, or its JSON as a text.
  static Result<PlatformConfiguration> from_json(const boost::json::value& value, const Profile& profile);
  static PlatformConfiguration from_facets(const Configuration& configuration, std::string_view sdk);

  void set_sdk(std::string_view text);
  /// The four members are set that every upload needs.
  bool complete() const noexcept { return platform && is_simulator && version && architecture; }
  /// Without sdk.
  Configuration facets() const;
  /// A suite is a member too where one is given.
  std::string json(bool with_sdk, std::string_view suite = {}) const;
  /// For people: `ios 12.0.0 (16A404) Simulator Debug using x86_64`.
  std::string text() const;
  /// `platform=mac&is_simulator=False&…`, not escaped.
  std::string query() const;

  /// Every member of `query` that is set is set here to the same value. sdk takes no part.
  bool has_members_of(const PlatformConfiguration& query) const;
  /// Members that are unset on either side fit anything. sdk takes no part; not transitive.
  bool fits(const PlatformConfiguration& other) const;
  /// What one row of an answer stands for: without version_name when there is a version.
  PlatformConfiguration group() const;

  /// By version, platform, version_name, is_simulator, model, architecture, style, flavor, sdk; unset first.
  std::strong_ordering operator<=>(const PlatformConfiguration& other) const;
  bool operator==(const PlatformConfiguration&) const = default;
};

}  // namespace resultsdb::webkit
