#include "resultsdb/configuration.hpp"

#include <algorithm>

#include "domain/check.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb {
namespace {

using domain::Presence;

constexpr std::string_view kEscaped = "\\,=";

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (kEscaped.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
}

/// Takes the text up to the first unescaped character of `stops` (or the end) from the front of `rest`.
Result<std::string> take_unescaped(std::string_view& rest, std::string_view stops) {
  std::string out;
  while (!rest.empty() && stops.find(rest.front()) == std::string_view::npos) {
    if (rest.front() == '\\') {
      rest.remove_prefix(1);
      if (rest.empty() || kEscaped.find(rest.front()) == std::string_view::npos) {
        return invalid_argument("a backslash must be followed by a backslash, a comma or '='",
                                "configuration");
      }
    }
    out += rest.front();
    rest.remove_prefix(1);
  }
  return out;
}

}  // namespace

Result<Configuration> Configuration::parse(std::string_view text) {
  Facets facets;
  while (!text.empty()) {
    RESULTSDB_ASSIGN(std::string name, take_unescaped(text, ",="));
    if (text.empty() || text.front() != '=') {
      return invalid_argument("\"" + name + "\" has no value; write it as name=value", "configuration");
    }
    if (name.empty()) return invalid_argument("a facet without a name", "configuration");
    text.remove_prefix(1);
    RESULTSDB_ASSIGN(std::string value, take_unescaped(text, ","));
    if (!text.empty()) {
      text.remove_prefix(1);
      if (text.empty()) return invalid_argument("ends with a comma", "configuration");
    }
    const auto [entry, added] = facets.try_emplace(std::move(name), std::move(value));
    if (!added) return invalid_argument("facet \"" + entry->first + "\" is given twice", "configuration");
  }
  return Configuration(std::move(facets));
}

std::optional<std::string_view> Configuration::get(std::string_view facet) const {
  const auto found = facets_.find(facet);
  if (found == facets_.end()) return std::nullopt;
  return found->second;
}

std::string Configuration::key() const {
  std::string out;
  for (const auto& [name, value] : facets_) {
    if (!out.empty()) out += ',';
    append_escaped(out, name);
    out += '=';
    append_escaped(out, value);
  }
  return out;
}

std::string Configuration::label() const {
  std::string out;
  for (const auto& [name, value] : facets_) {
    if (value.empty()) continue;
    if (!out.empty()) out += ' ';
    out += value;
  }
  return out;
}

std::string Configuration::json() const {
  std::string out = "{";
  for (const auto& [name, value] : facets_) {
    if (out.size() > 1) out += ',';
    json::append_string(out, name);
    out += ':';
    json::append_string(out, value);
  }
  return out += '}';
}

Status Configuration::validate() const {
  if (facets_.size() > limits::kFacets) {
    return invalid_argument("has " + std::to_string(facets_.size()) + " facets; at most " +
                                std::to_string(limits::kFacets) + " are allowed",
                            "configuration");
  }
  for (const auto& [name, value] : facets_) {
    RESULTSDB_TRY(
        domain::check_text("configuration: name of a facet", name, limits::kFacetBytes, Presence::Required));
    RESULTSDB_TRY(domain::check_text("configuration." + name, value, limits::kFacetBytes));
  }
  return {};
}

bool Configuration::contains(const Configuration& partial) const {
  return std::all_of(partial.facets_.begin(), partial.facets_.end(),
                     [&](const auto& facet) { return get(facet.first) == facet.second; });
}

bool FacetFilter::matches(const Configuration& configuration) const {
  const std::string_view value = configuration.get(facet).value_or(std::string_view{});
  return (std::find(values.begin(), values.end(), value) != values.end()) != negated;
}

Result<std::vector<FacetFilter>> parse_facet_filters(std::span<const std::string> texts) {
  std::vector<FacetFilter> filters;
  for (const std::string& text : texts) {
    std::string_view rest = text;
    const bool negated = rest.starts_with('!');
    if (negated) rest.remove_prefix(1);
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return invalid_argument("\"" + text + "\" is no filter; write it as facet:value or !facet:value",
                              "facet");
    }
    const std::string_view name = rest.substr(0, colon);
    RESULTSDB_TRY(domain::check_text("facet", text, 2 * limits::kFacetBytes + 2));
    auto filter = std::find_if(filters.begin(), filters.end(),
                               [&](const FacetFilter& f) { return f.facet == name && f.negated == negated; });
    if (filter == filters.end()) filter = filters.insert(filter, {std::string(name), {}, negated});
    filter->values.emplace_back(rest.substr(colon + 1));
  }
  return filters;
}

}  // namespace resultsdb
