// A configuration says on what a run was made: a map of facets (`platform=gtk`, `style=release`).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/result.hpp"

namespace resultsdb {

class Configuration {
 public:
  using Facets = std::map<std::string, std::string, std::less<>>;

  Configuration() = default;
  /// Facets are taken as they are; validate() says whether they may be stored.
  Configuration(Facets facets) : facets_(std::move(facets)) {}  // NOLINT(google-explicit-constructor)

  /// The canonical form `k=v,k2=v2`: facets sorted by name in byte order; `\`, `,` and `=` are written with a
  /// leading `\`. The empty configuration is the empty text. Facets may come in any order; a repeated facet
  /// or a missing `=` is InvalidArgument.
  static Result<Configuration> parse(std::string_view text);

  const Facets& facets() const noexcept { return facets_; }
  bool empty() const noexcept { return facets_.empty(); }
  std::optional<std::string_view> get(std::string_view facet) const;
  void set(std::string facet, std::string value) {
    facets_.insert_or_assign(std::move(facet), std::move(value));
  }

  /// The canonical form: equal configurations have equal keys.
  std::string key() const;
  /// Values joined by blanks, in the order of their names: for people.
  std::string label() const;
  /// `{"platform":"gtk",…}`, sorted by name.
  std::string json() const;

  /// Names not empty, both valid UTF-8 without U+0000, within limits.
  Status validate() const;
  /// True if every facet of `partial` is here with the same value.
  bool contains(const Configuration& partial) const;

  auto operator<=>(const Configuration&) const = default;

 private:
  Facets facets_;
};

/// One restriction on configurations: the facet has one of `values` (an empty text among them: the facet is
/// absent); negated: it has none of them.
struct FacetFilter {
  std::string facet;
  std::vector<std::string> values;
  bool negated = false;

  bool matches(const Configuration& configuration) const;
  bool operator==(const FacetFilter&) const = default;
};

/// Parses `facet:value`, `!facet:value`, `facet:` (absent) at the first colon. Several texts of one facet and
/// one sign are joined: same facet OR, different facets AND.
Result<std::vector<FacetFilter>> parse_facet_filters(std::span<const std::string> texts);

}  // namespace resultsdb
